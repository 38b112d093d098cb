// The adjoint of jumps, for densities and reversed time.
#pragma once

#include "derive/internal.hpp"

namespace hopf::derive {

/// Where a jump of process k that lands at the state came from.
struct JumpBack {
  ExprId density;                   // "m_before_N": the density there
  ExprId weight;                    // the rate there over |det(1 + h')|
  std::vector<Equation> places;     // "x_before_N" solved, or x = x_before_N + h(x_before_N)
  std::string mean;                 // "the mean over z ~ normal(0, 1)", of the marks in the jump
  std::vector<std::string> fields;  // names that have an index in a regime
  std::string words;
};
/// Nothing where the jumps land on a set without volume, on which no density can stand.
std::optional<JumpBack> jump_back(Context&, std::size_t k);
/// sum of m_from_N - rate m.
ExprId landing_terms(Context&);
/// What m_from_N is, after the equations that mention it.
void add_landings(Context&, Step&);

}  // namespace hopf::derive
