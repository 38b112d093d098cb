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

constexpr double kLargestInfluence = 0.02;
constexpr double kLeastRange = 1e-6;  // of V, relative to its size, for a change to be relative to
constexpr std::size_t kLeastCoarse = 11;  // nodes of an axis that is to be coarsened

/// Another treatment of the ends: of open ones V is continued by one degree more; or an end where
/// 'constrain' was only assumed is opened.
struct Otherwise {
  std::vector<Boundary> rules;
  bool opened = false;
};

std::vector<Otherwise> treat_otherwise(const SolveTask& task, const std::vector<Boundary>& used) {
  std::vector<Otherwise> result;
  if (std::count(used.begin(), used.end(), Boundary::Extrapolate) > 0) result.push_back({used});
  Otherwise opened{used};
  for (std::size_t k = 0; k < used.size(); ++k) {
    if (used[k] != Boundary::Constrain || !task.model.states[k].boundary_defaulted) continue;
    opened.opened = true;
    opened.rules[k] = Boundary::Extrapolate;
  }
  if (opened.opened) result.push_back(opened);
  return result;
}

double change_inside(const runtime::Grid& grid, const std::vector<double>& V,
                     const std::vector<double>& changed) {
  double lo = std::numeric_limits<double>::infinity(), hi = -lo, moved = 0;
  for (const std::size_t u : inner_half(grid, V.size())) {
    lo = std::min(lo, V[u]);
    hi = std::max(hi, V[u]);
    moved = std::max(moved, std::abs(changed[u] - V[u]));
  }
  const double size = std::max(std::abs(lo), std::abs(hi));
  return moved / std::max({hi - lo, kLeastRange * size, 1e-300});
}

/// V with the other rules. Where ends stay open one step of Howard's iteration tells, as the policy
/// changes V in second order only; where they were opened the policy has to find its way out.
std::vector<double> continued(const runtime::PointProblem& problem, const Otherwise& other,
                              const runtime::SolveSettings& settings,
                              const runtime::GridSolution& solution) {
  const int degree = runtime::kContinuation + (other.opened ? 0 : 1);
  runtime::PolicySystem system(problem, other.rules, settings.threads, degree);
  system.set_ends_stage(runtime::PolicySystem::Ends::Choosing);
  runtime::SolveSettings few = settings;
  const bool one_step = settings.horizon <= 0 && !other.opened;
  if (one_step) few.max_iterations = 1;
  runtime::GridSolution changed =
      runtime::solve_grid(system, problem, few, {solution.value.front(), solution.policy.front()});
  const bool usable = changed.failure == runtime::Failure::None ||
                      (changed.failure == runtime::Failure::NotConverged && one_step);
  return usable ? std::move(changed.value.front()) : std::vector<double>();
}

/// A horizon needs all its steps again, an opened domain all iterations, and a grid in space is
/// dear: they are judged on half the intervals.
std::optional<double> coarse_influence(const SolveTask& task, const runtime::PointProblem& problem,
                                       const Otherwise& other,
                                       const runtime::SolveSettings& settings) {
  runtime::PointProblem half = problem;
  for (auto& axis : half.grid.axes) {
    if (axis.nodes.size() >= kLeastCoarse) axis = runtime::coarsened(axis);
  }
  runtime::SolveSettings coarse = runtime::coarser(settings);
  coarse.stored_levels = 2;
  runtime::PolicySystem system(half, boundary_rules(task, half.grid), settings.threads);
  const runtime::GridSolution base = solve_from_coarse(task, system, half, coarse);
  if (base.failure != runtime::Failure::None) return std::nullopt;
  const std::vector<double> changed = continued(half, other, coarse, base);
  if (changed.empty()) return std::nullopt;
  return change_inside(half.grid, base.value.front(), changed);
}

}  // namespace

std::vector<std::size_t> inner_half(const runtime::Grid& grid, std::size_t unknowns) {
  std::vector<std::size_t> result;
  const std::size_t points = grid.points();
  for (std::size_t u = 0; u < unknowns; ++u) {
    bool inside = true;
    for (std::size_t k = 0; k < grid.dimension() && inside; ++k) {
      const auto& axis = grid.axes[k];
      if (axis.periodic()) continue;
      const std::size_t count = axis.nodes.size(), i = u % points / grid.stride(k) % count;
      inside = 4 * i >= count - 1 && 4 * i <= 3 * (count - 1);
    }
    if (inside) result.push_back(u);
  }
  return result;
}

namespace {

std::optional<double> influence_of(const SolveTask& task, const runtime::PointProblem& problem,
                                   const Otherwise& other, const runtime::SolveSettings& settings,
                                   const runtime::GridSolution& solution) {
  const std::size_t dimension = problem.grid.dimension();
  if (settings.horizon > 0 || dimension > 2 || (dimension > 1 && other.opened))
    return coarse_influence(task, problem, other, settings);
  const std::vector<double> changed = continued(problem, other, settings, solution);
  if (changed.empty()) return std::nullopt;
  return change_inside(problem.grid, solution.value.front(), changed);
}

std::string influence_words(bool opened, std::size_t lowered) {
  std::string words =
      "change of V in the inner half of the domain, relative to its range there, when V is "
      "continued beyond open ends to one order more";
  if (opened) words += ", or the state may leave where it was assumed to stay";
  if (lowered > 0)
    words += fmt::format(
        "; at {} of them the state grows about as fast as is discounted, and V is "
        "taken to grow less",
        lowered);
  return words;
}

}  // namespace

// A domain that was assumed to hold the state may be part of the model: nothing is wrong if the
// model has no value without it.
std::optional<Check> influence_check(const SolveTask& task, const runtime::PointProblem& problem,
                                     const runtime::PolicySystem& system,
                                     const runtime::SolveSettings& settings,
                                     const runtime::GridSolution& solution) {
  const auto others = treat_otherwise(task, boundary_rules(task, problem.grid));
  if (others.empty() || (!task.model.discount && !task.model.horizon)) return std::nullopt;
  double number = 0;
  for (const Otherwise& other : others) {
    const auto influence = influence_of(task, problem, other, settings, solution);
    if (!influence && other.opened && others.size() == 1)
      number = std::numeric_limits<double>::quiet_NaN();
    else if (influence || !other.opened)
      number = std::max(number, influence.value_or(std::numeric_limits<double>::infinity()));
  }
  return Check{"boundary influence",
               std::isfinite(number) ? fmt::format("{:.2g} %", 100 * number) : "unknown",
               influence_words(others.back().opened, system.lowered_ends()), number,
               number >= kLargestInfluence};
}

}  // namespace hopf::driver
