#include "driver/simulated_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "driver/simulate.hpp"
#include "driver/solve_internal.hpp"
#include "driver/value.hpp"

namespace hopf::driver {

namespace {

using runtime::ValueFunction;

constexpr std::int64_t kPaths = 1000;
constexpr double kDiscountTimes = 3;  // of simulated time, in units of 1/rho; V stands for the rest
constexpr double kLongest = 20;       // and at most
constexpr double kUndiscounted = 2;   // without a discount or a horizon
constexpr double kAllowed = 0.02;     // of the range of V in the inner half: the grid's error

std::vector<double> point_at(const model::Model& model, const ValueFunction& V, double share) {
  std::vector<double> x;
  for (std::size_t k = 0; k < model.dimension(); ++k) {
    const auto& state = model.states[k];
    if (V.on_grid()) {
      const auto& nodes = V.grid.axes[k].nodes;
      x.push_back(nodes[static_cast<std::size_t>(share * static_cast<double>(nodes.size() - 1))]);
    } else {
      x.push_back(state.lo ? *state.lo + share * (*state.hi - *state.lo) : share);
    }
  }
  return x;
}

/// A point of the inner half that is not in the set of `until`. Not the middle, which is often a
/// point of rest.
std::optional<std::vector<double>> start_of(const model::Model& model, const ValueFunction& V) {
  for (const double share : {0.625, 0.375, 0.75, 0.25}) {
    std::vector<double> x = point_at(model, V, share);
    if (!std::isfinite(V(x))) continue;
    if (!model.until) return x;
    expr::Binding at = model.bindings();
    at[model.time] = 0;
    for (std::size_t k = 0; k < x.size(); ++k) at[model.states[k].symbol] = x[k];
    if (model.regime) at[model.regime->symbol] = 1;
    if (expr::evaluate(*model.store, model.until->condition, at) == 0) return x;
  }
  return std::nullopt;
}

double simulated_time(const model::Model& model) {
  if (model.horizon) return *model.horizon;
  if (!model.discount) return kUndiscounted;
  const double rho = expr::evaluate(*model.store, model.discount->value, model.bindings());
  return rho > 0 ? std::min(kDiscountTimes / rho, kLongest) : kUndiscounted;
}

/// What the grid may add to the difference.
double grid_allowance(const ValueFunction& V) {
  if (!V.on_grid()) return 0;
  double lo = std::numeric_limits<double>::infinity(), hi = -lo;
  for (const std::size_t u : inner_half(V.grid, V.grid.points())) {
    if (!std::isfinite(V.value.front()[u])) continue;
    lo = std::min(lo, V.value.front()[u]);
    hi = std::max(hi, V.value.front()[u]);
  }
  return hi > lo ? kAllowed * (hi - lo) : 0;
}

std::string place_text(const model::Model& model, const std::vector<double>& x) {
  std::string text;
  for (std::size_t k = 0; k < x.size(); ++k)
    text += fmt::format("{}{} = {:.4g}", k ? ", " : "", model.states[k].name, x[k]);
  return text;
}

}  // namespace

std::optional<runtime::Check> simulated_check(const model::Model& model, const ValueFunction& V) {
  const auto from = start_of(model, V);
  if (!from || !model.has_cost || model.average) return std::nullopt;
  SimulateOptions options;
  options.from = *from;
  options.until = simulated_time(model);
  options.paths = kPaths;
  options.records = 2;
  diagnostics::Sink unheard;  // a model whose paths are refused has no such line
  const auto fine = simulate(model, &V, nullptr, options, {}, unheard);
  if (!fine) return std::nullopt;
  options.step = std::min(2 * fine->step, options.until);
  options.seed = 1;
  const auto coarse = simulate(model, &V, nullptr, options, {}, unheard);
  if (!coarse) return std::nullopt;
  const double value = V(*from), cost = fine->mean_cost(), error = fine->cost_standard_error();
  const double step_error = std::abs(coarse->mean_cost() - cost);
  const double allowed = 3 * error + step_error + grid_allowance(V) + 1e-3 * std::abs(value);
  return runtime::Check{
      "simulated",
      fmt::format("{} at {}, V = {}", estimate_text({cost, error}), place_text(model, *from),
                  number_text(value)),
      fmt::format("mean {} of {} paths with its standard error; time steps of {:.3g}, twice as "
                  "long ones give {}",
                  model.reward ? "reward" : "cost", kPaths, fine->step,
                  estimate_text({coarse->mean_cost(), coarse->cost_standard_error()})),
      cost - value, !(std::abs(cost - value) <= allowed)};
}

}  // namespace hopf::driver
