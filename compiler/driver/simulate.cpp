#include "driver/simulate.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <unsupported/Eigen/MatrixFunctions>

#include "core/memory.hpp"
#include "core/philox.hpp"
#include "driver/native.hpp"
#include "driver/path_policy.hpp"
#include "path/run.hpp"

namespace hopf::driver {
namespace {

using diagnostics::Kind;
using diagnostics::Sink;
using kernel::PathScalars;
using model::Model;
using runtime::Ensemble;
using runtime::PathRun;
using runtime::ValueFunction;

/// One simulation: what was asked, and what has been settled so far.
struct Job {
  const Model& model;
  const ValueFunction* value;
  const Policy* policy;
  const SimulateOptions& options;
  Sink& sink;
  PathTimes times;
  bool at_horizon = false;  // the last time is the model's horizon
};

// ---- what can be simulated

bool refuse(Job& job, source::Span span, const std::string& message) {
  job.sink.emit(Kind::NotBuiltYet, span.valid() ? span : job.options.span, message);
  return false;
}

bool supported(Job& job) {
  const Model& m = job.model;
  if (!m.jumps.empty()) {
    return refuse(job, m.jumps[0].span,
                  fmt::format("paths with jumps ('{}') are not built yet", m.jumps[0].name));
  }
  if (m.density)
    return refuse(job, m.span, "paths that feel the population's density are not built yet");
  if (m.stop_pays)
    return refuse(job, m.stop_pays->span, "paths that may be stopped by choice are not built yet");
  const std::string& method = job.options.method;
  if (method != "auto" && method != "euler") {
    return refuse(
        job, {},
        fmt::format("simulation by method '{}' is not built yet: there is \"euler\"", method));
  }
  if (m.initial && job.options.from.empty() && m.initial->family != "gaussian") {
    return refuse(job, m.initial->span,
                  fmt::format("starting from '{}' is not built yet", m.initial->family));
  }
  return true;
}

/// Every control needs a law.
bool check_policy(Job& job) {
  const Model& m = job.model;
  if (job.value) return true;
  for (const model::Control& control : m.controls) {
    if (job.policy && job.policy->count(control.name)) continue;
    job.sink
        .emit(Kind::MissingArgument, job.options.span,
              fmt::format("'simulate' needs a policy for '{}', a control of '{}'", control.name,
                          m.name))
        .labels.push_back(
            {m.groups[static_cast<std::size_t>(control.group)].span, "declared here"});
    return false;
  }
  return true;
}

// ---- the start

bool check_start(Job& job) {
  const Model& m = job.model;
  const std::vector<double>& from = job.options.from;
  if (from.empty() && m.initial) return true;
  if (from.size() != m.dimension()) {
    const char* what = from.empty() ? "'simulate' needs 'from', the state to start at" : nullptr;
    job.sink.emit(from.empty() ? Kind::MissingArgument : Kind::WrongCoordinateCount,
                  job.options.span,
                  what ? what
                       : fmt::format("'{}' has {} states, and the start has {} coordinates", m.name,
                                     m.dimension(), from.size()));
    return false;
  }
  for (std::size_t i = 0; i < from.size(); ++i) {
    const model::State& state = m.states[i];
    const bool bounded = state.lo && state.boundary != model::Boundary::Periodic;
    if (std::isfinite(from[i]) && (!bounded || (from[i] >= *state.lo && from[i] <= *state.hi)))
      continue;
    const std::string domain =
        bounded ? fmt::format("its domain [{}, {}]", *state.lo, *state.hi) : "the real line";
    auto& d = job.sink.emit(
        Kind::StartOutsideDomain, job.options.span,
        fmt::format("the start {} = {} is outside of {}", state.name, from[i], domain));
    d.labels.push_back({state.span, "declared here"});
    return false;
  }
  const int regimes = m.regime ? m.regime->count : 1;
  if (job.options.regime >= 1 && job.options.regime <= regimes) return true;
  job.sink.emit(Kind::OutsideSolution, job.options.span,
                fmt::format("regime {} is none of 1..{}", job.options.regime, regimes));
  return false;
}

// ---- the step

/// Points at which the drift's time scale is measured: the start, and the middle and face centres
/// of the domain.
std::vector<std::vector<double>> probes(const Job& job) {
  std::vector<std::vector<double>> points;
  if (!job.options.from.empty()) points.push_back(job.options.from);
  std::vector<double> middle;
  for (const model::State& state : job.model.states) {
    if (!state.lo) return points;
    middle.push_back((*state.lo + *state.hi) / 2);
  }
  points.push_back(middle);
  for (std::size_t i = 0; i < middle.size(); ++i) {
    for (const double bound : {*job.model.states[i].lo, *job.model.states[i].hi}) {
      points.push_back(middle);
      points.back()[i] = (middle[i] + bound) / 2;
    }
  }
  return points;
}

/// Controls at a point: the solution's, else the hand-written ones, else whatever is nearest to
/// zero in the set.
void bind_controls(const Job& job, const std::vector<double>& x, expr::Binding& at) {
  const Model& m = job.model;
  const std::vector<double> solved =
      job.value ? job.value->control(x, 0, job.options.regime) : std::vector<double>();
  for (std::size_t k = 0; k < m.controls.size(); ++k) {
    const model::Control& control = m.controls[k];
    double u = std::clamp(0.0, control.lo, control.hi);
    if (k < solved.size()) u = solved[k];
    if (job.policy) u = expr::evaluate(*m.store, job.policy->at(control.name), at);
    at[control.symbol] = u;
  }
}

/// d(drift)/d(x), with the gain of an affine policy: the matrix whose eigenvalues are the closed
/// loop's rates.
Eigen::MatrixXd closed_loop(const Job& job, const expr::Binding& at) {
  const Model& m = job.model;
  const auto n = static_cast<Eigen::Index>(m.dimension());
  const auto controls = static_cast<Eigen::Index>(m.controls.size());
  const auto slope = [&](Eigen::Index i, expr::SymbolId symbol) {
    const expr::ExprId d =
        expr::differentiate(*m.store, m.drift[static_cast<std::size_t>(i)], symbol);
    return expr::evaluate(*m.store, d, at);
  };
  Eigen::MatrixXd A(n, n), B(n, controls);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j)
      A(i, j) = slope(i, m.states[static_cast<std::size_t>(j)].symbol);
    for (Eigen::Index k = 0; k < controls; ++k)
      B(i, k) = slope(i, m.controls[static_cast<std::size_t>(k)].symbol);
  }
  if (!job.value || job.value->on_grid() || controls == 0) return A;
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return A + B * Eigen::Map<const RowMajor>(job.value->quadratic.front().K.data(), controls, n);
}

