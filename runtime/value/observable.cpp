#include "value/observable.hpp"

#include <cmath>

namespace hopf::runtime::quadratic {

namespace {

constexpr double kNothing = 1e-13;  // of a vector that lies in the space already, up to rounding

/// Adds what `candidate` has outside of the first `rank` columns; the new rank.
Eigen::Index extend(Matrix& basis, Eigen::Index rank, Vector candidate) {
  const double before = candidate.norm();
  if (!(before > 0)) return rank;
  candidate /= before;
  for (int pass = 0; pass < 2; ++pass) {
    const auto known = basis.leftCols(rank);
    candidate -= known * (known.transpose() * candidate);
    const double rest = candidate.norm();
    if (!(rest > (pass == 0 ? kNothing : 0.1))) return rank;
    candidate /= rest;
  }
  basis.col(rank) = candidate;
  return rank + 1;
}

}  // namespace

Matrix invariant_space(const Matrix& start, const std::vector<Matrix>& operators) {
  const auto n = start.rows();
  Matrix basis = Matrix::Zero(n, n);
  Eigen::Index rank = 0;
  const double scale = start.colwise().norm().maxCoeff();
  for (Eigen::Index column = 0; column < start.cols() && rank < n; ++column) {
    if (start.col(column).norm() > kNothing * scale) rank = extend(basis, rank, start.col(column));
  }
  std::vector<double> sizes;
  for (const Matrix& each : operators) sizes.push_back(each.norm());
  for (Eigen::Index from = 0; from < rank && rank < n; ++from) {
    for (std::size_t k = 0; k < operators.size() && rank < n; ++k) {
      const Vector image = operators[k] * basis.col(from);
      if (image.norm() > kNothing * sizes[k]) rank = extend(basis, rank, image);
    }
  }
  return basis.leftCols(rank);
}

Vector units_of_cost(const std::vector<Matrix>& costs, const std::vector<Matrix>& operators) {
  const auto n = costs.front().rows();
  Vector unit = Vector::Zero(n);
  for (const Matrix& Q : costs) unit = unit.cwiseMax(Q.diagonal().cwiseAbs().cwiseSqrt());
  double rate = 0;
  for (const Matrix& each : operators) rate = std::max(rate, each.diagonal().cwiseAbs().maxCoeff());
  if (!(rate > 0)) rate = 1;
  for (bool more = true; more;) {
    Vector driven = Vector::Zero(n);
    for (const Matrix& each : operators) driven = driven.cwiseMax(each.cwiseAbs() * unit / rate);
    more = false;
    for (Eigen::Index i = 0; i < n; ++i) {
      if (unit(i) > 0 || !(driven(i) > 0)) continue;
      unit(i) = driven(i);
      more = true;
    }
  }
  return (unit.array() > 0).select(unit, 1.0);
}

std::optional<Vector> integral_of_flow(const Matrix& F, const Vector& v) {
  const Matrix V = invariant_space(v, {F});
  if (V.cols() == 0) return Vector(Vector::Zero(v.size()));
  const Matrix reduced = V.transpose() * F * V;
  const double rightmost = reduced.eigenvalues().real().maxCoeff();
  if (!(rightmost < -1e-14 * reduced.norm())) return std::nullopt;
  if (V.cols() < v.size()) return Vector(-(V * reduced.partialPivLu().solve(V.transpose() * v)));
  const Eigen::PartialPivLU<Matrix> lu(F);
  Vector y = -lu.solve(v);
  y -= lu.solve(v + F * y);
  return y;
}

}  // namespace hopf::runtime::quadratic
