// Incomplete LU factors on a matrix' own pattern, and BiCGSTAB preconditioned by them.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "value/sparse.hpp"

namespace hopf::runtime {

/// ILU(0) (Saad 2003, 10.3.2). For an M-matrix it exists and is a stable splitting (Meijerink & van
/// der Vorst 1977). Rows are taken in the given order, so that lines of unknowns that are strongly
/// coupled follow each other.
class IncompleteFactor {
 public:
  void factorise(const SparseMatrix& A, std::span<const std::int32_t> order,
                 std::span<const std::int32_t> place);
  /// y = (L U)^-1 x, in the matrix' own numbering.
  void apply(std::span<const double> x, std::span<double> y) const;

 private:
  void permute(const SparseMatrix& A, std::span<const std::int32_t> order,
               std::span<const std::int32_t> place);
  std::vector<std::int64_t> start_, diagonal_;
  std::vector<std::int32_t> column_, order_;
  std::vector<double> value_;
  std::vector<std::int64_t> source_;  // where each entry comes from in A
  mutable std::vector<double> work_;
};

/// y = M^-1 x, approximately.
using Preconditioner = std::function<void(std::span<const double>, std::span<double>)>;
/// Returns the number of iterations, or -1 when max |r| / max |b| did not fall below the tolerance,
/// or when `stop`, asked before each, says so.
int bicgstab(const SparseMatrix& A, const Preconditioner& M, std::span<const double> b,
             std::span<double> x, double tolerance, int limit,
             const std::function<bool()>& stop = {});

}  // namespace hopf::runtime