/// The fastest rate of the linearised drift at the probes: its spectral radius does not depend on
/// units of states.
double fastest_rate(const Job& job) {
  double rate = 0;
  for (const std::vector<double>& x : probes(job)) {
    expr::Binding at = job.model.bindings();
    at[job.model.time] = 0;
    for (std::size_t i = 0; i < x.size(); ++i) at[job.model.states[i].symbol] = x[i];
    if (job.model.regime) at[job.model.regime->symbol] = job.options.regime;
    bind_controls(job, x, at);
    const Eigen::MatrixXd A = closed_loop(job, at);
    if (!A.allFinite()) continue;
    for (const std::complex<double>& eigenvalue : A.eigenvalues())
      rate = std::max(rate, std::abs(eigenvalue));
  }
  return rate;
}

/// 200 steps at least, 0.01 at most, and fifty steps to the fastest time scale, which keeps Euler's
/// bias of a stationary variance (rate*dt/2) at one per cent; never more than 100,000 steps.
std::int64_t chosen_steps(const Job& job, double until) {
  double dt = std::min(0.01, until / 200);
  if (const double rate = fastest_rate(job); rate > 0) dt = std::min(dt, 0.02 / rate);
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(until / dt - 1e-9)), 1,
                                  100'000);
}

/// Under V's own policy a path from where V is infinite would run for ever.
bool check_arrival(Job& job) {
  if (!job.value || job.options.from.size() != job.model.dimension()) return true;
  if (!std::isinf((*job.value)(job.options.from))) return true;
  std::string place;
  for (std::size_t k = 0; k < job.options.from.size(); ++k)
    place +=
        fmt::format("{}{} = {:g}", k ? ", " : "", job.model.states[k].name, job.options.from[k]);
  auto& d = job.sink.emit(Kind::StartOutsideDomain, job.options.span,
                          fmt::format("no control leads from {} to the end: V is {} there", place,
                                      job.model.reward ? "-inf" : "inf"));
  if (job.model.until) d.labels.push_back({job.model.until->span, "where it would end"});
  d.help = "start where V is finite, or give a policy by hand";
  return false;
}

