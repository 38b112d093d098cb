#include <algorithm>

#include "expr/print_parts.hpp"
#include "expr/store_impl.hpp"

namespace hopf::expr {

namespace {

/// A power as base and exponent; anything else has exponent 1.
struct Power {
  ExprId base;
  double exponent = 1;
};

Power power_of(const Store& store, ExprId e) {
  if (store.op(e) != Op::Pow) return {e, 1};
  const auto args = store.args(e);
  const auto exponent = store.constant_value(args[1]);
  return {args[0], exponent.value_or(1)};
}

bool is_derivative_symbol(const Store& store, ExprId e) {
  return store.op(e) == Op::Symbol && is_derivative_name(store.name(store.symbol_of(e)));
}

bool is_unknown(const Store& store, ExprId e) {
  if (store.op(e) == Op::Derivative) return true;
  return store.op(e) == Op::Symbol &&
         (is_derivative_symbol(store, e) || store.is_unknown(store.symbol_of(e)));
}

/// Numbers, symbols, functions, sums and conditions, unknowns and their derivatives.
int factor_rank(const Store& store, ExprId e) {
  const ExprId base = power_of(store, e).base;
  if (is_unknown(store, base))
    return store.op(base) == Op::Symbol && !is_derivative_symbol(store, base) ? 5 : 6;
  switch (store.op(base)) {
    case Op::Add:
      return 4;
    case Op::Select:
      return 5;
    default:
      return leaf_rank(store.op(base));
  }
}

int three_way(bool less, bool greater) { return less ? -1 : greater ? 1 : 0; }

/// Compares by what a reader sees first; looks a few levels deep only, then falls back to the
/// canonical order.
int compare(const Store& store, ExprId a, ExprId b, int depth) {
  if (a == b) return 0;
  const int rank_a = factor_rank(store, a), rank_b = factor_rank(store, b);
  if (rank_a != rank_b) return three_way(rank_a < rank_b, true);
  const Power p = power_of(store, a), q = power_of(store, b);
  if (p.base == q.base) return three_way(p.exponent > q.exponent, p.exponent < q.exponent);
  if (store.op(p.base) == Op::Symbol && store.op(q.base) == Op::Symbol) {
    return natural_less(store.name(store.symbol_of(p.base)), store.name(store.symbol_of(q.base)))
               ? -1
               : 1;
  }
  if (store.op(p.base) != store.op(q.base)) return store.op(p.base) < store.op(q.base) ? -1 : 1;
  const auto x = store.args(p.base), y = store.args(q.base);
  if (depth > 0) {
    for (std::size_t i = 0; i < std::min(x.size(), y.size()) && i < 8; ++i) {
      if (const int order = compare(store, x[i], y[i], depth - 1)) return order;
    }
  }
  if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
  return precedes(StoreAccess::impl(store), p.base, q.base) ? -1 : 1;
}

struct TermKey {
  ExprId term;
  int derivatives = 0;  // order of the derivative factors: V_x before V_xx
  double degree = 0;
  std::vector<ExprId> factors;
};

TermKey key_of(const Store& store, ExprId term) {
  TermKey key{term};
  if (store.op(term) == Op::Mul) {
    const auto args = store.args(term);
    key.factors.assign(args.begin(), args.end());
  } else {
    key.factors = {term};
  }
  std::erase_if(key.factors,
                [&](ExprId f) { return store.constant_value(f) && store.op(f) != Op::Pi; });
  sort_factors(store, key.factors);
  for (const ExprId factor : key.factors) {
    const Power power = power_of(store, factor);
    if (is_derivative_symbol(store, power.base)) {
      const std::string& name = store.name(store.symbol_of(power.base));
      key.derivatives =
          std::max(key.derivatives, static_cast<int>(std::count(name.begin(), name.end(), ',')));
    }
    if (store.op(power.base) == Op::Derivative)
      key.derivatives =
          std::max(key.derivatives, static_cast<int>(store.args(power.base).size()) - 1);
    if (store.op(power.base) == Op::Symbol) key.degree += power.exponent;
  }
  return key;
}

bool reads_before(const Store& store, const TermKey& a, const TermKey& b) {
  if (a.derivatives != b.derivatives) return a.derivatives < b.derivatives;
  if (a.factors.empty() != b.factors.empty()) return b.factors.empty();
  if (a.degree != b.degree) return a.degree > b.degree;
  for (std::size_t i = 0; i < std::min(a.factors.size(), b.factors.size()); ++i) {
    if (const int order = compare(store, a.factors[i], b.factors[i], 3)) return order < 0;
  }
  if (a.factors.size() != b.factors.size()) return a.factors.size() < b.factors.size();
  return precedes(StoreAccess::impl(store), a.term, b.term);
}

}  // namespace

void sort_terms(const Store& store, std::vector<ExprId>& terms) {
  std::vector<TermKey> keys;
  keys.reserve(terms.size());
  for (const ExprId term : terms) keys.push_back(key_of(store, term));
  std::stable_sort(keys.begin(), keys.end(),
                   [&](const TermKey& a, const TermKey& b) { return reads_before(store, a, b); });
  for (std::size_t i = 0; i < keys.size(); ++i) terms[i] = keys[i].term;
}

void sort_factors(const Store& store, std::vector<ExprId>& factors) {
  std::stable_sort(factors.begin(), factors.end(),
                   [&](ExprId a, ExprId b) { return compare(store, a, b, 3) < 0; });
}

}  // namespace hopf::expr
