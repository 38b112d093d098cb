// The sets of controls and disturbances: intervals, finite sets, balls, the simplex.
#pragma once

#include "model/context.hpp"

namespace hopf::model {

void elaborate_control_sets(Context&);

}  // namespace hopf::model
