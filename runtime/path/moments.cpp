#include "path/moments.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hopf::runtime {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Four sums side by side: a single chain of additions would wait for each of them.
template <class Term>
double sum_of(std::span<const double> sample, const Term& term) {
  double sums[4] = {0, 0, 0, 0};
  for (std::size_t i = 0; i < sample.size(); ++i) sums[i % 4] += term(sample[i]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// Two passes over a few numbers.
Moments leaf(std::span<const double> sample, const Circle& circle) {
  Moments m;
  m.count = static_cast<std::int64_t>(sample.size());
  if (sample.empty()) return m;
  // Sums of differences from the first number, so that equal numbers have their mean exactly.
  const double first = sample.front();
  const auto from_first = [&](double x) { return x - first; };
  m.mean = first + sum_of(sample, from_first) / static_cast<double>(sample.size());
  m.squares = sum_of(sample, [&](double x) { return (x - m.mean) * (x - m.mean); });
  for (const double x : sample) {
    m.least = std::min(m.least, x);
    m.greatest = std::max(m.greatest, x);
  }
  if (!circle.round()) return m;
  const double scale = 2 * std::numbers::pi / circle.period;
  m.cosines = sum_of(sample, [&](double x) { return std::cos(scale * (x - circle.origin)); });
  m.sines = sum_of(sample, [&](double x) { return std::sin(scale * (x - circle.origin)); });
  return m;
}

}  // namespace

void Moments::merge(const Moments& other) {
  if (other.count == 0) return;
  const auto mine = static_cast<double>(count), theirs = static_cast<double>(other.count);
  const double apart = other.mean - mean, share = theirs / (mine + theirs);
  squares += other.squares + apart * apart * mine * share;
  mean = count == 0 ? other.mean : mean + apart * share;
  count += other.count;
  cosines += other.cosines;
  sines += other.sines;
  least = std::min(least, other.least);
  greatest = std::max(greatest, other.greatest);
}

double Moments::average(const Circle& circle) const {
  if (count == 0) return kNaN;
  if (!circle.round()) return mean;
  const double angle = std::atan2(sines, cosines) / (2 * std::numbers::pi);
  const double turn = angle - std::floor(angle);
  return circle.origin + circle.period * (turn < 1 ? turn : 0.0);
}

double Moments::variance(const Circle& circle) const {
  if (!circle.round()) return count < 2 ? kNaN : squares / static_cast<double>(count - 1);
  if (count == 0) return kNaN;
  const double length = std::hypot(cosines, sines) / static_cast<double>(count);
  const double scale = circle.period / (2 * std::numbers::pi);
  return std::max(0.0, -2 * std::log(length)) * scale * scale;
}

Moments moments_of(std::span<const double> sample, const Circle& circle) {
  constexpr std::size_t kLeaf = 128;
  if (sample.size() <= kLeaf) return leaf(sample, circle);
  const std::size_t middle = sample.size() / 2;
  Moments result = moments_of(sample.first(middle), circle);
  result.merge(moments_of(sample.subspan(middle), circle));
  return result;
}

double quantile(std::vector<double> sample, double q, const Circle& circle) {
  if (sample.empty() || !(q >= 0 && q <= 1)) return kNaN;
  if (circle.round()) {
    const double centre = moments_of(sample, circle).average(circle);
    for (double& x : sample) x = circle.near(x, centre);
  }
  const double position = q * static_cast<double>(sample.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(position);
  const double weight = position - static_cast<double>(below);
  const auto nth = sample.begin() + below;
  std::nth_element(sample.begin(), nth, sample.end());
  if (weight == 0) return *nth;
  const double above = *std::min_element(nth + 1, sample.end());
  return *nth + weight * (above - *nth);
}

}  // namespace hopf::runtime
