#include "driver/cost_bounds.hpp"

#include <algorithm>
#include <cmath>

#include "expr/interval.hpp"

namespace hopf::driver {

namespace {

using expr::Interval;
using runtime::Boundary;

// The same rule decides in arrange_ends which ends are open.
bool may_be_beyond(const SolveTask& task, const runtime::Grid& grid, std::size_t k) {
  const Boundary rule = grid.axes[k].boundary;
  return rule == Boundary::Extrapolate ||
         (task.policy && rule == Boundary::Constrain && task.model.states[k].boundary_defaulted);
}

// States behind open ends may be anywhere.
expr::Box whole_box(const SolveTask& task, const runtime::Grid& grid) {
  const model::Model& model = task.model;
  expr::Box box;
  for (const auto& [symbol, value] : model.bindings()) box[symbol] = {value, value};
  for (std::size_t k = 0; k < model.states.size(); ++k) {
    const runtime::Axis& axis = grid.axes[k];
    box[model.states[k].symbol] =
        may_be_beyond(task, grid, k) ? expr::entire() : Interval{axis.lo, axis.hi};
  }
  for (const auto& control : model.controls) box[control.symbol] = {control.lo, control.hi};
  if (model.regime) box[model.regime->symbol] = {1, static_cast<double>(model.regime->count)};
  box[model.time] = {0, model.horizon.value_or(0)};
  return box;
}

// The policy that does nothing, or as little as its sets allow, keeps the state inside if at every
// end where it must not leave no drift points outward and there is no noise.
bool stays_inside(const SolveTask& task, const runtime::Grid& grid, const expr::Box& resting) {
  const model::Model& model = task.model;
  for (std::size_t k = 0; k < grid.dimension(); ++k) {
    if (grid.axes[k].boundary != Boundary::Constrain) continue;
    for (const bool upper : {false, true}) {
      expr::Box face = resting;
      const double end = upper ? grid.axes[k].hi : grid.axes[k].lo;
      face[model.states[k].symbol] = {end, end};
      const Interval f = expr::enclose(*model.store, model.drift[k], face);
      if (!(upper ? f.hi <= 0 : f.lo >= 0)) return false;
      for (std::size_t j = 0; j < model.noise_count(); ++j) {
        const Interval g =
            expr::enclose(*model.store, model.diffusion[k * model.noise_count() + j], face);
        if (g.lo != 0 || g.hi != 0) return false;
      }
    }
  }
  return true;
}

}  // namespace

void bound_costs(const SolveTask& task, const runtime::Grid& grid,
                 runtime::SolveSettings& settings) {
  const model::Model& model = task.model;
  const expr::Box box = whole_box(task, grid);
  const auto enclose = [&](expr::ExprId e, const expr::Box& where) {
    return e.valid() ? expr::enclose(*model.store, e, where) : Interval{0, 0};
  };
  settings.least_cost = enclose(model.lagrangian.value, box).lo;
  const Interval terminal = enclose(model.terminal ? model.terminal->value : expr::ExprId(), box);
  settings.least_terminal = terminal.lo;
  settings.most_terminal = terminal.hi;
  if (task.policy) return;
  expr::Box resting = box;
  for (const auto& control : model.controls) {
    const double u = first_value(model, control);
    resting[control.symbol] = {u, u};
  }
  if (stays_inside(task, grid, resting))
    settings.most_cost = enclose(model.lagrangian.value, resting).hi;
}

}  // namespace hopf::driver
