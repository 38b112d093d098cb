#include "expr/rational.hpp"

#include <cmath>
#include <limits>
#include <span>
#include <string>

namespace hopf::expr {

namespace {

using Wide = __int128;
constexpr Wide kMax = std::numeric_limits<std::int64_t>::max();

Wide magnitude(Wide a) { return a < 0 ? -a : a; }

Wide gcd(Wide a, Wide b) {
  a = magnitude(a);
  b = magnitude(b);
  while (b != 0) {
    const Wide rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

int trailing_zeros(Wide digits) {
  int count = 0;
  for (; digits != 0 && digits % 10 == 0; digits /= 10) ++count;
  return count;
}

std::optional<Rational> times_power_of_ten(Wide num, int exponent) {
  if (exponent > 18 || exponent < -36) return std::nullopt;
  Wide den = 1;
  for (int i = 0; i < exponent; ++i) num *= 10;
  for (int i = 0; i < -exponent; ++i) den *= 10;
  return make_rational(num, den);
}

}  // namespace

std::optional<Rational> make_rational(Wide num, Wide den) {
  if (den == 0) return std::nullopt;
  if (den < 0) {
    num = -num;
    den = -den;
  }
  if (const Wide g = gcd(num, den); g > 1) {
    num /= g;
    den /= g;
  }
  // The most negative integer is left out so that negation never overflows.
  if (magnitude(num) > kMax || den > kMax) return std::nullopt;
  return Rational{static_cast<std::int64_t>(num), static_cast<std::int64_t>(den)};
}

std::optional<Rational> plus(Rational a, Rational b) {
  // Both products are below 2^126, so is their sum below 2^127.
  return make_rational(Wide(a.num) * b.den + Wide(b.num) * a.den, Wide(a.den) * b.den);
}

std::optional<Rational> times(Rational a, Rational b) {
  return make_rational(Wide(a.num) * b.num, Wide(a.den) * b.den);
}

std::optional<Rational> reciprocal(Rational a) { return make_rational(a.den, a.num); }

std::optional<Rational> power(Rational base, std::int64_t exponent) {
  if (exponent == 0) return Rational{1, 1};
  if (exponent < 0) {
    const auto inverse = reciprocal(base);
    if (!inverse || exponent == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
    return power(*inverse, -exponent);
  }
  std::optional<Rational> result = Rational{1, 1};
  std::optional<Rational> square = base;
  while (true) {
    if (exponent & 1) {
      if (!square) return std::nullopt;
      result = times(*result, *square);
      if (!result) return std::nullopt;
    }
    exponent >>= 1;
    if (exponent == 0) return result;
    if (square) square = times(*square, *square);
  }
}

std::int64_t floor_of(Rational a) {
  const std::int64_t quotient = a.num / a.den;
  return a.num % a.den < 0 ? quotient - 1 : quotient;
}

std::optional<std::int64_t> exact_root(std::int64_t a, std::int64_t n) {
  if (a < 0 || n < 1) return std::nullopt;
  if (a < 2 || n == 1) return a;
  if (n > 62) return std::nullopt;
  const auto guess = static_cast<std::int64_t>(std::llround(std::pow(double(a), 1.0 / double(n))));
  for (std::int64_t root = guess > 1 ? guess - 1 : 1; root <= guess + 1; ++root) {
    const auto back = power(Rational{root, 1}, n);
    if (back && back->num == a) return root;
  }
  return std::nullopt;
}

std::optional<Rational> common_measure(Rational a, Rational b) {
  if (a.num == 0) return Rational{b.num < 0 ? -b.num : b.num, b.den};
  if (b.num == 0) return Rational{a.num < 0 ? -a.num : a.num, a.den};
  const Wide lcm = Wide(a.den) / gcd(a.den, b.den) * b.den;
  return make_rational(gcd(a.num, b.num), lcm);
}

std::optional<Rational> parse_decimal(std::string_view text) {
  Wide digits = 0;
  int significant = 0, scale = 0, exponent = 0;
  bool point = false, integer = true;
  std::size_t at = 0;
  bool negative = false;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) negative = text[at++] == '-';
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    const char c = text[at];
    if (c == '_') continue;
    if (c == '.') {
      point = true;
      integer = false;
      continue;
    }
    if (c < '0' || c > '9' || significant > 18) return std::nullopt;
    digits = digits * 10 + (c - '0');
    if (digits > 0) ++significant;
    if (point) ++scale;
  }
  if (at < text.size()) {
    integer = false;
    std::size_t used = 0;
    const std::string rest(text.substr(at + 1));
    if (rest.empty() || rest.size() > 4) return std::nullopt;
    exponent = std::stoi(rest, &used);
    if (used != rest.size()) return std::nullopt;
  }
  // More than 15 digits are not sure to survive a double, so such a literal is a floating constant.
  if (!integer && significant - trailing_zeros(digits) > 15) return std::nullopt;
  return times_power_of_ten(negative ? -digits : digits, exponent - scale);
}

Numeric operator+(const Numeric& a, const Numeric& b) {
  if (a.exact && b.exact) {
    if (const auto sum = plus(a.r, b.r)) return Numeric::of(*sum);
  }
  return Numeric::of(a.value() + b.value());
}

Numeric operator*(const Numeric& a, const Numeric& b) {
  if (a.exact && b.exact) {
    if (const auto product = times(a.r, b.r)) return Numeric::of(*product);
  }
  return Numeric::of(a.value() * b.value());
}

Numeric operator-(const Numeric& a) {
  return a.exact ? Numeric::of(Rational{-a.r.num, a.r.den}) : Numeric::of(-a.f);
}

}  // namespace hopf::expr
