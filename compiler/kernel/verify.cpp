// Checks a kernel's own rules: definition before use, types, rates, slots. The first fault is told.
#include <fmt/format.h>

#include <algorithm>

#include "kernel/kernel.hpp"
#include "kernel/opcode_info.hpp"

namespace hopf::kernel {
namespace {

std::uint32_t slot_limit(const Kernel& k, Opcode op) {
  switch (op) {
    case Opcode::Uniform:
      return k.uniform_count;
    case Opcode::Input:
      return k.path ? 0 : k.input_count;
    case Opcode::Carried:
      return k.path ? k.carried_count : 0;
    case Opcode::Step:
      return k.path ? k.step_count : 0;
    case Opcode::Gather:
      return k.path ? k.table_count : 0;
    default:
      return 0;
  }
}

std::string check_slot(const Kernel& k, const Instruction& i) {
  if (!has_slot(i.op)) return {};
  if (i.op == Opcode::Normal) {
    const bool drawn = std::find(k.normals.begin(), k.normals.end(), i.slot) != k.normals.end();
    return drawn && k.path ? "" : fmt::format("noise index {} is not drawn by this kernel", i.slot);
  }
  const std::uint32_t limit = slot_limit(k, i.op);
  return i.slot < limit ? ""
                        : fmt::format("{} slot {} is not below {}", info(i.op).text, i.slot, limit);
}

Type expected_type(const Instruction& i, int operand) {
  if (i.op == Opcode::Select) return operand == 0 ? Type::Bool : i.type;
  return operand_type(i.op);
}

bool is_leaf_varying(Opcode op) {
  return op == Opcode::Input || op == Opcode::Carried || op == Opcode::Normal ||
         op == Opcode::Gather;
}

std::string check_operands(const Kernel& k, std::uint32_t index, const Instruction& i) {
  const ValueId operands[] = {i.a, i.b, i.c};
  bool varying = is_leaf_varying(i.op);
  for (int n = 0; n < 3; ++n) {
    if (n >= info(i.op).operands) {
      if (operands[n].valid()) return fmt::format("operand {} should be absent", n);
      continue;
    }
    if (!operands[n].valid() || operands[n].value >= index)
      return fmt::format("operand {} is not defined yet", n);
    const Instruction& source = k.body[operands[n]];
    if (source.type != expected_type(i, n)) return fmt::format("operand {} has the wrong type", n);
    varying = varying || source.rate == Rate::Varying;
  }
  if (varying && i.rate == Rate::Uniform) return "a uniform value depends on a varying one";
  return {};
}

std::string check_outputs(const Kernel& k) {
  const std::size_t expected = k.path ? k.carried_count : k.output_count;
  if (k.outputs.size() != expected)
    return fmt::format("{} outputs where {} are due", k.outputs.size(), expected);
  for (std::size_t slot = 0; slot < k.outputs.size(); ++slot) {
    const ValueId id = k.outputs[slot];
    if (!id.valid() || id.value >= k.body.size())
      return fmt::format("output {} is not defined", slot);
    if (k.body[id].type != Type::Real) return fmt::format("output {} is not real", slot);
  }
  return {};
}

}  // namespace

std::string verify(const Kernel& k) {
  for (std::uint32_t index = 0; index < k.body.size(); ++index) {
    const Instruction& i = k.body[ValueId(index)];
    std::string fault = check_operands(k, index, i);
    if (fault.empty()) fault = check_slot(k, i);
    const bool typed = i.op == Opcode::Const || i.type == result_type(i.op, i.type);
    if (fault.empty() && !typed) fault = "the result has the wrong type";
    if (!fault.empty())
      return fmt::format("{}: %{} = {}: {}", k.name, index, info(i.op).text, fault);
  }
  const std::string fault = check_outputs(k);
  return fault.empty() ? fault : fmt::format("{}: {}", k.name, fault);
}

}  // namespace hopf::kernel
