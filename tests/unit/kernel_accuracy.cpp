// How far each vector routine is from the true value, in units of the last place: the table of
// docs/generated_code.md. References are in 64-bit significands, 2048 times as fine.
#include <algorithm>
#include <functional>

#include "kernel_support.hpp"
#include "test.hpp"

using namespace hopf;
using namespace hopf::kernel_test;

namespace {

using Long = long double;

/// Distance from the true value, in units of the last place of a double of that size.
double ulps_from(double got, Long exact) {
  const auto nearest = static_cast<double>(exact);
  if (std::isnan(got) || std::isnan(nearest))
    return std::isnan(got) && std::isnan(nearest) ? 0 : 1e9;
  if (std::isinf(got) || std::isinf(nearest)) return got == nearest ? 0 : 1e9;
  const int exponent = nearest == 0 ? -1074 : std::max(std::ilogb(nearest) - 52, -1074);
  return static_cast<double>(std::fabs(std::scalbln(static_cast<Long>(got) - exact, -exponent)));
}

/// Phi(x) = erfc(-x/sqrt 2)/2; what rounding the argument loses is taken back to first order.
Long normal_cdf(Long x) {
  constexpr Long kRoot = 0.7071067811865475243818940365159164684883L,
                 kLost = 1.895032558893257e-20L;
  const Long y = -x * kRoot, rest = std::fma(-x, kRoot, -y) - x * kLost;
  const Long slope = -2 / std::sqrt(std::acos(-1.0L)) * std::exp(-y * y);
  return 0.5L * (std::erfc(y) + slope * rest);
}

using Sample = std::function<double(Random&)>;

double signed_power_of_two(Random& r, double lo, double hi) {
  return std::exp2(r.uniform(lo, hi)) * (r.below(2) ? 1 : -1);
}

/// Angles of all sizes that the routines reduce themselves, and those next to multiples of pi/2.
double angle(Random& r) {
  if (r.below(3) == 0) {
    const double n = std::floor(r.uniform(-1, 1) * std::exp2(r.uniform(0, 31)));
    return std::nextafter(n * M_PI_2, r.below(2) ? 1e300 : -1e300);
  }
  return r.below(2) ? r.uniform(-10, 10) : signed_power_of_two(r, -30, 31);
}
double exponent(Random& r) { return r.below(2) ? r.uniform(-3, 3) : r.uniform(-745, 709.7); }
double positive(Random& r) {
  return r.below(2) ? r.uniform(0.5, 2) : std::exp2(r.uniform(-1074, 1023));
}
double hyperbolic(Random& r) {
  return r.below(3) == 0 ? signed_power_of_two(r, -40, 1) : r.uniform(-710, 710);
}
double of_unit(Random& r) { return r.below(2) ? r.uniform(-1, 1) : signed_power_of_two(r, -40, 0); }
double any_size(Random& r) { return signed_power_of_two(r, -60, 60); }
double of_bell(Random& r) { return r.below(2) ? r.uniform(-3, 3) : r.uniform(-38, 10); }

struct Claim {
  Opcode op;
  double limit;
  Sample first, second;
  Long (*exact)(Long, Long);
};

#define HOPF_EXACT(formula) [](Long x, [[maybe_unused]] Long y) -> Long { return formula; }
const std::vector<Claim>& claims() {
  static const std::vector<Claim> table = {
      {Opcode::Sin, 3, angle, {}, HOPF_EXACT(std::sin(x))},
      {Opcode::Cos, 3, angle, {}, HOPF_EXACT(std::cos(x))},
      {Opcode::Tan, 3, angle, {}, HOPF_EXACT(std::tan(x))},
      {Opcode::Asin, 2.5, of_unit, {}, HOPF_EXACT(std::asin(x))},
      {Opcode::Acos, 1.5, of_unit, {}, HOPF_EXACT(std::acos(x))},
      {Opcode::Atan, 2, any_size, {}, HOPF_EXACT(std::atan(x))},
      {Opcode::Atan2, 2, any_size, any_size, HOPF_EXACT(std::atan2(x, y))},
      {Opcode::Exp, 1.5, exponent, {}, HOPF_EXACT(std::exp(x))},
      {Opcode::Log, 1, positive, {}, HOPF_EXACT(std::log(x))},
      {Opcode::Pow, 1, positive, exponent, HOPF_EXACT(std::pow(x, y))},
      {Opcode::Sinh, 2.5, hyperbolic, {}, HOPF_EXACT(std::sinh(x))},
      {Opcode::Cosh, 1.5, hyperbolic, {}, HOPF_EXACT(std::cosh(x))},
      {Opcode::Tanh, 2.5, hyperbolic, {}, HOPF_EXACT(std::tanh(x))},
      {Opcode::Erf, 2.5, of_bell, {}, HOPF_EXACT(std::erf(x))},
      {Opcode::NormalCdf, 5, of_bell, {}, HOPF_EXACT(normal_cdf(x))},
  };
  return table;
}
#undef HOPF_EXACT

}  // namespace

TEST_CASE("vector routines are as accurate as documented", "[kernel]") {
  constexpr std::size_t kSamples = 100'000;
  Random random(31);
  for (const Claim& claim : claims()) {
    const Kernel k = one_opcode(claim.op);
    Columns in(k.input_count, std::vector<double>(kSamples));
    for (double& x : in[0]) x = claim.first(random);
    if (claim.second) {
      for (double& y : in[1]) y = claim.second(random);
    }
    const auto program = compile(k, jit::Level::O3);
    const auto got = run(k, in, {}, program.point("one"))[0];
    double worst = 0;
    std::size_t where = 0;
    for (std::size_t n = 0; n < kSamples; ++n) {
      const Long y = claim.second ? in[1][n] : 0;
      const double error = ulps_from(got[n], claim.exact(in[0][n], y));
      if (error > worst) worst = error, where = n;
    }
    INFO(kernel::info(claim.op).text << " of " << in[0][where] << ", "
                                     << (claim.second ? in[1][where] : 0));
    CHECK(worst < claim.limit);
  }
}
