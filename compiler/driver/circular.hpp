// Controls that are directions.
#pragma once

#include "model/model.hpp"
#include "value/value_function.hpp"

namespace hopf::driver {

/// The circle that a control of an interval lives on: dynamics, noise and cost are periodic in it
/// with the interval's length, or a whole fraction of it. Period 0 where it is none.
runtime::Circle circle_of(const model::Model&, std::size_t control);

}  // namespace hopf::driver
