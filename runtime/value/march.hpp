// A finite horizon: from the terminal cost back to time 0, step by step.
#pragma once

#include "value/howard.hpp"

namespace hopf::runtime {

GridSolution march(PolicySystem&, const PointProblem&, const SolveSettings&);

}  // namespace hopf::runtime
