// Stratonovich equations to Ito equations.
#pragma once

#include <vector>

#include "model/context.hpp"

namespace hopf::model {

/// Adds to the drift of each marked state the correction
///   1/2 sum_{j,k,l} (d sigma_ik / d x_j) C_kl sigma_jl
/// with C the correlation of the noises (Kloeden & Platen 1992, section 4.9, for C = 1).
void correct_stratonovich(Context&, const std::vector<bool>& marked);

}  // namespace hopf::model
