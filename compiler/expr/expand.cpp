// Multiplies out products and small integer powers of sums.
#include "expr/store_impl.hpp"
#include "expr/traverse.hpp"

namespace hopf::expr {

namespace {

constexpr std::int64_t kLargestPower = 12;
constexpr std::size_t kMostTerms = 20000;  // in all

std::vector<ExprId> terms_of(const Store& store, ExprId e) {
  if (store.op(e) != Op::Add) return {e};
  const auto args = store.args(e);
  return {args.begin(), args.end()};
}

/// The product of two expanded expressions, expanded; unexpanded when it would have too many terms.
/// `room` is what is left of them: products within products would double them without end.
ExprId expanded_product(Store& store, ExprId a, ExprId b, std::size_t& room) {
  const std::vector<ExprId> left = terms_of(store, a), right = terms_of(store, b);
  if (left.size() == 1 && right.size() == 1) return store.mul(a, b);
  if (left.size() * right.size() > room) return store.mul(a, b);
  room -= left.size() * right.size();
  std::vector<ExprId> terms;
  terms.reserve(left.size() * right.size());
  for (const ExprId l : left) {
    for (const ExprId r : right) terms.push_back(store.mul(l, r));
  }
  return store.add(terms);
}

ExprId expanded_power(Store& store, ExprId base, ExprId exponent, std::size_t& room) {
  const auto n = store.rational_value(exponent);
  const bool small = n && n->den == 1 && n->num >= 2 && n->num <= kLargestPower;
  if (!small || store.op(base) != Op::Add) return store.pow(base, exponent);
  ExprId result = base;
  for (std::int64_t i = 1; i < n->num; ++i) result = expanded_product(store, result, base, room);
  return result;
}

}  // namespace

ExprId expand(Store& store, ExprId e) {
  const auto never = [](ExprId) { return false; };
  std::size_t room = kMostTerms;
  return rebuild(store, e, never, [&](ExprId node, std::span<const ExprId> args) {
    const Op op = store.op(node);
    if (store.args(node).empty()) return node;
    if (op == Op::Pow) return expanded_power(store, args[0], args[1], room);
    if (op != Op::Mul) return store.apply(op, args);
    ExprId product = args[0];
    for (const ExprId factor : args.subspan(1))
      product = expanded_product(store, product, factor, room);
    return product;
  });
}

}  // namespace hopf::expr
