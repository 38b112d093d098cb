// Elementary functions: compiled vector routines against libm over wide ranges and special values.
#include "kernel_support.hpp"
#include "test.hpp"

using namespace hopf;
using namespace hopf::kernel_test;

namespace {

/// Zeros, denormals, the ends of the range and the arguments where exp, sinh and erf begin to
/// overflow.
// clang-format off
constexpr double kSpecial[] = {
    0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 0x1p-1074, 1e-310, 0x1p-1022, 0x1p52, 0x1p53,
    0x1p54, 1e22, 1e300, 0x1.fffffffffffffp1023, 708.5, 709.78, 709.79, 710.4, 710.5, 745.1,
    745.2, 746.0, 37.5, 38.5, 39.6, 5.9, 27.2, 6381956970095103.0 * 0x1p797,
    std::numeric_limits<double>::infinity()};
// clang-format on

std::vector<double> special_values() {
  std::vector<double> out;
  for (const double x : kSpecial) out.insert(out.end(), {x, -x});
  out.push_back(std::numeric_limits<double>::quiet_NaN());
  return out;
}

/// Arguments of every magnitude, near multiples of pi/2, and arbitrary bits.
std::vector<double> arguments(Random& random) {
  std::vector<double> out = special_values();
  for (int n = 0; n < 3000; ++n) {
    for (double size : {1.0, 10.0, 50.0, 800.0, 1e6}) out.push_back(random.uniform(-size, size));
    out.push_back(random.uniform(0.9, 1.1));
    out.push_back(std::exp(random.uniform(-700, 700)) * (n % 2 ? 1 : -1));
    out.push_back(std::nextafter(M_PI / 2 * (n - 1500), n % 2 ? 1e9 : -1e9));
    out.push_back(M_PI / 2 * std::floor(random.uniform(-1e6, 1e6)));
    out.push_back(std::bit_cast<double>(random.bits()));
  }
  return out;
}

std::vector<double> second_arguments(Random& random, const std::vector<double>& first) {
  const std::vector<double> special = special_values();
  std::vector<double> out;
  for (double x : first) {
    switch (random.below(6)) {
      case 0:
        out.push_back(random.uniform(-5, 5));
        break;
      case 1:
        out.push_back(std::floor(random.uniform(-20, 20)));
        break;
      case 2:
        out.push_back(random.uniform(-300, 300));
        break;
      case 3:
        out.push_back(special[random.below(special.size())]);
        break;
      case 4:
        out.push_back(x * random.uniform(0.5, 2));
        break;
      default:
        out.push_back(std::exp(random.uniform(-5, 5)));
    }
  }
  return out;
}

constexpr Opcode kElementary[] = {Opcode::Sin,  Opcode::Cos,   Opcode::Tan,      Opcode::Asin,
                                  Opcode::Acos, Opcode::Atan,  Opcode::Exp,      Opcode::Log,
                                  Opcode::Sinh, Opcode::Cosh,  Opcode::Tanh,     Opcode::Erf,
                                  Opcode::Pow,  Opcode::Atan2, Opcode::NormalCdf};

}  // namespace

TEST_CASE("compiled elementary functions are within 4 ulp of libm", "[kernel]") {
  Random random(7);
  const std::vector<double> x = arguments(random), y = second_arguments(random, x);
  for (Opcode op : kElementary) {
    const Kernel k = one_opcode(op);
    const Columns in = k.input_count == 2 ? Columns{x, y} : Columns{x};
    const auto expected = run(k, in, {})[0];
    const auto fast = compile(k, jit::Level::O3), plain = compile(k, jit::Level::O0);
    const auto o3 = run(k, in, {}, fast.point("one"))[0],
               o0 = run(k, in, {}, plain.point("one"))[0];
    // The reference for the normal integral is itself composed, and off by up to two units.
    const double limit = op == Opcode::NormalCdf ? 6 : 4;
    double worst = 0;
    for (std::size_t n = 0; n < x.size(); ++n) {
      if (ulps(expected[n], o3[n]) > limit || !same_bits(o0[n], o3[n])) {
        FAIL(kernel::info(op).text << " of " << x[n] << ", " << y[n] << ": libm " << expected[n]
                                   << ", O3 " << o3[n] << ", O0 " << o0[n]);
      }
      worst = std::max(worst, ulps(expected[n], o3[n]));
    }
    INFO(kernel::info(op).text);
    CHECK(worst <= limit);
  }
}

TEST_CASE("elementary functions of uniform values go through the same routines", "[kernel]") {
  for (Opcode op : kElementary) {
    Kernel k;
    k.name = "uniform";
    k.uniform_count = 2;
    k.input_count = k.output_count = 1;
    Builder b(k);
    const ValueId u = b.read(Opcode::Uniform, 0), v = b.read(Opcode::Uniform, 1);
    const ValueId f = b.emit(op, u, kernel::info(op).operands == 2 ? v : ValueId());
    k.outputs = {b.emit(Opcode::Add, b.read(Opcode::Input, 0), f)};
    const auto program = compile(k, jit::Level::O3);
    const Columns in{{0, 0, 0}};
    const auto expected = run(k, in, {0.7, 1.9}),
               got = run(k, in, {0.7, 1.9}, program.point("uniform"));
    INFO(kernel::info(op).text);
    CHECK(ulps(expected[0][2], got[0][2]) <= 4);
  }
}

TEST_CASE("single precision functions are rounded from double", "[kernel]") {
  for (Opcode op : {Opcode::Sin, Opcode::Exp, Opcode::Log, Opcode::Tanh}) {
    Kernel k = one_opcode(op);
    k.precision = kernel::Precision::F32;
    std::vector<float> x, expected(37), got(37);
    for (int n = 0; n < 37; ++n) x.push_back(0.1f + 0.3f * static_cast<float>(n));
    const void* in[] = {x.data()};
    void* out[] = {expected.data()};
    const hopf_point_call call{37, nullptr, in, out};
    kernel::interpret(k, call);
    const auto program = compile(k, jit::Level::O3);
    out[0] = got.data();
    program.point("one")(&call);
    for (int n = 0; n < 37; ++n)
      CHECK(std::fabs(expected[n] - got[n]) <= 6e-8f * std::fabs(expected[n]));
  }
}
