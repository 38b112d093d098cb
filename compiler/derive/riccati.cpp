// Riccati equations: V = 1/2 x'P x + p'x + c put into the HJB equation, coefficient by coefficient.
//
// With K(P) = R + sum D'PD and G(P) = PB + N + sum C'PD (Yong & Zhou 1999, 6.3; discount moved to
// the left):
//   -P_t + rho P = Q + A'P + PA + sum C'PC - G K^-1 G'.
#include <fmt/format.h>

#include "derive/internal.hpp"

namespace hopf::derive {

using expr::Store;

namespace {

constexpr std::size_t kEntryLimit = 4;  // states up to which single entries are printed

struct Ansatz {
  std::vector<ExprId> P, p;  // n*n symmetric, n
  ExprId c;
};

Ansatz make_ansatz(Context& context) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::size_t n = model.dimension();
  const std::string P = fresh_name(model, "P"), p = fresh_name(model, "p"),
                    c = fresh_name(model, "c");
  Ansatz ansatz{std::vector<ExprId>(n * n), {}, store.symbol(c)};
  for (std::size_t i = 0; i < n; ++i) {
    ansatz.p.push_back(store.symbol(n == 1 ? p : fmt::format("{}[{}]", p, i + 1)));
    for (std::size_t j = i; j < n; ++j) {
      const std::string name = n == 1 ? P : fmt::format("{}[{},{}]", P, i + 1, j + 1);
      ansatz.P[i * n + j] = ansatz.P[j * n + i] = store.symbol(name);
    }
  }
  return ansatz;
}

/// H at V = 1/2 x'Px + p'x + c, quadratic in x again.
std::optional<expr::Quadratic> hamiltonian_of(Context& context, const Equations& eqs,
                                              const Ansatz& ansatz) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::size_t n = model.dimension();
  expr::Substitution gradient;
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<ExprId> slope{ansatz.p[i]};
    for (std::size_t j = 0; j < n; ++j) {
      slope.push_back(store.mul(ansatz.P[i * n + j], store.symbol(model.states[j].symbol)));
      gradient[eqs.M[i * n + j]] = ansatz.P[i * n + j];
    }
    gradient[eqs.p[i]] = store.add(slope);
  }
  // The stationary point stands for the law: where Q is positive definite they agree.
  expr::Substitution controls;
  for (const auto& law : eqs.laws) {
    const auto& group = model.groups[law.group];
    for (std::size_t i = 0; i < group.components.size(); ++i) {
      const bool inner = i < law.stationary.size() && law.stationary[i].valid();
      if (!inner && i >= law.law.size()) return std::nullopt;
      controls[model.controls[group.components[i]].symbol] = inner ? law.stationary[i] : law.law[i];
    }
  }
  const ExprId minimised = expr::substitute(store, eqs.hamiltonian_integrand, controls);
  const ExprId H = expr::expand(store, expr::substitute(store, minimised, gradient));
  return expr::as_quadratic(store, H, state_symbols(model));
}

ExprId left_of(Context& context, ExprId coefficient) {
  Store& store = context.store;
  const auto& model = context.model;
  std::vector<ExprId> terms;
  if (model.horizon) {
    const std::string name = store.name(store.symbol_of(coefficient));
    terms.push_back(store.neg(store.symbol(fmt::format("D({},t)", name))));
  }
  if (model.discount) terms.push_back(store.mul(model.discount->value, coefficient));
  return store.add(terms);
}

void add_entries(Context& context, const Ansatz& ansatz, const expr::Quadratic& H, Step& step) {
  Store& store = context.store;
  const std::size_t n = context.model.dimension();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i; j < n; ++j) {
      step.equations.push_back(
          {left_of(context, ansatz.P[i * n + j]), tidy(store, H.Q[i * n + j])});
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    const ExprId right = tidy(store, H.linear[i]);
    step.equations.push_back({left_of(context, ansatz.p[i]), right});
  }
  step.equations.push_back({left_of(context, ansatz.c), tidy(store, H.constant)});
}

bool nonzero(const std::vector<double>& values) {
  for (double value : values)
    if (value != 0) return true;
  return false;
}

void add_matrices(const Context& context, const Equations::LinearQuadratic& lq, Step& step) {
  const int n = static_cast<int>(context.model.dimension());
  const int m = static_cast<int>(context.model.controls.size());
  const int k = static_cast<int>(context.model.noise_count());
  auto add = [&](const char* name, int rows, int columns, const std::vector<double>& entries) {
    if (rows > 0 && columns > 0 && nonzero(entries))
      step.matrices.push_back({name, rows, columns, entries});
  };
  add("A", n, n, lq.A);
  add("B", n, m, lq.B);
  add("c", n, 1, lq.c);
  add("S", n, k, lq.S);
  add("Q", n, n, lq.Q);
  add("N", n, m, lq.N);
  add("R", m, m, lq.R);
  add("q", n, 1, lq.q);
  add("r", m, 1, lq.r);
  if (context.model.terminal) add("P(T)", n, n, lq.P_T);
}

void add_notes(const Context& context, const Equations::LinearQuadratic& lq, Step& step) {
  const bool multiplicative = nonzero(lq.C) || nonzero(lq.D);
  const std::string rate = context.model.horizon ? "-dP/dt" : "";
  const std::string discount =
      context.model.discount ? (rate.empty() ? "rho P" : " + rho P") : (rate.empty() ? "0" : "");
  const std::string weight = multiplicative ? "(R + sum D'PD)" : "R";
  const std::string coupling = multiplicative ? "(PB + N + sum C'PD)" : "(PB + N)";
  const std::string noise = multiplicative ? " + sum C'PC" : "";
  step.notes.push_back(fmt::format("as matrices: {}{} = Q + A'P + PA{} - {} {}^-1 {}'", rate,
                                   discount, noise, coupling, weight, coupling));
  step.notes.push_back(
      fmt::format("the optimal control is u = -{}^-1 ({}' x + B'p + r)", weight, coupling));
  if (context.model.reward)
    step.notes.push_back("the reward's value is the negative of this quadratic form");
}

}  // namespace

void add_riccati(Context& context, Equations& eqs) {
  Step step;
  step.field = "riccati";
  step.title = "Riccati equations";
  step.source = "Yong & Zhou 1999, 6.2-6.4; Anderson & Moore 1990, ch. 2";
  if (!eqs.lq || !eqs.lq->unconstrained) {
    step.words = "The problem is not linear-quadratic: " + eqs.lq_refusal + ".";
    eqs.steps.push_back(std::move(step));
    return;
  }
  step.words =
      "Linear dynamics and a quadratic cost: V = 1/2 x'P x + p'x + c solves the HJB equation when "
      "its coefficients solve "
      "these, with matrix data in which L = 1/2 x'Qx + x'Nu + 1/2 u'Ru + q'x + r'u + constant.";
  if (context.model.dimension() <= kEntryLimit) {
    const Ansatz ansatz = make_ansatz(context);
    if (const auto H = hamiltonian_of(context, eqs, ansatz)) add_entries(context, ansatz, *H, step);
  }
  add_matrices(context, *eqs.lq, step);
  add_notes(context, *eqs.lq, step);
  eqs.steps.push_back(std::move(step));
}

}  // namespace hopf::derive
