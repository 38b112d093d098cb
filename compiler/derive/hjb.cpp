// The Hamilton-Jacobi-Bellman equation: -V_t + rho V = H, with terminal, stopping, regime, jump and
// boundary terms.
#include <fmt/format.h>

#include <cmath>

#include "derive/autonomous.hpp"
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

/// -V_t + rho V, or the long-run average, or 0. V depends on t with a horizon, and where anything
/// does.
ExprId left_side(Context& context, const Equations& eqs) {
  Store& store = context.store;
  const auto& model = context.model;
  std::vector<ExprId> terms;
  if (model.average) terms.push_back(store.symbol(unknown(store, context.names.average)));
  if (model.horizon || !timed_parts(model).empty())
    terms.push_back(store.neg(store.symbol(eqs.V_t)));
  if (model.discount && !model.average)
    terms.push_back(store.mul(model.discount->value, store.symbol(eqs.V)));
  return store.add(terms);
}

/// In regime j switching adds sum_k q_jk (V_k - V_j).
Equation in_regime(Context& context, const Equation& generic, int j) {
  Store& store = context.store;
  const std::string& V = context.names.value;
  const auto into = into_regime(context, {V}, j);
  Equation equation{
      expr::substitute(store, generic.left, into),
      store.add(expr::substitute(store, generic.right, into), switching_gain(context, V, j))};
  equation.over = generic.over;
  equation.where = regime_words(context, j);
  return equation;
}

/// Optimal stopping: 0 = min{H + V_t - rho V, g - V} (Bensoussan & Lions 1982, ch. 3).
Equation variational(Context& context, const Equation& generic, ExprId pays, ExprId V) {
  Store& store = context.store;
  const ExprId going_on = store.sub(generic.right, generic.left);
  const ExprId stopping = store.sub(pays, V);
  Equation equation{store.integer(0), context.model.reward ? store.max(going_on, stopping)
                                                           : store.min(going_on, stopping)};
  equation.over = generic.over;
  equation.where = generic.where;
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
        fmt::format("{} at the horizon is the potential for which the final law is reached "
                    "(Leonard 2014)",
                    context.names.value));
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
      step.notes.push_back(fmt::format("{} is periodic: {} and its derivatives agree {}",
                                       state.name, context.names.value, ends));
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
          "{}: only controls that do not leave the domain are allowed (a {}solution up to the "
          "boundary: Soner 1986)",
          ends, context.model.reward ? "sub" : "super"));
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

std::string words(const Context& context) {
  const auto& model = context.model;
  const std::string& V = context.names.value;
  if (model.average)
    return fmt::format(
        "The long-run average {} and the relative value {} solve the ergodic equation.",
        context.names.average, V);
  std::string text =
      fmt::format("{} is the {}{} {}", V, model.reward ? "largest" : "least",
                  model.noises.empty() && model.jumps.empty() && !model.regime ? "" : " expected",
                  model.reward ? "reward" : "cost");
  text += model.horizon                ? "; it runs backward from the horizon."
          : timed_parts(model).empty() ? "; it does not depend on time."
                                       : "; it depends on time, and no horizon ends it.";
  if (model.stop_pays) text += " The right to stop makes it a variational inequality.";
  if (model.regime) text += " Each regime has its own equation, coupled by the switching rates.";
  return text;
}

/// One equation, or one for each regime; a variational inequality where the player may stop.
void add_equations(Context& context, const Equations& eqs, const Equation& generic, Step& step) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::string& V = context.names.value;
  const int count = model.regime ? model.regime->count : 1;
  for (int j = 1; j <= count; ++j) {
    Equation equation = model.regime ? in_regime(context, generic, j) : generic;
    if (model.stop_pays) {
      ExprId pays = user_amount(context, model.stop_pays->value), here = store.symbol(eqs.V);
      if (model.regime) {
        pays = expr::substitute(store, pays, into_regime(context, {V}, j));
        here = store.symbol(unknown(store, regime_field(V, j)));
      }
      equation = variational(context, equation, pays, here);
    }
    step.equations.push_back(equation);
  }
  if (model.stop_pays)
    step.notes.push_back(fmt::format("the player stops where {} is what stopping pays", V));
}

}  // namespace

void add_hjb(Context& context, Equations& eqs) {
  Store& store = context.store;
  const auto& model = context.model;
  Step step;
  step.field = "hjb";
  step.title = "Hamilton-Jacobi-Bellman equation";
  step.source = kSource;
  step.words = words(context);
  const bool substituted = eqs.hamiltonian_shown.valid();
  const ExprId H = substituted ? eqs.hamiltonian_shown : eqs.hamiltonian_integrand;
  Equation generic{left_side(context, eqs), amount_in_user_terms(context, H)};
  generic.over = open_groups(substituted, model);
  generic.right = store.add(generic.right, jump_terms(context, context.names.value, step));
  add_equations(context, eqs, generic, step);
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
