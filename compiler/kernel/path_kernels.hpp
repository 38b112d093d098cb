// Model and policy -> the three kernels that carry an ensemble of sample paths.
//
// Euler–Maruyama (Kloeden & Platen 1992, section 10.2; weak order one):
//   x' = x + f(s,x,u) dt + sigma(s,x,u) C Z sqrt(dt),   Z standard normal, C C' the noises'
//   correlation, s = t + dt/2,
// and the cost by the trapezoidal rule, split so that the inner loop evaluates the running cost
// once a step:
//   start    cost = -(dt/2) L(0, x0)           checks whether x0 is already in the stopping set
//   advance  cost += e^{-rho t} dt L(t, x)     then moves, applies bounds, stops paths
//   finish   cost += e^{-rho T} ((dt/2) L(T, x) + terminal(x))
// A path that stops within a step has so been charged up to the middle of that step.
//
// Stopping (`until`, `absorb`) looks between the grid times too. Where the stopping set is phi <=
// 0, a path with phi > 0 at both ends of a step has crossed it with probability exp(-2 phi phi' /
// (|sigma' grad phi|^2 dt)), the law of the Brownian bridge for the half-space tangent to the set
// (Gobet, Stoch. Proc. Appl. 87, 2000), which restores order one. Stopped paths are put back on phi
// = 0 by one Newton step along the gradient.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/cholesky.hpp"
#include "kernel/kernel.hpp"
#include "model/model.hpp"

namespace hopf::kernel {

/// Where the controls come from.
struct PathPolicy {
  enum class From : std::uint8_t { None, Expressions, Tables, Affine };
  From from = From::None;
  std::vector<expr::ExprId>
      expressions;            // Expressions: one per control, over states, t and parameters
  std::vector<bool> nearest;  // Tables: one per control
  /// Tables: one per control that is on a circle; else period 0.
  struct Turn {
    double origin = 0, period = 0;
  };
  std::vector<Turn> turns;
};

/// Carried registers. States come first; -1 where the model needs none.
struct PathRegisters {
  int states = 0;
  int cost = 0;
  int discount = -1;  // accumulated factor, when the discount rate depends on the state
  int alive = -1;     // 1 until the path stops
  int left = -1;      // 1 once the path has touched a bound of the domain that is not periodic
  int regime = -1;    // 1, 2, ...
  int count = 0;
};

/// Scalars that the caller supplies.
struct PathScalars {
  // uniforms
  static constexpr std::uint32_t kDt = 0, kSqrtDt = 1, kFirstAxis = 2;
  // per-step table
  static constexpr std::uint32_t kTime = 0, kFactor = 1, kNextFactor = 2, kAffine = 3;
  /// Tables: five uniforms an axis, a regime's axis first, then one axis a state.
  std::uint32_t axes = 0;
  /// First of count*count cumulative transition probabilities over dt; none when the rates vary
  /// (then they are evaluated in the kernel) or there is no regime.
  std::optional<std::uint32_t> transitions;
  std::uint32_t uniforms = 0;
  /// kAffine: K row-major (controls * states), then k, one regime after the other; the width of one
  /// row of the table.
  std::uint32_t per_step = 0;
};

struct PathKernels {
  Spec start, advance, finish;
  /// `advance` over two steps in one, and over four: for the same paths at longer steps, each
  /// normal is the sum of those that the short steps draw, over the root of their number.
  std::array<Spec, 2> longer;
  /// Of a model without noise (Spec without outputs otherwise). Their registers are those of the
  /// others, then the per-step scalars from `registers.count` on, then one for every stopping set.
  /// `rate` gives the derivatives in time of all registers, zero for those that only stopping and
  /// leaving change. `arrival` gives alive = 0 and what is due as cost inside a stopping set, and
  /// the sets' levels: positive outside.
  Spec rate, arrival;
  std::uint32_t stopping_sets = 0;
  PathRegisters registers;
  PathScalars scalars;
  std::uint32_t tables = 0;  // one per control when the policy is tabulated
};

/// `with_terminal`: the last time is the horizon, so the terminal cost is due. The model must have
/// no jump, no density term and no optimal stopping (the caller refuses those). `corrected`: the
/// drift is the mean of that at the step's start and that at x + f dt, a corrector whose predictor
/// has no noise: of weak order 1 still, and of order 2 where the noise is small (Milstein &
/// Tretyakov, Stochastic Numerics for Mathematical Physics, 2004, chapter 3).
PathKernels path_kernels(const model::Model&, const PathPolicy&, bool with_terminal,
                         bool corrected = false);

}  // namespace hopf::kernel
