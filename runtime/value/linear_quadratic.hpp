// The data of a linear-quadratic problem as matrices, and the Hamiltonian of a quadratic value:
// what the stationary and the differential Riccati equation share.
#pragma once

#include <Eigen/Dense>
#include <vector>

#include "value/riccati.hpp"

namespace hopf::runtime::quadratic {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

Matrix matrix(const std::vector<double>& row_major, int rows, int cols, std::size_t offset = 0);
std::vector<double> flat(const Matrix&);

/// V = 1/2 x'P x + p'x + c in one regime.
struct Value {
  Matrix P;
  Vector p;
  double c = 0;
};

/// u = K x + k.
struct Gains {
  Matrix K;
  Vector k;
};

/// H(x, u) = 1/2 x'Qx + x'Nu + 1/2 u'Ru + q'x + r'u + c of a value, discount and switching
/// included.
struct Hamiltonian {
  Matrix Q, N, R;
  Vector q, r;
  double c = 0;
};

/// One regime. Noise by Brownian motion: (s_k + C_k x + D_k u) dw_k; of C_k and D_k only the rows
/// that are not zero are kept, as most noises drive few states.
struct Mode {
  explicit Mode(const QuadraticProblem&);
  Mode() = default;

  struct Multiplicative {
    std::vector<int> rows;
    Matrix C, D;  // rows.size()*n, rows.size()*m
    Vector s;     // column k of S
  };
  int n = 0, m = 0;
  double rho = 0, constant = 0;
  Matrix A, B, S, Q, N, R;
  Matrix covariance;  // S S', of no size without noise that adds
  Vector b, q, r;
  std::vector<Multiplicative> noise;
};

/// What additive noise adds to the cost per unit of time, 1/2 tr(S'P S).
double noise_cost(const Mode&, const Matrix& P);

/// All regimes; regime j becomes k at rates(j, k), and the rows of the rates sum to zero.
struct System {
  explicit System(const QuadraticSystem&);
  System() = default;

  std::vector<Mode> modes;
  Matrix rates;

  int n() const { return modes.front().n; }
  int m() const { return modes.front().m; }
  std::size_t size() const { return modes.size(); }
  /// Additive noise alone, in one regime: the equation for P is that of a problem without noise.
  bool plain() const { return modes.size() == 1 && modes.front().noise.empty(); }
};

using Values = std::vector<Value>;
using Policy = std::vector<Gains>;

Hamiltonian hamiltonian(const System&, std::size_t regime, const Values&);
/// The minimiser of H over u; K and k are NaN where R of H is not positive definite.
Gains minimiser(const Hamiltonian&);
/// H(x, K x + k) as a quadratic at the minimiser, where R K = -N' and R k = -r.
Value minimum(const Hamiltonian&, const Gains& minimiser);
/// H(x, K x + k) as a quadratic.
Value closed(const Hamiltonian&, const Gains&);
Values zero_values(const System&);

}  // namespace hopf::runtime::quadratic
