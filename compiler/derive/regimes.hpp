// Equations of a model with regimes, one for each.
#pragma once

#include "derive/internal.hpp"

namespace hopf::derive {

/// The equation with these fields, and the regime's index, in regime j.
Equation into_regime(Context&, const Equation&, const std::vector<std::string>& fields, int j);

}  // namespace hopf::derive
