// Exponentials, logarithms, powers, hyperbolic functions and the normal integral.
//
// exp: x = n log 2 + r, |r| <= log(2)/2, exp x = 2^n (1 + q), q = r + r^2 P(r).
// log: x = 2^n m, sqrt(1/2) <= m < sqrt 2, log m = 2 atanh s, s = (m - 1)/(m + 1).
// "lo" and "hi" are an unevaluated sum of two doubles (Dekker, "A floating-point technique for
// extending the available precision", 1971).
#include <limits>
#include <numbers>

#include "codegen/coefficients.hpp"
#include "codegen/vector_math.hpp"

namespace hopf::codegen {
namespace {

namespace k = coefficients;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kRoundToInteger = 0x1.8p52;
constexpr std::uint64_t kRoundToIntegerBits = 0x4338000000000000;
constexpr std::uint64_t kOneBits = 0x3ff0000000000000;
constexpr double kPlainExp = 708;   // exp and its inverse are normal numbers up to here
constexpr double kPlainSinh = 700;  // exp, and what is added to it, are finite up to here

struct Sum {
  Lane hi, lo;
};

/// Exact a + b (Knuth).
Sum two_sum(Lane a, Lane b) {
  const Lane hi = a + b, part = hi - a;
  return {hi, (a - (hi - part)) + (b - part)};
}

struct Exponential {
  Lane q;  // exp r - 1
  Lane n;  // the power of two, in the low bits
};

/// exp(hi + lo) = 2^n (1 + q), where lo is small against hi.
Exponential reduced_exp(Lane hi, const Lane* lo = nullptr) {
  const Lane shifted = fma(hi, std::numbers::log2e, kRoundToInteger);
  const Lane minus = -(shifted - kRoundToInteger);
  const Lane first = fma(minus, k::kLog2[0], hi);
  if (!lo) {
    const Lane r = fma(minus, k::kLog2[1], first);
    return {fma(r * r, polynomial(r, k::kExp), r), bits(shifted)};
  }
  const Lane tail = fma(minus, k::kLog2[1], *lo), r = first + tail;
  const Lane lost = (first - r) + tail;
  return {r + fma(r * r, polynomial(r, k::kExp), lost), bits(shifted)};
}

/// 2^n for a normal result.
Lane power_of_two(Lane n) {
  return from_bits(integer_add(shift_left(n, 52), integer(*n.lanes, kOneBits)));
}

/// 2^n p for normal p and result: n goes straight into p's exponent.
Lane scaled(Lane p, Lane n) { return from_bits(integer_add(bits(p), shift_left(n, 52))); }

/// 2^n p by two exact steps but for one rounding, so that overflow and denormals come out right.
Lane scaled_twice(Lane p, Lane n) {
  const Lane whole = integer_sub(n, integer(*n.lanes, kRoundToIntegerBits));
  const Lane half = shift_right_arithmetic(whole, 1);
  return p * power_of_two(half) * power_of_two(integer_sub(whole, half));
}

/// exp(hi + lo) for any finite or infinite argument and NaN, times 2^shift.
Lane full_exp(Lane hi, const Lane* lo = nullptr, int shift = 0) {
  const Exponential e = reduced_exp(at_least(at_most(hi, 711), -747), lo);
  const Lane n = integer_add(
      e.n, integer(*hi.lanes, static_cast<std::uint64_t>(static_cast<std::int64_t>(shift))));
  return scaled_twice(e.q + 1.0, n);
}

struct Significand {
  Lane m;  // [sqrt(1/2), sqrt 2)
  Lane n;  // as a double
};

Significand significand(Lane x) {
  constexpr std::uint64_t kSqrtHalfBits = 0x3fe6a09e667f3bcd;
  Lanes& lanes = *x.lanes;
  const Lane n = shift_right_arithmetic(integer_sub(bits(x), integer(lanes, kSqrtHalfBits)), 52);
  const Lane m = from_bits(integer_sub(bits(x), shift_left(n, 52)));
  return {m, from_bits(integer_add(n, integer(lanes, kRoundToIntegerBits))) - kRoundToInteger};
}

/// As above for denormals too, which are made normal first.
Significand significand_of_any(Lane x) {
  const Lane tiny = x < std::numeric_limits<double>::min();
  Significand s = significand(select(tiny, x * 0x1p54, x));
  s.n = s.n + select(tiny, -54.0, 0.0);
  return s;
}

/// n log 2 + log m = n hi - ((f^2/2 - (s (f^2/2 + R) + n lo)) - f), f = m - 1, R = s^2 P(s^2).
Lane log_of(const Significand& x) {
  const Lane f = x.m - 1.0;
  const Lane s = f / (f + 2.0), z = s * s;
  const Lane half_square = f * f * 0.5;
  const Lane small = fma(s, fma(z, polynomial(z, k::kLog), half_square), x.n * k::kLog2[1]);
  return fma(x.n, k::kLog2[0], f - (half_square - small));
}

/// log x to about 2^-68 relative, for finite positive x: log m = 2 s + (2/3) s^3 + s^5 P(s^2), the
/// first two terms with their rounding errors.
Sum precise_log(Lane x) {
  constexpr double kTwoThirds = 2.0 / 3.0, kTwoThirdsLow = 0x1.5555555555555p-55;
  const Significand x2 = significand_of_any(x);
  const Lane f = x2.m - 1.0, d = f + 2.0, d_low = f - (d - 2.0);
  const Lane inverse = 1.0 / d, s = f * inverse;
  const Lane s_low = (fma(-s, d, f) - s * d_low) * inverse;
  const Lane z = s * s, z_low = fma(s, s, -z) + s * s_low * 2.0;
  const Lane w = s * z, w_low = fma(s, z, -w) + fma(s, z_low, s_low * z);
  const Lane third = w * kTwoThirds;
  const Lane third_low = fma(w, kTwoThirds, -third) + fma(w_low, kTwoThirds, w * kTwoThirdsLow);
  const Sum a = two_sum(x2.n * k::kLog2[0], s * 2.0);
  const Sum b = two_sum(a.hi, third);
  const Lane tail = fma(w * z, polynomial(z, k::kLogTail), third_low);
  const Lane low = tail + fma(s_low, 2.0, a.lo + b.lo) + x2.n * k::kLog2[1];
  const Lane hi = b.hi + low;
  return {hi, low - (hi - b.hi)};
}

/// x^y for x > 0, as exp(y log x) with the product in two doubles.
Lane positive_power(Lane x, Lane y) {
  const Sum log = precise_log(x);
  const Lane bounded =
      at_least(at_most(y, 0x1p100), -0x1p100);  // already over- or underflows, and stays finite
  const Lane hi = bounded * log.hi;
  const Lane lo = fma(bounded, log.hi, -hi) + bounded * log.lo;
  const Lane kept = select(abs(hi) > 747.0, 0.0, lo);
  return full_exp(hi, &kept);
}

/// erfc(y) for y >= 1/2: exp(-y^2) g(y)/d, d = 1 + 2 y, where -y^2 is known in two doubles. The
/// single expansion of g over the half line is that of Shepherd and Laframboise, Math. Comp. 36
/// (1981); coefficients are ours.
Lane upper_tail(Lane y, Lane d, Lane exponent, Lane exponent_low) {
  const Lane h = polynomial((y - 3.75) / (y + 3.75), k::kErfc) / d;
  const Exponential e = reduced_exp(exponent, &exponent_low);
  return scaled_twice(fma(e.q, h, h), e.n);
}

Lane erf_near_zero(Lane x) { return x * polynomial(x * x, k::kErf); }

}  // namespace

Lane log_of_normal(Lane u) { return log_of(significand(u)); }

Lane emit_exp(MathLibrary& library, Lane x) {
  const Exponential e = reduced_exp(x);
  const Lane arguments[] = {x};
  llvm::Function* slow = library.function(
      "exp.extreme", 1, true, [](Lanes&, std::span<const Lane> a) { return full_exp(a[0]); });
  return guarded(x * (2 / kPlainExp), scaled(e.q + 1.0, e.n), slow, arguments);
}

Lane emit_log(MathLibrary&, Lane x) {
  const Lane ordinary = (x > 0.0) & (x < kInfinity);
  const Lane special = select(x == 0.0, -kInfinity, select(x < 0.0, kNan, x));
  return select(ordinary, log_of(significand_of_any(x)), special);
}

/// C's pow: 1 where x = 1 or y = 0, NaN for a negative base and a broken exponent, odd powers keep
/// the sign.
Lane emit_pow(MathLibrary&, Lane x, Lane y) {
  Lanes& lanes = *x.lanes;
  const Lane ax = abs(x), half = y * 0.5;
  const Lane integral = equal(floor(y), y), odd = integral & !equal(floor(half), half);
  Lane power = select((x < 0.0) & !integral, kNan, positive_power(ax, y));
  const Lane at_end = (ax == 0.0) | (ax == kInfinity);
  const Lane grows = (ax == 0.0) ^ (y > 0.0);
  power = select(at_end, select(grows, kInfinity, 0.0), power);
  power = select(odd, copysign(power, x), power);
  power = select(is_nan(x), x, select(is_nan(y), y, power));
  return select((x == 1.0) | (y == 0.0), real(lanes, 1), power);
}

/// With t = exp a - 1: sinh a = (t + t/(t + 1))/2. Beyond kPlainExp: exp(a)/2, scaled late.
Lane emit_sinh(MathLibrary& library, Lane x) {
  const Lane a = abs(x);
  const Exponential e = reduced_exp(a);
  const Lane scale = power_of_two(e.n);
  const Lane t = fma(scale, e.q, scale - 1.0);
  const Lane fast = copysign((t + t / (t + 1.0)) * 0.5, x);
  llvm::Function* slow =
      library.function("sinh.extreme", 1, true, [](Lanes&, std::span<const Lane> arguments) {
        return copysign(full_exp(abs(arguments[0]), nullptr, -1), arguments[0]);
      });
  const Lane arguments[] = {x};
  return guarded(a * (2 / kPlainSinh), fast, slow, arguments);
}

Lane emit_cosh(MathLibrary& library, Lane x) {
  const Lane a = abs(x);
  const Exponential e = reduced_exp(a);
  const Lane half = scaled((e.q + 1.0) * 0.5, e.n);
  llvm::Function* slow =
      library.function("cosh.extreme", 1, true, [](Lanes&, std::span<const Lane> arguments) {
        return full_exp(abs(arguments[0]), nullptr, -1);
      });
  const Lane arguments[] = {x};
  return guarded(a * (2 / kPlainSinh), half + 0.25 / half, slow, arguments);
}

/// With t = exp(2 |x|) - 1: tanh |x| = t/(t + 2), which is 1 to the last bit from 20 on.
Lane emit_tanh(MathLibrary&, Lane x) {
  const Lane a = at_most(abs(x), 20);
  const Exponential e = reduced_exp(a + a);
  const Lane scale = power_of_two(e.n);
  const Lane t = fma(scale, e.q, scale - 1.0);
  return copysign(t / (t + 2.0), x);
}

Lane emit_erf(MathLibrary&, Lane x) {
  const Lane a = at_most(abs(x), 6);
  const Lane square = a * a;
  const Lane tail = upper_tail(a, fma(a, 2.0, 1.0), -square, -fma(a, a, -square));
  return select(abs(x) > 0.75, copysign(1.0 - tail, x), erf_near_zero(x));
}

/// Phi(x) = erfc(-x/sqrt 2)/2. The exponent -x^2/2 is formed from x itself, so the tail stays
/// accurate.
Lane emit_normal_cdf(MathLibrary&, Lane x) {
  const Lane a = at_most(abs(x), 39.5);
  const Lane y = a * (std::numbers::sqrt2 / 2);
  const Lane square = a * a;
  const Lane low = fma(a, a, -square);
  const Lane d = fma(a, std::numbers::sqrt2, 1.0);
  const Lane tail = upper_tail(y, d, square * -0.5, low * -0.5) * 0.5;
  const Lane outer = select(x < 0.0, tail, 1.0 - tail);
  const Lane inner = fma(erf_near_zero(x * (std::numbers::sqrt2 / 2)), 0.5, real(*x.lanes, 0.5));
  return select(y > 0.5, outer, inner);
}

}  // namespace hopf::codegen
