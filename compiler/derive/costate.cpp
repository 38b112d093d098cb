// Pontryagin's system: x' = H_p, p' = rho p - H_x at the optimal control, p(T) = grad of the
// terminal amount.
//
// By the envelope theorem H_x needs no derivative of the control. With noise the adjoint equation
// is backward and stochastic, dp = (rho p - H_x) dt + q dw, with H = L + p.f + tr(C q' sigma) (Yong
// & Zhou 1999, 3.3).
#include <fmt/format.h>

#include "derive/internal.hpp"

namespace hopf::derive {

using expr::Store;

namespace {

struct Adjoint {
  std::vector<SymbolId> p;
  std::vector<SymbolId> q;  // n*K
  ExprId hamiltonian;       // L + p.f + tr(C q' sigma), in the user's terms
};

double noise_correlation(const model::Model& model, std::size_t k, std::size_t l) {
  const std::size_t count = model.noise_count();
  if (model.correlation.size() != count * count) return k == l ? 1.0 : 0.0;
  return model.correlation[k * count + l];
}

Adjoint make_adjoint(Context& context) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::size_t n = model.dimension(), count = model.noise_count();
  Adjoint adjoint;
  const ExprId L = model.lagrangian.value.valid() ? model.lagrangian.value : store.integer(0);
  std::vector<ExprId> terms{model.reward ? store.neg(L) : L};
  for (std::size_t i = 0; i < n; ++i) {
    adjoint.p.push_back(store.symbol_id(fmt::format("p[{}]", model.states[i].name)));
    terms.push_back(store.mul(store.symbol(adjoint.p[i]), model.drift[i]));
    for (std::size_t k = 0; k < count; ++k) {
      adjoint.q.push_back(
          store.symbol_id(fmt::format("q[{},{}]", model.states[i].name, model.noises[k].name)));
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < count; ++k) {
      for (std::size_t l = 0; l < count; ++l) {
        const double c = noise_correlation(model, k, l);
        if (c == 0) continue;
        const ExprId q = store.symbol(adjoint.q[i * count + k]);
        terms.push_back(store.mul(store.number(c), store.mul(q, model.diffusion[i * count + l])));
      }
    }
  }
  adjoint.hamiltonian = store.add(terms);
  return adjoint;
}

std::vector<NoiseTerm> noise_terms(Context& context, const std::vector<ExprId>& row,
                                   std::size_t offset) {
  std::vector<NoiseTerm> terms;
  for (std::size_t k = 0; k < context.model.noise_count(); ++k) {
    if (context.store.is_zero(row[offset + k])) continue;
    terms.push_back({row[offset + k], context.model.noises[k].name});
  }
  return terms;
}

/// The law with costates for the gradient; nothing when it needs the Hessian, which no costate
/// carries.
ExprId law_of_costates(Context& context, const Equations& eqs, const Adjoint& adjoint, ExprId law) {
  Store& store = context.store;
  for (SymbolId m : eqs.M) {
    if (expr::depends_on(store, law, m)) return ExprId();
  }
  expr::Substitution costates;
  for (std::size_t i = 0; i < eqs.p.size(); ++i) costates[eqs.p[i]] = store.symbol(adjoint.p[i]);
  return expr::substitute(store, in_user_terms(context, eqs, law), costates);
}

bool noise_is_controlled(const Context& context) {
  const auto controls = control_symbols(context.model);
  for (ExprId sigma : context.model.diffusion) {
    if (depends_on_any(context.store, sigma, controls)) return true;
  }
  return false;
}

void add_controls(Context& context, const Equations& eqs, const Adjoint& adjoint, Step& step) {
  Store& store = context.store;
  const auto& model = context.model;
  for (const auto& law : eqs.laws) {
    for (std::size_t i = 0; i < law.law.size(); ++i) {
      const ExprId u = law_of_costates(context, eqs, adjoint, law.law[i]);
      const auto& control = model.controls[model.groups[law.group].components[i]];
      if (u.valid())
        step.equations.push_back(
            {store.symbol(control.symbol), tidy(store, u), Equation::Form::Optimal});
      else
        step.notes.push_back(
            fmt::format("{} depends on second derivatives of V: it optimises the Hamiltonian with "
                        "the second-order adjoint (Peng 1990)",
                        control.name));
    }
    if (law.law.empty())
      step.notes.push_back(
          fmt::format("{} optimises the Hamiltonian at every time", model.groups[law.group].name));
  }
  if (noise_is_controlled(context))
    step.notes.push_back(
        "a control in the noise brings in the second-order adjoint P of Peng 1990");
}

void add_dynamics(Context& context, const Equations& eqs, const Adjoint& adjoint, Step& step) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::size_t n = model.dimension(), count = model.noise_count();
  const auto form = count == 0 ? Equation::Form::Rate : Equation::Form::Differential;
  for (std::size_t i = 0; i < n; ++i) {
    Equation forward{store.symbol(model.states[i].symbol), model.drift[i], form};
    forward.noise = noise_terms(context, model.diffusion, i * count);
    step.equations.push_back(std::move(forward));
  }
  std::vector<ExprId> q;
  for (SymbolId symbol : adjoint.q) q.push_back(store.symbol(symbol));
  for (std::size_t i = 0; i < n; ++i) {
    const SymbolId x = model.states[i].symbol;
    std::vector<ExprId> terms{store.neg(expr::differentiate(store, adjoint.hamiltonian, x))};
    if (model.discount) {
      terms.push_back(store.mul(model.discount->value, store.symbol(adjoint.p[i])));
      const ExprId slope = expr::differentiate(store, model.discount->value, x);
      terms.push_back(store.mul(slope, store.symbol(eqs.V)));
    }
    Equation backward{store.symbol(adjoint.p[i]), tidy(store, store.add(terms)), form};
    backward.noise = noise_terms(context, q, i * count);
    step.equations.push_back(std::move(backward));
  }
}

