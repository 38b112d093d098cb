// V against the bounds that its costs give (derive/bounds.hpp): no method's answer leaves them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "driver/solve_internal.hpp"

namespace hopf::driver {

namespace {

constexpr double kSlack = 1e-7;   // of the size of V: rounding, not a broken bound
constexpr double kGrowing = 0.5;  // the same where the rate is negative
constexpr std::size_t kMostCorners = 64;

/// Some points of the domain, or of the unit cube: the middle, the middles of the faces, corners.
std::vector<std::vector<double>> sample_points(const model::Model& model) {
  const std::size_t n = model.dimension();
  std::vector<double> middle(n), half(n);
  for (std::size_t k = 0; k < n; ++k) {
    const double lo = model.states[k].lo.value_or(-1), hi = model.states[k].hi.value_or(1);
    middle[k] = 0.5 * (lo + hi);
    half[k] = 0.5 * (hi - lo);
  }
  std::vector<std::vector<double>> points{middle};
  for (std::size_t k = 0; k < n; ++k) {
    for (const double side : {-1.0, 1.0}) {
      points.push_back(middle);
      points.back()[k] += side * half[k];
    }
  }
  for (std::size_t corner = 0; corner < kMostCorners; ++corner) {
    points.push_back(middle);
    for (std::size_t k = 0; k < n; ++k)
      points.back()[k] += ((corner >> k % 6) & 1 ? 1 : -1) * half[k];
  }
  return points;
}

/// The largest part of the bounds that a level's values break, as its place.
std::optional<std::size_t> broken_at(const std::vector<double>& value, expr::Interval range,
                                     double slack = kSlack) {
  double size = 0;
  for (const double v : value) size = std::isfinite(v) ? std::max(size, std::abs(v)) : size;
  std::optional<std::size_t> where;
  double most = slack * size;
  for (std::size_t u = 0; u < value.size(); ++u) {
    const double beyond = std::max(range.lo - value[u], value[u] - range.hi);
    if (!(beyond > most) && !std::isnan(value[u])) continue;
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
    for (const auto& x : points) values.push_back(V(x, level.t));
    if (const auto at = broken_at(values, plan.bounds.at(level.t)))
      return report(task, plan, place_text(task.model, points[*at]), values[*at], level.t);
  }
  return true;
}

bool check_grid(const SolveTask& task, const plan::Plan& plan, runtime::ValueFunction& V) {
  const auto broken = broken_bound(plan.bounds, V.times, V.value);
  if (!broken) return true;
  return report(task, plan, place_text(task.model, V.grid, broken->unknown), broken->value,
                broken->t);
}

}  // namespace

std::optional<BrokenBound> broken_bound(const derive::Bounds& bounds,
                                        const std::vector<double>& times,
                                        const std::vector<std::vector<double>>& value) {
  // At a negative rate V grows, and steps in time exceed the exponential by their error.
  const double slack = bounds.discount.lo < 0 ? kGrowing : kSlack;
  for (std::size_t level = value.size(); level-- > 0;) {
    if (const auto at = broken_at(value[level], bounds.at(times[level]), slack))
      return BrokenBound{*at, times[level], value[level][*at]};
  }
  return std::nullopt;
}

bool check_bounds(const SolveTask& task, const plan::Plan& plan, runtime::ValueFunction& V) {
  const std::string text = derive::bounds_text(task.model, plan.bounds.at(0));
  if (!(V.on_grid() ? check_grid(task, plan, V) : check_quadratic(task, plan, V))) return false;
  if (!text.empty())
    V.report.checks.push_back(
        {"bounds", text, "kept: " + derive::bounds_reason(task.model, plan.bounds), 0, false});
  return true;
}

}  // namespace hopf::driver
