#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <unsupported/Eigen/MatrixFunctions>

#include "core/philox.hpp"
#include "driver/simulate_job.hpp"
#include "kernel/path_ends.hpp"

namespace hopf::driver {
namespace {

using model::Model;
using runtime::PathRun;
using runtime::Registers;
using runtime::TimeGrid;
using Job = SimulationJob;

/// A step number that no time step has: the draws of the initial law are independent of all others.
constexpr std::uint64_t kInitialStep = (std::uint64_t{1} << 48) - 1;

/// Wraps a periodic start into its domain.
double wrapped(const model::State& state, double x) {
  if (!state.lo || state.boundary != model::Boundary::Periodic) return x;
  const double period = *state.hi - *state.lo;
  return x - period * std::floor((x - *state.lo) / period);
}

/// Draws of the law of `initial`: normals of a step of their own.
std::function<void(std::int64_t, double*)> start_law(const Job& job) {
  const Model& m = job.model;
  const std::size_t n = m.dimension();
  const std::vector<double> factor = kernel::cholesky(m.initial->covariance, n).value();
  return [&m, n, factor, seed = job.options.seed](std::int64_t path, double* states) {
    for (std::size_t i = 0; i < n; ++i) {
      double x = m.initial->mean[i];
      for (std::size_t k = 0; k <= i; ++k) {
        x += factor[i * n + k] * runtime::standard_normal(seed, static_cast<std::uint64_t>(path),
                                                          kInitialStep,
                                                          static_cast<std::uint32_t>(k));
      }
      states[i] = wrapped(m.states[i], x);
    }
  };
}

void fill_start(const Job& job, const kernel::PathRegisters& registers, PathRun& run) {
  const Model& m = job.model;
  run.initial.assign(static_cast<std::size_t>(registers.count), 0.0);
  const auto set = [&](int slot, double value) {
    if (slot >= 0) run.initial[static_cast<std::size_t>(slot)] = value;
  };
  set(registers.discount, 1);
  set(registers.alive, 1);
  set(registers.regime, job.options.regime);
  if (job.options.from.empty()) {
    run.draw = start_law(job);
    return;
  }
  for (std::size_t i = 0; i < m.dimension(); ++i)
    run.initial[i] = wrapped(m.states[i], job.options.from[i]);
}

/// exp(Q dt), cumulated along its rows: the exact transition law over a step.
void append_transitions(const Job& job, double dt, std::vector<double>& uniforms) {
  const model::Regime& regime = *job.model.regime;
  Eigen::MatrixXd Q(regime.count, regime.count);
  for (int j = 0; j < regime.count; ++j) {
    for (int k = 0; k < regime.count; ++k) {
      const auto rate = regime.rates[static_cast<std::size_t>(j * regime.count + k)];
      Q(j, k) = expr::evaluate(*job.model.store, rate, job.model.bindings());
    }
  }
  const Eigen::MatrixXd P = (Q * dt).exp();
  for (int j = 0; j < regime.count; ++j) {
    double total = 0;
    for (int k = 0; k < regime.count; ++k) uniforms.push_back(total += P(j, k));
  }
}

/// The scalars of a step: its start, the discount factors at both ends, an affine policy's
/// coefficients.
std::function<void(double, double, double*)> step_scalars(const Job& job,
                                                          const kernel::PathPolicy& policy) {
  const bool affine = policy.from == kernel::PathPolicy::From::Affine;
  const double rate = constant_discount(job.model);
  return [affine, rate, value = job.value](double t, double next, double* row) {
    row[kernel::PathScalars::kTime] = t;
    row[kernel::PathScalars::kFactor] = rate == 0 ? 1.0 : std::exp(-rate * t);
    row[kernel::PathScalars::kNextFactor] = rate == 0 ? 1.0 : std::exp(-rate * next);
    if (!affine) return;
    std::vector<double> coefficients;
    append_affine(*value, t, coefficients);
    std::copy(coefficients.begin(), coefficients.end(), row + kernel::PathScalars::kAffine);
  };
}

/// e^{-rho T} V(T, X_T) of paths that still run: what the optimal policy would cost from there on.
/// With it the mean cost estimates V(x0) without a truncation bias, at the price of trusting V in
/// the tail.
void add_tail(const Job& job, const kernel::PathRegisters& registers, Registers& last) {
  const runtime::ValueFunction& V = *job.value;
  const double factor = std::exp(-constant_discount(job.model) * job.until);
  std::vector<double>& cost = last[static_cast<std::size_t>(registers.cost)];
  std::vector<double> x(job.model.dimension());
  const auto at = [&](int slot, std::size_t path, double otherwise) {
    return slot >= 0 ? last[static_cast<std::size_t>(slot)][path] : otherwise;
  };
  for (std::size_t path = 0; path < cost.size(); ++path) {
    if (at(registers.alive, path, 1) == 0) continue;
    bool finite = true;
    for (std::size_t i = 0; i < x.size(); ++i)
      finite = finite && std::isfinite(x[i] = last[i][path]);
    if (!finite) continue;
    const int regime = static_cast<int>(at(registers.regime, path, 1));
    const double weight = at(registers.discount, path, factor);
    cost[path] += weight * V(x, job.model.horizon ? job.until : 0.0, regime);
  }
}

/// Signs, averages and the tail: costs as the user means them.
void settle(const Job& job, const kernel::PathRegisters& registers, Registers& last) {
  std::vector<double>& cost = last[static_cast<std::size_t>(registers.cost)];
  if (job.model.reward)
    for (double& c : cost) c = -c;
  if (job.model.average) {
    for (double& c : cost) c /= job.until;
  } else if (!job.at_horizon && job.value && job.model.has_cost) {
    add_tail(job, registers, last);
  }
}

/// Steps nearest to `count` equally spaced times.
std::vector<std::int64_t> record_steps(const TimeGrid& grid, int count) {
  const auto intervals = std::clamp<std::int64_t>(count - 1, 1, grid.steps());
  std::vector<std::int64_t> records{0};
  for (std::int64_t r = 1; r <= intervals; ++r) {
    const double at = static_cast<double>(r) / static_cast<double>(intervals);
    const std::int64_t step = r == intervals ? grid.steps() : grid.nearest(grid.until() * at);
    if (step > records.back()) records.push_back(step);
  }
  return records;
}

/// All but the kernels, the grid of times and what belongs to it.
PathRun bare_run(const Job& job, const PathProgram& program, const kernel::PathPolicy& policy) {
  const kernel::PathRegisters& registers = program.kernels.registers;
  PathRun run;
  run.paths = job.options.paths;
  run.seed = job.options.seed;
  run.threads = job.options.threads;
  run.states = job.model.dimension();
  run.cost = static_cast<std::size_t>(registers.cost);
  if (registers.alive >= 0) run.alive = static_cast<std::size_t>(registers.alive);
  if (registers.left >= 0) run.left = static_cast<std::size_t>(registers.left);
  run.per_step = program.kernels.scalars.per_step;
  run.scalars = step_scalars(job, policy);
  run.settle = [&job, &registers](Registers& last) { settle(job, registers, last); };
  run.finish = program.native(program.kernels.finish);
  fill_start(job, registers, run);
  return run;
}

void set_grid(const Job& job, const PathProgram& program, const PolicyTables& tables,
              const TimeGrid& grid, PathRun& run) {
  run.grid = grid;
  for (const TimeGrid::Piece& piece : grid.pieces()) {
    std::vector<double> uniforms{piece.dt(), std::sqrt(piece.dt())};
    uniforms.insert(uniforms.end(), tables.axis_uniforms.begin(), tables.axis_uniforms.end());
    if (program.kernels.scalars.transitions) append_transitions(job, piece.dt(), uniforms);
    run.uniforms.push_back(std::move(uniforms));
  }
  if (!tables.levels.empty()) run.levels = levels_on(tables, grid);
}

}  // namespace

double constant_discount(const Model& m) {
  if (!m.discount) return 0;
  const double rate = expr::evaluate(*m.store, m.discount->value, m.bindings());
  return std::isfinite(rate) ? rate : 0;
}

runtime::PathKernel PathProgram::native(const kernel::Spec& spec) const {
  return [call = program.path(spec.name)](const hopf_path_call& arguments) { call(&arguments); };
}

PathRun euler_run(const Job& job, const PathProgram& program, const kernel::PathPolicy& policy,
                  PolicyTables& tables, const TimeGrid& grid) {
  PathRun run = bare_run(job, program, policy);
  set_grid(job, program, tables, grid, run);
  run.start = program.native(program.kernels.start);
  run.advance = program.native(program.kernels.advance);
  run.records = record_steps(grid, job.options.records);
  return run;
}

PathRun longer_run(const Job& job, const PathProgram& program, const kernel::PathPolicy& policy,
                   PolicyTables& tables, const TimeGrid& grid, std::size_t rung) {
  TimeGrid longer = grid;
  for (std::size_t k = 0; k < rung; ++k) longer = longer.halved();
  PathRun run = euler_run(job, program, policy, tables, longer);
  run.advance = program.native(program.kernels.longer[rung - 1]);
  run.records = {0, run.grid.steps()};
  return run;
}

PathRun ordinary_run(const Job& job, const PathProgram& program, const kernel::PathPolicy& policy,
                     PolicyTables& tables) {
  const kernel::PathKernels& kernels = program.kernels;
  PathRun run = bare_run(job, program, policy);
  // The grid only says which times are recorded.
  set_grid(job, program, tables, TimeGrid(job.until, std::max(1, job.options.records - 1)), run);
  if (!tables.levels.empty()) run.levels = tables.levels;
  std::fill_n(run.uniforms.front().begin(), 2, 0.0);  // no step belongs to the cost at the end
  for (std::int64_t step = 0; step <= run.grid.steps(); ++step) run.records.push_back(step);
  PathRun::Ordinary ode;
  ode.rate = program.native(kernels.rate);
  ode.sets = kernels.stopping_sets;
  if (ode.sets > 0) ode.arrival = program.native(kernels.arrival);
  ode.scalars = run.initial.size();
  ode.levels = ode.scalars + run.per_step;
  run.initial.resize(ode.levels + ode.sets, 0.0);
  for (const model::State& state : job.model.states) {
    const bool round = state.lo && state.boundary == model::Boundary::Periodic;
    const auto domain = state.lo ? std::optional(std::pair(*state.lo, *state.hi)) : std::nullopt;
    ode.ends.push_back(kernel::is_held(state) ? domain : std::nullopt);
    ode.domain.push_back(round ? std::nullopt : domain);
    ode.circles.push_back(round ? runtime::Circle{*state.lo, *state.hi - *state.lo}
                                : runtime::Circle{});
  }
  if (job.options.tolerance > 0) ode.tolerance = job.options.tolerance;
  ode.longest = job.options.step > 0 ? job.options.step : job.until / 100;
  ode.breaks = job.breaks;
  run.ordinary = std::move(ode);
  return run;
}

}  // namespace hopf::driver
