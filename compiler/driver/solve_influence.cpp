// What of V is decided at the ends of the domain instead of by the model.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "driver/solve_internal.hpp"

namespace hopf::driver {

namespace {

using runtime::Boundary;
using runtime::Check;

constexpr double kWider = 0.25;     // of the nodes, at each end
constexpr std::size_t kAround = 8;  // an axis' share of nodes on each side that are around a node
constexpr std::size_t kLeastCoarse = 11;  // nodes of an axis that is to be coarsened

/// "'x' and 'y'": the states whose ends are open.
std::string open_names(const model::Model& model) {
  std::string names;
  for (const auto& state : model.states) {
    if (state.boundary != model::Boundary::Extrapolate) continue;
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", state.name);
  }
  return names;
}

/// Ends where it is assumed that the state stays inside.
std::vector<bool> assumed_axes(const SolveTask& task, const runtime::Grid& grid) {
  std::vector<bool> result;
  for (std::size_t k = 0; k < grid.dimension(); ++k)
    result.push_back(grid.axes[k].boundary == Boundary::Constrain &&
                     task.model.states[k].boundary == model::Boundary::Constrain &&
                     task.model.states[k].boundary_defaulted);
  return result;
}

/// The range of V around a node: at two places on each side along each axis.
double range_around(const runtime::Grid& grid, const std::vector<double>& V, std::size_t unknown) {
  double lo = V[unknown], hi = lo;
  for (std::size_t k = 0; k < grid.dimension(); ++k) {
    const auto& axis = grid.axes[k];
    const std::size_t count = axis.nodes.size(), stride = grid.stride(k);
    const std::size_t i = unknown % grid.points() / stride % count, base = unknown - i * stride;
    const std::size_t far = std::max<std::size_t>(2, count / kAround);
    for (const std::size_t step : {far / 2, far}) {
      for (const std::size_t at : {i >= step ? i - step : 0, std::min(i + step, count - 1)}) {
        lo = std::min(lo, V[base + at * stride]);
        hi = std::max(hi, V[base + at * stride]);
      }
    }
  }
  return hi - lo;
}

/// V continued beyond open ends by one degree more. Without a horizon one step of Howard's
/// iteration tells, as the policy changes V in second order only.
std::vector<double> continued(const runtime::PointProblem& problem,
                              const runtime::SolveSettings& settings,
                              const runtime::GridSolution& solution) {
  runtime::PolicySystem system(problem, boundary_rules(problem.grid), settings.threads,
                               runtime::kContinuation + 1);
  system.set_ends_stage(runtime::PolicySystem::Ends::Choosing);
  runtime::SolveSettings few = settings;
  const bool one_step = settings.horizon <= 0;
  if (one_step) few.max_iterations = 1;
  runtime::GridSolution changed =
      runtime::solve_grid(system, problem, few, {solution.value.front(), solution.policy.front()});
  const bool usable = changed.failure == runtime::Failure::None ||
                      (changed.failure == runtime::Failure::NotConverged && one_step);
  return usable ? std::move(changed.value.front()) : std::vector<double>();
}

/// V in a domain that is wider at the ends where the state is assumed to stay.
std::vector<double> widened_value(const SolveTask& task, const runtime::PointProblem& problem,
                                  const std::vector<bool>& axes, runtime::SolveSettings settings) {
  const auto wide = wider_grid(task, problem.grid, axes);
  if (!wide) return {};
  runtime::PointProblem larger = problem;
  larger.grid = wide->grid;
  bound_costs(task, larger.grid, settings);
  runtime::PolicySystem system(larger, boundary_rules(larger.grid), settings.threads);
  const runtime::GridSolution solution = solve_from_coarse(task, system, larger, settings);
  if (solution.failure != runtime::Failure::None) return {};
  return runtime::cropped(problem.grid, *wide, solution.value.front(),
                          static_cast<std::size_t>(problem.regimes));
}

/// Another domain needs all iterations, a horizon all its steps again, and a grid in space is dear:
/// they are judged on half the intervals.
std::optional<Influence> coarse_influence(const SolveTask& task,
                                          const runtime::PointProblem& problem,
                                          const std::vector<bool>& assumed,
                                          const runtime::SolveSettings& settings) {
  runtime::PointProblem half = problem;
  for (auto& axis : half.grid.axes) {
    if (axis.nodes.size() >= kLeastCoarse) axis = runtime::coarsened(axis);
  }
  runtime::SolveSettings coarse = runtime::coarser(settings);
  coarse.stored_levels = 2;
  runtime::PolicySystem system(half, boundary_rules(half.grid), settings.threads);
  const runtime::GridSolution base = solve_from_coarse(task, system, half, coarse);
  if (base.failure != runtime::Failure::None) return std::nullopt;
  const std::vector<double> changed =
      assumed.empty() ? continued(half, coarse, base) : widened_value(task, half, assumed, coarse);
  if (changed.empty()) return std::nullopt;
  const Change change = largest_change(half.grid, base.value.front(), changed);
  return Influence{change.share, place_text(task.model, half.grid, change.where), !assumed.empty()};
}

}  // namespace

std::optional<runtime::Widened> wider_grid(const SolveTask& task, const runtime::Grid& grid,
                                           const std::vector<bool>& axes) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  std::vector<std::array<double, 2>> limits;
  const auto ranges = derive::bounds(task.model, {.everywhere = true}).states;
  for (std::size_t k = 0; k < grid.dimension(); ++k) {
    const auto& axis = grid.axes[k];
    if (ranges.empty())
      limits.push_back({axis.lo >= 0 ? 0 : -inf, axis.hi <= 0 ? 0 : inf});
    else
      limits.push_back({axis.lo == 0 ? 0 : ranges[k].lo, axis.hi == 0 ? 0 : ranges[k].hi});
  }
  runtime::Widened wide = runtime::widened(grid, axes, limits, kWider);
  if (wide.grid.points() == grid.points()) return std::nullopt;
  return wide;
}

