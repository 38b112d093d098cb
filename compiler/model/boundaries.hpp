// What happens at the ends of a domain where the model does not say.
#pragma once

#include "model/context.hpp"

namespace hopf::model {

/// Default boundaries become `constrain` where some control keeps the state inside at both ends,
/// else `extrapolate` with a warning.
void resolve_boundaries(Context&);

}  // namespace hopf::model
