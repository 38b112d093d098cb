#include "driver/path_steps.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <complex>
#include <numeric>

#include "kernel/path_quiet_ends.hpp"

namespace hopf::driver {
namespace {

using model::Model;
using Vector = std::vector<double>;

constexpr std::size_t kParts = 64;  // of the time, with steps of their own
constexpr std::size_t kWhole = 12;  // states up to which the Jacobian is formed
constexpr int kPowers = 12;         // steps of the power iteration beyond
constexpr double kNudge = 1e-6;     // of a state's scale
constexpr double kPerRate = 0.02, kPerChange = 0.1, kStable = 0.5;
constexpr double kMost = 100'000;  // steps
constexpr double kQuiet =
    0.01;  // of a domain's width: as near to a quiet end as rates are measured
constexpr double kGrowth = 0.015;  // of a mode while it lasts, that is none of the model's

/// Drift and noise at a point, with the controls of the policy there, in one regime.
class Coefficients {
 public:
  Coefficients(const SimulationJob& job, int regime)
      : job_(job), regime_(regime), at_(job.model.bindings()) {
    const Model& m = job.model;
    if (m.regime) at_[m.regime->symbol] = regime;
    for (const expr::ExprId entry : m.diffusion)
      if (!m.store->is_zero(entry)) noise_.push_back(entry);
    columns_ = m.noise_count();
    const expr::Substitution known = m.parameter_values();
    for (std::size_t i = 0; i < m.dimension(); ++i) {
      std::vector<expr::ExprId> row;
      for (std::size_t k = 0; k < columns_; ++k)
        row.push_back(expr::substitute(*m.store, m.diffusion[i * columns_ + k], known));
      quiet_.push_back(kernel::quiet_ends(*m.store, m, m.states[i], row));
    }
  }

  /// The point, moved away from ends at which the noise vanishes: steps near them have its mean and
  /// variance however steep it is there, like sqrt(x) at 0.
  Vector away_from_quiet_ends(Vector x) const {
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (!quiet_[i].any()) continue;
      const model::State& state = job_.model.states[i];
      const double room = kQuiet * (*state.hi - *state.lo);
      if (quiet_[i].lower) x[i] = std::max(x[i], *state.lo + room);
      if (quiet_[i].upper) x[i] = std::min(x[i], *state.hi - room);
    }
    return x;
  }

  std::size_t states() const { return job_.model.dimension(); }
  std::size_t columns() const { return columns_; }

  /// Binds a point; a gridded policy keeps the controls of the last `settle`, since its slope
  /// across a jump is no rate.
  void bind(const Vector& x, double t) {
    const Model& m = job_.model;
    at_[m.time] = t;
    for (std::size_t i = 0; i < x.size(); ++i) at_[m.states[i].symbol] = x[i];
    const bool held = job_.value && job_.value->on_grid();
    if (!held) settle(x, t);
  }
  void settle(const Vector& x, double t) {
    const Model& m = job_.model;
    at_[m.time] = t;
    for (std::size_t i = 0; i < x.size(); ++i) at_[m.states[i].symbol] = x[i];
    if (m.controls.empty()) return;
    if (!job_.value) {
      for (const auto& control : m.controls)
        at_[control.symbol] = expr::evaluate(*m.store, job_.policy->at(control.name), at_);
      return;
    }
    const Vector u = job_.value->control(x, t, regime_);
    for (const auto& control : m.controls) {
      for (std::size_t k = 0; k < job_.value->controls.size(); ++k)
        if (job_.value->controls[k].name == control.name) at_[control.symbol] = u[k];
    }
  }

  Vector drift() const { return values(job_.model.drift); }
  /// Entries that are not zero everywhere.
  Vector noise() const { return values(noise_); }
  /// All of them, row-major.
  Vector diffusion() const { return values(job_.model.diffusion); }

 private:
  Vector values(const std::vector<expr::ExprId>& entries) const {
    Vector result;
    for (const expr::ExprId e : entries)
      result.push_back(expr::evaluate(*job_.model.store, e, at_));
    return result;
  }

  const SimulationJob& job_;
  int regime_;
  expr::Binding at_;
  std::vector<expr::ExprId> noise_;
  std::size_t columns_ = 0;
  std::vector<kernel::QuietEnds> quiet_;  // one a state
};

double size_of(const Vector& v) {
  double sum = 0;
  for (const double x : v) sum += x * x;
  return std::sqrt(sum);
}

/// How far apart two numbers of one state are that matter.
Vector scales_of(const Model& model, const Vector& x) {
  Vector scales;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const model::State& state = model.states[i];
    const double width = state.lo ? *state.hi - *state.lo : 0.0;
    scales.push_back(std::max({std::abs(x[i]), 1e-2 * width, 1e-2}));
  }
  return scales;
}

