// What the files behind driver/solve.hpp share.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "driver/solve.hpp"
#include "grid/widen.hpp"
#include "kernel/hjb_kernels.hpp"
#include "model/ranges.hpp"
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

/// The rule at each axis' ends.
std::vector<runtime::Boundary> boundary_rules(const runtime::Grid&);
/// Axes whose open ends are closed from the start. Without a discount or a horizon the cost outside
/// would grow for ever and the equations have no solution; held at the end, the state can come
/// back. With three states, where the drift can lead out, the linear systems ask for monotone rows.
std::vector<bool> ends_closed_at_once(const SolveTask&, const runtime::Grid&);
/// The problem with the ends as they are treated at first: a policy given by hand may leave where
/// 'constrain' was only assumed, as holding it there would change it.
void arrange_ends(const SolveTask&, runtime::PointProblem&);
/// Closes open ends: no control may lead out where another stays; where none does, the state waits
/// at the end and pays on.
void close_ends(runtime::PointProblem&, const std::vector<bool>& axes);
/// The axes of a problem with open ends.
std::vector<bool> open_axes(const runtime::Grid&);
bool any(const std::vector<bool>& axes);
/// Neither a horizon nor a discount, or one of 0: only its target ends the problem.
bool endless(const model::Model&);
/// Of an amount of the model; the second also of the regime.
bool depends_on_control(const model::Model&, expr::ExprId);
bool depends_on_control_or_time(const model::Model&, expr::ExprId);
/// Does any state have a noise that is not zero?
bool has_noise(const model::Model&);

/// A problem's solution on a coarser grid.
struct CoarseSolution {
  runtime::Grid grid;
  runtime::GridSolution solution;
};
/// The first unknown, of any stored time, whose V is outside of the bounds that its costs give.
struct BrokenBound {
  std::size_t unknown;
  double t, value;
};
/// At a negative rate V grows, and steps in time exceed the exponential by their error: there V may
/// be beyond by as much as `error` says, at a level (or at all, if it has one) and unknown.
std::optional<BrokenBound> broken_bound(const derive::Bounds&, const std::vector<double>& times,
                                        const std::vector<std::vector<double>>& value,
                                        const std::vector<std::vector<double>>& error);
/// Bounds of running and terminal cost for steps in time on this grid, which may be wider than the
/// model's domain; infinite where nothing is known.
void bound_costs(const SolveTask&, const runtime::Grid&, runtime::SolveSettings&);

/// Adds the bounds to the report; false, with an error, where V breaks them. V is still a cost.
bool check_bounds(const SolveTask&, const plan::Plan&, runtime::ValueFunction&);

/// solve_grid from the interpolated solution of coarser grids, where the problem is stationary;
/// these are kept, the finest last.
runtime::GridSolution solve_from_coarse(const SolveTask&, runtime::PolicySystem&,
                                        const runtime::PointProblem&, const runtime::SolveSettings&,
                                        std::vector<CoarseSolution>* kept = nullptr);

/// The error of V at the nodes of every stored level, with a line for the report; no levels where
/// the grid is too small to have coarser ones, or where these have no solution.
struct ErrorOfValue {
  std::vector<std::vector<double>> levels;
  double largest = std::numeric_limits<double>::quiet_NaN();  // known in the domain's inner half
  double size = 0;                                            // the largest |V| there
  runtime::Check check;
  bool cancelled = false;
};
/// A solution on the grid of its problem, which is larger than the plan's where that was needed,
/// with all that it was found with: the system refers to the problem beside it.
struct GridAnswer {
  std::unique_ptr<runtime::PointProblem> problem;
  runtime::SolveSettings settings;
  std::unique_ptr<runtime::PolicySystem> system;
  runtime::GridSolution solution;
  std::vector<CoarseSolution> coarse;  // the finest last
  std::vector<runtime::Check> checks;  // of the ends
  std::optional<runtime::Widened> wide;
  ErrorOfValue error;
};
/// Solutions on coarser grids that are missing are added to the answer. `domain` is the model's,
/// where the answer has a wider one.
ErrorOfValue error_of_value(const SolveTask&, const runtime::Grid& domain, GridAnswer&);
/// The solution on the problem's grid, from the finest of the coarser ones where there are any.
GridAnswer answer_on_grid(const SolveTask&, runtime::PointProblem, const runtime::SolveSettings&,
                          std::vector<CoarseSolution> coarse = {});
/// Cuts solution and errors back to the plan's grid.
void crop(const runtime::Grid& first, const runtime::Widened&, int regimes, runtime::GridSolution&,
          std::vector<std::vector<double>>& errors);
/// Solves with the ends open; where that finds no solution, one that breaks the bounds of its
/// costs, or one that the ends decide, with closed ends of a larger domain.
GridAnswer solve_with_ends(const SolveTask&, const plan::Plan&, const runtime::PointProblem&,
                           const runtime::SolveSettings&);
/// Finds the error; solves on finer grids until the one that was asked for is reached, or, on grids
/// that were not asked for, while that is cheap.
void refine(const SolveTask&, const plan::Plan&, GridAnswer&);

std::optional<runtime::ValueFunction> solve_on_grid(const SolveTask&, const plan::Plan&);
/// Nothing, without an error, when the policy is not affine: then the grid takes over.
std::optional<runtime::ValueFunction> solve_quadratic(const SolveTask&, bool& applicable);

/// Of a linear-quadratic problem with bounded controls, the value without these bounds, which is
/// never larger: P, p and c at t = 0 of each regime. Nothing where it does not exist.
std::vector<runtime::QuadraticLevel> unbounded_value(const SolveTask&);

/// The failure of a grid solve as a diagnostic in the user's terms.
void report_failure(const SolveTask&, const GridAnswer&);
/// Health checks of a finished grid solve.
std::vector<runtime::Check> health_checks(const SolveTask&, const plan::Plan&, const GridAnswer&);
/// The largest share by which V changes at a node of the inner half of the domain, relative to V
/// and to its range around the node; and the unknown where.
struct Change {
  double share = 0;
  std::size_t where = 0;
};
Change largest_change(const runtime::Grid&, const std::vector<double>& V,
                      const std::vector<double>& changed);
/// The grid with a quarter of its nodes added at both ends of the axes, as far as the model's
/// amounts exist, and not beyond an end at 0, where a state ends by its nature. Nothing where no
/// node can be added.
std::optional<runtime::Widened> wider_grid(const SolveTask&, const runtime::Grid&,
                                           const std::vector<bool>& axes);
/// How much V depends on how it is continued beyond artificial ends; nothing where the domain has
/// none.
inline constexpr double kLargestInfluence = 0.02;
struct Influence {
  double share;          // NaN where it could not be found
  std::string place;     // "x = 1.5"
  bool assumed = false;  // of ends where 'constrain' was only assumed
};
std::optional<Influence> influence_of_ends(const SolveTask&, const GridAnswer&);
runtime::Check influence_check(const SolveTask&, const runtime::PolicySystem&, const Influence&);
/// "theta = 0.5, omega = 1"
std::string place_text(const model::Model&, const runtime::Grid&, std::size_t unknown);
std::string place_text(const model::Model&, const std::vector<double>& x);
/// Unknowns at nodes in the inner half of every axis that is not periodic.
std::vector<std::size_t> inner_half(const runtime::Grid&, std::size_t unknowns);
/// Of the differences at each unknown, the share that is upwind; where nothing moves, the mean one.
std::vector<double> upwind_shares(const runtime::PolicySystem&, std::size_t dimension);

}  // namespace hopf::driver
