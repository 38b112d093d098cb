#include "driver/circular.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace hopf::driver {

namespace {

constexpr int kPoints = 24;
constexpr int kMostTurns = 8;                   // that an interval may hold
constexpr double kSame = 1e-9;                  // relative
constexpr double kStep = 0.754877666246692760;  // the plastic number's inverse: well spread

/// Whatever of the model a control may act on.
std::vector<expr::ExprId> acted_on(const model::Model& model, expr::SymbolId control) {
  std::vector<expr::ExprId> all = model.drift;
  all.insert(all.end(), model.diffusion.begin(), model.diffusion.end());
  if (model.lagrangian.value.valid()) all.push_back(model.lagrangian.value);
  if (model.discount) all.push_back(model.discount->value);
  if (model.regime) all.insert(all.end(), model.regime->rates.begin(), model.regime->rates.end());
  std::erase_if(all, [&](expr::ExprId e) { return !depends_on(*model.store, e, control); });
  return all;
}

double within(double lo, double hi, double share) {
  if (!std::isfinite(lo) || !std::isfinite(hi)) return 4 * share - 2;
  return lo + share * (hi - lo);
}

/// A point of the state and control sets, the k-th of a sequence that is spread over them.
expr::Binding point_of(const model::Model& model, int k) {
  expr::Binding at = model.bindings();
  double share = 0.5 + kStep * k;
  const auto next = [&] {
    share = std::fmod(share * (1 + kStep) + 0.1, 1.0);
    return share;
  };
  at[model.time] = next();
  for (const auto& state : model.states)
    at[state.symbol] = state.lo && state.hi ? within(*state.lo, *state.hi, next()) : 4 * next() - 2;
  for (const auto& control : model.controls)
    at[control.symbol] = within(control.lo, control.hi, next());
  if (model.regime) at[model.regime->symbol] = 1 + k % model.regime->count;
  return at;
}

/// At sampled points nothing changes when the control goes on by a period, and in half a one does.
bool repeats(const model::Model& model, const std::vector<expr::ExprId>& all,
             expr::SymbolId control, double period) {
  for (int k = 0; k < kPoints; ++k) {
    expr::Binding at = point_of(model, k), further = at;
    further[control] = at[control] + period;
    for (const expr::ExprId e : all) {
      const double here = expr::evaluate(*model.store, e, at);
      const double there = expr::evaluate(*model.store, e, further);
      if (!(std::abs(there - here) <= kSame * (1 + std::abs(here)))) return false;
    }
  }
  return true;
}

}  // namespace

runtime::Circle circle_of(const model::Model& model, std::size_t control) {
  const model::Control& u = model.controls[control];
  const auto& group = model.groups[static_cast<std::size_t>(u.group)];
  if (group.set != model::ControlGroup::Set::Interval || !std::isfinite(u.hi - u.lo)) return {};
  const std::vector<expr::ExprId> all = acted_on(model, u.symbol);
  if (all.empty() || !repeats(model, all, u.symbol, u.hi - u.lo)) return {};
  double period = u.hi - u.lo;
  for (int turns = kMostTurns; turns > 1; --turns) {
    if (repeats(model, all, u.symbol, (u.hi - u.lo) / turns)) {
      period = (u.hi - u.lo) / turns;
      break;
    }
  }
  return {u.lo, period};
}

}  // namespace hopf::driver
