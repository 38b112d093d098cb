#include "path_rival.hpp"

#include <algorithm>
#include <cmath>

#include "core/philox.hpp"

namespace bench {
namespace {

constexpr std::int64_t kBlock = 256;

/// The words of one step for a block of paths, as 52-bit uniforms in arrays.
void uniforms(double* u, double* v, std::int64_t first, std::int64_t count, std::int64_t step,
              std::uint64_t seed) {
  for (std::int64_t i = 0; i < count; ++i) {
    const auto words = hopf::runtime::noise_words(seed, static_cast<std::uint64_t>(first + i),
                                                  static_cast<std::uint64_t>(step), 0);
    const std::uint64_t a = ((std::uint64_t{words[1]} << 32) | words[0]) >> 12;
    const std::uint64_t b = ((std::uint64_t{words[3]} << 32) | words[2]) >> 12;
    u[i] = 1.0 - static_cast<double>(static_cast<std::int64_t>(a)) * 0x1p-52;
    v[i] = static_cast<double>(static_cast<std::int64_t>(b)) * 0x1p-52;
  }
}

}  // namespace

void rival_paths(double* x, double* y, std::int64_t paths, std::int64_t steps, double dt,
                 std::uint64_t seed) {
  const double scale = 0.3 * std::sqrt(dt);
  double u[kBlock], v[kBlock];
  for (std::int64_t first = 0; first < paths; first += kBlock) {
    const std::int64_t count = std::min(kBlock, paths - first);
    double* const px = x + first;
    double* const py = y + first;
    for (std::int64_t step = 0; step < steps; ++step) {
      uniforms(u, v, first, count, step, seed);
      for (std::int64_t i = 0; i < count; ++i) {
        const double radius = std::sqrt(-2.0 * std::log(u[i])), angle = 6.283185307179586477 * v[i];
        const double a = px[i], b = py[i];
        px[i] = a + (std::sin(a) - 0.5 * a) * dt + scale * radius * std::cos(angle);
        py[i] = b + (std::cos(b) + 0.2 * a) * dt + scale * radius * std::sin(angle);
      }
    }
  }
}

}  // namespace bench
