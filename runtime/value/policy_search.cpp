#include "value/policy_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hopf::runtime {

namespace {

constexpr double kApart = 0.08;      // in the unit cube: samples that may lie in different valleys
constexpr int kRounds = 30;          // of a descent
constexpr double kFirstStep = 0.03;  // of a descent from a sample, relative to the control's reach
constexpr double kNearStep = 2e-3;   // of one from controls that were a minimum just before
constexpr double kLastStep = 1e-9;   // at which it ends
constexpr double kLastTurn = 1e-4;   // the same along kinks
constexpr double kNoGain = 1e-15;    // relative to the score
constexpr int kReset = 8;            // rounds after which the axes are taken again
constexpr double kInfinite = std::numeric_limits<double>::infinity();

/// What becomes of a step that found nothing lower, and of one that has nothing left to find.
struct Shrink {
  double failed, settled;
};
constexpr Shrink kAlong{0.25, 1e-3};
constexpr Shrink kTurning{0.5, 0.25};  // directions that change keep their step longer

double distance(const ControlSample& a, const ControlSample& b) {
  double largest = 0;
  for (std::size_t k = 0; k < a.place.size(); ++k)
    largest = std::max(largest, std::abs(a.place[k] - b.place[k]));
  return largest;
}

/// Where a parabola through three values has its vertex, and how far below the middle one it lies.
struct Vertex {
  double at = 0, gain = kInfinite;  // an infinite gain: not known
};

/// The vertex of the parabola through (-left, below), (0, here), (right, above), held within twice
/// the interval. A side of no length is the edge of the set.
Vertex vertex(double left, double below, double here, double right, double above) {
  if (left <= 0 && right <= 0) return {0, 0};
  if (right <= 0) return {below < here ? -2 * left : -0.25 * left};
  if (left <= 0) return {above < here ? 2 * right : 0.25 * right};
  const double up = (above - here) / right, down = (here - below) / left, bend = up - down;
  const double tilt = (up * left + down * right) / (left + right);  // the slope at 0
  if (!std::isfinite(bend) || !std::isfinite(tilt) || bend <= 0)
    return {above < below ? 2 * right : -2 * left};
  const double at = std::clamp(-0.5 * tilt * (left + right) / bend, -2 * left, 2 * right);
  return {at, 0.5 * std::abs(tilt * at)};
}

/// Whether a function rises from the edge of its set: the slope at 0 of the parabola through
/// (0, here), (near, f_near), (far, f_far).
bool rises(double here, double near, double f_near, double far, double f_far) {
  if (!(near > 0 && far > near)) return false;
  const double first = (f_near - here) / near, whole = (f_far - here) / far;
  return first - (whole - first) / (far - near) * near > 0;
}

}  // namespace

/// Controls and their score, by node; `place` is the sample they came from, -1 for none.
struct PolicySearch::Best {
  std::vector<std::vector<double>> u;
  std::vector<double> score;
  std::vector<int> place;

  Best(const Controls& now, std::size_t nodes) : score(nodes, kInfinite), place(nodes, -1) {
    for (const auto& row : now) u.emplace_back(row.begin(), row.end());
  }
  void copy_node(const Best& from, std::size_t node) {
    for (std::size_t c = 0; c < u.size(); ++c) u[c][node] = from.u[c][node];
    score[node] = from.score[node];
    place[node] = from.place[node];
  }
  void take_lower(const Best& from) {
    for (std::size_t i = 0; i < score.size(); ++i) {
      if (from.score[i] < score[i]) copy_node(from, i);
    }
  }
  void show(const Controls& now) const {
    for (std::size_t c = 0; c < u.size(); ++c) std::copy(u[c].begin(), u[c].end(), now[c].begin());
  }
};

