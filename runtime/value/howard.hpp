// Implicit solution of the discrete HJB equation: Howard's policy iteration, alone for stationary
// problems and within every step of a finite horizon.
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "value/policy_system.hpp"

namespace hopf::runtime {

struct SolveSettings {
  double tolerance = 1e-10;  // largest change of V in the last iteration, relative to its size
  int max_iterations = 200;  // of Howard's algorithm, per time step
  int threads = 1;
  double horizon = 0;  // > 0: finite horizon
  int steps = 0;       // > 0: as many, graded toward the end; 0: chosen by the error in time,
  int joined = 1;      // so many of them are one step: on coarser grids, which share its times
  double time_tolerance =
      1e-5;                 // what V may turn away from a straight line in a step, over its range
  int fine_steps = 400;     // as short as that asks; later ones no shorter than graded steps
  int stored_levels = 101;  // at most this many times are kept
  /// Bounds of the running cost, minimised: no admissible control anywhere costs less than the
  /// first, and some one admissible policy costs at most the second everywhere.
  double least_cost = -std::numeric_limits<double>::infinity();
  double most_cost = std::numeric_limits<double>::infinity();
  /// The same of the terminal cost beyond open ends too; without such ends its nodes tell.
  double least_terminal = -std::numeric_limits<double>::infinity();
  double most_terminal = std::numeric_limits<double>::infinity();
  /// what, fraction (negative: unknown); true asks for a stop.
  std::function<bool(const char*, double)> progress;
};

/// The settings of a grid of half the intervals: steps are twice as long.
SolveSettings coarser(const SolveSettings&);
/// And of a grid of twice the intervals.
SolveSettings finer(const SolveSettings&);

enum class Failure : std::uint8_t {
  None,
  Cancelled,
  NotConverged,
  Singular,
  Infeasible,
  NotViable,  // no control keeps the state inside, from no node
  NoTarget,   // no node lies in the set of `until`, and no edge crosses it
};

struct GridSolution {
  Failure failure = Failure::None;
  std::size_t where = 0;  // unknown at which it failed (Infeasible), or with the largest residual
  double t = 0;           // and the time
  std::vector<double> times;                             // increasing
  std::vector<std::vector<double>> value;                // [level][unknown]
  std::vector<std::vector<std::vector<double>>> policy;  // [level][control][unknown]
  int iterations = 0;                                    // of Howard's algorithm, summed over steps
  int linear_iterations = 0;
  double residual = 0;   // max |discrete HJB| / (max|V| + the largest cost of one step)
  double unsettled = 0;  // sum over the steps that were taken while V still moved, over its size
  double change = 0;     // of the last iteration
  int steps = 0;         // in time, that were taken
  std::vector<double> step_times;  // increasing, both ends included; of them `times` are kept
  std::vector<double>
      time_error;  // [unknown]: what the steps add to the error of V at the first time
};

/// Where a stationary iteration starts: V and the controls; V alone, to be improved once with
/// controls up to a limit; or nothing. V = 0 asks some controls to go to infinity, where the value
/// of a policy has no digits left, and so does an interpolated V where its curvature vanishes.
struct Start {
  std::vector<double> value;
  std::vector<std::vector<double>> policy;  // [control][unknown]
  double limit = 1e6;
};

/// Solves the problem on the system's grid. The system is left with the last (earliest) policy's
/// coefficients.
GridSolution solve_grid(PolicySystem&, const PointProblem&, const SolveSettings&, Start start = {});

}  // namespace hopf::runtime
