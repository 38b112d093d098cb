#include "driver/lu.hpp"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace hopf::driver {
namespace {

/// P A Q = L U by Gaussian elimination with complete pivoting, which shows the rank (Golub & Van
/// Loan, "Matrix Computations", 4th ed., 3.4.8). L has a unit diagonal and stands below U.
struct Factors {
  Matrix lu;
  std::vector<Eigen::Index> row, column;  // exchanges, one a step
  double sign = 1;
  bool regular = true;  // every pivot counts beside the first, the largest
};

Factors factorise(Matrix A, const runtime::Watch& watch) {
  const Eigen::Index n = A.rows();
  Factors f{std::move(A), {}, {}};
  double first = 0;
  for (Eigen::Index k = 0; k < n; ++k) {
    if (watch) watch();
    Eigen::Index i = 0, j = 0;
    const double pivot = f.lu.bottomRightCorner(n - k, n - k).cwiseAbs().maxCoeff(&i, &j);
    if (k == 0) first = pivot;
    const double rounding = std::numeric_limits<double>::epsilon() * static_cast<double>(n) * first;
    if (!(pivot > rounding)) f.regular = false;
    f.row.push_back(k + i);
    f.column.push_back(k + j);
    if (i > 0) f.lu.row(k).swap(f.lu.row(k + i));
    if (j > 0) f.lu.col(k).swap(f.lu.col(k + j));
    f.sign *= ((i > 0) != (j > 0)) ? -1 : 1;
    if (!(pivot > 0)) continue;
    const Eigen::Index rest = n - k - 1;
    f.lu.col(k).tail(rest) /= f.lu(k, k);
    for (Eigen::Index r = k + 1; r < n; ++r)
      f.lu.row(r).tail(rest) -= f.lu(r, k) * f.lu.row(k).tail(rest);
  }
  return f;
}

}  // namespace

double determinant(Matrix A, const runtime::Watch& watch) {
  const Factors f = factorise(std::move(A), watch);
  double product = f.sign;
  for (Eigen::Index k = 0; k < f.lu.rows(); ++k) product *= f.lu(k, k);
  return product;
}

std::optional<Matrix> inverse(Matrix A, const runtime::Watch& watch) {
  const Factors f = factorise(std::move(A), watch);
  if (!f.regular) return {};
  const Eigen::Index n = f.lu.rows();
  Matrix X = Matrix::Identity(n, n);
  for (Eigen::Index k = 0; k < n; ++k)
    if (f.row[k] != k) X.row(k).swap(X.row(f.row[k]));
  for (Eigen::Index i = 0; i < n; ++i) {  // L X = P
    if (watch) watch();
    for (Eigen::Index k = 0; k < i; ++k) X.row(i) -= f.lu(i, k) * X.row(k);
  }
  for (Eigen::Index i = n; i-- > 0;) {  // U X = L^-1 P
    if (watch) watch();
    for (Eigen::Index k = i + 1; k < n; ++k) X.row(i) -= f.lu(i, k) * X.row(k);
    X.row(i) /= f.lu(i, i);
  }
  for (Eigen::Index k = n; k-- > 0;)
    if (f.column[k] != k) X.row(k).swap(X.row(f.column[k]));
  return X;
}

}  // namespace hopf::driver
