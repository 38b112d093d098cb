// Table look-up as kernel code: multilinear interpolation or the nearest node, clamped or periodic
// along each axis.
#pragma once

#include <span>

#include "kernel/builder.hpp"

namespace hopf::kernel {

/// The table's value at coordinates `at`, one per axis. Per axis the kernel's uniforms hold, from
/// `first_uniform` on, origin, 1/spacing, count, periodic (0 or 1) and stride (in elements). Along
/// a periodic axis node `count` is node 0. Outside a clamped axis the bound's value holds. A NaN
/// coordinate reads within the table; interpolation gives NaN.
ValueId interpolate(Builder&, std::uint32_t slot, std::span<const ValueId> at,
                    std::uint32_t first_uniform, bool nearest);
/// Values on a circle: along the shorter arcs from the nearest node's value, in no particular turn.
ValueId interpolate_circular(Builder& b, std::uint32_t slot, std::span<const ValueId> at,
                             std::uint32_t first_uniform, double period);

}  // namespace hopf::kernel
