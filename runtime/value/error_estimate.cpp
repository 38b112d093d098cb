#include "value/error_estimate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hopf::runtime {

namespace {

// The constants were found on 40 problems with known values and confirmed on 12 more.
constexpr std::size_t kNear = 1;  // cells of the half grid over which |D1| is taken: +-2 fine ones
constexpr std::size_t kWindow = 4;  // and over which the order is observed: +-8 fine ones
constexpr double kLeastOrder = 0.5;
constexpr double kOrderExcess = 0.75;  // over that of the scheme, from which it is none
constexpr double kSafety = 1.5, kIrregularSafety = 2;
constexpr double kTiny = 1e-9;
constexpr double kMostIncreasing = 0.1;  // share of nodes where differences grow
constexpr double kLargeError = 0.2;      // of the range of V
constexpr double kSteep = 0.8;           // order of the steps between nodes, of a V without slope
constexpr double kFlat = 1e-6;           // of the range of V: steps that are none
constexpr double kUnresolved = 0.25;     // order of the steps across a layer inside of a cell,
constexpr double kFade = 0.14;  // a cell: a layer of noise and drift whose cell number is 2, e^-2
constexpr std::size_t kPole = 17;  // nodes from a pole on which differences show little
constexpr double kLayer = 0.01;    // the least such step, of the range of V

// a - b; nothing where both are the same infinity.
double difference(double a, double b) {
  if (a == b) return 0;
  const double d = std::abs(a - b);
  return std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
}

// out_i = combination of field over the nodes within `reach` of i along each axis in turn.
template <class Combine>
std::vector<double> filtered(const Grid& grid, std::vector<double> field, std::size_t reach,
                             Combine combine) {
  for (std::size_t k = 0; k < grid.dimension(); ++k) {
    const std::size_t count = grid.axes[k].nodes.size(), stride = grid.stride(k);
    const bool periodic = grid.axes[k].periodic();
    const std::size_t wide = std::min(reach, (count - 1) / 2);
    std::vector<double> next(field.size());
    for (std::size_t u = 0; u < field.size(); ++u) {
      const std::size_t i = u / stride % count, base = u - i * stride;
      double sum = field[u];
      for (std::size_t d = 1; d <= wide; ++d) {
        if (periodic || i >= d) sum = combine(sum, field[base + (i + count - d) % count * stride]);
        if (periodic || i + d < count) sum = combine(sum, field[base + (i + d) % count * stride]);
      }
      next[u] = sum;
    }
    field.swap(next);
  }
  return field;
}

std::vector<double> window_sum(const Grid& grid, std::vector<double> field) {
  return filtered(grid, std::move(field), kWindow, [](double a, double b) { return a + b; });
}

// |V - W| at the nodes of the coarser grid.
std::vector<double> changes(const Grid& fine, std::span<const double> V, const Grid& coarse,
                            std::span<const double> W) {
  std::vector<double> result(W.size()), x(coarse.dimension());
  for (std::size_t i = 0; i < W.size(); ++i) {
    place_node(coarse, i, x);
    result[i] = difference(interpolate(fine, V, x), W[i]);
  }
  return result;
}

std::vector<double> squares(const std::vector<double>& field) {
  std::vector<double> result(field.size(), 0.0);
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (std::isfinite(field[i])) result[i] = field[i] * field[i];
  }
  return result;
}

// How many times wider the cells of `coarse` are.
double ratio_of(const Grid& fine, const Grid& coarse) {
  double product = 1;
  for (std::size_t k = 0; k < fine.dimension(); ++k) {
    const double a = static_cast<double>(fine.axes[k].asked_nodes() - 1);
    product *= a / static_cast<double>(coarse.axes[k].asked_nodes() - 1);
  }
  return std::pow(product, 1.0 / static_cast<double>(fine.dimension()));
}