bool choose_times(Job& job) {
  const Model& m = job.model;
  const double until = job.options.until > 0 ? job.options.until : m.horizon.value_or(0);
  const auto reject = [&](const std::string& message) {
    job.sink.emit(Kind::InvalidTimes, job.options.span, message);
    return false;
  };
  if (!(until > 0) || !std::isfinite(until)) {
    return reject(
        job.options.until != 0
            ? fmt::format("'until' is {}, and must be a positive time", job.options.until)
            : fmt::format("'simulate' needs 'until', because '{}' has no horizon", m.name));
  }
  if (m.horizon && until > *m.horizon * (1 + 1e-12)) {
    return reject(
        fmt::format("'until' is {}, and '{}' ends at its horizon {}", until, m.name, *m.horizon));
  }
  const double step = job.options.step;
  if (step != 0 && !(step > 0 && step <= until)) {
    return reject(fmt::format("'step' is {}, and must be between 0 and 'until' = {}", step, until));
  }
  const double steps =
      step > 0 ? std::round(until / step) : static_cast<double>(chosen_steps(job, until));
  if (steps > 1e9)
    return reject(fmt::format("{:g} steps of {} are more than can be counted", steps, step));
  job.times = {until, std::max<std::int64_t>(1, static_cast<std::int64_t>(steps))};
  job.at_horizon = m.horizon && until >= *m.horizon * (1 - 1e-12);
  return true;
}

/// Step indices nearest to `count` equally spaced times.
std::vector<std::int64_t> record_steps(std::int64_t steps, int count) {
  const auto intervals = std::clamp<std::int64_t>(count - 1, 1, steps);
  std::vector<std::int64_t> records;
  for (std::int64_t r = 0; r <= intervals; ++r)
    records.push_back((2 * r * steps + intervals) / (2 * intervals));
  return records;
}

bool fits_memory(Job& job, std::size_t records) {
  const double states = static_cast<double>(job.model.dimension());
  const double numbers = states * (static_cast<double>(records) + 1) + 8;
  const double bytes = 8 * numbers * static_cast<double>(job.options.paths);
  const auto available = static_cast<double>(runtime::available_memory());
  if (bytes < 0.9 * available) return true;
  job.sink
      .emit(Kind::EnsembleTooLarge, job.options.span,
            fmt::format("{} paths with {} recorded times need {}, more memory than is free",
                        job.options.paths, records, runtime::format_bytes(bytes)))
      .help = "ask for fewer 'paths' or 'records'";
  return false;
}

// ---- filling in a run

/// A step number that no time step has: the draws of the initial law are independent of all others.
constexpr std::uint64_t kInitialStep = (std::uint64_t{1} << 48) - 1;

/// Wraps a periodic start into its domain.
double wrapped(const model::State& state, double x) {
  if (!state.lo || state.boundary != model::Boundary::Periodic) return x;
  const double period = *state.hi - *state.lo;
  return x - period * std::floor((x - *state.lo) / period);
}

void fill_start(const Job& job, const kernel::PathRegisters& registers, PathRun& run) {
  const Model& m = job.model;
  const std::size_t n = m.dimension();
  run.initial.assign(static_cast<std::size_t>(registers.count), 0.0);
  const auto set = [&](int slot, double value) {
    if (slot >= 0) run.initial[static_cast<std::size_t>(slot)] = value;
  };
  set(registers.discount, 1);
  set(registers.alive, 1);
  set(registers.regime, job.options.regime);
  if (!job.options.from.empty()) {
    for (std::size_t i = 0; i < n; ++i) run.initial[i] = wrapped(m.states[i], job.options.from[i]);
    return;
  }
  const std::vector<double> factor = kernel::cholesky(m.initial->covariance, n).value();
  run.from.assign(n, std::vector<double>(static_cast<std::size_t>(run.paths)));
  for (std::int64_t path = 0; path < run.paths; ++path) {
    for (std::size_t i = 0; i < n; ++i) {
      double x = m.initial->mean[i];
      for (std::size_t k = 0; k <= i; ++k) {
        const auto index = static_cast<std::uint32_t>(k);
        x +=
            factor[i * n + k] * runtime::standard_normal(run.seed, static_cast<std::uint64_t>(path),
                                                         kInitialStep, index);
      }
      run.from[i][static_cast<std::size_t>(path)] = wrapped(m.states[i], x);
    }
  }
}

