#include "grid_rival.hpp"

#include <cstring>

namespace rival {
namespace {

using Real = double __attribute__((vector_size(64)));

Real load(const double* p) {
  Real v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
void store(double* p, Real v) { std::memcpy(p, &v, sizeof v); }
Real splat(double x) { return Real{} + x; }
Real least(Real a, Real b) { return a < b ? a : b; }
Real most(Real a, Real b) { return a > b ? a : b; }
Real clamp(Real tau) { return most(least(tau, splat(2)), splat(-2)); }

/// What a node's neighbours weigh, and the Hamiltonian without the part of theta.
struct Node {
  Real H, back, ahead;
};

/// Quantities of eight nodes that no torque changes.
struct Eight {
  Real omega, lower, upper, inverse_lower, inverse_upper, inverse_sum, back, ahead, fixed;
  double gravity;

  /// Central differences where the weights stay nonnegative, upwind ones elsewhere.
  Node at(Real tau) const {
    const Real drift = (tau + gravity) - 0.1 * omega;
    const Real up = 0.25 + lower * drift, down = 0.25 - upper * drift;
    const auto central = least(up, down) >= 0.0;
    Node node;
    node.ahead = central ? up * (inverse_upper * inverse_sum) : most(drift, Real{}) * inverse_upper;
    node.back =
        central ? down * (inverse_lower * inverse_sum) : most(-drift, Real{}) * inverse_lower;
    node.H = fixed + 0.01 * (tau * tau) + node.ahead * (upper * ahead) - node.back * (lower * back);
    return node;
  }
};

Eight eight_nodes(const Row& row, std::int64_t i, Real ahead_weight, Real back_weight) {
  Eight e;
  e.omega = load(row.omega + i);
  e.lower = load(row.lower + i);
  e.upper = load(row.upper + i);
  e.inverse_lower = 1.0 / e.lower;
  e.inverse_upper = 1.0 / e.upper;
  e.inverse_sum = 1.0 / (e.lower + e.upper);
  e.back = load(row.omega_back + i);
  e.ahead = load(row.omega_ahead + i);
  e.gravity = row.gravity;
  e.fixed = 0.1 * (e.omega * e.omega) + row.potential + ahead_weight * load(row.theta_ahead + i) -
            back_weight * load(row.theta_back + i);
  return e;
}

struct Best {
  Real tau, H;
  void offer(const Eight& e, Real candidate) {
    const Real H_new = e.at(candidate).H;
    const auto better = H_new <= H;
    tau = better ? candidate : tau;
    H = better ? H_new : H;
  }
};

Real improved(const Row& row, std::int64_t i, const Eight& e) {
  const Real present = load(row.tau + i), rest = 0.1 * e.omega - e.gravity;
  Best best{present, e.at(present).H};
  best.offer(e, clamp(-50.0 * e.back));
  best.offer(e, clamp(-50.0 * e.inverse_sum * (e.lower * e.ahead + e.upper * e.back)));
  best.offer(e, clamp(-50.0 * e.ahead));
  // Torques at which the differences change from central to upwind; at a closed end, where the
  // drift vanishes.
  const Real open = 1.0 - most(load(row.at_lower + i), load(row.at_upper + i));
  best.offer(e, clamp(open * (0.25 * e.inverse_upper) + rest));
  best.offer(e, clamp(rest - open * (0.25 * e.inverse_lower)));
  return best.tau;
}

void write(const Coefficients& out, std::int64_t i, const Eight& e, Real tau, Real constant,
           Real back_weight, Real ahead_weight) {
  const Node node = e.at(tau);
  store(out.H + i, node.H);
  store(out.cost + i, constant + 0.01 * (tau * tau));
  store(out.discount + i, splat(0.5));
  store(out.theta_back + i, back_weight);
  store(out.theta_ahead + i, ahead_weight);
  store(out.omega_back + i, node.back);
  store(out.omega_ahead + i, node.ahead);
}

template <bool Improve>
void pendulum(std::int64_t n, const Row& row, double* tau, const Coefficients& out) {
  const double inverse_lower = 1 / row.theta_lower, inverse_upper = 1 / row.theta_upper;
  for (std::int64_t i = 0; i + 8 <= n; i += 8) {
    const Real omega = load(row.omega + i);
    const Real ahead = most(omega, Real{}), back = most(-omega, Real{});
    const Eight e = eight_nodes(row, i, ahead, back);
    const Real best = Improve ? improved(row, i, e) : load(row.tau + i);
    if (Improve) store(tau + i, best);
    write(out, i, e, best, 0.1 * (omega * omega) + row.potential, back * inverse_lower,
          ahead * inverse_upper);
  }
}

}  // namespace

void pendulum_apply(std::int64_t n, const Row& row, const Coefficients& out) {
  pendulum<false>(n, row, nullptr, out);
}

void pendulum_improve(std::int64_t n, const Row& row, double* tau, const Coefficients& out) {
  pendulum<true>(n, row, tau, out);
}

}  // namespace rival
