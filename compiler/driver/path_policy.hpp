// A solution or hand-written expressions as what path kernels read: tables, affine coefficients,
// expressions.
#pragma once

#include <cstdint>
#include <vector>

#include "driver/solve.hpp"
#include "kernel/path_kernels.hpp"
#include "path/run.hpp"

namespace hopf::driver {

/// How the kernels get their controls. `value` first, then `policy`; with neither the model has no
/// control.
kernel::PathPolicy path_policy(const model::Model&, const runtime::ValueFunction* value,
                               const Policy* policy);

/// Tables of a gridded policy, ready for gathering. Uniform axes use the solution's own arrays; a
/// stretched axis is resampled four times as finely, since kernels find their cell by one
/// multiplication.
struct PolicyTables {
  std::vector<double> axis_uniforms;  // five an axis: origin, 1/spacing, count, periodic, stride
  std::vector<runtime::PathRun::Level> levels;
  std::vector<std::vector<double>> resampled;  // owned copies, when there are any
};
PolicyTables policy_tables(const model::Model&, const runtime::ValueFunction&);

/// The levels with the step of the grid that each begins at; levels that no step begins in are left
/// out.
std::vector<runtime::PathRun::Level> levels_on(const PolicyTables&, const runtime::TimeGrid&);

/// K row-major, then k, at time t, of one regime after the other.
void append_affine(const runtime::ValueFunction&, double t, std::vector<double>& out);

}  // namespace hopf::driver
