#include "kernel/interpolate.hpp"

#include <utility>
#include <vector>

namespace hopf::kernel {
namespace {

/// The cell that holds a coordinate, along one axis.
struct Cell {
  ValueId lower, upper;  // element offsets, Int
  ValueId weight;        // of the upper node; NaN where the coordinate is
};

/// The five uniforms of an axis and what follows from them once per call.
struct Axis {
  ValueId origin, inverse_spacing, count, periodic, stride;

  Axis(Builder& b, std::uint32_t first)
      : origin(b.read(Opcode::Uniform, first)),
        inverse_spacing(b.read(Opcode::Uniform, first + 1)),
        count(b.read(Opcode::Uniform, first + 2)),
        periodic(b.emit(Opcode::Less, b.constant(0.5), b.read(Opcode::Uniform, first + 3))),
        stride(b.emit(Opcode::ToInt, b.read(Opcode::Uniform, first + 4))) {}
};

/// The coordinate in units of nodes, s = (x - origin)/spacing: into [0, count) where periodic, else
/// [0, count - 1]. Both are written without a branch on the flag: a periodic axis has no bounds, a
/// clamped one has 0 turns.
ValueId position(Builder& b, const Axis& axis, ValueId x) {
  constexpr double kFar = 1e9;  // beyond any grid: leaves the number of turns exact
  const ValueId top = b.emit(Opcode::Sub, axis.count, b.constant(1));
  const ValueId lo = b.emit(Opcode::Select, axis.periodic, b.constant(-kFar), b.constant(0));
  const ValueId hi = b.emit(Opcode::Select, axis.periodic, b.constant(kFar), top);
  const ValueId turns_per_node = b.emit(
      Opcode::Select, axis.periodic, b.emit(Opcode::Div, b.constant(1), axis.count), b.constant(0));
  const ValueId s = b.emit(Opcode::Mul, b.emit(Opcode::Sub, x, axis.origin), axis.inverse_spacing);
  const ValueId bounded = b.emit(Opcode::Min, hi, b.emit(Opcode::Max, lo, s));
  const ValueId turns = b.emit(Opcode::Floor, b.emit(Opcode::Mul, bounded, turns_per_node));
  return b.emit(Opcode::Sub, bounded, b.emit(Opcode::Mul, turns, axis.count));
}

/// clamp(floor(s), 0, last): the constant stands second, where Max and Min put a NaN.
ValueId node(Builder& b, ValueId s, ValueId last) {
  const ValueId floor = b.emit(Opcode::Floor, s);
  return b.emit(Opcode::Min, b.emit(Opcode::Max, floor, b.constant(0)), last);
}

ValueId offset(Builder& b, ValueId index, const Axis& axis) {
  return b.emit(Opcode::IMul, b.emit(Opcode::ToInt, index), axis.stride);
}

Cell find_cell(Builder& b, const Axis& axis, ValueId x) {
  const ValueId s = position(b, axis, x);
  const ValueId top = b.emit(Opcode::Sub, axis.count, b.constant(1));
  const ValueId last_cell =
      b.emit(Opcode::Max, b.emit(Opcode::Sub, axis.count, b.constant(2)), b.constant(0));
  const ValueId last = b.emit(Opcode::Select, axis.periodic, top, last_cell);
  const ValueId lower = node(b, s, last);
  const ValueId next = b.emit(Opcode::Add, lower, b.constant(1));
  const ValueId beyond = b.emit(Opcode::Select, axis.periodic, b.constant(0), top);
  const ValueId upper =
      b.emit(Opcode::Select, b.emit(Opcode::Less, next, axis.count), next, beyond);
  return {offset(b, lower, axis), offset(b, upper, axis), b.emit(Opcode::Sub, s, lower)};
}

/// The nearest node; the seam of a periodic axis is as near to node 0 as to the last.
ValueId find_nearest(Builder& b, const Axis& axis, ValueId x) {
  const ValueId half_up = b.emit(Opcode::Add, position(b, axis, x), b.constant(0.5));
  const ValueId rounded = node(b, half_up, axis.count);
  const ValueId top = b.emit(Opcode::Sub, axis.count, b.constant(1));
  const ValueId beyond = b.emit(Opcode::Select, axis.periodic, b.constant(0), top);
  const ValueId inside = b.emit(Opcode::Less, rounded, axis.count);
  return offset(b, b.emit(Opcode::Select, inside, rounded, beyond), axis);
}

ValueId sum(Builder& b, ValueId x, ValueId y) { return x.valid() ? b.emit(Opcode::IAdd, x, y) : y; }

/// The nodes of a cell, and where in it a point lies along each axis.
struct Corners {
  std::vector<ValueId> value, weights;
};

Corners corners_of(Builder& b, std::uint32_t slot, std::span<const ValueId> at,
                   std::uint32_t first_uniform, bool nearest) {
  // Corner c takes the upper node of axis k where bit k of c is set.
  std::vector<ValueId> offsets(1), weights;
  for (std::size_t k = 0; k < at.size(); ++k) {
    const Axis axis(b, first_uniform + 5 * static_cast<std::uint32_t>(k));
    if (nearest) {
      offsets[0] = sum(b, offsets[0], find_nearest(b, axis, at[k]));
      continue;
    }
    const Cell cell = find_cell(b, axis, at[k]);
    const std::size_t corners = offsets.size();
    for (std::size_t c = 0; c < corners; ++c) {
      offsets.push_back(sum(b, offsets[c], cell.upper));
      offsets[c] = sum(b, offsets[c], cell.lower);
    }
    weights.push_back(cell.weight);
  }
  std::vector<ValueId> value;
  for (const ValueId index : offsets) {
    value.push_back(b.read(Opcode::Gather, slot, index.valid() ? index : b.constant(0, Type::Int)));
  }
  return {std::move(value), std::move(weights)};
}

/// Along the last axis first: v = v0 + w (v1 - v0), halving the corners.
ValueId blend(Builder& b, Corners corners) {
  auto& [value, weights] = corners;
  for (std::size_t k = weights.size(); k-- > 0;) {
    const std::size_t half = value.size() / 2;
    for (std::size_t c = 0; c < half; ++c) {
      const ValueId rise = b.emit(Opcode::Sub, value[c + half], value[c]);
      value[c] = b.emit(Opcode::Fma, weights[k], rise, value[c]);
    }
    value.resize(half);
  }
  return value[0];
}

}  // namespace

ValueId interpolate(Builder& b, std::uint32_t slot, std::span<const ValueId> at,
                    std::uint32_t first_uniform, bool nearest) {
  return blend(b, corners_of(b, slot, at, first_uniform, nearest));
}

ValueId interpolate_circular(Builder& b, std::uint32_t slot, std::span<const ValueId> at,
                             std::uint32_t first_uniform, double period) {
  const ValueId near = corners_of(b, slot, at, first_uniform, true).value[0];
  Corners corners = corners_of(b, slot, at, first_uniform, false);
  for (ValueId& value : corners.value) {
    const ValueId d = b.emit(Opcode::Sub, value, near);
    const ValueId turns =
        b.emit(Opcode::Floor, b.emit(Opcode::Fma, d, b.constant(1 / period), b.constant(0.5)));
    value = b.emit(Opcode::Sub, value, b.emit(Opcode::Mul, turns, b.constant(period)));
  }
  return blend(b, std::move(corners));
}

}  // namespace hopf::kernel
