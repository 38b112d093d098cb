#include "grid/grid.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/circle.hpp"

namespace hopf::runtime {

bool Axis::uniform() const {
  if (nodes.size() < 3) return true;
  const double h = (nodes.back() - nodes.front()) / static_cast<double>(nodes.size() - 1);
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    if (std::abs(nodes[i] - nodes[i - 1] - h) > 1e-9 * h) return false;
  }
  return true;
}

bool Axis::geometric() const {
  if (nodes.size() < 3 || !(nodes.front() > 0) || uniform()) return false;
  const double ratio = nodes[1] / nodes[0];
  for (std::size_t i = 2; i < nodes.size(); ++i) {
    if (std::abs(nodes[i] / nodes[i - 1] - ratio) > 1e-9 * ratio) return false;
  }
  return true;
}

std::size_t Grid::points() const {
  std::size_t count = 1;
  for (const Axis& axis : axes) count *= axis.nodes.size();
  return count;
}

std::size_t Grid::stride(std::size_t axis) const {
  std::size_t stride = 1;
  for (std::size_t k = axis + 1; k < axes.size(); ++k) stride *= axes[k].nodes.size();
  return stride;
}

namespace {

Axis axis_shell(std::string name, std::string unit, Boundary boundary, double lo, double hi) {
  Axis axis;
  axis.name = std::move(name);
  axis.unit = std::move(unit);
  axis.boundary = boundary;
  axis.lo = lo;
  axis.hi = hi;
  return axis;
}

// Where x lies on an axis: x = (1 - weight) nodes[lower] + weight nodes[upper].
struct Place {
  std::size_t lower = 0, upper = 0;
  double weight = 0;
};

Place locate_periodic(const Axis& axis, double x) {
  const double period = axis.hi - axis.lo;
  const double wrapped = axis.lo + (x - axis.lo) - period * std::floor((x - axis.lo) / period);
  const auto next = std::upper_bound(axis.nodes.begin(), axis.nodes.end(), wrapped);
  const std::size_t count = axis.nodes.size();
  const std::size_t upper = static_cast<std::size_t>(next - axis.nodes.begin());
  const std::size_t lower = upper == 0 ? count - 1 : upper - 1;
  const double left = axis.nodes[lower] - (upper == 0 ? period : 0.0);
  const double right = upper == count ? axis.nodes[0] + period : axis.nodes[upper];
  return {lower, upper == count ? 0 : upper, (wrapped - left) / (right - left)};
}

Place locate(const Axis& axis, double x) {
  const std::size_t count = axis.nodes.size();
  if (count == 1) return {};
  if (axis.periodic() && std::isfinite(x)) return locate_periodic(axis, x);
  const double clamped = std::clamp(x, axis.nodes.front(), axis.nodes.back());
  const auto next = std::upper_bound(axis.nodes.begin(), axis.nodes.end(), clamped);
  const auto upper =
      std::clamp<std::size_t>(static_cast<std::size_t>(next - axis.nodes.begin()), 1, count - 1);
  const double left = axis.nodes[upper - 1], right = axis.nodes[upper];
  return {upper - 1, upper, (clamped - left) / (right - left)};
}

// Calls visit(point, weight) for the 2^d corners of the cell that holds x.
template <class Visit>
void for_corners(const Grid& grid, std::span<const double> x, Visit visit) {
  const std::size_t dimension = grid.dimension();
  std::vector<Place> places(dimension);
  for (std::size_t k = 0; k < dimension; ++k) places[k] = locate(grid.axes[k], x[k]);
  for (std::size_t corner = 0; corner < (std::size_t{1} << dimension); ++corner) {
    double weight = 1;
    std::size_t point = 0;
    for (std::size_t k = 0; k < dimension; ++k) {
      const bool high = (corner >> k) & 1;
      weight *= high ? places[k].weight : 1 - places[k].weight;
      point += grid.stride(k) * (high ? places[k].upper : places[k].lower);
    }
    if (weight != 0) visit(point, weight);
  }
}

// First derivative where a neighbour is infinite: one-sided, NaN where both are.
double derivative_beside_infinity(const std::array<double, 3>& x, const std::array<double, 3>& v,
                                  std::size_t here) {
  double sum = 0;
  int sides = 0;
  for (const std::size_t other : {here - 1, here + 1}) {
    if (other > 2 || !std::isfinite(v[other])) continue;
    sum += (v[other] - v[here]) / (x[other] - x[here]);
    ++sides;
  }
  return std::isfinite(v[here]) && sides > 0 ? sum / sides
                                             : std::numeric_limits<double>::quiet_NaN();
}

// First derivative at a node from the parabola through it and its neighbours (one-sided at an end
// of the axis).
double node_derivative(const Grid& grid, std::span<const double> values, std::size_t point,
                       std::size_t k) {
  const Axis& axis = grid.axes[k];
  const std::size_t count = axis.nodes.size(), stride = grid.stride(k);
  if (count < 2) return 0;
  const std::size_t i = (point / stride) % count, base = point - i * stride;
  const auto value = [&](std::size_t j) { return values[base + j * stride]; };
  if (count == 2) return (value(1) - value(0)) / (axis.nodes[1] - axis.nodes[0]);
  std::array<std::size_t, 3> at{i - 1, i, i + 1};
  if (i == 0)
    at = axis.periodic() ? std::array<std::size_t, 3>{count - 1, 0, 1}
                         : std::array<std::size_t, 3>{0, 1, 2};
  if (i == count - 1) {
    at = axis.periodic() ? std::array<std::size_t, 3>{i - 1, i, 0}
                         : std::array<std::size_t, 3>{i - 2, i - 1, i};
  }
  std::array<double, 3> x{axis.nodes[at[0]], axis.nodes[at[1]], axis.nodes[at[2]]};
  if (x[0] > x[1]) x[0] -= axis.hi - axis.lo;
  if (x[2] < x[1]) x[2] += axis.hi - axis.lo;
  const std::array<double, 3> v{value(at[0]), value(at[1]), value(at[2])};
  if (!std::isfinite(v[0] + v[1] + v[2]))
    return derivative_beside_infinity(x, v, i == at[1] ? 1 : i == at[0] ? 0 : 2);
  const double left = (value(at[1]) - value(at[0])) / (x[1] - x[0]);
  const double right = (value(at[2]) - value(at[1])) / (x[2] - x[1]);
  const double here = i == at[1] ? x[1] : axis.nodes[i];
  // Newton's form: slope of the parabola at `here`.
  return left + (right - left) / (x[2] - x[0]) * (2 * here - x[0] - x[1]);
}

}  // namespace

