// The ends of the domain that the model leaves open.
//
// At first V is continued beyond them (runtime/value/continuation.hpp), which is exact for
// quadratic V and for powers. These rows are not monotone: a policy that hurries out and a
// continuation that makes this cheap can confirm each other. So the answer is held against the
// bounds that the costs give and against another continuation; where it breaks the ones or hangs on
// the other, the domain is widened and closed instead: every row is then monotone, no control leads
// out where another one stays, and where none does the state waits at the end and pays on.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/parallel.hpp"
#include "driver/solve_internal.hpp"
#include "grid/widen.hpp"

namespace hopf::driver {

namespace {

using runtime::Boundary;
using runtime::Check;
using runtime::Failure;
using runtime::GridSolution;
using runtime::PointProblem;
using runtime::SolveSettings;

constexpr double kShares[] = {0.5, 1.5};      // of the nodes, added at both ends
constexpr double kGrowth = 1.1;               // of the spacings there: what is far need not be fine
constexpr std::size_t kMostPoints = 400'000;  // of a widened grid

// Whether some control can drive a state out through an end, by interval arithmetic.
bool may_leave(const model::Model& model, std::size_t k, bool upper, const expr::Box& box) {
  const double nothing = 1e-9 * (*model.states[k].hi - *model.states[k].lo);  // rounding
  const expr::Interval drift = model::drift_at_end(model, k, upper, box);
  return upper ? drift.hi > nothing : drift.lo < -nothing;
}

bool breaks_bounds(const plan::Plan& plan, const GridAnswer& answer) {
  const runtime::GridSolution& solution = answer.solution;
  return broken_bound(plan.bounds, solution.times, solution.value, {solution.time_error})
      .has_value();
}

/// V at time 0 on the plan's grid.
std::vector<double> first_level(const runtime::Grid& first, const GridAnswer& answer) {
  const auto& V = answer.solution.value.front();
  return answer.wide
             ? runtime::cropped(first, *answer.wide, V, V.size() / answer.wide->grid.points())
             : V;
}

std::vector<std::array<double, 2>> limits_of(const derive::Bounds& bounds) {
  std::vector<std::array<double, 2>> result;
  for (const expr::Interval& range : bounds.states) result.push_back({range.lo, range.hi});
  return result;
}

std::string ends_text(const runtime::Grid& grid, const std::vector<bool>& axes) {
  std::string text;
  for (std::size_t k = 0; k < axes.size(); ++k) {
    if (!axes[k]) continue;
    text += fmt::format("{}{} in [{:.4g}, {:.4g}]", text.empty() ? "" : ", ", grid.axes[k].name,
                        grid.axes[k].nodes.front(), grid.axes[k].nodes.back());
  }
  return text;
}

/// The domain with its ends closed, then larger ones, until V in the first no longer depends on
/// them.
GridAnswer solve_closed(const SolveTask& task, const plan::Plan& plan, const PointProblem& problem,
                        const SolveSettings& settings, const std::string& why) {
  const std::vector<bool> open = open_axes(problem.grid);
  PointProblem closed = problem;
  close_ends(closed, open);
  GridAnswer best = answer_on_grid(task, closed, settings);
  if (best.solution.failure != Failure::None) return best;
  double moved = std::numeric_limits<double>::quiet_NaN();
  std::size_t where = 0;
  std::string text = ends_text(problem.grid, open);
  for (const double share : kShares) {
    if (problem.grid.dimension() > 2 || plan.bounds.states.empty() || task.policy) break;
    runtime::Widened wide = widened(closed.grid, open, limits_of(plan.bounds), share, kGrowth);
    if (wide.grid.points() > kMostPoints || wide.grid.points() == closed.grid.points()) break;
    PointProblem larger = closed;
    larger.grid = wide.grid;
    SolveSettings wider = settings;
    bound_costs(task, larger.grid, wider);
    GridAnswer next = answer_on_grid(task, std::move(larger), wider);
    if (next.solution.failure == Failure::Cancelled) return next;
    if (next.solution.failure != Failure::None) break;
    text = ends_text(wide.grid, open);
    next.wide = std::move(wide);
    const Change change = largest_change(problem.grid, first_level(problem.grid, best),
                                         first_level(problem.grid, next));
    moved = change.share, where = change.where;
    best = std::move(next);
    if (moved < kLargestInfluence) break;
  }
  const std::string last =
      std::isnan(moved) ? "no larger domain could be tried"
                        : fmt::format("the last enlargement changes V by {:.2g} %, at {}",
                                      100 * moved, place_text(task.model, problem.grid, where));
  best.checks.push_back(
      {"open ends", "closed at " + text,
       fmt::format("{}; no control may lead out there where another stays, and where none does the "
                   "state waits at the end and pays on; {}",
                   why, last),
       moved, !(moved < kLargestInfluence)});
  return best;
}

}  // namespace

std::vector<Boundary> boundary_rules(const runtime::Grid& grid) {
  std::vector<Boundary> rules;
  for (const auto& axis : grid.axes) rules.push_back(axis.boundary);
  return rules;
}

bool has_noise(const model::Model& model) {
  return std::any_of(model.diffusion.begin(), model.diffusion.end(),
                     [&](expr::ExprId g) { return !model.store->is_zero(g); });
}

bool endless(const model::Model& model) {
  return !model.horizon &&
         (!model.discount || model.store->is_zero(numeric(model, model.discount->value)));
}

bool any(const std::vector<bool>& axes) {
  return std::find(axes.begin(), axes.end(), true) != axes.end();
}

std::vector<bool> open_axes(const runtime::Grid& grid) {
  std::vector<bool> result;
  for (const auto& axis : grid.axes) result.push_back(axis.boundary == Boundary::Extrapolate);
  return result;
}

std::vector<bool> ends_closed_at_once(const SolveTask& task, const runtime::Grid& grid) {
  std::vector<bool> result = open_axes(grid);
  const expr::Box box = model::whole_box(task.model);
  for (std::size_t k = 0; k < result.size(); ++k)
    result[k] = result[k] && (endless(task.model) ||
                              (grid.dimension() == 3 && (may_leave(task.model, k, false, box) ||
                                                         may_leave(task.model, k, true, box))));
  return result;
}

void close_ends(PointProblem& problem, const std::vector<bool>& axes) {
  for (std::size_t k = 0; k < axes.size(); ++k) {
    if (axes[k]) problem.grid.axes[k].boundary = Boundary::Constrain;
  }
  if (!problem.held_improve.empty()) problem.improve = problem.held_improve;
  if (!problem.held_score.empty()) problem.score = problem.held_score;
}

namespace {

// Per axis, open lower and upper ends beyond which the drift can lead on, where nothing but the
// target pays: who comes there need not come back. Wider domains find the few who do.
std::vector<char> escaping_ends(const SolveTask& task, const runtime::Grid& grid) {
  const model::Model& model = task.model;
  const std::vector<bool> open = open_axes(grid);
  const expr::Interval cost = derive::bounds(model).running;
  if (!endless(model) || !has_noise(model) || cost.lo != 0 || cost.hi != 0) return {};
  const expr::Box box = model::whole_box(model);
  std::vector<char> result(2 * open.size(), 0);
  for (std::size_t k = 0; k < open.size(); ++k) {
    if (!open[k]) continue;
    result[2 * k] = may_leave(model, k, false, box);
    result[2 * k + 1] = may_leave(model, k, true, box);
  }
  return result;
}

}  // namespace

void arrange_ends(const SolveTask& task, PointProblem& problem) {
  for (std::size_t k = 0; k < problem.grid.dimension(); ++k) {
    auto& boundary = problem.grid.axes[k].boundary;
    if (task.policy && boundary == Boundary::Constrain && task.model.states[k].boundary_defaulted)
      boundary = Boundary::Extrapolate;
  }
  const std::vector<bool> closed = ends_closed_at_once(task, problem.grid);
  problem.escapes = escaping_ends(task, problem.grid);
  for (std::size_t k = 0; k < closed.size(); ++k) {
    if (closed[k]) problem.grid.axes[k].boundary = Boundary::Constrain;
  }
}

void crop(const runtime::Grid& first, const runtime::Widened& wide, int regimes,
          GridSolution& solution, std::vector<std::vector<double>>& errors) {
  const auto fields = static_cast<std::size_t>(regimes);
  for (auto* levels : {&solution.value, &errors}) {
    for (auto& level : *levels) level = runtime::cropped(first, wide, level, fields);
  }
  for (auto& level : solution.policy) {
    for (auto& control : level) control = runtime::cropped(first, wide, control, fields);
  }
}

namespace {

/// Without noise, a target and a horizon make two regions of V, those that arrive in time and those
/// that do not, with a kink between them that runs into the ends.
bool turns_at_ends(const SolveTask& task) {
  const model::Model& model = task.model;
  if (!model.until || !model.horizon || task.policy) return false;
  return !has_noise(model);
}

}  // namespace

GridAnswer solve_with_ends(const SolveTask& task, const plan::Plan& plan,
                           const PointProblem& problem, const SolveSettings& settings) {
  PointProblem arranged = problem;
  arrange_ends(task, arranged);
  const bool open = any(open_axes(arranged.grid));
  if (open && turns_at_ends(task))
    return solve_closed(task, plan, arranged, settings,
                        "V has kinks there, which no continuation through them knows");
  GridAnswer first = answer_on_grid(task, arranged, settings);
  const Failure failure = first.solution.failure;
  if (failure == Failure::Singular || failure == Failure::NotConverged) {
    if (!open) return first;
    return solve_closed(task, plan, arranged, settings,
                        "with V continued through them no solution was found");
  }
  if (failure != Failure::None) return first;
  if (open && breaks_bounds(plan, first))
    return solve_closed(task, plan, arranged, settings,
                        "V continued through them broke the bounds that its costs give");
  std::optional<Influence> influence = influence_of_ends(task, first);
  if (open && influence && !influence->assumed && influence->share >= kLargestInfluence) {
    GridAnswer other = solve_closed(task, plan, arranged, settings,
                                    "V depends on how it is continued through them");
    const bool better = other.solution.failure == Failure::None && !other.checks.back().warning;
    if (better || other.solution.failure == Failure::Cancelled) return other;
  }
  if (influence) first.checks.push_back(influence_check(task, *first.system, *influence));
  return first;
}

}  // namespace hopf::driver
