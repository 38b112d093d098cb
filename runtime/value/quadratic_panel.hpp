// Functions of time on a panel of nodes: how well they are resolved, and their
// integrals.
#pragma once

#include "value/linear_quadratic.hpp"

namespace hopf::runtime::quadratic {

/// Matrices that act on values at the nodes of a panel of length 1 (one row a node).
struct PanelCalculus {
  PanelCalculus();
  Matrix coefficients;  // of Chebyshev's polynomials
  Matrix integral;      // from the first node to each node
};

/// How far the polynomial is from the function: the largest of the last coefficients, each relative
/// to the scale of its column.
double panel_tail(const PanelCalculus&, const Matrix& values, const Vector& scale, int count);

}  // namespace hopf::runtime::quadratic
