// Linear-quadratic problems exactly: V = 1/2 x'P x + p'x + c and u = K x + k from Riccati
// equations.
#pragma once

#include <functional>
#include <optional>
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

/// The same in every regime, with the generator of the switching, row-major.
struct QuadraticSystem {
  QuadraticSystem() = default;
  QuadraticSystem(QuadraticProblem one) : regimes{std::move(one)}, rates{0} {}
  std::vector<QuadraticProblem> regimes;
  std::vector<double> rates;
};

struct QuadraticAnswer {
  std::string failure;     // empty on success; else what does not exist and why, in words
  bool cancelled = false;  // asked to stop: neither failure nor answer
  std::string no_room;     // how much memory the times would take, where that is more than is free
  /// All regimes of a time one after the other; one time when stationary; in increasing time
  /// otherwise, kPanel intervals of Chebyshev's nodes to a panel (quadratic_levels.hpp).
  std::vector<QuadraticLevel> levels;
  double residual = 0;  // of the Riccati equation, relative to its terms
  int iterations = 0;
  /// The stabilising solution of the same equation where it is not the infimum: traces of P.
  struct Other {
    double trace = 0, infimum = 0;
  };
  std::optional<Other> other;
};

/// Called now and then; true asks for a stop.
using QuadraticStop = std::function<bool()>;

/// The stationary value: the limit of ever longer horizons without a terminal cost, which is the
/// infimum where costs cannot be negative (Willems 1971; Anderson & Moore 1990, 3.2).
QuadraticAnswer solve_riccati(const QuadraticSystem&, const QuadraticStop& = {});

/// With a horizon: backward from the terminal cost, which stands in `end`.
struct QuadraticHorizon {
  double horizon = 0;
  QuadraticSystem end;  // the coefficients at the horizon, and always when they are constant
  std::function<QuadraticSystem(double t)> at;  // empty when they are constant
};
QuadraticAnswer solve_riccati(const QuadraticHorizon&, const QuadraticStop& = {});

/// The problem under the policy u = K x + k of each regime: without a control. Its value is that of
/// the policy.
QuadraticSystem under_policy(const QuadraticSystem&, const std::vector<std::vector<double>>& K,
                             const std::vector<std::vector<double>>& k);

}  // namespace hopf::runtime
