#include "path/ordinary.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace hopf::runtime {
namespace {

constexpr std::size_t kStages = 7;
constexpr std::array<double, kStages> kNodes{0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1};
constexpr double kWeights[kStages][kStages] = {
    {},
    {1. / 5},
    {3. / 40, 9. / 40},
    {44. / 45, -56. / 15, 32. / 9},
    {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
    {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
    {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84}};
/// Order 5 less order 4.
constexpr std::array<double, kStages> kError{71. / 57600,      0,         -71. / 16695, 71. / 1920,
                                             -17253. / 339200, 22. / 525, -1. / 40};
/// The last coefficient of the continuous extension.
constexpr std::array<double, kStages> kDense{
    -12715105075. / 11282082432,  0,
    87487479700. / 32700410799,   -10690763975. / 1880347072,
    701980252875. / 199316789632, -1453857185. / 822651844,
    69997945. / 29380423};

constexpr std::array<double, 4> kLooks{0.25, 0.5, 0.75, 1};  // of a step, for arrivals
constexpr double kOfLargest = 0.05;  // what has decayed is held to a part of what it was
constexpr double kShortest = 1e-13;  // step, of the time simulated
constexpr int kCrossings = 20;       // of a jump, within 25 forced steps: the path slides on it
constexpr double kWindow = 25;
constexpr double kSeen = 1e-3;  // error of an accepted step that may hide a jump
constexpr int kHalvings = 20;   // of a step in which a jump is looked for
constexpr double kStays = 0.4;  // of a change, in half the step: it halves where all is smooth

/// What is known of one path besides its registers.
struct Progress {
  double t = 0, h = 0, planned = 0, growth = 1, last_error = 1e-4;
  std::size_t next_record = 1;
  double shortest = 0;
  double since = 0;   // the time of the first of `crossings`
  int crossings = 0;  // accepted steps across a jump of the rate
  bool slides = false, running = true;
};

class OrdinaryChunk {
 public:
  OrdinaryChunk(const PathRun& run, Chunk chunk, ChunkResult& out, RunWatch& watch)
      : run_(run),
        ode_(*run.ordinary),
        chunk_(chunk),
        out_(out),
        watch_(watch),
        lanes_(run, chunk),
        count_(lanes_.size()),
        paths_(count_),
        work_(run.initial.size(), std::vector<double>(count_)),
        largest_(run.initial.size(), std::vector<double>(count_, 0.0)),
        levels_(ode_.sets, std::vector<double>(count_, 0.0)) {
    for (auto& stage : rates_) stage.assign(run.initial.size(), std::vector<double>(count_));
    for (auto& lane : work_) pointers_.push_back(lane.data());
    for (Progress& path : paths_) {
      path.h = ode_.longest / 100;
      path.shortest = kShortest * run.grid.until();
    }
  }

  bool run() {
    start();
    for (std::size_t level = 0; level < run_.levels.size(); ++level) {
      const bool last = level + 1 == run_.levels.size();
      const double until = run_.grid.until();  // V may know later times too
      level_ = &run_.levels[level];
      if (!integrate_level(last ? until : std::min(run_.levels[level + 1].from, until)))
        return false;
    }
    finish();
    return true;
  }

 private:
  // ---- kernels

  /// One call for the paths of `active_`, whose registers lie in `work_`.
  void call(const PathKernel& kernel, std::size_t count) {
    hopf_path_call call{};
    call.count = static_cast<std::int64_t>(count);
    call.step_count = 1;
    call.seed = run_.seed;
    call.uniforms = run_.uniforms.front().data();
    call.tables = level_->tables.data();
    call.carried = pointers_.data();
    kernel(call);
  }

  /// The per-step scalars at time t as registers of place a.
  void set_scalars(std::size_t a, double t) {
    row_.resize(run_.per_step);
    if (run_.scalars) run_.scalars(t, t, row_.data());
    for (std::size_t s = 0; s < run_.per_step; ++s) work_[ode_.scalars + s][a] = row_[s];
  }

  std::size_t solved() const { return ode_.scalars; }  // registers before the scalars

  // ---- start and end

  void start() {
    level_ = run_.levels.data();
    active_.resize(count_);
    std::iota(active_.begin(), active_.end(), std::size_t{0});
    for (std::size_t lane = 0; lane < count_; ++lane) load(lane, lane, 0);
    if (ode_.sets > 0) {
      call(ode_.arrival, count_);
      for (std::size_t lane = 0; lane < count_; ++lane) {
        for (std::size_t s = 0; s < ode_.sets; ++s) levels_[s][lane] = work_[ode_.levels + s][lane];
        if (work_[*run_.alive][lane] != 0) continue;
        lanes_[run_.cost][lane] += work_[run_.cost][lane];
        lanes_[*run_.alive][lane] = 0;
        paths_[lane].running = false;
      }
    }
    for (std::size_t lane = 0; lane < count_; ++lane) {
      record(lane, 0, 0.0);
      if (!paths_[lane].running) fill_records(lane);
    }
    first_rates();
    first_sizes();
  }

  /// What begins at 0 is held to a millionth of where its rate leads it in the time simulated.
  void first_sizes() {
    for (std::size_t k = 0; k < solved(); ++k) {
      for (std::size_t lane = 0; lane < count_; ++lane) {
        const double reach = std::abs(rates_[0][k][lane]) * run_.grid.until();
        const double least = reach > 0 && std::isfinite(reach) ? 1e-6 * reach : 1e-6;
        largest_[k][lane] = std::max(std::abs(lanes_[k][lane]), least);
      }
    }
  }

  void first_rates() {
    for (std::size_t lane = 0; lane < count_; ++lane) load(lane, lane, paths_[lane].t);
    call(ode_.rate, count_);
    for (std::size_t k = 0; k < solved(); ++k) rates_[0][k] = work_[k];
  }

  void load(std::size_t place, std::size_t lane, double t) {
    for (std::size_t k = 0; k < solved(); ++k) work_[k][place] = lanes_[k][lane];
    set_scalars(place, t);
  }

  /// The cost at the last time, by the kernel that Euler's steps use, with a step of length 0.
  void finish() {
    if (run_.finish) lanes_.call(run_.finish, run_.grid.steps(), 1);
    for (std::size_t lane = 0; lane < count_; ++lane) {
      const auto bad = lanes_.not_finite(lane);
      if (out_.failed[lane] || !bad) continue;
      out_.failed[lane] = 1;
      if (out_.fault && out_.fault->path <= path_of(lane)) continue;
      fault(lane, *bad, lanes_[*bad][lane]);
      out_.fault->at_end = true;
    }
    out_.last = std::move(lanes_.registers());
  }

  std::int64_t path_of(std::size_t lane) const {
    return chunk_.begin + static_cast<std::int64_t>(lane);
  }

  void fault(std::size_t lane, std::size_t register_index, double value) {
    if (out_.fault && out_.fault->path < path_of(lane)) return;
    out_.fault = PathFault{path_of(lane), paths_[lane].t, false, register_index, value, {}};
    for (std::size_t i = 0; i < run_.states; ++i) out_.fault->before.push_back(lanes_[i][lane]);
  }

  // ---- steps

  /// To the end of a level of the policy, from break to break.
  bool integrate_level(double end) {
    for (; break_ < ode_.breaks.size() && ode_.breaks[break_].after < end; ++break_) {
      if (!integrate_to(ode_.breaks[break_].before)) return false;
      for (Progress& path : paths_)
        if (path.running) path.t = std::max(path.t, ode_.breaks[break_].after);
    }
    return integrate_to(end);
  }

  bool integrate_to(double end) {
    first_rates();
    for (;;) {
      active_.clear();
      for (std::size_t lane = 0; lane < count_; ++lane)
        if (paths_[lane].running && paths_[lane].t < end) active_.push_back(lane);
      if (active_.empty()) return true;
      const double before = total_time();
      attempt(end);
      if (watch_.stop(total_time() - before)) return false;
    }
  }

  double total_time() const {
    double total = 0;
    for (const Progress& path : paths_) total += path.running ? path.t : run_.grid.until();
    return total;
  }

  void attempt(double end) {
    for (const std::size_t lane : active_) {
      Progress& path = paths_[lane];
      const double left = end - path.t;
      path.planned = path.h = std::min(path.h, ode_.longest);
      if (path.h > 0.9 * left) path.h = left;
    }
    for (std::size_t stage = 1; stage < kStages; ++stage) evaluate(stage);
    accepted_.clear();
    for (std::size_t a = 0; a < active_.size(); ++a) judge(a, end);
    look_for_arrivals();
    for (const std::size_t lane : accepted_) complete(lane);
  }

  /// The stage's rates of the active paths; they go back to the paths' own places.
  void evaluate(std::size_t stage) {
    for (std::size_t k = 0; k < solved(); ++k) {
      for (std::size_t a = 0; a < active_.size(); ++a) {
        const std::size_t lane = active_[a];
        double sum = 0;
        for (std::size_t j = 0; j < stage; ++j) sum += kWeights[stage][j] * rates_[j][k][lane];
        work_[k][a] = lanes_[k][lane] + paths_[lane].h * sum;
      }
    }
    if (stage + 1 == kStages) {
      next_.resize(solved());
      for (std::size_t k = 0; k < solved(); ++k) {
        next_[k].resize(count_);
        for (std::size_t a = 0; a < active_.size(); ++a) next_[k][active_[a]] = work_[k][a];
      }
    }
    for (std::size_t a = 0; a < active_.size(); ++a)
      set_scalars(a, paths_[active_[a]].t + kNodes[stage] * paths_[active_[a]].h);
    call(ode_.rate, active_.size());
    for (std::size_t k = 0; k < solved(); ++k)
      for (std::size_t a = 0; a < active_.size(); ++a) rates_[stage][k][active_[a]] = work_[k][a];
  }

  double local_error(std::size_t k, std::size_t lane) const {
    double sum = 0;
    for (std::size_t j = 0; j < kStages; ++j) sum += kError[j] * rates_[j][k][lane];
    return paths_[lane].h * sum;
  }

  /// The error of component k in units of what is allowed; NaN when anything is not finite.
  double scaled_error(std::size_t k, std::size_t lane) const {
    const double size = std::max(
        {kOfLargest * largest_[k][lane], std::abs(lanes_[k][lane]), std::abs(next_[k][lane])});
    const double error = std::abs(local_error(k, lane)) / (ode_.tolerance * size + 1e-300);
    const bool finite = std::isfinite(error) && std::isfinite(next_[k][lane]);
    return finite ? error : std::numeric_limits<double>::quiet_NaN();
  }

  struct Worst {
    double error = 0;
    std::size_t component = 0;
  };
  Worst worst_error(std::size_t lane) const {
    Worst worst;
    for (std::size_t k = 0; k < solved(); ++k) {
      const double error = scaled_error(k, lane);
      if (std::isnan(error)) return {error, k};
      if (error > worst.error) worst = {error, k};
    }
    return worst;
  }

  /// Accepts the step, or shortens it (the controller of Gustafsson 1991 with Hairer's constants).
  void judge(std::size_t a, double end) {
    const std::size_t lane = active_[a];
    Progress& path = paths_[lane];
    const Worst worst = worst_error(lane);
    const double error = worst.error, forced = ode_.forced * run_.grid.until();
    const bool brief = path.h <= 1.2 * forced;  // a last step is a little longer
    const bool at_floor = path.h <= path.shortest * (1 + 1e-9) || path.h <= 1e-15 * path.t;
    const bool jumps =
        brief && error > kSeen && (error <= 1 || path.slides) && has_jump(lane, worst.component);
    if (error <= 1 || ((at_floor || jumps) && std::isfinite(error))) {
      accepted_.push_back(lane);
      if (jumps) note_crossing(path, forced);
      out_.forced += !(error <= 1);
      const double factor =
          0.9 * std::pow(std::max(error, 1e-10), -0.17) * std::pow(path.last_error, 0.04);
      path.growth = std::clamp(factor, 0.2, 5.0);
      if (jumps && path.slides) path.growth = std::clamp(forced / path.h, 0.2, 1.5);
      path.last_error = std::max(error, 1e-4);
      return;
    }
    if (at_floor) return give_up(lane);
    const double factor = std::isfinite(error) ? 0.9 * std::pow(error, -0.2) : 0.2;
    const double least = path.slides && !brief ? forced : path.shortest;
    path.h = std::max(path.h * std::clamp(factor, 0.1, 0.9), std::min(least, end - path.t));
  }

  /// More crossings than could be followed for the whole time: the path slides.
  static void note_crossing(Progress& path, double forced) {
    if (path.t - path.since > kWindow * forced) {
      path.crossings = 0;
      path.since = path.t;
    }
    path.slides = path.slides || ++path.crossings >= kCrossings;
  }

  /// Does component k's rate jump between the step's start and the stage where it differs most? The
  /// half with the larger change is halved again: where the rate is smooth the change halves too.
  bool has_jump(std::size_t lane, std::size_t k) {
    std::size_t far = 1;
    for (std::size_t j = 2; j < kStages; ++j)
      if (std::abs(rates_[j][k][lane] - rates_[0][k][lane]) >
          std::abs(rates_[far][k][lane] - rates_[0][k][lane]))
        far = j;
    double lo = 0, hi = 1, f_lo = rates_[0][k][lane], f_hi = rates_[far][k][lane];
    const double change = std::abs(f_hi - f_lo);
    if (!(change > 0)) return false;
    for (int halving = 0; halving < kHalvings; ++halving) {
      const double middle = 0.5 * (lo + hi), f = rate_towards(far, middle, lane, k);
      const bool first = std::abs(f - f_lo) > std::abs(f_hi - f);
      (first ? hi : lo) = middle;
      (first ? f_hi : f_lo) = f;
      if (!(std::abs(f_hi - f_lo) >= kStays * change)) return false;
    }
    return true;
  }

  /// Component k's rate on the way from the step's start to a stage.
  double rate_towards(std::size_t stage, double share, std::size_t lane, std::size_t k) {
    const double h = paths_[lane].h;
    for (std::size_t i = 0; i < solved(); ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < stage; ++j) sum += kWeights[stage][j] * rates_[j][i][lane];
      work_[i][0] = lanes_[i][lane] + share * h * sum;
    }
    set_scalars(0, paths_[lane].t + share * kNodes[stage] * h);
    call(ode_.rate, 1);
    return work_[k][0];
  }

  /// The path cannot go on: its rate is not finite however short the step.
  void give_up(std::size_t lane) {
    std::size_t bad = 0;
    double value = std::numeric_limits<double>::quiet_NaN();
    for (std::size_t k = solved(); k-- > 0;) {
      for (std::size_t j = 0; j < kStages; ++j) {
        if (std::isfinite(rates_[j][k][lane])) continue;
        bad = k;
        value = rates_[j][k][lane];
      }
    }
    fault(lane, bad, value);
    out_.failed[lane] = 1;
    paths_[lane].running = false;
    for (std::size_t i = 0; i < run_.states; ++i)
      lanes_[i][lane] = std::numeric_limits<double>::quiet_NaN();
    fill_records(lane);
  }

  /// The continuous extension at t + share h.
  double within(std::size_t k, std::size_t lane, double share) const {
    const double y0 = lanes_[k][lane], y1 = next_[k][lane], h = paths_[lane].h;
    const double whole = y1 - y0, begin = h * rates_[0][k][lane] - whole;
    const double end = whole - h * rates_[6][k][lane] - begin;
    double bulge = 0;
    for (std::size_t j = 0; j < kStages; ++j) bulge += kDense[j] * rates_[j][k][lane];
    const double rest = 1 - share;
    return y0 + share * (whole + rest * (begin + share * (end + rest * h * bulge)));
  }

  // ---- arrivals

  void look_for_arrivals() {
    stops_.assign(count_, 2.0);
    if (ode_.sets == 0 || accepted_.empty()) return;
    looks_.assign(kLooks.size(), std::vector<std::vector<double>>(ode_.sets + 1));
    for (std::size_t look = 0; look < kLooks.size(); ++look) {
      for (std::size_t a = 0; a < accepted_.size(); ++a) load_within(a, accepted_[a], kLooks[look]);
      call(ode_.arrival, accepted_.size());
      looks_[look][ode_.sets] = work_[*run_.alive];
      for (std::size_t s = 0; s < ode_.sets; ++s) looks_[look][s] = work_[ode_.levels + s];
    }
    for (std::size_t a = 0; a < accepted_.size(); ++a) {
      const std::size_t lane = accepted_[a];
      stops_[lane] = arrival_of(a, lane);
      for (std::size_t s = 0; s < ode_.sets; ++s) levels_[s][lane] = looks_.back()[s][a];
    }
  }

  void load_within(std::size_t place, std::size_t lane, double share) {
    for (std::size_t k = 0; k < solved(); ++k) work_[k][place] = within(k, lane, share);
    if (run_.alive) work_[*run_.alive][place] = 1;
    set_scalars(place, paths_[lane].t + share * paths_[lane].h);
  }

  bool inside(std::size_t lane, double share) {
    load_within(0, lane, share);
    call(ode_.arrival, 1);
    return work_[*run_.alive][0] == 0;
  }

  /// The first share of the step at which the path is in a stopping set, above 1 where it is not.
  double arrival_of(std::size_t a, std::size_t lane) {
    double before = 0;
    for (std::size_t look = 0; look < kLooks.size(); ++look) {
      if (looks_[look][ode_.sets][a] == 0) return bisect(lane, before, kLooks[look]);
      const double dip = look + 1 < kLooks.size() ? dip_at(a, lane, look) : 2.0;
      if (dip < 1 && inside(lane, dip)) return bisect(lane, before, dip);
      before = kLooks[look];
    }
    return 2;
  }

  /// Where a level that has a minimum at this look goes below zero by the parabola through three
  /// looks.
  double dip_at(std::size_t a, std::size_t lane, std::size_t look) {
    for (std::size_t s = 0; s < ode_.sets; ++s) {
      const double left = look == 0 ? levels_[s][lane] : looks_[look - 1][s][a];
      const double middle = looks_[look][s][a], right = looks_[look + 1][s][a];
      const double bend = left - 2 * middle + right;
      if (!(middle < left && middle <= right && bend > 0)) continue;
      const double shift = 0.5 * (left - right) / bend;  // in quarters of the step
      if (middle - 0.25 * (left - right) * shift < 0.1 * bend) return kLooks[look] + 0.25 * shift;
    }
    return 2;
  }

  double bisect(std::size_t lane, double outside, double in) {
    while (in - outside > 1e-14) {
      const double middle = 0.5 * (outside + in);
      if (middle <= outside || middle >= in) break;
      (inside(lane, middle) ? in : outside) = middle;
    }
    return in;
  }

  // ---- the end of a step

  void complete(std::size_t lane) {
    Progress& path = paths_[lane];
    const double stop = stops_[lane];
    const bool arrives = stop <= 1;
    const double end = path.t + path.h * std::min(stop, 1.0), whole = run_.grid.until();
    const auto& records = run_.records;
    while (path.next_record < records.size() &&
           run_.grid.time(records[path.next_record]) <= end + 1e-14 * whole) {
      const double share = (run_.grid.time(records[path.next_record]) - path.t) / path.h;
      record(lane, path.next_record++, std::clamp(share, 0.0, std::min(stop, 1.0)));
    }
    if (arrives) return arrive(lane, stop);
    for (std::size_t k = 0; k < solved(); ++k) {
      lanes_[k][lane] = next_[k][lane];
      largest_[k][lane] = std::max(largest_[k][lane], std::abs(next_[k][lane]));
      rates_[0][k][lane] = rates_[6][k][lane];
    }
    hold(lane);
    path.t = end;
    const bool cut = path.h < path.planned;  // by a break, not by its error
    path.h = cut ? std::max(path.h * path.growth, path.planned) : path.h * path.growth;
  }

  void arrive(std::size_t lane, double share) {
    load_within(0, lane, share);
    call(ode_.arrival, 1);
    const double due = work_[run_.cost][0];
    std::vector<double> there(solved());
    for (std::size_t k = 0; k < solved(); ++k) there[k] = within(k, lane, share);
    for (std::size_t k = 0; k < solved(); ++k) lanes_[k][lane] = there[k];
    lanes_[run_.cost][lane] += due;
    lanes_[*run_.alive][lane] = 0;
    hold(lane);
    paths_[lane].t += share * paths_[lane].h;
    paths_[lane].running = false;
    fill_records(lane);
  }

  /// States at the ends where they are held, circles, and whether the domain was left.
  void hold(std::size_t lane) {
    for (std::size_t i = 0; i < run_.states; ++i) {
      double& x = lanes_[i][lane];
      if (ode_.domain[i] && run_.left) {
        const auto [lo, hi] = *ode_.domain[i];
        const bool out = ode_.ends[i] ? x <= lo || x >= hi : x < lo || x > hi;
        if (out) lanes_[*run_.left][lane] = 1;
      }
      x = placed(i, x);
    }
  }

  double placed(std::size_t i, double x) const {
    if (ode_.ends[i]) return std::clamp(x, ode_.ends[i]->first, ode_.ends[i]->second);
    const Circle& circle = circles(i);
    return circle.round() ? x - circle.period * std::floor((x - circle.origin) / circle.period) : x;
  }
  const Circle& circles(std::size_t i) const {
    static constexpr Circle kLine{};
    return i < ode_.circles.size() ? ode_.circles[i] : kLine;
  }

  void record(std::size_t lane, std::size_t index, double share) {
    for (std::size_t i = 0; i < run_.states; ++i) {
      const double x = share > 0 ? within(i, lane, share) : lanes_[i][lane];
      out_.records[(index * run_.states + i) * count_ + lane] = placed(i, x);
    }
  }

  void fill_records(std::size_t lane) {
    while (paths_[lane].next_record < run_.records.size())
      record(lane, paths_[lane].next_record++, 0.0);
  }

  const PathRun& run_;
  const PathRun::Ordinary& ode_;
  Chunk chunk_;
  ChunkResult& out_;
  RunWatch& watch_;
  Lanes lanes_;
  std::size_t count_;
  std::vector<Progress> paths_;
  Registers work_, next_, largest_;
  std::array<Registers, kStages> rates_;
  Registers levels_;              // of the stopping sets at the step's start
  std::vector<Registers> looks_;  // [look][set, then alive][place]
  std::vector<double> stops_, row_;
  std::vector<void*> pointers_;
  std::vector<std::size_t> active_, accepted_;
  const PathRun::Level* level_ = nullptr;
  std::size_t break_ = 0;  // the next one
};

}  // namespace

bool run_ordinary(const PathRun& run, Chunk chunk, ChunkResult& out, RunWatch& watch) {
  return OrdinaryChunk(run, chunk, out, watch).run();
}

}  // namespace hopf::runtime
