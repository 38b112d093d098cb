#include "grid/widen.hpp"

#include <algorithm>
#include <cmath>

namespace hopf::runtime {

namespace {

std::vector<double> nodes_beyond(const Axis& axis, bool upper, double limit, std::size_t count) {
  const auto& x = axis.nodes;
  const std::size_t last = x.size() - 1;
  double at = upper ? x[last] : x[0];
  double step = upper ? x[last] - x[last - 1] : x[0] - x[1];
  const double before = upper ? x[last - 1] - x[last - 2] : x[1] - x[2];
  const double ratio = axis.uniform() ? 1 : step / before;
  std::vector<double> result;
  while (result.size() < count) {
    step *= ratio;
    at += step;
    const double margin = 1e-6 * std::abs(step);
    if (upper ? at > limit - margin : at < limit + margin) break;
    result.push_back(at);
  }
  return result;
}

// The same stretch with spacings that grow outward: on an axis in geometric progression those of
// the logarithm. Their number is a multiple of four, so that coarser grids share their nodes.
std::vector<double> thinned(const Axis& axis, bool upper, const std::vector<double>& nodes,
                            double growth) {
  constexpr std::size_t kWorthIt = 8;
  if (growth == 1 || nodes.size() < kWorthIt) return nodes;
  const bool logarithmic = axis.geometric();
  const auto place = [&](double x) { return logarithmic ? std::log(x) : x; };
  const double end = place(upper ? axis.nodes.back() : axis.nodes.front());
  const double first = place(nodes.front()) - end, all = place(nodes.back()) - end;
  std::vector<double> sums{0};
  for (double step = first; std::abs(sums.back()) < std::abs(all) || sums.size() % 4 != 1;)
    sums.push_back(sums.back() + (step *= growth));
  if (sums.size() > nodes.size()) return nodes;
  std::vector<double> result;
  for (std::size_t k = 1; k < sums.size(); ++k) {
    const double at = end + sums[k] / sums.back() * all;
    result.push_back(logarithmic ? std::exp(at) : at);
  }
  return result;
}

}  // namespace

Widened widened(const Grid& first, const std::vector<bool>& axes,
                const std::vector<std::array<double, 2>>& limits, double share, double growth) {
  Widened result{first, std::vector<std::size_t>(first.dimension(), 0)};
  for (std::size_t k = 0; k < first.dimension(); ++k) {
    Axis& axis = result.grid.axes[k];
    if (!axes[k] || axis.periodic() || axis.nodes.size() < 3) continue;
    const auto count =
        static_cast<std::size_t>(std::ceil(share * static_cast<double>(axis.nodes.size() - 1)));
    std::vector<double> nodes =
        thinned(axis, false, nodes_beyond(axis, false, limits[k][0], count), growth);
    const std::vector<double> above =
        thinned(axis, true, nodes_beyond(axis, true, limits[k][1], count), growth);
    result.below[k] = nodes.size();
    std::reverse(nodes.begin(), nodes.end());
    nodes.insert(nodes.end(), axis.nodes.begin(), axis.nodes.end());
    nodes.insert(nodes.end(), above.begin(), above.end());
    axis.nodes = std::move(nodes);
    axis.lo = axis.nodes.front();
    axis.hi = axis.nodes.back();
  }
  return result;
}

std::vector<double> cropped(const Grid& first, const Widened& wide,
                            const std::vector<double>& values, std::size_t fields) {
  const std::size_t points = first.points(), wide_points = wide.grid.points();
  std::vector<double> result(fields * points);
  for (std::size_t i = 0; i < points; ++i) {
    std::size_t at = 0;
    for (std::size_t k = 0; k < first.dimension(); ++k) {
      const std::size_t node = i / first.stride(k) % first.axes[k].nodes.size();
      at += wide.grid.stride(k) * (node + wide.below[k]);
    }
    for (std::size_t f = 0; f < fields; ++f) result[f * points + i] = values[f * wide_points + at];
  }
  return result;
}

}  // namespace hopf::runtime
