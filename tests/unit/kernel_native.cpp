// Arithmetic, control values, tails and aliasing: interpreter, O0 and O3 give the same bits.
#include "kernel_support.hpp"
#include "test.hpp"

using namespace hopf;
using namespace hopf::kernel_test;

namespace {

constexpr Opcode kArithmetic[] = {Opcode::Add,  Opcode::Sub,       Opcode::Mul,   Opcode::Div,
                                  Opcode::Fma,  Opcode::Neg,       Opcode::Min,   Opcode::Max,
                                  Opcode::Abs,  Opcode::Sign,      Opcode::Floor, Opcode::Sqrt,
                                  Opcode::Less, Opcode::LessEqual, Opcode::Equal};

/// A random kernel of exact operations: three inputs, two uniforms, all values so far as operands.
Kernel random_kernel(Random& random, std::string name, int size) {
  Kernel k;
  k.name = std::move(name);
  k.uniform_count = 2;
  k.input_count = 3;
  k.output_count = 4;
  Builder b(k);
  std::vector<ValueId> values{b.constant(0.3), b.constant(-2), b.read(Opcode::Uniform, 0),
                              b.read(Opcode::Uniform, 1)};
  for (std::uint32_t n = 0; n < 3; ++n) values.push_back(b.read(Opcode::Input, n));
  const auto any = [&] {
    return values[values.size() - 1 - random.below(std::min<std::size_t>(values.size(), 12))];
  };
  for (int n = 0; n < size; ++n) {
    const Opcode op = kArithmetic[random.below(std::size(kArithmetic))];
    const int operands = kernel::info(op).operands;
    ValueId v =
        b.emit(op, any(), operands > 1 ? any() : ValueId(), operands > 2 ? any() : ValueId());
    if (b[v].type == kernel::Type::Bool) {
      if (random.below(2)) v = b.emit(Opcode::Not, v);
      v = b.emit(Opcode::Select, v, any(), any());
    }
    values.push_back(v);
  }
  for (int n = 0; n < 4; ++n)
    k.outputs.push_back(values[values.size() - 1 - static_cast<std::size_t>(n)]);
  return k;
}

Columns random_columns(Random& random, std::size_t columns, std::size_t rows) {
  Columns out(columns, std::vector<double>(rows));
  for (auto& column : out) {
    for (double& x : column) {
      x = random.below(20) ? random.uniform(-3, 3) : std::bit_cast<double>(random.bits());
    }
  }
  return out;
}

}  // namespace

TEST_CASE("arithmetic is the same to the bit in interpreter, O0 and O3", "[kernel]") {
  Random random(11);
  std::vector<Kernel> kernels;
  for (int n = 0; n < 12; ++n)
    kernels.push_back(random_kernel(random, "k" + std::to_string(n), 40));
  jit::Options options;
  options.cache = false;
  const auto o3 = jit::load(kernels, options);
  options.level = jit::Level::O0;
  const auto o0 = jit::load(kernels, options);
  for (const Kernel& k : kernels) {
    REQUIRE(kernel::verify(k) == "");
    const Columns in = random_columns(random, 3, 203);
    const auto expected = run(k, in, {1.25, -0.5});
    check_same(expected, run(k, in, {1.25, -0.5}, o0.point(k.name)));
    check_same(expected, run(k, in, {1.25, -0.5}, o3.point(k.name)));
  }
}

TEST_CASE("every count works and nothing is written past the end", "[kernel]") {
  Random random(12);
  const Kernel k = random_kernel(random, "tail", 25);
  const auto program = compile(k, jit::Level::O3);
  for (std::size_t count = 0; count <= 20; ++count) {
    const Columns in = random_columns(random, 3, count);
    const auto expected = run(k, in, {0.5, 2});
    constexpr double kGuard = 12345.678;
    Columns out(k.output_count, std::vector<double>(count + 16, kGuard));
    std::vector<const void*> sources;
    std::vector<void*> targets;
    for (const auto& column : in) sources.push_back(column.data());
    for (auto& column : out) targets.push_back(column.data());
    const double uniforms[] = {0.5, 2};
    const hopf_point_call call{static_cast<std::int64_t>(count), uniforms, sources.data(),
                               targets.data()};
    program.point("tail")(&call);
    for (auto& column : out) {
      for (std::size_t n = count; n < column.size(); ++n) CHECK(column[n] == kGuard);
      column.resize(count);
    }
    check_same(expected, out);
  }
}

TEST_CASE("an output may be the same array as an input, and unread inputs may be null",
          "[kernel]") {
  Kernel k;
  k.name = "inplace";
  k.input_count = 3;
  k.output_count = 1;
  Builder b(k);
  k.outputs = {
      b.emit(Opcode::Fma, b.read(Opcode::Input, 0), b.constant(2), b.read(Opcode::Input, 2))};
  const auto program = compile(k, jit::Level::O3);
  std::vector<double> x(19), y(19, 1.0);
  for (std::size_t n = 0; n < x.size(); ++n) x[n] = static_cast<double>(n);
  const void* in[] = {x.data(), nullptr, y.data()};
  void* out[] = {x.data()};
  const hopf_point_call call{19, nullptr, in, out};
  program.point("inplace")(&call);
  for (std::size_t n = 0; n < x.size(); ++n) CHECK(x[n] == 2.0 * static_cast<double>(n) + 1);
}

TEST_CASE("single precision arithmetic is the same to the bit", "[kernel]") {
  Random random(13);
  Kernel k = random_kernel(random, "single", 30);
  k.precision = kernel::Precision::F32;
  const auto program = compile(k, jit::Level::O3);
  std::vector<std::vector<float>> in(3, std::vector<float>(41)),
      expected(4, std::vector<float>(41)), got = expected;
  for (auto& column : in) {
    for (float& x : column) x = static_cast<float>(random.uniform(-3, 3));
  }
  const void* sources[] = {in[0].data(), in[1].data(), in[2].data()};
  const double uniforms[] = {0.1, -7.3};
  const auto run_into = [&](std::vector<std::vector<float>>& out, hopf_point_kernel native) {
    void* targets[] = {out[0].data(), out[1].data(), out[2].data(), out[3].data()};
    const hopf_point_call call{41, uniforms, sources, targets};
    native ? native(&call) : kernel::interpret(k, call);
  };
  run_into(expected, nullptr);
  run_into(got, program.point("single"));
  for (std::size_t c = 0; c < 4; ++c) {
    for (std::size_t n = 0; n < 41; ++n) CHECK(same_bits(expected[c][n], got[c][n]));
  }
}

TEST_CASE("min and max give the second operand on NaN in all engines", "[kernel]") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (Opcode op : {Opcode::Min, Opcode::Max}) {
    const Kernel k = one_opcode(op);
    const auto program = compile(k, jit::Level::O3);
    const Columns in{{kNan, 1, 2}, {1, kNan, 3}};
    const auto expected = run(k, in, {}), got = run(k, in, {}, program.point("one"));
    CHECK(expected[0][0] == 1);
    CHECK(std::isnan(expected[0][1]));
    check_same(expected, got);
  }
}
