#include "io/closed_grid.hpp"

namespace hopf::runtime {

ClosedGrid::ClosedGrid(const Grid& solved) : grid(solved), solver_points_(solved.points()) {
  for (Axis& axis : grid.axes)
    if (axis.periodic()) axis.nodes.push_back(axis.hi);
  source.assign(grid.points(), 0);
  for (std::size_t point = 0; point < source.size(); ++point) {
    for (std::size_t k = 0; k < grid.dimension(); ++k) {
      const std::size_t index = point / grid.stride(k) % grid.axes[k].nodes.size();
      source[point] += index % solved.axes[k].nodes.size() * solved.stride(k);
    }
  }
}

std::vector<double> ClosedGrid::spread(const std::vector<double>& values) const {
  std::vector<double> result;
  result.reserve(values.size() / solver_points_ * source.size());
  for (std::size_t first = 0; first < values.size(); first += solver_points_)
    for (const std::size_t point : source) result.push_back(values[first + point]);
  return result;
}

}  // namespace hopf::runtime
