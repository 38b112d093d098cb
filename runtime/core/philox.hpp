// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011). A draw is a pure function of (seed; path, step, noise index), so a result does not depend on
// the number of threads, lanes or processes, nor on the order in which paths are advanced.
//
// Layout, fixed for ever because results depend on it:
//   key     = seed, low word first
//   counter = (path low, path high, step low, 2^16 * (step high) + noise index / 2)
// One block of four words makes two 52-bit uniforms and, by Box and Muller, the normals of noise indices 2k and 2k+1.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace hopf::runtime {

using PhiloxBlock = std::array<std::uint32_t, 4>;

inline constexpr std::uint32_t kPhiloxMultiplier0 = 0xD2511F53u;
inline constexpr std::uint32_t kPhiloxMultiplier1 = 0xCD9E8D57u;
inline constexpr std::uint32_t kPhiloxWeyl0 = 0x9E3779B9u;  // golden ratio
inline constexpr std::uint32_t kPhiloxWeyl1 = 0xBB67AE85u;  // sqrt(3) - 1
inline constexpr int kPhiloxRounds = 10;

constexpr PhiloxBlock philox4x32(PhiloxBlock c, std::uint32_t key0, std::uint32_t key1) {
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

/// The block that serves noise indices 2*pair and 2*pair + 1 of one path at one step.
constexpr PhiloxBlock philox_block(std::uint64_t seed, std::uint64_t path, std::uint64_t step, std::uint32_t pair) {
  const auto step_high = static_cast<std::uint32_t>(step >> 32);
  return philox4x32({static_cast<std::uint32_t>(path), static_cast<std::uint32_t>(path >> 32),
                     static_cast<std::uint32_t>(step), (step_high << 16) + pair},
                    static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32));
}

/// Two words to (k + 1/2)/2^52, k in 0..2^52-1: never 0 or 1, symmetric about 1/2, and every step is exact, so that
/// scalar and vector code agree in every bit: [1, 2) by its exponent, less 1 - 2^-53.
constexpr double philox_uniform(std::uint32_t low, std::uint32_t high) {
  const std::uint64_t word = (std::uint64_t{high} << 32) | low;
  return std::bit_cast<double>((word >> 12) | 0x3ff0000000000000ull) - 0x1.fffffffffffffp-1;
}

struct UniformPair {
  double first, second;
};
constexpr UniformPair philox_uniforms(std::uint64_t seed, std::uint64_t path, std::uint64_t step,
                                      std::uint32_t pair) {
  const PhiloxBlock block = philox_block(seed, path, step, pair);
  return {philox_uniform(block[0], block[1]), philox_uniform(block[2], block[3])};
}

/// Box and Muller with the C library: r = sqrt(-2 log u1); index 2k is r*cos(2 pi u2), index 2k+1 is r*sin(2 pi u2).
/// Generated code evaluates the same formula with its own log, sin and cos, equal to a few units in the last place.
inline double philox_normal(std::uint64_t seed, std::uint64_t path, std::uint64_t step, std::uint32_t noise) {
  const auto [u1, u2] = philox_uniforms(seed, path, step, noise / 2);
  const double radius = std::sqrt(-2.0 * std::log(u1));
  const double angle = 6.283185307179586476925286766559 * u2;
  return noise % 2 == 0 ? radius * std::cos(angle) : radius * std::sin(angle);
}

}  // namespace hopf::runtime
