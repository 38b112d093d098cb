// Finer grids, until V is known as well as was asked for, or while they are cheap.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/memory.hpp"
#include "driver/solve_internal.hpp"

namespace hopf::driver {

namespace {

constexpr double kDefaultError = 1e-4;  // relative, of grids that nobody chose,
constexpr double kDefaultWork = 1.5;    // and what the next one may cost, in seconds
constexpr std::size_t kDefaultNodes =
    8001;                               // of an axis, at most: finer ones begin to feel rounding
constexpr double kMostWork = 100;       // of grids for an error that was asked for
constexpr double kDefaultMemory = 1e9;  // bytes of a grid that nobody chose
constexpr double kProgress = 0.8;  // of the last error: a finer grid that leaves more does not help
constexpr double kBytesPerUnknown = 3000;  // of factors, levels and policies, roughly

struct Goal {
  double error = 0;
  bool relative = false, asked = false;
  double work = 0;
  std::size_t nodes = 0;
};

std::optional<Goal> goal_of(const SolveTask& task) {
  const plan::Options& options = task.options;
  if (options.error > 0)
    return Goal{options.error, options.error_relative, true, kMostWork, SIZE_MAX};
  if (!options.grid.empty() || !options.stretch.empty() || options.steps > 0) return std::nullopt;
  return Goal{kDefaultError, true, false, kDefaultWork, kDefaultNodes};
}

// What the next finer grid costs, in seconds of one core: from counts alone, so that the choice of
// a grid is the same on every machine. One iteration takes a band, fronts (whose cost grows with
// the 3/2 power of the unknowns) or an iterative solve.
double next_work(const GridAnswer& answer) {
  const double dimension = static_cast<double>(answer.problem->grid.dimension());
  const double unknowns = std::exp2(dimension) * static_cast<double>(answer.system->unknowns());
  const double iteration = dimension == 1   ? 6e-7 * unknowns
                           : dimension == 2 ? 1e-6 * unknowns + 2.5e-8 * std::pow(unknowns, 1.5)
                                            : 4e-6 * unknowns;
  const double more = answer.settings.horizon > 0 ? 2 : 1;
  return more * (answer.solution.iterations + 1) * iteration;
}

bool too_many_nodes(const Goal& goal, const runtime::Grid& grid) {
  return std::any_of(grid.axes.begin(), grid.axes.end(), [&](const runtime::Axis& axis) {
    return 2 * axis.asked_nodes() - 1 > goal.nodes;
  });
}

/// Grids that nobody chose are the same on every machine, whatever memory it has.
bool fits_memory(const Goal& goal, const GridAnswer& answer) {
  const double room =
      goal.asked ? static_cast<double>(runtime::available_memory()) : kDefaultMemory;
  const double dimension = static_cast<double>(answer.problem->grid.dimension());
  return std::exp2(dimension) * static_cast<double>(answer.system->unknowns()) * kBytesPerUnknown <
         room;
}

bool reached(const Goal& goal, const ErrorOfValue& error) {
  return error.largest <= goal.error * (goal.relative ? error.size : 1);
}

/// The answer's solution is the last of the coarser ones of the next.
GridAnswer finer(const SolveTask& task, GridAnswer& answer) {
  runtime::PointProblem problem = *answer.problem;
  for (auto& axis : problem.grid.axes) axis = runtime::refined(axis);
  std::vector<CoarseSolution> coarse;
  if (!answer.coarse.empty()) coarse.push_back(std::move(answer.coarse.back()));
  coarse.push_back({answer.problem->grid, std::move(answer.solution)});
  GridAnswer next =
      answer_on_grid(task, std::move(problem), runtime::finer(answer.settings), std::move(coarse));
  next.checks = answer.checks;
  return next;
}

void find_error(const SolveTask& task, const plan::Plan& plan, GridAnswer& answer) {
  const runtime::Grid& domain = answer.wide ? plan.grid : answer.problem->grid;
  answer.error = error_of_value(task, domain, answer);
}

/// Without a failure, and within the bounds that the costs give.
bool serves(const plan::Plan& plan, const runtime::GridSolution& solution) {
  return solution.failure == runtime::Failure::None &&
         !broken_bound(plan.bounds, solution.times, solution.value, {solution.time_error});
}

/// Why the answer stays on its grid.
const char* obstacle(const Goal& goal, const GridAnswer& answer) {
  if (answer.wide) return "a domain that had to be larger than the model's is not refined";
  if (next_work(answer) > goal.work || too_many_nodes(goal, answer.problem->grid))
    return "the next finer grid would take minutes";
  if (!fits_memory(goal, answer))
    return "the next finer grid does not fit into the memory that is free";
  return nullptr;
}

void say_short(const Goal& goal, const char* why, runtime::Check& check) {
  check.warning = true;
  check.words +=
      fmt::format("; {:.3g}{} was asked for, and {}", goal.relative ? 100 * goal.error : goal.error,
                  goal.relative ? " %" : "", why);
}

}  // namespace

void refine(const SolveTask& task, const plan::Plan& plan, GridAnswer& answer) {
  find_error(task, plan, answer);
  const auto goal = goal_of(task);
  const char* why = nullptr;
  while (goal && !answer.error.cancelled && !reached(*goal, answer.error) && !why) {
    why = obstacle(*goal, answer);
    if (why) break;
    const double before = answer.error.largest;
    GridAnswer next = finer(task, answer);
    if (next.solution.failure == runtime::Failure::Cancelled) {
      answer.error.cancelled = true;
    } else if (!serves(plan, next.solution)) {
      answer.solution = std::move(next.coarse.back().solution);
      why = "the next finer grid has no solution that was found";
    } else {
      find_error(task, plan, next);
      answer = std::move(next);
      if (!(answer.error.largest <= kProgress * before) && !reached(*goal, answer.error))
        why = "the last finer grid brought it no closer";
    }
  }
  if (why && goal->asked) say_short(*goal, why, answer.error.check);
}

}  // namespace hopf::driver
