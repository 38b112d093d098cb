// Ends at which only a control of infinite cost stays, as wealth 0 is where a utility has its pole.
//
// V is infinite there and finite beside it: paths come closer for ever and do not arrive. No chain
// on evenly spaced nodes does that, so the cell beside the end has a policy of its own: controls
// that go linearly from those at its inner node to those that stay, as large as is best. Its cost
// is an integral along one path, an upper bound of V but for noise, which is left out, and the
// value of the inner node. What it misses fades inward.
#include <algorithm>
#include <cmath>
#include <limits>

#include "value/policy_system.hpp"

namespace hopf::runtime {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNoDrift = 1e-12;     // relative to the axis
constexpr int kPanels = 120;           // of y = -log(distance to the end over the cell's width),
constexpr double kPanel = 0.25;        // each so long
constexpr double kWidest = 80;         // log of the factors that are tried
constexpr double kStride = 1;          // from one to the next
constexpr int kSections = 40;          // golden ones of the best interval
constexpr std::size_t kApart = 8;      // points of the path from which its rest is told
constexpr double kSteady = 10;         // growth of k on the last half of the path
constexpr double kEven = 1e-6;         // of m y: no growth but for rounding
constexpr double kSame = 1e-6;         // change of the controls' direction that means nothing
constexpr std::size_t kMostStays = 6;  // controls of which all combinations of bounds are tried

/// The place of the least value of a function of a logarithm, and the value.
template <class Function>
std::pair<double, double> least_over(Function cost) {
  double best = 0, least = kInfinity;
  for (double log = -kWidest; log <= kWidest; log += kStride) {
    const double value = cost(log);
    if (value < least) least = value, best = log;
  }
  const double golden = 0.5 * (std::sqrt(5.0) - 1);
  double lo = best - kStride, hi = best + kStride;
  double a = hi - golden * (hi - lo), b = lo + golden * (hi - lo), at_a = cost(a), at_b = cost(b);
  for (int k = 0; k < kSections; ++k) {
    if (at_a < at_b) {
      hi = b, b = a, at_b = at_a, a = hi - golden * (hi - lo), at_a = cost(a);
    } else {
      lo = a, a = b, at_a = at_b, b = lo + golden * (hi - lo), at_b = cost(b);
    }
  }
  return {0.5 * (lo + hi), std::min({least, at_a, at_b})};
}

}  // namespace

// Cost, discount and drift along an axis at points beside a node, each with its own controls.
std::vector<PolicySystem::Along> PolicySystem::along(
    std::size_t unknown, std::size_t axis, std::span<const double> x,
    const std::vector<std::vector<double>>& controls) const {
  const std::size_t point = unknown % points_, regime = unknown / points_, last = dimension_ - 1;
  const double one = 1, nothing = 0;
  std::vector<Along> result;
  std::vector<double> tables, outputs;
  for (std::size_t i = 0; i < x.size(); ++i) {
    std::vector<std::vector<double>> own(dimension_);
    for (std::size_t k = 0; k < dimension_; ++k) {
      const std::size_t node = point / problem_.grid.stride(k) % problem_.grid.axes[k].nodes.size();
      for (const auto& entry : blocks_[k]) own[k].push_back(entry[node]);
      own[k][1] = own[k][2] = one;
    }
    own[axis][0] = x[i];
    if (own[axis].size() > kFixedEntries) {
      std::vector<void*> out;
      for (std::size_t j = kFixedEntries; j < own[axis].size(); ++j) out.push_back(&own[axis][j]);
      const void* in[] = {&x[i]};
      problem_.tables[axis]({1, &t_, in, out.data()});
    }
    std::vector<double> uniforms{t_};
    for (std::size_t k = 0; k < last; ++k)
      uniforms.insert(uniforms.end(), own[k].begin(), own[k].end());
    std::vector<const void*> in;
    for (const double& entry : own[last]) in.push_back(&entry);
    in.resize(in.size() + p_.size() + pair_d_.size(), &nothing);
    for (const auto& control : controls) in.push_back(&control[i]);
    in.resize(in.size() + given_a_.size(), &nothing);
    in.resize(in.size() + spacings_.size(), &one);
    outputs.assign(3 + w_.size() + pair_w_.size() + rates_.size(), 0.0);
    std::vector<void*> out;
    for (double& value : outputs) out.push_back(&value);
    problem_.apply[regime]({1, uniforms.data(), in.data(), out.data()});
    result.push_back({outputs[1], outputs[2], outputs[4 + 2 * axis] - outputs[3 + 2 * axis]});
  }
  return result;
}

