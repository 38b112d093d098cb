#include "value/truncation.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/sum.hpp"

namespace hopf::runtime {

namespace {

constexpr std::size_t kMost = 5;     // nodes that a fourth difference takes
constexpr double kStopped = 1e-9;    // relative: V is what stopping pays
constexpr double kForever = 1e30;    // a rate that leaves nothing
constexpr double kUncertain = 0.2;   // of the sizes of parts: what they may not cancel
constexpr double kTolerance = 1e-6;  // of an estimate

/// V^(n) h^n for n = 1 .. 4 along an axis, where h is the mean spacing.
using Sizes = std::array<double, kMost>;

/// The nodes of one window along an axis.
struct Window {
  std::array<double, kMost> x{}, v{};
  std::size_t count = 0;
};

/// By divided differences, the mean of each order.
Sizes sizes_of(Window window) {
  auto& [x, v, count] = window;
  const double h = (x[count - 1] - x[0]) / static_cast<double>(count - 1);
  Sizes result{};
  double scale = 1;
  for (std::size_t n = 1; n < count; ++n) {
    for (std::size_t j = count - 1; j >= n; --j) v[j] = (v[j] - v[j - 1]) / (x[j] - x[j - n]);
    scale *= h * static_cast<double>(n);
    for (std::size_t j = n; j < count; ++j)
      result[n] += v[j] * scale / static_cast<double>(count - n);
  }
  return result;
}

/// The `count` nodes nearest to an unknown on its axis of which none belongs to a target, whose V
/// is another function; no nodes where there are none.
Window window_at(const PolicySystem& system, const Grid& grid, std::size_t k,
                 std::span<const double> V, std::size_t unknown, std::size_t count) {
  const auto& nodes = grid.axes[k].nodes;
  const auto size = std::ssize(nodes), wide = static_cast<std::ptrdiff_t>(count);
  const std::size_t stride = grid.stride(k);
  const auto i = static_cast<std::ptrdiff_t>(unknown / stride % nodes.size());
  const std::size_t base = unknown - static_cast<std::size_t>(i) * stride;
  const bool periodic = grid.axes[k].periodic();
  for (std::ptrdiff_t d = 0; d < wide && wide <= size; ++d) {
    const std::ptrdiff_t first = i - wide / 2 + (d % 2 == 0 ? d / 2 : -(d + 1) / 2);
    if (!periodic && (first < 0 || first + wide > size)) continue;
    Window result;
    for (; result.count < count; ++result.count) {
      const std::ptrdiff_t at = (first + static_cast<std::ptrdiff_t>(result.count) + size) % size;
      const std::size_t u = base + static_cast<std::size_t>(at) * stride;
      if (system.given(u)) break;
      result.x[result.count] = periodic ? static_cast<double>(result.count) * (nodes[1] - nodes[0])
                                        : nodes[static_cast<std::size_t>(at)];
      result.v[result.count] = V[u];
    }
    if (result.count == count) return result;
  }
  return {};
}

/// What the differences along the axes leave out of the rate of change of V at each unknown, and
/// the sum of the sizes of its parts; and either of them, carried.
struct Truncation {
  std::vector<double> sum, size;
  void add(std::size_t unknown, double part) {
    sum[unknown] += part;
    size[unknown] += std::abs(part);
  }
};

Truncation truncation(const PolicySystem& system, const Grid& grid, std::span<const double> V) {
  Truncation result{std::vector<double>(V.size(), 0.0), std::vector<double>(V.size(), 0.0)};
  for (std::size_t u = 0; u < V.size(); ++u) {
    for (std::size_t k = 0; k < grid.dimension() && !system.fixed(u); ++k) {
      const double down = system.weight(k, false)[u], up = system.weight(k, true)[u];
      if (down == 0 && up == 0) continue;
      const bool upwind = (down == 0) != (up == 0);
      const Window window = window_at(system, grid, k, V, u, upwind ? 3 : 5);
      if (window.count == 0) continue;
      const Sizes d = sizes_of(window);
      if (upwind) {
        result.add(u, (up + down) / 2 * d[2]);
      } else {
        result.add(u, (up - down) / 6 * d[3]);
        result.add(u, (up + down) / 24 * d[4]);
      }
    }
  }
  return result;
}

bool all_finite(const GridSolution& solution) {
  return std::all_of(solution.value.begin(), solution.value.end(), [](const auto& V) {
    return std::all_of(V.begin(), V.end(), [](double v) { return std::isfinite(v); });
  });
}

/// The errors at one level from those at the next, a time of 1/`rate` later; without a horizon
/// there is none.
bool carry(PolicySystem& system, LinearSolver& solver, const Grid& grid, std::span<const double> V,
           double rate, Truncation& error) {
  Truncation source = truncation(system, grid, V);
  std::vector<double> killing(V.size()), b;
  for (std::size_t u = 0; u < V.size(); ++u) {
    source.sum[u] += rate * error.sum[u];
    source.size[u] += rate * error.size[u];
    killing[u] = rate + system.discount()[u];
    if (system.stop_value().empty()) continue;
    const double stop = system.stop_value()[u];
    if (std::abs(V[u] - stop) <= kStopped * std::abs(stop)) killing[u] = kForever;
  }
  SparseMatrix A = system.pattern();
  system.assemble_killed(killing, source.sum, [](double) { return 0.0; }, A, b);
  if (!solver.solve(A, b, error.sum, kTolerance).ok) return false;
  for (std::size_t u = 0; u < b.size(); ++u) b[u] = system.fixed(u) ? 0 : source.size[u];
  if (!solver.again(A, b, error.size, kTolerance)) return false;
  return std::isfinite(largest(error.sum)) && std::isfinite(largest(error.size));
}

}  // namespace

std::vector<std::vector<double>> carried_truncation(const PointProblem& problem,
                                                    const GridSolution& solution,
                                                    const SolveSettings& settings) {
  if (!all_finite(solution)) return {};
  std::vector<Boundary> rules;
  for (const Axis& axis : problem.grid.axes) rules.push_back(axis.boundary);
  PolicySystem system(problem, rules, settings.threads);
  LinearSolver solver = system.linear_solver();
  std::vector<std::vector<double>> result(solution.value.size());
  const std::vector<double> none(system.unknowns(), 0.0);
  Truncation error{none, none};
  for (std::size_t level = result.size(); level-- > 0;) {
    const bool last = settings.horizon > 0 && level + 1 == result.size();
    const double step =
        last || settings.horizon <= 0 ? 0 : solution.times[level + 1] - solution.times[level];
    if (!last && (settings.horizon <= 0 || step > 0)) {
      system.set_time(solution.times[level]);
      system.improve(solution.value[level]);
      if (!carry(system, solver, problem.grid, solution.value[level], step > 0 ? 1 / step : 0,
                 error))
        return {};
    }
    for (std::size_t u = 0; u < none.size(); ++u)
      result[level].push_back(std::abs(error.sum[u]) + kUncertain * std::abs(error.size[u]));
  }
  return result;
}

}  // namespace hopf::runtime
