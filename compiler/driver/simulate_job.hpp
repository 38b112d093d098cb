// One simulation on its way: what was asked, and what has been settled so far. For the files of
// `simulate` only.
#pragma once

#include <optional>

#include "driver/path_policy.hpp"
#include "driver/simulate.hpp"
#include "jit/jit.hpp"
#include "kernel/path_kernels.hpp"
#include "path/run.hpp"

namespace hopf::driver {

struct SimulationJob {
  const model::Model& model;
  const runtime::ValueFunction* value;
  const Policy* policy;
  const SimulateOptions& options;
  diagnostics::Sink& sink;
  double until = 0;
  bool at_horizon = false;  // the last time is the model's horizon
  bool corrected = false;   // the drift of Euler's steps is
  std::vector<runtime::PathRun::Ordinary::Break> breaks = {};  // times at which steps end
};

/// Can this model be simulated so, has every control a law, is the start a state? Errors are
/// emitted.
bool can_simulate(SimulationJob&);

/// Fills in the last time; refuses what cannot be one, and a step that does not fit.
bool choose_until(SimulationJob&);

/// A discount rate that is one number; 0 where it varies.
double constant_discount(const model::Model&);

/// The kernels of a model under a policy, as native code.
struct PathProgram {
  kernel::PathKernels kernels;
  jit::Program program;
  runtime::PathKernel native(const kernel::Spec&) const;
};

/// A run on a grid of times, by Euler's steps; `tables` outlives it.
runtime::PathRun euler_run(const SimulationJob&, const PathProgram&, const kernel::PathPolicy&,
                           PolicyTables& tables, const runtime::TimeGrid&);
/// The same with steps twice as long and four times as long (`rung` 1 and 2) and the same noise,
/// for its last values alone.
runtime::PathRun longer_run(const SimulationJob&, const PathProgram&, const kernel::PathPolicy&,
                            PolicyTables& tables, const runtime::TimeGrid&, std::size_t rung);
/// Without noise: an adaptive method of order 5.
runtime::PathRun ordinary_run(const SimulationJob&, const PathProgram&, const kernel::PathPolicy&,
                              PolicyTables& tables);

/// All paths failed: the error says where the first did.
void report_fault(SimulationJob&, const runtime::PathFault&, double step);
/// Some did: a warning, with the first.
void warn_of_failed(SimulationJob&, const runtime::PathFault&, const runtime::Ensemble&);

}  // namespace hopf::driver
