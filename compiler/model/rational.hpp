// Exact arithmetic on the small rational exponents of units; a result beyond 64 bits is no result.
#pragma once

#include <numeric>
#include <optional>

#include "expr/expr.hpp"

namespace hopf::model {

using expr::Rational;

inline std::optional<Rational> make_rational(__int128 num, __int128 den) {
  if (den == 0) return std::nullopt;
  if (den < 0) num = -num, den = -den;
  __int128 a = num < 0 ? -num : num, b = den;
  while (b != 0) {
    __int128 rest = a % b;
    a = b;
    b = rest;
  }
  if (a > 1) num /= a, den /= a;
  constexpr __int128 limit = 1ll << 40;  // far beyond any meaningful exponent, far below overflow
  if (num > limit || num < -limit || den > limit) return std::nullopt;
  return Rational{static_cast<std::int64_t>(num), static_cast<std::int64_t>(den)};
}

inline std::optional<Rational> sum(Rational a, Rational b) {
  return make_rational(__int128(a.num) * b.den + __int128(b.num) * a.den, __int128(a.den) * b.den);
}
inline std::optional<Rational> product(Rational a, Rational b) {
  return make_rational(__int128(a.num) * b.num, __int128(a.den) * b.den);
}
inline Rational negated(Rational a) { return {-a.num, a.den}; }

/// The rational with a small denominator that a double stands for, if there is one (0.5 is 1/2,
/// 1/3. is 1/3).
std::optional<Rational> small_rational(double value, std::int64_t max_denominator);

}  // namespace hopf::model
