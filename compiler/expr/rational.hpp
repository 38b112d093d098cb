// Exact arithmetic on 64-bit rationals; what does not fit is reported, never wrapped.
#pragma once

#include <optional>
#include <string_view>

#include "expr/expr.hpp"

namespace hopf::expr {

std::optional<Rational> make_rational(__int128 num, __int128 den);
std::optional<Rational> plus(Rational a, Rational b);
std::optional<Rational> times(Rational a, Rational b);
std::optional<Rational> reciprocal(Rational a);
std::optional<Rational> power(Rational base, std::int64_t exponent);
/// Largest integer not above a.
std::int64_t floor_of(Rational a);
/// The integer r with r^n = a, when there is one (a >= 0, n >= 1).
std::optional<std::int64_t> exact_root(std::int64_t a, std::int64_t n);
/// Greatest rational g > 0 such that a/g and b/g are integers; gcd(0, b) = |b|.
std::optional<Rational> common_measure(Rational a, Rational b);
/// "12", "1.5e-3", "10_000": nothing when the text has more than 15 digits or does not fit.
std::optional<Rational> parse_decimal(std::string_view text);

/// A coefficient: exact while it fits, a double afterwards. Infinities and NaN are inexact values.
struct Numeric {
  bool exact = true;
  Rational r{0, 1};
  double f = 0;

  static Numeric of(Rational r) { return {true, r, 0}; }
  static Numeric of(std::int64_t n) { return {true, {n, 1}, 0}; }
  static Numeric of(int n) { return {true, {n, 1}, 0}; }
  static Numeric of(double f) { return {false, {}, f}; }
  double value() const { return exact ? r.value() : f; }
  bool is(std::int64_t n) const { return exact && r.num == n && r.den == 1; }
  bool is_integer() const { return exact && r.den == 1; }
};

Numeric operator+(const Numeric& a, const Numeric& b);
Numeric operator*(const Numeric& a, const Numeric& b);
Numeric operator-(const Numeric& a);

}  // namespace hopf::expr
