// The rows of ops.def as data.
#pragma once

#include <span>

#include "expr/expr.hpp"

namespace hopf::expr {

enum class Parity : std::uint8_t { None, Odd, Even };

struct OpInfo {
  const char* name;  // the enumerator
  int arity;         // -1: n-ary
  const char* hopf;
  const char* unicode;
  const char* latex;
  Parity parity;
  Interval domain;  // of the first argument
  Interval (*enclose)(std::span<const Interval>);
  double (*evaluate)(std::span<const double>);
  const char* opcode;  // row of kernel/opcodes.def; nullptr when composed or folded
};

const OpInfo& info(Op op);
constexpr std::size_t kOpCount = 0
#define HOPF_OP(...) +1
#include "expr/ops.def"
#undef HOPF_OP
    ;

/// The value of op at `arguments` in terms of simpler operations, for ops whose lowering is
/// composed (sigmoid(x) is 1/(1 + exp(-x))); an invalid id for all others.
ExprId compose(Store&, Op op, std::span<const ExprId> arguments);

}  // namespace hopf::expr
