// Rectilinear grids of any dimension. The last axis is the fastest in memory; lanes of kernels run
// along it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hopf::runtime {

enum class Boundary : std::uint8_t { Periodic, Reflect, Absorb, Constrain, Extrapolate };

struct Axis {
  std::string name;  // the state's name
  std::string unit;  // as the user wrote it; may be empty
  Boundary boundary = Boundary::Constrain;
  std::vector<double> nodes;  // increasing; a periodic axis of period hi-lo has nodes lo .. hi-h
                              // (hi is not repeated)
  double lo = 0, hi = 1;      // the declared domain

  bool periodic() const { return boundary == Boundary::Periodic; }
  bool uniform() const;    // spacing constant to rounding
  bool geometric() const;  // positive nodes whose ratio is constant to rounding
  /// Nodes as the user counts them: a periodic axis has both of its ends.
  std::size_t asked_nodes() const { return nodes.size() + (periodic() ? 1 : 0); }
};

struct Grid {
  std::vector<Axis> axes;

  std::size_t dimension() const { return axes.size(); }
  std::size_t points() const;
  std::size_t stride(std::size_t axis) const;
};

/// n nodes on [lo, hi]; a periodic axis gets n-1 distinct nodes, so that n = 201 means spacing
/// (hi-lo)/200 on every axis.
Axis uniform_axis(std::string name, std::string unit, Boundary, double lo, double hi, int n);

/// Nodes x(s) = lo + (hi - lo)(e^(k s) - 1)/(e^k - 1), s uniform: a stretch k > 0 gathers them at
/// the lower end, k < 0 at the upper one. A periodic axis stays uniform.
Axis stretched_axis(std::string name, std::string unit, Boundary, double lo, double hi, int n,
                    double stretch);
/// Constant ratio between neighbours; 0 < lo < hi. For states that grow in proportion to
/// themselves.
Axis geometric_axis(std::string name, std::string unit, Boundary, double lo, double hi, int n);

/// Every second node; where the ends do not fit, about half as many, spread in the same way.
Axis coarsened(const Axis&);
/// Twice the intervals: every node and one between any two, spread in the same way.
Axis refined(const Axis&);

/// Fills x with the coordinates of a node.
void place_node(const Grid&, std::size_t point, std::span<double> x);
/// Is the node in the inner half of every axis that is not periodic? Layers at the ends are no
/// measure for the rest.
bool in_inner_half(const Grid&, std::size_t point);
/// Multilinear interpolation of values[points] at x; periodic axes wrap, others clamp to the box.
/// Where corners are infinite: the mean of the finite ones if those carry at least half of the
/// weight, else infinite. So the edge of what is finite lies halfway between nodes.
double interpolate(const Grid&, std::span<const double> values, std::span<const double> x);
/// Values of one grid interpolated at the nodes of another on the same domain, for each of `fields`
/// fields in turn.
std::vector<double> prolong(const Grid& from, std::span<const double> values, const Grid& to,
                            int fields);
/// The same with the value of the nearest node: for controls from finite sets.
std::vector<double> prolong_nearest(const Grid& from, std::span<const double> values,
                                    const Grid& to, int fields);
/// The value at the nearest corner of the cell that holds x: for controls from finite sets.
double nearest(const Grid&, std::span<const double> values, std::span<const double> x);
/// How far multilinear interpolation at x may be from the smooth function through the values, by
/// their second differences: the sum over the axes of h^2 |V''| s (1 - s)/2, s the place in a cell.
double interpolation_error(const Grid&, std::span<const double> values, std::span<const double> x);
/// Values on a circle of circumference `period`: along the shorter arcs from the nearest corner's
/// value. In no particular turn.
double interpolate_circular(const Grid&, std::span<const double> values, std::span<const double> x,
                            double period);
/// Gradient of the smooth interpolant: central differences at the nodes, interpolated
/// multilinearly; one-sided beside infinite values, NaN among them.
void gradient(const Grid&, std::span<const double> values, std::span<const double> x,
              std::span<double> out);

}  // namespace hopf::runtime