Axis uniform_axis(std::string name, std::string unit, Boundary boundary, double lo, double hi,
                  int n) {
  Axis axis = axis_shell(std::move(name), std::move(unit), boundary, lo, hi);
  const int count = boundary == Boundary::Periodic ? n - 1 : n;
  axis.nodes.resize(static_cast<std::size_t>(count));
  // So nodes of [-a, a] are symmetric to the last digit, and so are targets.
  for (int i = 0; i < count; ++i)
    axis.nodes[i] = i == 0 ? lo : (lo * (n - 1 - i) + hi * i) / (n - 1);
  if (boundary != Boundary::Periodic) axis.nodes.back() = hi;
  return axis;
}

Axis stretched_axis(std::string name, std::string unit, Boundary boundary, double lo, double hi,
                    int n, double stretch) {
  Axis axis = uniform_axis(std::move(name), std::move(unit), boundary, lo, hi, n);
  if (stretch == 0 || axis.periodic()) return axis;
  for (std::size_t i = 1; i + 1 < axis.nodes.size(); ++i) {
    const double s = static_cast<double>(i) / (n - 1);
    axis.nodes[i] = lo + (hi - lo) * std::expm1(stretch * s) / std::expm1(stretch);
  }
  return axis;
}

Axis geometric_axis(std::string name, std::string unit, Boundary boundary, double lo, double hi,
                    int n) {
  Axis axis = uniform_axis(std::move(name), std::move(unit), boundary, lo, hi, n);
  for (std::size_t i = 1; i + 1 < axis.nodes.size(); ++i) {
    axis.nodes[i] = lo * std::exp(std::log(hi / lo) * static_cast<double>(i) / (n - 1));
  }
  return axis;
}

Axis coarsened(const Axis& axis) {
  Axis result = axis;
  result.nodes.clear();
  for (std::size_t i = 0; i < axis.nodes.size(); i += 2) result.nodes.push_back(axis.nodes[i]);
  const bool odd = axis.nodes.size() % 2 == 1;
  if (axis.periodic() != odd) return result;
  const int n = static_cast<int>(result.nodes.size()) + (axis.periodic() ? 1 : 0);
  if (axis.geometric())
    return geometric_axis(axis.name, axis.unit, axis.boundary, axis.lo, axis.hi, n);
  result = uniform_axis(axis.name, axis.unit, axis.boundary, axis.lo, axis.hi, n);
  if (axis.uniform()) return result;
  const double apart = static_cast<double>(axis.nodes.size() - 1) / (n - 1);
  for (std::size_t i = 1; i + 1 < result.nodes.size(); ++i) {
    const double place = apart * static_cast<double>(i);
    const auto lower = static_cast<std::size_t>(place);
    result.nodes[i] =
        std::lerp(axis.nodes[lower], axis.nodes[lower + 1], place - static_cast<double>(lower));
  }
  return result;
}

