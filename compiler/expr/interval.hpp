// Interval arithmetic with outward rounding. Each rule encloses the real range of an operation and
// also what its IEEE evaluation may return: one unit in the last place for exactly rounded
// operations, four for libm.
#pragma once

#include <span>

#include "expr/expr.hpp"

namespace hopf::expr {

Interval entire();
bool contains(Interval box, double value);
/// The smallest interval that holds both.
Interval join(Interval a, Interval b);
/// One (`ulps`) units in the last place outwards at both ends.
Interval widen(Interval a, int ulps = 1);

namespace interval_rules {

using Intervals = std::span<const Interval>;

using expr::entire;
using expr::join;
using expr::widen;
Interval sum_of(Intervals x);
Interval product_of(Intervals x);
Interval power_of(Interval base, Interval exponent);
Interval abs_of(Interval x);
Interval sign_of(Interval x);
Interval floor_of(Interval x);
Interval min_of(Intervals x);
Interval max_of(Intervals x);
Interval sin_of(Interval x);
Interval cos_of(Interval x);
Interval tan_of(Interval x);
Interval atan2_of(Interval y, Interval x);
/// The range of a monotone function, cut to its known bounds.
Interval rising(Interval x, double (*f)(double), double least = -__builtin_inf(),
                double most = __builtin_inf());
Interval falling(Interval x, double (*f)(double), double least = -__builtin_inf(),
                 double most = __builtin_inf());
Interval less_of(Interval a, Interval b);
Interval less_equal_of(Interval a, Interval b);
Interval equal_of(Interval a, Interval b);
Interval and_of(Intervals x);
Interval or_of(Intervals x);
Interval not_of(Interval x);
Interval select_of(Interval condition, Interval then, Interval otherwise);
Interval choose_of(Intervals x);

}  // namespace interval_rules
}  // namespace hopf::expr
