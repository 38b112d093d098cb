// Howard's policy iteration for one discrete equation: that of a stationary problem, or of one step
// in time.
#pragma once

#include <span>
#include <vector>

#include "core/sum.hpp"
#include "value/howard.hpp"

namespace hopf::runtime {

/// a/b, and 0 where nothing is compared with nothing.
double relative(double a, double b);

class Iteration {
 public:
  Iteration(PolicySystem&, const PointProblem&, const SolveSettings&);

  /// Solves the equation from the system's present policy. A stationary one (no source) until V
  /// rests; a step until V changes by no more than `enough`, in at most so many iterations. False:
  /// see `answer.failure`.
  bool howard(const TimeTerms&, int most, double enough = 0);
  /// By how much V still moved, beyond `enough`, when the last step was taken as it is.
  double unsettled() const { return unsettled_; }
  /// x of the last matrix for another right-hand side.
  bool again(std::span<const double> b, std::span<double> x);
  /// A node where every control is infeasible, or gives NaN or infinity, ends the solve.
  bool feasible();
  /// Asks whether to stop; the solve is then cancelled.
  bool stop();
  /// What V is measured against, in its own unit: the values, and where they cancel the cost of one
  /// step.
  double size() const { return largest(V) + step_cost_; }

  std::vector<double> V;
  GridSolution answer;
  double fraction = -1;  // done, for progress

 private:
  bool linear_solve(const TimeTerms&, double tolerance);
  void advance_ends(int iteration, double change);
  /// Takes controls that ran off back to some times `limit`, which grows; false where there is
  /// none.
  bool hold_back(double& limit);
  bool tell(double change);

  PolicySystem& system_;
  const PointProblem& problem_;
  const SolveSettings& settings_;
  LinearSolver solver_;
  SparseMatrix A_;
  std::vector<double> b_, next_;
  double unsettled_ = 0;
  double step_cost_ = 0;  // max |b|/diagonal of the last system
  double told_ = 0;       // the largest part of a stationary iteration that was told
};

}  // namespace hopf::runtime
