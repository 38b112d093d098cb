// What each opcode takes and gives, for the passes over kernels.
#pragma once

#include <string_view>

#include "kernel/kernel.hpp"

namespace hopf::kernel {

struct OpcodeInfo {
  std::string_view text;
  int operands;
};

inline const OpcodeInfo& info(Opcode op) {
  static constexpr OpcodeInfo kTable[] = {
#define HOPF_KERNEL_OP(id, text, operands) {text, operands},
#include "kernel/opcodes.def"
#undef HOPF_KERNEL_OP
  };
  return kTable[static_cast<std::size_t>(op)];
}

/// The type every operand of `op` has; Select's are (Bool, its own type, its own type).
constexpr Type operand_type(Opcode op) {
  switch (op) {
    case Opcode::And:
    case Opcode::Or:
    case Opcode::Not:
      return Type::Bool;
    case Opcode::ToReal:
    case Opcode::IAdd:
    case Opcode::IMul:
    case Opcode::Gather:
      return Type::Int;
    default:
      return Type::Real;
  }
}

/// The type of the result; Select takes its branches' type, given as `branch`.
constexpr Type result_type(Opcode op, Type branch = Type::Real) {
  switch (op) {
    case Opcode::Less:
    case Opcode::LessEqual:
    case Opcode::Equal:
    case Opcode::And:
    case Opcode::Or:
    case Opcode::Not:
      return Type::Bool;
    case Opcode::ToInt:
    case Opcode::IAdd:
    case Opcode::IMul:
      return Type::Int;
    case Opcode::Select:
      return branch;
    default:
      return Type::Real;
  }
}

constexpr bool has_slot(Opcode op) {
  return (op >= Opcode::Uniform && op <= Opcode::Normal) || op == Opcode::Gather;
}

}  // namespace hopf::kernel
