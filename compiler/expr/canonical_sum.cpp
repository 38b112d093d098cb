// Sums: flat, like terms collected with exact coefficients, one number in front, terms in canonical
// order.
#include <algorithm>
#include <cmath>

#include "expr/store_impl.hpp"

namespace hopf::expr {

namespace {

struct Term {
  ExprId core;
  Numeric factor;
};

class SumBuilder {
 public:
  explicit SumBuilder(Store& store) : store_(store), impl_(StoreAccess::impl(store)) {}

  void push(ExprId e, const Numeric& scale) {
    if (const auto value = numeric_value(impl_, e)) {
      constant_ = constant_ + *value * scale;
    } else if (impl_.node(e).op == Op::Add) {
      for (const ExprId term : store_.args(e)) push_term(term, scale);
    } else {
      terms_.push_back({impl_.node(e).core, coefficient(impl_, e) * scale});
    }
  }

  ExprId finish() {
    do collect();
    while (flatten_unit_sums());
    // What is not finite swallows the rest.
    if (!std::isfinite(constant_.value())) return numeric(store_, constant_);
    std::sort(terms_.begin(), terms_.end(),
              [&](const Term& a, const Term& b) { return precedes(impl_, a.core, b.core); });
    std::vector<ExprId> args;
    args.reserve(terms_.size() + 1);
    if (!constant_.is(0) && constant_.value() != 0) args.push_back(numeric(store_, constant_));
    for (const Term& term : terms_) args.push_back(scaled(term));
    if (args.empty()) return impl_.zero;
    if (args.size() == 1) return args[0];
    return impl_.intern(Op::Add, args);
  }

 private:
  // The terms of a sum are not sums, so this does not recurse further.
  void push_term(ExprId e, const Numeric& scale) {
    if (const auto value = numeric_value(impl_, e)) {
      constant_ = constant_ + *value * scale;
    } else {
      terms_.push_back({impl_.node(e).core, coefficient(impl_, e) * scale});
    }
  }

  void collect() {
    std::stable_sort(terms_.begin(), terms_.end(),
                     [](const Term& a, const Term& b) { return a.core < b.core; });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < terms_.size();) {
      Term merged = terms_[i++];
      for (; i < terms_.size() && terms_[i].core == merged.core; ++i) {
        merged.factor = merged.factor + terms_[i].factor;
      }
      if (merged.factor.value() != 0) terms_[kept++] = merged;
    }
    terms_.resize(kept);
  }

  // 3*(x + y) - 2*(x + y) leaves (x + y), which belongs to this sum.
  bool flatten_unit_sums() {
    std::vector<Term> sums;
    std::erase_if(terms_, [&](const Term& term) {
      const bool unit = term.factor.is(1) || term.factor.is(-1);
      if (!unit || impl_.node(term.core).op != Op::Add) return false;
      sums.push_back(term);
      return true;
    });
    for (const Term& sum : sums) push(sum.core, sum.factor);
    return !sums.empty();
  }

  ExprId scaled(const Term& term) {
    if (term.factor.is(1)) return term.core;
    const Node& core = impl_.node(term.core);
    std::vector<ExprId> factors;
    if (core.op == Op::Mul) {
      factors.assign(core.arguments, core.arguments + core.count);
    } else {
      factors.push_back(term.core);
    }
    factors.insert(factors.begin(), numeric(store_, term.factor));
    return impl_.intern(Op::Mul, factors);
  }

  Store& store_;
  Store::Impl& impl_;
  Numeric constant_;
  std::vector<Term> terms_;
};

}  // namespace

ExprId canonical_sum(Store& store, std::span<const ExprId> terms) {
  SumBuilder builder(store);
  for (const ExprId term : terms) builder.push(term, Numeric::of(1));
  return builder.finish();
}

}  // namespace hopf::expr
