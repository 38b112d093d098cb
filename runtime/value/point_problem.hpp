// What the grid solvers need of a model: functions of grid points, called row by row along the last
// axis.
//
// The layout of their inputs and outputs is fixed here; kernel/hjb_kernels.cpp generates code for
// it.
//   Uniforms   [0] t, then for each axis but the last a block: x, h-, h+, at_lower, at_upper, its
//   tables. Inputs     the last axis' block (same order), then p-, p+ for each axis, then for each
//   cross pair (i, j) the
//              differences V(+i+j) - V, V(-i-j) - V, V(+i-j) - V, V(-i+j) - V, then the controls as
//              they are, then a_kk for each axis when diffusion is given from outside,
//              then h-, h+ for each axis where targets cut edges short (those of the blocks are not
//              read then).
//   Outputs    controls (improve only), the discrete Hamiltonian H, running cost L, discount rate
//   rho, the weights
//              w-, w+ of each axis, four weights of each cross pair (order as above), with several
//              regimes the rates to each.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "abi/hopf_runtime.h"
#include "grid/grid.hpp"
#include "value/control_set.hpp"

namespace hopf::runtime {

using PointFunction = std::function<void(const hopf_point_call&)>;

/// Scores at or above this mean that no control is feasible or that every one gives NaN or
/// infinity.
inline constexpr double kInfeasible = 1e299;

/// A change of the model in time: the last time before it and the first after it.
struct TimeJump {
  double before, after;
};

struct PointProblem {
  Grid grid;
  int regimes = 1;
  int controls = 0;
  std::vector<std::pair<int, int>>
      cross;                     // pairs (i, j), i < j, with in-kernel diagonal neighbours
  bool given_diffusion = false;  // a is free of controls and has cross terms: split by Selling here
  std::vector<int> table_counts;      // per axis: entries after the five fixed ones of its block
  std::vector<PointFunction> tables;  // per axis: out[k][i] from in[0] = the nodes; may be empty
  std::vector<PointFunction> improve, apply;  // per regime
  std::vector<PointFunction>
      score;  // per regime, with searched controls: H, penalised where infeasible
  std::vector<PointFunction> held_improve, held_score;  // the same while open ends are held
  PointFunction covariance;  // a_ij, i <= j, row by row; only with given_diffusion
  /// Per regime: in-set flag and pay of `until`, terminal cost, Dirichlet value of each axis' lower
  /// and upper end.
  std::vector<PointFunction> conditions;
  bool has_until = false;
  bool has_stop = false;        // conditions' last output: the cost of stopping at once
  bool time_dependent = false;  // coefficients depend on t
  std::vector<TimeJump> jumps;  // and jump there, or have a kink; the latest first
  bool jumps_missed = false;    // there may be more of these
  bool moving_target = false;   // the set of `until` does
  bool cut = false;             // edges that enter the set of `until` end where it begins
  std::vector<char> stays;  // per axis, lower and upper end: the model forbids to leave through it,
                            // and noise that no control switches off is none there
  std::vector<char> escapes;    // per axis, lower and upper end: who comes there never comes back,
                                // and costs nothing more
  bool may_not_arrive = false;  // V may be infinite: no discount, noise or regimes, L >= 0
  std::vector<ControlSet> searched;   // what is minimised numerically at every node; mostly none
  std::vector<double> first_control;  // where the search for a first policy starts, per control
  std::vector<std::pair<double, double>> control_range;  // per control, as far as it has bounds
  double horizon = 0;                                    // 0: none
  bool fixed_policy = false;                             // evaluate: one linear solve
};

}  // namespace hopf::runtime
