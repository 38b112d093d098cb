// Equations of motion: each split into drift, diffusion and jumps, in Ito form.
#pragma once

#include "model/context.hpp"

namespace hopf::model {

void elaborate_dynamics(Context&, const syntax::ModelItem&);

}  // namespace hopf::model
