// Linear-quadratic problems: the derivation's coefficients to the Riccati solver.
#include <fmt/format.h>

#include <functional>

#include "core/memory.hpp"
#include "driver/solve_internal.hpp"

namespace hopf::driver {

namespace {

constexpr double kHolds = 1e-9;  // residual of an equation that is solved, relative to its terms

runtime::QuadraticProblem quadratic_problem(const model::Model& model,
                                            const derive::Equations::LinearQuadratic& lq) {
  runtime::QuadraticProblem problem;
  problem.n = static_cast<int>(model.dimension());
  problem.m = static_cast<int>(model.controls.size());
  problem.noises = static_cast<int>(model.noise_count());
  problem.A = lq.A, problem.B = lq.B, problem.b = lq.c;
  problem.S = lq.S, problem.C = lq.C, problem.D = lq.D;
  problem.Q = lq.Q, problem.N = lq.N, problem.R = lq.R, problem.q = lq.q, problem.r = lq.r;
  problem.constant = lq.constant, problem.rho = lq.rho;
  problem.P_T = lq.P_T, problem.p_T = lq.p_T, problem.c_T = lq.c_T;
  return problem;
}

runtime::QuadraticSystem system_at(const SolveTask& task, double t) {
  runtime::QuadraticSystem system;
  for (const auto& regime : task.equations.lq) {
    const auto lq = derive::linear_quadratic_at(task.model, regime, t);
    system.regimes.push_back(quadratic_problem(task.model, lq));
    system.rates.insert(system.rates.end(), lq.rates.begin(), lq.rates.end());
  }
  if (system.rates.empty()) system.rates = {0};
  return system;
}

/// u = K x + k with coefficients that are numbers, or with a horizon functions of time.
struct AffinePolicy {
  std::vector<expr::ExprId> K, k;