// The largest |V_j - V_i| over the neighbours j of each node i where both are finite.
std::vector<double> steps_of(const Grid& grid, std::span<const double> V) {
  std::vector<double> result(V.size(), 0.0);
  for (std::size_t k = 0; k < grid.dimension(); ++k) {
    const std::size_t count = grid.axes[k].nodes.size(), stride = grid.stride(k);
    for (std::size_t u = 0; u < V.size(); ++u) {
      const std::size_t i = u / stride % count;
      if (i + 1 == count && !grid.axes[k].periodic()) continue;
      const std::size_t next = u - i * stride + (i + 1) % count * stride;
      const double step = std::abs(V[next] - V[u]);
      if (!std::isfinite(step)) continue;
      result[u] = std::max(result[u], step);
      result[next] = std::max(result[next], step);
    }
  }
  return result;
}

// Where V has a slope, steps between nodes fall like the spacing. A jump is smeared by upwind
// differences over the root of it: then steps fall like its root, and so does the error, however
// small the differences of V happen to be (Kuznetsov 1976).
void limit_by_steps(const Grid& fine, std::span<const double> V1, const Grid& half,
                    std::span<const double> V2, double range, std::vector<double>& limit) {
  const auto largest = [](double a, double b) { return std::max(a, b); };
  const std::vector<double> near = filtered(fine, steps_of(fine, V1), 1, largest);
  const std::vector<double> none(half.points(), 0.0);
  const std::vector<double> S1 = filtered(half, changes(fine, near, half, none), kWindow, largest);
  const std::vector<double> S2 = filtered(half, steps_of(half, V2), kWindow, largest);
  const double log_ratio = std::log(ratio_of(fine, half));
  for (std::size_t i = 0; i < limit.size(); ++i) {
    if (!(S1[i] > kFlat * range)) continue;
    const double order = std::log(S2[i] / S1[i]) / log_ratio;
    if (order < kSteep) limit[i] = std::min(limit[i], std::max(kLeastOrder, order));
  }
}

// Beside each node what fades by kFade a cell from its neighbours.
void fade(const Grid& grid, std::vector<double>& field) {
  for (std::size_t k = 0; k < grid.dimension(); ++k) {
    const std::size_t count = grid.axes[k].nodes.size(), stride = grid.stride(k);
    for (std::size_t u = 0; u < field.size(); ++u) {
      if (u / stride % count > 0) field[u] = std::max(field[u], kFade * field[u - stride]);
    }
    for (std::size_t u = field.size(); u-- > 0;) {
      if (u / stride % count + 1 < count) field[u] = std::max(field[u], kFade * field[u + stride]);
    }
  }
}

void add_layers(const Grid& fine, std::span<const double> V1, const Grid& half,
                std::span<const double> V2, double range, std::span<double> error) {
  const auto largest = [](double a, double b) { return std::max(a, b); };
  const std::vector<double> own = steps_of(fine, V1);
  const std::vector<double> S1 = filtered(fine, own, 2, largest);
  const std::vector<double> S2 =
      prolong(half, filtered(half, steps_of(half, V2), 1, largest), fine, 1);
  const double log_ratio = std::log(ratio_of(fine, half));
  std::vector<double> layer(own.size(), 0.0);
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (!(own[i] > kLayer * range) || own[i] < 0.5 * S1[i]) continue;
    if (std::log(S2[i] / S1[i]) / log_ratio < kUnresolved) layer[i] = own[i];
  }
  fade(fine, layer);
  for (std::size_t i = 0; i < own.size(); ++i) error[i] += layer[i];
}

// One regime's differences at the nodes of the half grid.
struct Differences {
  std::vector<double> D1, D2, limit;  // limit: the scheme's own order, 2 - u, and V's
  double upwind = 0;                  // mean share
};

std::span<const double> part_of(const Grid& grid, std::span<const double> field,
                                std::size_t regime) {
  return field.subspan(regime * grid.points(), grid.points());
}