double spectral_radius(const Eigen::MatrixXd& A) {
  if (!A.allFinite()) return 0;
  return A.eigenvalues().cwiseAbs().maxCoeff();
}

/// Drift and noise, one after the other.
Vector coefficients_at(Coefficients& c, const Vector& x, double t) {
  c.bind(x, t);
  Vector result = c.drift();
  const Vector noise = c.diffusion();
  result.insert(result.end(), noise.begin(), noise.end());
  return result;
}

/// Jacobians of the drift and of the noise's columns, from differences. Of the two halves of a
/// nudge the one with the smaller change counts: a jump lies in one only, and its slope is no rate.
std::vector<Eigen::MatrixXd> jacobians(Coefficients& c, const Model& model, const Vector& x,
                                       double t) {
  const std::size_t n = c.states(), columns = c.columns();
  const Vector scales = scales_of(model, x);
  c.settle(x, t);
  const auto size = static_cast<Eigen::Index>(n);
  std::vector<Eigen::MatrixXd> result(columns + 1, Eigen::MatrixXd(size, size));
  const Vector here = coefficients_at(c, x, t);
  for (std::size_t j = 0; j < n; ++j) {
    Vector middle = x, far = x;
    middle[j] += kNudge * scales[j] / 2;
    far[j] += kNudge * scales[j];
    const Vector half = coefficients_at(c, middle, t), whole = coefficients_at(c, far, t);
    const auto slope = [&](std::size_t e) {
      const double near = (half[e] - here[e]) / (middle[j] - x[j]);
      const double beyond = (whole[e] - half[e]) / (far[j] - middle[j]);
      return std::abs(beyond) < std::abs(near) ? beyond : near;
    };
    const auto column = static_cast<Eigen::Index>(j);
    for (std::size_t i = 0; i < n; ++i) {
      const auto row = static_cast<Eigen::Index>(i);
      result[0](row, column) = slope(i);
      for (std::size_t k = 0; k < columns; ++k)
        result[k + 1](row, column) = slope(n + i * columns + k);
    }
  }
  return result;
}

/// How long a mode lasts.
double lasting(std::complex<double> rate, double until) {
  return rate.real() < 0 ? std::min(until, -1 / rate.real()) : until;
}

/// Spectral radius of the drift's Jacobian plus the squared ones of the noise's columns. Where the
/// drift is corrected, the phase of what swings for long, (h w)^2 w T/6, is held to kGrowth too.
double rate_by_jacobian(Coefficients& c, const SimulationJob& job, const Vector& x, double t) {
  const std::vector<Eigen::MatrixXd> A = jacobians(c, job.model, x, t);
  double rate = spectral_radius(A[0]);
  for (std::size_t k = 1; k < A.size(); ++k) rate += std::pow(spectral_radius(A[k]), 2);
  if (!job.corrected || !A[0].allFinite()) return rate;
  const Eigen::VectorXcd modes = A[0].eigenvalues();
  for (const auto& mode : modes) {
    const double phase = std::pow(std::abs(mode), 3) * lasting(mode, job.until);
    rate = std::max(rate, kPerRate * std::sqrt(phase / (6 * kGrowth)));
  }
  return rate;
}

/// The same for many states: a power iteration by differences along a direction.
double rate_by_powers(Coefficients& c, const Model& model, const Vector& x, double t) {
  const Vector scales = scales_of(model, x);
  c.settle(x, t);
  const Vector f = c.drift(), s = c.noise();
  Vector v(x.size());
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = i % 3 == 1 ? -1.0 : 1.0;
  double grown = 0, noise = 0;
  for (int k = 0; k < kPowers; ++k) {
    const double length = size_of(v);
    if (!(length > 0) || !std::isfinite(length)) return 0;
    Vector moved = x;
    for (std::size_t i = 0; i < v.size(); ++i) moved[i] += kNudge * scales[i] * v[i] / length;
    c.bind(moved, t);
    const Vector f1 = c.drift(), s1 = c.noise();
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = (f1[i] - f[i]) / (kNudge * scales[i]);
    if (k >= kPowers / 2) grown += std::log(std::max(size_of(v), 1e-300)) / (kPowers - kPowers / 2);
    Vector change;
    for (std::size_t e = 0; e < s.size(); ++e) change.push_back((s1[e] - s[e]) / kNudge);
    noise = std::max(noise, size_of(change) / size_of(scales));
  }
  return std::exp(grown) + noise * noise;
}