/// The discount rate when it is one number.
double constant_discount(const Model& m) {
  if (!m.discount) return 0;
  const double rate = expr::evaluate(*m.store, m.discount->value, m.bindings());
  return std::isfinite(rate) ? rate : 0;
}

void fill_step_table(const Job& job, const kernel::PathPolicy& policy, const PathScalars& scalars,
                     PathRun& run) {
  const bool affine = policy.from == kernel::PathPolicy::From::Affine;
  const double rate = constant_discount(job.model);
  run.per_step = scalars.per_step;
  run.step_table.reserve(static_cast<std::size_t>(run.steps + 1) * run.per_step);
  for (std::int64_t k = 0; k <= run.steps; ++k) {
    const double t = job.times.time(k);
    run.step_table.push_back(t);
    run.step_table.push_back(std::exp(-rate * t));
    run.step_table.push_back(std::exp(-rate * job.times.time(k + 1)));
    if (affine) append_affine(*job.value, t, run.step_table);
  }
}

/// exp(Q dt), cumulated along its rows: the exact transition law over a step.
void append_transitions(const Job& job, std::vector<double>& uniforms) {
  const model::Regime& regime = *job.model.regime;
  Eigen::MatrixXd Q(regime.count, regime.count);
  for (int j = 0; j < regime.count; ++j) {
    for (int k = 0; k < regime.count; ++k) {
      const auto rate = regime.rates[static_cast<std::size_t>(j * regime.count + k)];
      Q(j, k) = expr::evaluate(*job.model.store, rate, job.model.bindings());
    }
  }
  const Eigen::MatrixXd P = (Q * job.times.dt()).exp();
  for (int j = 0; j < regime.count; ++j) {
    double total = 0;
    for (int k = 0; k < regime.count; ++k) uniforms.push_back(total += P(j, k));
  }
}

PathRun make_run(const Job& job, const kernel::PathKernels& kernels,
                 const kernel::PathPolicy& policy, const PolicyTables& tables) {
  PathRun run;
  run.paths = job.options.paths;
  run.steps = job.times.steps;
  run.seed = job.options.seed;
  run.threads = job.options.threads;
  run.states = job.model.dimension();
  run.cost = static_cast<std::size_t>(kernels.registers.cost);
  if (kernels.registers.alive >= 0) run.alive = static_cast<std::size_t>(kernels.registers.alive);
  if (kernels.registers.left >= 0) run.left = static_cast<std::size_t>(kernels.registers.left);
  run.uniforms = {job.times.dt(), std::sqrt(job.times.dt())};
  run.uniforms.insert(run.uniforms.end(), tables.axis_uniforms.begin(), tables.axis_uniforms.end());
  if (kernels.scalars.transitions) append_transitions(job, run.uniforms);
  if (!tables.levels.empty()) run.levels = tables.levels;
  run.records = record_steps(run.steps, job.options.records);
  fill_start(job, kernels.registers, run);
  fill_step_table(job, policy, kernels.scalars, run);
  return run;
}

// ---- what came out

void report_fault(Job& job, const runtime::PathFault& fault) {
  const Model& m = job.model;
  const bool in_state = fault.register_index < m.dimension();
  const std::string what = in_state ? fmt::format("'{}'", m.states[fault.register_index].name)
                                    : std::string(m.reward ? "the reward" : "the cost");
  const bool at_end = fault.step >= job.times.steps;
  const double t = job.times.time(fault.step);
  auto& d =
      job.sink.emit(Kind::NotFiniteOnPath, job.options.span,
                    fmt::format("{} becomes {} on path {} at t = {:.6g}", what,
                                std::isnan(fault.value) ? "NaN" : "infinite", fault.path + 1, t));
  std::string state;
  for (std::size_t i = 0; i < fault.before.size(); ++i) {
    state += fmt::format("{}{} = {:.6g}", i ? ", " : "", m.states[i].name, fault.before[i]);
  }
  d.notes.push_back("the state before was " + state);
  if (in_state) {
    d.labels.push_back({m.states[fault.register_index].dynamics_span, "by these dynamics"});
  } else if (at_end && job.at_horizon && m.terminal) {
    d.labels.push_back({m.terminal->span, "by this amount"});
  } else {
    d.labels.push_back({m.lagrangian.span, "by this amount"});
  }
  d.help = fmt::format("a smaller 'step' than {:g} may keep the path where the model is defined",
                       job.times.dt());
}

