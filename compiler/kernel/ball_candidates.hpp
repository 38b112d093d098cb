// Where the discrete Hamiltonian of an upwind scheme can have its minimum over a ball of controls.
#pragma once

#include <optional>
#include <vector>

#include "kernel/hjb_kernels.hpp"

namespace hopf::kernel {

/// How a ball's controls move one axis: f = slope.u + rest. On each piece of the scheme V's slope
/// along the axis is one of `gradients`; pieces meet where f is one of `kinks`.
struct BallAxis {
  std::vector<expr::ExprId> slope;
  expr::ExprId rest;
  std::vector<expr::ExprId> gradients, kinks;
};

/// The part of the running cost that the ball's controls change: 1/2 curvature |u|^2 + linear.u.
/// The curvature is zero or positive.
struct BallCost {
  expr::ExprId curvature;
  std::vector<expr::ExprId> linear;
};

/// The cost in that form; nothing where it has another.
std::optional<BallCost> as_ball_cost(expr::Store&, expr::ExprId cost,
                                     const std::vector<expr::SymbolId>& controls);

/// Do the ball's controls enter so that `ball_candidates` holds the minimum: drift affine, cost as
/// above, no noise, discount or rate that depends on them, and not too many candidates?
bool has_ball_candidates(expr::Store&, const HjbInput&, const HjbBall&);

/// Candidates among which the minimum is, for all values of the symbols. On a piece the Hamiltonian
/// is a convex function of |u| and q.u, least along -q as far as curvature and radius allow (Boyd &
/// Vandenberghe 2004, 8.1); on a face between pieces the same holds within the slice that the
/// face's plane cuts out of the ball. A face that misses the ball gives a point of no merit, or
/// NaN.
std::vector<std::vector<expr::ExprId>> ball_candidates(expr::Store&, double radius, const BallCost&,
                                                       const std::vector<BallAxis>&);

}  // namespace hopf::kernel
