// Steps of a state whose noise vanishes at an end of its domain, like sqrt(x) at 0.
//
// Euler's step leads beyond such an end, and what is done about it (folding, holding) adds a drift
// of order sqrt(dt) where the path is near. Instead the step's end is drawn from a law on the right
// side of the end that has the mean and the variance of Euler's step: a (b + Z)^2, or, where the
// deviation is larger than the mean distance, 0 or an exponential variable (Andersen, Simple and
// efficient simulation of the Heston model, J. Comp. Finance 11, 2008, section 3.2). With both
// moments right the scheme is of weak order one for every drift that leads inward.
#pragma once

#include <vector>

#include "expr/expr.hpp"
#include "model/model.hpp"

namespace hopf::kernel {

/// The ends of a state that Euler's step is kept from.
struct QuietEnds {
  bool lower = false, upper = false;
  bool any() const { return lower || upper; }
};

/// `noise` is the state's row of the diffusion. An open end counts where the noise is no number
/// beyond it.
QuietEnds quiet_ends(expr::Store&, const model::Model&, const model::State&,
                     const std::vector<expr::ExprId>& noise);

/// Euler's step from x: to `mean`, with a normal times `deviation`.
struct EulerStep {
  expr::ExprId x, mean, deviation, normal;
};

/// Where it leads with the same mean and variance, but inside. Of two quiet ends the nearer one
/// counts.
expr::ExprId kept_inside(expr::Store&, const model::State&, QuietEnds, const EulerStep&);

}  // namespace hopf::kernel
