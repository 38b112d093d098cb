// Building and running small kernels for the tests of kernel/, codegen/ and jit/.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "jit/jit.hpp"
#include "kernel/builder.hpp"
#include "kernel/evaluate.hpp"
#include "kernel/interpret.hpp"
#include "kernel/opcode_info.hpp"
#include "test.hpp"

namespace hopf::kernel_test {

using kernel::Builder;
using kernel::Kernel;
using kernel::Opcode;
using kernel::ValueId;

/// Distance in units of the last place: 0 for two NaNs, huge for one.
inline double ulps(double x, double y) {
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) && std::isnan(y) ? 0 : 1e300;
  const auto order = [](double v) {
    const auto bits = std::bit_cast<std::int64_t>(v);
    return bits < 0 ? std::numeric_limits<std::int64_t>::min() - bits : bits;
  };
  return std::fabs(static_cast<double>(static_cast<__int128>(order(x)) - order(y)));
}

inline bool same_bits(double x, double y) {
  return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y) ||
         (std::isnan(x) && std::isnan(y));
}

inline jit::Program compile(const Kernel& k, jit::Level level) {
  jit::Options options;
  options.level = level;
  options.cache = false;
  return jit::load(std::span(&k, 1), options);
}

using Columns = std::vector<std::vector<double>>;

/// Runs a point kernel on columns of equal length, by the interpreter or by compiled code.
inline Columns run(const Kernel& k, const Columns& in, const std::vector<double>& uniforms,
                   hopf_point_kernel native = nullptr) {
  const std::size_t count = in.empty() ? 0 : in[0].size();
  Columns out(k.output_count, std::vector<double>(count));
  std::vector<const void*> sources;
  std::vector<void*> targets;
  for (const auto& column : in) sources.push_back(column.data());
  for (auto& column : out) targets.push_back(column.data());
  const hopf_point_call call{static_cast<std::int64_t>(count), uniforms.data(), sources.data(),
                             targets.data()};
  native ? native(&call) : kernel::interpret(k, call);
  return out;
}

/// Fails at the first element that differs in any bit.
inline void check_same(const Columns& expected, const Columns& got) {
  for (std::size_t k = 0; k < expected.size(); ++k) {
    for (std::size_t n = 0; n < expected[k].size(); ++n) {
      if (!same_bits(expected[k][n], got[k][n])) {
        FAIL("output " << k << ", element " << n << ": " << expected[k][n] << " against "
                       << got[k][n]);
      }
    }
  }
}

/// One opcode of one or two inputs.
inline Kernel one_opcode(Opcode op) {
  Kernel k;
  k.name = "one";
  k.input_count = static_cast<std::uint32_t>(kernel::info(op).operands);
  k.output_count = 1;
  Builder b(k);
  const ValueId x = b.read(Opcode::Input, 0);
  k.outputs = {b.emit(op, x, k.input_count == 2 ? b.read(Opcode::Input, 1) : ValueId())};
  return k;
}

/// Uniform reals of the standard engine: the same on every system.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  double uniform(double lo, double hi) {
    return lo + (hi - lo) * static_cast<double>(engine_() >> 11) * 0x1p-53;
  }
  std::uint64_t bits() { return engine_(); }
  std::size_t below(std::size_t n) { return engine_() % n; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace hopf::kernel_test
