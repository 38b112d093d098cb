// The Hamilton-Jacobi-Bellman equation: -V_t + rho V = H, with terminal, stopping, regime, jump and
// boundary terms.
#include <fmt/format.h>

#include <cmath>

#include "derive/internal.hpp"

namespace hopf::derive {

using expr::Store;

namespace {

const char* kSource = "Fleming & Soner 2006, III.7 and IV.3";

/// The optimum is written out where the laws have clamps or cases: putting those in would hide the
/// equation.
std::vector<int> open_groups(bool substituted, const model::Model& model) {
  std::vector<int> groups;
  if (substituted) return groups;
  for (std::size_t g = 0; g < model.groups.size(); ++g) groups.push_back(static_cast<int>(g));
  return groups;
}

/// -V_t + rho V, or the long-run average, or 0.
ExprId left_side(Context& context, const Equations& eqs) {
  Store& store = context.store;
  const auto& model = context.model;
  if (model.average) return store.symbol(fresh_name(model, "eta"));
  std::vector<ExprId> terms;
  if (model.horizon) terms.push_back(store.neg(store.symbol(eqs.V_t)));
  if (model.discount) terms.push_back(store.mul(model.discount->value, store.symbol(eqs.V)));
  return store.add(terms);
}

/// Jumps are not local: "V_after_N" stands for the mean of V after a jump, as a note says.
ExprId jump_terms(Context& context, const Equations& eqs, Step& step) {
  Store& store = context.store;
  const auto& model = context.model;
  std::vector<ExprId> terms;
  const std::size_t count = model.jumps.size();
  for (std::size_t k = 0; k < count; ++k) {
    const std::string after = fmt::format("{}_after_{}", store.name(eqs.V), model.jumps[k].name);
    terms.push_back(
        store.mul(model.jumps[k].rate, store.sub(store.symbol(after), store.symbol(eqs.V))));
    std::vector<std::string> moves;
    for (std::size_t i = 0; i < model.dimension(); ++i) {
      const ExprId size = model.jump_size[i * count + k];
      if (!size.valid() || store.is_zero(size)) continue;
      moves.push_back(
          fmt::format("{} to {}", model.states[i].name,
                      text(context, store.add(store.symbol(model.states[i].symbol), size))));
    }
    step.notes.push_back(fmt::format("{} is the mean of {} after a jump of {}, which moves {}{}",
                                     after, store.name(eqs.V), model.jumps[k].name,
                                     join(moves, " and "),
                                     model.marks.empty() ? "" : ", over the law of the marks"));
  }
  return store.add(terms);
}

/// In regime j: symbols of V become those of V[j=..], `choose` folds, and switching adds sum_k q_jk
/// V_k.
Equation in_regime(Context& context, const Equations& eqs, const Equation& generic, int j) {
  Store& store = context.store;
  const auto& regime = *context.model.regime;
  auto value_name = [&](int k) {
    return fmt::format("{}[{}={}]", store.name(eqs.V), regime.name, k);
  };
  expr::Substitution into;
  into[regime.symbol] = store.integer(j);
  into[eqs.V] = store.symbol(value_name(j));
  into[eqs.V_t] = store.symbol(fmt::format("D({},t)", value_name(j)));
  const std::size_t n = eqs.p.size();
  for (std::size_t i = 0; i < n; ++i) {
    const std::string& x = context.model.states[i].name;
    into[eqs.p[i]] = store.symbol(fmt::format("D({},{})", value_name(j), x));
    for (std::size_t k = i; k < n; ++k) {
      into[eqs.M[i * n + k]] =
          store.symbol(fmt::format("D({},{},{})", value_name(j), x, context.model.states[k].name));
    }
  }
  std::vector<ExprId> terms{expr::substitute(store, generic.right, into)};
  for (int k = 1; k <= regime.count; ++k) {
    if (k == j) continue;
    const ExprId rate = regime.rates[static_cast<std::size_t>((j - 1) * regime.count + k - 1)];
    const ExprId gain = store.sub(store.symbol(value_name(k)), store.symbol(value_name(j)));
    terms.push_back(store.mul(rate, gain));
  }
  Equation equation{expr::substitute(store, generic.left, into), store.add(terms)};
  equation.over = generic.over;
  equation.where = fmt::format("in regime {} = {}", regime.name, j);
  return equation;
}

/// Optimal stopping: 0 = min{H + V_t - rho V, g - V} (Bensoussan & Lions 1982, ch. 3).
Equation variational(Context& context, const Equations& eqs, const Equation& generic, ExprId pays) {
  Store& store = context.store;
  const ExprId going_on = store.sub(generic.right, generic.left);
  const ExprId stopping = store.sub(pays, store.symbol(eqs.V));
  Equation equation{store.integer(0), context.model.reward ? store.max(going_on, stopping)
                                                           : store.min(going_on, stopping)};
  equation.over = generic.over;
  equation.where = context.model.reward ? "the player stops where the second entry is the larger"
                                        : "the player stops where the second entry is the smaller";
  return equation;
}

ExprId user_amount(const Context& context, ExprId amount) {
  return context.model.reward ? context.store.neg(amount) : amount;
}

void add_conditions(Context& context, const Equations& eqs, Step& step) {
  Store& store = context.store;
  const auto& model = context.model;
  const ExprId V = store.symbol(eqs.V);
  if (model.initial && model.final_) {
    step.notes.push_back(
        "V at the horizon is the potential for which the final law is reached (Leonard 2014)");
  } else if (model.horizon) {
    const ExprId terminal =
        model.terminal ? user_amount(context, model.terminal->value) : store.integer(0);
    Equation final_value{V, terminal};
    final_value.where = fmt::format("at t = {}", number(*model.horizon));
    step.equations.push_back(final_value);
  }
  if (model.until) {
    const ExprId pay =
        model.until->pay ? user_amount(context, model.until->pay->value) : store.integer(0);
    Equation exit{V, pay};
    exit.where = "where";
    exit.condition = model.until->condition;
    step.equations.push_back(exit);
  }
}

void add_boundary(Context& context, const Equations& eqs, std::size_t i, Step& step) {
  using model::Boundary;
  Store& store = context.store;
  const auto& state = context.model.states[i];
  if (!state.lo || !state.hi) return;
  const std::string ends = fmt::format("at {} = {} and {} = {}", state.name, number(*state.lo),
                                       state.name, number(*state.hi));
  switch (state.boundary) {
    case Boundary::Periodic:
      step.notes.push_back(
          fmt::format("{} is periodic: V and its derivatives agree {}", state.name, ends));
      break;
    case Boundary::Reflect: {
      Equation flux{store.symbol(eqs.p[i]), store.integer(0)};
      flux.where = ends + " (reflection)";
      step.equations.push_back(flux);
      break;
    }
    case Boundary::Absorb: {
      const ExprId value =
          state.absorb_value.valid() ? user_amount(context, state.absorb_value) : store.integer(0);
      Equation fixed{store.symbol(eqs.V), value};
      fixed.where = ends + " (absorption)";
      step.equations.push_back(fixed);
      break;
    }
    case Boundary::Constrain:
      step.notes.push_back(fmt::format(
          "{}: only controls that do not leave the domain are allowed (a supersolution up to "
          "the boundary: Soner 1986)",
          ends));
      break;
    case Boundary::Extrapolate:
    case Boundary::Default:
      step.notes.push_back(fmt::format(
          "{} the domain is cut from a larger one: no condition, derivatives are taken from "
          "inside",
          ends));
      break;
  }
}

std::string words(const model::Model& model) {
  if (model.average)
    return "The long-run average eta and the relative value V solve the ergodic equation.";
  std::string text =
      model.reward ? "V is the largest expected reward" : "V is the least expected cost";
  text += model.horizon ? "; it runs backward from the horizon." : "; it does not depend on time.";
  if (model.stop_pays) text += " The right to stop makes it a variational inequality.";
  if (model.regime) text += " Each regime has its own equation, coupled by the switching rates.";
  return text;
}

}  // namespace

void add_hjb(Context& context, Equations& eqs) {
  Store& store = context.store;
  const auto& model = context.model;
  Step step;
  step.field = "hjb";
  step.title = "Hamilton-Jacobi-Bellman equation";
  step.source = kSource;
  step.words = words(model);
  const bool substituted = reads_well(context, eqs);
  const ExprId H =
      substituted ? tidy(store, expr::expand(store, eqs.hamiltonian)) : eqs.hamiltonian_integrand;
  Equation generic{left_side(context, eqs), amount_in_user_terms(context, eqs, H)};
  generic.over = open_groups(substituted, model);
  generic.right = store.add(generic.right, jump_terms(context, eqs, step));
  if (model.stop_pays)
    generic = variational(context, eqs, generic, user_amount(context, model.stop_pays->value));
  if (model.regime) {
    for (int j = 1; j <= model.regime->count; ++j)
      step.equations.push_back(in_regime(context, eqs, generic, j));
  } else {
    step.equations.push_back(generic);
  }
  add_conditions(context, eqs, step);
  for (std::size_t i = 0; i < model.dimension(); ++i) add_boundary(context, eqs, i, step);
  if (!model.constraints.empty()) {
    step.notes.push_back(
        "'subject to' keeps the state in its set: the equation holds there with the controls that "
        "do not leave it");
  }
  eqs.steps.push_back(std::move(step));
}

}  // namespace hopf::derive
