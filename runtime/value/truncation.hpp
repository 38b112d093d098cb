// What the differences of a grid leave out, carried by the chain of its policy to every node.
#pragma once

#include <vector>

#include "value/howard.hpp"

namespace hopf::runtime {

/// |V - V_h| at the levels of `solution`, [level][unknown], to leading order: it solves the linear
/// equation of the present policy whose running cost is what Taylor's expansion leaves of each
/// difference (|f| h/2 V'' of an upwind one; f h^2/6 V''' and a h^2/24 V'''' of a central one), as
/// the truncation error of a consistent scheme does (Richtmyer & Morton 1967, ch. 3). A fifth of
/// the same with the sizes of all parts is added, for what does not cancel. Empty where V is
/// infinite somewhere, or where the equation has no solution.
std::vector<std::vector<double>> carried_truncation(const PointProblem&, const GridSolution&,
                                                    const SolveSettings&);

}  // namespace hopf::runtime
