// V against the bounds that its costs give (derive/bounds.hpp): no method's answer leaves them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "driver/solve_internal.hpp"
#include "value/quadratic_levels.hpp"

namespace hopf::driver {

namespace {

constexpr double kSlack = 1e-7;  // of the size of V: rounding, not a broken bound
constexpr std::size_t kMostCorners = 64;
constexpr std::size_t kMostProducts = 1'000'000;  // a quadratic V at all points

/// Some points of the domain, or of the unit cube: the middle, corners, the middles of the faces;
/// with very many states fewer of them.
std::vector<std::vector<double>> sample_points(const model::Model& model) {
  const std::size_t n = model.dimension();
  std::vector<double> middle(n), half(n);
  for (std::size_t k = 0; k < n; ++k) {
    const double lo = model.states[k].lo.value_or(-1), hi = model.states[k].hi.value_or(1);
    middle[k] = 0.5 * (lo + hi);
    half[k] = 0.5 * (hi - lo);
  }
  std::vector<std::vector<double>> points{middle};
  for (std::size_t corner = 0; corner < kMostCorners; ++corner) {
    points.push_back(middle);
    for (std::size_t k = 0; k < n; ++k)
      points.back()[k] += ((corner >> k % 6) & 1 ? 1 : -1) * half[k];
  }
  for (std::size_t k = 0; k < n; ++k) {
    for (const double side : {-1.0, 1.0}) {
      points.push_back(middle);
      points.back()[k] += side * half[k];
    }
  }
  points.resize(std::min(points.size(), 1 + kMostProducts / std::max<std::size_t>(n * n, 1)));
  return points;
}

/// V where nothing arrives, or stays inside: bounds are those of problems that can be kept.
bool is_forbidden(double v) { return v == std::numeric_limits<double>::infinity(); }

/// The largest part of the bounds that a level's values break, as its place. They may be beyond by
/// their errors, where these are given.
std::optional<std::size_t> broken_at(const std::vector<double>& value, expr::Interval range,
                                     const std::vector<double>& error = {}) {
  double size = 0;
  for (const double v : value) size = std::isfinite(v) ? std::max(size, std::abs(v)) : size;
  std::optional<std::size_t> where;
  double most = kSlack * size;
  for (std::size_t u = 0; u < value.size(); ++u) {
    const double off = std::max(range.lo - value[u], value[u] - range.hi);
    const double beyond = error.empty() ? off : off - error[u];
    if (is_forbidden(value[u]) || (!(beyond > most) && !std::isnan(value[u]))) continue;
    where = u;
    most = beyond;
  }
  return where;
}

bool report(const SolveTask& task, const plan::Plan& plan, const std::string& place, double value,
            double t) {
  const double sign = task.model.reward ? -1 : 1;
  auto& d =
      task.sink.emit(diagnostics::Kind::BrokenBound, task.options.span,
                     fmt::format("V = {:.6g} at {}{}, which its {} do not allow: {}", sign * value,
                                 place, task.model.horizon ? fmt::format(", t = {:.6g}", t) : "",
                                 task.model.reward ? "rewards" : "costs",
                                 derive::bounds_text(task.model, plan.bounds.at(t))));
  d.notes.push_back(derive::bounds_reason(task.model, plan.bounds));
  d.help = plan.method == plan::Method::Riccati
               ? "write method = \"fd\", or look for a cost without a lower bound"
               : "ask for a finer grid, or a larger domain";
  return false;
}

bool check_quadratic(const SolveTask& task, const plan::Plan& plan, runtime::ValueFunction& V) {
  const auto points = sample_points(task.model);
  for (const runtime::QuadraticLevel& level : V.quadratic) {
    std::vector<double> values;
    for (const auto& x : points) values.push_back(runtime::quadratic_value(level, x));
    if (const auto at = broken_at(values, plan.bounds.at(level.t)))
      return report(task, plan, place_text(task.model, points[*at]), values[*at], level.t);
  }
  return true;
}

bool check_grid(const SolveTask& task, const plan::Plan& plan, runtime::ValueFunction& V) {
  const auto broken = broken_bound(plan.bounds, V.times, V.value, V.node_error);
  if (!broken) return true;
  return report(task, plan, place_text(task.model, V.grid, broken->unknown), broken->value,
                broken->t);
}

/// Where V is below the value without the bounds of the controls by most, beyond three times its
/// error.
struct BelowUnbounded {
  double by = 0, least = 0;
  std::size_t unknown = 0;
};

BelowUnbounded below_unbounded(const std::vector<runtime::QuadraticLevel>& levels,
                               const runtime::ValueFunction& V) {
  BelowUnbounded result;
  const std::vector<double>& value = V.value.front();
  std::vector<double> x(V.grid.dimension());
  for (const std::size_t u : inner_half(V.grid, value.size())) {
    runtime::place_node(V.grid, u % V.grid.points(), x);
    const double least = runtime::quadratic_value(levels[u / V.grid.points()], x);
    const double error =
        V.node_error.empty() ? std::numeric_limits<double>::infinity() : V.node_error.front()[u];
    const double slack = 3 * error + 1e-6 * std::abs(least);
    const double by = least - value[u] - slack;
    if (by > result.by) result = {by, least, u};
  }
  return result;
}

/// More controls cost less: a linear-quadratic problem whose controls are bounded is worth at least
/// as much as its Riccati equation says, in the whole space.
void add_unbounded(const SolveTask& task, runtime::ValueFunction& V) {
  if (task.equations.lq.empty() || task.equations.has_riccati()) return;
  const auto levels = unbounded_value(task);
  if (levels.empty()) return;
  const BelowUnbounded below = below_unbounded(levels, V);
  const char* words = task.model.reward ? "at most" : "at least";
  const std::string riccati =
      fmt::format("the Riccati value, in which the controls have no bounds: {}",
                  task.model.reward ? "it cannot earn less" : "it cannot cost more");
  if (below.by == 0) {
    V.report.checks.push_back({"without bounds", words, riccati, 0, false});
    return;
  }
  const double sign = task.model.reward ? -1 : 1;
  V.report.checks.push_back(
      {"without bounds",
       fmt::format("V = {:.6g} at {}, not {} {:.6g}", sign * V.value.front()[below.unknown],
                   place_text(task.model, V.grid, below.unknown), words, sign * below.least),
       riccati + "; the ends of the domain change V there, a larger one does less", below.by,
       true});
}

}  // namespace

std::optional<BrokenBound> broken_bound(const derive::Bounds& bounds,
                                        const std::vector<double>& times,
                                        const std::vector<std::vector<double>>& value,
                                        const std::vector<std::vector<double>>& error) {
  const bool growing = bounds.discount.lo < 0;
  const std::vector<double> none;
  for (std::size_t level = value.size(); level-- > 0;) {
    const auto& own = growing && !error.empty() ? error[std::min(level, error.size() - 1)] : none;
    if (growing && own.empty()) continue;  // few steps exceed an exponential, by an unknown error
    if (const auto at = broken_at(value[level], bounds.at(times[level]), own))
      return BrokenBound{*at, times[level], value[level][*at]};
  }
  return std::nullopt;
}

void bound_costs(const SolveTask& task, const runtime::Grid& grid,
                 runtime::SolveSettings& settings) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  settings.least_cost = settings.least_terminal = -kInfinity;
  settings.most_cost = settings.most_terminal = kInfinity;
  if (!task.model.horizon) return;
  for (const bool everywhere : {false, true}) {
    const derive::Bounds bounds = derive::bounds(
        task.model, {.given_policy = task.policy != nullptr, .everywhere = everywhere});
    bool within = bounds.states.size() == grid.dimension();
    for (std::size_t k = 0; within && k < grid.dimension(); ++k) {
      const double slack = kSlack * (grid.axes[k].hi - grid.axes[k].lo);
      within = grid.axes[k].lo >= bounds.states[k].lo - slack &&
               grid.axes[k].hi <= bounds.states[k].hi + slack;
    }
    if (!within) continue;
    settings.least_cost = bounds.running.lo;
    settings.most_cost = bounds.running_most;
    settings.least_terminal = bounds.terminal.lo;
    settings.most_terminal = bounds.terminal.hi;
    return;
  }
}

bool check_bounds(const SolveTask& task, const plan::Plan& plan, runtime::ValueFunction& V) {
  const std::string text = derive::bounds_text(task.model, plan.bounds.at(0));
  if (!(V.on_grid() ? check_grid(task, plan, V) : check_quadratic(task, plan, V))) return false;
  const bool forbidden = std::any_of(V.value.begin(), V.value.end(), [](const auto& level) {
    return std::any_of(level.begin(), level.end(), is_forbidden);
  });
  const std::string kept = forbidden ? "kept where V is finite: " : "kept: ";
  if (!text.empty())
    V.report.checks.push_back(
        {"bounds", text, kept + derive::bounds_reason(task.model, plan.bounds), 0, false});
  if (V.on_grid()) add_unbounded(task, V);
  return true;
}

}  // namespace hopf::driver
