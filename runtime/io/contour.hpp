// Level lines of a sampled function by marching squares, as polylines.
#pragma once

#include <cstddef>
#include <vector>

namespace hopf::runtime {

struct PlanePoint {
  double x = 0, y = 0;
};
using Polyline = std::vector<PlanePoint>;

/// Values at nx * ny points, x fastest, on [0, 1]^2 with points at both ends.
struct Samples {
  std::size_t nx = 0, ny = 0;
  std::vector<double> values;
  double at(std::size_t i, std::size_t j) const { return values[j * nx + i]; }
};

/// The lines where the bilinear samples equal `level`, in the unit square. Cells with a corner that
/// is not finite have none.
std::vector<Polyline> contour(const Samples&, double level);

/// About `count` levels at multiples of 1, 2 or 5 times a power of ten, strictly inside (lo, hi),
/// and never more than twice as many and one; none where lo and hi differ by rounding errors.
std::vector<double> nice_levels(double lo, double hi, int count);

}  // namespace hopf::runtime
