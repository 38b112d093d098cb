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

/// Without noise paths that start together end together, and the method's error is far below what
/// sampling adds otherwise.
Ensemble::Estimated Ensemble::estimated(std::size_t state, double standard_error,
                                        const Statistic& statistic) const {
  Estimated result{statistic(final_values[state]), standard_error, 0};
  if (!std::isfinite(result.standard_error)) result.standard_error = 0;
  Rungs samples;
  for (const Rung& rung : rungs) samples.push_back(rung.last[state]);
  const double bias = ordinary ? 0 : step_bias(samples, statistic).bias;
  if (std::isfinite(bias)) result.bias = bias;
  return result;
}

Ensemble::Estimated Ensemble::last_mean(std::size_t state) const {
  const Circle round = circle(state);
  const Moments all = moments_of(final_values[state], round);
  const double centre = all.average(round);
  const auto mean_of = [&](std::span<const double> sample) {
    const double mean = moments_of(sample, round).average(round);
    return round.round() ? round.near(mean, centre) : mean;
  };
  return estimated(state, std::sqrt(all.variance(round) / static_cast<double>(all.count)), mean_of);
}

/// The standard error of a deviation s is sqrt((m4 - s^4)/n)/(2 s), with the fourth central moment
/// m4.
Ensemble::Estimated Ensemble::last_deviation(std::size_t state) const {
  const Circle round = circle(state);
  const auto deviation_of = [&](std::span<const double> sample) {
    return std::sqrt(moments_of(sample, round).variance(round));
  };
  const std::vector<double>& all = final_values[state];
  const double centre = moments_of(all, round).average(round);
  std::vector<double> squares;
  for (const double x : all) {
    const double apart = (round.round() ? round.near(x, centre) : x) - centre;
    squares.push_back(apart * apart);
  }
  const Moments m = moments_of(squares);
  const double of_square = std::sqrt(m.variance({}) / static_cast<double>(m.count));
  return estimated(state, of_square / (2 * std::sqrt(m.mean)), deviation_of);
}

/// Order statistics one binomial deviation to either side show the standard error.
Ensemble::Estimated Ensemble::last_quantile(std::size_t state, double q) const {
  const Circle round = circle(state);
  std::vector<double> all = final_values[state];
  const double apart = std::sqrt(q * (1 - q) / static_cast<double>(all.size()));
  const double above = runtime::quantile(all, std::min(1.0, q + apart), round);
  const double below = runtime::quantile(std::move(all), std::max(0.0, q - apart), round);
  const auto quantile_of = [&](std::span<const double> sample) {
    return runtime::quantile({sample.begin(), sample.end()}, q, round);
  };
  return estimated(state, 0.5 * (above - below), quantile_of);
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
