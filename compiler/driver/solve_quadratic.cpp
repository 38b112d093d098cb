// Linear-quadratic problems: the derivation's coefficients to the Riccati solver.
#include <fmt/format.h>

#include "driver/solve_internal.hpp"

namespace hopf::driver {

namespace {

runtime::QuadraticProblem quadratic_problem(const SolveTask& task) {
  const auto& lq = *task.equations.lq;
  const auto& model = task.model;
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

// u = K x + k from the policy's expressions; false when one is not affine with constant
// coefficients.
bool affine_policy(const SolveTask& task, std::vector<double>& K, std::vector<double>& k) {
  expr::Store& store = *task.model.store;
  std::vector<expr::SymbolId> states;
  for (const auto& state : task.model.states) states.push_back(state.symbol);
  for (const auto& control : task.model.controls) {
    const auto given = task.policy->find(control.name);
    if (given == task.policy->end()) return false;
    const auto affine = expr::as_affine(store, numeric(task.model, given->second), states);
    if (!affine) return false;
    for (const expr::ExprId e : affine->linear) {
      if (!expr::free_symbols(store, e).empty()) return false;
      K.push_back(expr::evaluate(store, e, {}));
    }
    if (!expr::free_symbols(store, affine->constant).empty()) return false;
    k.push_back(expr::evaluate(store, affine->constant, {}));
  }
  return true;
}

}  // namespace

std::optional<runtime::ValueFunction> solve_quadratic(const SolveTask& task, bool& applicable) {
  runtime::QuadraticSystem system = quadratic_problem(task);
  const runtime::QuadraticStop stop = [&task] {
    return task.progress && task.progress("Riccati equation", -1);
  };
  std::vector<double> K, k;
  if (task.policy) {
    applicable = affine_policy(task, K, k);
    if (!applicable) return std::nullopt;
    system = under_policy(system, {K}, {k});
  }
  const double horizon = task.model.horizon.value_or(0);
  runtime::QuadraticAnswer answer = horizon > 0
                                        ? runtime::solve_riccati({horizon, system, {}}, stop)
                                        : runtime::solve_riccati(system, stop);
  if (answer.cancelled) return std::nullopt;
  if (!answer.failure.empty()) {
    task.sink.emit(diagnostics::Kind::NoFiniteValue, task.options.span,
                   fmt::format("'{}' has no finite value: {}", task.model.name, answer.failure));
    return std::nullopt;
  }
  runtime::ValueFunction V = empty_value(task.model);
  V.quadratic = std::move(answer.levels);
  if (task.policy) {
    for (runtime::QuadraticLevel& level : V.quadratic) level.K = K, level.k = k;
  }
  V.report.iterations = answer.iterations;
  V.report.residual = answer.residual;
  V.report.checks.push_back({"residual", fmt::format("{:.2g}", answer.residual),
                             "of the Riccati equation, relative to its terms", answer.residual,
                             !(answer.residual < 1e-9)});
  if (!answer.other.empty()) {
    V.report.checks.push_back(
        {"infimum", "the value",
         "states that cost nothing need no control; the stabilising solution, "
         "which brings them to rest, is " +
             answer.other,
         0, false});
  }
  return V;
}

}  // namespace hopf::driver
