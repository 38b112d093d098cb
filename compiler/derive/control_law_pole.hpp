// Poles of a cost inside a control's set, such as that of 1/u at u = 0.
#pragma once

#include "derive/control_law.hpp"

namespace hopf::derive {

/// Where a block of one control has a pole inside its set beside which the objective falls without
/// end, so that there is no minimum although the set may be bounded.
std::optional<double> falling_pole(Context&, const Block&);

}  // namespace hopf::derive
