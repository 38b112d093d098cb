#include "value/iteration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "value/control_set.hpp"

namespace hopf::runtime {

namespace {

constexpr double kTight = 1e-11;         // accuracy of the linear solve that may end the iteration
constexpr double kLinear = 1e-13;        // and of one that has no controls and is the last
constexpr double kStepTight = 1e-10;     // and of those of a step
constexpr int kStalled = 4;              // iterations without progress, which end it ...
constexpr double kRoundedChange = 1e-6;  // ... where V changes by no more than this: by rounding
constexpr double kUnbounded = 1e11;      // V relative to the largest cost, without a horizon
constexpr int kFreeIterations = 20;      // in which open ends choose their continuation,
constexpr double kRoughChange = 1e-2;    // once V changes by less
constexpr double kRounding = 1e-13;      // of V, which no step settles below
constexpr double kRunaway = 0.5 * kFarthest;
constexpr double kGrowth = 10;          // of controls that run off, from one iteration to the next
constexpr double kBarTolerance = 1e-3;  // of solves for an error

}  // namespace

double relative(double a, double b) { return a == 0 ? 0 : a / b; }

Iteration::Iteration(PolicySystem& system, const PointProblem& problem,
                     const SolveSettings& settings)
    : V(system.unknowns(), 0.0),
      system_(system),
      problem_(problem),
      settings_(settings),
      solver_(system.linear_solver()) {}

/// Of a stationary problem nobody knows how many iterations it takes; but the logarithm of the
/// change falls steadily, and the tolerance is where it ends.
bool Iteration::tell(double change) {
  if (fraction >= 0 || change <= 0) return settings_.progress("solve", fraction);
  const double rest = std::log(std::min(settings_.tolerance, 0.5));
  const double way = std::log(std::min(change, 1.0)) / rest;
  told_ = std::max(told_, std::min(way, 0.99));
  const std::string what =
      fmt::format("solve, iteration {}, change {:.1e}", answer.iterations, change);
  return settings_.progress(what.c_str(), told_);
}

bool Iteration::stop() {
  if (!settings_.progress || !tell(answer.change)) return false;
  answer.failure = Failure::Cancelled;
  return true;
}

bool Iteration::feasible() {
  const auto H = system_.hamiltonian();
  for (std::size_t u = 0; u < system_.unknowns(); ++u) {
    if (system_.fixed(u) || (std::isfinite(H[u]) && H[u] < kInfeasible)) continue;
    answer.failure = Failure::Infeasible;
    answer.where = u;
    return false;
  }
  return true;
}

bool Iteration::linear_solve(const TimeTerms& step, double tolerance) {
  if (A_.value.empty()) A_ = system_.pattern();
  system_.assemble(step, A_, b_);
  step_cost_ = 0;
  for (std::size_t u = 0; u < b_.size(); ++u) {
    const double diagonal = A_.value[static_cast<std::size_t>(A_.start[u])];
    step_cost_ = std::max(step_cost_, relative(std::abs(b_[u]), std::abs(diagonal)));
  }
  next_ = V;
  const LinearOutcome outcome = solver_.solve(A_, b_, next_, tolerance, [this] { return stop(); });
  if (answer.failure == Failure::Cancelled) return false;
  answer.linear_iterations += outcome.iterations;
  // A cost that is collected for ever shows as a value beyond all proportion to it.
  const bool unbounded =
      step.shift.empty() && largest(next_) > kUnbounded * (step_cost_ + largest(b_));
  if (!outcome.ok || unbounded) answer.failure = Failure::Singular;
  return answer.failure == Failure::None;
}

bool Iteration::again(std::span<const double> b, std::span<double> x) {
  return solver_.again(A_, b, x, kBarTolerance);
}

// A law such as c = V_x^-2 runs off where V is flat or falls under the policy of an iteration, and
// would stay there: under a control without measure V is flat to rounding. Such controls go ten
// times as far as any other, then ten times as far again. For a Hamiltonian that is convex in the
// control each step on the way to its minimum improves V; where it has none they arrive at
// infinity.
bool Iteration::hold_back(double& limit) {
  bool runaway = false;
  for (const auto& control : system_.controls()) {
    for (const double u : control) {
      if (std::abs(u) >= kRunaway)
        runaway = true;
      else
        limit = std::max(limit, std::abs(u));
    }
  }
  if (!runaway || kGrowth * limit >= kRunaway) return false;
  limit *= kGrowth;
  system_.restrain(V, limit);
  return true;
}

namespace {

double least_of(std::span<const double> shift) {
  return shift.empty() ? 0 : *std::min_element(shift.begin(), shift.end());
}

bool chooses(const PointProblem& problem) { return !problem.fixed_policy && problem.controls > 0; }

/// max |a - b|; NaN where there is one.
double distance(std::span<const double> a, std::span<const double> b) {
  double result = 0;
  for (std::size_t u = 0; u < a.size(); ++u) {
    const double d = std::abs(a[u] - b[u]);
    if (!(d <= result)) result = d;
    if (std::isnan(d)) break;
  }
  return result;
}

}  // namespace

// It is Newton's method for the discrete equation, and for M-matrices the iterates decrease to the
// solution (Bokanowski, Maroso & Zidani 2009). The linear solves of a stationary problem are
// inexact while the policy still moves.
bool Iteration::howard(const TimeTerms& step, int most, double enough) {
  const bool in_step = !step.source.empty();
  const bool linear = !chooses(problem_);
  double change = 1, least = 1, moved = 0, limit = 1;
  unsettled_ = 0;
  int stalled = 0;
  system_.set_shift(least_of(step.shift));
  if (system_.ends_stage() == PolicySystem::Ends::Settled)
    system_.set_ends_stage(PolicySystem::Ends::Choosing);
  for (int iteration = 1; iteration <= most; ++iteration) {
    const double moving = in_step ? kStepTight : std::clamp(1e-3 * change, kLinear, 1e-5);
    const double accuracy = linear ? kLinear : moving;
    if (!linear_solve(step, accuracy)) return false;
    moved = distance(next_, V);
    const bool first = answer.iterations++ == 0;
    V.swap(next_);
    change = answer.change = relative(moved, size());
    if (stop()) return false;
    const bool settled = in_step && moved <= std::max(enough, kRounding * size());
    if (settled && !problem_.has_stop) return true;
    advance_ends(iteration, change);
    system_.improve(V);
    if (linear && !problem_.has_stop) return true;
    const bool held = !in_step && !linear && hold_back(limit);
    if (!feasible()) return false;
    const std::size_t switched = system_.choose_stops(V, step);
    if (held || switched > 0 || (first && !in_step)) continue;
    if (in_step ? settled : change <= settings_.tolerance && accuracy <= kTight) return true;
    stalled = change > kRoundedChange || change < 0.5 * least ? 0 : stalled + 1;
    least = std::min(least, change);
    if (system_.has_open_ends() && stalled >= kStalled) return true;
  }
  // Rows that are not monotone may keep a step from its last digits; the report tells.
  if (in_step && change <= kRoundedChange) {
    unsettled_ = moved;
    return true;
  }
  answer.failure = Failure::NotConverged;
  return false;
}

void Iteration::advance_ends(int iteration, double change) {
  using Ends = PolicySystem::Ends;
  if (iteration > kFreeIterations)
    system_.set_ends_stage(Ends::Settled);
  else if (change < kRoughChange)
    system_.set_ends_stage(Ends::Choosing);
}

}  // namespace hopf::runtime
