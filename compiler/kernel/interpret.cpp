// The reference: one lane at a time, one instruction at a time, in the order written.
#include "kernel/interpret.hpp"

#include <cmath>
#include <vector>

#include "core/philox.hpp"
#include "kernel/evaluate.hpp"
#include "kernel/opcode_info.hpp"

namespace hopf::kernel {
namespace {

double load(Precision precision, const void* array, std::int64_t index) {
  return precision == Precision::F64 ? static_cast<const double*>(array)[index]
                                     : static_cast<const float*>(array)[index];
}

void store(Precision precision, void* array, std::int64_t index, double value) {
  if (precision == Precision::F64) {
    static_cast<double*>(array)[index] = value;
  } else {
    static_cast<float*>(array)[index] = static_cast<float>(value);
  }
}

double rounded(Precision precision, double value) {
  return precision == Precision::F64 ? value : static_cast<float>(value);
}

/// Runs the body once; `leaf` gives the value of an instruction that reads a slot.
template <class Leaf>
void run_body(const Kernel& k, std::vector<double>& value, const Leaf& leaf) {
  const auto at = [&](ValueId id) { return id.valid() ? value[id.index()] : 0.0; };
  std::size_t index = 0;
  for (const Instruction& i : k.body) {
    if (i.op == Opcode::Const) {
      value[index] = i.type == Type::Real ? rounded(k.precision, i.constant) : i.constant;
    } else if (has_slot(i.op)) {
      value[index] = rounded(k.precision, leaf(i, at(i.a)));
    } else {
      const bool single = k.precision == Precision::F32 && i.type == Type::Real;
      const auto apply = single ? evaluate_f32 : evaluate;
      value[index] = apply(i.op, at(i.a), at(i.b), at(i.c));
    }
    ++index;
  }
}

double drawn(const Kernel& k, std::uint64_t seed, std::uint64_t path, std::uint64_t step,
             std::uint32_t index) {
  double sum = runtime::standard_normal(seed, path, k.summed * step, index);
  for (std::uint32_t i = 1; i < k.summed; ++i)
    sum += runtime::standard_normal(seed, path, k.summed * step + i, index);
  return k.summed > 1 ? sum * (1 / std::sqrt(k.summed)) : sum;
}

void run_path(const Kernel& k, const hopf_path_call& call, std::int64_t lane,
              std::vector<double>& value) {
  std::vector<double> carried(k.carried_count);
  for (std::uint32_t s = 0; s < k.carried_count; ++s)
    carried[s] = load(k.precision, call.carried[s], lane);
  for (std::int64_t step = 0; step < call.step_count; ++step) {
    const auto path = static_cast<std::uint64_t>(call.first_path + lane);
    const auto time = static_cast<std::uint64_t>(call.first_step + step);
    run_body(k, value, [&](const Instruction& i, double a) {
      switch (i.op) {
        case Opcode::Uniform:
          return call.uniforms[i.slot];
        case Opcode::Carried:
          return carried[i.slot];
        case Opcode::Step:
          return call.steps[step * k.step_count + i.slot];
        case Opcode::Normal:
          return drawn(k, call.seed, path, time, i.slot);
        default:
          return load(k.precision, call.tables[i.slot], static_cast<std::int64_t>(a));
      }
    });
    for (std::uint32_t s = 0; s < k.carried_count; ++s) carried[s] = value[k.outputs[s].index()];
  }
  for (std::uint32_t s = 0; s < k.carried_count; ++s)
    store(k.precision, call.carried[s], lane, carried[s]);
}

}  // namespace

void interpret(const Kernel& k, const hopf_point_call& call) {
  std::vector<double> value(k.body.size());
  for (std::int64_t lane = 0; lane < call.count; ++lane) {
    run_body(k, value, [&](const Instruction& i, double) {
      return i.op == Opcode::Uniform ? call.uniforms[i.slot]
                                     : load(k.precision, call.in[i.slot], lane);
    });
    for (std::uint32_t s = 0; s < k.output_count; ++s) {
      store(k.precision, call.out[s], lane, value[k.outputs[s].index()]);
    }
  }
}

void interpret(const Kernel& k, const hopf_path_call& call) {
  std::vector<double> value(k.body.size());
  for (std::int64_t lane = 0; lane < call.count; ++lane) run_path(k, call, lane, value);
}

}  // namespace hopf::kernel
