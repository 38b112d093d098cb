// From where a state can be kept inside the ends that the model says are not crossed.
//
// At such an end some nodes have no control that does not lead out. Whoever gets there is lost, and
// so is everyone who cannot avoid it: V is infinite on the complement of the viability kernel
// (Aubin 1991, chapter 4). With S paid there, large, and the cost discounted at a faint rate e, the
// best policy is one that stays where any does; under it w = E e^(-e T), T the time of being lost,
// is 0 there and near 1 where none does.
#pragma once

#include <vector>

#include "value/howard.hpp"

namespace hopf::runtime {

struct Viability {
  Failure failure = Failure::None;
  std::size_t where = 0;
  int iterations = 0;
  /// Of every unknown the time that it can be kept inside: infinite for ever, 0 not at all. Empty
  /// where all are for ever.
  std::vector<double> time;
  /// With several states, of every unknown the share of the upwind chain's paths that stay inside:
  /// between 1 and 1/2 within the width by which it smears the edge. With a horizon for times to go
  /// that increase evenly from 0 to all of it.
  std::vector<std::vector<double>> shares;
  std::vector<std::vector<double>> policy;  // that stays longest

  /// Those that are lost within this time.
  std::vector<char> lost_within(double time) const;
  /// Those that are lost with so much time to go, and the share of paths that stay, if several
  /// states have one.
  struct Kept {
    std::vector<char> lost;
    std::vector<double> share;
  };
  Kept with(double to_go, double horizon) const;
};

/// The system has been improved for some V. Its controls are afterwards those that stay, if any
/// unknown is lost.
Viability find_viability(PolicySystem&, const PointProblem&, const SolveSettings&);

}  // namespace hopf::runtime
