#include "model/matrix.hpp"

#include <bit>
#include <cmath>

namespace hopf::model {

using expr::ExprId;

ExprId determinant(expr::Store& store, const std::vector<ExprId>& entries, int n) {
  // minors[S] is the determinant of the first |S| rows and the columns in S; Laplace's expansion
  // along the last of these rows needs only smaller subsets.
  std::vector<ExprId> minors(std::size_t{1} << n);
  minors[0] = store.integer(1);
  for (std::size_t columns = 1; columns < minors.size(); ++columns) {
    int row = std::popcount(columns) - 1;
    std::vector<ExprId> terms;
    int position = 0;  // of the column among those of the subset
    for (int column = 0; column < n; ++column) {
      if ((columns >> column & 1) == 0) continue;
      ExprId minor = minors[columns & ~(std::size_t{1} << column)];
      ExprId term = store.mul(entries[row * n + column], minor);
      terms.push_back((row + position) % 2 == 0 ? term : store.neg(term));
      ++position;
    }
    minors[columns] = store.add(terms);
  }
  return minors.back();
}

std::optional<std::vector<ExprId>> inverse(expr::Store& store, const std::vector<ExprId>& entries,
                                           int n) {
  std::vector<ExprId> result(entries.size());
  for (int column = 0; column < n; ++column) {
    std::vector<ExprId> unit(n, store.integer(0));
    unit[column] = store.integer(1);
    auto solution = expr::solve_linear(store, entries, unit);
    if (!solution) return std::nullopt;
    for (int row = 0; row < n; ++row) result[row * n + column] = (*solution)[row];
  }
  return result;
}

bool positive_definite(std::vector<double> a, int n) {
  for (int j = 0; j < n; ++j) {
    for (int i = j; i < n; ++i) {
      double rest = a[i * n + j];
      for (int k = 0; k < j; ++k) rest -= a[i * n + k] * a[j * n + k];
      if (i == j && !(rest > 0)) return false;
      a[i * n + j] = i == j ? std::sqrt(rest) : rest / a[j * n + j];
    }
  }
  return true;
}

}  // namespace hopf::model
