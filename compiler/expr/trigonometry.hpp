// Sums of products of sines and cosines by the identities that shorten them.
#pragma once

#include "expr/expr.hpp"

namespace hopf::expr {

/// A sum with pairs of its terms folded: sin(a)^2 + cos(a)^2 = 1, cosh(a)^2 - sinh(a)^2 = 1, and
/// the addition theorems, cos(a)*cos(b) + sin(a)*sin(b) = cos(a - b) (Abramowitz & Stegun 1964,
/// 4.3.10, 4.3.16 and 4.3.17, 4.5.16), each with a common factor.
ExprId fold_trigonometry(Store&, ExprId sum);

}  // namespace hopf::expr
