// What lies between the nodes of the grid, or between its times, so that V knows nothing of it.
#pragma once

#include <vector>

#include "driver/solve_internal.hpp"

namespace hopf::driver {

/// Warnings where the terminal amount, or what the running cost adds whatever the controls are,
/// leaves inside of a cell the range of its values at the cell's corners by more than a twentieth
/// of its range over all nodes; where one of several sets that 'until' joins by 'or' is met by no
/// node and no edge though it has points in the domain (both found by interval enclosures of ever
/// smaller blocks of cells, and proved by a point); and where the steps of the solution miss a
/// tenth of how a cost or the dynamics change in time.
std::vector<runtime::Check> hidden_features(const SolveTask&, const runtime::Grid&,
                                            const runtime::GridSolution&);

}  // namespace hopf::driver
