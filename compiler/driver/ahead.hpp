// What solving and simulating would refuse, for the check before a run.
#pragma once

#include "driver/simulate.hpp"

namespace hopf::driver {

/// False, with an error at `span`, where a policy of a model without a horizon depends on t: its
/// value would too.
bool check_stationary(const model::Model&, const Policy&, source::Span, diagnostics::Sink&);
/// Are the start and the times such as the model has? An error for each that is not.
bool check_settings(const model::Model&, const SimulateOptions&, diagnostics::Sink&);

}  // namespace hopf::driver
