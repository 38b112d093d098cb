// The report of a solution as text.
#pragma once

#include <string>

#include "value/value_function.hpp"

namespace hopf::driver {

/// "value function of pendulum (theta, omega), 201 x 201 nodes".
std::string summary(const runtime::ValueFunction&);
/// Method, scheme, figures and one line a health check.
std::string report_text(const runtime::ValueFunction&);

}  // namespace hopf::driver
