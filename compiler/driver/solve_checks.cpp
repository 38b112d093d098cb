// Health checks of a grid solution: what the report says and when it warns.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "driver/solve_internal.hpp"

namespace hopf::driver {

namespace {

using runtime::Boundary;
using runtime::Check;

constexpr double kLargestResidual = 1e-6;

Check residual_check(const runtime::GridSolution& solution) {
  return {"residual", fmt::format("{:.2g}", solution.residual),
          "largest |discrete HJB equation|, relative to the size of V", solution.residual,
          !(solution.residual < kLargestResidual)};
}

// Rows that continue V beyond an open end are not monotone, and need not be: they are a face of the
// grid. The others are its body.
Check monotone_check(const runtime::PolicySystem& system) {
  runtime::SparseMatrix A = system.pattern();
  std::vector<double> b;
  system.assemble(0, {}, A, b);
  std::size_t open = 0, bad = 0;
  for (std::size_t row = 0; row < A.rows(); ++row) {
    const bool continued = system.continues(row);
    for (std::int64_t k = A.start[row] + 1; k < A.start[row + 1]; ++k) {
      if (A.value[k] <= 1e-12 * std::abs(A.value[A.start[row]])) continue;
      ++(continued ? open : bad);
      break;
    }
  }
  const double share = static_cast<double>(bad) / static_cast<double>(A.rows());
  std::string words =
      bad == 0 ? "every row inside is monotone" : "noise is too correlated to split in the others";
  if (open > 0) words += fmt::format("; {} more at open ends continue V outward", open);
  return {"monotone", fmt::format("{} of {} rows", A.rows() - bad - open, A.rows()), words, share,
          share > 0.2};
}

Check upwind_check(const runtime::PolicySystem& system, std::size_t dimension) {
  std::size_t upwind = 0, total = 0;
  for (std::size_t u = 0; u < system.unknowns(); ++u) {
    if (system.fixed(u)) continue;
    for (std::size_t k = 0; k < dimension; ++k) {
      const double lower = system.weight(k, false)[u], upper = system.weight(k, true)[u];
      if (lower == 0 && upper == 0) continue;
      ++total;
      upwind += lower == 0 || upper == 0;
    }
  }
  const double share = total ? static_cast<double>(upwind) / static_cast<double>(total) : 0;
  return {"upwind", fmt::format("{:.0f} %", 100 * share),
          "of the differences are upwind, first order; the others are central, second order", share,
          false};
}

// Nodes at an end that must not be crossed where even the best control drifts outward.
std::optional<Check> leaving_check(const runtime::PointProblem& problem,
                                   const runtime::PolicySystem& system,
                                   const std::vector<Boundary>& used) {
  std::size_t leaving = 0;
  bool constrained = false;
  for (std::size_t k = 0; k < problem.grid.dimension(); ++k) {
    const auto& axis = problem.grid.axes[k];
    if (used[k] != Boundary::Constrain || axis.boundary != used[k]) continue;
    constrained = true;
    const std::size_t count = axis.nodes.size(), stride = problem.grid.stride(k);
    for (std::size_t u = 0; u < system.unknowns(); ++u) {
      const std::size_t i = u % system.points() / stride % count;
      if (system.fixed(u) || (i != 0 && i + 1 != count)) continue;
      const double lower = system.weight(k, false)[u], upper = system.weight(k, true)[u];
      const double out = i == 0 ? lower : upper, in = i == 0 ? upper : lower;
      const double h =
          i == 0 ? axis.nodes[1] - axis.nodes[0] : axis.nodes[count - 1] - axis.nodes[count - 2];
      leaving += (out - in) * h > 1e-9 * (axis.hi - axis.lo);
    }
  }
  if (!constrained) return std::nullopt;
  return Check{"state constraint", leaving == 0 ? "kept" : fmt::format("{} nodes", leaving),
               leaving == 0 ? "at every end some control keeps the state inside"
                            : "where no control keeps the state inside; it was held there",
               static_cast<double>(leaving), leaving > 0};
}

std::optional<Check> splitting_check(const runtime::PointProblem& problem,
                                     const runtime::PolicySystem& system) {
  if (problem.given_diffusion) {
    const auto bad = system.inexact_splittings();
    return Check{"correlated noise", bad == 0 ? "split" : fmt::format("{} nodes", bad),
                 bad == 0 ? "along grid directions with nonnegative weights"
                          : "where directions beyond 4 nodes would be needed: some noise was added "
                            "to stay monotone",
                 static_cast<double>(bad), bad * 20 > system.points()};
  }
  return std::nullopt;
}

}  // namespace

namespace {

std::optional<Check> closed_check(const SolveTask& task, const runtime::Grid& grid) {
  const std::string kept =
      "outward drift is dropped there, and V near them is that of a state which waits at the end";
  if (task.close_ends)
    return Check{"open ends", "closed",
                 "with V continued through them no solution was found: " + kept, 1, true};
  const auto rules = boundary_rules(task, grid);
  bool closed = false;
  for (std::size_t k = 0; k < rules.size(); ++k) {
    closed = closed ||
             (grid.axes[k].boundary == Boundary::Extrapolate && rules[k] == Boundary::Constrain);
  }
  if (!closed || grid.dimension() != 3) return std::nullopt;
  return Check{"open ends", "closed", "with three states where the drift can lead out: " + kept, 0,
               false};
}

}  // namespace

std::vector<Check> health_checks(const SolveTask& task, const plan::Plan& plan,
                                 const runtime::PointProblem& problem,
                                 const runtime::PolicySystem& system,
                                 const runtime::SolveSettings& settings,
                                 const runtime::GridSolution& solution) {
  std::vector<Check> checks{residual_check(solution), monotone_check(system),
                            upwind_check(system, plan.grid.dimension())};
  const auto add = [&](std::optional<Check> check) {
    if (check) checks.push_back(std::move(*check));
  };
  add(splitting_check(problem, system));
  const std::vector<Boundary> used = boundary_rules(task, plan.grid);
  add(leaving_check(problem, system, used));
  add(influence_check(task, problem, system, settings, solution));
  add(closed_check(task, plan.grid));
  return checks;
}

namespace {

std::vector<double> solve_coarser(const SolveTask& task, const runtime::PointProblem& problem,
                                  const runtime::SolveSettings& settings) {
  runtime::PolicySystem system(problem, boundary_rules(task, problem.grid), settings.threads);
  runtime::GridSolution solution = solve_from_coarse(task, system, problem, settings);
  if (solution.failure != runtime::Failure::None) return {};
  return std::move(solution.value.front());
}

/// The largest changes of V from grid to grid, seen at the coarsest one's inner nodes.
struct Changes {
  double first = 0, second = 0;  // from quarter to half, from half to fine
  double size = 0;               // the largest |V| there
};

Changes compare(const runtime::Grid& fine, const std::vector<double>& V1, const runtime::Grid& half,
                const std::vector<double>& V2, const runtime::Grid& quarter,
                const std::vector<double>& V4) {
  Changes changes;
  const std::size_t points = quarter.points();
  std::vector<double> x(quarter.dimension());
  for (const std::size_t u : inner_half(quarter, V4.size())) {
    const std::size_t regime = u / points;
    for (std::size_t k = 0; k < x.size(); ++k) {
      const auto& nodes = quarter.axes[k].nodes;
      x[k] = nodes[u % points / quarter.stride(k) % nodes.size()];
    }
    const auto at = [&](const runtime::Grid& grid, const std::vector<double>& V) {
      return interpolate(grid, std::span(V).subspan(regime * grid.points(), grid.points()), x);
    };
    const double v1 = at(fine, V1), v2 = at(half, V2);
    changes.first = std::max(changes.first, std::abs(V4[u] - v2));
    changes.second = std::max(changes.second, std::abs(v2 - v1));
    changes.size = std::max(changes.size, std::abs(v1));
  }
  return changes;
}

}  // namespace

// Richardson: with e(h) = c h^q the differences of three grids give q, and the last one over 2^q -
// 1 the error left.
std::optional<Check> halving_check(const SolveTask& task, const runtime::PointProblem& problem,
                                   const runtime::SolveSettings& settings,
                                   const std::vector<double>& fine) {
  runtime::PointProblem half = problem, quarter = problem;
  for (auto& axis : half.grid.axes) axis = coarsened(axis);
  for (std::size_t k = 0; k < half.grid.axes.size(); ++k)
    quarter.grid.axes[k] = coarsened(half.grid.axes[k]);
  for (const auto& axis : quarter.grid.axes) {
    if (axis.nodes.size() < 4) return std::nullopt;
  }
  runtime::SolveSettings coarse = settings, coarsest = settings;
  coarse.steps = std::max(2, settings.steps / 2);
  coarsest.steps = std::max(2, settings.steps / 4);
  const std::vector<double> V2 = solve_coarser(task, half, coarse),
                            V4 = solve_coarser(task, quarter, coarsest);
  if (V2.empty() || V4.empty()) return std::nullopt;
  const auto [first, second, size] = compare(problem.grid, fine, half.grid, V2, quarter.grid, V4);
  const double order =
      second > 0 ? std::log2(first / second) : std::numeric_limits<double>::infinity();
  const double error = second / std::max(std::exp2(std::min(order, 4.0)) - 1, 0.1);
  const bool converged = second <= 1e-9 * (1 + size);
  return Check{
      "grid halving",
      converged ? "no change" : fmt::format("order {:.2f}, error about {:.2g}", order, error),
      fmt::format(
          "from grids of a half and a quarter of the intervals; largest |V| there is {:.3g}{}",
          size, task.model.horizon ? "; time steps are halved too" : ""),
      converged ? std::numeric_limits<double>::quiet_NaN() : order, !converged && order < 0.5};
}

}  // namespace hopf::driver
