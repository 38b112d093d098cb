// Steps in time that cannot create value: how much of BDF2's momentum each node may keep.
//
// With tau = T - t, a step h after a step h', w = h/h', mu = w^2/(1 + 2w), m = mu (V_n - V_{n-1}):
//   V = V_n + phi m + c F(V),   c = h (1 - phi mu/w),   phi in [0, 1] at every node
// is BDF2 with variable steps where phi = 1 and implicit Euler where phi = 0, and every phi between
// is consistent. A minimum inside F may pick what the momentum promises (V below every cost); so
// phi is held where V could leave the bounds that its costs give it.
#pragma once

#include <span>
#include <vector>

#include "value/howard.hpp"

namespace hopf::runtime {

struct StepSize {
  double h = 0, w = 1;  // its length, over that of the step before
  double mu = 0;        // 0 in the first step, which has no momentum
};

/// least <= V <= most, as they follow from those of the step before.
struct ValueBounds {
  double least = 0, most = 0;
};

/// Bounds after a step of length h: by the least and the most running cost and the least and the
/// largest discount rate at the nodes, and by what is paid at nodes where V is given.
ValueBounds advance(const ValueBounds&, double h, const PolicySystem&, const SolveSettings&);

/// Lowers phi to what keeps the next V within its bounds: by the discrete minimum principle it is
/// enough that the source at every node does.
void limit_momentum(const ValueBounds& next, const StepSize&, const PolicySystem&,
                    const SolveSettings&, std::span<const double> V, std::span<const double> before,
                    std::span<double> phi);

}  // namespace hopf::runtime
