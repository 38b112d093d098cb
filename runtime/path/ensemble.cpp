#include "path/ensemble.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hopf::runtime {

Circle Ensemble::circle(std::size_t state) const {
  return state < circles.size() ? circles[state] : Circle{};
}

bool Ensemble::has_failed(std::size_t path) const {
  return std::binary_search(failed_paths.begin(), failed_paths.end(),
                            static_cast<std::int64_t>(path));
}

std::span<const double> Ensemble::values(std::size_t state, std::size_t time) const {
  const auto width = static_cast<std::size_t>(kept);
  return std::span(recorded[state]).subspan(time * width, width);
}

double Ensemble::mean(std::size_t state, std::size_t time) const {
  if (time + 1 < times.size()) return moments[time * states.size() + state].average(circle(state));
  return moments_of(final_values[state], circle(state)).average(circle(state));
}

double Ensemble::variance(std::size_t state, std::size_t time) const {
  if (time + 1 < times.size()) return moments[time * states.size() + state].variance(circle(state));
  return moments_of(final_values[state], circle(state)).variance(circle(state));
}

std::vector<double> Ensemble::mean(std::size_t time) const {
  std::vector<double> means;
  for (std::size_t i = 0; i < states.size(); ++i) means.push_back(mean(i, time));
  return means;
}

std::vector<double> Ensemble::variance(std::size_t time) const {
  std::vector<double> variances;
  for (std::size_t i = 0; i < states.size(); ++i) variances.push_back(variance(i, time));
  return variances;
}

double Ensemble::quantile(std::size_t state, std::size_t time, double q) const {
  if (time + 1 == times.size()) return runtime::quantile(final_values[state], q, circle(state));
  const auto all = values(state, time);
  std::vector<double> sample;
  for (const double x : all)
    if (std::isfinite(x)) sample.push_back(x);
  return runtime::quantile(std::move(sample), q, circle(state));
}

double Ensemble::mean_cost() const { return moments_of(cost).average({}); }

/// Paths that cost the same to rounding have no deviation.
double Ensemble::cost_standard_error() const {
  if (ordinary && cost.size() == 1) return 0;
  return std::sqrt(moments_of(cost).variance({}) / static_cast<double>(cost.size()));
}

double Ensemble::cost_error() const {
  const double bias = std::isfinite(cost_bias) ? cost_bias : 0.0;
  return std::hypot(cost_standard_error(), bias);
}

Histogram histogram(std::span<const double> sample, int bins) {
  Histogram result;
  std::vector<double> finite;
  for (const double x : sample) {
    if (std::isfinite(x)) finite.push_back(x);
  }
  if (finite.empty() || bins < 1) return result;
  const auto [least, greatest] = std::minmax_element(finite.begin(), finite.end());
  // A sample that is constant up to rounding errors goes into the first bin.
  constexpr double kResolved = 1e-12;
  const double lo = *least, size = std::max(std::abs(lo), std::abs(*greatest));
  const double range = std::min(*greatest - lo, std::numeric_limits<double>::max());
  const double width = range > kResolved * size ? range / bins : std::max(1.0, kResolved * size);
  for (int i = 0; i <= bins; ++i) result.edges.push_back(lo + i * width);
  result.counts.assign(static_cast<std::size_t>(bins), 0);
  for (const double x : finite) {
    const double place = std::min((x - lo) / width, static_cast<double>(bins - 1));
    ++result.counts[static_cast<std::size_t>(place)];
  }
  return result;
}

}  // namespace hopf::runtime
