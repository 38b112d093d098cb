// Simulated cost against V: the check of a report that takes nothing from the grid's equations.
#pragma once

#include <optional>

#include "model/model.hpp"
#include "value/value_function.hpp"

namespace hopf::driver {

/// The mean discounted cost of paths from a point inside the domain beside V there; nothing where
/// paths of the model cannot be simulated. A few thousand steps of a thousand paths, twice.
std::optional<runtime::Check> simulated_check(const model::Model&, const runtime::ValueFunction&);

}  // namespace hopf::driver
