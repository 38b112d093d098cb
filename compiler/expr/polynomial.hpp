// Polynomials over the rationals in generators taken from an expression (symbols, function values,
// roots), for cancelling quotients such as (x^2 - y^2)/(x - y).
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "expr/expr.hpp"

namespace hopf::expr {

/// The quotient a/b where b divides a exactly as polynomials; nothing when it does not, or when
/// either is too large to be worth the trouble. Both must be expanded.
std::optional<ExprId> exact_quotient(Store&, ExprId a, ExprId b);

}  // namespace hopf::expr
