#include "expr/polynomial.hpp"

#include <algorithm>

#include "expr/store_impl.hpp"

namespace hopf::expr {

namespace {

constexpr std::size_t kMostTerms = 200;
constexpr std::size_t kMostSteps = 400;

using Monomial = std::vector<std::int64_t>;  // exponent of each generator
using Polynomial =
    std::map<Monomial, Rational, std::greater<>>;  // lexicographic, leading term first

class Reader {
 public:
  explicit Reader(Store& store) : store_(store), impl_(StoreAccess::impl(store)) {}

  /// Registers the generators of e; false when some power is no nonnegative integer.
  bool scan(ExprId e) {
    for (const ExprId term : terms(e)) {
      for (const auto& [base, exponent] : factors(term)) {
        if (exponent < 0) return false;
        if (std::find(generators_.begin(), generators_.end(), base) == generators_.end()) {
          generators_.push_back(base);
        }
      }
    }
    return generators_.size() <= 24;
  }

  std::optional<Polynomial> read(ExprId e) {
    Polynomial result;
    for (const ExprId term : terms(e)) {
      Monomial monomial(generators_.size(), 0);
      for (const auto& [base, exponent] : factors(term)) monomial[index(base)] += exponent;
      const auto value = numeric_value(impl_, term);
      const Numeric scale = value ? *value : coefficient(impl_, term);
      if (!scale.exact) return std::nullopt;
      result[monomial] = scale.r;
    }
    return result;
  }

  ExprId write(const Polynomial& polynomial) {
    std::vector<ExprId> terms;
    for (const auto& [monomial, scale] : polynomial) {
      std::vector<ExprId> product{store_.rational(scale.num, scale.den)};
      for (std::size_t i = 0; i < monomial.size(); ++i) {
        if (monomial[i] != 0)
          product.push_back(store_.pow(generators_[i], store_.integer(monomial[i])));
      }
      terms.push_back(store_.mul(product));
    }
    return store_.add(terms);
  }

 private:
  std::vector<ExprId> terms(ExprId e) const {
    if (store_.op(e) != Op::Add) return {e};
    return {store_.args(e).begin(), store_.args(e).end()};
  }

  // A power that is no integer is a generator of its own.
  std::vector<std::pair<ExprId, std::int64_t>> factors(ExprId term) const {
    std::vector<std::pair<ExprId, std::int64_t>> result;
    std::vector<ExprId> items{term};
    if (store_.op(term) == Op::Mul)
      items.assign(store_.args(term).begin(), store_.args(term).end());
    for (const ExprId item : items) {
      if (numeric_value(impl_, item)) continue;
      if (store_.op(item) == Op::Pow) {
        const auto n = store_.rational_value(store_.args(item)[1]);
        if (n && n->den == 1) {
          result.emplace_back(store_.args(item)[0], n->num);
          continue;
        }
      }
      result.emplace_back(item, 1);
    }
    return result;
  }

  std::size_t index(ExprId base) const {
    return static_cast<std::size_t>(std::find(generators_.begin(), generators_.end(), base) -
                                    generators_.begin());
  }

  Store& store_;
  Store::Impl& impl_;
  std::vector<ExprId> generators_;
};

/// One step of long division: the remainder loses its leading term.
bool subtract(Polynomial& remainder, const Polynomial& divisor, const Monomial& shift,
              Rational scale) {
  for (const auto& [monomial, value] : divisor) {
    Monomial at = monomial;
    for (std::size_t i = 0; i < at.size(); ++i) at[i] += shift[i];
    const auto product = times(scale, value);
    if (!product) return false;
    const auto entry = remainder.find(at);
    const Rational before = entry == remainder.end() ? Rational{0, 1} : entry->second;
    const auto difference = plus(before, Rational{-product->num, product->den});
    if (!difference) return false;
    if (difference->num == 0)
      remainder.erase(at);
    else
      remainder[at] = *difference;
  }
  return true;
}

std::optional<Polynomial> divide(Polynomial remainder, const Polynomial& divisor) {
  Polynomial quotient;
  const auto& [lead, lead_value] = *divisor.begin();
  const auto inverse = reciprocal(lead_value);
  if (!inverse) return std::nullopt;
  for (std::size_t step = 0; !remainder.empty(); ++step) {
    if (step > kMostSteps || remainder.size() > kMostTerms) return std::nullopt;
    Monomial shift = remainder.begin()->first;
    for (std::size_t i = 0; i < shift.size(); ++i) {
      shift[i] -= lead[i];
      if (shift[i] < 0) return std::nullopt;
    }
    const auto scale = times(remainder.begin()->second, *inverse);
    if (!scale) return std::nullopt;
    quotient[shift] = *scale;
    if (!subtract(remainder, divisor, shift, *scale)) return std::nullopt;
  }
  return quotient;
}

}  // namespace

std::optional<ExprId> exact_quotient(Store& store, ExprId a, ExprId b) {
  const auto size = [&](ExprId e) { return store.op(e) == Op::Add ? store.args(e).size() : 1; };
  if (size(a) > kMostTerms || size(b) > kMostTerms || store.is_zero(b)) return std::nullopt;
  Reader reader(store);
  if (!reader.scan(a) || !reader.scan(b)) return std::nullopt;
  const auto p = reader.read(a), q = reader.read(b);
  if (!p || !q || q->empty()) return std::nullopt;
  const auto quotient = divide(*p, *q);
  if (!quotient) return std::nullopt;
  return reader.write(*quotient);
}

}  // namespace hopf::expr