/// One descent of all nodes, each from its own start and along its own directions.
class PolicySearch::Descent {
 public:
  Descent(const std::vector<const ControlSet*>& sets, const Controls& u, const Score& score,
          Best& best, double first_step)
      : sets_(sets), u_(u), score_(score), best_(best), nodes_(best.score.size()) {
    for (const ControlSet* set : sets) {
      for (std::size_t k = 0; k < set->controls.size(); ++k) {
        controls_.push_back(set->controls[k]);
        auto& scale = scale_.emplace_back(nodes_);
        for (std::size_t i = 0; i < nodes_; ++i)
          scale[i] = reach(*set, k, best.u[set->controls[k]][i]);
      }
    }
    size_ = controls_.size();
    bends_.resize(size_);
    // One step length for each direction, two for those along kinks, one for the rounds' moves.
    steps_.assign(size_ + 3, std::vector<double>(nodes_, first_step));
    for (auto* lane : {&left_, &right_, &below_, &above_, &moved_, &trial_, &gain_, &bend_})
      lane->resize(nodes_);
  }

  void run() {
    for (int round = 0; round < kRounds; ++round) {
      if (round % kReset == 0) along_axes();
      const Best before = best_;
      std::vector<std::vector<double>> gains;
      for (std::size_t d = 0; d < size_; ++d) {
        const std::vector<double> high = best_.score;
        search_line(directions_[d], steps_[d], kAlong);
        gains.push_back(high);
        for (std::size_t i = 0; i < nodes_; ++i) gains[d][i] -= best_.score[i];
        bends_[d] = bend_;
      }
      if (size_ > 1) {
        search_line(along_kink(round, 1), steps_[size_], kTurning);
        search_line(along_kink(round, -1), steps_[size_ + 1], kTurning);
        follow(before, gains);
      }
      if (finished()) return;
    }
  }

 private:
  using Direction = std::vector<std::vector<double>>;  // [control][node]

  void along_axes() {
    directions_.assign(size_, Direction(size_, std::vector<double>(nodes_, 0.0)));
    for (std::size_t d = 0; d < size_; ++d) directions_[d][d] = scale_[d];
  }

  /// Across a kink in the direction n the slope along d jumps by |n.d|, so with the jumps a and b
  /// along two directions one of b d1 + a d2 and b d1 - a d2 runs along the kink.
  Direction along_kink(int round, double sign) const {
    std::size_t first = 0, second = 1;
    for (int k = round % static_cast<int>(size_ * (size_ - 1) / 2); k > 0; --k) {
      if (++second == size_) second = ++first + 1;
    }
    Direction result(size_, std::vector<double>(nodes_, 0.0));
    for (std::size_t i = 0; i < nodes_; ++i) {
      const double a = bends_[first][i], b = bends_[second][i], most = std::max(a, b);
      for (std::size_t k = 0; k < size_ && most > 0; ++k)
        result[k][i] = (b * directions_[first][k][i] + sign * a * directions_[second][k][i]) / most;
    }
    return result;
  }

  /// Once more the whole move of the round, which then replaces the direction that gained most
  /// (Powell 1964): on a quadratic the directions become conjugate.
  void follow(const Best& before, const std::vector<std::vector<double>>& gains) {
    Direction whole(size_, std::vector<double>(nodes_, 0.0));
    std::vector<double>& step = steps_[size_ + 2];
    for (std::size_t i = 0; i < nodes_; ++i) {
      double size = 0;
      for (std::size_t k = 0; k < size_; ++k) {
        whole[k][i] = best_.u[controls_[k]][i] - before.u[controls_[k]][i];
        size = std::max(size, std::abs(whole[k][i]) / scale_[k][i]);
      }
      step[i] = size;
      for (std::size_t k = 0; k < size_ && size > 0; ++k) whole[k][i] /= size;
    }
    search_line(whole, step, kAlong);
    for (std::size_t i = 0; i < nodes_; ++i) {
      std::size_t most = 0;
      bool moves = false;
      for (std::size_t d = 0; d < size_; ++d) {
        if (gains[d][i] > gains[most][i]) most = d;
        moves = moves || whole[d][i] != 0;
      }
      if (!moves) continue;
      for (std::size_t k = 0; k < size_; ++k) directions_[most][k][i] = whole[k][i];
      steps_[most][i] = step[i];
    }
  }

