// Health checks of a grid solution: what the report says and when it warns.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "driver/hidden_features.hpp"
#include "driver/solve_internal.hpp"

namespace hopf::driver {

namespace {

using runtime::Boundary;
using runtime::Check;

constexpr double kLargestResidual = 1e-6;
constexpr double kUnknown = std::numeric_limits<double>::infinity();  // an error
constexpr std::size_t kFewInTarget = 2;                               // nodes, with several states

// Steps whose length follows from the error leave a residual within that error; those that were
// taken while V still moved leave as much as it moved.
Check residual_check(const runtime::SolveSettings& settings,
                     const runtime::GridSolution& solution) {
  const bool chosen = settings.horizon > 0 && settings.steps == 0;
  const double most = std::max(kLargestResidual, chosen ? settings.time_tolerance : 0);
  std::string words = "largest |discrete HJB equation|, relative to the size of V";
  if (solution.unsettled > 0)
    words += fmt::format("; steps that V had not settled in add up to {:.2g}", solution.unsettled);
  return {"residual", fmt::format("{:.2g}", solution.residual), words, solution.residual,
          !(std::max(solution.residual, solution.unsettled) < most)};
}

// Rows that continue V beyond an open end are not monotone, and need not be: they are a face of the
// grid. The others are its body.
Check monotone_check(const runtime::PolicySystem& system) {
  runtime::SparseMatrix A = system.pattern();
  std::vector<double> b;
  system.assemble({}, A, b);
  std::size_t open = 0, bad = 0;
  for (std::size_t row = 0; row < A.rows(); ++row) {
    const bool continued = system.continues(row);
    for (std::int64_t k = A.start[row] + 1; k < A.start[row + 1]; ++k) {
      if (A.value[k] <= 1e-12 * std::abs(A.value[A.start[row]])) continue;
      ++(continued ? open : bad);
      break;
    }
  }
  const double share = static_cast<double>(bad) / static_cast<double>(A.rows());
  std::string words =
      bad == 0 ? "every row inside is monotone" : "noise is too correlated to split in the others";
  if (open > 0) words += fmt::format("; {} more at open ends continue V outward", open);
  return {"monotone", fmt::format("{} of {} rows", A.rows() - bad - open, A.rows()), words, share,
          share > 0.2};
}

// Axes along which the state moves, by drift or noise.
double moving_directions(const runtime::PolicySystem& system, std::size_t dimension,
                         std::size_t unknown) {
  double count = 0;
  for (std::size_t k = 0; k < dimension && !system.fixed(unknown); ++k)
    count += system.weight(k, false)[unknown] != 0 || system.weight(k, true)[unknown] != 0;
  return count;
}

Check upwind_check(const runtime::PolicySystem& system, std::size_t dimension) {
  const std::vector<double> shares = upwind_shares(system, dimension);
  double total = 0, moving = 0;
  for (std::size_t u = 0; u < shares.size(); ++u) {
    const double directions = moving_directions(system, dimension, u);
    total += shares[u] * directions;
    moving += directions;
  }
  const double share = moving > 0 ? total / moving : 0;
  return {"upwind", fmt::format("{:.0f} %", 100 * share),
          "of the differences are upwind, first order; the others are central, second order", share,
          false};
}

/// Where even the best control drifts outward through an end that must not be crossed.
struct Leaving {
  std::size_t nodes = 0, where = 0;
  bool constrained = false;
  std::string assumed;  // a state of which it was only assumed
};

Leaving leaving_nodes(const SolveTask& task, const runtime::Grid& declared,
                      const runtime::PointProblem& problem, const runtime::PolicySystem& system) {
  Leaving result;
  for (std::size_t k = 0; k < problem.grid.dimension(); ++k) {
    const auto& axis = problem.grid.axes[k];
    if (declared.axes[k].boundary != Boundary::Constrain || axis.boundary != Boundary::Constrain)
      continue;
    result.constrained = true;
    const std::size_t count = axis.nodes.size(), stride = problem.grid.stride(k);
    for (std::size_t u = 0; u < system.unknowns(); ++u) {
      const std::size_t i = u % system.points() / stride % count;
      if (system.fixed(u) || (i != 0 && i + 1 != count)) continue;  // who is lost is told apart
      const double lower = system.weight(k, false)[u], upper = system.weight(k, true)[u];
      const double out = i == 0 ? lower : upper, in = i == 0 ? upper : lower;
      const double h =
          i == 0 ? axis.nodes[1] - axis.nodes[0] : axis.nodes[count - 1] - axis.nodes[count - 2];
      if (!((out - in) * h > 1e-9 * (axis.hi - axis.lo))) continue;
      if (result.nodes++ == 0) result.where = u;
      if (task.model.states[k].boundary_defaulted) result.assumed = task.model.states[k].name;
    }
  }
  return result;
}

std::optional<Check> leaving_check(const SolveTask& task, const runtime::Grid& declared,
                                   const runtime::PointProblem& problem,
                                   const runtime::PolicySystem& system) {
  const Leaving leaving = leaving_nodes(task, declared, problem, system);
  if (!leaving.constrained) return std::nullopt;
  if (leaving.nodes == 0)
    return Check{"state constraint", "kept", "at every end some control keeps the state inside", 0,
                 false};
  const std::string help =
      leaving.assumed.empty()
          ? ""
          : fmt::format("write 'constrain' after the domain of '{}' if it must stay inside, or ",
                        leaving.assumed);
  return Check{"state constraint",
               fmt::format("broken at {} nodes, as at {}", leaving.nodes,
                           place_text(task.model, problem.grid, leaving.where)),
               fmt::format("no control of finite cost keeps the state inside there; it was held, "
                           "for no more than its running cost, so that V promises too much around "
                           "it: {}let the domain begin where a control can stay, or say what its "
                           "end pays with 'absorb(...)'",
                           help),
               static_cast<double>(leaving.nodes),
               true,
               kUnknown};
}

std::optional<Check> splitting_check(const runtime::PointProblem& problem,
                                     const runtime::PolicySystem& system) {
  if (problem.given_diffusion) {
    const auto bad = system.inexact_splittings();
    return Check{"correlated noise", bad == 0 ? "split" : fmt::format("{} nodes", bad),
                 bad == 0 ? "along grid directions with nonnegative weights"
                          : "where directions beyond 4 nodes would be needed: some noise was added "
                            "to stay monotone",
                 static_cast<double>(bad), bad * 20 > system.points()};
  }
  return std::nullopt;
}

// How much of the domain arrives, or stays inside, where not all of it does.
std::optional<Check> arrival_check(const SolveTask& task, const runtime::PointProblem& problem,
                                   const runtime::GridSolution& solution) {
  const std::vector<double>& V = solution.value.front();
  const auto never = std::count_if(V.begin(), V.end(), [](double v) { return std::isinf(v); });
  if (never == 0) return std::nullopt;
  const double share = 1 - static_cast<double>(never) / static_cast<double>(V.size());
  if (!problem.may_not_arrive)
    return Check{
        "stays inside",
        fmt::format("from {} of {} nodes", V.size() - static_cast<std::size_t>(never), V.size()),
        fmt::format("from the others no control of finite cost keeps the state within "
                    "ends that are declared 'constrain'{}, and V is {}",
                    task.model.horizon ? " up to the horizon" : "",
                    task.model.reward ? "-inf" : "inf"),
        share, false};
  return Check{"arrives", fmt::format("{:.3g} % of the nodes", 100 * share),
               fmt::format("from the others {} {}, and V is {}",
                           task.policy ? "the policy does not reach" : "no control reaches",
                           task.model.until ? "the set of 'until'" : "an absorbing end",
                           task.model.reward ? "-inf" : "inf"),
               share, false};
}

// A target too thin for the grid ends nothing.
std::optional<Check> target_check(const SolveTask& task, const runtime::PointProblem& problem,
                                  const runtime::PolicySystem& system) {
  if (!problem.has_until) return std::nullopt;
  const auto nodes = system.target_nodes() / static_cast<std::size_t>(problem.regimes);
  const bool small = problem.grid.dimension() > 1 && nodes <= kFewInTarget;
  if (system.meets_target() && small && !has_noise(task.model))
    return Check{"target", fmt::format("{} node{}", nodes, nodes == 1 ? "" : "s"),
                 "the set of 'until' is no larger than a cell, and how the grid meets it decides "
                 "who arrives: ask for a finer grid, or make the set larger",
                 static_cast<double>(nodes), true};
  if (system.meets_target()) return std::nullopt;
  return Check{
      "target", "missed",
      "no node lies in the set of 'until' and no edge between nodes crosses it, so that it "
      "ends nothing: ask for a finer grid, make the set larger, or move it into the domain",
      1, true};
}

// A payment that is meant to be earned costs where nothing else does.
std::optional<Check> stopping_check(const SolveTask& task, const runtime::PointProblem& problem,
                                    const runtime::GridSolution& solution) {
  if (!problem.has_stop || task.model.reward || !task.model.controls.empty()) return std::nullopt;
  const std::vector<double>& V = solution.value.front();
  if (std::any_of(V.begin(), V.end(), [](double v) { return v != 0; })) return std::nullopt;
  return Check{"stopping", "worth it nowhere",
               "V is 0: what 'stop pays' is a cost here, and going on costs nothing; if it is "
               "earned, write 'reward 0'",
               0, true};
}

std::optional<Check> switches_check(const runtime::PointProblem& problem) {
  if (!problem.jumps_missed) return std::nullopt;
  const double count = static_cast<double>(problem.jumps.size());
  return Check{"switches in time", fmt::format("{} found", problem.jumps.size()),
               "the model switches so often, or conditions are equal for so long, that some may be "
               "missed: steps do not end there",
               count, true};
}

std::optional<Check> closed_check(const SolveTask& task, const runtime::Grid& declared,
                                  const runtime::PointProblem& problem) {
  bool closed = false;
  for (std::size_t k = 0; k < declared.dimension(); ++k) {
    closed = closed || (declared.axes[k].boundary == Boundary::Extrapolate &&
                        problem.grid.axes[k].boundary == Boundary::Constrain);
  }
  if (!closed) return std::nullopt;
  if (std::find(problem.escapes.begin(), problem.escapes.end(), 1) != problem.escapes.end())
    return Check{"open ends", "left",
                 "nothing but the set of 'until' pays, and the drift can lead on beyond them: who "
                 "comes there is taken not to come back, and a wider domain tells how many do",
                 0, false};
  return Check{
      "open ends", "closed",
      fmt::format("{}: no control may lead out there where another stays, and where none "
                  "does the state waits at the end and pays on",
                  endless(task.model) ? "without a discount or a horizon the cost outside may grow "
                                        "for ever"
                                      : "with three states where the drift can lead out"),
      0, false};
}

}  // namespace

std::vector<double> upwind_shares(const runtime::PolicySystem& system, std::size_t dimension) {
  std::vector<double> shares(system.unknowns(), 0.0);
  std::vector<std::size_t> still;
  double sum = 0;
  for (std::size_t u = 0; u < shares.size(); ++u) {
    double upwind = 0;
    for (std::size_t k = 0; k < dimension && !system.fixed(u); ++k)
      upwind += (system.weight(k, false)[u] == 0) != (system.weight(k, true)[u] == 0);
    const double moving = moving_directions(system, dimension, u);
    if (moving > 0)
      sum += shares[u] = upwind / moving;
    else
      still.push_back(u);
  }
  const double moving = static_cast<double>(shares.size() - still.size());
  for (const std::size_t u : still) shares[u] = moving > 0 ? sum / moving : 0;
  return shares;
}

std::vector<Check> health_checks(const SolveTask& task, const plan::Plan& plan,
                                 const GridAnswer& answer) {
  const runtime::PointProblem& problem = *answer.problem;
  const runtime::PolicySystem& system = *answer.system;
  std::vector<Check> checks{residual_check(answer.settings, answer.solution),
                            monotone_check(system), upwind_check(system, plan.grid.dimension())};
  const auto add = [&](std::optional<Check> check) {
    if (check) checks.push_back(std::move(*check));
  };
  add(splitting_check(problem, system));
  for (runtime::Check& check : hidden_features(task, problem.grid, answer.solution))
    checks.push_back(std::move(check));
  add(target_check(task, problem, system));
  add(stopping_check(task, problem, answer.solution));
  add(switches_check(problem));
  add(arrival_check(task, problem, answer.solution));
  add(leaving_check(task, plan.grid, problem, system));
  for (const Check& check : answer.checks) checks.push_back(check);
  if (answer.checks.empty() || answer.checks.back().name != "open ends")
    add(closed_check(task, plan.grid, problem));
  return checks;
}

}  // namespace hopf::driver
