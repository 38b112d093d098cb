// Products: flat, powers of one base collected, one exact coefficient in front, factors in
// canonical order.
#include <algorithm>
#include <cmath>

#include "expr/store_impl.hpp"

namespace hopf::expr {

namespace {

struct Factor {
  ExprId base, exponent;
};

class ProductBuilder {
 public:
  explicit ProductBuilder(Store& store) : store_(store), impl_(StoreAccess::impl(store)) {}

  void push(ExprId e) {
    if (const auto value = numeric_value(impl_, e)) {
      coefficient_ = coefficient_ * *value;
      return;
    }
    const Node node = impl_.node(e);
    switch (node.op) {
      case Op::Mul:
        for (std::uint32_t i = 0; i < node.count; ++i) push_factor(node.arguments[i]);
        break;
      default:
        push_factor(e);
    }
  }

  ExprId finish() {
    while (combine() || absolute_value()) {
    }
    if (coefficient_.value() == 0) return impl_.zero;
    if (std::isnan(coefficient_.value())) return numeric(store_, coefficient_);
    std::vector<ExprId> args;
    args.reserve(factors_.size() + 2);
    for (const Factor& factor : factors_) args.push_back(power_of(factor));
    args.insert(args.end(), exponentials_.begin(), exponentials_.end());
    std::sort(args.begin(), args.end(), [&](ExprId a, ExprId b) { return before(a, b); });
    if (args.empty()) return numeric(store_, coefficient_);
    if (args.size() == 1 && impl_.node(args[0]).op == Op::Add && coefficient_.is(-1)) {
      return negated(args[0]);
    }
    if (!coefficient_.is(1)) args.insert(args.begin(), numeric(store_, coefficient_));
    if (args.size() == 1) return args[0];
    return impl_.intern(Op::Mul, args);
  }

 private:
  // The factors of a product are not products, so this does not recurse further.
  void push_factor(ExprId e) {
    if (const auto value = numeric_value(impl_, e)) {
      coefficient_ = coefficient_ * *value;
      return;
    }
    const Node node = impl_.node(e);
    if (node.op == Op::Pow) {
      factors_.push_back({node.arguments[0], node.arguments[1]});
    } else if (node.op == Op::Exp) {
      exponentials_.push_back(e);
    } else if (node.op == Op::Add && starts_negative(impl_, e)) {
      coefficient_ = -coefficient_;
      factors_.push_back({negated(e), impl_.one});
    } else {
      factors_.push_back({e, impl_.one});
    }
  }

  /// Merges equal bases; returns whether a merged power fell apart and must be merged again.
  bool combine() {
    std::stable_sort(factors_.begin(), factors_.end(),
                     [](const Factor& a, const Factor& b) { return a.base < b.base; });
    std::vector<Factor> merged;
    std::vector<ExprId> again;
    for (std::size_t i = 0; i < factors_.size();) {
      std::size_t end = i + 1;
      while (end < factors_.size() && factors_[end].base == factors_[i].base) ++end;
      if (end == i + 1) {
        merged.push_back(factors_[i]);
      } else {
        merge(std::span(factors_).subspan(i, end - i), merged, again);
      }
      i = end;
    }
    factors_ = std::move(merged);
    merge_exponentials(again);
    for (const ExprId e : again) push(e);
    return !again.empty();
  }

  /// sign(x)*x^n = abs(x)*x^(n - 1) for a positive integer n; sign(x)*abs(x) = x.
  bool absolute_value() {
    for (std::size_t i = 0; i < factors_.size(); ++i) {
      if (impl_.node(factors_[i].base).op != Op::Sign || factors_[i].exponent != impl_.one)
        continue;
      const ExprId x = impl_.node(factors_[i].base).arguments[0];
      for (std::size_t j = 0; j < factors_.size(); ++j) {
        const Node& base = impl_.node(factors_[j].base);
        const bool size = base.op == Op::Abs && base.arguments[0] == x;
        const auto n = store_.rational_value(factors_[j].exponent);
        if (!n || n->den != 1 || n->num < 1 || (factors_[j].base != x && !size)) continue;
        const ExprId whole = size ? x : store_.apply(Op::Abs, {x});
        factors_[j].exponent = store_.rational(n->num - 1, 1);
        if (n->num == 1) factors_.erase(factors_.begin() + static_cast<std::ptrdiff_t>(j));
        factors_.erase(factors_.begin() + static_cast<std::ptrdiff_t>(i - (n->num == 1 && j < i)));
        push(whole);
        return true;
      }
    }
    return false;
  }

  void merge(std::span<const Factor> equal, std::vector<Factor>& merged,
             std::vector<ExprId>& again) {
    std::vector<ExprId> exponents;
    for (const Factor& factor : equal) exponents.push_back(factor.exponent);
    const ExprId exponent = canonical_sum(store_, exponents);
    const ExprId power = canonical_power(store_, equal[0].base, exponent);
    const Node& node = impl_.node(power);
    if (node.op == Op::Pow && node.arguments[0] == equal[0].base && node.arguments[1] == exponent) {
      merged.push_back({equal[0].base, exponent});
    } else {
      again.push_back(power);
    }
  }

  // exp(a)*exp(b) = exp(a + b).
  void merge_exponentials(std::vector<ExprId>& again) {
    if (exponentials_.size() < 2) return;
    std::vector<ExprId> arguments;
    for (const ExprId e : exponentials_) arguments.push_back(store_.args(e)[0]);
    exponentials_.clear();
    again.push_back(store_.apply(Op::Exp, {canonical_sum(store_, arguments)}));
  }

  ExprId power_of(const Factor& factor) {
    if (factor.exponent == impl_.one) return factor.base;
    const ExprId args[] = {factor.base, factor.exponent};
    return impl_.intern(Op::Pow, args);
  }

  // Powers sort with their bases, so x^2*y and x*y read alike.
  bool before(ExprId a, ExprId b) const {
    const Node& x = impl_.node(a);
    const Node& y = impl_.node(b);
    const ExprId base_a = x.op == Op::Pow ? x.arguments[0] : a;
    const ExprId base_b = y.op == Op::Pow ? y.arguments[0] : b;
    return base_a == base_b ? precedes(impl_, a, b) : precedes(impl_, base_a, base_b);
  }

  ExprId negated(ExprId sum) {
    const auto known = impl_.negated.find(sum);
    if (known != impl_.negated.end()) return known->second;
    const Node node = impl_.node(sum);
    std::vector<ExprId> terms;
    terms.reserve(node.count);
    for (std::uint32_t i = 0; i < node.count; ++i) {
      terms.push_back(store_.mul(impl_.minus_one, node.arguments[i]));
    }
    const ExprId result = canonical_sum(store_, terms);
    impl_.negated.emplace(sum, result);
    return result;
  }

  Store& store_;
  Store::Impl& impl_;
  Numeric coefficient_ = Numeric::of(1);
  std::vector<Factor> factors_;
  std::vector<ExprId> exponentials_;
};

}  // namespace

ExprId canonical_product(Store& store, std::span<const ExprId> factors) {
  ProductBuilder builder(store);
  for (const ExprId factor : factors) builder.push(factor);
  return builder.finish();
}

}  // namespace hopf::expr