  /// The controls at base + length*direction, put back into their sets.
  void place(const Direction& direction, const std::vector<double>& length, double sign) {
    for (std::size_t k = 0; k < size_; ++k) {
      const int c = controls_[k];
      for (std::size_t i = 0; i < nodes_; ++i)
        u_[c][i] = best_.u[c][i] + sign * length[i] * direction[k][i];
    }
    std::vector<double> point;
    for (const ControlSet* set : sets_) {
      point.resize(set->controls.size());
      for (std::size_t i = 0; i < nodes_; ++i) {
        for (std::size_t k = 0; k < point.size(); ++k) point[k] = u_[set->controls[k]][i];
        project(*set, point.data());
        for (std::size_t k = 0; k < point.size(); ++k) u_[set->controls[k]][i] = point[k];
      }
    }
  }

  /// How far the controls in place have come along the direction.
  void measure(const Direction& direction, std::vector<double>& out) const {
    for (std::size_t i = 0; i < nodes_; ++i) {
      double along = 0, square = 0;
      for (std::size_t k = 0; k < size_; ++k) {
        const double scale = scale_[k][i], d = direction[k][i] / scale;
        along += d * (u_[controls_[k]][i] - best_.u[controls_[k]][i]) / scale;
        square += d * d;
      }
      out[i] = square > 0 ? along / square : 0;
    }
  }

  void keep_lower(const std::vector<double>& scores) {
    for (std::size_t i = 0; i < nodes_; ++i) {
      if (!(scores[i] < lowest_.score[i])) continue;
      for (const int c : controls_) lowest_.u[c][i] = u_[c][i];
      lowest_.score[i] = scores[i];
    }
  }

  // Both sides at the step's length, then the vertex of the parabola; the step follows the move and
  // shrinks by the factor given where there is none.
  void search_line(const Direction& direction, std::vector<double>& step, Shrink shrink) {
    lowest_ = best_;
    place(direction, step, 1);
    measure(direction, right_);
    score_(above_);
    keep_lower(above_);
    place(direction, step, -1);
    measure(direction, left_);
    score_(below_);
    keep_lower(below_);
    for (std::size_t i = 0; i < nodes_; ++i) {
      const Vertex v = vertex(-left_[i], below_[i], best_.score[i], right_[i], above_[i]);
      trial_[i] = v.at;
      gain_[i] = v.gain;
      const double bend =
          (above_[i] - best_.score[i]) / right_[i] - (below_[i] - best_.score[i]) / left_[i];
      bend_[i] = std::isfinite(bend) ? std::max(bend, 0.0) : 0.0;
    }
    place(direction, trial_, 1);
    score_(moved_);
    keep_lower(moved_);
    for (std::size_t i = 0; i < nodes_; ++i) step[i] *= step_factor(i, step[i], shrink);
    std::swap(best_.u, lowest_.u);
    std::swap(best_.score, lowest_.score);
  }

  double step_factor(std::size_t i, double step, Shrink shrink) const {
    const double here = best_.score[i], length = std::abs(trial_[i]);
    // The parabola says that no digit is left to gain.
    if (gain_[i] <= kNoGain * std::abs(here)) return shrink.settled;
    if (lowest_.score[i] == here) {
      if (-left_[i] <= 0 && rises(here, length, moved_[i], right_[i], above_[i]))
        return shrink.settled;
      if (right_[i] <= 0 && rises(here, length, moved_[i], -left_[i], below_[i]))
        return shrink.settled;
      return shrink.failed;
    }
    if (lowest_.score[i] == moved_[i] && length < step)
      return std::clamp(2 * length / step, 0.125, 1.0);
    return 2;
  }

  bool finished() const {
    const std::size_t lines = size_ > 1 ? size_ + 2 : 1;
    for (std::size_t d = 0; d < lines; ++d) {
      const double last = d < size_ ? kLastStep : kLastTurn;
      if (std::any_of(steps_[d].begin(), steps_[d].end(), [&](double h) { return h > last; }))
        return false;
    }
    return true;
  }

