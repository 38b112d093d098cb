// Small symbolic linear systems by Gaussian elimination, with pivots chosen by structure.
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

}  // namespace

std::optional<std::vector<ExprId>> solve_linear(Store& store, std::span<const ExprId> A,
                                                std::span<const ExprId> b) {
  if (A.size() != b.size() * b.size()) throw std::logic_error("solve_linear: A is not n*n");
  return System(store, A, b).solve();
}

}  // namespace hopf::expr
