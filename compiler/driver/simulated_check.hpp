// Simulated cost against V: the check of a report that takes nothing from the grid's equations.
#pragma once

#include <optional>

#include "driver/solve.hpp"

namespace hopf::driver {

/// Whose processors, cache and Ctrl-C the paths use.
struct PathRun {
  int threads = 0;
  Progress progress;
  Phases* phases = nullptr;
};

/// The mean discounted cost of paths from several points inside the domain beside V there, shown at
/// the one where they differ most; nothing where paths of the model cannot be simulated. A few
/// thousand steps of a thousand paths a point.
std::optional<runtime::Check> simulated_check(const model::Model&, const runtime::ValueFunction&,
                                              const PathRun&);

/// Whether the check costs at most a twentieth of the solve.
bool simulation_is_cheap(const runtime::ValueFunction&);

}  // namespace hopf::driver
