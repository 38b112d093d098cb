// Where in time a model switches: a gate opens, a tariff changes, a target comes into being.
#pragma once

#include <vector>

#include "kernel/hjb_kernels.hpp"
#include "value/point_problem.hpp"

namespace hopf::driver {

/// Everything but the terminal cost from which a step in time is made.
std::vector<expr::ExprId> timed_expressions(const kernel::HjbInput&);

/// The times in (0, horizon] at which a condition or kink of these that depends on time alone
/// changes, to the last digit of a double; the latest first.
struct TimeJumps {
  std::vector<runtime::TimeJump> jumps;
  bool complete = true;  // not so many, or so hard to tell apart, that some may be missed
};
TimeJumps time_jumps(expr::Store&, const kernel::HjbInput&, double horizon);

}  // namespace hopf::driver
