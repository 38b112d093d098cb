// Lyapunov equations of a linear policy, with noise that multiplies the state and with regimes.
#pragma once

#include <optional>
#include <vector>

#include "value/linear_quadratic.hpp"

namespace hopf::runtime::quadratic {

/// F'P + P F = -W by squared Smith iteration: with the Cayley transform D = (F + g)(F - g)^-1,
/// P = sum_k (D')^k [2 g (F - g)^-T W (F - g)^-1] D^k, summed by doubling (Smith 1968; Penzl 2000).
/// Products of matrices only, so that a large equation can be interrupted.
class Smith {
 public:
  Smith(const Matrix& F, const QuadraticStop&);
  /// Every eigenvalue of F lies to the left of zero.
  bool stable() const { return stable_; }
  Matrix solve(const Matrix& W) const;

 private:
  Matrix sum(const Matrix& W) const;

  Matrix F_;
  double shift_ = 0;
  Eigen::PartialPivLU<Matrix> resolvent_;  // of F'
  std::vector<Matrix> powers_;             // D', its square, the square of that, ...
  bool stable_ = false;
};

/// F_j'P_j + P_j F_j + sum_k E_jk'P_j E_jk + sum_(i != j) q_ji P_i = -W_j, where F_j = A_j + B_j
/// K_j
/// - rho_j/2 + q_jj/2 and E_jk = C_k + D_k K_j. Without noise that multiplies and with one regime
/// it is Smith's; otherwise GMRES (Saad & Schultz 1986) with Smith's as preconditioner.
class Lyapunov {
 public:
  Lyapunov(const System&, const std::vector<Matrix>& K, const QuadraticStop&);
  /// Mean-square stability of the discounted closed loop: the operator is stable exactly where the
  /// solution for W = I exists and is positive definite (Damm & Hinrichsen 2001).
  bool stable() const;
  /// Nothing where the iteration finds no solution.
  std::optional<std::vector<Matrix>> solve(const std::vector<Matrix>& W) const;

 private:
  struct Noise {
    std::vector<int> rows;
    Matrix E;
  };
  std::vector<Matrix> coupling(const std::vector<Matrix>&) const;
  std::vector<Matrix> precondition(const std::vector<Matrix>&) const;
  Vector stacked(const std::vector<Matrix>&) const;
  std::vector<Matrix> unstacked(const Vector&) const;
  Vector apply(const Vector&) const;
  std::optional<Vector> krylov_step(const Vector& residual, double smallest) const;
  std::optional<Vector> gmres(const Vector& right) const;

  int n_;
  bool coupled_;
  Matrix rates_;
  std::vector<Smith> modes_;
  std::vector<std::vector<Noise>> noise_;
  const QuadraticStop& stop_;
};

}  // namespace hopf::runtime::quadratic
