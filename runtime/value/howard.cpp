#include "value/howard.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hopf::runtime {

namespace {

constexpr double kTight = 1e-11;         // accuracy of the linear solve that may end the iteration
constexpr int kStalled = 4;              // iterations without progress, which end it ...
constexpr double kRoundedChange = 1e-6;  // ... where V changes by no more than this: by rounding
constexpr double kLeastDiscount = 5e-5;  // of the artificial ones
constexpr double kUnbounded = 1e11;      // V relative to the largest cost, without a horizon
constexpr int kFreeIterations = 20;      // in which open ends choose their continuation,
constexpr double kRoughChange = 1e-2;    // once V changes by less
constexpr int kStartSteps = 16;          // of implicit Euler within the first step of BDF2

// a/b, and 0 where nothing is compared with nothing.
double relative(double a, double b) { return a == 0 ? 0 : a / b; }

double largest(std::span<const double> v) {
  double result = 0;
  for (const double x : v) result = std::max(result, std::abs(x));
  return result;
}

// Shared state of the iterations of one solve.
class Iteration {
 public:
  Iteration(PolicySystem& system, const PointProblem& problem, const SolveSettings& settings,
            Start start)
      : system_(system),
        problem_(problem),
        settings_(settings),
        solver_(system.elimination_order(), problem.grid.dimension() == 2),
        guessed_(!start.value.empty()),
        has_policy_(guessed_ && start.policy.size() == system.controls().size()),
        first_limit_(start.limit),
        V_(guessed_ ? std::move(start.value) : std::vector<double>(system.unknowns(), 0.0)),
        residual_(system.unknowns(), 0.0) {
    if (has_policy_) system_.controls() = std::move(start.policy);
  }

  GridSolution stationary();
  GridSolution finite_horizon();

 private:
  bool howard(double shift, std::span<const double> source);
  bool linear_solve(double shift, std::span<const double> source, double tolerance);
  void advance_ends(int iteration, double change);
  bool feasible();
  bool stop(double fraction);
  bool march(double dt, int step, std::vector<double>& older);
  bool implicit_euler(double dt, double t);
  void store(double t);
  bool load_terminal();
  bool undiscounted() const;
  /// What V is measured against, in its own unit: the values, and where they cancel the cost of one
  /// step.
  double size() const { return largest(V_) + step_cost_; }
  GridSolution finish();

