// Hashing for interning (in memory) and for content keys (on disk, stable across runs and hosts).
#pragma once

#include <cstdint>
#include <string_view>

namespace hopf::base {

constexpr std::uint64_t mix(std::uint64_t seed, std::uint64_t value) {
  seed ^= value + 0x9e3779b97f4a7c15ull + (seed << 6) + (seed >> 2);
  seed *= 0xff51afd7ed558ccdull;
  return seed ^ (seed >> 33);
}

/// FNV-1a over bytes; `seed` chains several pieces.
constexpr std::uint64_t hash_bytes(std::string_view bytes,
                                   std::uint64_t seed = 0xcbf29ce484222325ull) {
  for (unsigned char byte : bytes) seed = (seed ^ byte) * 0x100000001b3ull;
  return seed;
}

}  // namespace hopf::base
