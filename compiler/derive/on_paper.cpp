// Laws and conditions as one writes them down.
#include "derive/internal.hpp"
#include "expr/print_parts.hpp"
#include "expr/traverse.hpp"

namespace hopf::derive {

using expr::Op;
using expr::Store;

namespace {

/// A law that compares many faces is compiled as it is, but nobody can read it.
constexpr double kLongestLaw = 70;

/// e without the factors whose sign is known, and whether those are negative together.
std::pair<ExprId, bool> without_known_signs(const Context& context, ExprId e) {
  Store& store = context.store;
  if (store.op(e) != Op::Mul) return {e, false};
  std::vector<ExprId> kept;
  bool flipped = false;
  for (ExprId factor : store.args(e)) {
    const Sign sign = sign_of(context, factor);
    if (sign == Sign::Negative) flipped = !flipped;
    if (sign != Sign::Positive && sign != Sign::Negative) kept.push_back(factor);
  }
  if (kept.empty()) return {e, false};
  return {store.mul(kept), flipped};
}

/// Whether a sum has more terms with a minus sign than without.
bool mostly_negative(const Store& store, ExprId e) {
  int balance = 0;
  for (ExprId term : summands(store, e)) {
    const auto factors = store.args(term);
    const auto scale =
        store.op(term) == Op::Mul ? store.constant_value(factors[0]) : store.constant_value(term);
    balance += scale && *scale < 0 ? -1 : 1;
  }
  return balance < 0;
}

/// 0 < e or e < 0.
ExprId comparison_with_zero(const Context& context, Op op, ExprId e, bool below) {
  Store& store = context.store;
  auto [rest, flipped] = without_known_signs(context, tidy(store, e));
  below = below != flipped;
  if (mostly_negative(store, rest)) {
    rest = store.neg(rest);
    below = !below;
  }
  const ExprId zero = store.integer(0);
  return below ? store.apply(op, {rest, zero}) : store.apply(op, {zero, rest});
}

}  // namespace

ExprId readable(const Context& context, ExprId e) {
  Store& store = context.store;
  const auto never = [](ExprId) { return false; };
  const ExprId rewritten = expr::rebuild(store, e, never, [&](ExprId node, auto args) {
    const Op op = store.op(node);
    if (args.empty()) return node;
    const bool order = op == Op::Less || op == Op::LessEqual;
    if (order && store.is_zero(args[0])) return comparison_with_zero(context, op, args[1], false);
    if (order && store.is_zero(args[1])) return comparison_with_zero(context, op, args[0], true);
    if (order && mostly_negative(store, args[0]) && mostly_negative(store, args[1]))
      return store.apply(op, {store.neg(args[1]), store.neg(args[0])});
    return store.apply(op, args);
  });
  return tidy(store, rewritten);
}

ExprId on_paper(const Context& context, ExprId law) {
  const ExprId shown = readable(context, law);
  return expr::written_nodes(context.store, std::span(&shown, 1)) > kLongestLaw ? ExprId() : shown;
}

}  // namespace hopf::derive
