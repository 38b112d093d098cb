// d(e)/d(x) over the DAG, each node once, by the rules of ops.def.
//
// A node with one operand that depends on x contributes a factor to a chain: along sin(sin(... x))
// the factors are gathered and multiplied once, instead of building a product of k factors at depth
// k.
#include <array>

#include "expr/store_impl.hpp"
#include "expr/term.hpp"
#include "expr/traverse.hpp"

namespace hopf::expr {

namespace {

/// One application of a rule: the node and the derivatives of its operands.
struct Rule {
  Store& store;
  ExprId e;
  std::span<const ExprId> args;
  std::span<const ExprId> d;
  SymbolId x;

  Term value(ExprId id) const { return {&store, id}; }
};

ExprId sum_rule(const Rule& r) { return r.store.add(r.d); }

ExprId product_rule(const Rule& r) {
  std::vector<ExprId> terms, factors;
  for (std::size_t i = 0; i < r.args.size(); ++i) {
    if (r.store.is_zero(r.d[i])) continue;
    factors.assign(r.args.begin(), r.args.end());
    factors[i] = r.d[i];
    terms.push_back(r.store.mul(factors));
  }
  return r.store.add(terms);
}

/// d(b^e) = e*b^(e - 1)*db + b^e*log(b)*de.
ExprId power_rule(const Rule& r) {
  const Term b = r.value(r.args[0]), e = r.value(r.args[1]);
  std::vector<ExprId> terms;
  if (!r.store.is_zero(r.d[0])) {
    const ExprId lowered = r.store.pow(b.id, (e - constant(e, 1)).id);
    terms.push_back(r.store.mul(std::array{e.id, lowered, r.d[0]}));
  }
  if (!r.store.is_zero(r.d[1])) {
    terms.push_back(r.store.mul(std::array{r.e, log(b).id, r.d[1]}));
  }
  return r.store.add(terms);
}

/// The derivative of the operand that attains the extremum; the earlier one at a tie.
ExprId extremum_rule(const Rule& r) {
  const Op op = r.store.op(r.e);
  std::size_t i = r.args.size() - 1;
  ExprId rest = r.args[i], slope = r.d[i];
  while (i-- > 0) {
    const bool least = op == Op::Min;
    const ExprId wins =
        r.store.apply(Op::LessEqual, {least ? r.args[i] : rest, least ? rest : r.args[i]});
    slope = r.store.select(wins, r.d[i], slope);
    rest = r.store.apply(op, {r.args[i], rest});
  }
  return slope;
}

ExprId atan2_rule(const Rule& r) {
  const Term y = r.value(r.args[0]), x = r.value(r.args[1]);
  return ((x * r.value(r.d[0]) - y * r.value(r.d[1])) / (x * x + y * y)).id;
}

ExprId select_rule(const Rule& r) { return r.store.select(r.args[0], r.d[1], r.d[2]); }

ExprId choose_rule(const Rule& r) {
  std::vector<ExprId> args(r.d.begin(), r.d.end());
  args[0] = r.args[0];
  return r.store.apply(Op::Choose, args);
}

/// An unevaluated derivative takes one more variable.
ExprId derivative_rule(const Rule& r) {
  std::vector<ExprId> args(r.args.begin(), r.args.end());
  args.push_back(r.store.symbol(r.x));
  return r.store.apply(Op::Derivative, args);
}

ExprId zero_rule(const Rule& r) { return r.store.integer(0); }

using RuleFunction = ExprId (*)(const Rule&);

RuleFunction rule_of(Op op) {
#define zero zero_rule
#define rule(name) name
#define slope(formula)                                  \
  +[](const Rule& r) {                                  \
    [[maybe_unused]] const Term x = r.value(r.args[0]); \
    [[maybe_unused]] const Term f = r.value(r.e);       \
    return ((formula) * r.value(r.d[0])).id;            \
  }
  switch (op) {
#define HOPF_OP(id, arity, hopf, unicode, latex, parity, domain, derivative, ...) \
  case Op::id:                                                                    \
    return derivative;
#include "expr/ops.def"
#undef HOPF_OP
  }
#undef zero
#undef rule
#undef slope
  return zero_rule;
}

class Differentiator {
 public:
  Differentiator(Store& store, SymbolId x)
      : store_(store), impl_(StoreAccess::impl(store)), x_(x) {}

