// Linear systems by Gaussian elimination: of symbols with pivots chosen by structure, of numbers
// that are not exact with the largest pivot.
#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "expr/store_impl.hpp"
#include "expr/traverse.hpp"

namespace hopf::expr {

namespace {

class System {
 public:
  System(Store& store, std::span<const ExprId> A, std::span<const ExprId> b)
      : store_(store), n_(b.size()), rows_(n_, std::vector<ExprId>(n_ + 1)) {
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t j = 0; j < n_; ++j) rows_[i][j] = simplify(store, A[i * n_ + j]);
      rows_[i][n_] = b[i];
    }
  }

  std::optional<std::vector<ExprId>> solve() {
    if (n_ == 2) return solve_two();
    for (std::size_t k = 0; k < n_; ++k) {
      const auto pivot = choose_pivot(k);
      if (!pivot) return std::nullopt;
      std::swap(rows_[k], rows_[*pivot]);
      for (std::size_t i = k + 1; i < n_; ++i) eliminate(i, k);
    }
    std::vector<ExprId> x(n_);
    for (std::size_t i = n_; i-- > 0;) {
      std::vector<ExprId> terms{rows_[i][n_]};
      for (std::size_t j = i + 1; j < n_; ++j)
        terms.push_back(store_.neg(store_.mul(rows_[i][j], x[j])));
      x[i] = simplify(store_, store_.div(store_.add(terms), rows_[i][i]));
    }
    return x;
  }

 private:
  /// Two equations by Cramer's rule, which divides once.
  std::optional<std::vector<ExprId>> solve_two() {
    const auto determinant = [&](ExprId a, ExprId b, ExprId c, ExprId d) {
      return simplify(store_, store_.sub(store_.mul(a, d), store_.mul(b, c)));
    };
    const auto &r = rows_[0], &s = rows_[1];
    const ExprId below = determinant(r[0], r[1], s[0], s[1]);
    if (store_.is_zero(below) || store_.is_zero(expand(store_, below))) return std::nullopt;
    const ExprId x = determinant(r[2], r[1], s[2], s[1]), y = determinant(r[0], r[2], s[0], s[2]);
    return std::vector{simplify(store_, store_.div(x, below)),
                       simplify(store_, store_.div(y, below))};
  }

  /// The simplest entry of column k that is not zero: a number before a symbol before anything
  /// larger.
  std::optional<std::size_t> choose_pivot(std::size_t k) {
    std::optional<std::size_t> best;
    std::size_t best_size = 0;
    for (std::size_t i = k; i < n_; ++i) {
      if (store_.is_zero(rows_[i][k])) continue;
      const std::size_t size = topological(store_, rows_[i][k]).size();
      if (best && size >= best_size) continue;
      best = i;
      best_size = size;
    }
    return best;
  }

  void eliminate(std::size_t i, std::size_t k) {
    if (store_.is_zero(rows_[i][k])) return;
    const ExprId ratio = store_.div(rows_[i][k], rows_[k][k]);
    for (std::size_t j = k + 1; j <= n_; ++j) {
      const ExprId reduced = store_.sub(rows_[i][j], store_.mul(ratio, rows_[k][j]));
      rows_[i][j] = simplify(store_, reduced);
    }
    rows_[i][k] = store_.integer(0);
  }

  Store& store_;
  std::size_t n_;
  std::vector<std::vector<ExprId>> rows_;
};

/// Rows exchanged and L, U in place, of a matrix of doubles; false where it is singular.
class Factors {
 public:
  Factors(std::vector<double> A, std::size_t n) : n_(n), A_(std::move(A)), order_(n) {
    for (std::size_t i = 0; i < n; ++i) order_[i] = i;
  }

