#include "expr/op_info.hpp"

#include <array>
#include <cmath>
#include <limits>

#include "expr/interval.hpp"

namespace hopf::expr {

namespace {

using Values = std::span<const double>;

double not_a_number() { return std::numeric_limits<double>::quiet_NaN(); }

double sum(Values x) {
  double total = 0;
  for (double v : x) total += v;
  return total;
}

double product(Values x) {
  double total = 1;
  for (double v : x) total *= v;
  return total;
}

/// Small integer and half powers as multiplications and square roots, as generated code computes
/// them.
double power(double base, double exponent) {
  if (exponent == -1) return 1 / base;
  if (exponent == 2) return base * base;
  if (exponent == 0.5) return std::sqrt(base);
  return std::pow(base, exponent);
}

double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }

/// NaN in any argument gives NaN.
double minimum(Values x) {
  double least = x[0];
  for (double v : x) least = v < least || std::isnan(v) ? v : least;
  return least;
}

double maximum(Values x) {
  double most = x[0];
  for (double v : x) most = v > most || std::isnan(v) ? v : most;
  return most;
}

double conjunction(Values x) {
  for (double v : x) {
    if (v == 0) return 0;
  }
  return 1;
}

double disjunction(Values x) {
  for (double v : x) {
    if (v != 0) return 1;
  }
  return 0;
}

double choose(Values x) {
  const double j = x[0];
  if (!(j >= 1) || !(j < static_cast<double>(x.size()))) return not_a_number();
  return x[static_cast<std::size_t>(j)];
}

double normal_pdf(double x) { return std::exp(-0.5 * x * x) * 0.3989422804014327; }
double normal_cdf(double x) { return 0.5 * std::erfc(-x * M_SQRT1_2); }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double softplus(double x) { return std::fmax(x, 0) + std::log1p(std::exp(-std::fabs(x))); }

constexpr Interval kReals{-HUGE_VAL, HUGE_VAL};

/// Applies an interval rule, or gives up where the argument may leave the domain of the operation.
Interval guarded(std::span<const Interval> x, Interval domain,
                 Interval (*rule)(std::span<const Interval>)) {
  for (const Interval& argument : x) {
    if (std::isnan(argument.lo) || std::isnan(argument.hi)) return kReals;
  }
  if (!x.empty() && !(x[0].lo >= domain.lo && x[0].hi <= domain.hi)) return kReals;
  const Interval result = rule(x);
  if (std::isnan(result.lo) || std::isnan(result.hi)) return kReals;
  return result;
}

template <Op kOp>
struct Row;

#define reals (Interval{-HUGE_VAL, HUGE_VAL})
#define unit (Interval{-1, 1})
#define nonnegative (Interval{0, HUGE_VAL})
#define opcode(name) #name
#define composed(formula) nullptr
#define folded nullptr

#define HOPF_OP(id, arity, hopf, unicode, latex, parity, domain, derivative, interval, value, \
                lowering)                                                                     \
  template <>                                                                                 \
  struct Row<Op::id> {                                                                        \
    static double evaluate([[maybe_unused]] Values x) { return value; }                       \
    static Interval rule([[maybe_unused]] std::span<const Interval> x) {                      \
      using namespace interval_rules;                                                         \
      return interval;                                                                        \
    }                                                                                         \
    static Interval enclose(std::span<const Interval> x) { return guarded(x, domain, rule); } \
  };
#include "expr/ops.def"
#undef HOPF_OP

const std::array<OpInfo, kOpCount> kTable = {{
#define HOPF_OP(id, arity, hopf, unicode, latex, parity, domain, derivative, interval, value, \
                lowering)                                                                     \
  {#id,                                                                                       \
   arity,                                                                                     \
   hopf,                                                                                      \
   unicode,                                                                                   \
   latex,                                                                                     \
   Parity::parity,                                                                            \
   domain,                                                                                    \
   Row<Op::id>::enclose,                                                                      \
   Row<Op::id>::evaluate,                                                                     \
   lowering},
#include "expr/ops.def"
#undef HOPF_OP
}};

#undef reals
#undef unit
#undef nonnegative
#undef opcode
#undef composed
#undef folded

}  // namespace

const OpInfo& info(Op op) { return kTable[static_cast<std::size_t>(op)]; }

}  // namespace hopf::expr
