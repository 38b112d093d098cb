#include "value/continuation.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace hopf::runtime {

namespace {

constexpr double kClearly = 1e-3;    // how much better a parabola has to fit than a power
constexpr double kSamePower = 1e-4;  // logarithms of ratios that are not told apart
constexpr int kNodesApart = 400;     // the nodes used are this share of an axis apart, but
constexpr int kMostApart = 8;        // at most this many nodes

// Spacing of the last and of the last but one interval at an end.
std::array<double, 2> end_spacings(const Axis& axis, bool upper) {
  const auto& x = axis.nodes;
  const std::size_t n = x.size();
  if (n < 3) return {std::abs(x[n - 1] - x[0]), std::abs(x[n - 1] - x[0])};
  if (upper) return {x[n - 1] - x[n - 2], x[n - 2] - x[n - 3]};
  return {x[1] - x[0], x[2] - x[1]};
}

// Ratio of neighbouring nodes of a geometric axis, outward.
double outward_ratio(const Axis& axis, bool upper) {
  return upper ? axis.nodes[1] / axis.nodes[0] : axis.nodes[0] / axis.nodes[1];
}

// A power e^l between nodes that are `1/t` places apart, with D0 the last difference: the next node
// is g D0 beyond.
double outward_gain(double l, double t) { return l == 0 ? t : std::expm1(t * l) / -std::expm1(-l); }

double gain_slope(double l, double t) {
  if (std::abs(l) < 1e-5) return t * (1 + t) / 2;
  const double fall = -std::expm1(-l), rise = std::expm1(t * l);
  return (t * (1 + rise) * fall - rise * (1 - fall)) / (fall * fall);
}

}  // namespace

int nodes_apart(const Axis& axis, std::size_t regimes) {
  const int count = static_cast<int>(axis.nodes.size());
  return std::max(1, std::min(count / kNodesApart, kMostApart / static_cast<int>(regimes)));
}

double outer_spacing(const Axis& axis, bool upper) {
  const auto [last, before] = end_spacings(axis, upper);
  return last * last / before;
}

std::vector<std::pair<int, double>> continue_polynomial(const Axis& axis, bool upper, int beyond,
                                                        int degree, int apart) {
  const int count = static_cast<int>(axis.nodes.size()), end = upper ? count - 1 : 0;
  const int inward = upper ? -apart : apart, used = std::min(degree + 1, count);
  const auto [last, before] = end_spacings(axis, upper);
  double at = axis.nodes[end], step = last;
  for (int k = 0; k < beyond; ++k) at += (upper ? 1 : -1) * (step *= last / before);
  std::vector<std::pair<int, double>> result;
  for (int k = 0; k < used; ++k) {  // Lagrange's form
    const double x = axis.nodes[end + inward * k];
    double coefficient = 1;
    for (int m = 0; m < used; ++m) {
      const double other = axis.nodes[end + inward * m];
      if (m != k) coefficient *= (at - other) / (x - other);
    }
    result.emplace_back(end + inward * k, coefficient);
  }
  return result;
}

// V(out) - V0 = p D0 + q D1 with D1 = e^-l D0 for a power: p + q e^-l = g(l) for both. A third
// difference adds c (D0 - (R + S) D1 + R S D2), zero for both powers, with c from Newton's cubic
// where R = S = 1.
void continue_powers(const Axis& axis, bool upper, int apart, std::array<double, 2> powers,
                     std::span<double> out) {
  const double step = apart * std::log(outward_ratio(axis, upper)), t = 1.0 / apart;
  const double l = powers[0] * step, m = powers[1] * step, R = std::exp(l), S = std::exp(m);
  const double gain = outward_gain(l, t);
  const double q = std::abs(l - m) < kSamePower
                       ? -R * gain_slope(l, t)
                       : (gain - outward_gain(m, t)) / (std::exp(-l) - std::exp(-m));
  std::array<double, 3> d{gain - q / R, q, 0};
  if (out.size() > 3) {
    const double c = std::sqrt(R * S) * t * (1 + t) * (2 + t) / 6;
    d[0] += c, d[1] -= (R + S) * c, d[2] = R * S * c;
  }
  std::fill(out.begin(), out.end(), 0.0);
  out[0] = 1;
  for (std::size_t k = 0; k + 1 < out.size(); ++k) {
    out[k] += d[k];
    out[k + 1] -= d[k];
  }
}

std::vector<std::pair<int, double>> continue_power(const Axis& axis, bool upper, int apart,
                                                   double s) {
  const int last = static_cast<int>(axis.nodes.size()) - 1, end = upper ? last : 0;
  const int inward = upper ? end - apart : end + apart;
  const double x = axis.nodes[end];
  const double outside = x + (upper ? 1 : -1) * outer_spacing(axis, upper);
  const double gain =
      std::expm1(s * std::log(outside / x)) / -std::expm1(s * std::log(axis.nodes[inward] / x));
  return {{end, 1 + gain}, {inward, -gain}};
}

std::optional<double> power_of(const Axis& axis, bool upper, int apart,
                               std::span<const double> values) {
  const double d0 = values[0] - values[1], d1 = values[1] - values[2];
  if (d0 == 0 && d1 == 0) return std::nullopt;
  const double ratio = d0 / d1;
  if (!(ratio > 0) || !std::isfinite(ratio)) return 0;
  return std::log(ratio) / (apart * std::log(outward_ratio(axis, upper)));
}

bool looks_like_parabola(const Axis& axis, bool upper, int apart, std::span<const double> V) {
  const double d0 = V[0] - V[1], d1 = V[1] - V[2], d2 = V[2] - V[3];
  const double q = std::pow(outward_ratio(axis, upper), apart);
  // Differences of 1, x, x^2 along the axis have the ratios q and q^2.
  const double parabola = (q + q * q) * d1 - q * q * q * d2, power = d1 * d1 / d2;
  return std::abs(d0 - parabola) < kClearly * std::abs(d0 - power);
}

}  // namespace hopf::runtime
