// Problems on a grid: kernels, Howard iteration or time steps, and what went wrong when it did.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/memory.hpp"
#include "core/parallel.hpp"
#include "driver/circular.hpp"
#include "driver/solve_internal.hpp"

namespace hopf::driver {

namespace {

using diagnostics::Kind;

constexpr double kRounding = 1e-13;       // changes of V, relative to its size, that mean nothing
constexpr double kFewRunaways = 0.01;     // share of the nodes
constexpr std::size_t kLeastCoarse = 20;  // nodes of an axis of a grid that gives a start
constexpr double kGrowth = 4;  // of a control from a coarse grid to the start on a finer one

struct Place {
  std::vector<double> x;
  int regime = 1;
  std::string text;  // "theta = 0.5, omega = 1"
};

Place place_of(const model::Model& model, const runtime::Grid& grid, std::size_t unknown) {
  Place place;
  const std::size_t points = grid.points();
  place.regime = static_cast<int>(unknown / points) + 1;
  place.x.resize(grid.dimension());
  runtime::place_node(grid, unknown % points, place.x);
  place.text = place_text(model, place.x);
  if (model.regime) place.text += fmt::format(", {} = {}", model.regime->name, place.regime);
  return place;
}

struct Term {
  std::string what;
  expr::ExprId value;
  source::Span span;
};

std::vector<Term> terms_of(const model::Model& model) {
  std::vector<Term> terms;
  for (std::size_t i = 0; i < model.dimension(); ++i) {
    const auto& state = model.states[i];
    terms.push_back(
        {fmt::format("the drift of '{}'", state.name), model.drift[i], state.dynamics_span});
    for (std::size_t k = 0; k < model.noise_count(); ++k) {
      terms.push_back({fmt::format("the noise of '{}'", state.name),
                       model.diffusion[i * model.noise_count() + k], state.dynamics_span});
    }
  }
  const std::string cost = model.reward ? "the reward" : "the running cost";
  const auto seen = [&](expr::ExprId e) { return model.reward ? model.store->neg(e) : e; };
  if (model.lagrangian.value.valid())
    terms.push_back({cost, seen(model.lagrangian.value), model.lagrangian.span});
  if (model.terminal)
    terms.push_back({"the terminal amount", seen(model.terminal->value), model.terminal->span});
  if (model.discount)
    terms.push_back({"the discount", model.discount->value, model.discount->span});
  return terms;
}

// The first term that is NaN or infinite at the point, under the controls that were tried last.
void report_not_finite(const SolveTask& task, const Place& place, double t, std::vector<double> u) {
  const model::Model& model = task.model;
  expr::Binding at = model.bindings();
  for (std::size_t k = 0; k < place.x.size(); ++k) at[model.states[k].symbol] = place.x[k];
  for (std::size_t c = 0; c < u.size(); ++c) at[model.controls[c].symbol] = u[c];
  at[model.time] = t;
  if (model.regime) at[model.regime->symbol] = place.regime;
  for (const Term& term : terms_of(model)) {
    const double value = expr::evaluate(*model.store, term.value, at);
    if (std::isfinite(value)) continue;
    auto& d = task.sink.emit(Kind::NotFinite, term.span,
                             fmt::format("{} is {} at {}", term.what,
                                         std::isnan(value) ? "not a number"
                                         : value > 0       ? "infinite"
                                                           : "minus infinity",
                                         place.text));
    for (std::size_t c = 0; c < u.size(); ++c) {
      d.notes.push_back(fmt::format("with {} = {:.6g}", model.controls[c].name, u[c]));
    }
    d.help = "take the point out of the domain, or bound the control away from it";
    return;
  }
  task.sink.emit(Kind::NotFinite, model.span,
                 fmt::format("no control gives a finite Hamiltonian at {}", place.text));
}

// The control without a bound that stands as far out as laws and searches go, or -1.
int runaway(const model::Model& model, const runtime::PolicySystem& system, std::size_t unknown) {
  for (std::size_t c = 0; c < model.controls.size(); ++c) {
    const model::Control& control = model.controls[c];
    if (std::isfinite(control.lo) && std::isfinite(control.hi)) continue;
    if (std::abs(system.controls()[c][unknown]) >= 0.5 * runtime::kFarthest)
      return static_cast<int>(c);
  }
  return -1;
}

// A control that ran off to infinity over a part of the domain: the Hamiltonian falls without end.
// At single points, such as those where V is flat, an infimum that is not attained does no harm.
bool runs_off(const SolveTask& task, const GridAnswer& answer) {
  const model::Model& model = task.model;
  const runtime::PolicySystem& system = *answer.system;
  std::size_t count = 0, where = 0;
  for (std::size_t u = 0; u < system.unknowns(); ++u) {
    if (system.fixed(u) || runaway(model, system, u) < 0) continue;
    if (count++ == 0) where = u;
  }
  if (static_cast<double>(count) <= kFewRunaways * static_cast<double>(system.unknowns()))
    return false;
  const auto c = static_cast<std::size_t>(runaway(model, system, where));
  const auto& group = model.groups[static_cast<std::size_t>(model.controls[c].group)];
  const bool maximised = model.reward != group.disturbance;
  auto& d = task.sink.emit(
      Kind::HamiltonianUnbounded, group.span,
      fmt::format("the Hamiltonian has no {} over '{}': at {} it {} as far as {} = {:.2g}",
                  maximised ? "maximum" : "minimum", group.name,
                  place_of(model, answer.problem->grid, where).text, maximised ? "grows" : "falls",
                  model.controls[c].name, system.controls()[c][where]));
  d.primary_label = "this set has no bound";
  d.notes.push_back(
      "with the V of this grid; where V is infinite at an end, begin the domain beside that end");
  if (model.lagrangian.span.valid())
    d.labels.push_back({model.lagrangian.span, model.reward ? "the reward" : "the running cost"});
  d.help = fmt::format("bound it: 'control {} in [a, b]', or let {}", group.name,
                       model.reward ? "the reward turn down" : "its cost grow faster");
  return true;
}

runtime::SolveSettings settings_of(const SolveTask& task, const plan::Plan& plan) {
  runtime::SolveSettings settings;
  settings.tolerance = plan.tolerance;
  settings.threads = runtime::thread_count(task.options.threads);
  settings.horizon = task.model.horizon.value_or(0);
  settings.steps = plan.steps;
  settings.time_tolerance = plan.time_tolerance;
  settings.fine_steps = plan.grid.dimension() == 1 ? 1000 : plan.grid.dimension() == 2 ? 200 : 100;
  bound_costs(task, plan.grid, settings);
  if (task.progress) settings.progress = task.progress;
  return settings;
}

// Controls of a finite set keep one of its values, and directions one of the nodes'.
std::vector<std::vector<double>> prolong_policy(const SolveTask& task,
                                                const std::vector<std::vector<double>>& controls,
                                                const runtime::Grid& from,
                                                const runtime::Grid& to) {
  using Set = model::ControlGroup::Set;
  const int fields = task.model.regime ? task.model.regime->count : 1;
  std::vector<std::vector<double>> result;
  for (std::size_t c = 0; c < controls.size(); ++c) {
    const auto& group = task.model.groups[task.model.controls[c].group];
    const bool jumps = group.set == Set::Finite || circle_of(task.model, c).period > 0;
    result.push_back(jumps ? runtime::prolong_nearest(from, controls[c], to, fields)
                           : runtime::prolong(from, controls[c], to, fields));
  }
  return result;
}

// On the coarsest grid the iteration starts from the solution that may not leave through the open
// ends: its rows are all monotone, so that it is reached from anywhere. With open ends a policy
// that hurries out of the domain, and a continuation that makes this cheap, may confirm each other.
runtime::Start monotone_start(const runtime::PointProblem& problem,
                              const runtime::SolveSettings& settings) {
  const std::vector<bool> open = open_axes(problem.grid);
  if (!any(open)) return {};
  runtime::PointProblem held = problem;
  close_ends(held, open);
  runtime::PolicySystem system(held, boundary_rules(held.grid), settings.threads);
  runtime::SolveSettings rough = settings;
  rough.tolerance = 1e-3;
  runtime::GridSolution solution = runtime::solve_grid(system, held, rough);
  if (solution.failure != runtime::Failure::None) return {};
  return {std::move(solution.value.front()), std::move(solution.policy.front())};
}

// Where V is infinite at some nodes, e^(-V/size) is interpolated in its place.
std::vector<double> prolong_value(std::vector<double> V, const runtime::Grid& from,
                                  const runtime::Grid& to, int regimes) {
  double lo = std::numeric_limits<double>::infinity(), hi = -lo;
  bool infinite = false;
  for (const double v : V) {
    infinite = infinite || !std::isfinite(v);
    if (std::isfinite(v)) lo = std::min(lo, v), hi = std::max(hi, v);
  }
  if (!infinite) return runtime::prolong(from, V, to, regimes);
  const double size = hi > lo ? hi - lo : 1;
  for (double& v : V) v = std::exp((lo - v) / size);
  std::vector<double> result = runtime::prolong(from, V, to, regimes);
  for (double& y : result) y = lo - size * std::log(y);
  return result;
}

struct Guess {
  runtime::Start start;
  runtime::Failure failure = runtime::Failure::None;  // Cancelled: the solve ends before it begins
};

// V and policy of a coarser grid, interpolated.
runtime::Start start_from(const SolveTask& task, const CoarseSolution& coarse,
                          const runtime::PointProblem& fine) {
  const auto rules = boundary_rules(fine.grid);
  const bool open = std::count(rules.begin(), rules.end(), runtime::Boundary::Extrapolate) > 0;
  const auto& value = coarse.solution.value.front();
  const auto& policy = coarse.solution.policy.front();
  runtime::Start start;
  start.value = prolong_value(value, coarse.grid, fine.grid, fine.regimes);
  if (open || fine.may_not_arrive)
    start.policy = prolong_policy(task, policy, coarse.grid, fine.grid);
  start.limit = 0;
  for (const auto& control : policy) {
    for (const double u : control) start.limit = std::max(start.limit, kGrowth * std::abs(u));
  }
  return start;
}

// The solution of a coarser grid, solved in the same way: Howard's iteration then needs a few steps
// only.
Guess first_guess(const SolveTask& task, const runtime::PointProblem& fine,
                  const runtime::SolveSettings& settings, std::vector<CoarseSolution>* kept) {
  if (settings.horizon > 0 || fine.fixed_policy) return {};
  runtime::PointProblem coarse = fine;
  for (runtime::Axis& axis : coarse.grid.axes) {
    axis = runtime::coarsened(axis);
    if (axis.nodes.size() < kLeastCoarse) return {monotone_start(fine, settings)};
  }
  runtime::PolicySystem system(coarse, boundary_rules(coarse.grid), settings.threads);
  CoarseSolution found{coarse.grid, solve_from_coarse(task, system, coarse, settings, kept)};
  const runtime::Failure failure = found.solution.failure;
  if (failure == runtime::Failure::Cancelled) return {{}, failure};
  if (failure != runtime::Failure::None) return {};
  runtime::Start start = start_from(task, found, fine);
  if (kept) kept->push_back(std::move(found));
  return {std::move(start)};
}

void report_not_viable(const SolveTask& task, const Place& place) {
  auto& d = task.sink.emit(
      Kind::SingularSystem, task.options.span,
      fmt::format("no control keeps '{}' within its constraints for ever, from no point of the "
                  "domain: V would be {} everywhere",
                  task.model.name, task.model.reward ? "-inf" : "inf"));
  d.notes.push_back(fmt::format("as at {}, every control leads out", place.text));
  d.help =
      "write 'absorb(...)' for what the end pays, 'until ...' where the problem ends, or "
      "'reflect'; or give the control enough range to stay";
}

void report_missed_target(const SolveTask& task) {
  auto& d = task.sink.emit(
      Kind::SingularSystem, task.model.until->span,
      fmt::format("the grid of '{}' does not meet the set of 'until'", task.model.name));
  d.notes.push_back("no node lies in it and no edge between nodes crosses it: V would be inf");
  d.help = "ask for a finer grid, make the set larger, or move it into the domain";
}

}  // namespace

std::string place_text(const model::Model& model, const std::vector<double>& x) {
  std::string text;
  for (std::size_t k = 0; k < x.size(); ++k)
    text += fmt::format("{}{} = {:.6g}", k ? ", " : "", model.states[k].name, x[k]);
  return text;
}

std::string place_text(const model::Model& model, const runtime::Grid& grid, std::size_t unknown) {
  return place_of(model, grid, unknown).text;
}

runtime::GridSolution solve_from_coarse(const SolveTask& task, runtime::PolicySystem& system,
                                        const runtime::PointProblem& problem,
                                        const runtime::SolveSettings& settings,
                                        std::vector<CoarseSolution>* kept) {
  Guess guess = first_guess(task, problem, settings, kept);
  if (guess.failure == runtime::Failure::None)
    return runtime::solve_grid(system, problem, settings, std::move(guess.start));
  runtime::GridSolution failed;
  failed.failure = guess.failure;
  return failed;
}

GridAnswer answer_on_grid(const SolveTask& task, runtime::PointProblem problem,
                          const runtime::SolveSettings& settings,
                          std::vector<CoarseSolution> coarse) {
  GridAnswer answer;
  answer.problem = std::make_unique<runtime::PointProblem>(std::move(problem));
  answer.settings = settings;
  answer.coarse = std::move(coarse);
  const runtime::PointProblem& here = *answer.problem;
  answer.system =
      std::make_unique<runtime::PolicySystem>(here, boundary_rules(here.grid), settings.threads);
  const bool started = !answer.coarse.empty() && settings.horizon <= 0 && !here.fixed_policy;
  answer.solution = started
                        ? runtime::solve_grid(*answer.system, here, settings,
                                              start_from(task, answer.coarse.back(), here))
                        : solve_from_coarse(task, *answer.system, here, settings, &answer.coarse);
  return answer;
}

void report_failure(const SolveTask& task, const GridAnswer& answer) {
  const runtime::GridSolution& solution = answer.solution;
  const runtime::PolicySystem& system = *answer.system;
  const Place place = place_of(task.model, answer.problem->grid, solution.where);
  switch (solution.failure) {
    case runtime::Failure::None:
    case runtime::Failure::Cancelled:
      return;
    case runtime::Failure::Infeasible: {
      std::vector<double> u;
      for (const auto& control : system.controls()) u.push_back(control[solution.where]);
      report_not_finite(task, place, solution.t, u);
      return;
    }
    case runtime::Failure::NoTarget:
      report_missed_target(task);
      return;
    case runtime::Failure::NotViable:
      report_not_viable(task, place);
      return;
    case runtime::Failure::Singular:
      task.sink
          .emit(Kind::SingularSystem, task.options.span,
                fmt::format("the discrete equations of '{}' have no unique solution",
                            task.model.name))
          .notes.push_back(
              task.model.until
                  ? "from some points of the domain the set of 'until' is never reached"
                  : "without a discount some points of the domain collect cost for ever");
      return;
    case runtime::Failure::NotConverged: {
      const bool rounding = solution.change < kRounding;
      auto& d = task.sink.emit(
          Kind::NotConverged, task.options.span,
          fmt::format("Howard's iteration did not converge in {} steps: V still changes by {}",
                      solution.iterations,
                      rounding ? "rounding errors" : fmt::format("{:.2g}", solution.change)));
      if (!rounding) d.notes.push_back(fmt::format("the largest residual is at {}", place.text));
      d.help = rounding ? "ask for a larger tolerance"
                        : "ask for a finer grid, a larger domain, or a larger tolerance";
    }
  }
}

namespace {

/// The plan's grid as fine as the answer's: its ends are the declared ones.
runtime::Grid declared_grid(const runtime::Grid& declared, const GridAnswer& answer) {
  if (answer.wide) return declared;
  runtime::Grid grid = answer.problem->grid;
  for (std::size_t k = 0; k < grid.dimension(); ++k)
    grid.axes[k].boundary = declared.axes[k].boundary;
  return grid;
}

/// Both sides of every switch in time are kept, and a time between two: the plan counts none.
bool room_for_switches(const SolveTask& task, const runtime::PointProblem& problem) {
  constexpr double kOthers = 101;  // SolveSettings::stored_levels
  if (problem.jumps.empty()) return true;
  const double switches = static_cast<double>(problem.jumps.size());
  const double nodes = static_cast<double>(problem.grid.points()) * problem.regimes;
  const double fields = 2 + static_cast<double>(task.model.controls.size());  // V, its error, u
  const double bytes = sizeof(double) * fields * nodes * (kOthers + 3 * switches),
               available = static_cast<double>(runtime::available_memory());
  if (bytes <= available) return true;
  auto& d = task.sink.emit(
      Kind::GridTooLarge,
      task.options.grid_spans.empty() ? task.options.span : task.options.grid_spans[0],
      fmt::format("V on both sides of {:.0f} switches in time, at {:.0f} nodes, needs about {}, "
                  "and {} are free",
                  switches, nodes, runtime::format_bytes(bytes), runtime::format_bytes(available)));
  d.help = "ask for fewer nodes, or a shorter horizon with fewer switches";
  return false;
}

/// Adds to the error what all grids miss alike, as where a control that costs without end was held
/// at an end: that is not known.
void add_unseen(GridAnswer& answer, const std::vector<runtime::Check>& checks) {
  double all = 0;
  for (const runtime::Check& check : checks) {
    all += check.adds;
    if (std::isinf(check.adds))
      answer.error.check = {"error", "unknown",
                            fmt::format("all grids err alike: see '{}'", check.name), check.adds};
  }
  for (auto& level : answer.error.levels)
    for (double& e : level) e += all;
}

}  // namespace

std::optional<runtime::ValueFunction> solve_on_grid(const SolveTask& task, const plan::Plan& plan) {
  const runtime::PointProblem problem = point_problem(task, plan, hjb_input(task, plan));
  if (task.phases && (task.phases->stop_after("lower") || task.phases->stop_after("codegen")))
    return std::nullopt;
  if (!room_for_switches(task, problem)) return std::nullopt;
  GridAnswer answer = solve_with_ends(task, plan, problem, settings_of(task, plan));
  runtime::GridSolution& solution = answer.solution;
  const bool cancelled = solution.failure == runtime::Failure::Cancelled;
  if (!cancelled && !task.policy && runs_off(task, answer)) return std::nullopt;
  if (solution.failure != runtime::Failure::None) {
    report_failure(task, answer);
    return std::nullopt;
  }
  refine(task, plan, answer);
  if (answer.error.cancelled) return std::nullopt;
  runtime::ValueFunction V = empty_value(task.model);
  V.grid = declared_grid(plan.grid, answer);
  V.report.iterations = solution.iterations;
  V.report.residual = solution.residual;
  V.report.checks = health_checks(task, plan, answer);
  add_unseen(answer, V.report.checks);
  V.report.checks.push_back(std::move(answer.error.check));
  V.node_error = std::move(answer.error.levels);
  if (answer.wide) crop(plan.grid, *answer.wide, problem.regimes, solution, V.node_error);
  V.times = std::move(solution.times);
  V.value = std::move(solution.value);
  V.policy = std::move(solution.policy);
  return V;
}

}  // namespace hopf::driver
