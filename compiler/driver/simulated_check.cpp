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
constexpr double kLongest = 100;      // and at most,
constexpr double kLeast = 0.25;       // where that is not too little of 1/rho to say anything
constexpr double kUndiscounted = 2;   // without a discount or a horizon
constexpr std::size_t kStarts = 3;
constexpr double kSeconds = 1;      // that a check takes, code for its paths included
constexpr double kRelative = 1e-3;  // of V: a difference that means nothing
constexpr double kAllowed = 0.02;   // of the range of V in the inner half: the grid's error

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

bool has_ended(const model::Model& model, const std::vector<double>& x) {
  if (!model.until) return false;
  expr::Binding at = model.bindings();
  at[model.time] = 0;
  for (std::size_t k = 0; k < x.size(); ++k) at[model.states[k].symbol] = x[k];
  if (model.regime) at[model.regime->symbol] = 1;
  return expr::evaluate(*model.store, model.until->condition, at) != 0;
}

/// Points of the inner half with a finite V that are not in the set of `until`. Not the middle,
/// which is often a point of rest.
std::vector<std::vector<double>> starts_of(const model::Model& model, const ValueFunction& V) {
  std::vector<std::vector<double>> result;
  for (const double share : {0.625, 0.375, 0.75, 0.25}) {
    std::vector<double> x = point_at(model, V, share);
    if (result.size() < kStarts && !has_ended(model, x) && std::isfinite(V(x)))
      result.push_back(std::move(x));
  }
  return result;
}

/// Nothing where too little of what V counts would be simulated.
std::optional<double> simulated_time(const model::Model& model) {
  if (model.horizon) return *model.horizon;
  if (!model.discount) return kUndiscounted;
  const double rho = expr::evaluate(*model.store, model.discount->value, model.bindings());
  if (!(rho > 0)) return kUndiscounted;
  if (rho * kLongest < kLeast) return std::nullopt;
  return std::min(kDiscountTimes / rho, kLongest);
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

/// What paths from one point cost.
struct Sample {
  std::vector<double> from;
  double value, shown, cost, error, step;  // shown: the error that V shows
  double beyond(double allowance) const {  // what is left when chance and the grid are taken away
    return std::abs(cost - value) - 3 * error - std::max(allowance, shown) -
           kRelative * std::abs(value);
  }
};

std::optional<Sample> sample(const model::Model& model, const ValueFunction& V, const PathRun& run,
                             SimulateOptions options) {
  diagnostics::Sink unheard;  // a model whose paths are refused has no such line
  const auto paths = simulate(model, &V, nullptr, options, run.progress, unheard, run.phases);
  if (!paths) return std::nullopt;
  const double shown = V.error(options.from);
  return Sample{options.from,
                V(options.from),
                std::isfinite(shown) ? shown : 0,
                paths->mean_cost(),
                paths->cost_standard_error(),
                paths->step};
}

runtime::Check check_of(const model::Model& model, const ValueFunction& V, const Sample& worst,
                        const Sample& twice, std::size_t starts) {
  const double step_error = std::abs(twice.cost - worst.cost);
  const bool warning = !(worst.beyond(grid_allowance(V) + step_error) <= 0);
  std::string words = fmt::format(
      "mean {} of {} paths with its standard error, at the one of {} points where they differ "
      "most",
      model.reward ? "reward" : "cost", kPaths, starts);
  if (worst.step > 0)  // without noise, steps follow the error
    words += fmt::format("; time steps of {:.3g}, twice as long ones give {}", worst.step,
                         estimate_text({twice.cost, twice.error}));
  const bool promised = model.reward ? worst.cost < worst.value : worst.cost > worst.value;
  if (warning)
    words += promised
                 ? "; the policy does not earn what V says: ask for a finer grid or a larger domain"
                 : "; the policy does better than V says: ask for a finer grid";
  return {"simulated",
          fmt::format("{} at {}, V = {}", estimate_text({worst.cost, worst.error}),
                      place_text(model, worst.from), number_text(worst.value)),
          words, worst.cost - worst.value, warning};
}

}  // namespace

std::optional<runtime::Check> simulated_check(const model::Model& model, const ValueFunction& V,
                                              const PathRun& run) {
  if (!model.has_cost || model.average) return std::nullopt;
  const auto until = simulated_time(model);
  if (!until) return std::nullopt;
  const auto starts = starts_of(model, V);
  SimulateOptions options;
  options.until = *until;
  options.paths = kPaths;
  options.records = 2;
  options.bias = false;
  options.threads = run.threads;
  const double allowance = grid_allowance(V);
  std::optional<Sample> worst;
  for (const auto& from : starts) {
    options.from = from;
    const auto next = sample(model, V, run, options);
    if (!next) return std::nullopt;
    if (!worst || !(next->beyond(allowance) <= worst->beyond(allowance))) worst = next;
  }
  if (!worst) return std::nullopt;
  options.from = worst->from;
  options.step = std::min(2 * worst->step, options.until);
  options.seed = 1;
  const auto twice = sample(model, V, run, options);
  if (!twice) return std::nullopt;
  return check_of(model, V, *worst, *twice, starts.size());
}

bool simulation_is_cheap(const ValueFunction& V) {
  return V.on_grid() && V.report.seconds >= 20 * kSeconds;
}

}  // namespace hopf::driver