  const std::vector<const ControlSet*>& sets_;
  const Controls& u_;
  const Score& score_;
  Best& best_;
  Best lowest_{{}, 0};
  std::size_t nodes_;
  std::vector<int> controls_;
  std::size_t size_ = 0;
  Direction scale_;
  std::vector<Direction> directions_;
  std::vector<std::vector<double>> steps_, bends_;
  std::vector<double> left_, right_, below_, above_, moved_, trial_, gain_, bend_;
};

PolicySearch::PolicySearch(std::vector<ControlSet> sets) : sets_(std::move(sets)) {
  for (const ControlSet& set : sets_) {
    if (set.kind == ControlSet::Kind::Finite) continue;
    moved_.push_back(&set);
    if (set.sampled) sampled_.push_back(&set);
  }
  if (!sampled_.empty()) samples_ = control_samples(sampled_);
  combine();
}

void PolicySearch::combine() {
  combinations_.assign(1, {});
  for (const ControlSet& set : sets_) {
    if (set.kind != ControlSet::Kind::Finite) continue;
    std::vector<std::vector<std::pair<int, double>>> longer;
    for (const auto& row : combinations_) {
      for (const auto& value : set.values) {
        longer.push_back(row);
        for (std::size_t k = 0; k < value.size(); ++k)
          longer.back().emplace_back(set.controls[k], value[k]);
      }
    }
    combinations_ = std::move(longer);
  }
}

// The lowest sample in `best` where it is lower than what stands there, and the lowest of those
// that lie apart from it in `other`.
void PolicySearch::sample(const Controls& u, const Score& score, Best& best, Best& other) const {
  const std::size_t nodes = best.score.size();
  std::vector<double> scores(nodes);
  Best now = best;
  for (std::size_t s = 0; s < samples_.size(); ++s) {
    const double* next = samples_[s].u.data();
    for (const ControlSet* set : sampled_) {
      for (const int c : set->controls) {
        std::fill(now.u[c].begin(), now.u[c].end(), *next);
        std::fill(u[c].begin(), u[c].end(), *next++);
      }
    }
    score(now.score);
    std::fill(now.place.begin(), now.place.end(), static_cast<int>(s));
    for (std::size_t i = 0; i < nodes; ++i) {
      const auto apart = [&](int place) {
        return place < 0 ||
               distance(samples_[s], samples_[static_cast<std::size_t>(place)]) > kApart;
      };
      if (now.score[i] < best.score[i]) {
        if (apart(best.place[i])) other.copy_node(best, i);
        best.copy_node(now, i);
      } else if (now.score[i] < other.score[i] && apart(best.place[i])) {
        other.copy_node(now, i);
      }
    }
  }
}

void PolicySearch::minimise(const Controls& u, const Score& score) const {
  if (u.empty()) return;
  const std::size_t nodes = u[0].size();
  Best best(u, nodes);
  score(best.score);
  const Best start = best;
  for (const auto& combination : combinations_) {
    Best here = start;
    for (const auto& [c, value] : combination) {
      std::fill(here.u[c].begin(), here.u[c].end(), value);
      std::fill(u[c].begin(), u[c].end(), value);
    }
    here.show(u);
    if (!combination.empty()) score(here.score);
    Best other = here;
    std::fill(other.score.begin(), other.score.end(), kInfinite);
    sample(u, score, here, other);
    if (!moved_.empty()) {
      Descent(moved_, u, score, here, kFirstStep).run();
      if (!sampled_.empty()) Descent(moved_, u, score, other, kFirstStep).run();
    }
    best.take_lower(here);
    best.take_lower(other);
  }
  best.show(u);
}

void PolicySearch::improve(const Controls& u, const Score& score) const {
  if (u.empty() || moved_.empty()) return;
  Best best(u, u[0].size());
  score(best.score);
  Descent(moved_, u, score, best, kNearStep).run();
  best.show(u);
}

}  // namespace hopf::runtime
