// The error of a grid answer, from its coarser grids: most of them were solved as starts already.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/between.hpp"
#include "driver/solve_internal.hpp"
#include "expr/traverse.hpp"
#include "value/error_estimate.hpp"
#include "value/truncation.hpp"

namespace hopf::driver {

namespace {

using runtime::Boundary;
using runtime::Check;
using runtime::Failure;
using Levels = std::vector<std::vector<double>>;

constexpr std::size_t kLeastNodes = 3;            // of an axis
constexpr double kStops = 1e-9;                   // V is what stopping pays
constexpr double kSameTime = 1e-9;                // relative to the horizon
constexpr double kFew = 0.25, kFewOnLine = 0.02;  // nodes where the ends decide the error
constexpr double kMostBeyond = 0.95;              // of q: a series that hardly falls is not known
constexpr double kSmallChange = 1e-6;             // of V, relative to its size
constexpr double kLargeError = 0.5;  // median over the inner half, relative to the size of V

/// The problem on half the intervals; an axis that has no fewer nodes stays, where others have.
std::optional<runtime::PointProblem> coarsened(const runtime::PointProblem& problem) {
  runtime::PointProblem result = problem;
  bool any = false;
  for (auto& axis : result.grid.axes) {
    runtime::Axis half = runtime::coarsened(axis);
    if (half.nodes.size() < kLeastNodes) continue;
    axis = std::move(half);
    any = true;
  }
  return any ? std::optional(std::move(result)) : std::nullopt;
}

/// The problem on about three quarters of the intervals, where half of them are too few to see its
/// target. An even number stays even, so that the middle of a domain remains a node.
std::optional<runtime::PointProblem> thinned(const runtime::PointProblem& problem) {
  runtime::PointProblem result = problem;
  for (auto& axis : result.grid.axes) {
    const int intervals = static_cast<int>(axis.asked_nodes()) - 1;
    const int fewer = intervals % 2 == 0 ? (3 * intervals + 4) / 8 * 2 : (3 * intervals + 2) / 4;
    if (!axis.uniform() || fewer >= intervals || fewer + 1 < static_cast<int>(kLeastNodes))
      return std::nullopt;
    axis = runtime::uniform_axis(axis.name, axis.unit, axis.boundary, axis.lo, axis.hi, fewer + 1);
  }
  return result;
}

/// An iteration that does not come to rest in the last digits serves as well.
bool usable(const runtime::GridSolution& solution) {
  return solution.failure == Failure::None ||
         (solution.failure == Failure::NotConverged && solution.change < kSmallChange &&
          !solution.value.empty());
}

runtime::GridSolution solve_again(const SolveTask& task, const runtime::PointProblem& problem,
                                  const runtime::SolveSettings& settings) {
  runtime::PolicySystem system(problem, boundary_rules(problem.grid), settings.threads);
  runtime::GridSolution solution = solve_from_coarse(task, system, problem, settings);
  const std::vector<bool> open = open_axes(problem.grid);
  if (usable(solution) || solution.failure == Failure::Cancelled || !any(open)) return solution;
  runtime::PointProblem closed = problem;
  close_ends(closed, open);
  return solve_again(task, closed, settings);
}

/// A field at time t, linear between the stored ones.
std::vector<double> at_time(const std::vector<double>& times, const Levels& levels, double t) {
  const auto next = std::upper_bound(times.begin(), times.end(), t);
  const auto after = static_cast<std::size_t>(
      std::clamp<std::ptrdiff_t>(next - times.begin(), 0, std::ssize(times) - 1));
  const std::size_t before = after == 0 ? 0 : after - 1;
  if (before == after) return levels[after];
  const double weight = std::clamp((t - times[before]) / (times[after] - times[before]), 0.0, 1.0);
  std::vector<double> result = levels[before];
  if (weight < kSameTime) return result;
  if (weight > 1 - kSameTime) return levels[after];
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = runtime::between(result[i], levels[after][i], weight);
  return result;
}

std::vector<double> at_time(const runtime::GridSolution& solution, double t) {
  return at_time(solution.times, solution.value, t);
}

/// The stored levels at which all grids have a solution of their own; of others the interpolation
/// in time would be taken for an error.
std::vector<std::size_t> common_levels(const runtime::GridSolution& fine,
                                       const std::vector<CoarseSolution>& coarse) {
  const double length = fine.times.back() - fine.times.front();
  std::vector<std::size_t> result;
  for (std::size_t level = 0; level < fine.times.size(); ++level) {
    bool common = true;
    for (const auto& other : coarse) {
      common = common &&
               std::any_of(other.solution.times.begin(), other.solution.times.end(), [&](double t) {
                 return std::abs(t - fine.times[level]) <= kSameTime * length;
               });
    }
    if (common) result.push_back(level);
  }
  return result;
}

/// The ends of the axis that only stand for a larger domain: those that are open, and those where
/// it is assumed that the state stays inside.
bool ends_artificially(const SolveTask& task, const runtime::Grid& grid, std::size_t k) {
  const auto& state = task.model.states[k];
  return grid.axes[k].boundary == Boundary::Extrapolate ||
         state.boundary == model::Boundary::Extrapolate ||
         (grid.axes[k].boundary == Boundary::Constrain && state.boundary_defaulted);
}

/// V of a wider box at the nodes of one inside of it.
std::vector<double> at_nodes(const runtime::Grid& grid, const runtime::Grid& wide,
                             const std::vector<double>& W) {
  const std::size_t points = grid.points();
  std::vector<double> result(W.size() / wide.points() * points), x(grid.dimension());
  for (std::size_t u = 0; u < result.size(); ++u) {
    runtime::place_node(grid, u % points, x);
    const auto part = std::span(W).subspan(u / points * wide.points(), wide.points());
    result[u] = runtime::interpolate(wide, part, x);
  }
  return result;
}

/// |W - V|, and 0 where one is infinite: D1 shows it.
std::vector<double> differences(const std::vector<double>& V, const std::vector<double>& W) {
  std::vector<double> result(V.size());
  for (std::size_t u = 0; u < V.size(); ++u) {
    const double d = std::abs(W[u] - V[u]);
    result[u] = std::isfinite(d) ? d : 0;
  }
  return result;
}

/// The coarsest grid's problem in a wider box, solved.
struct Variation {
  runtime::Grid grid;
  std::optional<runtime::GridSolution> solution;
};

Variation widen(const SolveTask& task, const runtime::PointProblem& problem,
                runtime::SolveSettings settings) {
  std::vector<bool> axes;
  for (std::size_t k = 0; k < problem.grid.dimension(); ++k)
    axes.push_back(ends_artificially(task, problem.grid, k));
  if (!any(axes)) return {};
  const auto wider = wider_grid(task, problem.grid, axes);
  if (!wider) return {};
  runtime::PointProblem wide = problem;
  wide.grid = wider->grid;
  bound_costs(task, wide.grid, settings);
  runtime::GridSolution solution = solve_again(task, wide, settings);
  if (!usable(solution)) return {};
  return {wide.grid, std::move(solution)};
}

/// Finds the solutions on up to two coarser grids, finest last as before.
void complete(const SolveTask& task, const runtime::PointProblem& problem,
              const runtime::SolveSettings& settings, std::vector<CoarseSolution>& coarse,
              bool& cancelled) {
  runtime::PointProblem here = problem;
  runtime::SolveSettings rough = settings;
  while (coarse.size() > 2) coarse.erase(coarse.begin());
  for (std::size_t depth = 1; depth <= 2; ++depth) {
    auto next = coarsened(here);
    if (!next) return;
    const runtime::PointProblem before = std::exchange(here, std::move(*next));
    rough = runtime::coarser(rough);
    if (coarse.size() >= depth) continue;
    runtime::GridSolution solution = solve_again(task, here, rough);
    if (solution.failure == Failure::NoTarget) {
      auto other = thinned(before);
      if (!other) return;
      here = std::move(*other);
      solution = solve_again(task, here, rough);
    }
    cancelled = solution.failure == Failure::Cancelled;
    if (!usable(solution)) return;
    coarse.insert(coarse.begin(), {here.grid, std::move(solution)});
  }
}

/// The errors at some levels, linear in time between them.
Levels spread(const std::vector<double>& times, const std::vector<std::size_t>& known,
              const Levels& errors) {
  Levels result;
  std::size_t next = 0;
  for (std::size_t level = 0; level < times.size(); ++level) {
    while (next < known.size() && known[next] < level) ++next;
    const std::size_t after = std::min(next, known.size() - 1), before = after == 0 ? 0 : after - 1;
    const double from = times[known[before]], to = times[known[after]];
    const double weight = to > from ? std::clamp((times[level] - from) / (to - from), 0.0, 1.0) : 0;
    result.push_back(errors[weight > 0 ? after : before]);
    if (weight == 0 || weight == 1) continue;
    for (std::size_t u = 0; u < result.back().size(); ++u)
      result.back()[u] = runtime::between(errors[before][u], errors[after][u], weight);
  }
  return result;
}

/// The grids of one solve, and what the coarsest one's variations give.
struct Family {
  const runtime::PointProblem& problem;
  const runtime::GridSolution& solution;
  const std::vector<CoarseSolution>& coarse;  // one or two, the finest last
  std::vector<double> upwind;
  const CoarseSolution* narrow;  // what `wide` is compared with
  Variation wide;
  double beyond;  // what all larger boxes change, relative to what `wide` does
  bool noisy;
  bool kinks;         // of the terminal amount
  Levels truncation;  // on the finest coarse grid; may be empty
};

runtime::ErrorEstimate estimate_at(const Family& family, double t, const std::vector<double>& V) {
  const CoarseSolution &half = family.coarse.back(), &last = family.coarse.front();
  const bool two = family.coarse.size() == 2;
  const std::vector<double> V2 = at_time(half.solution, t), lowest = at_time(last.solution, t);
  std::vector<double> ends;
  if (family.wide.solution)
    ends = differences(
        at_time(family.narrow->solution, t),
        at_nodes(family.narrow->grid, family.wide.grid, at_time(*family.wide.solution, t)));
  for (double& e : ends) e *= family.beyond;
  std::vector<double> carried;
  if (!family.truncation.empty()) carried = at_time(half.solution.times, family.truncation, t);
  return runtime::estimate_error(
      {&family.problem.grid, &half.grid, &last.grid, &family.narrow->grid, V, V2,
       two ? std::span<const double>(lowest) : std::span<const double>(), family.upwind, ends,
       family.problem.regimes, family.noisy, family.kinks, carried});
}

/// What the steps themselves say of their error, which has grown from the horizon on.
void add_time_error(const runtime::GridSolution& solution, std::size_t level,
                    std::vector<double>& error) {
  if (solution.time_error.empty()) return;
  const double first = solution.times.front(), T = solution.times.back();
  const double share = (T - solution.times[level]) / (T - first);
  for (std::size_t u = 0; u < error.size(); ++u) error[u] += share * solution.time_error[u];
}

/// The errors in the inner half of the model's domain, in increasing order.
struct Inner {
  std::vector<double> errors;
  std::size_t unknown = 0;  // nodes whose error is infinite though V is not
  double size = 0;          // the largest |V|
};

Inner inner_errors(const GridAnswer& answer, const runtime::Grid& domain,
                   std::vector<double> error) {
  std::vector<double> V = answer.solution.value.front();
  const auto regimes = static_cast<std::size_t>(answer.problem->regimes);
  if (answer.wide) {
    V = runtime::cropped(domain, *answer.wide, V, regimes);
    error = runtime::cropped(domain, *answer.wide, error, regimes);
  }
  Inner inner;
  for (const std::size_t u : inner_half(domain, V.size())) {
    if (!std::isfinite(V[u])) continue;
    inner.size = std::max(inner.size, std::abs(V[u]));
    if (std::isfinite(error[u]))
      inner.errors.push_back(error[u]);
    else
      ++inner.unknown;
  }
  std::sort(inner.errors.begin(), inner.errors.end());
  return inner;
}

std::string order_words(const runtime::ErrorEstimate& estimate) {
  if (std::isnan(estimate.order))
    return estimate.regular ? "coarser grids give the same" : "one coarser grid shows no order";
  if (std::isinf(estimate.order)) return "coarser grids see less of V";
  return fmt::format(
      "order {:.1f} seen on coarser grids{}", estimate.order,
      estimate.regular ? "" : ", but not alike everywhere, so the error is taken larger");
}

void summarise(const Inner& inner, const runtime::ErrorEstimate& estimate, ErrorOfValue& result) {
  result.size = inner.size;
  if (inner.errors.empty() && inner.unknown > 0) {
    result.largest = std::numeric_limits<double>::infinity();
    result.check = {"error", "unknown", "coarser grids have no finite V: ask for a finer grid",
                    result.largest, true};
    return;
  }
  if (inner.errors.empty() || inner.errors.back() == 0) {
    result.largest = 0;
    result.check = {"error", "none", "V is the same on coarser grids", 0};
    return;
  }
  result.largest = inner.errors.back();
  const double size = inner.size > 0 ? inner.size : result.largest;
  const double largest = result.largest / size,
               middle = inner.errors[inner.errors.size() / 2] / size;
  std::string words =
      "of V in the inner half of the domain, relative to its size there; " + order_words(estimate);
  if (inner.unknown > 0)
    words +=
        fmt::format("; not known at {} nodes, where coarser grids have no finite V", inner.unknown);
  const bool warning = middle > kLargeError;
  if (warning) words += "; ask for a finer grid with 'grid = ...'";
  result.check = {"error", fmt::format("{:.1g} at most, {:.1g} in the middle", largest, middle),
                  words, largest, warning};
}

/// What a free boundary between nodes adds: it lies within a cell of where the grid has it, and V
/// leaves the payment for stopping by its curvature, so that the first nodes beyond it tell
/// (Brennan & Schwartz 1977). Grids whose nodes it happens to share agree on too much.
double error_of_stopping(const runtime::Grid& grid, std::span<const double> payment,
                         const std::vector<double>& V) {
  const auto gap = [&](std::size_t u) { return payment[u] - V[u]; };
  const auto stops = [&](std::size_t u) {
    return gap(u) <= kStops * (std::abs(payment[u]) + std::abs(V[u]));
  };
  double most = 0;
  for (std::size_t k = 0; !payment.empty() && k < grid.dimension(); ++k) {
    const std::size_t count = grid.axes[k].nodes.size(), stride = grid.stride(k);
    for (std::size_t u = 0; u < V.size(); ++u) {
      const std::size_t i = u % grid.points() / stride % count;
      for (const bool up : {false, true}) {
        if (!stops(u) || (up ? i + 2 >= count : i < 2)) continue;
        const std::size_t first = up ? u + stride : u - stride;
        const std::size_t second = up ? first + stride : first - stride;
        if (stops(first) || !std::isfinite(gap(first)) || !std::isfinite(gap(second))) continue;
        most = std::max({most, gap(first), gap(second) / 4});
      }
    }
  }
  return most;
}

bool has_kinks(const expr::Store& store, expr::ExprId e) {
  using expr::Op;
  for (const expr::ExprId part : expr::topological(store, e)) {
    switch (store.op(part)) {
      case Op::Abs:
      case Op::Min:
      case Op::Max:
      case Op::Select:
        return true;
      default:
        break;
    }
  }
  return false;
}

Levels truncation_of(runtime::PointProblem problem, const CoarseSolution& coarse,
                     const runtime::SolveSettings& settings) {
  problem.grid = coarse.grid;
  return runtime::carried_truncation(problem, coarse.solution, settings);
}

/// Boxes that grow by the same share change V by less and less: 1 + q + q^2 + ... of what the first
/// does, if the next changes q of that.
double change_beyond(const SolveTask& task, const runtime::PointProblem& problem,
                     const runtime::SolveSettings& settings, const std::vector<double>& V,
                     const Variation& wide) {
  runtime::PointProblem larger = problem;
  larger.grid = wide.grid;
  const Variation wider = widen(task, larger, settings);
  if (!wider.solution) return 1;
  const std::vector<double> W = at_nodes(problem.grid, wide.grid, wide.solution->value.front());
  const std::vector<double> first = differences(V, W);
  const std::vector<double> second =
      differences(W, at_nodes(problem.grid, wider.grid, wider.solution->value.front()));
  double all = 0, next = 0;
  for (const std::size_t u : inner_half(problem.grid, V.size())) {
    all += first[u];
    next += second[u];
  }
  return all > 0 ? 1 / (1 - std::min(next / all, kMostBeyond)) : 1;
}

Family family_of(const SolveTask& task, const runtime::PointProblem& problem,
                 const runtime::PolicySystem& system, const runtime::SolveSettings& settings,
                 const runtime::GridSolution& solution, const std::vector<CoarseSolution>& coarse) {
  runtime::PointProblem narrow = problem;
  narrow.grid = coarse.front().grid;
  runtime::SolveSettings rough = runtime::coarser(settings);
  if (coarse.size() == 2) rough = runtime::coarser(rough);
  Family family{problem,
                solution,
                coarse,
                upwind_shares(system, problem.grid.dimension()),
                &coarse.front(),
                widen(task, narrow, rough),
                1,
                has_noise(task.model),
                task.model.terminal && has_kinks(*task.model.store, task.model.terminal->value),
                truncation_of(problem, coarse.back(), runtime::coarser(settings))};
  // A coarse grid lets the ends be felt too far: where they decide the error, the next finer one is
  // asked as well, if that is cheap.
  const bool line = problem.grid.dimension() == 1;
  const bool cheap = line || (problem.grid.dimension() == 2 && settings.horizon <= 0);
  if (!family.wide.solution || coarse.size() < 2 || !cheap) return family;
  const auto first = estimate_at(family, solution.times.front(), solution.value.front());
  if (first.ends_share <= (line ? kFewOnLine : kFew)) return family;
  family.beyond =
      change_beyond(task, narrow, rough, coarse.front().solution.value.front(), family.wide);
  narrow.grid = coarse.back().grid;
  Variation wide = widen(task, narrow, runtime::coarser(settings));
  if (!wide.solution) return family;
  family.wide = std::move(wide);
  family.narrow = &coarse.back();
  return family;
}

/// A grid that is too small to have coarser ones was asked for; one whose coarser ones have no
/// solution is a surprise.
ErrorOfValue unknown(const runtime::PointProblem& problem, bool cancelled) {
  const bool surprise = coarsened(problem).has_value();
  ErrorOfValue result;
  result.largest = std::numeric_limits<double>::infinity();
  result.check = {"error", "unknown",
                  surprise ? "coarser grids have no solution to compare with: ask for a finer grid"
                           : "the grid is too small to have coarser ones to compare with",
                  result.largest, surprise};
  result.cancelled = cancelled;
  return result;
}

}  // namespace

ErrorOfValue error_of_value(const SolveTask& task, const runtime::Grid& domain,
                            GridAnswer& answer) {
  const runtime::PointProblem& problem = *answer.problem;
  const runtime::SolveSettings& settings = answer.settings;
  const runtime::GridSolution& solution = answer.solution;
  std::vector<CoarseSolution>& coarse = answer.coarse;
  bool cancelled = false;
  complete(task, problem, settings, coarse, cancelled);
  if (coarse.empty() || cancelled) return unknown(problem, cancelled);
  Family family = family_of(task, problem, *answer.system, settings, solution, coarse);
  std::vector<std::size_t> known = common_levels(solution, coarse);
  if (known.size() < 3) {  // steps that follow the error; V between levels is as good as on them
    known.clear();
    for (std::size_t level = 0; level < solution.times.size(); ++level) known.push_back(level);
  }
  Levels errors;
  ErrorOfValue result;
  for (const std::size_t level : known) {
    auto estimate = estimate_at(family, solution.times[level], solution.value[level]);
    add_time_error(solution, level, estimate.error);
    if (family.noisy) {
      const double stopping =
          error_of_stopping(problem.grid, answer.system->stop_value(), solution.value[level]);
      for (double& e : estimate.error) e += stopping;
    }
    if (level == 0) summarise(inner_errors(answer, domain, estimate.error), estimate, result);
    errors.push_back(std::move(estimate.error));
  }
  result.levels = spread(solution.times, known, errors);
  return result;
}

}  // namespace hopf::driver