/// e^{-rho T} V(T, X_T) of paths that still run: what the optimal policy would cost from there on.
/// With it the mean cost estimates V(x0) without a truncation bias, at the price of trusting V in
/// the tail.
void add_tail(const Job& job, const kernel::PathRegisters& registers,
              const runtime::PathOutcome& outcome, Ensemble& ensemble) {
  const ValueFunction& V = *job.value;
  const double factor = std::exp(-constant_discount(job.model) * job.times.until);
  const auto& last = outcome.final_registers;
  std::vector<double> x(job.model.dimension());
  for (std::size_t path = 0; path < ensemble.cost.size(); ++path) {
    if (registers.alive >= 0 && last[static_cast<std::size_t>(registers.alive)][path] == 0)
      continue;
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = last[i][path];
    const int regime =
        registers.regime >= 0
            ? static_cast<int>(last[static_cast<std::size_t>(registers.regime)][path])
            : 1;
    const double weight =
        registers.discount >= 0 ? last[static_cast<std::size_t>(registers.discount)][path] : factor;
    ensemble.cost[path] += weight * V(x, job.model.horizon ? job.times.until : 0.0, regime);
  }
  ensemble.tail_from_value = true;
}

/// Signs, averages and the tail: `cost` as the user means it.
void finish_costs(const Job& job, const kernel::PathRegisters& registers,
                  const runtime::PathOutcome& outcome, Ensemble& ensemble) {
  if (job.model.reward) {
    for (double& cost : ensemble.cost) cost = -cost;
  }
  if (job.model.average) {
    for (double& cost : ensemble.cost) cost /= job.times.until;
    return;
  }
  if (job.at_horizon) return;
  ensemble.tail_bound = std::exp(-constant_discount(job.model) * job.times.until);
  if (job.value && job.model.has_cost) add_tail(job, registers, outcome, ensemble);
}

Ensemble described(const Job& job, const PathRun& run) {
  Ensemble ensemble;
  ensemble.model = job.model.name;
  for (const model::State& state : job.model.states)
    ensemble.states.push_back({state.name, state.unit.text});
  if (job.model.has_units) ensemble.cost_unit = model::to_string(job.model.cost_unit);
  ensemble.reward = job.model.reward;
  ensemble.paths = run.paths;
  ensemble.step = job.times.dt();
  ensemble.seed = run.seed;
  for (const std::int64_t step : run.records) ensemble.times.push_back(job.times.time(step));
  return ensemble;
}

}  // namespace

std::optional<Ensemble> simulate(const Model& model, const ValueFunction* value,
                                 const Policy* policy, const SimulateOptions& options,
                                 const Progress& progress, Sink& sink, Phases* phases) {
  Job job{model, value, policy, options, sink, {}};
  if (!supported(job) || !check_policy(job) || !check_start(job) || !check_arrival(job) ||
      !choose_times(job))
    return std::nullopt;
  if (!fits_memory(job, record_steps(job.times.steps, options.records).size())) return std::nullopt;

  const kernel::PathPolicy law = path_policy(model, value, policy);
  const kernel::PathKernels kernels = kernel::path_kernels(model, law, job.at_horizon);
  const jit::Program program =
      compile_kernels(*model.store, {&kernels.start, &kernels.advance, &kernels.finish}, phases);

  PolicyTables tables;
  if (law.from == kernel::PathPolicy::From::Tables)
    tables = policy_tables(model, *value, job.times);
  PathRun run = make_run(job, kernels, law, tables);
  const auto native = [&](const kernel::Spec& spec) {
    return [call = program.path(spec.name)](const hopf_path_call& arguments) { call(&arguments); };
  };
  run.start = native(kernels.start);
  run.advance = native(kernels.advance);
  run.finish = native(kernels.finish);

  Ensemble ensemble = described(job, run);
  const auto tick = [&](double fraction) { return progress && progress("simulate", fraction); };
  const runtime::PathOutcome outcome = runtime::run_paths(run, ensemble, tick);
  if (outcome.fault) report_fault(job, *outcome.fault);
  if (outcome.cancelled || outcome.fault) return std::nullopt;
  finish_costs(job, kernels.registers, outcome, ensemble);
  return ensemble;
}

}  // namespace hopf::driver