// Controls at an end that stay there and cost infinitely much; as near as possible to given ones.
std::vector<double> PolicySystem::staying_controls(const SingularEnd& end) const {
  const std::size_t count = controls_.size();
  std::vector<double> start, best;
  for (const auto& control : controls_) start.push_back(control[end.second]);
  if (count > kMostStays) return {};
  std::size_t least = count + 1;
  const auto combinations = static_cast<std::size_t>(std::pow(3.0, count));
  const double x = blocks_[end.axis][0][end.upper ? blocks_[end.axis][0].size() - 1 : 0];
  const double length = problem_.grid.axes[end.axis].hi - problem_.grid.axes[end.axis].lo;
  for (std::size_t k = 0; k < combinations; ++k) {
    std::vector<std::vector<double>> u;
    std::size_t changes = 0, rest = k;
    for (std::size_t c = 0; c < count; ++c, rest /= 3) {
      const auto [lo, hi] = problem_.control_range[c];
      changes += rest % 3 != 0;
      u.push_back({rest % 3 == 0 ? start[c] : rest % 3 == 1 ? lo : hi});
    }
    const bool bounded =
        std::all_of(u.begin(), u.end(), [](const auto& v) { return std::isfinite(v.front()); });
    if (changes >= least || !bounded) continue;
    const Along here = along(end.node, end.axis, std::span(&x, 1), u).front();
    const double out = end.upper ? here.drift : -here.drift;
    if (!(out <= kNoDrift * length) || std::isfinite(here.cost)) continue;
    least = changes;
    best.clear();
    for (const auto& v : u) best.push_back(v.front());
  }
  return best;
}

// What is paid beyond the last points of a path, where the running cost goes on as A + B e^(m y):
// the integral of e^(-r y) times it over k, r the discount over k.
double PolicySystem::cost_of_rest(const std::vector<Along>& path, double k) const {
  const std::size_t last = path.size() - 1;
  const double later = path[last].cost - path[last - kApart].cost,
               before = path[last - kApart].cost - path[last - 2 * kApart].cost;
  const double r = path[last].discount / k, length = 0.5 * kPanel * kApart;
  if (later == 0) return r > 0 ? path[last].cost / (r * k) : 0;
  const double ratio = later / before, m = std::log(ratio) / length;
  if (!(ratio > 0) || !(r > std::max(m, 0.0))) return later > 0 ? kInfinity : 0;
  const double rise = std::abs(m) * length < kEven ? later / length : later * m / (1 - 1 / ratio);
  return (path[last].cost / r + rise / (r * (r - m))) / k;
}

// The cost of the path from the cell's inner node toward the end under controls that are `factor`
// times as large as those that are linear up to the second node.
double PolicySystem::cost_toward(const SingularEnd& end, double factor) const {
  const auto& nodes = blocks_[end.axis][0];
  const double at = nodes[end.upper ? nodes.size() - 1 : 0];
  const double inner = nodes[end.upper ? nodes.size() - 2 : 1] - at;
  const double second = nodes[end.upper ? nodes.size() - 3 : 2] - at;
  std::vector<double> x, share;
  for (int k = 0; k <= 2 * kPanels; ++k) {
    share.push_back(std::exp(-0.5 * k * kPanel));
    x.push_back(at + inner * share.back());
  }
  std::vector<std::vector<double>> u(controls_.size());
  for (std::size_t c = 0; c < u.size(); ++c) {
    const double slope = factor * (controls_[c][end.second] - end.stay[c]) * inner / second;
    const auto [lo, hi] = problem_.control_range[c];
    for (const double s : share) u[c].push_back(std::clamp(end.stay[c] + slope * s, lo, hi));
  }
  const std::vector<Along> path = along(end.inner, end.axis, x, u);
  // With y = -log s time runs as dt = dy/k, k = -f/(x - at).
  const auto speed = [&](std::size_t k) { return -path[k].drift / (x[k] - at); };
  // Controls at their bounds all the way arrive.
  if (!(speed(2 * kPanels) <= kSteady * speed(kPanels))) return kInfinity;
  double discount = 0, sum = 0;
  for (std::size_t k = 0; k + 2 < path.size(); k += 2) {
    double parts[3], laps[3];
    for (std::size_t j = 0; j < 3; ++j) {
      if (!(speed(k + j) > 0)) return k == 0 && j == 0 ? kInfinity : sum;
      laps[j] = 1 / speed(k + j);
    }
    const double fall = path[k].discount * kPanel * (laps[0] + 4 * laps[1] + laps[2]) / 6;
    for (std::size_t j = 0; j < 3; ++j)
      parts[j] =
          path[k + j].cost * laps[j] * std::exp(-discount - 0.5 * static_cast<double>(j) * fall);
    sum += kPanel * (parts[0] + 4 * parts[1] + parts[2]) / 6;
    discount += fall;
  }
  return sum + std::exp(-discount) * cost_of_rest(path, speed(path.size() - 1));
}

