#include "value/value_function.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/between.hpp"
#include "value/quadratic_levels.hpp"

namespace hopf::runtime {

namespace {

constexpr double kJump = 1e-9;  // levels so close, relative to others, are both sides of a jump

// The stored levels around t and the weight of the later one; times outside are held at the ends.
struct Moment {
  std::size_t before = 0, after = 0;
  double weight = 0;
};

template <class TimeOf>
Moment find_moment(std::size_t count, double t, TimeOf time_of) {
  if (count < 2 || !(t > time_of(0))) return {};
  if (t >= time_of(count - 1)) return {count - 1, count - 1, 0};
  std::size_t low = 0, high = count - 1;
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    (time_of(middle) <= t ? low : high) = middle;
  }
  return {low, high, (t - time_of(low)) / (time_of(high) - time_of(low))};
}

Moment moment_of(const ValueFunction& V, double t) {
  return find_moment(V.times.size(), t, [&](std::size_t k) { return V.times[k]; });
}

/// Of a closed form: the sum of at(level) over the times around t, each with its weight.
template <class At>
double combined(const ValueFunction& V, double t, int regime, At at) {
  const QuadraticMoment moment = quadratic_moment(V.quadratic, V.regimes, t);
  double sum = 0;
  for (std::size_t i = 0; i < moment.weights.size(); ++i) {
    const std::size_t level = (moment.first + i) * static_cast<std::size_t>(V.regimes);
    sum += moment.weights[i] * at(V.quadratic[level + static_cast<std::size_t>(regime - 1)]);
  }
  return sum;
}

template <class At>
double blend(const Moment& moment, At at) {
  const double before = at(moment.before);
  if (moment.weight == 0) return before;
  return between(before, at(moment.after), moment.weight);
}

/// Row i of M x + v.
double affine_row(const std::vector<double>& M, const std::vector<double>& v, std::size_t i,
                  std::span<const double> x) {
  double sum = v[i];
  for (std::size_t j = 0; j < x.size(); ++j) sum += M[i * x.size() + j] * x[j];
  return sum;
}

/// Between levels V is linear in t: the second differences on both sides tell how far it bends,
/// and what it misses there is L^2/2 times that times w (1 - w). Where both sides jump, the slopes
/// beyond the jumps stand for those at the ends: such an interval is one step of the solver.
template <class At>
double turn_between(const std::vector<double>& times, const Moment& moment, At V) {
  const auto slope = [&](std::size_t k) { return (V(k + 1) - V(k)) / (times[k + 1] - times[k]); };
  const double length = times[moment.after] - times[moment.before], here = slope(moment.before);
  double bend = 0, beyond = 0;
  bool known = false;
  for (const std::size_t middle : {moment.before, moment.after}) {
    const bool lower = middle == moment.before;
    if (middle == 0 || middle + 1 >= times.size()) continue;
    std::size_t other = lower ? middle - 1 : middle;
    double width = times[other + 1] - times[other];
    const bool jump = width < kJump * (width + length);
    if (jump && (lower ? other == 0 : other + 2 >= times.size())) continue;
    if (jump) other += lower ? -1 : 1;
    const double turn = std::abs(slope(other) - here);
    if (!std::isfinite(turn)) continue;
    if (jump) beyond = std::max(beyond, turn);
    if (!jump) bend = std::max(bend, 2 * turn / (width + length));
    known = known || !jump;
  }
  return known ? 0.5 * length * length * bend : length * beyond;
}

std::span<const double> regime_part(const Grid& grid, const std::vector<double>& field,
                                    int regime) {
  return std::span(field).subspan(static_cast<std::size_t>(regime - 1) * grid.points(),
                                  grid.points());
}

}  // namespace

bool Report::has_warning() const {
  return std::any_of(checks.begin(), checks.end(),
                     [](const Check& check) { return check.warning; });
}

