// The report of a solution as text.
#pragma once

#include <string>

#include "driver/simulated_check.hpp"
#include "model/model.hpp"
#include "value/value_function.hpp"

namespace hopf::driver {

/// "value function of pendulum (theta, omega), 201 x 201 nodes".
std::string summary(const runtime::ValueFunction&);
/// Method, scheme, figures and one line a health check.
std::string report_text(const runtime::ValueFunction&);
/// The same with a line that simulates paths of the model, unless it is there.
std::string report_text(const model::Model&, const runtime::ValueFunction&, const PathRun&);

}  // namespace hopf::driver
