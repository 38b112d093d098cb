// Polynomial structure in chosen variables, collected bottom-up over the DAG in time proportional
// to the number of monomials: never by differentiating n^2 times.
#include <map>

#include "expr/store_impl.hpp"
#include "expr/traverse.hpp"

namespace hopf::expr {

namespace {

/// A monomial of degree at most 2: the indices of its variables in order, kNone where there is
/// none.
struct Monomial {
  static constexpr std::uint32_t kNone = 0xffffffffu;
  std::uint32_t i = kNone,
                j = kNone;  // (none, none) is 1, (i, none) is x_i, (i, j) is x_i*x_j with i <= j
  auto operator<=>(const Monomial&) const = default;
  int degree() const { return (i != kNone) + (j != kNone); }
};

using Polynomial = std::map<Monomial, ExprId>;

std::optional<Monomial> product(Monomial a, Monomial b) {
  if (a.degree() + b.degree() > 2) return std::nullopt;
  if (a.degree() == 0) return b;
  if (b.degree() == 0) return a;
  return Monomial{std::min(a.i, b.i), std::max(a.i, b.i)};
}

class Collector {
 public:
  Collector(Store& store, std::span<const SymbolId> vars) : store_(store), vars_(vars) {
    for (std::size_t i = 0; i < vars.size(); ++i)
      index_.emplace(vars[i], static_cast<std::uint32_t>(i));
  }

  /// Nothing when e is no polynomial of degree at most 2 in the variables.
  std::optional<Polynomial> operator()(ExprId root) {
    const Dependence dependent(store_, root, vars_);
    const auto stop = [&](ExprId e) { return !dependent(e); };
    for (const ExprId e : topological(store_, std::span(&root, 1), stop)) {
      std::optional<Polynomial> p = stop(e) ? Polynomial{{Monomial{}, e}} : of_node(e);
      if (!p) {
        // A part may be of a higher degree or no polynomial and yet cancel, but not without being
        // expanded.
        return std::nullopt;
      }
      polynomials_.insert(e, static_cast<std::uint32_t>(results_.size()));
      results_.push_back(std::move(*p));
    }
    return result_of(root);
  }

 private:
  const Polynomial& result_of(ExprId e) const { return results_[*polynomials_.find(e)]; }

  std::optional<Polynomial> of_node(ExprId e) {
    const auto args = store_.args(e);
    switch (store_.op(e)) {
      case Op::Symbol:
        return Polynomial{{Monomial{index_.at(store_.symbol_of(e))}, store_.integer(1)}};
      case Op::Add:
        return sum(args);
      case Op::Mul: {
        std::optional<Polynomial> total = Polynomial{{Monomial{}, store_.integer(1)}};
        for (const ExprId factor : args) {
          if (total) total = multiply(*total, result_of(factor));
        }
        return total;
      }
      case Op::Pow: {
        const auto n = store_.rational_value(args[1]);
        if (!n || *n != Rational{2, 1}) return std::nullopt;
        return multiply(result_of(args[0]), result_of(args[0]));
      }
      default:
        return std::nullopt;
    }
  }

  Polynomial sum(std::span<const ExprId> args) {
    std::map<Monomial, std::vector<ExprId>> terms;
    for (const ExprId argument : args) {
      for (const auto& [monomial, coefficient] : result_of(argument))
        terms[monomial].push_back(coefficient);
    }
    return collect(terms);
  }

  std::optional<Polynomial> multiply(const Polynomial& a, const Polynomial& b) {
    std::map<Monomial, std::vector<ExprId>> terms;
    for (const auto& [m, p] : a) {
      for (const auto& [n, q] : b) {
        const auto monomial = product(m, n);
        if (!monomial) return std::nullopt;
        terms[*monomial].push_back(store_.mul(p, q));
      }
    }
    return collect(terms);
  }

  Polynomial collect(const std::map<Monomial, std::vector<ExprId>>& terms) {
    Polynomial result;
    for (const auto& [monomial, coefficients] : terms) {
      const ExprId total = store_.add(coefficients);
      if (!store_.is_zero(total)) result.emplace(monomial, total);
    }
    return result;
  }

  Store& store_;
  std::span<const SymbolId> vars_;
  std::unordered_map<SymbolId, std::uint32_t> index_;
  base::IdMap<ExprId, std::uint32_t> polynomials_;
  std::vector<Polynomial> results_;
};

/// Structure of e, or failing that of e expanded, where higher powers may cancel.
std::optional<Polynomial> collect(Store& store, ExprId e, std::span<const SymbolId> vars) {
  if (auto direct = Collector(store, vars)(e)) return direct;
  const ExprId expanded = expand(store, e);
  if (expanded == e) return std::nullopt;
  return Collector(store, vars)(expanded);
}

}  // namespace

std::optional<Affine> as_affine(Store& store, ExprId e, std::span<const SymbolId> vars) {
  const auto polynomial = collect(store, e, vars);
  if (!polynomial) return std::nullopt;
  Affine result{std::vector<ExprId>(vars.size(), store.integer(0)), store.integer(0)};
  for (const auto& [monomial, coefficient] : *polynomial) {
    if (monomial.degree() > 1) return std::nullopt;
    (monomial.degree() == 0 ? result.constant : result.linear[monomial.i]) = coefficient;
  }
  return result;
}

std::optional<Quadratic> as_quadratic(Store& store, ExprId e, std::span<const SymbolId> vars) {
  const auto polynomial = collect(store, e, vars);
  if (!polynomial) return std::nullopt;
  const std::size_t n = vars.size();
  const ExprId zero = store.integer(0);
  Quadratic result{std::vector<ExprId>(n * n, zero), std::vector<ExprId>(n, zero), zero};
  for (const auto& [monomial, coefficient] : *polynomial) {
    if (monomial.degree() == 0) {
      result.constant = coefficient;
    } else if (monomial.degree() == 1) {
      result.linear[monomial.i] = coefficient;
    } else if (monomial.i == monomial.j) {
      // 1/2 Q_ii x_i^2.
      result.Q[monomial.i * n + monomial.i] = store.mul(store.integer(2), coefficient);
    } else {
      result.Q[monomial.i * n + monomial.j] = result.Q[monomial.j * n + monomial.i] = coefficient;
    }
  }
  return result;
}

}  // namespace hopf::expr