Differences differences_of(const NestedValues& in, std::size_t regime, double range) {
  const Grid &fine = *in.fine, &half = *in.half, &quarter = *in.coarsest;
  const auto V2 = part_of(half, in.V2, regime);
  Differences result;
  result.D1 = changes(fine, part_of(fine, in.V1, regime), half, V2);
  if (!in.V4.empty())
    result.D2 =
        prolong(quarter, changes(half, V2, quarter, part_of(quarter, in.V4, regime)), half, 1);
  const std::vector<double> none(half.points(), 0.0);
  const std::vector<double> here = changes(fine, part_of(fine, in.upwind, regime), half, none);
  const std::vector<double> total = window_sum(half, here);
  const std::vector<double> count = window_sum(half, std::vector<double>(here.size(), 1.0));
  for (std::size_t i = 0; i < here.size(); ++i) {
    result.upwind += here[i] / static_cast<double>(here.size());
    result.limit.push_back(2 - total[i] / count[i]);
  }
  limit_by_steps(fine, part_of(fine, in.V1, regime), half, V2, range, result.limit);
  return result;
}

// sum |D2| / sum |D1| over the inner half in all regimes, where both are finite; NaN where nothing
// differs.
double total_ratio(const Grid& half, const std::vector<Differences>& all, double nothing) {
  double first = 0, second = 0, count = 0;
  for (const Differences& d : all) {
    for (std::size_t i = 0; i < d.D2.size(); ++i) {
      if (!in_inner_half(half, i) || !std::isfinite(d.D1[i]) || !std::isfinite(d.D2[i])) continue;
      second += d.D1[i];
      first += d.D2[i];
      count += 1;
    }
  }
  return second <= nothing * count ? std::numeric_limits<double>::quiet_NaN() : first / second;
}

// e_d of one regime on the half grid; `growing` counts the nodes whose order is below zero.
std::vector<double> discrete_error(const NestedValues& in, const Differences& d, double order,
                                   std::size_t& growing) {
  const Grid& half = *in.half;
  std::vector<double> result =
      filtered(half, d.D1, kNear, [](double a, double b) { return std::max(a, b); });
  const double ratio = ratio_of(*in.fine, half);
  if (d.D2.empty()) {
    for (double& e : result) e /= std::pow(ratio, kLeastOrder) - 1;
    return result;
  }
  const double log_ratio = std::log(ratio_of(half, *in.coarsest));
  const std::vector<double> S1 = window_sum(half, squares(d.D1)),
                            S2 = window_sum(half, squares(d.D2));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const double seen = S1[i] > 0 ? 0.5 * std::log(S2[i] / S1[i]) / log_ratio : d.limit[i];
    growing += seen < 0;
    const double most = std::isnan(order) ? d.limit[i] : std::min(d.limit[i], order);
    result[i] /= std::pow(ratio, std::max(kLeastOrder, std::min(seen, most))) - 1;
  }
  return result;
}

/// The differences of grids on which V errs alike say nothing: what their differences leave out
/// does.
void compare_truncation(const NestedValues& in, const Differences& d, std::size_t first,
                        std::vector<double>& error) {
  if (in.truncation.empty()) return;
  const double ratio = ratio_of(*in.fine, *in.half);
  for (std::size_t i = 0; i < error.size(); ++i)
    error[i] = std::max(error[i], in.truncation[first + i] * std::pow(ratio, -d.limit[i]));
}

