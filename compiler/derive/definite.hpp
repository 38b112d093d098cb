// Whether a symmetric matrix of expressions is positive definite over the box of known ranges.
#pragma once

#include "derive/internal.hpp"

namespace hopf::derive {

enum class Definite : std::uint8_t {
  Yes,      // proved: constants, or interval arithmetic
  Sampled,  // interval arithmetic cannot decide; positive at every sampled point
  No,       // a point was found where it is not
  ByValue,  // depends on derivatives of V: decided where the law is evaluated
};

Definite positive_definite(const Context&, const std::vector<ExprId>& Q, std::size_t m);
Definite positive(const Context&, ExprId q);

/// Pivots d_1..d_m of Q = L D L': all positive if and only if Q is positive definite (Sylvester).
std::vector<ExprId> pivots(expr::Store&, std::vector<ExprId> Q, std::size_t m);
/// The condition that all pivots are positive.
ExprId all_positive(expr::Store&, const std::vector<ExprId>& values);

}  // namespace hopf::derive