  PolicySystem& system_;
  const PointProblem& problem_;
  const SolveSettings& settings_;
  LinearSolver solver_;
  bool guessed_, has_policy_;
  double first_limit_;
  SparseMatrix A_;
  std::vector<double> b_, V_, residual_, next_;
  GridSolution answer_;
  double step_cost_ = 0;  // max |b|/diagonal of the last system
  double fraction_ = -1;
};

bool Iteration::stop(double fraction) {
  if (!settings_.progress || !settings_.progress("solve", fraction)) return false;
  answer_.failure = Failure::Cancelled;
  return true;
}

// A node where every control is infeasible, or gives NaN or infinity, ends the solve.
bool Iteration::feasible() {
  const auto H = system_.hamiltonian();
  for (std::size_t u = 0; u < system_.unknowns(); ++u) {
    if (system_.fixed(u) || (std::isfinite(H[u]) && H[u] < kInfeasible)) continue;
    answer_.failure = Failure::Infeasible;
    answer_.where = u;
    return false;
  }
  return true;
}

bool Iteration::linear_solve(double shift, std::span<const double> source, double tolerance) {
  if (A_.value.empty() || problem_.time_dependent) A_ = system_.pattern();
  system_.assemble(shift, source, A_, b_);
  step_cost_ = 0;
  for (std::size_t u = 0; u < b_.size(); ++u) {
    const double diagonal = A_.value[static_cast<std::size_t>(A_.start[u])];
    step_cost_ = std::max(step_cost_, relative(std::abs(b_[u]), std::abs(diagonal)));
  }
  next_ = V_;
  const LinearOutcome outcome =
      solver_.solve(A_, b_, next_, tolerance, [this] { return stop(fraction_); });
  if (answer_.failure == Failure::Cancelled) return false;
  answer_.linear_iterations += outcome.iterations;
  // A cost that is collected for ever shows as a value beyond all proportion to it.
  const bool unbounded = shift == 0 && largest(next_) > kUnbounded * (step_cost_ + largest(b_));
  if (!outcome.ok || unbounded) answer_.failure = Failure::Singular;
  return answer_.failure == Failure::None;
}

// Howard's algorithm from the system's present policy. It is Newton's method for the discrete
// equation, and for M-matrices the iterates decrease to the solution (Bokanowski, Maroso & Zidani
// 2009). The linear solves are inexact while the policy still moves.
bool Iteration::howard(double shift, std::span<const double> source) {
  double change = 1, least = 1;
  int stalled = 0;
  system_.set_shift(shift);
  if (system_.ends_stage() == PolicySystem::Ends::Settled)
    system_.set_ends_stage(PolicySystem::Ends::Choosing);
  for (int iteration = 1; iteration <= settings_.max_iterations; ++iteration) {
    const double accuracy = std::clamp(1e-3 * change, 1e-13, 1e-5);
    if (!linear_solve(shift, source, problem_.fixed_policy ? 1e-13 : accuracy)) return false;
    double moved = 0;
    for (std::size_t u = 0; u < V_.size(); ++u) moved = std::max(moved, std::abs(next_[u] - V_[u]));
    const bool first = answer_.iterations++ == 0;
    V_.swap(next_);
    change = answer_.change = relative(moved, size());
    if (stop(fraction_)) return false;
    advance_ends(iteration, change);
    system_.improve(V_);
    if (problem_.fixed_policy) return true;
    if (!feasible()) return false;
    const std::size_t switched = system_.choose_stops(V_, shift, source);
    if (first || switched > 0) continue;
    if (change <= settings_.tolerance && accuracy <= kTight) return true;
    stalled = change > kRoundedChange || change < 0.5 * least ? 0 : stalled + 1;
    least = std::min(least, change);
    if (system_.has_open_ends() && stalled >= kStalled) return true;
  }
  answer_.failure = Failure::NotConverged;
  return false;
}

void Iteration::advance_ends(int iteration, double change) {
  using Ends = PolicySystem::Ends;
  if (iteration > kFreeIterations)
    system_.set_ends_stage(Ends::Settled);
  else if (change < kRoughChange)
    system_.set_ends_stage(Ends::Choosing);
}

bool Iteration::undiscounted() const {
  const auto rho = system_.discount();
  for (std::size_t u = 0; u < rho.size(); ++u) {
    if (!system_.fixed(u) && rho[u] <= 0) return true;
  }
  return false;
}

// Without a discount the first policy may never reach the target, and its matrix is singular; the
// policy of an interpolated guess may run in circles. An artificial discount that is taken away in
// steps leads to policies that arrive: whoever does not pays its inverse.
GridSolution Iteration::stationary() {
  system_.set_time(0);
  has_policy_ ? system_.apply(V_) : system_.improve(V_);
  if (!has_policy_ && !problem_.fixed_policy) system_.restrain(V_, first_limit_);
  if (!feasible()) return finish();
  system_.choose_stops(V_, 0, {});
  if (undiscounted() && !problem_.fixed_policy) {
    for (double artificial = guessed_ ? 1e-2 : 1; artificial > kLeastDiscount; artificial *= 0.1) {
      if (howard(artificial, {})) continue;
      if (answer_.failure != Failure::NotConverged) return finish();
      answer_.failure = Failure::None;  // it is a start, not the answer
    }
  }
  howard(0, {});
  return finish();
}

GridSolution Iteration::finish() {
  if (answer_.failure == Failure::None || answer_.failure == Failure::NotConverged) {
    if (settings_.horizon <= 0) {
      system_.residual(V_, 0, {}, residual_);
      answer_.residual = relative(largest(residual_), size());
      store(0);
    }
  }
  if (answer_.failure != Failure::Infeasible && !residual_.empty()) {
    answer_.where = static_cast<std::size_t>(
        std::max_element(residual_.begin(), residual_.end(),
                         [](double a, double b) { return std::abs(a) < std::abs(b); }) -
        residual_.begin());
  }
  std::reverse(answer_.times.begin(), answer_.times.end());
  std::reverse(answer_.value.begin(), answer_.value.end());
  std::reverse(answer_.policy.begin(), answer_.policy.end());
  return std::move(answer_);
}

void Iteration::store(double t) {
  answer_.times.push_back(t);
  answer_.value.push_back(V_);
  answer_.policy.push_back(system_.controls());
}

bool Iteration::load_terminal() {
  V_ = system_.terminal();
  for (std::size_t u = 0; u < V_.size(); ++u) {
    if (system_.fixed(u)) V_[u] = system_.fixed_value(u);
    if (std::isfinite(V_[u])) continue;
    answer_.failure = Failure::Infeasible;
    answer_.where = u;
    return false;
  }
  return true;
}

bool Iteration::implicit_euler(double dt, double t) {
  answer_.t = t;
  std::vector<double> source(V_.size());
  for (std::size_t u = 0; u < V_.size(); ++u) source[u] = V_[u] / dt;
  system_.set_time(t);
  system_.improve(V_);
  return feasible() && howard(1 / dt, source);
}

// One step of length dt to T - step*dt. BDF2, (3 V - 4 V1 + V2)/(2 dt) = F(V): second order and
// L-stable (Hairer & Wanner 1996, V.1; for HJB equations Bokanowski, Picarelli & Reisinger 2018).
// The first step is a number of short ones of implicit Euler, which also damp what a kink in the
// terminal cost stirs up.
bool Iteration::march(double dt, int step, std::vector<double>& older) {
  const double t = settings_.horizon - step * dt;
  answer_.t = t;
  if (step == 1) {
    older = V_;
    for (int k = 1; k <= kStartSteps; ++k) {
      if (!implicit_euler(dt / kStartSteps, settings_.horizon - k * dt / kStartSteps)) return false;
    }
    return true;
  }
  std::vector<double> source(V_.size());
  for (std::size_t u = 0; u < V_.size(); ++u) source[u] = (2 * V_[u] - 0.5 * older[u]) / dt;
  older = V_;
  system_.set_time(step == settings_.steps ? 0.0 : t);
  problem_.fixed_policy ? system_.improve(V_) : system_.apply(V_);
  if (!feasible() || !howard(1.5 / dt, source)) return false;
  system_.residual(V_, 1.5 / dt, source, residual_);
  answer_.residual = std::max(answer_.residual, relative(largest(residual_) * dt, size()));
  return true;
}

GridSolution Iteration::finite_horizon() {
  const double dt = settings_.horizon / settings_.steps;
  answer_.t = settings_.horizon;
  system_.set_time(settings_.horizon);
  if (!load_terminal()) return finish();
  system_.improve(V_);
  if (!feasible()) return finish();
  store(settings_.horizon);
  const int every =
      std::max(1, (settings_.steps + settings_.stored_levels - 2) / (settings_.stored_levels - 1));
  std::vector<double> older;
  for (int step = 1; step <= settings_.steps; ++step) {
    fraction_ = static_cast<double>(step) / settings_.steps;
    if (!march(dt, step, older)) return finish();
    const bool last = step == settings_.steps;
    if (last || (settings_.steps - step) % every == 0)
      store(last ? 0.0 : settings_.horizon - step * dt);
  }
  return finish();
}

}  // namespace

GridSolution solve_grid(PolicySystem& system, const PointProblem& problem,
                        const SolveSettings& settings, Start start) {
  Iteration iteration(system, problem, settings, std::move(start));
  return settings.horizon > 0 ? iteration.finite_horizon() : iteration.stationary();
}

std::vector<double> value_of_policy(const PolicySystem& system, double shift) {
  SparseMatrix A = system.pattern();
  std::vector<double> b, V(system.unknowns(), 0.0);
  system.assemble(shift, {}, A, b);
  LinearSolver solver(system.elimination_order(), system.planar());
  if (!solver.solve(A, b, V, 1e-10).ok) V.clear();
  return V;
}

}  // namespace hopf::runtime
