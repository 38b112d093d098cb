// Kernels as text: for --dump=kernel, and as the content that keys the object cache, so nothing may
// be left out.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

#include "kernel/kernel.hpp"
#include "kernel/opcode_info.hpp"

namespace hopf::kernel {
namespace {

std::string_view name_of(Type type) {
  return type == Type::Real ? "real" : type == Type::Int ? "int" : "bool";
}

void print_header(fmt::memory_buffer& out, const Kernel& k) {
  auto to = std::back_inserter(out);
  fmt::format_to(
      to,
      "{}{}{} kernel {} {} uniforms={} inputs={} outputs={} carried={} steps={} tables={} "
      "normals=[{}]\n",
      k.hot ? "" : "seldom ", k.summed > 1 ? fmt::format("summed={} ", k.summed) : std::string(),
      k.path ? "path" : "point", k.name, k.precision == Precision::F64 ? "f64" : "f32",
      k.uniform_count, k.input_count, k.output_count, k.carried_count, k.step_count, k.table_count,
      fmt::join(k.normals, ", "));
}

void print_instruction(fmt::memory_buffer& out, ValueId id, const Instruction& i) {
  auto to = std::back_inserter(out);
  fmt::format_to(to, "  %{} = {}{} {}", id.value, i.rate == Rate::Uniform ? "uniform " : "",
                 name_of(i.type), info(i.op).text);
  if (i.op == Opcode::Const) fmt::format_to(to, " {}", i.constant);
  if (has_slot(i.op)) fmt::format_to(to, " [{}]", i.slot);
  const ValueId operands[] = {i.a, i.b, i.c};
  for (int k = 0; k < info(i.op).operands; ++k) fmt::format_to(to, " %{}", operands[k].value);
  out.push_back('\n');
}

}  // namespace

std::string print(const Kernel& k) {
  fmt::memory_buffer out;
  print_header(out, k);
  for (std::uint32_t index = 0; index < k.body.size(); ++index) {
    print_instruction(out, ValueId(index), k.body[ValueId(index)]);
  }
  for (std::size_t slot = 0; slot < k.outputs.size(); ++slot) {
    fmt::format_to(std::back_inserter(out), "  {} [{}] = %{}\n", k.path ? "carried" : "out", slot,
                   k.outputs[slot].value);
  }
  return fmt::to_string(out);
}

}  // namespace hopf::kernel