Axis refined(const Axis& axis) {
  const std::size_t count = axis.nodes.size();
  const int n = 2 * static_cast<int>(axis.asked_nodes()) - 1;
  if (axis.geometric())
    return geometric_axis(axis.name, axis.unit, axis.boundary, axis.lo, axis.hi, n);
  Axis result = uniform_axis(axis.name, axis.unit, axis.boundary, axis.lo, axis.hi, n);
  if (axis.uniform()) return result;
  const auto& x = axis.nodes;
  for (std::size_t i = 0; i < count; ++i) result.nodes[2 * i] = x[i];
  // The cubic through four nodes as a function of their numbers, a parabola at the ends.
  for (std::size_t i = 0; i + 1 < count; ++i) {
    const double before = i > 0 ? x[i - 1] : 3 * x[0] - 3 * x[1] + x[2];
    const double after =
        i + 2 < count ? x[i + 2] : 3 * x[count - 1] - 3 * x[count - 2] + x[count - 3];
    result.nodes[2 * i + 1] = (9 * (x[i] + x[i + 1]) - before - after) / 16;
  }
  return result;
}

double interpolate(const Grid& grid, std::span<const double> values, std::span<const double> x) {
  double sum = 0, finite = 0, infinity = 0;
  for_corners(grid, x, [&](std::size_t point, double weight) {
    if (std::isinf(values[point]))
      infinity = values[point];
    else
      sum += weight * values[point], finite += weight;
  });
  if (infinity == 0) return sum;
  return finite >= 0.5 ? sum / finite : infinity;
}

void place_node(const Grid& grid, std::size_t point, std::span<double> x) {
  for (std::size_t k = 0; k < grid.dimension(); ++k) {
    const auto& nodes = grid.axes[k].nodes;
    x[k] = nodes[point / grid.stride(k) % nodes.size()];
  }
}

bool in_inner_half(const Grid& grid, std::size_t point) {
  for (std::size_t k = 0; k < grid.dimension(); ++k) {
    const std::size_t count = grid.axes[k].nodes.size(), i = point / grid.stride(k) % count;
    if (!grid.axes[k].periodic() && (4 * i < count - 1 || 4 * i > 3 * (count - 1))) return false;
  }
  return true;
}

namespace {

// Calls visit(i, x) for every node.
template <class Visit>
void for_nodes(const Grid& grid, Visit visit) {
  std::vector<double> x(grid.dimension());
  for (std::size_t i = 0; i < grid.points(); ++i) {
    place_node(grid, i, x);
    visit(i, x);
  }
}

}  // namespace

std::vector<double> prolong(const Grid& from, std::span<const double> values, const Grid& to,
                            int fields) {
  const std::size_t points = to.points(), count = static_cast<std::size_t>(fields);
  std::vector<double> result(points * count);
  for_nodes(to, [&](std::size_t i, std::span<const double> x) {
    for_corners(from, x, [&](std::size_t point, double weight) {
      for (std::size_t f = 0; f < count; ++f)
        result[f * points + i] += weight * values[f * from.points() + point];
    });
  });
  return result;
}

std::vector<double> prolong_nearest(const Grid& from, std::span<const double> values,
                                    const Grid& to, int fields) {
  const std::size_t points = to.points(), count = static_cast<std::size_t>(fields);
  std::vector<double> result(points * count);
  for_nodes(to, [&](std::size_t i, std::span<const double> x) {
    for (std::size_t f = 0; f < count; ++f)
      result[f * points + i] = nearest(from, values.subspan(f * from.points(), from.points()), x);
  });
  return result;
}

double nearest(const Grid& grid, std::span<const double> values, std::span<const double> x) {
  double best = -1, value = 0;
  for_corners(grid, x, [&](std::size_t point, double weight) {
    if (weight > best) best = weight, value = values[point];
  });
  return value;
}

double interpolate_circular(const Grid& grid, std::span<const double> values,
                            std::span<const double> x, double period) {
  const Circle circle{0, period};
  const double near = nearest(grid, values, x);
  double sum = near;
  for_corners(grid, x, [&](std::size_t point, double weight) {
    sum += weight * circle.near(values[point] - near, 0);
  });
  return sum;
}

