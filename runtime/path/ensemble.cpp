#include "path/ensemble.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/sum.hpp"

namespace hopf::runtime {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double mean_of(const double* values, std::size_t count) {
  return pairwise_sum(0, count, [&](std::size_t i) { return values[i]; }) /
         static_cast<double>(count);
}

/// Unbiased sample variance in two passes: no cancellation when the mean is large.
double variance_of(const double* values, std::size_t count) {
  if (count < 2) return kNaN;
  const double mean = mean_of(values, count);
  const auto square = [&](std::size_t i) { return (values[i] - mean) * (values[i] - mean); };
  return pairwise_sum(0, count, square) / static_cast<double>(count - 1);
}

}  // namespace

std::span<const double> Ensemble::values(std::size_t state, std::size_t time) const {
  return std::span(recorded[state])
      .subspan(time * static_cast<std::size_t>(paths), static_cast<std::size_t>(paths));
}

std::vector<double> Ensemble::mean(std::size_t time) const {
  std::vector<double> means;
  for (std::size_t i = 0; i < recorded.size(); ++i) {
    means.push_back(mean_of(values(i, time).data(), values(i, time).size()));
  }
  return means;
}

std::vector<double> Ensemble::variance(std::size_t time) const {
  std::vector<double> variances;
  for (std::size_t i = 0; i < recorded.size(); ++i) {
    variances.push_back(variance_of(values(i, time).data(), values(i, time).size()));
  }
  return variances;
}

double Ensemble::quantile(std::size_t state, std::size_t time, double q) const {
  const auto all = values(state, time);
  return runtime::quantile({all.begin(), all.end()}, q);
}

double Ensemble::mean_cost() const {
  return cost.empty() ? kNaN : mean_of(cost.data(), cost.size());
}

double Ensemble::cost_standard_error() const {
  return std::sqrt(variance_of(cost.data(), cost.size()) / static_cast<double>(cost.size()));
}

double quantile(std::vector<double> sample, double q) {
  if (sample.empty() || !(q >= 0 && q <= 1)) return kNaN;
  const double position = q * static_cast<double>(sample.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(position);
  const double weight = position - static_cast<double>(below);
  const auto nth = sample.begin() + below;
  std::nth_element(sample.begin(), nth, sample.end());
  if (weight == 0) return *nth;
  const double above = *std::min_element(nth + 1, sample.end());
  return *nth + weight * (above - *nth);
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
