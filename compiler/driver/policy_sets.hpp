// A policy given by hand, kept within the controls' sets.
#pragma once

#include <vector>

#include "model/model.hpp"

namespace hopf::driver {

/// The point of the group's set nearest to `u`, one expression a component: clamped to an interval,
/// pulled back to a ball, projected onto the simplex, the nearest of finite values.
std::vector<expr::ExprId> nearest_in_set(const model::Model&, const model::ControlGroup&,
                                         std::vector<expr::ExprId> u);

}  // namespace hopf::driver