double rate_at(Coefficients& c, const SimulationJob& job, const Vector& place, double t) {
  const Vector x = c.away_from_quiet_ends(place);
  const double rate =
      x.size() <= kWhole ? rate_by_jacobian(c, job, x, t) : rate_by_powers(c, job.model, x, t);
  return std::isfinite(rate) ? rate : 0;
}

/// How fast drift and noise change in time at a point, in parts of their own size; the drift's size
/// is at least a third of what it is at most, for it may pass through zero.
double change_at(Coefficients& c, const Vector& x, double t, double delta, double most) {
  c.settle(x, t);
  const Vector f = c.drift(), s = c.noise();
  c.settle(x, t + delta);
  const Vector f1 = c.drift(), s1 = c.noise();
  const auto relative = [&](const Vector& a, const Vector& b, double least) {
    Vector change;
    for (std::size_t i = 0; i < a.size(); ++i) change.push_back(b[i] - a[i]);
    const double size = std::max({size_of(a), size_of(b), least});
    return size > 0 ? size_of(change) / (delta * size) : 0.0;
  };
  const double rate = std::max(relative(f, f1, most / 3), relative(s, s1, 0));
  return std::isfinite(rate) ? rate : 0;
}

/// The middle and the face centres of the inner half of the domain, where there is one.
std::vector<Vector> domain_points(const Model& model) {
  Vector middle;
  for (const model::State& state : model.states) {
    if (!state.lo) return {};
    middle.push_back((*state.lo + *state.hi) / 2);
  }
  std::vector<Vector> points{middle};
  for (std::size_t i = 0; i < middle.size() && middle.size() <= kWhole; ++i) {
    for (const double bound : {*model.states[i].lo, *model.states[i].hi}) {
      points.push_back(middle);
      points.back()[i] = (middle[i] + bound) / 2;
    }
  }
  return points;
}

bool changes_in_time(const SimulationJob& job) {
  const Model& m = job.model;
  const auto mentions = [&](expr::ExprId e) {
    const auto symbols = expr::free_symbols(*m.store, e);
    return std::find(symbols.begin(), symbols.end(), m.time) != symbols.end();
  };
  if (job.value && job.value->horizon) return true;
  if (job.policy && !job.value)
    for (const auto& [name, law] : *job.policy)
      if (mentions(law)) return true;
  return std::any_of(m.drift.begin(), m.drift.end(), mentions) ||
         std::any_of(m.diffusion.begin(), m.diffusion.end(), mentions);
}

std::vector<Vector> points_of(const SimulationJob& job) {
  std::vector<Vector> points{job.options.from.empty() ? job.model.initial->mean : job.options.from};
  for (Vector& point : domain_points(job.model)) points.push_back(std::move(point));
  return points;
}

/// The rate that the step is to keep to in each part of the time, in one regime: 0.02 over it.
Vector rates_in(Coefficients c, const SimulationJob& job, const std::vector<Visited>& visited,
                const Vector& edges) {
  const std::size_t parts = edges.size() - 1;
  Vector rates(parts, 0.0);
  const auto raise = [&](std::size_t part, double rate) {
    for (std::size_t p = part > 0 ? part - 1 : 0; p <= std::min(part, parts - 1); ++p)
      rates[p] = std::max(rates[p], rate);
  };
  const std::vector<Vector> points = points_of(job);
  double most = 0;
  for (std::size_t part = 0; part <= parts; ++part) {
    c.settle(points[0], edges[part]);
    if (const double size = size_of(c.drift()); std::isfinite(size)) most = std::max(most, size);
  }
  for (std::size_t part = 0; part <= parts; ++part) {
    const double t = edges[part];
    const bool all = part % 8 == 0;
    for (std::size_t p = 0; p < (all ? points.size() : 1); ++p)
      raise(part, rate_at(c, job, points[p], t));
    if (parts == 1) continue;
    const double room = part < parts ? 0.5 * (edges[part + 1] - t) : 0.0;
    const double delta = std::min(1e-6 * job.until, room);
    if (delta > 0) raise(part, kPerRate / kPerChange * change_at(c, points[0], t, delta, most));
  }
  for (const Visited& v : visited) {
    const auto after = std::upper_bound(edges.begin(), edges.end() - 1, v.t);
    raise(static_cast<std::size_t>(after - edges.begin()) - 1, rate_at(c, job, v.x, v.t));
  }
  return rates;
}

