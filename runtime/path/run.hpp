// Carries an ensemble through its kernels: chunks of paths over threads, runs of steps between
// recorded times. What is asked of all paths is gathered on the way; no path is stored that was not
// asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "abi/hopf_runtime.h"
#include "core/parallel.hpp"
#include "path/ensemble.hpp"
#include "path/time_grid.hpp"

namespace hopf::runtime {

/// A native kernel, or anything that does the same (the reference interpreter, a hand-written
/// loop).
using PathKernel = std::function<void(const hopf_path_call&)>;

/// Registers of some paths: [register][lane].
using Registers = std::vector<std::vector<double>>;

/// Everything that a run needs. Registers are the carried arrays of the kernels, states first.
struct PathRun {
  PathKernel start, advance, finish;  // start and finish may be empty
  std::int64_t paths = 0;
  std::uint64_t seed = 0;
  int threads = 0;
  TimeGrid grid;

  std::vector<double> initial;  // one per register, for every path
  /// When given, draws the first state of a path in place of `initial`.
  std::function<void(std::int64_t path, double* states)> draw;
  std::size_t states = 0, cost = 0;        // how many; which register
  std::optional<std::size_t> alive, left;  // which registers

  std::vector<std::vector<double>> uniforms;  // one a piece of the grid
  std::size_t per_step = 0;
  /// The `per_step` scalars of a step from t to `next`.
  std::function<void(double t, double next, double* row)> scalars;

  /// Tables in use from a step on; the first level starts at 0.
  struct Level {
    std::int64_t first_step = 0;
    std::vector<const void*> tables;
    double from = 0;  // time
  };
  std::vector<Level> levels{Level{}};

  std::vector<std::int64_t> records;  // step indices, increasing, from 0 to the number of steps
  std::int64_t kept = 0;              // paths whose states at these times are kept
  /// Makes of the last registers of some paths what the user calls their costs, in place.
  std::function<void(Registers& last)> settle;

  /// The equation is solved by an adaptive method (ordinary.hpp) in place of `advance`.
  struct Ordinary {
    PathKernel rate;     // registers -> their derivatives in time
    PathKernel arrival;  // alive = 0 and cost = what is due inside a stopping set; then its levels
    std::size_t scalars = 0;           // the first of the per-step scalars among the registers
    std::size_t levels = 0, sets = 0;  // the first of the stopping sets' levels, and how many
    using Interval = std::optional<std::pair<double, double>>;
    std::vector<Interval> ends;    // one a state: where it is held
    std::vector<Interval> domain;  // one a state: leaving it is counted
    std::vector<Circle> circles;   // one a state
    double tolerance = 1e-8;
    double forced = 1.0 / 50'000;  // of the time: the shortest step of a path that chatters
    double longest = 0;            // step
    struct Break {
      double before = 0, after = 0;  // neighbouring doubles where the rate jumps there
    };
    std::vector<Break> breaks;  // increasing times at which steps end
  };
  std::optional<Ordinary> ordinary;
};

/// Where the first failing path stopped being finite.
struct PathFault {
  std::int64_t path = 0;
  double time = 0;
  bool at_end = false;  // it was the cost that is due at the last time
  std::size_t register_index = 0;
  double value = 0;            // NaN or an infinity
  std::vector<double> before;  // the states one step earlier
};

struct PathOutcome {
  bool cancelled = false;
  std::optional<PathFault> fault;  // of the first path that failed
  std::int64_t forced_steps = 0;   // of an ordinary equation: steps whose error was not controlled
};

/// Fills what the ensemble knows of its paths. The result does not depend on the number of threads.
/// Costs and last values of failed paths are NaN; `without_failed` takes them out. After a stop the
/// ensemble is incomplete.
PathOutcome run_paths(const PathRun&, Ensemble&, const PoolProgress& progress = {});

/// Takes failed paths out of costs and last values.
void without_failed(Ensemble&);

}  // namespace hopf::runtime
