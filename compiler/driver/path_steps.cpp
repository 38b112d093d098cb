#include "driver/path_steps.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numeric>

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

/// Spectral radius of the drift's Jacobian plus the squared ones of the noise's columns, from
/// differences.
double rate_by_jacobian(Coefficients& c, const Model& model, const Vector& x, double t) {
  const std::size_t n = c.states(), columns = c.columns();
  const Vector scales = scales_of(model, x);
  c.settle(x, t);
  const Vector f = c.drift(), s = c.diffusion();
  const auto size = static_cast<Eigen::Index>(n);
  Eigen::MatrixXd A(size, size);
  std::vector<Eigen::MatrixXd> G(columns, Eigen::MatrixXd(size, size));
  for (std::size_t j = 0; j < n; ++j) {
    Vector moved = x;
    moved[j] += kNudge * scales[j];
    const double h = moved[j] - x[j];
    c.bind(moved, t);
    const Vector f1 = c.drift(), s1 = c.diffusion();
    const auto column = static_cast<Eigen::Index>(j);
    for (std::size_t i = 0; i < n; ++i) {
      const auto row = static_cast<Eigen::Index>(i);
      A(row, column) = (f1[i] - f[i]) / h;
      for (std::size_t k = 0; k < columns; ++k)
        G[k](row, column) = (s1[i * columns + k] - s[i * columns + k]) / h;
    }
  }
  double rate = spectral_radius(A);
  for (const Eigen::MatrixXd& noise : G) rate += std::pow(spectral_radius(noise), 2);
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

double rate_at(Coefficients& c, const Model& model, const Vector& x, double t) {
  const double rate =
      x.size() <= kWhole ? rate_by_jacobian(c, model, x, t) : rate_by_powers(c, model, x, t);
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

/// The rate that the step is to keep to in each part of the time, in one regime: 0.02 over it.
Vector rates_in(Coefficients c, const SimulationJob& job, const std::vector<Visited>& visited,
                std::size_t parts) {
  Vector rates(parts, 0.0);
  const double length = job.until / static_cast<double>(parts);
  const auto raise = [&](std::size_t part, double rate) {
    for (std::size_t p = part > 0 ? part - 1 : 0; p <= std::min(part, parts - 1); ++p)
      rates[p] = std::max(rates[p], rate);
  };
  std::vector<Vector> points;
  if (!job.options.from.empty())
    points.push_back(job.options.from);
  else
    points.push_back(job.model.initial->mean);
  for (Vector& point : domain_points(job.model)) points.push_back(std::move(point));
  double most = 0;
  for (std::size_t part = 0; part <= parts; ++part) {
    c.settle(points[0], length * static_cast<double>(part));
    if (const double size = size_of(c.drift()); std::isfinite(size)) most = std::max(most, size);
  }
  for (std::size_t part = 0; part <= parts; ++part) {
    const double t = length * static_cast<double>(part);
    const bool all = part % 8 == 0;
    for (std::size_t p = 0; p < (all ? points.size() : 1); ++p)
      raise(part, rate_at(c, job.model, points[p], t));
    if (parts == 1) continue;
    const double delta = std::min(1e-6 * job.until, job.until - t);
    if (delta > 0) raise(part, kPerRate / kPerChange * change_at(c, points[0], t, delta, most));
  }
  for (const Visited& v : visited)
    raise(static_cast<std::size_t>(v.t / length), rate_at(c, job.model, v.x, v.t));
  return rates;
}

/// In whatever regime needs the shortest steps.
Vector rates_over_time(const SimulationJob& job, const std::vector<Visited>& visited,
                       std::size_t parts) {
  if (!job.model.regime) return rates_in(Coefficients(job, 1), job, visited, parts);
  Vector rates(parts, 0.0);
  for (int regime = 1; regime <= job.model.regime->count; ++regime) {
    const Vector here = rates_in(Coefficients(job, regime), job, visited, parts);
    for (std::size_t p = 0; p < parts; ++p) rates[p] = std::max(rates[p], here[p]);
  }
  return rates;
}

std::int64_t even(double steps) {
  const auto whole = static_cast<std::int64_t>(std::ceil(steps - 1e-9));
  return std::max<std::int64_t>(2, whole + whole % 2);
}

}  // namespace

runtime::TimeGrid chosen_times(const SimulationJob& job, const std::vector<Visited>& visited) {
  const std::size_t parts = changes_in_time(job) ? kParts : 1;
  const Vector rates = rates_over_time(job, visited, parts);
  const double base = std::min(0.01, job.until / 200);
  const double length = job.until / static_cast<double>(parts);
  Vector steps;
  double total = 0, most = 0;
  for (const double rate : rates) {
    steps.push_back(length * std::max(1 / base, rate / kPerRate));
    total += steps.back();
    most = std::max(most, steps.back());
  }
  const double every = most * static_cast<double>(parts);
  const auto limited = [&](double wanted, double all, double rate, double time) {
    return all <= kMost ? wanted : std::max(wanted * kMost / all, time * rate / kStable);
  };
  const double fastest = *std::max_element(rates.begin(), rates.end());
  if (total > 0.5 * every)
    return runtime::TimeGrid(job.until, even(limited(every, every, fastest, job.until)));
  std::vector<std::int64_t> counts;
  for (std::size_t p = 0; p < parts; ++p)
    counts.push_back(even(limited(steps[p], total, rates[p], length)));
  return runtime::TimeGrid(job.until, counts);
}

}  // namespace hopf::driver
