// A form that is nice to read. Every node, operands first, is offered a few equivalent forms
// (collected, expanded, over one denominator, by trigonometric identities) and takes the
// lightest.
#include <unordered_set>

#include "expr/polynomial.hpp"
#include "expr/store_impl.hpp"
#include "expr/traverse.hpp"
#include "expr/trigonometry.hpp"

namespace hopf::expr {

namespace {

// Forms that need expansion are tried on expressions up to this weight; larger ones are only
// collected.
constexpr double kMostToExpand = 400;
constexpr std::size_t kMostToCollect = 400;  // terms of a sum

class Simplifier {
 public:
  explicit Simplifier(Store& store) : store_(store), impl_(StoreAccess::impl(store)) {}

  ExprId operator()(ExprId root) {
    const auto never = [](ExprId) { return false; };
    return rebuild(store_, root, never, [&](ExprId node, std::span<const ExprId> args) {
      if (args.empty()) return node;
      const ExprId e = store_.apply(store_.op(node), args);
      const auto done = impl_.simplified.find(e);
      if (done != impl_.simplified.end()) return done->second;
      return impl_.simplified[e] = improved(e);
    });
  }

 private:
  ExprId improved(ExprId e) {
    for (int round = 0; round < 4; ++round) {
      const ExprId better = improve(e);
      if (better == e) break;
      e = better;
    }
    return e;
  }

  ExprId improve(ExprId e) {
    ExprId best = e;
    const auto offer = [&](ExprId candidate, bool at_ties) {
      const double ours = weight(candidate), theirs = weight(best);
      if (ours < theirs || (at_ties && ours == theirs)) best = candidate;
    };
    const Op op = store_.op(e);
    if (op == Op::Add && store_.args(e).size() <= kMostToCollect) {
      offer(fold_trigonometry(store_, e), false);
      const bool small = weight(e) <= kMostToExpand;
      if (small) {
        const ExprId expanded = expand(store_, e);
        if (store_.is_zero(expanded)) return expanded;
        offer(expanded, false);
        offer(fold_trigonometry(store_, expanded), false);
        offer(collected(expanded), false);
        offer(over_one_denominator(e), false);
      }
      offer(collected(e), true);
    } else if (op == Op::Mul && weight(e) <= kMostToExpand) {
      offer(cancelled(e), false);
      offer(expand(store_, e), false);
    }
    return best;
  }

  // ---- weight: what a reader has to take in

  double weight(ExprId root) {
    if (const double* done = weights_.find(root)) return *done;
    const auto known = [&](ExprId e) { return weights_.contains(e); };
    for (const ExprId e : topological(store_, std::span(&root, 1), known)) {
      if (!known(e)) weights_.insert(e, weight_of_node(e));
    }
    return *weights_.find(root);
  }

  double weight_of_node(ExprId e) {
    const auto args = store_.args(e);
    const Op op = store_.op(e);
    double total = op == Op::Add || op == Op::Mul ? static_cast<double>(args.size()) - 1 : 1;
    if (args.empty())
      return store_.op(e) == Op::Number && store_.rational_value(e)->den > 1 ? 1.5 : 1;
    for (std::size_t i = 0; i < args.size(); ++i) {
      // A minus sign is lighter than a factor, and a sum inside a product needs parentheses.
      if (args[i] == impl_.minus_one && op == Op::Mul)
        total -= 0.5;
      else
        total += *weights_.find(args[i]);
      if ((op == Op::Mul || op == Op::Pow) && store_.op(args[i]) == Op::Add) total += 2;
    }
    return total;
  }

  // ---- common factors

  std::vector<ExprId> factors_of(ExprId term) const {
    if (store_.op(term) != Op::Mul) return {term};
    return {store_.args(term).begin(), store_.args(term).end()};
  }

  std::vector<std::pair<ExprId, Rational>> powers_of(ExprId term) const {
    std::vector<std::pair<ExprId, Rational>> powers;
    for (const ExprId factor : factors_of(term)) {
      if (numeric_value(impl_, factor)) continue;
      if (store_.op(factor) == Op::Pow) {
        if (const auto n = store_.rational_value(store_.args(factor)[1])) {
          powers.emplace_back(store_.args(factor)[0], *n);
          continue;
        }
      }
      powers.emplace_back(factor, Rational{1, 1});
    }
    return powers;
  }

  struct Shared {
    std::size_t terms = 0;
    Rational least{0, 1};
  };

  /// Pulls out what all terms share, then what several share, most widely shared first.
  ExprId collected(ExprId e, int depth = 0) {
    if (store_.op(e) != Op::Add || depth > 6) return e;
    const std::vector<ExprId> terms(store_.args(e).begin(), store_.args(e).end());
    std::vector<ExprId> order;
    base::IdMap<ExprId, Shared> shared;
    for (const ExprId term : terms) {
      for (const auto& [base, exponent] : powers_of(term)) {
        Shared& entry = shared[base];
        if (entry.terms == 0) order.push_back(base);
        const bool less = exponent.value() < entry.least.value();
        if (entry.terms++ == 0 || less) entry.least = exponent;
      }
    }
    std::vector<ExprId> common;
    ExprId widest;
    for (const ExprId base : order) {
      const Shared& entry = *shared.find(base);
      if (entry.terms == terms.size())
        common.push_back(store_.pow(base, exponent(entry.least)));
      else if (entry.terms > 1 && (!widest.valid() || entry.terms > shared.find(widest)->terms))
        widest = base;
    }
    common.push_back(content(terms));
    const ExprId factor = store_.mul(common);
    if (!store_.is_one(factor)) return pulled_out(terms, factor, depth);
    if (!widest.valid()) return e;
    return grouped(e, terms, store_.pow(widest, exponent(shared.find(widest)->least)), widest,
                   depth);
  }

