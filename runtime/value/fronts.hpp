// LU factors of a sparse matrix by dense fronts.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/parallel.hpp"
#include "value/sparse.hpp"

namespace hopf::runtime {

/// The multifrontal method (Duff & Reid 1983; Liu 1992): columns that share their pattern are
/// eliminated together in a dense matrix, whose remainder is added to the front of its parent in
/// the elimination tree. Nearly all work is done on dense rows, at several times the speed of
/// elimination by single entries.
///
/// Rows are ordered for little fill on the pattern of A + A' (Amestoy, Davis & Duff 2004) and are
/// not exchanged: M-matrices need no pivoting (Berman & Plemmons 1994, ch. 6). For other matrices
/// the caller looks at the error of the answer.
///
/// Subtrees that do little of the work are taken by several threads at a time, what lies above them
/// by one. How the tree is cut depends on the work alone, and every sum has its order, so that
/// threads change no bit.
class FrontalFactor {
 public:
  /// Without a pool the calling thread does all.
  explicit FrontalFactor(ThreadPool* pool = nullptr) : pool_(pool) {}
  /// The order and the fronts are found at the first matrix of a pattern. False when a pivot
  /// vanishes or is not finite.
  bool factorise(const SparseMatrix& A);
  /// x = A^-1 b.
  void solve(std::span<const double> b, std::span<double> x) const;

 private:
  struct Entry {
    std::int64_t source, target;  // places in A.value and in the front
  };
  /// Columns first .. first + pivots - 1 of the order. `rows` are the numbers of all rows of the
  /// front in the order, the pivots' own first; `relative` are the places of the others in the
  /// parent's front.
  struct Front {
    std::int32_t first = 0, pivots = 0, parent = -1;
    std::vector<std::int32_t> rows, relative, children;
    std::vector<Entry> entries;
    std::vector<double> upper;  // the pivots' rows: pivots x rows
    std::vector<double> lower;  // multipliers below the pivots, by columns: pivots x others
    std::size_t size() const { return rows.size(); }
    std::size_t others() const { return rows.size() - static_cast<std::size_t>(pivots); }
  };
  using Structure = std::vector<std::vector<std::int32_t>>;

  bool analysed(const SparseMatrix& A) const;
  bool analyse(const SparseMatrix& A);
  Structure fill(const SparseMatrix& A) const;
  void gather_columns(const Structure& below);
  void link_parents();
  void place_entries(const SparseMatrix& A);
  void cut_tree();
  void for_subtrees(const std::function<void(const std::vector<std::int32_t>&)>& body) const;
  bool eliminate(Front& front, std::span<const double> value, std::vector<double>& dense);
  void solve_front_lower(std::size_t front) const;
  void solve_front_upper(std::size_t front, std::vector<double>& x) const;

  ThreadPool* pool_;

  std::vector<std::int64_t> start_;
  std::vector<std::int32_t> column_;         // the pattern that was analysed
  std::vector<std::int32_t> order_, place_;  // order_[k] is the k-th row; place_ is its inverse
  std::vector<std::int32_t> front_of_;       // of each place
  std::vector<Front> fronts_;
  std::vector<std::vector<double>> remainders_;      // of fronts whose parent is still to come
  std::vector<std::vector<std::int32_t>> subtrees_;  // their fronts, children first
  std::vector<std::int32_t> top_;                    // the fronts above
  mutable std::vector<std::vector<double>> passed_;  // what a front adds to its parent's rows
  mutable std::vector<double> work_;
};

}  // namespace hopf::runtime