std::vector<std::size_t> inner_half(const runtime::Grid& grid, std::size_t unknowns) {
  std::vector<std::size_t> result;
  const std::size_t points = grid.points();
  for (std::size_t u = 0; u < unknowns; ++u) {
    if (runtime::in_inner_half(grid, u % points)) result.push_back(u);
  }
  return result;
}

Change largest_change(const runtime::Grid& grid, const std::vector<double>& V,
                      const std::vector<double>& changed) {
  Change result;
  for (const std::size_t u : inner_half(grid, V.size())) {
    if (changed[u] == V[u]) continue;
    const double size = std::max({std::abs(V[u]), range_around(grid, V, u), 1e-300});
    const double share = std::abs(changed[u] - V[u]) / size;
    if (!(share <= result.share)) result = {share, u};
  }
  return result;
}

namespace {

std::optional<Influence> influence_of_open(const SolveTask& task, const GridAnswer& answer) {
  const runtime::PointProblem& problem = *answer.problem;
  if (answer.settings.horizon > 0 || problem.grid.dimension() > 2)
    return coarse_influence(task, problem, {}, answer.settings);
  // In the plane the solution on half the intervals, which was the start, tells as much for less.
  const bool half = problem.grid.dimension() == 2 && !answer.coarse.empty();
  runtime::PointProblem here = problem;
  if (half) here.grid = answer.coarse.back().grid;
  const runtime::GridSolution& solution = half ? answer.coarse.back().solution : answer.solution;
  const std::vector<double> changed = continued(here, answer.settings, solution);
  if (changed.empty()) return std::nullopt;
  const Change change = largest_change(here.grid, solution.value.front(), changed);
  return Influence{change.share, place_text(task.model, here.grid, change.where), false};
}

}  // namespace

// A domain that was assumed to hold the state may be part of the model: nothing is wrong if the
// model has no value in a larger one.
std::optional<Influence> influence_of_ends(const SolveTask& task, const GridAnswer& answer) {
  if (endless(task.model)) return std::nullopt;
  std::optional<Influence> most;
  const runtime::PointProblem& problem = *answer.problem;
  if (any(open_axes(problem.grid)))
    most = influence_of_open(task, answer)
               .value_or(Influence{std::numeric_limits<double>::infinity(), "", false});
  const std::vector<bool> assumed = assumed_axes(task, problem.grid);
  if (!any(assumed)) return most;
  const auto influence = coarse_influence(task, problem, assumed, answer.settings);
  if (influence && (!most || influence->share > most->share)) most = influence;
  return most;
}

Check influence_check(const SolveTask& task, const runtime::PolicySystem& system,
                      const Influence& influence) {
  std::string words =
      influence.assumed
          ? "largest change of V in the inner half of the domain, relative to V and "
            "its range nearby, when the domain is wider by a quarter where the state was assumed "
            "to stay"
          : "largest change of V in the inner half of the domain, relative to V and "
            "its range nearby, when V is continued beyond open ends to one order more";
  if (const std::size_t lowered = system.lowered_ends(); lowered > 0 && !influence.assumed)
    words += fmt::format(
        "; at {} of them the state grows about as fast as is discounted, and V is "
        "taken to grow less",
        lowered);
  const bool known = std::isfinite(influence.share), warning = influence.share >= kLargestInfluence;
  if (warning) {
    words += influence.assumed
                 ? "; write 'constrain' after the domain if the model ends there, or enlarge it"
                 : fmt::format("; enlarge the domain of {}", open_names(task.model));
  }
  return {"boundary influence",
          known ? fmt::format("{:.2g} %{}", 100 * influence.share,
                              influence.share > 0 ? " at " + influence.place : "")
                : "unknown",
          words, influence.share, warning};
}

}  // namespace hopf::driver
