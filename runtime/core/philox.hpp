// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random
// numbers: as easy as 1, 2, 3", SC 2011) and the one mapping from (seed, path, step, noise index)
// to a standard normal that generated code, the interpreter and the runtime share. A number depends
// on those four alone, so results are the same for any number of threads, lanes or processes.
//
//   key     = (seed low, seed high)
//   counter = (path low, path high, step low, step bits 32..47 in the upper half | noise index / 2
//   in the lower) words   w0..w3 give two 52-bit fractions  a = (w0:w1) >> 12,  b = (w2:w3) >> 12
//   u       = 1 - a/2^52 in (0, 1],  v = b/2^52 in [0, 1)
//   normals = sqrt(-2 log u) * (cos 2 pi v, sin 2 pi v)     (Box and Muller, 1958)
// An even noise index takes the cosine, an odd one the sine. |normal| <= sqrt(104 log 2) = 8.49.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>

namespace hopf::runtime {

using PhiloxWords = std::array<std::uint32_t, 4>;

inline constexpr std::uint32_t kPhiloxMultiplier0 = 0xD2511F53u;
inline constexpr std::uint32_t kPhiloxMultiplier1 = 0xCD9E8D57u;
inline constexpr std::uint32_t kPhiloxWeyl0 = 0x9E3779B9u;
inline constexpr std::uint32_t kPhiloxWeyl1 = 0xBB67AE85u;
inline constexpr int kPhiloxRounds = 10;

constexpr PhiloxWords philox4x32(PhiloxWords c, std::uint32_t key0, std::uint32_t key1) {
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const std::uint64_t p0 = std::uint64_t{kPhiloxMultiplier0} * c[0];
    const std::uint64_t p1 = std::uint64_t{kPhiloxMultiplier1} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ key0, static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ key1, static_cast<std::uint32_t>(p0)};
    key0 += kPhiloxWeyl0;
    key1 += kPhiloxWeyl1;
  }
  return c;
}

/// The block of random words that noise indices 2*pair and 2*pair + 1 of one path and step draw
/// from.
constexpr PhiloxWords noise_words(std::uint64_t seed, std::uint64_t path, std::uint64_t step,
                                  std::uint32_t pair) {
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto last = static_cast<std::uint32_t>((step >> 32) << 16) | (pair & 0xffffu);
  return philox4x32({low(path), low(path >> 32), low(step), last}, low(seed), low(seed >> 32));
}

/// Two independent uniforms, the first in (0, 1], the second in [0, 1), on a lattice of 2^-52.
inline std::pair<double, double> uniform_pair(const PhiloxWords& w) {
  const std::uint64_t a = ((std::uint64_t{w[0]} << 32) | w[1]) >> 12;
  const std::uint64_t b = ((std::uint64_t{w[2]} << 32) | w[3]) >> 12;
  return {1.0 - std::ldexp(static_cast<double>(a), -52), std::ldexp(static_cast<double>(b), -52)};
}

/// Box and Muller with the angle brought into [-pi/4, pi/4] exactly before it meets pi.
inline std::pair<double, double> box_muller(double u, double v) {
  const double radius = std::sqrt(-2.0 * std::log(u));
  const double quarter = std::floor(4.0 * v + 0.5);
  const double angle = 2.0 * std::numbers::pi * (v - 0.25 * quarter);
  const double c = std::cos(angle), s = std::sin(angle);
  switch (static_cast<int>(quarter) & 3) {
    case 0:
      return {radius * c, radius * s};
    case 1:
      return {-(radius * s), radius * c};
    case 2:
      return {-(radius * c), -(radius * s)};
    default:
      return {radius * s, -(radius * c)};
  }
}

/// The standard normal of one noise index, for one path and step.
inline double standard_normal(std::uint64_t seed, std::uint64_t path, std::uint64_t step,
                              std::uint32_t noise_index) {
  const auto [u, v] = uniform_pair(noise_words(seed, path, step, noise_index / 2));
  const auto [even, odd] = box_muller(u, v);
  return noise_index % 2 == 0 ? even : odd;
}

}  // namespace hopf::runtime
