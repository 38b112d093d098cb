#include "value/march.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "value/iteration.hpp"
#include "value/levels.hpp"
#include "value/step_limits.hpp"
#include "value/viability.hpp"

namespace hopf::runtime {

namespace {

constexpr double kAside = 1e-3;     // of the first range and of max|V|: V's range counts as no less
constexpr double kFirstStep = 0.1;  // tolerances that V may move in the first step
constexpr double kLongest = 0.1;    // step, as a share of the horizon
constexpr double kShortest = 1e-12, kShortestPast = 1e-6;  // step: of the horizon, of what is done
constexpr double kSafety = 0.9;                            // of the next step's length
constexpr double kSameStep = 1.25;  // a step keeps its length, and the matrix its factors, below
constexpr double kEnough = 3;       // tolerances that the last policy of a step may change V by,
constexpr double kEnoughStopping = 0.05;  // where nodes may also stop
constexpr double kTurned = 0.35;          // error by third over that by second differences
constexpr int kRepairs = 3;          // solves of a step with less momentum before all is dropped
constexpr int kIterations = 40;      // of Howard's algorithm, where a shorter step may need less
constexpr int kHistory = 3;          // steps that a third difference looks at
constexpr double kRateShare = 0.25;  // of a step times a negative discount rate

double range_of(std::span<const double> v) {
  const auto [lo, hi] = std::minmax_element(v.begin(), v.end());
  return *hi - *lo;
}

// The steps of one solve. They work with tau = T - t, which grows.
class March {
 public:
  March(PolicySystem& system, const PointProblem& problem, const SolveSettings& settings)
      : system_(system),
        problem_(problem),
        settings_(settings),
        iteration_(system, problem, settings_),
        levels_(settings.stored_levels),
        T_(settings.horizon) {}
  GridSolution run() {
    if (begin()) settings_.steps > 0 ? graded() : adaptive();
    return finish();
  }

 private:
  enum class Outcome : std::uint8_t { Accepted, Rejected, Failed };

  bool begin();
  bool find_lost();
  void lose(double t);
  bool fresh(double t);
  void stop_where_better();
  bool cross();
  void take_residual();
  bool at_jump() const { return jump_ < problem_.jumps.size(); }
  double goal() const;
  double time_at(double tau) const;
  void graded();
  bool advance_to(double tau);
  void adaptive();
  double first_step() const;
  double shortest() const;
  double longest() const;
  Outcome attempt(double h);
  bool prepare(double h);
  bool solve();
  bool shrinkable() const { return settings_.steps == 0 && step_.h > shortest() * (1 + 1e-9); }
  void measure();
  bool drop_momentum(int repair);
  void keep_bounds();
  void accept();
  void carry_error();
  double allowed() const;
  double weight_of_turn() const { return step_.w / (1 + step_.w); }
  int age(std::size_t u) const { return system_.given(u) != (given_[u] != 0) ? 0 : age_[u]; }
  GridSolution finish();

