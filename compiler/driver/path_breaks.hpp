// Times at which the steps of a simulation end, so that none leads over what happens in between.
#pragma once

#include <vector>

#include "driver/simulate_job.hpp"

namespace hopf::driver {

/// Where the model, or a policy given by hand, switches in time; and the ends of those parts of the
/// time, finer than a 64th, to which its coefficients at the start confine a part of their
/// integral: narrow pulses. Between 0 and `job.until`, increasing. The pulses are found by interval
/// enclosures, which see what no sample meets.
std::vector<runtime::PathRun::Ordinary::Break> path_breaks(const SimulationJob&);

}  // namespace hopf::driver
