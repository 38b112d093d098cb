// Controls that are directions.
#pragma once

#include "model/model.hpp"
#include "value/value_function.hpp"

namespace hopf::driver {

/// The circle that a control lives on whose set is a turn long or longer: it stands in dynamics,
/// noise and cost only within sines, cosines and tangents of k u + c, with numbers k whose ratios
/// are rational, so that their periods have a common multiple. Period 0 where it is none.
runtime::Circle circle_of(const model::Model&, std::size_t control);

}  // namespace hopf::driver
