// Vectors of lanes as values with operators, so that vector mathematics in LLVM IR reads like its
// formulas. Everything here is of one width; a Lane holds doubles, 64-bit integers or booleans.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace llvm {
class Function;
class IRBuilderBase;
class Type;
class Value;
}  // namespace llvm

namespace hopf::codegen {

/// Where instructions go, and how many lanes they have.
/// Bits of doubles that are at least 2 in magnitude, or NaN, in lanes whose result is not good.
using Warning = llvm::Value*;

struct Lanes {
  llvm::IRBuilderBase& builder;
  unsigned width;
  /// Where given, `guarded` collects its warnings here and leaves rare lanes to others.
  std::vector<Warning>* warnings = nullptr;
};

struct Lane {
  Lanes* lanes;
  llvm::Value* value;
};

// ---- doubles
Lane real(Lanes&, double);
Lane operator+(Lane, Lane);
Lane operator-(Lane, Lane);
Lane operator*(Lane, Lane);
Lane operator/(Lane, Lane);
Lane operator-(Lane);
Lane operator+(Lane, double);
Lane operator-(Lane, double);
Lane operator-(double, Lane);
Lane operator*(Lane, double);
Lane operator/(double, Lane);
Lane fma(Lane a, Lane b, Lane c);
Lane fma(Lane a, double b, Lane c);
Lane fma(Lane a, double b, double c);
Lane sqrt(Lane);
Lane abs(Lane);
Lane floor(Lane);
/// The magnitude of one and the sign of the other.
Lane copysign(Lane magnitude, Lane sign);
/// c_0 + c_1 z + c_2 z^2 + ...: Horner's rule on the even and on the odd powers, which halves the
/// latency.
Lane polynomial(Lane z, std::span<const double> coefficients);

// ---- comparisons give booleans; all but not_at_most are false on NaN
Lane operator<(Lane, Lane);
Lane operator>(Lane, Lane);
Lane operator<(Lane, double);
Lane operator>(Lane, double);
Lane operator==(Lane, double);
Lane equal(Lane, Lane);
/// True where a > limit and where a is NaN.
Lane not_at_most(Lane a, double limit);
Lane is_nan(Lane);
Lane operator&(Lane, Lane);
Lane operator|(Lane, Lane);
Lane operator^(Lane, Lane);
Lane operator!(Lane);
Lane select(Lane condition, Lane then, Lane otherwise);
Lane select(Lane condition, double then, Lane otherwise);
Lane select(Lane condition, double then, double otherwise);
/// min(limit, a) and max(limit, a) that keep a NaN.
Lane at_most(Lane a, double limit);
Lane at_least(Lane a, double limit);

// ---- 64-bit integers and the bits of doubles
Lane integer(Lanes&, std::uint64_t);
Lane bits(Lane real);
Lane from_bits(Lane integer);
Lane integer_add(Lane, Lane);
Lane integer_sub(Lane, Lane);
Lane integer_mul(Lane, Lane);
Lane shift_left(Lane, unsigned);
Lane shift_right(Lane, unsigned);             // filled with zeros
Lane shift_right_arithmetic(Lane, unsigned);  // filled with the sign
/// The number whose bits are those of a, with the sign bit flipped where bit 0 of `odd` is set.
Lane flip_sign(Lane a, Lane odd);

/// `fast`, except in lanes where |measure| >= 2 or NaN: there slow(x). The call sits in a cold
/// branch that is taken only when some lane needs it, and each lane's result depends on that lane
/// alone. Where warnings are collected, `fast` in any case.
Lane guarded(Lane measure, Lane fast, llvm::Function* slow, std::span<const Lane> arguments);
/// The lanes of which any of the warnings tells: one operation for each two more.
Lane rare_lanes(Lanes&, std::span<const Warning>);

llvm::Type* real_type(const Lanes&);

}  // namespace hopf::codegen
