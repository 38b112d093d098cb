// Where a problem without a discount arrives at its target at all.
//
// Without noise, V = inf over controls of the cost until the target is reached, and infinite where
// none arrives. y = e^(-mu (V - base)) is 0 there, bounded, and for a given policy solves the
// linear equation  mu L y = sum_k w_k (y_k - y)  with y = e^(-mu (pay - base)) on the target
// (Kruzkov 1967; Bardi & Capuzzo-Dolcetta 1997, IV.1), whose matrix is an M-matrix for every
// policy, whether it arrives or not. Howard's iteration on it finds who arrives.
#pragma once

#include <functional>
#include <vector>

#include "value/howard.hpp"

namespace hopf::runtime {

struct Arrival {
  Failure failure = Failure::None;
  std::size_t where = 0;
  int iterations = 0;
  std::vector<double> V;  // finite everywhere: where ordinary iterations may start
  std::vector<char> never;
};

/// Finds the policy and who arrives under it. Nodes from which the chain does not arrive almost
/// surely are pinned in the system: at an infinite V's stand-in, or, where the chain is
/// within the width that it smears the edge of what can be reached, at the mean cost of those paths
/// that arrive.
Arrival find_arrival(PolicySystem&, const PointProblem&, LinearSolver&, const Start&,
                     const std::function<bool()>& stop);

}  // namespace hopf::runtime
