// States, controls, noises, jumps, marks, regimes: their symbols first, then what depends on other
// names.
#pragma once

#include "model/context.hpp"

namespace hopf::model {

/// Symbols, counts and units of all of them; parameters are known by now.
void declare_symbols(Context&);

/// Domains of states; boundaries are resolved later, when the dynamics are known.
void elaborate_domains(Context&);

/// Correlation of the noises, rates of jumps and regimes.
void elaborate_rates(Context&);

}  // namespace hopf::model