double ValueFunction::operator()(std::span<const double> x, double t, int regime) const {
  if (!on_grid()) {
    return combined(*this, t, regime,
                    [&](const QuadraticLevel& level) { return quadratic_value(level, x); });
  }
  return blend(moment_of(*this, t), [&](std::size_t level) {
    return interpolate(grid, regime_part(grid, value[level], regime), x);
  });
}

double ValueFunction::error(std::span<const double> x, double t, int regime) const {
  if (!on_grid()) return 0;
  if (node_error.empty()) return std::numeric_limits<double>::infinity();
  const Moment moment = moment_of(*this, t);
  const auto V = [&](std::size_t level) {
    return interpolate(grid, regime_part(grid, value[level], regime), x);
  };
  double sum = blend(moment, [&](std::size_t level) {
    return interpolate(grid, regime_part(grid, node_error[level], regime), x) +
           interpolation_error(grid, regime_part(grid, value[level], regime), x);
  });
  if (moment.weight == 0) return sum;
  return sum + turn_between(times, moment, V) * moment.weight * (1 - moment.weight);
}

std::optional<ValueFunction> ValueFunction::error_field() const {
  if (node_error.empty()) return std::nullopt;
  ValueFunction result = *this;
  result.quantity = "error of V";
  result.reward = false;
  result.value = node_error;
  result.node_error.clear();
  result.policy.clear();
  result.controls.clear();
  return result;
}

std::vector<double> ValueFunction::gradient(std::span<const double> x, double t, int regime) const {
  const std::size_t n = x.size();
  if (!on_grid()) {
    std::vector<double> result(n);
    for (std::size_t i = 0; i < n; ++i) {
      result[i] = combined(*this, t, regime, [&](const QuadraticLevel& level) {
        return affine_row(level.P, level.p, i, x);
      });
    }
    return result;
  }
  const auto at_level = [&](std::size_t level) {
    std::vector<double> result(n, 0.0);
    runtime::gradient(grid, regime_part(grid, value[level], regime), x, result);
    return result;
  };
  const Moment moment = moment_of(*this, t);
  std::vector<double> result = at_level(moment.before);
  if (moment.weight == 0) return result;
  const std::vector<double> after = at_level(moment.after);
  for (std::size_t i = 0; i < n; ++i) result[i] += moment.weight * (after[i] - result[i]);
  return result;
}

std::vector<double> ValueFunction::control(std::span<const double> x, double t, int regime) const {
  if (on_grid() && std::isinf((*this)(x, t, regime)))
    return std::vector<double>(controls.size(), std::numeric_limits<double>::quiet_NaN());
  return law(x, t, regime);
}

std::vector<double> ValueFunction::law(std::span<const double> x, double t, int regime) const {
  std::vector<double> result(controls.size());
  if (!on_grid()) {
    for (std::size_t c = 0; c < controls.size(); ++c) {
      result[c] = combined(*this, t, regime, [&](const QuadraticLevel& level) {
        return affine_row(level.K, level.k, c, x);
      });
    }
    return result;
  }
  const Moment moment = moment_of(*this, t);
  for (std::size_t c = 0; c < controls.size(); ++c) {
    const bool discrete = c < control_is_discrete.size() && control_is_discrete[c];
    const double turn = period(c);
    const Circle circle{0, turn};
    const auto on_level = [&](std::size_t level) {
      const auto field = regime_part(grid, policy[level][c], regime);
      if (turn > 0) return interpolate_circular(grid, field, x, turn);
      return discrete ? nearest(grid, field, x) : interpolate(grid, field, x);
    };
    if (turn <= 0) {
      result[c] = discrete ? on_level(moment.weight > 0.5 ? moment.after : moment.before)
                           : blend(moment, on_level);
      continue;
    }
    const double before = on_level(moment.before), origin = control_circle[c].origin;
    const double on =
        moment.weight > 0 ? moment.weight * circle.near(on_level(moment.after) - before, 0) : 0.0;
    const double u = before + on;
    result[c] = std::clamp(u - turn * std::floor((u - origin) / turn), origin, origin + turn);
  }
  return result;
}

}  // namespace hopf::runtime
