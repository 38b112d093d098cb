// Divisions by what the parameters make zero: 1/(1 - g) at g = 1.
#pragma once

#include "model/context.hpp"

namespace hopf::model {

/// Reports each divisor of parameters alone that is zero. A branch that the parameters rule out is
/// not looked at, so that a limit may be written as a case of its own.
void refuse_zero_divisors(Context&);
/// The same in one expression, "the policy for 'u'".
void refuse_zero_divisors(Context&, ExprId, Span, const std::string& what);

}  // namespace hopf::model
