// Hand-written C++ for the arithmetic of the pendulum's kernels: explicit 8-lane vectors.
#pragma once

#include <cstdint>

namespace rival {

/// One row of the grid, theta fixed. Ends of the row are closed where flagged 1.
struct Row {
  double theta_lower, theta_upper;  // steps of theta
  double gravity, potential;        // 9.81 sin theta, 10 (1 - cos theta)
  const double *omega, *lower, *upper, *at_lower, *at_upper;
  const double *theta_back, *theta_ahead, *omega_back, *omega_ahead;  // differences of V
  const double *tau;
};

/// Coefficients at every node: the Hamiltonian, the cost, the discount, and the weights of the four
/// neighbours.
struct Coefficients {
  double *H, *cost, *discount, *theta_back, *theta_ahead, *omega_back, *omega_ahead;
};

/// Of the present torque.
void pendulum_apply(std::int64_t n, const Row &, const Coefficients &);
/// Of the best torque among the present one and those where the discrete Hamiltonian can have its
/// minimum, which is written to `tau`.
void pendulum_improve(std::int64_t n, const Row &, double *tau, const Coefficients &);

}  // namespace rival
