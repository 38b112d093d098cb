// Pontryagin's system: x' = H_p, p' = rho p - H_x at the optimal control, p(T) = grad of the
// terminal amount.
//
// By the envelope theorem H_x needs no derivative of the control. With noise the adjoint equation
// is backward and stochastic, dp = (rho p - H_x) dt + q dw, with H = L + p.f + tr(C q' sigma) (Yong
// & Zhou 1999, 3.3).
#include <fmt/format.h>

#include <algorithm>

#include "derive/autonomous.hpp"
#include "derive/regimes.hpp"

namespace hopf::derive {

using expr::Store;

namespace {

struct Adjoint {
  std::vector<SymbolId> p;
  std::vector<SymbolId> q;  // n*K
  ExprId hamiltonian;       // L + p.f + tr(C q' sigma), in the user's terms
};

SymbolId costate_of(Context& context, std::size_t i) {
  return unknown(context.store,
                 fmt::format("{}[{}]", context.names.costate, context.model.states[i].name));
}

Adjoint make_adjoint(Context& context) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::size_t n = model.dimension(), count = model.noise_count();
  Adjoint adjoint;
  const ExprId L = model.lagrangian.value.valid() ? model.lagrangian.value : store.integer(0);
  std::vector<ExprId> terms{model.reward ? store.neg(L) : L};
  for (std::size_t i = 0; i < n; ++i) {
    adjoint.p.push_back(costate_of(context, i));
    terms.push_back(store.mul(store.symbol(adjoint.p[i]), model.drift[i]));
    for (std::size_t k = 0; k < count; ++k) {
      adjoint.q.push_back(unknown(store, fmt::format("{}[{},{}]", context.names.loading,
                                                     model.states[i].name, model.noises[k].name)));
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < count; ++k) {
      for (std::size_t l = 0; l < count; ++l) {
        const double c = correlation(model, k, l);
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
  if (depends_on_any(store, law, eqs.M)) return ExprId();
  expr::Substitution costates;
  for (std::size_t i = 0; i < eqs.p.size(); ++i) costates[eqs.p[i]] = store.symbol(adjoint.p[i]);
  return expr::substitute(store, in_user_terms(context, law), costates);
}

bool noise_is_controlled(const Context& context) {
  const auto controls = control_symbols(context.model);
  for (ExprId sigma : context.model.diffusion) {
    if (depends_on_any(context.store, sigma, controls)) return true;
  }
  return false;
}

void add_law(Context& context, const Equations& eqs, const Adjoint& adjoint, const ControlLaw& law,
             Step& step) {
  Store& store = context.store;
  const auto& group = context.model.groups[law.group];
  for (std::size_t i = 0; i < law.law.size(); ++i) {
    const auto& control = context.model.controls[group.components[i]];
    const ExprId u = law_of_costates(context, eqs, adjoint, law.shown[i]);
    const ExprId shown = u.valid() ? on_paper(context, u) : u;
    if (!u.valid())
      step.notes.push_back(
          fmt::format("{} depends on second derivatives of {}: it optimises the Hamiltonian with "
                      "the second-order adjoint (Peng 1990)",
                      control.name, context.names.value));
    else if (shown.valid())
      step.equations.push_back({store.symbol(control.symbol), shown, Equation::Form::Optimal});
    else
      step.notes.push_back(fmt::format("{} is the optimal control above at the gradient {}",
                                       control.name, context.names.costate));
  }
  if (law.law.empty())
    step.notes.push_back(fmt::format("{} optimises the Hamiltonian at every time", group.name));
}

void add_controls(Context& context, const Equations& eqs, const Adjoint& adjoint, Step& step) {
  for (const auto& law : eqs.laws) add_law(context, eqs, adjoint, law, step);
  if (noise_is_controlled(context))
    step.notes.push_back(
        "a control in the noise brings in the second-order adjoint of Peng 1990, with which it "
        "optimises");
}

/// What jumps add to the derivative of the HJB equation by x_i: rate times the mean of
/// sum_m (delta_mi + d_i h_m) p_m after the jump, less p_i, and the derivative of the rate times
/// the mean change of V.
ExprId jump_forces(Context& context, const Equations& eqs, const Adjoint& adjoint, std::size_t i) {
  Store& store = context.store;
  const auto& model = context.model;
  const SymbolId x = model.states[i].symbol;
  std::vector<ExprId> terms;
  for (std::size_t k = 0; k < model.jumps.size(); ++k) {
    const ExprId after = store.symbol(
        unknown(store, fmt::format("{}[{}]", after_jump(context, context.names.costate, k),
                                   model.states[i].name)));
    const ExprId value = store.symbol(unknown(store, after_jump(context, context.names.value, k)));
    terms.push_back(store.mul(model.jumps[k].rate, store.sub(after, store.symbol(adjoint.p[i]))));
    terms.push_back(store.mul(expr::differentiate(store, model.jumps[k].rate, x),
                              store.sub(value, store.symbol(eqs.V))));
  }
  return store.add(terms);
}

/// The drift of p_i: rho p_i + V rho_x - H_x, less what jumps add to H.
ExprId backward_drift(Context& context, const Equations& eqs, const Adjoint& adjoint,
                      std::size_t i) {
  Store& store = context.store;
  const auto& model = context.model;
  const SymbolId x = model.states[i].symbol;
  const ExprId force = tidy(store, expr::differentiate(store, adjoint.hamiltonian, x));
  std::vector<ExprId> terms{store.neg(force), store.neg(jump_forces(context, eqs, adjoint, i))};
  if (model.discount) {
    terms.push_back(store.mul(model.discount->value, store.symbol(adjoint.p[i])));
    const ExprId slope = expr::differentiate(store, model.discount->value, x);
    terms.push_back(store.mul(slope, store.symbol(eqs.V)));
  }
  return store.add(terms);
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
    Equation backward{store.symbol(adjoint.p[i]), backward_drift(context, eqs, adjoint, i), form};
    backward.noise = noise_terms(context, q, i * count);
    step.equations.push_back(std::move(backward));
  }
}

/// In regime j: switching adds -sum_k q_jk (p_k - p_j) - sum_k d_i q_jk (V_k - V_j) to p_j's drift.
Equation in_regime(Context& context, const Adjoint& adjoint, const Equation& generic,
                   const std::vector<std::string>& fields, int j) {
  Store& store = context.store;
  const auto& model = context.model;
  Equation equation = into_regime(context, generic, fields, j);
  for (std::size_t i = 0; i < model.dimension(); ++i) {
    if (generic.left != store.symbol(adjoint.p[i]) || generic.form == Equation::Form::Equals)
      continue;
    std::vector<ExprId> terms{equation.right,
                              store.neg(switching_gain(context, store.name(adjoint.p[i]), j))};
    for (int k = 1; k <= model.regime->count; ++k) {
      const ExprId slope = expr::differentiate(store, rate(context, j, k), model.states[i].symbol);
      const std::string V = regime_field(context.names.value, k);
      // Rows of the rates sum to zero, and so do their derivatives.
      if (!store.is_zero(slope))
        terms.push_back(store.neg(store.mul(slope, store.symbol(unknown(store, V)))));
    }
    equation.right = store.add(terms);
  }
  return equation;
}

void split_regimes(Context& context, const Adjoint& adjoint, Step& step) {
  if (!context.model.regime) return;
  std::vector<std::string> fields{context.names.value};
  for (const auto* symbols : {&adjoint.p, &adjoint.q})
    for (SymbolId symbol : *symbols) fields.push_back(context.store.name(symbol));
  const auto generic = std::move(step.equations);
  step.equations.clear();
  for (int j = 1; j <= context.model.regime->count; ++j) {
    for (const Equation& equation : generic)
      step.equations.push_back(in_regime(context, adjoint, equation, fields, j));
  }
  step.notes.push_back(fmt::format(
      "these hold between switches; on a switch {} moves to that of the new regime, which is taken "
      "at the same state",
      context.names.costate));
}

/// Where a path may end before the horizon, or has none.
void add_end_notes(Context& context, Step& step) {
  const auto& model = context.model;
  const std::string &p = context.names.costate, &V = context.names.value;
  const bool absorbs = std::any_of(model.states.begin(), model.states.end(), [](const auto& state) {
    return state.boundary == model::Boundary::Absorb;
  });
  if (model.until || absorbs) {
    step.notes.push_back(fmt::format(
        "on entering the {} {} equals the gradient of what is paid there plus a multiple of the "
        "normal (transversality)",
        model.until ? "set," : "boundary,", p));
    if (!model.horizon && !model.discount && model.noises.empty() && timed_parts(model).empty())
      step.notes.push_back(
          "the end time is free and nothing depends on t, so the optimised "
          "Hamiltonian is 0 along the path");
  }
  if (model.stop_pays)
    step.notes.push_back(fmt::format(
        "where the player stops {} is the gradient of what stopping pays (smooth fit)", p));
  if (!model.constraints.empty())
    step.notes.push_back(
        fmt::format("where a constraint binds a multiplier acts on {}, which may "
                    "jump (Hartl, Sethi & Vickson 1995)",
                    p));
  if (model.average)
    step.notes.push_back(
        fmt::format("{} is the gradient of the relative value {}, and no end is prescribed", p, V));
  else if (!model.horizon && model.discount && !model.until && !absorbs)
    step.notes.push_back(
        fmt::format("the discounted {} stays bounded along the optimal path (transversality)", p));
}

void add_transversality(Context& context, const Adjoint& adjoint, Step& step) {
  Store& store = context.store;
  const auto& model = context.model;
  if (!model.horizon) return;
  if (model.final_) {
    step.notes.push_back(fmt::format("the final law fixes the state, so {} is free at the horizon",
                                     context.names.costate));
    return;
  }
  for (std::size_t i = 0; i < model.dimension(); ++i) {
    ExprId slope = store.integer(0);
    if (model.terminal)
      slope = expr::differentiate(store, model.terminal->value, model.states[i].symbol);
    Equation end{store.symbol(adjoint.p[i]), tidy(store, model.reward ? store.neg(slope) : slope)};
    end.where = fmt::format("at t = {}", number(*model.horizon));
    step.equations.push_back(end);
  }
}

void add_jump_notes(Context& context, Step& step) {
  const std::string& p = context.names.costate;
  for (std::size_t k = 0; k < context.model.jumps.size(); ++k) {
    step.notes.push_back(fmt::format(
        "{}[x] is the mean of the derivative by x of {} after a jump of {}, through the state "
        "after "
        "the jump; {} jumps with the state",
        after_jump(context, p, k), context.names.value, context.model.jumps[k].name, p));
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
  const Names& names = context.names;
  step.words = fmt::format(
      "Along an optimal path {} is the gradient of {}; {} is differentiated at the optimal "
      "control, "
      "whose own derivative drops out (envelope theorem).",
      names.costate, names.value, names.hamiltonian);
  if (!model.noises.empty())
    step.words +=
        fmt::format(" With noise {} solves a backward equation, and {} is its noise loading.",
                    names.costate, names.loading);
  add_controls(context, eqs, adjoint, step);
  add_dynamics(context, eqs, adjoint, step);
  add_transversality(context, adjoint, step);
  split_regimes(context, adjoint, step);
  add_jump_notes(context, step);
  add_end_notes(context, step);
  eqs.steps.push_back(std::move(step));
}

}  // namespace hopf::derive
