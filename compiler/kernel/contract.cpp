// Two passes over finished kernels: fused multiply-add, and removal of what nothing needs.
#include <algorithm>

#include "kernel/builder.hpp"
#include "kernel/opcode_info.hpp"

namespace hopf::kernel {
namespace {

/// The kernel without its instructions.
Kernel shell_of(const Kernel& k) {
  Kernel out = k;
  out.body = {};
  out.outputs.clear();
  return out;
}

std::vector<std::uint32_t> count_uses(const Kernel& k) {
  std::vector<std::uint32_t> uses(k.body.size());
  for (const Instruction& i : k.body) {
    for (const ValueId id : {i.a, i.b, i.c}) {
      if (id.valid()) ++uses[id.index()];
    }
  }
  for (const ValueId id : k.outputs) ++uses[id.index()];
  return uses;
}

/// Rewrites the sums of one kernel into another.
class Contraction {
 public:
  Contraction(const Kernel& from, Kernel& to) : from_(from), build_(to), uses_(count_uses(from)) {}

  void run(Kernel& to) {
    for (std::uint32_t index = 0; index < from_.body.size(); ++index) {
      image_.push_back(rewrite(from_.body[ValueId(index)]));
    }
    for (const ValueId id : from_.outputs) to.outputs.push_back(image_[id.index()]);
  }

 private:
  ValueId image(ValueId id) const { return id.valid() ? image_[id.index()] : id; }

  /// A product worth merging into a sum of this rate.
  const Instruction* product(ValueId id, Rate rate) const {
    const Instruction& i = from_.body[id];
    return i.op == Opcode::Mul && uses_[id.index()] == 1 && i.rate == rate ? &i : nullptr;
  }

  /// -x*y is (-x)*y, with the sign on the factor where it costs least.
  ValueId negated_fma(const Instruction& p, ValueId addend) {
    ValueId x = image(p.a), y = image(p.b);
    if (!build_.is_uniform(x) || (build_.is_constant(y) && !build_.is_constant(x))) std::swap(x, y);
    return build_.emit(Opcode::Fma, build_.emit(Opcode::Neg, x), y, addend);
  }

  ValueId rewrite(Instruction i) {
    if (i.op == Opcode::Add) {
      if (const Instruction* p = product(i.b, i.rate)) {
        return build_.emit(Opcode::Fma, image(p->a), image(p->b), image(i.a));
      }
      if (const Instruction* p = product(i.a, i.rate)) {
        return build_.emit(Opcode::Fma, image(p->a), image(p->b), image(i.b));
      }
    }
    if (i.op == Opcode::Sub) {
      if (const Instruction* p = product(i.b, i.rate)) return negated_fma(*p, image(i.a));
      if (const Instruction* p = product(i.a, i.rate)) {
        return build_.emit(Opcode::Fma, image(p->a), image(p->b),
                           build_.emit(Opcode::Neg, image(i.b)));
      }
    }
    i.a = image(i.a);
    i.b = image(i.b);
    i.c = image(i.c);
    return build_.emit(i);
  }

  const Kernel& from_;
  Builder build_;
  std::vector<std::uint32_t> uses_;
  std::vector<ValueId> image_;
};

}  // namespace

Kernel contract(const Kernel& k) {
  Kernel out = shell_of(k);
  Contraction(k, out).run(out);
  return out;
}

Kernel without_dead_code(const Kernel& k) {
  std::vector<bool> live(k.body.size());
  for (const ValueId id : k.outputs) live[id.index()] = true;
  for (std::uint32_t index = static_cast<std::uint32_t>(k.body.size()); index-- > 0;) {
    const Instruction& i = k.body[ValueId(index)];
    for (const ValueId id : {i.a, i.b, i.c}) {
      if (live[index] && id.valid()) live[id.index()] = true;
    }
  }
  Kernel out = shell_of(k);
  out.normals.clear();
  std::vector<ValueId> image(k.body.size());
  for (std::uint32_t index = 0; index < k.body.size(); ++index) {
    if (!live[index]) continue;
    Instruction i = k.body[ValueId(index)];
    for (ValueId* id : {&i.a, &i.b, &i.c}) {
      if (id->valid()) *id = image[id->index()];
    }
    if (i.op == Opcode::Normal) out.normals.push_back(i.slot);
    image[index] = out.body.add(i);
  }
  std::sort(out.normals.begin(), out.normals.end());
  out.normals.erase(std::unique(out.normals.begin(), out.normals.end()), out.normals.end());
  for (const ValueId id : k.outputs) out.outputs.push_back(image[id.index()]);
  return out;
}

}  // namespace hopf::kernel
