// Vectors of lanes as values with operators, so that vector mathematics in LLVM IR reads like its
// formulas. Everything here is of one width; a Lane holds doubles, 64-bit integers or booleans.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace llvm {
class Function;
class IRBuilderBase;
class Type;
class Value;
}  // namespace llvm

namespace hopf::codegen {

/// Where instructions go, and how many lanes they have.
struct Lanes {
  llvm::IRBuilderBase& builder;
  unsigned width;
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

/// `fast`, except in lanes where `rare` holds: there slow(x). The call sits in a cold branch that
/// is taken only when some lane needs it, and each lane's result depends on that lane alone.
Lane guarded(Lane rare, Lane fast, llvm::Function* slow, std::span<const Lane> arguments);

llvm::Type* real_type(const Lanes&);

}  // namespace hopf::codegen
