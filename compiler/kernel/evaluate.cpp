#include "kernel/evaluate.hpp"

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace hopf::kernel {
namespace {

/// Phi(x) = erfc(-x/sqrt 2)/2. The division rounds, and erfc's tail would amplify that by x^2: its
/// first-order effect is taken back, erfc(y + d) = erfc(y) - 2/sqrt(pi) exp(-y^2) d.
double normal_cdf(double x) {
  constexpr double kHigh = 0.70710678118654757;  // 1/sqrt 2 rounded, and what the rounding left
  constexpr double kLow = -4.833646656726457e-17;
  const double y = -x * kHigh;
  const double value = std::erfc(y);
  if (!std::isfinite(x) || std::fabs(x) > 40) return 0.5 * value;
  const double lost = std::fma(-x, kHigh, -y) - x * kLow;
  const double slope = 2.0 * std::numbers::inv_sqrtpi * std::exp(-y * y);
  return 0.5 * (value - slope * lost);
}

double sign(double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : x; }

}  // namespace

double evaluate(Opcode op, double a, double b, double c) {
  switch (op) {
    case Opcode::Add:
      return a + b;
    case Opcode::Sub:
      return a - b;
    case Opcode::Mul:
      return a * b;
    case Opcode::Div:
      return a / b;
    case Opcode::Fma:
      return std::fma(a, b, c);
    case Opcode::Neg:
      return -a;
    case Opcode::Min:
      return a < b ? a : b;
    case Opcode::Max:
      return a > b ? a : b;
    case Opcode::Abs:
      return std::fabs(a);
    case Opcode::Sign:
      return sign(a);
    case Opcode::Floor:
      return std::floor(a);
    case Opcode::Sqrt:
      return std::sqrt(a);
    case Opcode::Pow:
      return std::pow(a, b);
    case Opcode::Exp:
      return std::exp(a);
    case Opcode::Log:
      return std::log(a);
    case Opcode::Sin:
      return std::sin(a);
    case Opcode::Cos:
      return std::cos(a);
    case Opcode::Tan:
      return std::tan(a);
    case Opcode::Asin:
      return std::asin(a);
    case Opcode::Acos:
      return std::acos(a);
    case Opcode::Atan:
      return std::atan(a);
    case Opcode::Atan2:
      return std::atan2(a, b);
    case Opcode::Sinh:
      return std::sinh(a);
    case Opcode::Cosh:
      return std::cosh(a);
    case Opcode::Tanh:
      return std::tanh(a);
    case Opcode::Erf:
      return std::erf(a);
    case Opcode::NormalCdf:
      return normal_cdf(a);
    case Opcode::Less:
      return a < b;
    case Opcode::LessEqual:
      return a <= b;
    case Opcode::Equal:
      return a == b;
    case Opcode::And:
      return a != 0 && b != 0;
    case Opcode::Or:
      return a != 0 || b != 0;
    case Opcode::Not:
      return a == 0;
    case Opcode::Select:
      return a != 0 ? b : c;
    case Opcode::ToInt:
      return std::trunc(a);
    case Opcode::ToReal:
      return a;
    case Opcode::IAdd:
      return a + b;
    case Opcode::IMul:
      return a * b;
    default:
      throw std::logic_error("an opcode with a slot has no value of its own");
  }
}

double evaluate_f32(Opcode op, double a, double b, double c) {
  // A double holds twice a float's bits and two more, so rounding twice is harmless for + - * /
  // sqrt; fma is not among them.
  if (op == Opcode::Fma) {
    return std::fma(static_cast<float>(a), static_cast<float>(b), static_cast<float>(c));
  }
  return static_cast<float>(evaluate(op, a, b, c));
}

}  // namespace hopf::kernel
