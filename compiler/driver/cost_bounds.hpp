// What the costs of a model can be at all, by interval arithmetic: bounds that steps in time keep.
#pragma once

#include "driver/solve_internal.hpp"

namespace hopf::driver {

/// Fills the bounds of running and terminal cost; infinite where nothing can be said.
void bound_costs(const SolveTask&, const runtime::Grid&, runtime::SolveSettings&);

}  // namespace hopf::driver
