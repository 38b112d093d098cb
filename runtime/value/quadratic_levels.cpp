#include "value/quadratic_levels.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "value/value_function.hpp"

namespace hopf::runtime {

double panel_node(int i) {
  // sin^2 keeps both ends exact and the first nodes' relative accuracy.
  const double half = std::sin(0.5 * std::numbers::pi * i / kPanel);
  return i == kPanel ? 1.0 : half * half;
}

std::vector<double> panel_weights(double s) {
  std::vector<double> weights(kPanel + 1);
  double sum = 0;
  for (int i = 0; i <= kPanel; ++i) {
    const double distance = s - panel_node(i);
    if (distance == 0) {
      std::fill(weights.begin(), weights.end(), 0.0);
      weights[static_cast<std::size_t>(i)] = 1;
      return weights;
    }
    const double end = i == 0 || i == kPanel ? 0.5 : 1.0;
    weights[static_cast<std::size_t>(i)] = (i % 2 ? -end : end) / distance;
    sum += weights[static_cast<std::size_t>(i)];
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

QuadraticMoment quadratic_moment(const std::vector<QuadraticLevel>& levels, int regimes, double t) {
  const auto stride = static_cast<std::size_t>(regimes);
  const std::size_t count = levels.size() / stride;
  const auto time = [&](std::size_t k) { return levels[k * stride].t; };
  if (count < 2 || !(t > time(0))) return {};
  if (t >= time(count - 1)) return {count - 1, {1.0}};
  std::size_t low = 0, high = (count - 1) / kPanel;
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    (time(middle * kPanel) <= t ? low : high) = middle;
  }
  const double from = time(low * kPanel), to = time((low + 1) * kPanel);
  if (!(to > from)) return {low * kPanel, {1.0}};
  return {low * kPanel, panel_weights((t - from) / (to - from))};
}

QuadraticLevel quadratic_level(const std::vector<QuadraticLevel>& levels, int regimes, double t,
                               int regime) {
  const QuadraticMoment moment = quadratic_moment(levels, regimes, t);
  const auto at = [&](std::size_t i) -> const QuadraticLevel& {
    return levels[(moment.first + i) * static_cast<std::size_t>(regimes) +
                  static_cast<std::size_t>(regime - 1)];
  };
  QuadraticLevel result = at(0);
  if (moment.weights.size() == 1) return result;
  const auto blend = [&](std::vector<double> QuadraticLevel::* part) {
    std::vector<double>& out = result.*part;
    std::fill(out.begin(), out.end(), 0.0);
    for (std::size_t i = 0; i < moment.weights.size(); ++i) {
      const std::vector<double>& from = at(i).*part;
      for (std::size_t k = 0; k < out.size(); ++k) out[k] += moment.weights[i] * from[k];
    }
  };
  for (const auto part :
       {&QuadraticLevel::P, &QuadraticLevel::p, &QuadraticLevel::K, &QuadraticLevel::k})
    blend(part);
  result.t = t;
  result.c = 0;
  for (std::size_t i = 0; i < moment.weights.size(); ++i) result.c += moment.weights[i] * at(i).c;
  return result;
}

}  // namespace hopf::runtime
