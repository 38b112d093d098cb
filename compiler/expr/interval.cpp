#include "expr/interval.hpp"

#include <algorithm>
#include <cmath>

namespace hopf::expr {

namespace {

constexpr double kInf = HUGE_VAL;
constexpr double kTwoPi = 6.283185307179586;

double down(double v, int ulps = 1) {
  for (int i = 0; i < ulps; ++i) v = std::nextafter(v, -kInf);
  return v;
}

double up(double v, int ulps = 1) {
  for (int i = 0; i < ulps; ++i) v = std::nextafter(v, kInf);
  return v;
}

/// 0 * inf is 0 here: an infinite end is a bound that is never attained.
double bound_product(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

Interval times(Interval a, Interval b) {
  const double ends[] = {bound_product(a.lo, b.lo), bound_product(a.lo, b.hi),
                         bound_product(a.hi, b.lo), bound_product(a.hi, b.hi)};
  const auto [least, most] = std::minmax_element(std::begin(ends), std::end(ends));
  return {*least, *most};
}

bool is_integer(double v) { return std::floor(v) == v && std::fabs(v) < 1e15; }

/// Whether some point + k*period lies in x; errs towards true near the ends.
bool meets(Interval x, double point, double period) {
  const double slack = 1e-9;
  return std::floor((x.hi - point) / period + slack) >= std::ceil((x.lo - point) / period - slack);
}

/// The range of x^n over an interval, n a nonzero integer.
Interval integer_power(Interval x, double n) {
  const bool even = std::fmod(n, 2) == 0;
  if (n < 0 && x.lo <= 0 && x.hi >= 0) {
    if (x.lo == 0 && x.hi > 0) return {std::max(0.0, down(std::pow(x.hi, n), 4)), kInf};
    if (!even) return entire();
    const double largest = std::max(-x.lo, x.hi);
    return {std::max(0.0, down(std::pow(largest, n), 4)), kInf};
  }
  if (even) x = interval_rules::abs_of(x);
  const double a = std::pow(x.lo, n), b = std::pow(x.hi, n);
  Interval result = widen({std::min(a, b), std::max(a, b)}, 4);
  if (even) result.lo = std::max(0.0, result.lo);
  if (!even && x.lo >= 0) result.lo = std::max(0.0, result.lo);
  return result;
}

Interval truth(bool possible, bool certain) { return {certain ? 1.0 : 0.0, possible ? 1.0 : 0.0}; }

bool may_be_true(Interval x) { return x.lo != 0 || x.hi != 0; }
bool must_be_true(Interval x) { return x.lo > 0 || x.hi < 0; }

}  // namespace

Interval entire() { return {-kInf, kInf}; }

bool contains(Interval box, double value) { return box.lo <= value && value <= box.hi; }

Interval join(Interval a, Interval b) { return {std::min(a.lo, b.lo), std::max(a.hi, b.hi)}; }

Interval widen(Interval a, int ulps) { return {down(a.lo, ulps), up(a.hi, ulps)}; }

namespace interval_rules {

Interval sum_of(Intervals x) {
  Interval total{0, 0};
  for (const Interval& term : x) {
    const bool exact = total == Interval{0, 0};
    const bool nonnegative = total.lo >= 0 && term.lo >= 0;
    const bool nonpositive = total.hi <= 0 && term.hi <= 0;
    total = {total.lo + term.lo, total.hi + term.hi};
    if (!exact && term != Interval{0, 0}) total = widen(total);
    if (nonnegative) total.lo = std::max(total.lo, 0.0);
    if (nonpositive) total.hi = std::min(total.hi, 0.0);
    if (std::isnan(total.lo) || std::isnan(total.hi)) return entire();
  }
  return total;
}

Interval product_of(Intervals x) {
  Interval total{1, 1};
  for (const Interval& factor : x) {
    const bool exact = total == Interval{1, 1} || factor == Interval{-1, -1};
    total = times(total, factor);
    if (exact) continue;
    const bool sign_known = total.lo >= 0;
    const bool sign_known_negative = total.hi <= 0;
    total = widen(total);
    if (sign_known) total.lo = std::max(total.lo, 0.0);
    if (sign_known_negative) total.hi = std::min(total.hi, 0.0);
  }
  return total;
}

Interval power_of(Interval base, Interval exponent) {
  const bool fixed = exponent.lo == exponent.hi;
  if (fixed && exponent.lo == 0) return {1, 1};
  if (fixed && is_integer(exponent.lo)) return integer_power(base, exponent.lo);
  if (!(base.lo >= 0)) return entire();
  // b^e is monotone in each argument for b >= 0, so its extremes are at corners; at b = 1 it is
  // constant.
  const double corners[] = {std::pow(base.lo, exponent.lo), std::pow(base.lo, exponent.hi),
                            std::pow(base.hi, exponent.lo), std::pow(base.hi, exponent.hi)};
  const auto [least, most] = std::minmax_element(std::begin(corners), std::end(corners));
  Interval result = widen({*least, *most}, 4);
  if (base.lo == 0 && exponent.lo <= 0 && exponent.hi >= 0) result = {0, kInf};
  return {std::max(0.0, result.lo), result.hi};
}

Interval abs_of(Interval x) {
  if (x.lo >= 0) return x;
  if (x.hi <= 0) return {-x.hi, -x.lo};
  return {0, std::max(-x.lo, x.hi)};
}

Interval sign_of(Interval x) {
  return {x.lo > 0 ? 1.0 : x.lo == 0 ? 0.0 : -1.0, x.hi < 0 ? -1.0 : x.hi == 0 ? 0.0 : 1.0};
}

Interval floor_of(Interval x) { return {std::floor(x.lo), std::floor(x.hi)}; }

Interval min_of(Intervals x) {
  Interval least = x[0];
  for (const Interval& v : x) least = {std::min(least.lo, v.lo), std::min(least.hi, v.hi)};
  return least;
}

Interval max_of(Intervals x) {
  Interval most = x[0];
  for (const Interval& v : x) most = {std::max(most.lo, v.lo), std::max(most.hi, v.hi)};
  return most;
}

Interval cos_of(Interval x) {
  // Beyond 1e6 the reduction by 2*pi loses the digits that `meets` relies on.
  if (!(x.hi - x.lo < kTwoPi) || std::max(-x.lo, x.hi) > 1e6) return {-1, 1};
  const double a = std::cos(x.lo), b = std::cos(x.hi);
  Interval result = widen({std::min(a, b), std::max(a, b)}, 4);
  if (meets(x, 0, kTwoPi)) result.hi = 1;
  if (meets(x, kTwoPi / 2, kTwoPi)) result.lo = -1;
  return {std::max(result.lo, -1.0), std::min(result.hi, 1.0)};
}

Interval sin_of(Interval x) {
  if (!(x.hi - x.lo < kTwoPi) || std::max(-x.lo, x.hi) > 1e6) return {-1, 1};
  const double a = std::sin(x.lo), b = std::sin(x.hi);
  Interval result = widen({std::min(a, b), std::max(a, b)}, 4);
  if (meets(x, kTwoPi / 4, kTwoPi)) result.hi = 1;
  if (meets(x, -kTwoPi / 4, kTwoPi)) result.lo = -1;
  return {std::max(result.lo, -1.0), std::min(result.hi, 1.0)};
}

Interval tan_of(Interval x) {
  if (!(x.hi - x.lo < kTwoPi / 2) || std::max(-x.lo, x.hi) > 1e6) return entire();
  if (meets(x, kTwoPi / 4, kTwoPi / 2)) return entire();
  return widen({std::tan(x.lo), std::tan(x.hi)}, 4);
}

Interval atan2_of(Interval y, Interval x) {
  // Across the cut (the negative x axis) the angle jumps from pi to -pi.
  if (x.lo < 0 && y.lo <= 0 && y.hi >= 0) return widen({-M_PI, M_PI}, 4);
  if (x.lo <= 0 && x.hi >= 0 && y.lo <= 0 && y.hi >= 0) return widen({-M_PI, M_PI}, 4);
  // Elsewhere the extreme angles of a box that does not hold the origin are at its corners.
  const double corners[] = {std::atan2(y.lo, x.lo), std::atan2(y.lo, x.hi), std::atan2(y.hi, x.lo),
                            std::atan2(y.hi, x.hi)};
  const auto [least, most] = std::minmax_element(std::begin(corners), std::end(corners));
  return widen({*least, *most}, 4);
}

Interval rising(Interval x, double (*f)(double), double least, double most) {
  const Interval image = widen({f(x.lo), f(x.hi)}, 4);
  return {std::max(image.lo, least), std::min(image.hi, most)};
}

Interval falling(Interval x, double (*f)(double), double least, double most) {
  const Interval image = widen({f(x.hi), f(x.lo)}, 4);
  return {std::max(image.lo, least), std::min(image.hi, most)};
}

Interval less_of(Interval a, Interval b) { return truth(a.lo < b.hi, a.hi < b.lo); }
Interval less_equal_of(Interval a, Interval b) { return truth(a.lo <= b.hi, a.hi <= b.lo); }

Interval equal_of(Interval a, Interval b) {
  const bool possible = a.lo <= b.hi && b.lo <= a.hi;
  return truth(possible, a.lo == a.hi && a == b);
}

Interval and_of(Intervals x) {
  bool possible = true, certain = true;
  for (const Interval& v : x) {
    possible = possible && may_be_true(v);
    certain = certain && must_be_true(v);
  }
  return truth(possible, certain);
}

Interval or_of(Intervals x) {
  bool possible = false, certain = false;
  for (const Interval& v : x) {
    possible = possible || may_be_true(v);
    certain = certain || must_be_true(v);
  }
  return truth(possible, certain);
}

Interval not_of(Interval x) { return truth(!must_be_true(x), !may_be_true(x)); }

Interval select_of(Interval condition, Interval then, Interval otherwise) {
  if (must_be_true(condition)) return then;
  if (!may_be_true(condition)) return otherwise;
  return join(then, otherwise);
}

Interval choose_of(Intervals x) {
  Interval all{kInf, -kInf};
  for (std::size_t j = 1; j < x.size(); ++j) {
    if (contains({std::floor(x[0].lo), x[0].hi}, static_cast<double>(j))) all = join(all, x[j]);
  }
  return all.lo <= all.hi ? all : entire();
}

}  // namespace interval_rules
}  // namespace hopf::expr
