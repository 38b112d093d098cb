// What the time step adds to a number that is made of many paths, seen from longer steps.
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace hopf::runtime {

/// A mean, a deviation, a quantile.
using Statistic = std::function<double(std::span<const double>)>;

/// Samples of the same paths, driven by the same noise, at the step, at twice it and, where known,
/// at four times it.
using Rungs = std::vector<std::span<const double>>;

struct StepBias {
  double bias = 0;    // what the step adds, with its sign; NaN: not known
  double chance = 0;  // standard error of what twice the step changes
};

/// The difference D that twice the step makes is, to first order in the step, what the step itself
/// adds. Where four times the step shows a lower order, r = D'/D < 2 beyond chance, what is left is
/// the sum of the geometric series, D/(r - 1). It is no smaller than the standard error of D,
/// behind which it could hide.
StepBias step_bias(const Rungs&, const Statistic&);

}  // namespace hopf::runtime