namespace {

constexpr double kOnNode = 1e-9;  // a weight that is rounding

// |V''| at node i of the line through `point` along axis k, from the parabola through it and its
// neighbours; at an end that of the node beside it.
double node_curvature(const Grid& grid, std::span<const double> values, std::size_t point,
                      std::size_t k) {
  const Axis& axis = grid.axes[k];
  const std::size_t count = axis.nodes.size(), stride = grid.stride(k);
  if (count < 3) return 0;
  std::size_t i = point / stride % count;
  const std::size_t base = point - i * stride;
  if (!axis.periodic()) i = std::clamp<std::size_t>(i, 1, count - 2);
  const std::size_t before = (i + count - 1) % count, after = (i + 1) % count;
  const double period = axis.hi - axis.lo;
  const double left = axis.nodes[i] - axis.nodes[before] + (i == 0 ? period : 0);
  const double right = axis.nodes[after] - axis.nodes[i] + (after == 0 ? period : 0);
  const auto value = [&](std::size_t j) { return values[base + j * stride]; };
  const double slopes = (value(after) - value(i)) / right - (value(i) - value(before)) / left;
  return std::abs(2 * slopes / (left + right));
}

/// The step from a node to the next along an axis where it is many times those on both sides of it:
/// V jumps somewhere in between, and either of its values may be the right one there.
double jump_after(const Grid& grid, std::span<const double> values, std::size_t point,
                  std::size_t k) {
  constexpr double kMany = 8, kSmall = 0.01;
  const Axis& axis = grid.axes[k];
  const std::size_t count = axis.nodes.size(), stride = grid.stride(k);
  const std::size_t i = point / stride % count;
  if (axis.periodic() || i + 1 >= count || count < 4) return 0;
  const auto step = [&](std::size_t from) {
    const double d = std::abs(values[from + stride] - values[from]);
    return std::isfinite(d) ? d : 0;
  };
  const double here = step(point), before = i > 0 ? step(point - stride) : 0,
               after = i + 2 < count ? step(point + stride) : 0;
  const double size = std::max(std::abs(values[point]), std::abs(values[point + stride]));
  return here > kMany * std::max(before, after) && here > kSmall * size ? here : 0;
}

}  // namespace

double interpolation_error(const Grid& grid, std::span<const double> values,
                           std::span<const double> x) {
  // Where V is infinite within a cell, only its nodes know.
  double infinite = 0, sum = 0;
  for_corners(grid, x, [&](std::size_t point, double weight) {
    if (std::isinf(values[point])) infinite += weight;
  });
  if (infinite > kOnNode && infinite < 1 - kOnNode) return std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < grid.dimension(); ++k) {
    const Axis& axis = grid.axes[k];
    const Place place = locate(axis, x[k]);
    if (place.weight == 0) continue;
    double h = axis.nodes[place.upper] - axis.nodes[place.lower];
    if (h < 0) h += axis.hi - axis.lo;
    double curvature = 0, jump = 0;
    for_corners(grid, x, [&](std::size_t point, double) {
      const std::size_t i = point / grid.stride(k) % axis.nodes.size();
      if (i == place.lower) jump = std::max(jump, jump_after(grid, values, point, k));
      const double here = node_curvature(grid, values, point, k);
      if (std::isfinite(here)) curvature = std::max(curvature, here);
    });
    sum += jump + 0.5 * h * h * curvature * place.weight * (1 - place.weight);
  }
  return sum;
}

void gradient(const Grid& grid, std::span<const double> values, std::span<const double> x,
              std::span<double> out) {
  std::fill(out.begin(), out.end(), 0.0);
  if (!std::isfinite(interpolate(grid, values, x))) {
    std::fill(out.begin(), out.end(), std::numeric_limits<double>::quiet_NaN());
    return;
  }
  std::vector<double> weights(grid.dimension(), 0.0);
  for_corners(grid, x, [&](std::size_t point, double weight) {
    for (std::size_t k = 0; k < grid.dimension(); ++k) {
      const double slope = node_derivative(grid, values, point, k);
      if (std::isnan(slope)) continue;  // at an infinite corner
      out[k] += weight * slope;
      weights[k] += weight;
    }
  });
  for (std::size_t k = 0; k < weights.size(); ++k) {
    if (weights[k] < 0.999999) out[k] /= weights[k];
  }
}

}  // namespace hopf::runtime
