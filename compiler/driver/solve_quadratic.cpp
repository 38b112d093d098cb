// Linear-quadratic problems: the derivation's coefficients to the Riccati solver.
#include <fmt/format.h>

#include "driver/solve_internal.hpp"

namespace hopf::driver {

namespace {

runtime::QuadraticProblem quadratic_problem(const SolveTask& task, double t) {
  const auto& model = task.model;
  const auto lq = derive::linear_quadratic_at(model, *task.equations.lq, t);
  runtime::QuadraticProblem problem;
  problem.n = static_cast<int>(model.dimension());
  problem.m = static_cast<int>(model.controls.size());
  problem.noises = static_cast<int>(model.noise_count());
  problem.A = lq.A, problem.B = lq.B, problem.b = lq.c;
  problem.S = lq.S, problem.C = lq.C, problem.D = lq.D;
  problem.Q = lq.Q, problem.N = lq.N, problem.R = lq.R, problem.q = lq.q, problem.r = lq.r;
  problem.constant = lq.constant;
  problem.P_T = lq.P_T, problem.p_T = lq.p_T, problem.c_T = lq.c_T;
  if (model.discount)
    problem.rho = expr::evaluate(*model.store, model.discount->value, model.bindings());
  return problem;
}

/// u = K x + k with coefficients that are numbers, or with a horizon functions of time.
struct AffinePolicy {
  std::vector<expr::ExprId> K, k;
  bool time_varying = false;

  std::vector<double> at(const model::Model& model, const std::vector<expr::ExprId>& part,
                         double t) const {
    std::vector<double> numbers;
    for (const expr::ExprId e : part)
      numbers.push_back(expr::evaluate(*model.store, e, {{model.time, t}}));
    return numbers;
  }
};

/// Nothing when a control is not affine in the states.
std::optional<AffinePolicy> affine_policy(const SolveTask& task) {
  const model::Model& model = task.model;
  expr::Store& store = *model.store;
  std::vector<expr::SymbolId> states;
  for (const auto& state : model.states) states.push_back(state.symbol);
  AffinePolicy policy;
  const auto add = [&](std::vector<expr::ExprId>& part, expr::ExprId e) {
    const auto symbols = expr::free_symbols(store, e);
    part.push_back(e);
    if (symbols.empty()) return true;
    policy.time_varying = true;
    return model.horizon && symbols.size() == 1 && symbols[0] == model.time;
  };
  for (const auto& control : model.controls) {
    const auto given = task.policy->find(control.name);
    if (given == task.policy->end()) return std::nullopt;
    const auto affine = expr::as_affine(store, numeric(model, given->second), states);
    if (!affine) return std::nullopt;
    for (const expr::ExprId e : affine->linear) {
      if (!add(policy.K, e)) return std::nullopt;
    }
    if (!add(policy.k, affine->constant)) return std::nullopt;
  }
  return policy;
}

void report_on(const runtime::QuadraticAnswer& answer, runtime::Report& report) {
  report.iterations = answer.iterations;
  report.residual = answer.residual;
  report.checks.push_back({"residual", fmt::format("{:.2g}", answer.residual),
                           "of the Riccati equation, relative to its terms", answer.residual,
                           !(answer.residual < 1e-9)});
  if (answer.other.empty()) return;
  report.checks.push_back({"infimum", "the value",
                           "states that cost nothing need no control; the stabilising solution, "
                           "which brings them to rest, is " +
                               answer.other,
                           0, false});
}

}  // namespace

std::optional<runtime::ValueFunction> solve_quadratic(const SolveTask& task, bool& applicable) {
  const model::Model& model = task.model;
  const runtime::QuadraticStop stop = [&task] {
    return task.progress && task.progress("Riccati equation", -1);
  };
  std::optional<AffinePolicy> policy;
  if (task.policy) {
    policy = affine_policy(task);
    applicable = policy.has_value();
    if (!applicable) return std::nullopt;
  }
  const auto system = [&](double t) -> runtime::QuadraticSystem {
    const runtime::QuadraticProblem problem = quadratic_problem(task, t);
    if (!policy) return problem;
    return under_policy(problem, {policy->at(model, policy->K, t)},
                        {policy->at(model, policy->k, t)});
  };
  const double horizon = model.horizon.value_or(0);
  runtime::QuadraticHorizon ending{horizon, system(horizon), {}};
  if (task.equations.lq->time_varying || (policy && policy->time_varying)) ending.at = system;
  runtime::QuadraticAnswer answer =
      horizon > 0 ? runtime::solve_riccati(ending, stop) : runtime::solve_riccati(ending.end, stop);
  if (answer.cancelled) return std::nullopt;
  if (!answer.failure.empty()) {
    task.sink.emit(diagnostics::Kind::NoFiniteValue, task.options.span,
                   fmt::format("'{}' has no finite value{}: {}", task.model.name,
                               policy ? " under this policy" : "", answer.failure));
    return std::nullopt;
  }
  runtime::ValueFunction V = empty_value(task.model);
  V.quadratic = std::move(answer.levels);
  for (runtime::QuadraticLevel& level : V.quadratic) {
    if (!policy) break;
    level.K = policy->at(model, policy->K, level.t);
    level.k = policy->at(model, policy->k, level.t);
  }
  report_on(answer, V.report);
  return V;
}

}  // namespace hopf::driver