  ExprId exponent(Rational r) { return store_.rational(r.num, r.den); }

  /// The greatest number that leaves integer multiples, where it is an integer itself; else 1.
  ExprId content(const std::vector<ExprId>& terms) {
    Rational measure{0, 1};
    for (const ExprId term : terms) {
      const auto value = numeric_value(impl_, term);
      const Numeric scale = value ? *value : coefficient(impl_, term);
      const auto next = scale.exact ? common_measure(measure, scale.r) : std::nullopt;
      if (!next) return impl_.one;
      measure = *next;
    }
    return measure.den == 1 && measure.num > 0 ? store_.integer(measure.num) : impl_.one;
  }

  ExprId pulled_out(const std::vector<ExprId>& terms, ExprId factor, int depth) {
    std::vector<ExprId> rest;
    for (const ExprId term : terms) rest.push_back(store_.div(term, factor));
    const ExprId inner = store_.add(rest);
    return store_.mul(factor, lighter(inner, collected(inner, depth + 1)));
  }

  ExprId grouped(ExprId e, const std::vector<ExprId>& terms, ExprId factor, ExprId base,
                 int depth) {
    std::vector<ExprId> with, without;
    for (const ExprId term : terms) {
      bool holds = false;
      for (const auto& [other, exponent] : powers_of(term)) holds = holds || other == base;
      if (holds)
        with.push_back(store_.div(term, factor));
      else
        without.push_back(term);
    }
    const ExprId inner = store_.add(with), rest = store_.add(without);
    const ExprId group = store_.mul(factor, lighter(inner, collected(inner, depth + 1)));
    return lighter(e, store_.add(group, lighter(rest, collected(rest, depth + 1))));
  }

  ExprId lighter(ExprId a, ExprId b) { return weight(b) < weight(a) ? b : a; }

  // ---- quotients

  /// (x^2 - y^2)/(x - y): sums in the numerator divided by sums in the denominator where that is
  /// exact.
  ExprId cancelled(ExprId e) {
    auto powers = powers_of(e);
    const Numeric scale = coefficient(impl_, e);
    bool changed = false;
    for (auto& [above, n] : powers) {
      if (store_.op(above) != Op::Add || n.den != 1 || n.num < 1) continue;
      for (auto& [below, m] : powers) {
        if (store_.op(below) != Op::Add || m.den != 1 || m.num >= 0 || n.num < 1) continue;
        const ExprId top = expand(store_, above), bottom = expand(store_, below);
        if (const auto quotient = exact_quotient(store_, top, bottom)) {
          if (n.num != 1) continue;
          above = *quotient;
          ++m.num;
          changed = true;
        } else if (const auto inverse = exact_quotient(store_, bottom, top);
                   inverse && m.num == -1) {
          below = *inverse;
          --n.num;
          changed = true;
        }
        if (store_.op(above) != Op::Add) break;
      }
    }
    if (!changed) return e;
    std::vector<ExprId> factors{numeric(store_, scale)};
    for (const auto& [base, n] : powers) factors.push_back(store_.pow(base, exponent(n)));
    return store_.mul(factors);
  }

  /// a/(x + 1) + b/(x - 1) as one quotient, its numerator expanded and collected.
  ExprId over_one_denominator(ExprId e) {
    base::IdMap<ExprId, std::int64_t> deepest;
    std::vector<ExprId> bases;
    for (const ExprId term : store_.args(e)) {
      for (const auto& [base, n] : powers_of(term)) {
        if (n.den != 1 || n.num >= 0) continue;
        std::int64_t& power = deepest[base];
        if (power == 0) bases.push_back(base);
        power = std::max(power, -n.num);
      }
    }
    if (bases.empty() || bases.size() > 4) return e;
    std::vector<ExprId> denominator;
    for (const ExprId base : bases)
      denominator.push_back(store_.pow(base, store_.integer(*deepest.find(base))));
    const ExprId below = store_.mul(denominator);
    std::vector<ExprId> numerator;
    for (const ExprId term : store_.args(e)) numerator.push_back(store_.mul(term, below));
    const ExprId flat = expand(store_, store_.add(numerator));
    const ExprId above = lighter(flat, fold_trigonometry(store_, flat));
    if (store_.is_zero(above)) return above;
    return cancelled(store_.div(lighter(above, collected(above)), below));
  }

  Store& store_;
  Store::Impl& impl_;
  base::IdMap<ExprId, double> weights_;
};

}  // namespace

ExprId simplify(Store& store, ExprId e) { return Simplifier(store)(e); }

}  // namespace hopf::expr
