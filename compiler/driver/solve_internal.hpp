// What the files behind driver/solve.hpp share.
#pragma once

#include <memory>
#include <vector>

#include "driver/solve.hpp"
#include "kernel/hjb_kernels.hpp"
#include "value/howard.hpp"
#include "value/riccati.hpp"

namespace hopf::driver {

/// One request: what to solve, how, and whom to tell.
struct SolveTask {
  const model::Model& model;
  const derive::Equations& equations;
  const plan::Options& options;
  const Progress& progress;
  diagnostics::Sink& sink;
  const Policy* policy = nullptr;  // evaluate: one expression per control
  Phases* phases = nullptr;        // times, dumps and switches of the run; may be null
  bool close_ends = false;         // open ends drop outward drift: V could not be found otherwise
};

/// Names, units and flags of the answer; no values yet.
runtime::ValueFunction empty_value(const model::Model&);
/// Values and policy with a reward model's sign turned to the user's.
void turn_sign(runtime::ValueFunction&);
/// Parameters replaced by their numbers; an invalid id stays invalid.
expr::ExprId numeric(const model::Model&, expr::ExprId);

/// The value of its set from which a control starts: nothing, or as little as the set allows.
double first_value(const model::Model&, const model::Control&);

/// The model as kernels want it.
kernel::HjbInput hjb_input(const SolveTask&, const plan::Plan&);
/// Kernels compiled and bound to the plan's grid.
runtime::PointProblem point_problem(const SolveTask&, const plan::Plan&, const kernel::HjbInput&);

/// The rule at each axis' ends. Without a discount or a horizon an open boundary is closed:
/// continued outside, the cost would grow for ever and the equations have no solution; held at the
/// end, the state can come back. So it is with three states where the drift can lead out,
/// as their linear systems ask for monotone rows, and where the iteration fails with ends that are
/// open.
std::vector<runtime::Boundary> boundary_rules(const SolveTask&, const runtime::Grid&);

/// A problem's solution on a coarser grid.
struct CoarseSolution {
  runtime::Grid grid;
  runtime::GridSolution solution;
};

/// solve_grid from the interpolated solution of coarser grids, where the problem is stationary;
/// these are kept, the finest last.
runtime::GridSolution solve_from_coarse(const SolveTask&, runtime::PolicySystem&,
                                        const runtime::PointProblem&, const runtime::SolveSettings&,
                                        std::vector<CoarseSolution>* kept = nullptr);

std::optional<runtime::ValueFunction> solve_on_grid(const SolveTask&, const plan::Plan&);
/// Nothing, without an error, when the policy is not affine: then the grid takes over.
std::optional<runtime::ValueFunction> solve_quadratic(const SolveTask&, bool& applicable);

/// The failure of a grid solve as a diagnostic in the user's terms.
void report_failure(const SolveTask&, const plan::Plan&, const runtime::GridSolution&,
                    const runtime::PolicySystem&);
/// Health checks of a finished grid solve.
std::vector<runtime::Check> health_checks(const SolveTask&, const plan::Plan&,
                                          const runtime::PointProblem&,
                                          const runtime::PolicySystem&,
                                          const runtime::SolveSettings&,
                                          const runtime::GridSolution&);
/// How much V in the inner half of the domain depends on how it is continued beyond artificial
/// ends; nothing where the domain has none.
std::optional<runtime::Check> influence_check(const SolveTask&, const runtime::PointProblem&,
                                              const runtime::PolicySystem&,
                                              const runtime::SolveSettings&,
                                              const runtime::GridSolution&);
/// Unknowns at nodes in the inner half of every axis that is not periodic.
std::vector<std::size_t> inner_half(const runtime::Grid&, std::size_t unknowns);
/// The error of V at the nodes of every stored level, with a line for the report; no levels where
/// the grid is too small to have coarser ones, or where these have no solution.
struct ErrorOfValue {
  std::vector<std::vector<double>> levels;
  runtime::Check check;
  bool cancelled = false;
};
/// `coarse` are the solutions that are there already, the finest last; what is missing is solved.
ErrorOfValue error_of_value(const SolveTask&, const runtime::PointProblem&,
                            const runtime::PolicySystem&, const runtime::SolveSettings&,
                            const runtime::GridSolution&, std::vector<CoarseSolution> coarse);
/// Of the differences at each unknown, the share that is upwind; 0 where nothing moves.
std::vector<double> upwind_shares(const runtime::PolicySystem&, std::size_t dimension);

}  // namespace hopf::driver
