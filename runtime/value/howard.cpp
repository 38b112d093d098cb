#include "value/howard.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "value/arrival.hpp"
#include "value/iteration.hpp"
#include "value/march.hpp"
#include "value/viability.hpp"

namespace hopf::runtime {

namespace {

constexpr double kLeastDiscount = 5e-5;  // of the artificial ones

bool undiscounted(const PolicySystem& system) {
  const auto rho = system.discount();
  for (std::size_t u = 0; u < rho.size(); ++u) {
    if (!system.fixed(u) && rho[u] <= 0) return true;
  }
  return false;
}

// An artificial discount that is taken away in steps leads to policies that arrive: whoever does
// not pays its inverse. False when the solve is over.
bool lead_in(Iteration& iteration, int most, double artificial) {
  for (; artificial > kLeastDiscount; artificial *= 0.1) {
    const std::vector<double> shift(iteration.V.size(), artificial);
    if (iteration.howard({shift, {}}, most)) continue;
    if (iteration.answer.failure != Failure::NotConverged) return false;
    iteration.answer.failure = Failure::None;  // it is a start, not the answer
  }
  return true;
}

/// A rate that is left over changes V by what it sums up to while the chain leaves: at most 1/rho,
/// or the time in which it makes as many steps as cross the grid.
void weigh_by_rows(const PolicySystem& system, std::vector<double>& residual) {
  SparseMatrix A = system.pattern();
  std::vector<double> b;
  system.assemble({}, A, b);
  for (std::size_t u = 0; u < residual.size(); ++u) {
    if (system.fixed(u)) continue;
    const double across = static_cast<double>(system.steps_across());
    const double rate = A.value[static_cast<std::size_t>(A.start[u])] / across;
    residual[u] = relative(residual[u], std::max(system.discount()[u], rate));
  }
}

GridSolution finish(PolicySystem& system, Iteration& iteration,
                    const std::vector<char>& never = {}) {
  GridSolution answer = std::move(iteration.answer);
  if (answer.failure != Failure::None && answer.failure != Failure::NotConverged) return answer;
  std::vector<double> residual(system.unknowns());
  system.residual(iteration.V, {}, residual);
  weigh_by_rows(system, residual);
  answer.residual = relative(largest(residual), iteration.size());
  const auto smaller = [](double a, double b) { return std::abs(a) < std::abs(b); };
  answer.where = static_cast<std::size_t>(
      std::max_element(residual.begin(), residual.end(), smaller) - residual.begin());
  for (std::size_t u = 0; u < never.size(); ++u) {
    if (never[u]) iteration.V[u] = std::numeric_limits<double>::infinity();
  }
  answer.times = {0};
  answer.value.push_back(std::move(iteration.V));
  answer.policy.push_back(system.controls());
  return answer;
}

/// A start of an iteration whose V is infinite at some nodes.
std::vector<double> finite(std::vector<double> V) {
  double highest = 0;
  for (const double v : V) highest = std::isfinite(v) ? std::max(highest, v) : highest;
  for (double& v : V) v = std::isfinite(v) ? v : highest;
  return V;
}

// Who arrives is found in a bounded transform of V, and the rest pinned; what remains is finite and
// has an equation without a discount that every later policy of the iteration keeps solvable.
GridSolution arriving(PolicySystem& system, const PointProblem& problem,
                      const SolveSettings& settings, const Start& start) {
  Iteration iteration(system, problem, settings);
  LinearSolver solver = system.linear_solver();
  Arrival arrival = find_arrival(system, problem, solver, start, [&] { return iteration.stop(); });
  iteration.answer.iterations += arrival.iterations;
  iteration.answer.where = arrival.where;
  if (iteration.answer.failure == Failure::None) iteration.answer.failure = arrival.failure;
  iteration.V = std::move(arrival.V);
  if (iteration.answer.failure == Failure::None) iteration.howard({}, settings.max_iterations);
  return finish(system, iteration, arrival.never);
}

// Nodes that cannot be kept inside have no V, and none beside them may count on them. False where
// the solve is over.
bool lose(PolicySystem& system, const PointProblem& problem, const SolveSettings& settings,
          Iteration& iteration, std::vector<char>& lost) {
  if (problem.fixed_policy) return true;
  const Viability found = find_viability(system, problem, settings);
  iteration.answer.iterations += found.iterations;
  iteration.answer.failure = found.failure;
  iteration.answer.where = found.where;
  if (found.failure != Failure::None) return false;
  auto kept = found.with(std::numeric_limits<double>::infinity(), 0);
  system.lose(kept.lost, kept.share, iteration.V);
  lost = std::move(kept.lost);
  if (!lost.empty()) system.apply(iteration.V);
  return true;
}

// Without a discount the first policy may never reach the target, and its matrix is singular; the
// policy of an interpolated guess may run in circles.
GridSolution stationary(PolicySystem& system, const PointProblem& problem,
                        const SolveSettings& settings, Start start) {
  system.set_time(0);
  if (problem.may_not_arrive && system.payments().empty()) return {.failure = Failure::NoTarget};
  if (problem.may_not_arrive) return arriving(system, problem, settings, start);
  Iteration iteration(system, problem, settings);
  const bool guessed = !start.value.empty();
  const bool has_policy = guessed && start.policy.size() == system.controls().size();
  if (guessed) iteration.V = finite(std::move(start.value));
  if (has_policy) system.controls() = std::move(start.policy);
  has_policy ? system.apply(iteration.V) : system.improve(iteration.V);
  if (!has_policy && !problem.fixed_policy) system.restrain(iteration.V, start.limit);
  std::vector<char> lost;
  if (!iteration.feasible() || !lose(system, problem, settings, iteration, lost))
    return finish(system, iteration);
  system.choose_stops(iteration.V, {});
  if (undiscounted(system) && !problem.fixed_policy &&
      !lead_in(iteration, settings.max_iterations, guessed ? 1e-2 : 1))
    return finish(system, iteration);
  iteration.howard({}, settings.max_iterations);
  return finish(system, iteration, lost);
}

}  // namespace

SolveSettings coarser(const SolveSettings& settings) {
  SolveSettings result = settings;
  if (result.steps >= 4 * result.joined) result.joined *= 2;
  result.time_tolerance *= 4;  // it goes with the square of the step
  return result;
}

SolveSettings finer(const SolveSettings& settings) {
  SolveSettings result = settings;
  result.steps *= 2;
  result.time_tolerance /= 4;
  return result;
}

GridSolution solve_grid(PolicySystem& system, const PointProblem& problem,
                        const SolveSettings& settings, Start start) {
  return settings.horizon > 0 ? march(system, problem, settings)
                              : stationary(system, problem, settings, std::move(start));
}

}  // namespace hopf::runtime
