#include "value/scattering.hpp"

#include <cmath>
#include <utility>

namespace hopf::runtime::quadratic {

namespace {

/// exp(X) - I for a norm of at most 1/2: Taylor's polynomial of degree 15 by Paterson & Stockmeyer
/// (1973), whose remainder is below rounding.
Matrix exponential_minus_one(const Matrix& X) {
  const Matrix I = Matrix::Identity(X.rows(), X.cols());
  const Matrix X2 = X * X, X3 = X2 * X, X4 = X2 * X2;
  double coefficient[16] = {1};
  for (int k = 1; k < 16; ++k) coefficient[k] = coefficient[k - 1] / k;
  Matrix sum = Matrix::Zero(X.rows(), X.cols());
  for (int block = 3; block >= 0; --block) {
    const double* c = coefficient + static_cast<std::ptrdiff_t>(4) * block;
    sum = (sum * X4 + (block ? c[0] : 0.0) * I + c[1] * X + c[2] * X2 + c[3] * X3).eval();
  }
  return sum;
}

/// G and Q of the same size: costs in another unit.
double cost_scale(const Matrix& G, const Matrix& Q) {
  const double g = G.cwiseAbs().maxCoeff(), q = Q.cwiseAbs().maxCoeff();
  return g > 0 && q > 0 ? std::sqrt(g / q) : 1.0;
}

double row_norm(const Matrix& M) { return M.cwiseAbs().rowwise().sum().maxCoeff(); }

Matrix hamiltonian_matrix(const Matrix& A, const Matrix& G, const Matrix& Q) {
  const auto n = A.rows();
  Matrix Z(2 * n, 2 * n);
  Z << A, -G, -Q, -A.transpose();
  return Z;
}

/// The flow over s <= 1/(2 |Z|), from the exponential itself.
Scattering short_interval(const Matrix& Z, double s) {
  const auto n = Z.rows() / 2;
  const Matrix E = exponential_minus_one(Z * s);
  const Matrix I = Matrix::Identity(n, n);
  const Eigen::PartialPivLU<Matrix> corner(E.bottomRightCorner(n, n) + I);
  Scattering result;
  result.Phi = corner.solve(I).transpose();
  result.Pi = -corner.solve(E.bottomLeftCorner(n, n));
  result.Gamma = -E.topRightCorner(n, n) * corner.solve(I);
  result.Pi = 0.5 * (result.Pi + result.Pi.transpose()).eval();
  result.Gamma = 0.5 * (result.Gamma + result.Gamma.transpose()).eval();
  return result;
}

/// X = Pi'L L'Pi >= 0 with a permutation Pi, by pivoted Cholesky.
struct Half {
  Eigen::PermutationMatrix<Eigen::Dynamic> Pi;
  Matrix L;
};

/// Nothing where X is not nonnegative, up to `tolerance`.
std::optional<Half> half_of(const Matrix& X, double tolerance) {
  const Eigen::LDLT<Matrix> ldlt(X);
  const Vector d = ldlt.vectorD();
  if (ldlt.info() != Eigen::Success || !d.allFinite()) return std::nullopt;
  if (d.minCoeff() < -tolerance * X.cwiseAbs().maxCoeff()) return std::nullopt;
  return Half{Eigen::PermutationMatrix<Eigen::Dynamic>(ldlt.transpositionsP()),
              Matrix(ldlt.matrixL()) * d.cwiseMax(0).cwiseSqrt().asDiagonal()};
}

/// I + L'Pi X Pi'L in factors; X symmetric.
Eigen::LLT<Matrix> inner_of(const Half& half, const Matrix& X) {
  const Matrix moved = half.Pi * X * half.Pi.transpose();
  const Matrix XL = moved * half.L.triangularView<Eigen::Lower>();
  Matrix inner = half.L.triangularView<Eigen::Lower>().transpose() * XL;
  inner.diagonal().array() += 1;
  return Eigen::LLT<Matrix>(inner);
}

/// X X' of a square matrix, half the work of a product.
Matrix squared(const Matrix& X) {
  Matrix result = Matrix::Zero(X.rows(), X.rows());
  result.selfadjointView<Eigen::Lower>().rankUpdate(X);
  return result.selfadjointView<Eigen::Lower>();
}

std::optional<Matrix> contracted(const Matrix& Gamma, const Matrix& P) {
  if (const auto M = half_of(P, 1e-14)) {  // M (I + M'Gamma M)^-1 M': bounded whatever P is
    const auto inner = inner_of(*M, Gamma);
    if (inner.info() != Eigen::Success) return std::nullopt;
    const Matrix half = inner.matrixL().solve(Matrix(M->L.transpose())) * M->Pi;
    return squared(half.transpose());
  }
  const auto M = half_of(Gamma, 1);
  if (!M) return std::nullopt;
  const auto inner = inner_of(*M, P);
  if (inner.info() != Eigen::Success) return std::nullopt;
  const Matrix PM = P * M->Pi.transpose() * M->L.triangularView<Eigen::Lower>();
  const Matrix half = inner.matrixL().solve(PM.transpose());
  return Matrix(P - squared(half.transpose()));
}

/// C + X'S X of symmetric C and S, half of the second product left out.
Matrix moved_by(const Matrix& X, const Matrix& S, const Matrix& C) {
  Matrix result = C;
  const Matrix SX = S * X;
  result.triangularView<Eigen::Lower>() += X.transpose() * SX;
  return result.selfadjointView<Eigen::Lower>();
}

}  // namespace

// With P = [P_1, p; p', c] and S = P_1 (I + Gamma P_1)^-1 the result is [S, (I - S Gamma) p; ., c -
// p'(Gamma - Gamma S Gamma) p].
std::optional<Matrix> contracted(const Matrix& Gamma, const Matrix& P, Eigen::Index moved) {
  const auto n = moved, rest = P.rows() - moved;
  const Matrix G = Gamma.topLeftCorner(n, n);
  const auto S = contracted(G, P.topLeftCorner(n, n));
  if (!S) return std::nullopt;
  Matrix result = P;
  result.topLeftCorner(n, n) = *S;
  if (rest == 0) return result;
  const Matrix p = P.topRightCorner(n, rest), Gp = G * p;
  result.topRightCorner(n, rest) = p - *S * Gp;
  result.bottomLeftCorner(rest, n) = result.topRightCorner(n, rest).transpose();
  result.bottomRightCorner(rest, rest) += Gp.transpose() * *S * Gp - p.transpose() * Gp;
  return result;
}

std::optional<Scattering> compose(const Scattering& first, const Scattering& second,
                                  Eigen::Index moved) {
  const auto S = contracted(first.Gamma, second.Pi, moved);
  if (!S) return std::nullopt;
  const Matrix I = Matrix::Identity(S->rows(), S->cols());
  const Eigen::PartialPivLU<Matrix> W(I + first.Gamma * second.Pi);
  Scattering result;
  result.Pi = moved_by(first.Phi, *S, first.Pi);
  result.Gamma = second.Gamma + second.Phi * W.solve(first.Gamma) * second.Phi.transpose();
  result.Phi = second.Phi * W.solve(first.Phi);
  result.Gamma = 0.5 * (result.Gamma + result.Gamma.transpose()).eval();
  return result;
}

std::optional<Matrix> propagated(const Scattering& over, const Matrix& P, Eigen::Index moved) {
  const auto S = contracted(over.Gamma, P, moved);
  if (!S) return std::nullopt;
  Matrix result = moved_by(over.Phi, *S, over.Pi);
  if (!result.allFinite()) return std::nullopt;
  return result;
}

Flow::Flow(const Matrix& A, const Matrix& G, const Matrix& Q, Eigen::Index moved, double span,
           QuadraticStop stop)
    : unit_(cost_scale(G, Q)),
      Z_(hamiltonian_matrix(A, G / unit_, Q * unit_)),
      moved_(moved),
      span_(span),
      stop_(std::move(stop)) {}

const std::optional<Scattering>& Flow::over(int units, int parts) {
  for (; units % 2 == 0; units /= 2) --parts;
  const std::pair key{units, parts};
  const auto found = known_.find(key);
  if (found != known_.end()) return found->second;
  auto result = units == 1 ? power(parts) : joined(over(units - 1, parts), over(1, parts));
  if (stop_ && stop_()) return stopped_;
  return known_[key] = std::move(result);
}

/// By doubling, from an interval that is short enough for the exponential itself.
std::optional<Scattering> Flow::power(int parts) {
  const double length = std::ldexp(span_, -parts);
  if (!known_.contains({1, parts + 1}) && row_norm(Z_) * length <= 0.5) {
    Scattering result = short_interval(Z_, length);
    result.Pi /= unit_;
    result.Gamma *= unit_;
    return result;
  }
  const std::optional<Scattering>& half = over(1, parts + 1);
  return joined(half, half);
}

std::optional<Scattering> Flow::joined(const std::optional<Scattering>& first,
                                       const std::optional<Scattering>& second) const {
  if (!first || !second) return std::nullopt;
  auto result = compose(*first, *second, moved_);
  if (!result || !result->Pi.allFinite() || !result->Phi.allFinite()) return std::nullopt;
  return result;
}

ScatteringLimit scattering_limit(const Matrix& A, const Matrix& G, const Matrix& Q,
                                 const QuadraticStop& stop) {
  using End = ScatteringLimit::End;
  constexpr int kDoublings = 90;
  ScatteringLimit limit;
  const double unit = cost_scale(G, Q);
  const Matrix Z = hamiltonian_matrix(A, G / unit, Q * unit);
  const double norm = row_norm(Z);
  std::optional<Scattering> now = short_interval(Z, norm > 0 ? 0.5 / norm : 1);
  for (; limit.doublings < kDoublings; ++limit.doublings) {
    if (stop && stop()) return {End::Cancelled, {}, 0};
    std::optional<Scattering> next = compose(*now, *now, A.rows());
    if (!next) return {End::NoLowerBound, {}, limit.doublings};
    const double size = next->Pi.cwiseAbs().maxCoeff();
    if (!(size < 1e200) || !next->Gamma.allFinite() || !next->Phi.allFinite()) break;
    const double change = (next->Pi - now->Pi).cwiseAbs().maxCoeff();
    now = std::move(next);
    if (change > 1e-15 * size) continue;
    return {End::Found, now->Pi / unit, limit.doublings};
  }
  limit.end = now->Pi.trace() < 0 ? End::NoLowerBound : End::Unbounded;
  return limit;
}

}  // namespace hopf::runtime::quadratic
