// What the structure of a node tells of its sign: abs(x) is never negative, whatever x is.
#include <cmath>

#include "expr/store_impl.hpp"

namespace hopf::expr {

namespace {

constexpr std::uint8_t kSigns = kNonnegative | kPositive;

std::uint8_t sign_of_value(double value) {
  return value > 0 ? kSigns : value == 0 ? std::uint8_t(kNonnegative) : std::uint8_t(0);
}

std::uint8_t all(const Store::Impl& impl, const Node& node, std::size_t first, std::uint8_t mask) {
  for (std::size_t i = first; i < node.count; ++i) mask &= impl.node(node.arguments[i]).facts;
  return mask;
}

std::uint8_t any(const Store::Impl& impl, const Node& node, std::uint8_t mask) {
  std::uint8_t found = 0;
  for (std::size_t i = 0; i < node.count; ++i) found |= impl.node(node.arguments[i]).facts & mask;
  return found;
}

std::uint8_t power_facts(const Store::Impl& impl, const Node& node) {
  const Node& base = impl.node(node.arguments[0]);
  const Node& exponent = impl.node(node.arguments[1]);
  std::uint8_t facts = base.facts & kPositive ? kSigns : base.facts & kNonnegative;
  if (exponent.op != Op::Number) return facts;
  const Rational n = impl.rationals[exponent.payload];
  // An even power is nonnegative, and so is a fractional one wherever it is real.
  if (n.den > 1 || n.num % 2 == 0) facts |= kNonnegative;
  return facts;
}

std::uint8_t sum_facts(const Store::Impl& impl, const Node& node) {
  const std::uint8_t shared = all(impl, node, 0, kSigns | kInteger);
  if (!(shared & kNonnegative)) return shared & kInteger;
  return shared | any(impl, node, kPositive);
}

}  // namespace

std::uint8_t Store::Impl::facts_of(const Node& node) const {
  switch (node.op) {
    case Op::Number:
      return sign_of_value(node.value) | (rationals[node.payload].den == 1 ? kInteger : 0);
    case Op::Float:
      return sign_of_value(node.value);
    case Op::Pi:
    case Op::Infinity:
    case Op::Exp:
    case Op::Cosh:
    case Op::NormalPdf:
    case Op::Softplus:
    case Op::Sigmoid:
      return kSigns;
    case Op::NormalCdf:
    case Op::Abs:
      return kNonnegative | all(*this, node, 0, kInteger | kPositive);
    case Op::Less:
    case Op::LessEqual:
    case Op::Equal:
    case Op::And:
    case Op::Or:
    case Op::Not:
      return kNonnegative | kTruth | kInteger;
    case Op::Symbol:
      return positive[node.payload] ? kSigns : 0;
    case Op::Floor:
      return kInteger | all(*this, node, 0, kNonnegative);
    case Op::Sign:
      return kInteger | all(*this, node, 0, kSigns);
    case Op::Add:
      return sum_facts(*this, node);
    case Op::Mul:
      return all(*this, node, 0, kSigns | kInteger | kTruth);
    case Op::Pow:
      return power_facts(*this, node);
    case Op::Min:
      return all(*this, node, 0, kSigns | kInteger);
    case Op::Max:
      return any(*this, node, kSigns) | all(*this, node, 0, kInteger);
    case Op::Select:
    case Op::Choose:
      return all(*this, node, 1, kSigns | kInteger | kTruth);
    default:
      return 0;
  }
}

}  // namespace hopf::expr
