// Carries an ensemble through its kernels: chunks of paths over threads, runs of steps between
// recorded times.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "abi/hopf_runtime.h"
#include "core/parallel.hpp"
#include "path/ensemble.hpp"

namespace hopf::runtime {

/// A native kernel, or anything that does the same (the reference interpreter, a hand-written
/// loop).
using PathKernel = std::function<void(const hopf_path_call&)>;

/// Everything that a run needs. Registers are the carried arrays of the kernels, states first.
struct PathRun {
  PathKernel start, advance, finish;  // start and finish may be empty
  std::int64_t paths = 0;
  std::int64_t steps = 0;
  std::uint64_t seed = 0;
  int threads = 0;

  std::vector<double> initial;             // one per register, for every path
  std::vector<std::vector<double>> from;   // when not empty: [state][path], in place of `initial`
  std::size_t states = 0, cost = 0;        // how many; which register
  std::optional<std::size_t> alive, left;  // which registers

  std::vector<double> uniforms;
  std::size_t per_step = 0;
  std::vector<double> step_table;  // (steps + 1) * per_step

  /// Tables in use from a step on; the first level starts at 0.
  struct Level {
    std::int64_t first_step = 0;
    std::vector<const void*> tables;
  };
  std::vector<Level> levels{Level{}};

  std::vector<std::int64_t> records;  // step indices, increasing, from 0 to steps
};

/// The first path whose registers stopped being finite, and where it was one step before.
struct PathFault {
  std::int64_t path = 0;
  std::int64_t step = 0;  // the step that made it so; `steps` when it is the cost at the last time
  std::size_t register_index = 0;
  double value = 0;            // NaN or an infinity
  std::vector<double> before;  // the states
};

struct PathOutcome {
  bool cancelled = false;
  std::vector<std::vector<double>> final_registers;  // [register][path], at the last time
  std::optional<PathFault> fault;
};

/// Fills `recorded`, `cost`, `left_domain`, `stopped` and `steps_done` of the ensemble. The result
/// does not depend on the number of threads. On a fault or a stop the ensemble is incomplete.
PathOutcome run_paths(const PathRun&, Ensemble&, const PoolProgress& progress = {});

}  // namespace hopf::runtime