/// In whatever regime needs the shortest steps.
Vector rates_over_time(const SimulationJob& job, const std::vector<Visited>& visited,
                       const Vector& edges) {
  if (!job.model.regime) return rates_in(Coefficients(job, 1), job, visited, edges);
  Vector rates(edges.size() - 1, 0.0);
  for (int regime = 1; regime <= job.model.regime->count; ++regime) {
    const Vector here = rates_in(Coefficients(job, regime), job, visited, edges);
    for (std::size_t p = 0; p < rates.size(); ++p) rates[p] = std::max(rates[p], here[p]);
  }
  return rates;
}

/// Equal parts of the time, cut where steps are to end.
Vector edges_of(const SimulationJob& job) {
  const std::size_t parts = changes_in_time(job) ? kParts : 1;
  Vector edges;
  for (std::size_t p = 0; p < parts; ++p)
    edges.push_back(job.until * static_cast<double>(p) / static_cast<double>(parts));
  if (job.breaks.empty()) {
    edges.push_back(job.until);
    return edges;
  }
  for (const auto& b : job.breaks) edges.push_back(b.after);
  std::sort(edges.begin(), edges.end());
  Vector result;
  for (const double t : edges)
    if (result.empty() || t - result.back() > 1e-12 * job.until) result.push_back(t);
  result.push_back(job.until);
  return result;
}

/// A multiple of four, so that steps two and four times as long end where these do.
std::int64_t fourfold(double steps) {
  const auto fours = static_cast<std::int64_t>(std::ceil(steps / 4 - 1e-9));
  return 4 * std::max<std::int64_t>(1, fours);
}

}  // namespace

runtime::TimeGrid chosen_times(const SimulationJob& job, const std::vector<Visited>& visited) {
  const Vector edges = edges_of(job);
  const std::size_t parts = edges.size() - 1;
  const Vector rates = rates_over_time(job, visited, edges);
  const double base = std::min(0.01, job.until / 200);
  const auto length = [&](std::size_t p) { return edges[p + 1] - edges[p]; };
  Vector steps;
  double total = 0, most = 0;
  for (std::size_t p = 0; p < parts; ++p) {
    const double per_time = std::max(1 / base, rates[p] / kPerRate);
    steps.push_back(length(p) * per_time);
    total += steps.back();
    most = std::max(most, per_time);
  }
  const double every = most * job.until;
  const auto limited = [&](double wanted, double all, double rate, double time) {
    return all <= kMost ? wanted : std::max(wanted * kMost / all, time * rate / kStable);
  };
  const double fastest = *std::max_element(rates.begin(), rates.end());
  if (total > 0.5 * every && job.breaks.empty())
    return runtime::TimeGrid(job.until, fourfold(limited(every, every, fastest, job.until)));
  std::vector<std::int64_t> counts;
  for (std::size_t p = 0; p < parts; ++p)
    counts.push_back(fourfold(limited(steps[p], total, rates[p], length(p))));
  if (job.breaks.empty()) return runtime::TimeGrid(job.until, counts);
  return runtime::TimeGrid(edges, counts);
}

runtime::TimeGrid asked_times(const SimulationJob& job) {
  Vector edges{0};
  for (const auto& b : job.breaks) edges.push_back(b.after);
  edges.push_back(job.until);
  std::vector<std::int64_t> counts;
  const bool cut = !job.breaks.empty();
  for (std::size_t p = 0; p + 1 < edges.size(); ++p) {
    const double steps = (edges[p + 1] - edges[p]) / job.options.step;
    counts.push_back(
        std::max<std::int64_t>(1, std::llround(cut ? std::ceil(steps - 1e-9) : steps)));
  }
  return cut ? runtime::TimeGrid(edges, counts) : runtime::TimeGrid(job.until, counts[0]);
}

bool needs_correction(const SimulationJob& job) {
  if (job.model.dimension() > kWhole) return false;
  const double base = std::min(0.01, job.until / 200);
  const int regimes = job.model.regime ? job.model.regime->count : 1;
  for (int regime = 1; regime <= regimes; ++regime) {
    Coefficients c(job, regime);
    for (const Vector& x : points_of(job)) {
      for (const double share : {0.0, 0.5}) {
        const auto A = jacobians(c, job.model, x, share * job.until).front();
        if (!A.allFinite()) continue;
        const double h = std::min(base, kPerRate / std::max(spectral_radius(A), 1e-300));
        const Eigen::VectorXcd modes = A.eigenvalues();
        for (const auto& rate : modes)
          if (0.5 * h * std::norm(rate) * lasting(rate, job.until) > kGrowth) return true;
      }
    }
  }
  return false;
}

}  // namespace hopf::driver
