// Open ends: how V continues beyond them. The kind is chosen for each end as V and the policy
// become known.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "value/policy_system.hpp"

namespace hopf::runtime {

namespace {

// A continuation of degree m leaves the growth of V to the model as long as the discount exceeds
// what the dynamics add to the m-th derivative of V, by this share of it.
constexpr double kLeastMargin = 0.1;
constexpr double kLargestPower = 8;  // |s| of x^s

struct Powers {
  double lo = -kLargestPower, hi = kLargestPower;
};

// Powers whose discounted expectation is finite: C > B s + h (s^2 - s) with the share C of the
// discount, drift B x and noise 2 h x^2.
Powers finite_powers(double C, double B, double h) {
  Powers result;
  if (h > 0) {
    const double root = std::sqrt((B - h) * (B - h) + 4 * h * C);
    result = {(h - B - root) / (2 * h), (h - B + root) / (2 * h)};
  } else if (B != 0) {
    (B > 0 ? result.hi : result.lo) = C / B;
  }
  return {std::max(result.lo, -kLargestPower), std::min(result.hi, kLargestPower)};
}

}  // namespace

void PolicySystem::prepare_ends() {
  const auto& ends = axes_stencil_.open_ends();
  ends_.assign(ends.size() * regimes_, {false, degree_});
  if (problem_.fixed_policy || problem_.controls == 0) stage_ = Ends::Choosing;
}

// Drift and noise at the last three nodes of an open end, as the weights have them.
PolicySystem::Motion PolicySystem::motion(const OpenEnd& end, std::size_t regime) const {
  const std::size_t stride = problem_.grid.stride(end.axis), base = regime * points_;
  const auto& nodes = problem_.grid.axes[end.axis].nodes;
  const std::size_t last = end.upper ? nodes.size() - 1 : 0;
  Motion result;
  for (std::size_t k = 0; k < 3; ++k) {
    const std::size_t node = end.upper ? last - k : k;
    const std::size_t u = base + (end.upper ? end.point - k * stride : end.point + k * stride);
    const double lower = w_[2 * end.axis][u], upper = w_[2 * end.axis + 1][u];
    const double below = blocks_[end.axis][1][node], above = blocks_[end.axis][2][node];
    const bool central = lower > 0 && upper > 0;
    result.x[k] = nodes[node];
    result.f[k] = upper * above - lower * below;
    result.a[k] = central ? upper * above * above + lower * below * below : 0;
    result.central = result.central && central;
  }
  return result;
}

// m times differentiated, rho V = L + f V' + 1/2 a V'' reads
//   (rho - m f' - m (m - 1)/4 a'') V^(m) = L^(m) + terms in V^(m+1) and V^(m+2),
// so that taking the latter for zero settles V^(m) only where the bracket is positive; where it
// vanishes, x^m solves the homogeneous equation. f and a are read off the weights of the last three
// nodes.
int PolicySystem::safe_degree(const OpenEnd& end, std::size_t regime) const {
  const auto [x, f, a, central] = motion(end, regime);
  const double slope = (f[0] - f[1]) / (x[0] - x[1]);
  const double inner = (a[1] - a[2]) / (x[1] - x[2]), outer = (a[0] - a[1]) / (x[0] - x[1]);
  const double bend = central ? 2 * (outer - inner) / (x[0] - x[2]) : 0;
  const double rho = shift_ + rho_[regime * points_ + end.point];
  int degree = degree_;
  while (degree > 0 &&
         rho - degree * slope - degree * (degree - 1) / 4.0 * bend < kLeastMargin * rho)
    --degree;
  return degree;
}

// The power of the last V; the next V then solves the linearisation of "its last differences are in
// the ratio of those before", and the iteration remains Newton's.
std::array<double, 2> PolicySystem::powers_of_value(const OpenEnd& end, std::size_t regime,
                                                    std::span<const double> V) const {
  if (V.empty()) return {0, 0};
  const Axis& axis = problem_.grid.axes[end.axis];
  const double power = power_of(axis, end.upper, nodes_apart(axis, regimes_),
                                last_values(end, V.subspan(regime * points_, points_)))
                           .value_or(0);
  const double s = std::clamp(power, -kLargestPower, kLargestPower);
  return {s, s};
}

// With nothing to choose, V is made of the power of the running cost and that of the terminal cost;
// where neither varies, it is the solution without cost that vanishes outward.
std::array<double, 2> PolicySystem::powers_of_cost(const OpenEnd& end, std::size_t regime) const {
  const Motion at = motion(end, regime);
  const Axis& axis = problem_.grid.axes[end.axis];
  const double B = at.f[0] / at.x[0], h = 0.5 * at.a[0] / (at.x[0] * at.x[0]);
  const double rho = shift_ + rho_[regime * points_ + end.point];
  const Powers finite = finite_powers((1 - kLeastMargin) * rho, B, h);
  std::array<double, 2> result{};
  std::size_t found = 0;
  for (const auto* cost : {&L_, &terminal_}) {
    const auto power = power_of(axis, end.upper, nodes_apart(axis, regimes_),
                                last_values(end, std::span(*cost).subspan(regime * points_)));
    if (power) result[found++] = std::clamp(*power, finite.lo, finite.hi);
  }
  const Powers fading = finite_powers(rho, B, h);
  if (found == 0) result[found++] = end.upper ? std::min(fading.lo, 0.0) : std::max(fading.hi, 0.0);
  if (found == 1) result[1] = result[0];
  return result;
}

// Where growth eats the discount no degree is safe. If nothing is paid or chosen out there, V is a
// constant plus a solution without cost, and the one that does not grow outward fades by a power.
double PolicySystem::fading_power(const OpenEnd& end, std::size_t regime) const {
  const Motion at = motion(end, regime);
  const bool one_sign = at.x[0] * at.x[2] > 0 && (at.x[0] > 0) == end.upper;
  if (shift_ > 0 || (problem_.controls > 0 && !problem_.fixed_policy) || !at.central || !one_sign)
    return 0;
  for (const auto* cost : {&L_, &terminal_}) {
    const auto values = last_values(end, std::span(*cost).subspan(regime * points_, points_));
    if (std::adjacent_find(values.begin(), values.end(), std::not_equal_to<>()) != values.end())
      return 0;
  }
  const double rho = rho_[regime * points_ + end.point];
  return finite_powers(rho, at.f[0] / at.x[0], 0.5 * at.a[0] / (at.x[0] * at.x[0])).lo;
}

void PolicySystem::write_end(const OpenEnd& end, std::size_t regime, std::span<const double> V,
                             const Continued& kind) {
  const Axis& axis = problem_.grid.axes[end.axis];
  const int apart = nodes_apart(axis, regimes_);
  const std::span<Term> ghost = axes_stencil_.ghost(end.ghost, regime);
  for (Term& term : ghost) term.coefficient = 0;
  if (kind.power) {
    std::vector<double> coefficients(ghost.size());
    const bool controlled = problem_.controls > 0 && !problem_.fixed_policy;
    const auto powers = controlled ? powers_of_value(end, regime, V) : powers_of_cost(end, regime);
    continue_powers(axis, end.upper, apart, powers, coefficients);
    for (std::size_t k = 0; k < ghost.size(); ++k) ghost[k].coefficient = coefficients[k];
    return;
  }
  const auto places = kind.fading < 0 ? continue_power(axis, end.upper, apart, kind.fading)
                                      : continue_polynomial(axis, end.upper, 1, kind.degree, apart);
  for (std::size_t k = 0; k < places.size(); ++k) ghost[k].coefficient = places[k].second;
}

// The last values of a field at an open end, from the end inward.
std::array<double, PolicySystem::kFitted> PolicySystem::last_values(
    const OpenEnd& end, std::span<const double> field) const {
  const auto apart = static_cast<std::size_t>(nodes_apart(problem_.grid.axes[end.axis], regimes_));
  const std::size_t stride = problem_.grid.stride(end.axis) * apart;
  std::array<double, kFitted> result;
  for (std::size_t k = 0; k < kFitted; ++k)
    result[k] = field[end.upper ? end.point - k * stride : end.point + k * stride];
  return result;
}

// Whether the running cost, or the terminal cost where there is none, is a parabola at an end.
bool PolicySystem::parabolic(const OpenEnd& end, std::size_t regime) const {
  const Axis& axis = problem_.grid.axes[end.axis];
  for (const auto* cost : {&L_, &terminal_}) {
    const auto values = last_values(end, std::span(*cost).subspan(regime * points_, points_));
    if (std::adjacent_find(values.begin(), values.end(), std::not_equal_to<>()) != values.end())
      return looks_like_parabola(axis, end.upper, nodes_apart(axis, regimes_), values);
  }
  return false;
}

void PolicySystem::continue_ends(std::span<const double> V) {
  const auto& ends = axes_stencil_.open_ends();
  for (std::size_t e = 0; e < ends_.size(); ++e) {
    const OpenEnd& end = ends[e % ends.size()];
    const std::size_t regime = e / ends.size();
    const Axis& axis = problem_.grid.axes[end.axis];
    Continued& kind = ends_[e];
    if (axis.geometric() && axis.nodes.size() >= kFitted && stage_ != Ends::Settled)
      kind.power = stage_ == Ends::Rough || !parabolic(end, regime);
    const int degree = axis.nodes.size() < 3 ? 1 : safe_degree(end, regime);
    kind.degree = stage_ == Ends::Settled ? std::min(kind.degree, degree) : degree;
    kind.fading = kind.degree < degree_ ? fading_power(end, regime) : 0;
    write_end(end, regime, V, kind);
  }
}

std::size_t PolicySystem::lowered_ends() const {
  return static_cast<std::size_t>(
      std::count_if(ends_.begin(), ends_.end(), [&](const Continued& kind) {
        return !kind.power && kind.fading == 0 && kind.degree < degree_;
      }));
}

bool PolicySystem::continues(std::size_t unknown) const {
  const std::size_t point = unknown % points_;
  const int reach = split_.empty() ? 1 : kReach;
  for (std::size_t k = 0; k < dimension_; ++k) {
    if (rules_[k] != Boundary::Extrapolate) continue;
    const int count = static_cast<int>(problem_.grid.axes[k].nodes.size());
    const int i = static_cast<int>(point / problem_.grid.stride(k)) % count;
    if (i < reach || i + reach >= count) return true;
  }
  return false;
}

}  // namespace hopf::runtime
