#include "kernel/builder.hpp"

#include <bit>
#include <cmath>
#include <utility>

#include "base/hash.hpp"
#include "kernel/evaluate.hpp"
#include "kernel/opcode_info.hpp"

namespace hopf::kernel {
namespace {

bool is_commutative(Opcode op) {
  return op == Opcode::Add || op == Opcode::Mul || op == Opcode::Equal || op == Opcode::And ||
         op == Opcode::Or || op == Opcode::IAdd || op == Opcode::IMul;
}

/// Constants are compared by their bits: 0 and -0 differ, a NaN equals itself.
bool same(const Instruction& x, const Instruction& y) {
  return x.op == y.op && x.type == y.type && x.a == y.a && x.b == y.b && x.c == y.c &&
         x.slot == y.slot &&
         std::bit_cast<std::uint64_t>(x.constant) == std::bit_cast<std::uint64_t>(y.constant);
}

std::uint64_t hash(const Instruction& i) {
  std::uint64_t h = base::mix(static_cast<std::uint64_t>(i.op), static_cast<std::uint64_t>(i.type));
  h = base::mix(h, (std::uint64_t{i.a.value} << 32) | i.b.value);
  h = base::mix(h, (std::uint64_t{i.c.value} << 32) | i.slot);
  return base::mix(h, std::bit_cast<std::uint64_t>(i.constant));
}

bool reads_lanes(Opcode op) {
  return op == Opcode::Input || op == Opcode::Carried || op == Opcode::Normal ||
         op == Opcode::Gather;
}

}  // namespace

ValueId Builder::constant(double value, Type type) {
  Instruction i{Opcode::Const, type, Rate::Uniform};
  const bool single = kernel_.precision == Precision::F32 && type == Type::Real;
  i.constant = single ? static_cast<float>(value) : value;
  return emit(i);
}

ValueId Builder::read(Opcode op, std::uint32_t slot, ValueId index) {
  Instruction i{op};
  i.slot = slot;
  i.a = index;
  return emit(i);
}

ValueId Builder::emit(Opcode op, ValueId a, ValueId b, ValueId c) {
  Instruction i{op};
  i.a = a;
  i.b = b;
  i.c = c;
  return emit(i);
}

ValueId Builder::identity(const Instruction& i) const {
  switch (i.op) {
    case Opcode::Mul:
      return is_constant(i.a, 1) ? i.b : is_constant(i.b, 1) ? i.a : ValueId();
    case Opcode::Div:
      return is_constant(i.b, 1) ? i.a : ValueId();
    case Opcode::Sub:
      return is_constant(i.b, 0) && !std::signbit(kernel_.body[i.b].constant) ? i.a : ValueId();
    case Opcode::Neg:
      return kernel_.body[i.a].op == Opcode::Neg ? kernel_.body[i.a].a : ValueId();
    case Opcode::Not:
      return kernel_.body[i.a].op == Opcode::Not ? kernel_.body[i.a].a : ValueId();
    case Opcode::Select:
      if (i.b == i.c) return i.b;
      return is_constant(i.a) ? (kernel_.body[i.a].constant != 0 ? i.b : i.c) : ValueId();
    default:
      return {};
  }
}

ValueId Builder::fold(const Instruction& i) {
  if (info(i.op).operands == 0 || has_slot(i.op)) return {};
  double x[3] = {};
  const ValueId operands[] = {i.a, i.b, i.c};
  for (int n = 0; n < info(i.op).operands; ++n) {
    if (!is_constant(operands[n])) return {};
    x[n] = kernel_.body[operands[n]].constant;
  }
  const bool single = kernel_.precision == Precision::F32 && i.type == Type::Real;
  return constant((single ? evaluate_f32 : evaluate)(i.op, x[0], x[1], x[2]), i.type);
}

ValueId Builder::emit(Instruction i) {
  if (is_commutative(i.op) && i.b < i.a) std::swap(i.a, i.b);
  if (i.op != Opcode::Const) {
    i.type = result_type(i.op, i.op == Opcode::Select ? kernel_.body[i.b].type : Type::Real);
    if (const ValueId simpler = identity(i); simpler.valid()) return simpler;
    if (const ValueId folded = fold(i); folded.valid()) return folded;
  }
  i.rate = reads_lanes(i.op) ? Rate::Varying : Rate::Uniform;
  for (const ValueId id : {i.a, i.b, i.c}) {
    if (id.valid() && !is_uniform(id)) i.rate = Rate::Varying;
  }
  const std::uint64_t key = hash(i);
  const auto [first, last] = values_.equal_range(key);
  for (auto it = first; it != last; ++it) {
    if (same(kernel_.body[it->second], i)) return it->second;
  }
  const ValueId id = kernel_.body.add(i);
  values_.emplace(key, id);
  return id;
}

}  // namespace hopf::kernel