void PolicySystem::value_singular_end(SingularEnd& end) {
  std::vector<double> now;
  double length = 0;
  for (std::size_t c = 0; c < controls_.size(); ++c) {
    now.push_back(controls_[c][end.second] - end.stay[c]);
    length = std::max(length, std::abs(now.back()));
  }
  bool same = end.seen.size() == now.size();
  for (std::size_t c = 0; c < now.size(); ++c) {
    if (length > 0) now[c] /= length;  // how far is found here
    same = same && std::abs(now[c] - end.seen[c]) <= kSame;
  }
  if (same) return;
  end.seen = now;
  const auto [log, least] =
      least_over([&](double trial) { return cost_toward(end, std::exp(trial)); });
  if (!std::isfinite(least)) return;
  pin(end.inner, least);
  const double factor = std::exp(log);
  const auto& nodes = blocks_[end.axis][0];
  const std::size_t n = nodes.size();
  const double ratio = end.upper ? (nodes[n - 2] - nodes[n - 1]) / (nodes[n - 3] - nodes[n - 1])
                                 : (nodes[1] - nodes[0]) / (nodes[2] - nodes[0]);
  for (std::size_t c = 0; c < controls_.size(); ++c) {
    controls_[c][end.node] = end.stay[c];
    const auto [lowest, highest] = problem_.control_range[c];
    const double u = end.stay[c] + factor * ratio * (controls_[c][end.second] - end.stay[c]);
    controls_[c][end.inner] = std::clamp(u, lowest, highest);
  }
}

std::vector<std::size_t> PolicySystem::find_singular_ends() {
  std::vector<std::size_t> result;
  if (problem_.control_range.size() != controls_.size()) return result;
  // The path in the cell knows nothing of time, other states and regimes.
  const bool alone = problem_.horizon <= 0 && dimension_ == 1 && regimes_ == 1;
  for (std::size_t u = 0; u < unknowns(); ++u) {
    const std::size_t point = u % points_;
    if (fixed(u) || !leaves(u)) continue;
    for (std::size_t side = 0; side < 2 * dimension_; ++side) {
      const std::size_t axis = side / 2, stride = problem_.grid.stride(axis);
      const std::size_t count = problem_.grid.axes[axis].nodes.size();
      const bool upper = side % 2 == 1;
      if (!problem_.stays[side] || count < 4) continue;
      if (point / stride % count != (upper ? count - 1 : 0)) continue;
      SingularEnd end{u,
                      upper ? u - stride : u + stride,
                      upper ? u - 2 * stride : u + 2 * stride,
                      axis,
                      upper,
                      {},
                      {}};
      end.stay = staying_controls(end);
      if (end.stay.empty() || fixed(end.inner) || fixed(end.second)) continue;
      result.push_back(u);
      if (alone) singular_.push_back(std::move(end));
      break;
    }
  }
  return result;
}

void PolicySystem::value_singular_ends() {
  for (SingularEnd& end : singular_) value_singular_end(end);
}

}  // namespace hopf::runtime