  ExprId operator()(ExprId root) {
    if (const auto done = known(root)) return *done;
    const Dependence dependent(store_, root, std::span(&x_, 1));
    if (!dependent(root)) return impl_.zero;  // only a symbol with the same bit is below
    const auto outside = [&](ExprId e) {
      return (impl_.node(e).symbols & symbol_bit(x_)) == 0 || !dependent(e);
    };
    const auto stop = [&](ExprId e) { return known(e).has_value(); };
    const std::vector<ExprId> order = topological(store_, std::span(&root, 1), stop, outside);
    find_links(order, stop, outside);
    // Only nodes that several others use, or that are no link of a chain, get a derivative of their
    // own.
    for (const ExprId e : order) {
      if (stop(e) || (e != root && is_inner_link(e))) continue;
      remember(e, links_.contains(e) ? chain(e) : by_rule(e));
    }
    return *known(root);
  }

 private:
  struct Uses {
    std::uint32_t count = 0;
    bool outside_chain = false;
  };

  std::uint64_t key(ExprId e) const { return std::uint64_t(e.value) << 32 | x_.value; }

  std::optional<ExprId> known(ExprId e) const {
    if ((impl_.node(e).symbols & symbol_bit(x_)) == 0) return impl_.zero;
    const auto found = impl_.derivatives.find(key(e));
    if (found == impl_.derivatives.end()) return std::nullopt;
    return found->second;
  }

  void remember(ExprId e, ExprId derivative) { impl_.derivatives.emplace(key(e), derivative); }

  static bool can_be_link(Op op) {
    return op == Op::Add || op == Op::Mul ||
           (op >= Op::Sin && op <= Op::Softplus && op != Op::Atan2) || op == Op::Pow ||
           op == Op::Abs;
  }

  template <class Stop, class Outside>
  void find_links(const std::vector<ExprId>& order, Stop stop, Outside outside) {
    for (const ExprId e : order) {
      if (stop(e)) continue;
      ExprId only;
      std::uint32_t inputs = 0;
      for (const ExprId argument : store_.args(e)) {
        if (outside(argument)) continue;
        only = argument;
        ++inputs;
      }
      const bool link = inputs == 1 && can_be_link(store_.op(e));
      if (link) links_.insert(e, only);
      for (const ExprId argument : store_.args(e)) {
        if (outside(argument)) continue;
        Uses& uses = uses_[argument];
        ++uses.count;
        uses.outside_chain = uses.outside_chain || !link;
      }
    }
  }

  bool is_inner_link(ExprId e) const {
    const Uses* uses = uses_.find(e);
    return links_.contains(e) && uses && uses->count == 1 && !uses->outside_chain;
  }

  ExprId by_rule(ExprId e) {
    if (store_.op(e) == Op::Symbol) return store_.symbol_of(e) == x_ ? impl_.one : impl_.zero;
    std::vector<ExprId> d;
    for (const ExprId argument : store_.args(e)) d.push_back(derivative_of(argument));
    return rule_of(store_.op(e))({store_, e, store_.args(e), d, x_});
  }

  // Operands that do not depend on x are not visited, so nothing is known of them: they contribute
  // zero.
  ExprId derivative_of(ExprId e) const { return known(e).value_or(impl_.zero); }

  ExprId chain(ExprId top) {
    std::vector<ExprId> factors, d;
    ExprId e = top;
    while (true) {
      const ExprId inner = *links_.find(e);
      d.clear();
      for (const ExprId argument : store_.args(e)) {
        d.push_back(argument == inner ? impl_.one : impl_.zero);
      }
      factors.push_back(rule_of(store_.op(e))({store_, e, store_.args(e), d, x_}));
      e = inner;
      if (const auto done = known(e)) {
        factors.push_back(*done);
        return store_.mul(factors);
      }
    }
  }

  Store& store_;
  Store::Impl& impl_;
  SymbolId x_;
  base::IdMap<ExprId, ExprId> links_;  // a node with one operand that depends on x -> that operand
  base::IdMap<ExprId, Uses> uses_;
};

}  // namespace

ExprId differentiate(Store& store, ExprId e, SymbolId x) { return Differentiator(store, x)(e); }

}  // namespace hopf::expr
