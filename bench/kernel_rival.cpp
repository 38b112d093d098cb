#include "kernel_rival.hpp"

#include <cmath>
#include <cstring>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#include "codegen/coefficients.hpp"

namespace rival {
namespace {

namespace k = hopf::codegen::coefficients;

using Real = double __attribute__((vector_size(64)));
using Word = std::uint64_t __attribute__((vector_size(64)));
using Flag = std::int64_t __attribute__((vector_size(64)));

Real load(const double* p) {
  Real v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
void store(double* p, Real v) { std::memcpy(p, &v, sizeof v); }
Real splat(double x) { return Real{} + x; }

template <std::size_t N>
Real polynomial(Real z, const std::array<double, N>& c) {
  const Real z2 = z * z;
  Real even = splat(c[(N - 1) / 2 * 2]), odd = splat(c[(N - 2) / 2 * 2 + 1]);
  for (std::size_t n = (N - 1) / 2 * 2; n >= 2; n -= 2) even = even * z2 + c[n - 2];
  for (std::size_t n = (N - 2) / 2 * 2 + 1; n >= 3; n -= 2) odd = odd * z2 + c[n - 2];
  return odd * z + even;
}

constexpr double kRound = 0x1.8p52;

Real sine_of_half_turn(Real r, Real shifted) {
  const Real z = r * r, s = (r * z) * polynomial(z, k::kSinHalfTurn) + r;
  return (Real)((Word)s ^ ((Word)shifted << 63));
}
Real sine(Real x) {
  const Real shifted = x * 0.31830988618379067 + kRound, n = shifted - kRound;
  Real r = x - n * k::kPi[0];
  r = r - n * k::kPi[1];
  r = r - n * k::kPi[2];
  return sine_of_half_turn(r, shifted);
}
Real cosine(Real x) {
  const Real shifted = (x * 0.31830988618379067 - 0.5) + kRound, n = (shifted - kRound) + 0.5;
  Real r = n * k::kPi[0] - x;
  r = n * k::kPi[1] + r;
  r = n * k::kPi[2] + r;
  return sine_of_half_turn(r, shifted);
}
Real exponential(Real x) {
  const Real shifted = x * 1.4426950408889634 + kRound, n = shifted - kRound;
  Real r = x - n * k::kLog2[0];
  r = r - n * k::kLog2[1];
  const Real p = ((r * r) * polynomial(r, k::kExp) + r) + 1.0;
  return (Real)((Word)p + ((Word)shifted << 52));
}
Real logarithm(Real x) {
  const Word sqrt_half = Word{} + 0x3fe6a09e667f3bcdull;
  const Flag n = (Flag)((Word)x - sqrt_half) >> 52;
  const Real m = (Real)((Word)x - ((Word)n << 52));
  const Real e = (Real)((Word)n + 0x4338000000000000ull) - kRound;
  const Real f = m - 1.0, s = f / (f + 2.0), z = s * s, h = f * f * 0.5;
  const Real small = s * (z * polynomial(z, k::kLog) + h) + e * k::kLog2[1];
  return e * k::kLog2[0] + (f - (h - small));
}
Real square_root(Real x) {
#ifdef __AVX512F__
  return (Real)_mm512_sqrt_pd((__m512d)x);
#else
  for (int n = 0; n < 8; ++n) x[n] = std::sqrt(x[n]);
  return x;
#endif
}
Word product(Word x, std::uint32_t m) {
#ifdef __AVX512F__
  return (Word)_mm512_mul_epu32((__m512i)x, _mm512_set1_epi64(m));
#else
  return (x & 0xffffffffull) * m;
#endif
}

struct Pair {
  Real even, odd;
};

Pair normals(std::uint64_t seed, Word path, std::uint64_t step) {
  Word a = path & 0xffffffffull, b = path >> 32, c = Word{} + (step & 0xffffffffull), d = Word{};
  std::uint32_t key0 = static_cast<std::uint32_t>(seed),
                key1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const Word p0 = product(a, 0xD2511F53u), p1 = product(c, 0xCD9E8D57u);
    a = (p1 >> 32) ^ b ^ std::uint64_t{key0};
    b = p1;
    c = (p0 >> 32) ^ d ^ std::uint64_t{key1};
    d = p0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  const Word one = Word{} + 0x3ff0000000000000ull;
  const Word first = ((a << 32) | (b & 0xffffffffull)) >> 12,
             second = ((c << 32) | (d & 0xffffffffull)) >> 12;
  const Real radius = square_root(logarithm(2.0 - (Real)(first | one)) * -2.0);
  const Real v = (Real)(second | one) - 1.0;
  const Word shifted = second + (std::uint64_t{1} << 49);
  const Real quarter = (v * 4.0 + kRound) - kRound;
  const Real angle = (quarter * -0.25 + v) * 6.283185307179586, z = angle * angle;
  const Real cosine = (z * z) * polynomial(z, k::kCos) + (z * -0.5 + 1.0);
  const Real sine = (angle * z) * polynomial(z, k::kSin) + angle;
  const Flag odd = (Flag)((shifted >> 50) & 1) != 0;
  const Word half = shifted >> 51, turn = shifted >> 50;
  const Real x = radius * (odd ? sine : cosine), y = radius * (odd ? cosine : sine);
  return {(Real)((Word)x ^ ((half ^ turn) << 63)), (Real)((Word)y ^ (half << 63))};
}

struct State {
  Real x, y;
};

State advance(State s, Pair z, double dt, double sd) {
  return {s.x + (sine(s.x) - 0.5 * s.x) * dt + sd * z.even,
          s.y + (cosine(s.y) + 0.2 * s.x) * dt + sd * z.odd};
}

}  // namespace

void drift(std::int64_t n, const double* s, const double* c, const double* omega, const double* tau,
           double* acceleration, double* cost) {
  for (std::int64_t i = 0; i + 8 <= n; i += 8) {
    const Real w = load(omega + i), t = load(tau + i);
    store(acceleration + i, 9.81 * load(s + i) + (t - 0.1 * w));
    store(cost + i, 10.0 - 10.0 * load(c + i) + 0.1 * (w * w) + 0.01 * (t * t));
  }
}

void trigonometric(std::int64_t n, const double* x, const double* y, double* out) {
  for (std::int64_t i = 0; i + 8 <= n; i += 8) {
    const Real a = load(x + i), b = load(y + i);
    store(out + i, sine(a) * cosine(b) + exponential(-(a * a)));
  }
}

void paths(std::int64_t n, std::int64_t steps, std::uint64_t seed, double dt, double sd, double* x,
           double* y) {
  const Word lanes{0, 1, 2, 3, 4, 5, 6, 7};
  for (std::int64_t i = 0; i + 16 <= n; i += 16) {
    State first{load(x + i), load(y + i)}, second{load(x + i + 8), load(y + i + 8)};
    const Word path = lanes + static_cast<std::uint64_t>(i);
    for (std::int64_t step = 0; step < steps; ++step) {
      const auto time = static_cast<std::uint64_t>(step);
      const Pair z0 = normals(seed, path, time), z1 = normals(seed, path + 8, time);
      first = advance(first, z0, dt, sd);
      second = advance(second, z1, dt, sd);
    }
    store(x + i, first.x);
    store(y + i, first.y);
    store(x + i + 8, second.x);
    store(y + i + 8, second.y);
  }
}

}  // namespace rival
