// Sparse rows with a fixed pattern, and the linear solvers behind the implicit schemes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace hopf::runtime {

class ThreadPool;

/// Compressed sparse rows; columns of a row are in increasing order.
struct SparseMatrix {
  std::vector<std::int64_t> start;  // rows + 1
  std::vector<std::int32_t> column;
  std::vector<double> value;

  std::size_t rows() const { return start.empty() ? 0 : start.size() - 1; }
  void multiply(std::span<const double> x, std::span<double> y) const;
  SparseMatrix transposed() const;
};

struct LinearOutcome {
  bool ok = false;
  double residual = 0;  // backward error by rows: |b - A x| relative to |A| |x| + |b|
  int iterations = 0;   // 0 for a direct solve
};

/// Solves A x = b for a sequence of matrices of one pattern. `order` lists the rows in the order of
/// elimination. A narrow band is factorised with partial pivoting. Otherwise complete factors, by
/// fronts or, where rows must be exchanged, KLU's (Davis & Palamadai Natarajan 2010), where
/// `planar` says that the fill is moderate, as on a grid in the plane; else BiCGSTAB with an
/// incomplete factorisation (van der Vorst 1992; Saad 2003, ch. 10). Each of the two stands in for
/// the other.
class LinearSolver {
 public:
  LinearSolver(std::vector<std::int32_t> order, bool planar, ThreadPool* pool = nullptr);
  ~LinearSolver();
  /// x holds a first guess and receives the answer. An iteration that `stop` ends is not ok.
  LinearOutcome solve(const SparseMatrix& A, std::span<const double> b, std::span<double> x,
                      double tolerance, const std::function<bool()>& stop = {});
  /// Another right-hand side with the matrix of the last `solve`.
  bool again(const SparseMatrix& A, std::span<const double> b, std::span<double> x,
             double tolerance);
  bool direct(const SparseMatrix& A) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hopf::runtime
