// A grid as it is written. Solvers keep one node for both ends of a periodic axis; whoever asked
// for 201 nodes from -pi to pi, and every program that draws them, expects 201 with the first value
// repeated.
#pragma once

#include <vector>

#include "grid/grid.hpp"

namespace hopf::runtime {

struct ClosedGrid {
  explicit ClosedGrid(const Grid&);

  Grid grid;                        // periodic axes end at `hi`
  std::vector<std::size_t> source;  // of each point, the point of the solver's grid

  /// values[field*points + point] of the solver's grid, on this one.
  std::vector<double> spread(const std::vector<double>& values) const;

 private:
  std::size_t solver_points_;
};

}  // namespace hopf::runtime
