#include "driver/simulate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/memory.hpp"
#include "driver/native.hpp"
#include "driver/path_breaks.hpp"
#include "driver/path_steps.hpp"
#include "driver/simulate_job.hpp"

namespace hopf::driver {
namespace {

using diagnostics::Kind;
using diagnostics::Sink;
using model::Model;
using runtime::Ensemble;
using runtime::PathOutcome;
using runtime::PathRun;
using runtime::TimeGrid;
using runtime::ValueFunction;
using Job = SimulationJob;

constexpr double kKeptNumbers = 4e6;  // recorded numbers that are kept unasked
constexpr std::int64_t kLeastKept = 100, kMostKept = 10'000;
constexpr std::int64_t kLeastPaired = 250, kPairedShare = 16;
constexpr std::int64_t kPilots = 32;
constexpr double kLessExact = 4;
constexpr int kPilotRecords = 9;
constexpr int kFiner = 4;                  // pilots with shorter steps
constexpr std::int64_t kFinest = 100'000;  // steps of them

std::int64_t kept_paths(const Job& job) {
  const double numbers =
      static_cast<double>(job.options.records) * static_cast<double>(job.model.dimension());
  const auto most = static_cast<std::int64_t>(kKeptNumbers / numbers);
  const std::int64_t unasked = std::clamp(most, kLeastKept, kMostKept);
  return job.options.keep ? job.options.paths : std::min(job.options.paths, unasked);
}

bool fits_memory(Job& job) {
  const auto states = static_cast<double>(job.model.dimension());
  const auto records = static_cast<double>(job.options.records);
  const double numbers = (states + 1) * static_cast<double>(job.options.paths) +
                         states * records * static_cast<double>(kept_paths(job)) +
                         256 * 7 * states * records;
  const double bytes = 8 * numbers;
  const auto available = static_cast<double>(runtime::available_memory());
  if (bytes < 0.9 * available) return true;
  const std::string kept =
      job.options.keep ? fmt::format(" kept at {} times", job.options.records) : std::string();
  job.sink
      .emit(Kind::EnsembleTooLarge, job.options.span,
            fmt::format("{} paths{} need {}, more memory than is free", job.options.paths, kept,
                        runtime::format_bytes(bytes)))
      .help = job.options.keep ? "leave out 'keep', or ask for fewer 'paths' or 'records'"
                               : "ask for fewer 'paths'";
  return false;
}

/// Where a few paths have been, with the steps of a grid; and whether all of them stayed finite.
/// Nothing is kept of those that did not.
struct Pilot {
  std::vector<Visited> visited;
  bool finite = true;
};
Pilot pilot(const Job& job, const PathProgram& program, const kernel::PathPolicy& law,
            PolicyTables& tables, const TimeGrid& grid) {
  PathRun run = euler_run(job, program, law, tables, grid);
  run.paths = run.kept = std::min(job.options.paths, kPilots);
  run.settle = {};
  const std::int64_t steps = run.grid.steps();
  run.records.clear();
  for (int r = 0; r < kPilotRecords; ++r) run.records.push_back(steps * r / (kPilotRecords - 1));
  run.records.erase(std::unique(run.records.begin(), run.records.end()), run.records.end());
  Ensemble paths;
  runtime::run_paths(run, paths);
  Pilot result;
  for (const double cost : paths.cost) result.finite = result.finite && std::isfinite(cost);
  for (std::size_t r = 1; r < run.records.size(); ++r) {
    for (std::int64_t p = 0; p < run.kept; p += 4) {
      if (!std::isfinite(paths.cost[static_cast<std::size_t>(p)])) continue;
      Visited v{run.grid.time(run.records[r]), {}};
      for (std::size_t i = 0; i < run.states; ++i)
        v.x.push_back(paths.recorded[i][r * static_cast<std::size_t>(run.kept) +
                                        static_cast<std::size_t>(p)]);
      result.visited.push_back(std::move(v));
    }
  }
  return result;
}

/// Where paths become infinite, steps that are shorter tell whether too long ones were why; those
/// that still do have no end, and no step is short enough for them.
TimeGrid times_of(const Job& job, const PathProgram& program, const kernel::PathPolicy& law,
                  PolicyTables& tables) {
  if (job.options.step > 0) return asked_times(job);
  TimeGrid grid = chosen_times(job, {});
  Pilot first = pilot(job, program, law, tables, grid);
  for (int finer = 0; !first.finite && finer < kFiner && grid.steps() < kFinest; ++finer) {
    grid = TimeGrid(job.until, std::min(kFinest, 8 * grid.steps()));
    first = pilot(job, program, law, tables, grid);
  }
  return chosen_times(job, first.visited);
}

/// The first paths again, at longer steps: what they leave, beside what they left at the step
/// itself.
bool add_rungs(const std::vector<PathRun>& longer, std::int64_t pairs, Ensemble& fine,
               const runtime::PoolProgress& tick) {
  fine.rungs = {{fine.final_values, fine.cost}};
  for (PathRun run : longer) {
    run.paths = std::min(run.paths, pairs);  // one path may stand for all
    run.kept = 0;
    Ensemble coarse;
    if (runtime::run_paths(run, coarse, tick).cancelled) return false;
    fine.rungs.push_back({std::move(coarse.final_values), std::move(coarse.cost)});
  }
  const std::size_t size = fine.rungs.back().cost.size();
  std::vector<char> good(size, 1);
  for (const Ensemble::Rung& rung : fine.rungs)
    for (std::size_t p = 0; p < size; ++p) good[p] = good[p] && std::isfinite(rung.cost[p]);
  const auto keep = [&](std::vector<double>& values) {
    std::size_t next = 0;
    for (std::size_t p = 0; p < size; ++p)
      if (good[p]) values[next++] = values[p];
    values.resize(next);
    values.shrink_to_fit();
  };
  for (Ensemble::Rung& rung : fine.rungs) {
    keep(rung.cost);
    for (std::vector<double>& state : rung.last) keep(state);
  }
  return true;
}

/// What the step adds, seen from longer steps on some of the same paths with the same noise. Where
/// a path's noise decides when it stops or switches, the runs part, and all paths are needed until
/// chance hides no more than in the mean itself.
void add_bias(const std::vector<PathRun>& longer, std::int64_t pairs, Ensemble& fine,
              const runtime::PoolProgress& tick) {
  fine.cost_bias = std::nan("");
  if (!add_rungs(longer, pairs, fine, tick)) {
    fine.rungs.clear();
    return;
  }
  runtime::Rungs costs;
  for (const Ensemble::Rung& rung : fine.rungs) costs.push_back(rung.cost);
  const auto mean = [](std::span<const double> sample) { return runtime::moments_of(sample).mean; };
  const runtime::StepBias seen = runtime::step_bias(costs, mean);
  fine.cost_bias = seen.bias;
  if (seen.chance > fine.cost_standard_error() && pairs < longer.front().paths)
    add_bias(longer, longer.front().paths, fine, tick);
}

/// The same at four times the tolerance, with steps four times as long where they are forced: both
/// errors are in proportion.
PathRun less_exact(PathRun run) {
  run.ordinary->tolerance *= kLessExact;
  run.ordinary->forced *= kLessExact;
  return run;
}

Ensemble described(const Job& job, const PathRun& run) {
  Ensemble ensemble;
  const Model& m = job.model;
  ensemble.model = m.name;
  for (const model::State& state : m.states) {
    ensemble.states.push_back({state.name, state.unit.text});
    const bool round = state.lo && state.boundary == model::Boundary::Periodic;
    ensemble.circles.push_back(round ? runtime::Circle{*state.lo, *state.hi - *state.lo}
                                     : runtime::Circle{});
  }
  if (m.has_units) ensemble.cost_unit = model::to_string(m.cost_unit);
  ensemble.reward = m.reward;
  ensemble.ordinary = run.ordinary.has_value();
  ensemble.step = run.ordinary ? 0.0 : run.grid.longest();
  ensemble.seed = run.seed;
  for (const std::int64_t step : run.records) ensemble.times.push_back(run.grid.time(step));
  if (m.average || job.at_horizon) return ensemble;
  ensemble.tail_bound = std::exp(-constant_discount(m) * job.until);
  ensemble.tail_from_value = job.value && m.has_cost;
  return ensemble;
}

/// One path without noise stands for all that start where it does.
void repeat(Ensemble& ensemble, std::int64_t paths, std::int64_t kept) {
  const auto copies = [](std::vector<double>& values, std::int64_t count) {
    std::vector<double> all;
    for (const double value : values) all.insert(all.end(), static_cast<std::size_t>(count), value);
    values = std::move(all);
  };
  for (auto& state : ensemble.recorded) copies(state, kept);
  for (auto& state : ensemble.final_values) copies(state, paths);
  copies(ensemble.cost, paths);
  for (runtime::Moments& m : ensemble.moments) {
    m.count *= paths;
    m.cosines *= static_cast<double>(paths);
    m.sines *= static_cast<double>(paths);
  }
  for (std::int64_t* count : {&ensemble.left_domain, &ensemble.stopped, &ensemble.failed})
    *count *= paths;
  ensemble.paths = paths;
  ensemble.kept = kept;
}

using PathsOf = std::function<PathOutcome(PathRun&, Ensemble&)>;

/// The ensemble of a run, or nothing where all paths fail.
std::optional<Ensemble> ensemble_of(Job& job, PathRun& run, const PathsOf& paths_of) {
  const bool one = run.ordinary && !run.draw;
  run.kept = one ? 1 : kept_paths(job);
  if (one) run.paths = 1;
  Ensemble ensemble = described(job, run);
  const PathOutcome outcome = paths_of(run, ensemble);
  if (outcome.cancelled) return std::nullopt;
  if (one) repeat(ensemble, job.options.paths, kept_paths(job));
  if (outcome.fault && ensemble.failed == ensemble.paths) {
    report_fault(job, *outcome.fault, ensemble.step);
    return std::nullopt;
  }
  if (outcome.fault) warn_of_failed(job, *outcome.fault, ensemble);
  return ensemble;
}

PathProgram program_of(const Model& model, const kernel::PathPolicy& law, const Job& job,
                       Phases* phases) {
  kernel::PathKernels k = kernel::path_kernels(model, law, job.at_horizon, job.corrected);
  const bool ordinary = !k.rate.outputs.empty() && job.options.method != "euler";
  std::vector<const kernel::Spec*> specs{&k.finish};
  if (ordinary) {
    specs.insert(specs.end(), {&k.rate, &k.arrival});
  } else {
    k.rate.outputs.clear();
    specs.insert(specs.end(), {&k.start, &k.advance});
    if (job.options.bias)
      for (const kernel::Spec& longer : k.longer) specs.push_back(&longer);
  }
  jit::Program program = compile_kernels(*model.store, specs, phases);
  return {std::move(k), std::move(program)};
}

}  // namespace

std::optional<Ensemble> simulate(const Model& model, const ValueFunction* value,
                                 const Policy* policy, const SimulateOptions& options,
                                 const Progress& progress, Sink& sink, Phases* phases) {
  Job job{model, value, policy, options, sink};
  if (!can_simulate(job) || !choose_until(job) || !fits_memory(job)) return std::nullopt;
  const kernel::PathPolicy law = path_policy(model, value, policy);
  job.breaks = path_breaks(job);
  job.corrected = needs_correction(job);
  const PathProgram program = program_of(model, law, job, phases);
  PolicyTables tables;
  if (law.from == kernel::PathPolicy::From::Tables) tables = policy_tables(model, *value);
  const auto tick = [&](double fraction) { return progress && progress("simulate", fraction); };
  const auto paths_of = [&](PathRun& run, Ensemble& ensemble) {
    return runtime::run_paths(run, ensemble, tick);
  };
  const std::int64_t pairs = std::max(options.paths / kPairedShare, kLeastPaired);
  std::optional<Ensemble> ensemble;
  if (!program.kernels.rate.outputs.empty()) {
    PathRun run = ordinary_run(job, program, law, tables);
    ensemble = ensemble_of(job, run, paths_of);
    if (ensemble && options.bias && model.has_cost) {
      add_bias({less_exact(run)}, pairs, *ensemble, tick);
      ensemble->cost_bias /= kLessExact - 1;
    }
  } else {
    const TimeGrid grid = times_of(job, program, law, tables);
    PathRun run = euler_run(job, program, law, tables, grid);
    ensemble = ensemble_of(job, run, paths_of);
    std::vector<PathRun> longer;
    if (grid.steps() > 1) longer.push_back(longer_run(job, program, law, tables, grid, 1));
    if (grid.steps() > 3) longer.push_back(longer_run(job, program, law, tables, grid, 2));
    if (ensemble && options.bias && !longer.empty()) add_bias(longer, pairs, *ensemble, tick);
  }
  if (ensemble) runtime::without_failed(*ensemble);
  return ensemble;
}

}  // namespace hopf::driver