void add_transversality(Context& context, const Adjoint& adjoint, Step& step) {
  Store& store = context.store;
  const auto& model = context.model;
  if (!model.horizon) {
    step.notes.push_back(
        "the discounted costate stays bounded along the optimal path (transversality)");
    return;
  }
  if (model.final_) {
    step.notes.push_back("the final law fixes the state, so p is free at the horizon");
    return;
  }
  for (std::size_t i = 0; i < model.dimension(); ++i) {
    ExprId slope = store.integer(0);
    if (model.terminal)
      slope = expr::differentiate(store, model.terminal->value, model.states[i].symbol);
    Equation end{store.symbol(adjoint.p[i]), model.reward ? store.neg(slope) : slope};
    end.where = fmt::format("at t = {}", number(*model.horizon));
    step.equations.push_back(end);
  }
}

}  // namespace

void add_costate(Context& context, Equations& eqs) {
  const auto& model = context.model;
  if (model.dimension() == 0) return;
  const Adjoint adjoint = make_adjoint(context);
  Step step;
  step.field = "costate";
  step.title = "Costate system (Pontryagin)";
  step.source = model.noises.empty() ? "Pontryagin et al. 1962; Clarke 2013, ch. 22"
                                     : "Peng 1990; Yong & Zhou 1999, 3.3";
  step.words =
      "Along an optimal path p is the gradient of V; H is differentiated at the optimal control, "
      "whose own "
      "derivative drops out (envelope theorem).";
  if (!model.noises.empty())
    step.words += " With noise p solves a backward equation, and q is its noise loading.";
  add_controls(context, eqs, adjoint, step);
  add_dynamics(context, eqs, adjoint, step);
  add_transversality(context, adjoint, step);
  eqs.steps.push_back(std::move(step));
}

}  // namespace hopf::derive
