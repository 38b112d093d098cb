#include "value/step_limits.hpp"

#include <algorithm>
#include <cmath>

namespace hopf::runtime {

namespace {

struct Range {
  double lo = std::numeric_limits<double>::infinity(), hi = -lo;
  void add(double x) { lo = std::min(lo, x), hi = std::max(hi, x); }
};

// The policy in force is one admissible policy too: its largest cost bounds what the best costs.
double most_cost(const PolicySystem& system, const SolveSettings& settings) {
  Range cost;
  for (std::size_t u = 0; u < system.unknowns(); ++u) {
    if (!system.fixed(u)) cost.add(system.cost()[u]);
  }
  return cost.lo <= cost.hi ? std::min(settings.most_cost, cost.hi) : settings.most_cost;
}

// What an amount becomes in a step with a cost and a discount rate: as implicit Euler has it, and
// exactly. Euler's alone would hold every scheme to its own first order where V is at a bound.
Range carried(double amount, double cost, double rate, double h) {
  Range result;
  result.add((amount + h * cost) / (1 + h * rate));
  const double weight = rate == 0 ? h : -std::expm1(-rate * h) / rate;
  result.add(amount * std::exp(-rate * h) + cost * weight);
  return result;
}

}  // namespace

ValueBounds advance(const ValueBounds& now, double h, const PolicySystem& system,
                    const SolveSettings& settings) {
  Range rho, paid, stops;
  for (std::size_t u = 0; u < system.unknowns(); ++u) {
    if (!system.given(u)) rho.add(system.discount()[u]);
  }
  for (const double payment : system.payments()) paid.add(payment);
  if (rho.lo > rho.hi) return {paid.lo, paid.hi};  // V is given everywhere
  const double most = most_cost(system, settings);
  ValueBounds next{paid.lo, paid.hi};
  for (const double rate : {rho.lo, rho.hi}) {
    const Range low = carried(now.least, settings.least_cost, rate, h);
    const Range high = carried(now.most, most, rate, h);
    next = {std::min(next.least, low.lo), std::max(next.most, high.hi)};
  }
  if (system.stop_value().empty()) return next;
  // The player may stop everywhere: V is at most the largest cost of stopping.
  for (std::size_t u = 0; u < system.unknowns(); ++u) {
    if (!system.given(u)) stops.add(system.stop_value()[u]);
  }
  return {std::min(next.least, stops.lo), std::min(next.most, std::max(stops.hi, paid.hi))};
}

// At the node where V is least, V (1 + c rho) >= V_n + phi m + c f; this is at least L' (1 + c rho)
// where, linear in phi, s + phi a >= 0 with s = V_n + h (f - rho L') - L' >= 0 and
// a = m - (mu/w) h (f - rho L'). From above it is the same with signs turned.
void limit_momentum(const ValueBounds& next, const StepSize& step, const PolicySystem& system,
                    const SolveSettings& settings, std::span<const double> V,
                    std::span<const double> before, std::span<double> phi) {
  const double most = most_cost(system, settings), share = step.mu / step.w;
  const auto limit = [&](std::size_t u, double bound, double cost, double sign) {
    if (!std::isfinite(bound) || !std::isfinite(cost)) return;
    const double rate = step.h * (cost - system.discount()[u] * bound);
    const double room = sign * (V[u] + rate - bound);
    const double a = sign * (step.mu * (V[u] - before[u]) - share * rate);
    if (a < 0) phi[u] = std::min(phi[u], std::max(0.0, room / -a));
  };
  for (std::size_t u = 0; u < V.size(); ++u) {
    if (system.given(u)) continue;
    limit(u, next.least, settings.least_cost, 1);
    limit(u, next.most, most, -1);
  }
}

}  // namespace hopf::runtime
