// Costs and what belongs to them: running, terminal, stopping amounts, discount, horizon,
// constraints.
#pragma once

#include "model/context.hpp"

namespace hopf::model {

/// Declarations that exclude each other, or that may stand once.
void check_conflicts(Context&, const syntax::ModelItem&);

void elaborate_costs(Context&, const syntax::ModelItem&);

}  // namespace hopf::model
