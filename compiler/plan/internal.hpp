// What the passes of plan/ share.
#pragma once

#include "plan/plan.hpp"

namespace hopf::plan {

/// Fills plan.grid, plan.cross_terms and findings about the axes; false when an error was emitted.
bool choose_grid(const model::Model&, const derive::Equations&, const Options&, Plan&,
                 diagnostics::Sink&);

/// False, with an error, where a model without a horizon depends on t.
bool check_stationary(const model::Model&, diagnostics::Sink&);

/// False, with an error that says the size, when the solve would not fit in the memory that is
/// free.
bool check_memory(const model::Model&, const std::vector<int>& counts, std::int64_t regimes,
                  const Options&, diagnostics::Sink&);

}  // namespace hopf::plan
