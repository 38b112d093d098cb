#include "driver/path_policy.hpp"

#include <algorithm>

#include "value/quadratic_levels.hpp"

namespace hopf::driver {
namespace {

using runtime::Axis;
using runtime::Grid;
using runtime::ValueFunction;

constexpr int kFiner = 4;
constexpr std::size_t kMaxResampled = 4'000'000;  // nodes of one table

Grid uniform_grid(const Grid& grid) {
  Grid result;
  for (const Axis& axis : grid.axes) {
    const int count = static_cast<int>(axis.nodes.size());
    result.axes.push_back(axis.uniform()
                              ? axis
                              : runtime::uniform_axis(axis.name, axis.unit, axis.boundary,
                                                      axis.nodes.front(), axis.nodes.back(),
                                                      kFiner * (count - 1) + 1));
  }
  return result.points() <= kMaxResampled ? result : grid;
}

/// One control over (regime,) grid at one level.
std::vector<double> resample(const ValueFunction& value, const Grid& grid, double t,
                             std::size_t control) {
  std::vector<double> table;
  std::vector<double> x(grid.dimension());
  for (int regime = 1; regime <= value.regimes; ++regime) {
    for (std::size_t point = 0; point < grid.points(); ++point) {
      std::size_t rest = point;
      for (std::size_t axis = grid.dimension(); axis-- > 0;) {
        x[axis] = grid.axes[axis].nodes[rest % grid.axes[axis].nodes.size()];
        rest /= grid.axes[axis].nodes.size();
      }
      table.push_back(value.law(x, t, regime)[control]);
    }
  }
  return table;
}

std::vector<double> axis_uniforms(const Grid& grid, int regimes) {
  std::vector<double> uniforms;
  if (regimes > 1) {
    uniforms = {1, 1, static_cast<double>(regimes), 0, static_cast<double>(grid.points())};
  }
  for (std::size_t k = 0; k < grid.dimension(); ++k) {
    const Axis& axis = grid.axes[k];
    const auto count = static_cast<double>(axis.nodes.size());
    const double spacing = (axis.nodes.back() - axis.nodes.front()) / (count - 1);
    const double stride = static_cast<double>(grid.stride(k));
    uniforms.insert(uniforms.end(),
                    {axis.nodes.front(), 1 / spacing, count, axis.periodic() ? 1.0 : 0.0, stride});
  }
  return uniforms;
}

/// The position of each model control among the solution's.
std::vector<std::size_t> control_order(const model::Model& model, const ValueFunction& value) {
  std::vector<std::size_t> order;
  for (const model::Control& control : model.controls) {
    const auto same = [&](const runtime::NamedUnit& named) { return named.name == control.name; };
    const auto found = std::find_if(value.controls.begin(), value.controls.end(), same);
    order.push_back(static_cast<std::size_t>(found - value.controls.begin()));
  }
  return order;
}

}  // namespace

kernel::PathPolicy path_policy(const model::Model& model, const ValueFunction* value,
                               const Policy* policy) {
  kernel::PathPolicy result;
  if (model.controls.empty()) return result;
  if (value && value->on_grid()) {
    result.from = kernel::PathPolicy::From::Tables;
    for (const std::size_t k : control_order(model, *value)) {
      result.nearest.push_back(k < value->control_is_discrete.size() &&
                               value->control_is_discrete[k]);
      const bool round = value->period(k) > 0;
      result.turns.push_back(round ? kernel::PathPolicy::Turn{value->control_circle[k].origin,
                                                              value->control_circle[k].period}
                                   : kernel::PathPolicy::Turn{});
    }
  } else if (value) {
    result.from = kernel::PathPolicy::From::Affine;
  } else if (policy) {
    result.from = kernel::PathPolicy::From::Expressions;
    for (const model::Control& control : model.controls)
      result.expressions.push_back(policy->at(control.name));
  }
  return result;
}

/// The control found at a stored time holds until the next one: an implicit step uses it over that
/// interval.
PolicyTables policy_tables(const model::Model& model, const ValueFunction& value) {
  PolicyTables result;
  const Grid grid = uniform_grid(value.grid);
  const bool same = std::all_of(value.grid.axes.begin(), value.grid.axes.end(),
                                [](const Axis& a) { return a.uniform(); });
  result.axis_uniforms = axis_uniforms(grid, value.regimes);
  const std::vector<std::size_t> order = control_order(model, value);
  for (std::size_t level = 0; level < value.policy.size(); ++level) {
    const bool is_last_time = value.horizon && level > 0 && level + 1 == value.policy.size();
    if (is_last_time) break;  // at the horizon nothing is left to control
    runtime::PathRun::Level entry;
    entry.from = level == 0 ? 0.0 : value.times[level];
    for (const std::size_t k : order) {
      if (!same) result.resampled.push_back(resample(value, grid, value.times[level], k));
      entry.tables.push_back(same ? value.policy[level][k].data() : result.resampled.back().data());
    }
    result.levels.push_back(std::move(entry));
  }
  return result;
}

std::vector<runtime::PathRun::Level> levels_on(const PolicyTables& tables,
                                               const runtime::TimeGrid& grid) {
  std::vector<runtime::PathRun::Level> levels;
  for (runtime::PathRun::Level level : tables.levels) {
    level.first_step = grid.first_from(level.from);
    if (level.first_step >= grid.steps()) break;
    if (!levels.empty() && levels.back().first_step == level.first_step) levels.pop_back();
    levels.push_back(std::move(level));
  }
  return levels;
}

void append_affine(const ValueFunction& value, double t, std::vector<double>& out) {
  for (int regime = 1; regime <= value.regimes; ++regime) {
    const runtime::QuadraticLevel level =
        runtime::quadratic_level(value.quadratic, value.regimes, t, regime);
    out.insert(out.end(), level.K.begin(), level.K.end());
    out.insert(out.end(), level.k.begin(), level.k.end());
  }
}

}  // namespace hopf::driver
