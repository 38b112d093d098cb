// Linear-quadratic problems exactly: V = 1/2 x'P x + p'x + c and u = K x + k from Riccati
// equations.
#pragma once

#include <string>
#include <vector>

#include "value/value_function.hpp"

namespace hopf::runtime {

/// dx = (A x + B u + b) dt + (S + sum_i x_i C_i + sum_j u_j D_j) dw, independent noises,
/// cost e^(-rho t) [1/2 x'Q x + x'N u + 1/2 u'R u + q'x + r'u + constant]; all matrices row-major.
struct QuadraticProblem {
  int n = 0, m = 0, noises = 0;
  std::vector<double> A, B, b;  // n*n, n*m, n
  std::vector<double> S, C, D;  // n*K, n matrices n*K, m matrices n*K
  std::vector<double> Q, N, R, q, r;
  double constant = 0, rho = 0;
  std::vector<double> P_T, p_T;  // terminal cost
  double c_T = 0;
};

struct QuadraticAnswer {
  std::string failure;  // empty on success; else what does not exist and why, in words
  std::vector<QuadraticLevel> levels;  // one when stationary; in increasing time otherwise
  double residual = 0;                 // of the Riccati equation, relative
  int iterations = 0;
};

/// The stabilising solution of the algebraic equation: a start from the stable subspace of the
/// Hamiltonian matrix (Laub 1979), then Newton's method (Kleinman 1968; with multiplicative noise
/// Damm & Hinrichsen 2001).
QuadraticAnswer solve_riccati(const QuadraticProblem&);

/// Backward from the terminal cost by extrapolated midpoint steps (Gragg; Bulirsch & Stoer 1966).
QuadraticAnswer solve_riccati(const QuadraticProblem&, double horizon, int levels);

/// The value of the policy u = K x + k: a Lyapunov equation, or a linear one backward in time when
/// horizon > 0.
QuadraticAnswer evaluate_affine_policy(const QuadraticProblem&, const std::vector<double>& K,
                                       const std::vector<double>& k, double horizon, int levels);

}  // namespace hopf::runtime
