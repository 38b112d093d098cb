// Circular functions and their inverses.
//
// Arguments are reduced by multiples of pi (or pi/2) held as a sum of three doubles (Cody and
// Waite, "Software Manual for the Elementary Functions", 1980). With a fused multiply-add, x - n*hi
// is exact, because both are multiples of hi's last place and the difference is small; the next
// product rounds once relative to the result; and the third part covers cancellation down to 2^-60,
// closer than any double below 2^32 comes to a multiple of pi/2.
#include <array>
#include <limits>
#include <numbers>

#include "codegen/coefficients.hpp"
#include "codegen/vector_math.hpp"

namespace hopf::codegen {
namespace {

namespace k = coefficients;

// Multiples n of pi are held as n times kUnit, which changes no bit of what follows but makes n
// itself the measure of whether x is too large: from 2^30 on it is 2. Larger ones go through libm,
// one lane at a time.
constexpr double kUnit = 0x1p-29;
constexpr double kLargest = 0x1p30;          // below every x that is too large
constexpr double kRound = 0x1.8p52 * kUnit;  // adding it rounds to units, left in the low bits

constexpr std::array<double, 3> by_units(const std::array<double, 3>& step) {
  return {step[0] / kUnit, step[1] / kUnit, step[2] / kUnit};
}
constexpr auto kPi = by_units(k::kPi), kHalfPi = by_units(k::kHalfPi);

/// r + r^3 P(r^2): sine on [-pi/2, pi/2].
Lane sine_of_half_turn(Lane r) {
  const Lane z = r * r;
  return fma(r * z, polynomial(z, k::kSinHalfTurn), r);
}

Lane subtract_multiple(Lane x, Lane n, const std::array<double, 3>& step) {
  const Lane minus = -n;
  return fma(minus, step[2], fma(minus, step[1], fma(minus, step[0], x)));
}

/// atan(a/b) for a, b >= 0. With z = a/b, (a - b)/(a + b) or -b/a, chosen so that |z| <= tan(pi/8),
/// the angle is 0, pi/4 or pi/2 plus atan z.
Lane angle_of_quotient(Lane a, Lane b) {
  constexpr double kTanPi8 = std::numbers::sqrt2 - 1, kTan3Pi8 = std::numbers::sqrt2 + 1;
  const Lane middle = a > b * kTanPi8, steep = a > b * kTan3Pi8;
  const Lane numerator = select(steep, -b, select(middle, a - b, a));
  const Lane denominator = select(steep, a, select(middle, a + b, b));
  const Lane z = numerator / denominator, z2 = z * z;
  Lanes& lanes = *a.lanes;
  const Lane high = select(steep, k::kHalfPi[0], select(middle, k::kHalfPi[0] / 2, real(lanes, 0)));
  const Lane low = select(steep, k::kHalfPi[1], select(middle, k::kHalfPi[1] / 2, real(lanes, 0)));
  return high + (z + fma(z * z2, polynomial(z2, k::kAtan), low));
}

/// For |x| <= 1/2: s = |x|, z = x^2. Beyond: asin x = pi/2 - 2 asin s with z = (1 - |x|)/2, s =
/// sqrt z.
struct HalfAngle {
  Lane outer;    // |x| > 1/2
  Lane arcsine;  // asin s
};

HalfAngle half_angle(Lane x) {
  const Lane a = abs(x), outer = a > 0.5;
  const Lane z = select(outer, fma(a, -0.5, 0.5), x * x);
  const Lane s = select(outer, sqrt(z), a);
  return {outer, fma(s * z, polynomial(z, k::kAsin), s)};
}

}  // namespace

CosSin cos_sin_of_small(Lane angle) {
  const Lane z = angle * angle;
  const Lane cosine = fma(z * z, polynomial(z, k::kCos), fma(z, -0.5, 1.0));
  return {cosine, fma(angle * z, polynomial(z, k::kSin), angle)};
}

/// x = n pi + r: sin x = (-1)^n sin r.
Lane emit_sin(MathLibrary& library, Lane x) {
  const Lane shifted = fma(x, kUnit * std::numbers::inv_pi, kRound), n = shifted - kRound;
  const Lane r = subtract_multiple(x, n, kPi);
  const Lane fast = flip_sign(sine_of_half_turn(r), bits(shifted));
  const Lane arguments[] = {x};
  return guarded(n, fast, library.scalar_fallback("sin", kLargest), arguments);
}

/// x = (n + 1/2) pi - r: cos x = (-1)^n sin r.
Lane emit_cos(MathLibrary& library, Lane x) {
  const Lane shifted = fma(x, kUnit * std::numbers::inv_pi, -0.5 * kUnit) + kRound;
  const Lane middle = (shifted - kRound) + 0.5 * kUnit;
  const Lane r = -subtract_multiple(x, middle, kPi);
  const Lane fast = flip_sign(sine_of_half_turn(r), bits(shifted));
  const Lane arguments[] = {x};
  return guarded(middle, fast, library.scalar_fallback("cos", kLargest), arguments);
}

/// x = n pi/2 + r + low: tan x is s/c for even n and -c/s for odd n, where s = sin(r + low) and c =
/// cos r.
Lane emit_tan(MathLibrary& library, Lane x) {
  const Lane shifted = fma(x, kUnit * 2 * std::numbers::inv_pi, kRound);
  const Lane n = shifted - kRound, minus = -n;
  const Lane first = fma(minus, kHalfPi[0], x);
  const Lane second = n * kHalfPi[1], second_low = fma(n, kHalfPi[1], -second);
  const Lane r = first - second;
  const Lane low = fma(minus, kHalfPi[2], ((first - r) - second) - second_low);
  const Lane z = r * r;
  const Lane s = r + fma(r * z, polynomial(z, k::kSin), low);
  const Lane c = cos_sin_of_small(r).cos - r * low;
  const Lane odd = flip_sign(real(*x.lanes, 1), bits(shifted)) < 0.0;
  const Lane fast = flip_sign(select(odd, c, s) / select(odd, s, c), bits(shifted));
  const Lane arguments[] = {x};
  return guarded(n, fast, library.scalar_fallback("tan", kLargest), arguments);
}

Lane emit_asin(MathLibrary&, Lane x) {
  const HalfAngle half = half_angle(x);
  const Lane outer = k::kHalfPi[0] - (half.arcsine * 2.0 - k::kHalfPi[1]);
  return copysign(select(half.outer, outer, half.arcsine), x);
}

/// |x| <= 1/2: pi/2 - asin x; x > 1/2: 2 asin s; x < -1/2: pi - 2 asin s.
Lane emit_acos(MathLibrary&, Lane x) {
  const HalfAngle half = half_angle(x);
  const Lane twice = half.arcsine * 2.0;
  const Lane inner = k::kHalfPi[0] - (copysign(half.arcsine, x) - k::kHalfPi[1]);
  const Lane outer = select(x < 0.0, k::kPi[0] - (twice - k::kPi[1]), twice);
  return select(half.outer, outer, inner);
}

Lane emit_atan(MathLibrary&, Lane x) {
  return copysign(angle_of_quotient(abs(x), real(*x.lanes, 1)), x);
}

/// Scaled so that no sum overflows; 0/0 is angle 0 and inf/inf is pi/4, as C's atan2 has it.
Lane emit_atan2(MathLibrary&, Lane y, Lane x) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Lanes& lanes = *y.lanes;
  const Lane ay = abs(y), ax = abs(x);
  const Lane huge = (ay > 0x1p1000) | (ax > 0x1p1000);
  const Lane scale = select(huge, 0x1p-60, 1.0);
  const Lane both_infinite = (ay == kInfinity) & (ax == kInfinity);
  const Lane a = select(both_infinite, 1.0, ay * scale);
  const Lane b = select(both_infinite | ((ay == 0.0) & (ax == 0.0)), 1.0, ax * scale);
  const Lane angle = angle_of_quotient(a, b);
  const Lane left = copysign(real(lanes, 1), x) < 0.0;
  const Lane turned = select(left, k::kPi[0] - (angle - k::kPi[1]), angle);
  return select(is_nan(x), x, copysign(turned, y));
}

}  // namespace hopf::codegen
