// Where a model's symbols lie, as boxes for interval arithmetic.
#pragma once

#include <vector>

#include "model/model.hpp"

namespace hopf::model {

/// Parameters at their values, states in their domains, controls in their sets, the regime and time
/// in their ranges.
expr::Box whole_box(const Model&);

/// The range of the drift of state k at an end of its domain, over a box for everything else.
expr::Interval drift_at_end(const Model&, std::size_t k, bool upper, expr::Box);

/// Some values of one declared control: 0, one end or the other in one component at a time, and all
/// corners for up to three components.
std::vector<std::vector<double>> sample_controls(const Model&, const ControlGroup&);

}  // namespace hopf::model
