#include "driver/solve.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "derive/autonomous.hpp"
#include "driver/ahead.hpp"
#include "driver/circular.hpp"
#include "driver/solve_internal.hpp"

namespace hopf::driver {

runtime::Watch watch_of(const Progress& progress) {
  if (!progress) return {};
  return [progress] {
    if (progress("", -1)) throw Stopped{};
  };
}

runtime::ValueFunction empty_value(const model::Model& model) {
  runtime::ValueFunction result;
  result.model = model.name;
  for (const auto& state : model.states) {
    result.states.push_back({state.name, state.unit.text});
    if (state.lo) result.domain.emplace_back(*state.lo, *state.hi);
  }
  if (result.domain.size() != model.states.size()) result.domain.clear();
  for (const auto& control : model.controls) {
    result.controls.push_back({control.name, control.unit.text});
    result.control_is_discrete.push_back(model.groups[control.group].set ==
                                         model::ControlGroup::Set::Finite);
    result.control_circle.push_back(circle_of(model, result.control_circle.size()));
  }
  if (model.has_units) result.value_unit = model::to_string(model.cost_unit);
  result.reward = model.reward;
  result.regimes = model.regime ? model.regime->count : 1;
  result.horizon = model.horizon;
  return result;
}

void turn_sign(runtime::ValueFunction& V) {
  if (!V.reward) return;
  for (auto& level : V.value) {
    for (double& v : level) v = -v;
  }
  for (runtime::QuadraticLevel& level : V.quadratic) {
    for (double& v : level.P) v = -v;
    for (double& v : level.p) v = -v;
    level.c = -level.c;
  }
}

expr::ExprId numeric(const model::Model& model, expr::ExprId e) {
  return e.valid() ? substitute(*model.store, e, model.parameter_values()) : e;
}

namespace {

std::optional<plan::Plan> choose_plan(const SolveTask& task, const plan::Options& options) {
  const auto choose = [&] {
    auto plan = plan::choose(task.model, task.equations, options, task.sink);
    if (plan && task.policy)
      plan->bounds = derive::bounds(
          task.model, {.given_policy = true, .everywhere = plan->method == plan::Method::Riccati});
    return plan;
  };
  if (!task.phases) return choose();
  auto plan = task.phases->run("plan", choose);
  if (plan) task.phases->dump("plan", [&] { return plan::render(task.model, *plan); });
  if (task.phases->stop_after("plan")) return std::nullopt;
  return plan;
}

std::optional<runtime::ValueFunction> run(const SolveTask& task) {
  const auto start = std::chrono::steady_clock::now();
  plan::Options options = task.options;
  std::optional<plan::Plan> plan = choose_plan(task, options);
  if (!plan) return std::nullopt;
  std::optional<runtime::ValueFunction> result;
  if (plan->method == plan::Method::Riccati) {
    bool applicable = true;
    result = solve_quadratic(task, applicable);
    if (!applicable) {
      options.method = "fd";
      plan = choose_plan(task, options);
      if (!plan) return std::nullopt;
      result = solve_on_grid(task, *plan);
    }
  } else {
    result = solve_on_grid(task, *plan);
  }
  if (!result || !check_bounds(task, *plan, *result)) return std::nullopt;
  result->report.method = task.policy ? "value of the given policy: " + plan->name : plan->name;
  result->report.scheme = plan->scheme;
  result->report.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  turn_sign(*result);
  return result;
}

}  // namespace

std::optional<runtime::ValueFunction> solve(const model::Model& model,
                                            const derive::Equations& equations,
                                            const plan::Options& options, const Progress& progress,
                                            diagnostics::Sink& sink, Phases* phases) {
  return run({model, equations, options, progress, sink, nullptr, phases});
}

std::optional<runtime::ValueFunction> evaluate(const model::Model& model,
                                               const derive::Equations& equations,
                                               const Policy& policy, const plan::Options& options,
                                               const Progress& progress, diagnostics::Sink& sink,
                                               Phases* phases) {
  if (!check_stationary(model, policy, options.span, sink)) return std::nullopt;
  return run({model, equations, options, progress, sink, &policy, phases});
}

bool check_stationary(const model::Model& model, const Policy& policy, source::Span span,
                      diagnostics::Sink& sink) {
  if (model.horizon) return true;
  for (const auto& [control, law] : policy) {
    if (!expr::depends_on(*model.store, law, model.time)) continue;
    auto& d = sink.emit(diagnostics::Kind::MethodNotApplicable, span,
                        fmt::format("the policy for '{}' depends on t, and '{}' has no horizon",
                                    control, model.name));
    d.notes.push_back("its value would depend on t too, and one for all times is solved");
    d.help = derive::kHelpWithTime;
    return false;
  }
  return true;
}

}  // namespace hopf::driver
