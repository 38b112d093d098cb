// A terminal amount whose features lie between the nodes of the grid.
#pragma once

#include <optional>

#include "driver/solve_internal.hpp"

namespace hopf::driver {

/// A warning where the terminal amount leaves, inside of a cell, the range of its values at the
/// cell's corners by more than a twentieth of its range over all nodes: V knows nothing of it.
/// Found by interval enclosures of ever smaller blocks of cells, and proved by a point.
std::optional<runtime::Check> hidden_terminal(const SolveTask&, const runtime::Grid&);

}  // namespace hopf::driver