double median(std::vector<double> values, double quantile = 0.5) {
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  if (values.empty()) return 0;
  const auto place = values.begin() +
                     static_cast<std::ptrdiff_t>(quantile * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

struct Extent {
  double range = 0, middle = 0;  // the median of |V|
};

Extent extent_of(std::span<const double> V) {
  double lo = std::numeric_limits<double>::infinity(), hi = -lo;
  std::vector<double> sizes;
  for (const double v : V) {
    if (!std::isfinite(v)) continue;
    lo = std::min(lo, v);
    hi = std::max(hi, v);
    sizes.push_back(std::abs(v));
  }
  if (sizes.empty()) return {};
  return {hi - lo, median(std::move(sizes))};
}

// Beside a pole of V at an end its error is a function of the nodes to the end, the same on all
// grids, so that differences show little of it; relative to V it fades with their number.
void fade_from_poles(const Grid& grid, std::span<const double> V, std::span<double> error) {
  for (std::size_t k = 0; k < grid.dimension(); ++k) {
    const auto& nodes = grid.axes[k].nodes;
    const std::size_t count = nodes.size(), stride = grid.stride(k);
    for (std::size_t u = 0; u < V.size(); ++u) {
      const std::size_t i = u / stride % count;
      if (std::isfinite(V[u]) || (i != 0 && i + 1 != count)) continue;
      double most = 0;
      for (std::size_t d = 1; d < std::min(count, kPole); ++d) {
        const std::size_t at = i == 0 ? u + d * stride : u - d * stride;
        const double way = std::abs(nodes[i == 0 ? d : count - 1 - d] - nodes[i]);
        const double size = std::abs(V[at]);
        if (!std::isfinite(size) || !std::isfinite(error[at])) break;
        if (size > 0) most = std::max(most, error[at] / size * way);
        error[at] = std::max(error[at], size * most / way);
      }
    }
  }
}

// The share of the nodes at which the ends change V by more than the grid does.
double ends_share(const NestedValues& in, const std::vector<double>& discrete) {
  if (in.ends.empty()) return 0;
  const std::vector<double> ends = prolong(*in.ends_on, in.ends, *in.half, in.regimes);
  double count = 0;
  for (std::size_t i = 0; i < ends.size(); ++i) count += ends[i] > discrete[i];
  return count / static_cast<double>(ends.size());
}

/// Adds what the order does not see where V is steep: layers of a noisy model, and poles.
void add_where_steep(const NestedValues& in, std::size_t regime, double range,
                     std::span<double> errors) {
  const std::size_t points = in.fine->points();
  const std::span<const double> V1 = part_of(*in.fine, in.V1, regime);
  const std::span<double> error = errors.subspan(regime * points, points);
  if (in.noisy) add_layers(*in.fine, V1, *in.half, part_of(*in.half, in.V2, regime), range, error);
  fade_from_poles(*in.fine, V1, error);
}

}  // namespace

ErrorEstimate estimate_error(const NestedValues& in) {
  const auto regimes = static_cast<std::size_t>(in.regimes);
  const Extent extent = extent_of(in.V1);
  std::vector<Differences> all;
  for (std::size_t r = 0; r < regimes; ++r) all.push_back(differences_of(in, r, extent.range));
  const double ratio = total_ratio(*in.half, all, kTiny * extent.middle);
  ErrorEstimate result;
  result.order = std::log(ratio) / std::log(ratio_of(*in.half, *in.coarsest));
  std::vector<double> discrete;  // at all nodes of the half grid
  std::size_t growing = 0;
  double upwind = 0;
  for (const Differences& d : all) {
    std::vector<double> e = discrete_error(in, d, result.order, growing);
    compare_truncation(in, d, discrete.size(), e);
    discrete.insert(discrete.end(), e.begin(), e.end());
    upwind += d.upwind / static_cast<double>(regimes);
  }
  result.ends_share = ends_share(in, discrete);
  const double nodes = static_cast<double>(discrete.size());
  const std::vector<double> ends(in.ends.begin(), in.ends.end());
  result.regular = std::isnan(ratio)
                       ? !in.V4.empty()
                       : result.order >= kLeastOrder && result.order <= 2 - upwind + kOrderExcess &&
                             static_cast<double>(growing) <= kMostIncreasing * nodes &&
                             median(discrete, 0.95) <= kLargeError * extent.range &&
                             median(ends) <= median(discrete);
  const double safety = result.regular && !in.kinks ? kSafety : kIrregularSafety;
  result.error = prolong(*in.half, discrete, *in.fine, in.regimes);
  for (double& e : result.error) e = safety * e + kTiny * extent.middle;
  for (std::size_t r = 0; r < regimes; ++r) add_where_steep(in, r, extent.range, result.error);
  if (in.ends.empty()) return result;
  const std::vector<double> more = prolong(*in.ends_on, in.ends, *in.fine, in.regimes);
  for (std::size_t i = 0; i < more.size(); ++i) result.error[i] += safety * more[i];
  return result;
}

}  // namespace hopf::runtime
