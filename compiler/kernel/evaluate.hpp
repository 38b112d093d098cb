// The meaning of each opcode on scalars: what the interpreter runs and what constants are folded
// with.
#pragma once

#include "kernel/kernel.hpp"

namespace hopf::kernel {

/// One operation on numbers, for opcodes without a slot. Bool is 0 or 1, Int an integral double.
/// Min and Max are `a < b ? a : b` and `a > b ? a : b`: the second operand where either is NaN, as
/// SIMD hardware does.
double evaluate(Opcode op, double a, double b, double c);

/// The same in single precision: every operation is rounded to float, elementary functions once at
/// their end.
double evaluate_f32(Opcode op, double a, double b, double c);

}  // namespace hopf::kernel