  std::vector<double> at(const model::Model& model, const std::vector<expr::ExprId>& part,
                         double t) const {
    std::vector<double> numbers;
    for (const expr::ExprId e : part)
      numbers.push_back(expr::evaluate(*model.store, e, {{model.time, t}}));
    return numbers;
  }
};

/// One a regime.
struct AffinePolicies {
  std::vector<AffinePolicy> regimes;
  bool time_varying = false;
};

/// The policy in one regime; nothing when a control is not affine in the states.
std::optional<AffinePolicy> affine_policy(const SolveTask& task, int regime, bool& time_varying) {
  const model::Model& model = task.model;
  expr::Store& store = *model.store;
  std::vector<expr::SymbolId> states;
  for (const auto& state : model.states) states.push_back(state.symbol);
  AffinePolicy policy;
  const auto add = [&](std::vector<expr::ExprId>& part, expr::ExprId e) {
    const auto symbols = expr::free_symbols(store, e);
    part.push_back(e);
    if (symbols.empty()) return true;
    time_varying = true;
    return model.horizon && symbols.size() == 1 && symbols[0] == model.time;
  };
  for (const auto& control : model.controls) {
    const auto given = task.policy->find(control.name);
    if (given == task.policy->end()) return std::nullopt;
    expr::ExprId law = numeric(model, given->second);
    if (model.regime) law = substitute(store, law, {{model.regime->symbol, store.integer(regime)}});
    const auto affine = expr::as_affine(store, law, states);
    if (!affine) return std::nullopt;
    for (const expr::ExprId e : affine->linear) {
      if (!add(policy.K, e)) return std::nullopt;
    }
    if (!add(policy.k, affine->constant)) return std::nullopt;
  }
  return policy;
}

std::optional<AffinePolicies> affine_policies(const SolveTask& task) {
  AffinePolicies policies;
  const int regimes = static_cast<int>(task.equations.lq.size());
  for (int j = 1; j <= regimes; ++j) {
    auto policy = affine_policy(task, j, policies.time_varying);
    if (!policy) return std::nullopt;
    policies.regimes.push_back(std::move(*policy));
  }
  return policies;
}

runtime::QuadraticSystem system_under(const SolveTask& task, const AffinePolicies& policies,
                                      double t) {
  std::vector<std::vector<double>> K, k;
  for (const AffinePolicy& policy : policies.regimes) {
    K.push_back(policy.at(task.model, policy.K, t));
    k.push_back(policy.at(task.model, policy.k, t));
  }
  return under_policy(system_at(task, t), K, k);
}

using SystemAt = std::function<runtime::QuadraticSystem(double t)>;

runtime::QuadraticAnswer riccati_answer(const SolveTask& task, const SystemAt& system,
                                        bool varies) {
  const runtime::QuadraticStop stop = [&task] {
    return task.progress && task.progress("Riccati equation", -1);
  };
  const double horizon = task.model.horizon.value_or(0);
  runtime::QuadraticHorizon ending{horizon, system(horizon), {}};
  if (varies) ending.at = system;
  return horizon > 0 ? runtime::solve_riccati(ending, stop)
                     : runtime::solve_riccati(ending.end, stop);
}

void report_on(const runtime::QuadraticAnswer& answer, bool reward, runtime::Report& report) {
  report.iterations = answer.iterations;
  report.residual = answer.residual;
  report.checks.push_back({"residual", fmt::format("{:.2g}", answer.residual),
                           "of the Riccati equation, relative to its terms", answer.residual,
                           !(answer.residual < kHolds)});
  if (!answer.other) return;
  const char* sign = reward ? "-" : "";
  const std::string other =
      answer.levels[0].P.size() == 1
          ? fmt::format("{}{:.10g} x^2", sign, 0.5 * answer.other->trace)
          : fmt::format("{}1/2 x'P x with a trace of P of {:.10g} instead of {:.10g}", sign,
                        answer.other->trace, answer.other->infimum);
  report.checks.push_back({reward ? "supremum" : "infimum", "the value",
                           "states that cost nothing need no control; the stabilising solution, "
                           "which brings them to rest, is " +
                               other,
                           0, false});
}

std::string no_room(const runtime::QuadraticAnswer& answer) {
  const auto free = static_cast<double>(runtime::available_memory());
  return fmt::format("V at {}, and {} are left", answer.no_room, runtime::format_bytes(free));
}

}  // namespace

std::optional<runtime::ValueFunction> solve_quadratic(const SolveTask& task, bool& applicable) {
  const model::Model& model = task.model;
  std::optional<AffinePolicies> policies;
  if (task.policy) {
    policies = affine_policies(task);
    applicable = policies.has_value();
    if (!applicable) return std::nullopt;
  }
  const auto system = [&](double t) {
    return policies ? system_under(task, *policies, t) : system_at(task, t);
  };
  const bool varies = task.equations.lq_varies() || (policies && policies->time_varying);
  runtime::QuadraticAnswer answer = riccati_answer(task, system, varies);
  if (answer.cancelled) return std::nullopt;
  if (!answer.no_room.empty()) {
    task.sink.emit(diagnostics::Kind::OutOfMemory, task.options.span, no_room(answer)).help =
        "shorten the horizon, or take fewer states";
    return std::nullopt;
  }
  if (!answer.failure.empty()) {
    task.sink.emit(diagnostics::Kind::NoFiniteValue, task.options.span,
                   fmt::format("'{}' has no finite value{}: {}", task.model.name,
                               policies ? " under this policy" : "", answer.failure));
    return std::nullopt;
  }
  runtime::ValueFunction V = empty_value(task.model);
  report_on(answer, task.model.reward, V.report);
  V.quadratic = std::move(answer.levels);
  for (std::size_t i = 0; policies && i < V.quadratic.size(); ++i) {
    runtime::QuadraticLevel& level = V.quadratic[i];
    const AffinePolicy& policy = policies->regimes[i % policies->regimes.size()];
    level.K = policy.at(model, policy.K, level.t);
    level.k = policy.at(model, policy.k, level.t);
  }
  return V;
}

std::vector<runtime::QuadraticLevel> unbounded_value(const SolveTask& task) {
  if (task.equations.lq.empty()) return {};
  const auto system = [&](double t) { return system_at(task, t); };
  auto answer = riccati_answer(task, system, task.equations.lq_varies());
  const bool holds = answer.failure.empty() && answer.no_room.empty() && answer.residual < kHolds;
  if (answer.cancelled || !holds) return {};
  answer.levels.resize(task.equations.lq.size());
  return std::move(answer.levels);
}

}  // namespace hopf::driver
