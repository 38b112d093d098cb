// Appends instructions to a kernel, each once: equal instructions share a value, constants fold,
// rates follow.
#pragma once

#include <unordered_map>

#include "kernel/kernel.hpp"

namespace hopf::kernel {

class Builder {
 public:
  explicit Builder(Kernel& kernel) : kernel_(kernel) {}

  ValueId constant(double value, Type type = Type::Real);
  /// Reads a slot; Gather takes its index.
  ValueId read(Opcode op, std::uint32_t slot, ValueId index = {});
  ValueId emit(Opcode op, ValueId a, ValueId b = {}, ValueId c = {});
  /// Any instruction, its operands already in this kernel.
  ValueId emit(Instruction);

  const Instruction& operator[](ValueId id) const { return kernel_.body[id]; }
  bool is_constant(ValueId id) const { return kernel_.body[id].op == Opcode::Const; }
  bool is_constant(ValueId id, double value) const {
    return is_constant(id) && kernel_.body[id].constant == value;
  }
  bool is_uniform(ValueId id) const { return kernel_.body[id].rate == Rate::Uniform; }

 private:
  /// A simpler value that is bit for bit the same, where there is one.
  ValueId identity(const Instruction&) const;
  ValueId fold(const Instruction&);

  Kernel& kernel_;
  std::unordered_multimap<std::uint64_t, ValueId> values_;
};

/// a*b + c in one rounding, where the product has no other use. A product that is computed once per
/// call or step stays.
Kernel contract(const Kernel&);
/// Without the instructions that no output needs; also lists the noise indices that are left.
Kernel without_dead_code(const Kernel&);

}  // namespace hopf::kernel
