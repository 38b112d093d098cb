#include "value/quadratic_levels.hpp"

#include <algorithm>

#include "value/value_function.hpp"

namespace hopf::runtime {

namespace {

/// 1/prod (x_i - x_k), up to a factor that all have.
std::array<double, kPanel + 1> barycentric_weights() {
  std::array<double, kPanel + 1> weights{};
  for (int i = 0; i <= kPanel; ++i) {
    double product = 1;
    for (int k = 0; k <= kPanel; ++k) product *= k == i ? 1 : 4 * (panel_node(i) - panel_node(k));
    weights[static_cast<std::size_t>(i)] = 1 / product;
  }
  return weights;
}

}  // namespace

std::vector<double> panel_weights(double s) {
  static const std::array<double, kPanel + 1> barycentric = barycentric_weights();
  std::vector<double> weights(kPanel + 1);
  double sum = 0;
  for (int i = 0; i <= kPanel; ++i) {
    const double distance = s - panel_node(i);
    if (distance == 0) {
      std::fill(weights.begin(), weights.end(), 0.0);
      weights[static_cast<std::size_t>(i)] = 1;
      return weights;
    }
    weights[static_cast<std::size_t>(i)] = barycentric[static_cast<std::size_t>(i)] / distance;
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

double quadratic_value(const QuadraticLevel& level, std::span<const double> x) {
  const std::size_t n = x.size();
  double sum = level.c;
  for (std::size_t i = 0; i < n; ++i) {
    sum += level.p[i] * x[i];
    for (std::size_t j = 0; j < n; ++j) sum += 0.5 * x[i] * level.P[i * n + j] * x[j];
  }
  return sum;
}

}  // namespace hopf::runtime
