#include "value/policy_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hopf::runtime {

namespace {

constexpr double kApart = 0.08;      // in the unit cube: samples that may lie in different valleys
constexpr int kRounds = 30;          // of a descent
constexpr double kFirstStep = 0.03;  // of a descent, relative to the control's reach
constexpr double kLastStep = 1e-9;   // at which it ends
constexpr double kLastTurn = 1e-4;   // the same for the turning directions
constexpr double kShrink = 0.25;     // of a step that found nothing lower
constexpr double kTurnShrink = 0.6;  // the same for the turning directions
constexpr int kReset = 8;            // rounds after which the axes are taken again
constexpr double kGoldenAngle = 2.399963229728653;
constexpr double kInfinite = std::numeric_limits<double>::infinity();

double distance(const ControlSample& a, const ControlSample& b) {
  double largest = 0;
  for (std::size_t k = 0; k < a.place.size(); ++k)
    largest = std::max(largest, std::abs(a.place[k] - b.place[k]));
  return largest;
}

/// The vertex of the parabola through (-left, below), (0, here), (right, above), held within twice
/// the interval. A side of no length is the edge of the set.
double vertex(double left, double below, double here, double right, double above) {
  if (left <= 0 && right <= 0) return 0;
  if (right <= 0) return below < here ? -2 * left : -0.25 * left;
  if (left <= 0) return above < here ? 2 * right : 0.25 * right;
  const double up = (above - here) / right, down = (here - below) / left, bend = up - down;
  const double tilt = (up * left + down * right) / (left + right);  // the slope at 0
  if (!std::isfinite(bend) || !std::isfinite(tilt) || bend <= 0)
    return above < below ? 2 * right : -2 * left;
  return std::clamp(-0.5 * tilt * (left + right) / bend, -2 * left, 2 * right);
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
          Best& best)
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
    // One step length for each direction, one for the turning directions and one for the rounds'
    // moves.
    steps_.assign(size_ + 2, std::vector<double>(nodes_, kFirstStep));
    for (auto* lane : {&left_, &right_, &below_, &above_, &moved_, &trial_}) lane->resize(nodes_);
  }

  void run() {
    for (int round = 0; round < kRounds; ++round) {
      if (round % kReset == 0) along_axes();
      const Best before = best_;
      std::vector<std::vector<double>> gains;
      for (std::size_t d = 0; d < size_; ++d) {
        const std::vector<double> high = best_.score;
        search_line(directions_[d], steps_[d], kShrink);
        gains.push_back(high);
        for (std::size_t i = 0; i < nodes_; ++i) gains[d][i] -= best_.score[i];
      }
      if (size_ > 1) {
        search_line(turned(round), steps_[size_], kTurnShrink);
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

  /// Directions that fill the sphere in the course of the rounds: a descent that leans on a kink
  /// goes on along it.
  Direction turned(int turn) const {
    Direction result = scale_;
    for (std::size_t k = 0; k < size_; ++k) {
      const double angle = kGoldenAngle * (turn + 1) * static_cast<double>(k + 1);
      for (double& x : result[k]) x *= std::cos(angle);
    }
    return result;
  }

  /// Once more the whole move of the round, which then replaces the direction that gained most
  /// (Powell 1964): on a quadratic the directions become conjugate.
  void follow(const Best& before, const std::vector<std::vector<double>>& gains) {
    Direction whole(size_, std::vector<double>(nodes_, 0.0));
    std::vector<double>& step = steps_[size_ + 1];
    for (std::size_t i = 0; i < nodes_; ++i) {
      double size = 0;
      for (std::size_t k = 0; k < size_; ++k) {
        whole[k][i] = best_.u[controls_[k]][i] - before.u[controls_[k]][i];
        size = std::max(size, std::abs(whole[k][i]) / scale_[k][i]);
      }
      step[i] = size;
      for (std::size_t k = 0; k < size_ && size > 0; ++k) whole[k][i] /= size;
    }
    search_line(whole, step, kShrink);
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
  void search_line(const Direction& direction, std::vector<double>& step, double shrink) {
    lowest_ = best_;
    place(direction, step, 1);
    measure(direction, right_);
    score_(above_);
    keep_lower(above_);
    place(direction, step, -1);
    measure(direction, left_);
    score_(below_);
    keep_lower(below_);
    for (std::size_t i = 0; i < nodes_; ++i)
      trial_[i] = vertex(-left_[i], below_[i], best_.score[i], right_[i], above_[i]);
    place(direction, trial_, 1);
    score_(moved_);
    keep_lower(moved_);
    for (std::size_t i = 0; i < nodes_; ++i) {
      const double length = std::abs(trial_[i]);
      if (lowest_.score[i] == best_.score[i])
        step[i] *= shrink;
      else if (lowest_.score[i] == moved_[i] && length < step[i])
        step[i] = std::clamp(2 * length, step[i] / 8, step[i]);
      else
        step[i] *= 2;
    }
    std::swap(best_.u, lowest_.u);
    std::swap(best_.score, lowest_.score);
  }

  bool finished() const {
    for (std::size_t d = 0; d < size_ + (size_ > 1 ? 1 : 0); ++d) {
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
  std::vector<std::vector<double>> steps_;
  std::vector<double> left_, right_, below_, above_, moved_, trial_;
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
      Descent(moved_, u, score, here).run();
      if (!sampled_.empty()) Descent(moved_, u, score, other).run();
    }
    best.take_lower(here);
    best.take_lower(other);
  }
  best.show(u);
}

}  // namespace hopf::runtime
