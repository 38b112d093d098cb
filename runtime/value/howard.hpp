// Implicit solution of the discrete HJB equation: Howard's policy iteration, alone for stationary
// problems and within every step of a finite horizon.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "value/policy_system.hpp"

namespace hopf::runtime {

struct SolveSettings {
  double tolerance = 1e-10;  // largest change of V in the last iteration, relative to its size
  int max_iterations = 200;  // of Howard's algorithm, per time step
  int threads = 1;
  double horizon = 0;  // > 0: finite horizon, `steps` steps
  int steps = 0;
  int stored_levels = 101;  // at most this many times are kept
  /// what, fraction (negative: unknown); true asks for a stop.
  std::function<bool(const char*, double)> progress;
};

enum class Failure : std::uint8_t { None, Cancelled, NotConverged, Singular, Infeasible };

struct GridSolution {
  Failure failure = Failure::None;
  std::size_t where = 0;  // unknown at which it failed (Infeasible), or with the largest residual
  double t = 0;           // and the time
  std::vector<double> times;                             // increasing
  std::vector<std::vector<double>> value;                // [level][unknown]
  std::vector<std::vector<std::vector<double>>> policy;  // [level][control][unknown]
  int iterations = 0;                                    // of Howard's algorithm, summed over steps
  int linear_iterations = 0;
  double residual = 0;  // max |discrete HJB| / (max|V| + the largest cost of one step)
  double change = 0;    // of the last iteration
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

/// V of the system's present coefficients, by one linear solve; empty when the matrix is singular.
std::vector<double> value_of_policy(const PolicySystem&, double shift = 0);

}  // namespace hopf::runtime