  bool factorise() {
    const double largest = *std::max_element(
        A_.begin(), A_.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
    const double least = 1e-15 * static_cast<double>(n_) * std::abs(largest);
    for (std::size_t k = 0; k < n_; ++k) {
      std::size_t pivot = k;
      for (std::size_t i = k + 1; i < n_; ++i) {
        if (std::abs(at(i, k)) > std::abs(at(pivot, k))) pivot = i;
      }
      if (!(std::abs(at(pivot, k)) > least)) return false;
      std::swap(order_[k], order_[pivot]);
      for (std::size_t j = 0; j < n_; ++j) std::swap(at(k, j), at(pivot, j));
      for (std::size_t i = k + 1; i < n_; ++i) {
        const double factor = at(i, k) /= at(k, k);
        if (factor == 0) continue;
        for (std::size_t j = k + 1; j < n_; ++j) at(i, j) -= factor * at(k, j);
      }
    }
    return true;
  }

  std::vector<double> solve(const std::vector<double>& b) const {
    std::vector<double> x(n_);
    for (std::size_t i = 0; i < n_; ++i) {
      x[i] = b[order_[i]];
      for (std::size_t j = 0; j < i; ++j) x[i] -= at(i, j) * x[j];
    }
    for (std::size_t i = n_; i-- > 0;) {
      for (std::size_t j = i + 1; j < n_; ++j) x[i] -= at(i, j) * x[j];
      x[i] /= at(i, i);
    }
    return x;
  }

 private:
  double& at(std::size_t i, std::size_t j) { return A_[i * n_ + j]; }
  double at(std::size_t i, std::size_t j) const { return A_[i * n_ + j]; }

  std::size_t n_;
  std::vector<double> A_;
  std::vector<std::size_t> order_;
};

/// A as doubles where it holds numbers only and elimination would not keep them exact: some beside
/// the diagonal are not, or there are many.
std::optional<std::vector<double>> inexact_numbers(const Store::Impl& store,
                                                   std::span<const ExprId> A, std::size_t n) {
  constexpr std::size_t kMostExact = 64;
  std::vector<double> numbers;
  std::size_t beside = 0;
  bool exact = true;
  for (std::size_t k = 0; k < A.size(); ++k) {
    const auto value = numeric_value(store, A[k]);
    if (!value || !std::isfinite(value->value())) return std::nullopt;
    numbers.push_back(value->value());
    if (k / n == k % n || numbers.back() == 0) continue;
    ++beside;
    exact = exact && value->exact;
  }
  if (exact && beside <= kMostExact) return std::nullopt;
  return numbers;
}

/// A x = b with numbers in A: every term of b, without its coefficient, has a solution in numbers
/// of its own.
std::optional<std::vector<ExprId>> solve_in_numbers(Store& store, std::vector<double> A,
                                                    std::span<const ExprId> b) {
  const std::size_t n = b.size();
  const Store::Impl& inside = StoreAccess::impl(store);
  Factors factors(std::move(A), n);
  if (!factors.factorise()) return std::nullopt;
  std::map<std::size_t, std::vector<double>> columns;  // by the term
  const auto add = [&](std::size_t row, ExprId term) {
    const auto number = numeric_value(inside, term);
    const ExprId core = number ? store.integer(1) : inside.node(term).core;
    auto& column = columns.try_emplace(core.index(), n, 0.0).first->second;
    column[row] += (number ? *number : coefficient(inside, term)).value();
  };
  for (std::size_t i = 0; i < n; ++i) {
    const ExprId right = simplify(store, b[i]);
    if (store.op(right) != Op::Add) {
      add(i, right);
      continue;
    }
    const auto terms = store.args(right);
    for (const ExprId term : std::vector<ExprId>(terms.begin(), terms.end())) add(i, term);
  }
  std::vector<std::vector<ExprId>> sums(n);
  for (const auto& [core, column] : columns) {
    const std::vector<double> x = factors.solve(column);
    for (std::size_t i = 0; i < n; ++i) {
      if (x[i] == 0) continue;
      const ExprId factor = store.number(x[i]);
      sums[i].push_back(store.mul(factor, ExprId(static_cast<std::uint32_t>(core))));
    }
  }
  std::vector<ExprId> x;
  for (const auto& sum : sums) x.push_back(store.add(sum));
  return x;
}

}  // namespace

std::optional<std::vector<ExprId>> solve_linear(Store& store, std::span<const ExprId> A,
                                                std::span<const ExprId> b) {
  if (A.size() != b.size() * b.size()) throw std::logic_error("solve_linear: A is not n*n");
  if (auto numbers = inexact_numbers(StoreAccess::impl(store), A, b.size()))
    return solve_in_numbers(store, std::move(*numbers), b);
  return System(store, A, b).solve();
}

}  // namespace hopf::expr