  PolicySystem& system_;
  const PointProblem& problem_;
  const SolveSettings settings_;
  Iteration iteration_;
  Levels levels_;
  double T_, tau_ = 0, last_h_ = 0, older_h_ = 0, first_range_ = 0;
  int taken_ = 0, since_ = 0;  // steps in all, and since the last jump of the model in time
  std::size_t jump_ = 0;       // the next
  StepSize step_;
  ValueBounds bounds_, next_bounds_;
  std::vector<double> now_, before_, earlier_;  // V at this time and the two before
  std::vector<double> start_rate_;              // F at the terminal cost, or at the last jump
  std::vector<double> phi_, shift_, source_;
  std::vector<double> turn_, turn3_;  // this step's error of implicit Euler and of BDF2
  std::vector<double> E_, E_before_;
  std::vector<int> age_;  // accepted steps since a node became given or free
  std::vector<char> given_;
  Viability viability_;
  SparseMatrix pattern_;
  double error_ = 0;  // of this step, over what is allowed
};

/// What V may turn away from a straight line in a step.
double March::allowed() const {
  const std::vector<double>& V = iteration_.V;
  return settings_.time_tolerance * (range_of(V) + kAside * (first_range_ + largest(V)));
}

bool March::begin() {
  std::vector<double>& V = iteration_.V;
  system_.set_time(T_);
  V = system_.terminal();
  given_.resize(V.size());
  for (auto* field : {&phi_, &shift_, &source_, &turn_, &turn3_, &E_, &E_before_, &start_rate_})
    field->assign(V.size(), 0.0);
  age_.assign(V.size(), kHistory);
  if (!fresh(T_)) return false;
  first_range_ = range_of(V);
  const auto [lo, hi] = std::minmax_element(V.begin(), V.end());
  bounds_ = {*lo, *hi};
  if (system_.has_open_ends())
    bounds_ = {std::min(*lo, settings_.least_terminal), std::max(*hi, settings_.most_terminal)};
  levels_.push(T_, V, allowed());
  iteration_.answer.step_times.push_back(T_);
  return find_lost();
}

// How long every node can be kept inside. Where the model changes in time, nobody knows.
bool March::find_lost() {
  if (problem_.fixed_policy || problem_.time_dependent) return true;
  viability_ = find_viability(system_, problem_, settings_);
  iteration_.answer.failure = viability_.failure;
  iteration_.answer.where = viability_.where;
  if (!viability_.time.empty()) system_.improve(now_);
  return viability_.failure == Failure::None;
}

// What cannot be kept inside up to the horizon has no V.
void March::lose(double t) {
  if (viability_.time.empty()) return;
  const Viability::Kept kept = viability_.with(T_ - t, T_);
  system_.lose(kept.lost, kept.share, now_);
  for (std::size_t c = 0; c < viability_.policy.size(); ++c)
    system_.keep_controls(c, viability_.policy[c]);
}

// Steps without a past begin: at the horizon, and where the model changes in time.
bool March::fresh(double t) {
  std::vector<double>& V = iteration_.V;
  iteration_.answer.t = t;
  system_.set_time(t);
  if (problem_.has_stop) stop_where_better();
  for (std::size_t u = 0; u < V.size(); ++u) {
    given_[u] = system_.given(u);
    if (given_[u]) V[u] = system_.fixed_value(u);
    if (std::isfinite(V[u])) continue;
    iteration_.answer.failure = Failure::Infeasible;
    iteration_.answer.where = u;
    return false;
  }
  system_.improve(V);
  if (!iteration_.feasible()) return false;
  now_ = before_ = earlier_ = V;
  system_.rate_of_change(V, start_rate_);
  std::fill(age_.begin(), age_.end(), kHistory);
  since_ = 0;
  return true;
}

// Nobody waits where stopping pays at once. Which nodes stop from now on the next step finds.
void March::stop_where_better() {
  system_.forget_stops();
  const std::span<const double> stop = system_.stop_value();
  std::vector<double>& V = iteration_.V;
  for (std::size_t u = 0; u < V.size(); ++u) V[u] = std::min(V[u], stop[u]);
}

// From the first time after a jump of the model to the last one before it: V goes on as it is, but
// where a target, or stopping, pays now. What was stored last is V after the jump.
bool March::cross() {
  const TimeJump& jump = problem_.jumps[jump_++];
  take_residual();
  levels_.keep_last();
  if (!fresh(jump.before)) return false;
  const auto [lo, hi] = std::minmax_element(now_.begin(), now_.end());
  bounds_ = {std::min(bounds_.least, *lo), std::max(bounds_.most, *hi)};
  levels_.push(jump.before, now_, allowed(), true);
  iteration_.answer.step_times.push_back(jump.before);
  tau_ = T_ - jump.before;
  return true;
}

/// Where steps must end next.
double March::goal() const { return at_jump() ? T_ - problem_.jumps[jump_].after : T_; }

double March::time_at(double tau) const {
  if (tau < goal() - kShortest * T_) return T_ - tau;
  return at_jump() ? problem_.jumps[jump_].after : 0.0;
}

// tau_k = T (k/N)^2: a terminal layer gets the short steps that it needs.
void March::graded() {
  for (int k = 1; k <= settings_.steps; ++k) {
    if ((settings_.steps - k) % settings_.joined != 0) continue;
    const double share = static_cast<double>(k) / settings_.steps;
    const double end = k == settings_.steps ? T_ : T_ * share * share;
    while (at_jump() && goal() <= end) {
      if (!advance_to(goal()) || !cross()) return;
    }
    if (!advance_to(end)) return;
  }
}

// One step, or a few where it is too long.
bool March::advance_to(double tau) {
  const double way = tau - tau_;
  if (way <= kShortest * T_) return true;
  const auto pieces = std::max<std::int64_t>(1, std::llround(std::ceil(way / longest())));
  for (std::int64_t piece = 0; piece < pieces; ++piece) {
    if (attempt(piece + 1 == pieces ? tau - tau_ : way / static_cast<double>(pieces)) !=
        Outcome::Accepted)
      return false;
  }
  return true;
}

void March::adaptive() {
  double h = first_step();
  for (;;) {
    const double rest = goal() - tau_;
    if (rest <= kShortest * T_) {
      if (!at_jump() || !cross()) return;
      h = first_step();
      continue;
    }
    h = std::min(h, longest());
    if (h >= rest * (1 - kShortest))
      h = rest;
    else if (h > rest / 2)
      h = rest / 2;
    const Outcome outcome = attempt(h);
    if (outcome == Outcome::Failed) return;
    const double factor = kSafety / std::sqrt(std::max(error_, 1e-6));
    if (outcome == Outcome::Rejected)
      h = std::max(shortest(), h * std::clamp(factor, 0.1, 0.5));
    else if (factor < 1 || factor > kSameStep)
      h = std::max(shortest(), h * std::clamp(factor, 0.5, 2.0));
  }
}

// V moves by a small share of its range. Where it has none yet, it grows with tau.
double March::first_step() const {
  const double rate = largest(start_rate_), most = 1e-2 * T_, range = range_of(now_);
  if (rate == 0) return most;
  if (range == 0) return std::min(most, T_ * settings_.time_tolerance);
  return std::clamp(kFirstStep * settings_.time_tolerance * range / rate, 1e-9 * T_, most);
}

// A number of steps may be as short as the error asks; once they are spent, none is shorter than a
// graded sequence of twice as many has them, so that a kink in time ends.
double March::shortest() const {
  const double any = std::max(kShortest * T_, kShortestPast * tau_);
  const double N = settings_.fine_steps;
  return taken_ < settings_.fine_steps ? any
                                       : std::max({any, T_ / (N * N), std::sqrt(tau_ * T_) / N});
}

// Where a discount rate is negative its share of a step stays small, and the matrix monotone.
double March::longest() const {
  double least = 0;
  for (std::size_t u = 0; u < now_.size(); ++u) {
    if (!system_.given(u)) least = std::min(least, system_.discount()[u]);
  }
  const double most = settings_.steps > 0 ? T_ : std::max(kLongest * T_, shortest());
  return least < 0 ? std::min(most, kRateShare / -least) : most;
}

// One step, with as much momentum as every node may have. Rejected where a shorter one would do
// better.
March::Outcome March::attempt(double h) {
  if (!prepare(h)) return Outcome::Failed;
  for (int repair = 1;; ++repair) {
    if (!solve()) {
      const Failure failure = iteration_.answer.failure;
      const bool again = failure == Failure::NotConverged || failure == Failure::Singular;
      if (!again || !shrinkable()) return Outcome::Failed;
      iteration_.answer.failure = Failure::None;
      error_ = 100;
      return Outcome::Rejected;
    }
    measure();
    if (settings_.steps == 0 && error_ <= 1) break;
    if (shrinkable()) return Outcome::Rejected;
    if (!drop_momentum(repair)) break;
  }
  keep_bounds();
  accept();
  return Outcome::Accepted;
}

// The system at the new time, with the policy that a straight line in time foresees.
bool March::prepare(double h) {
  const double w = since_ > 0 ? h / last_h_ : 1;
  const double t = time_at(tau_ + h);
  step_ = {h, w, since_ > 0 ? w * w / (1 + 2 * w) : 0};
  iteration_.answer.t = t;
  iteration_.fraction = tau_ / T_;
  system_.set_time(t);
  lose(t);
  std::vector<double>& V = iteration_.V;
  for (std::size_t u = 0; u < V.size(); ++u) {
    V[u] = now_[u];
    if (age(u) > 1) V[u] = std::clamp(V[u] + w * (V[u] - before_[u]), bounds_.least, bounds_.most);
  }
  system_.improve(V);
  if (!iteration_.feasible()) {
    iteration_.answer.failure = Failure::None;
    V = now_;
    system_.improve(V);
    if (!iteration_.feasible()) return false;
  }
  next_bounds_ = advance(bounds_, h, system_, settings_);
  for (std::size_t u = 0; u < V.size(); ++u) phi_[u] = since_ > 0 && age(u) > 1 ? 1 : 0;
  limit_momentum(next_bounds_, step_, system_, settings_, now_, before_, phi_);
  return true;
}

bool March::solve() {
  std::vector<double>& V = iteration_.V;
  const double share = step_.mu / step_.w;
  for (std::size_t u = 0; u < V.size(); ++u) {
    shift_[u] = 1 / (step_.h * (1 - phi_[u] * share));
    source_[u] = shift_[u] * (now_[u] + phi_[u] * step_.mu * (now_[u] - before_[u]));
  }
  const TimeTerms terms{shift_, source_};
  if (problem_.has_stop) system_.choose_stops(V, terms);
  const double tolerances = problem_.has_stop ? kEnoughStopping : kEnough;
  double enough = tolerances * allowed();
  if (settings_.steps > 0)
    enough = settings_.tolerance * (allowed() / settings_.time_tolerance + largest(V));
  const bool limited = shrinkable() && !problem_.has_stop;  // stops may grow by a node an iteration
  const int most =
      limited ? std::min(settings_.max_iterations, kIterations) : settings_.max_iterations;
  if (!iteration_.howard(terms, most, enough)) return false;
  if (std::all_of(V.begin(), V.end(), [](double v) { return std::isfinite(v); })) return true;
  iteration_.answer.failure = Failure::Singular;
  return false;
}

// With D2 and D3 the divided differences at the new time, implicit Euler errs by h^2 D2 and BDF2 by
// h^3 (1 + w)^2/(w (1 + 2w)) D3. The first step has only the rate at its start to compare with.
void March::measure() {
  const double h = step_.h, w = step_.w;
  const double third = h * h * h * (1 + w) * (1 + w) / (w * (1 + 2 * w));
  double worst = 0;
  for (std::size_t u = 0; u < now_.size(); ++u) {
    const double moved = iteration_.V[u] - now_[u];
    turn_[u] = turn3_[u] = 0;
    if (system_.given(u) || age(u) < 2) continue;
    if (since_ == 0) {
      turn_[u] = turn3_[u] = std::min(std::abs(moved - h * start_rate_[u]) / 2, std::abs(moved));
      continue;
    }
    const double d1 = moved / h, d2 = (now_[u] - before_[u]) / last_h_;
    turn_[u] = turn3_[u] = std::abs(d1 - d2) * h * weight_of_turn();
    worst = std::max(worst, turn_[u]);
    if (since_ < 2 || age(u) < kHistory) continue;
    const double d3 = (before_[u] - earlier_[u]) / older_h_;
    const double s1 = (d1 - d2) / (h + last_h_), s2 = (d2 - d3) / (last_h_ + older_h_);
    turn3_[u] = third * std::abs(s1 - s2) / (h + last_h_ + older_h_);
  }
  error_ = worst > 0 ? worst / allowed() : 0;
}

// Where a step cannot be shortened and V turns by more than it moves, not smoothly, momentum goes,
// there and beside it; in the end everywhere. False when there is none to drop.
bool March::drop_momentum(int repair) {
  if (repair > kRepairs + 1 || since_ == 0) return false;
  if (pattern_.value.empty()) pattern_ = system_.pattern();
  const std::vector<double>& V = iteration_.V;
  const double slack = allowed();
  bool dropped = false;
  const auto drop = [&](std::size_t u) {
    dropped = dropped || phi_[u] > 0;
    phi_[u] = 0;
  };
  bool any = false;
  for (std::size_t u = 0; u < V.size(); ++u) {
    const double e = turn_[u] / weight_of_turn();
    const double D0 = std::abs(step_.w * (now_[u] - before_[u])), moved = std::abs(V[u] - now_[u]);
    const bool rough = since_ < kHistory || turn3_[u] > kTurned * turn_[u];
    if (!rough || e <= std::min(moved, D0) + slack) continue;
    any = true;
    for (std::int64_t k = pattern_.start[u]; k < pattern_.start[u + 1]; ++k)
      drop(static_cast<std::size_t>(pattern_.column[k]));
  }
  if (any && repair > kRepairs) {
    for (std::size_t u = 0; u < V.size(); ++u) drop(u);
  }
  return dropped;
}

// The exact solution of the step lies within; what does not is the solver's tolerance, a policy not
// yet the best, or rows that are not monotone.
void March::keep_bounds() {
  for (double& v : iteration_.V) v = std::clamp(v, next_bounds_.least, next_bounds_.most);
}

void March::accept() {
  carry_error();
  iteration_.answer.unsettled += relative(iteration_.unsettled(), iteration_.size());
  std::swap(earlier_, before_);
  std::swap(before_, now_);
  now_ = iteration_.V;
  older_h_ = last_h_;
  last_h_ = step_.h;
  tau_ += step_.h;
  ++taken_;
  ++since_;
  bounds_ = next_bounds_;
  if (!system_.has_open_ends()) {
    const auto [lo, hi] = std::minmax_element(now_.begin(), now_.end());
    bounds_ = {std::max(bounds_.least, *lo), std::min(bounds_.most, *hi)};
  }
  for (std::size_t u = 0; u < now_.size(); ++u) {
    age_[u] = std::min(age(u) + 1, kHistory);
    given_[u] = system_.given(u);
  }
  levels_.push(iteration_.answer.t, now_, allowed());
  iteration_.answer.step_times.push_back(iteration_.answer.t);
}

// The error that is there and the step's own go on as V does, with the step's matrix:
//   (I - c A) E' = E + phi mu (E - E_before) + (phi of BDF2's error, the rest of Euler's).
void March::carry_error() {
  std::vector<double> rhs(E_.size(), 0.0), next = E_;
  for (std::size_t u = 0; u < rhs.size(); ++u) {
    if (system_.fixed(u)) continue;
    const double own = phi_[u] * turn3_[u] + (1 - phi_[u]) * turn_[u] + iteration_.unsettled();
    rhs[u] = std::max(0.0, E_[u] + phi_[u] * step_.mu * (E_[u] - E_before_[u])) + own;
  }
  std::vector<double> scaled = rhs;
  for (std::size_t u = 0; u < rhs.size(); ++u) {
    if (!system_.fixed(u)) scaled[u] *= shift_[u];
  }
  if (!iteration_.again(scaled, next)) next = rhs;
  for (double& e : next) e = std::max(e, 0.0);
  std::swap(E_before_, E_);
  std::swap(E_, next);
}

// Of the last step before a jump, or before the first time.
void March::take_residual() {
  if (since_ == 0) return;
  system_.improve(now_);
  std::vector<double> residual(system_.unknowns());
  system_.residual(now_, {shift_, source_}, residual);
  for (std::size_t u = 0; u < residual.size(); ++u) residual[u] = std::abs(residual[u] / shift_[u]);
  const auto worst = std::max_element(residual.begin(), residual.end());
  const double largest = relative(*worst, iteration_.size());
  if (largest < iteration_.answer.residual) return;
  iteration_.answer.residual = largest;
  iteration_.answer.where = static_cast<std::size_t>(worst - residual.begin());
}

// The policy of every level that was kept, from its V.
GridSolution March::finish() {
  if (iteration_.answer.failure == Failure::None) take_residual();
  GridSolution answer = std::move(iteration_.answer);
  if (answer.failure != Failure::None) return answer;
  answer.steps = taken_;
  std::reverse(answer.step_times.begin(), answer.step_times.end());
  answer.time_error = std::move(E_);
  for (Level& level : levels_.all()) {
    system_.set_time(level.t);
    lose(level.t);
    system_.improve(level.V);
    for (std::size_t u = 0; u < level.V.size(); ++u) {
      if (system_.lost(u)) level.V[u] = std::numeric_limits<double>::infinity();
    }
    answer.times.insert(answer.times.begin(), level.t);
    answer.policy.insert(answer.policy.begin(), system_.controls());
  }
  for (auto level = levels_.all().rbegin(); level != levels_.all().rend(); ++level)
    answer.value.push_back(std::move(level->V));
  return answer;
}

}  // namespace

GridSolution march(PolicySystem& system, const PointProblem& problem,
                   const SolveSettings& settings) {
  return March(system, problem, settings).run();
}

}  // namespace hopf::runtime
