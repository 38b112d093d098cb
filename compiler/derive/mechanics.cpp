// Velocity controls, dq = v dt: Euler-Lagrange equations and Hamilton's canonical equations.
//
// H_mech(q, p) = sup_v { p.v - L } = -H(q, -p) (Arnold 1989, ch. 3; LANGUAGE conventions).
#include <fmt/format.h>

#include <algorithm>

#include "derive/internal.hpp"

namespace hopf::derive {

using expr::Store;

namespace {

/// velocity[i]: the control that is the velocity of state i; empty when the model is no such
/// problem.
std::vector<SymbolId> velocities(const Context& context) {
  const auto& model = context.model;
  Store& store = context.store;
  if (!model.noises.empty() || !model.jumps.empty() || model.regime ||
      model.controls.size() != model.dimension())
    return {};
  std::vector<SymbolId> result;
  for (ExprId f : model.drift) {
    if (store.op(f) != expr::Op::Symbol) return {};
    const SymbolId v = store.symbol_of(f);
    bool found = false;
    for (const auto& control : model.controls) {
      const auto& group = model.groups[control.group];
      found = found || (control.symbol == v && !group.disturbance &&
                        group.set == model::ControlGroup::Set::Free);
    }
    if (!found || std::find(result.begin(), result.end(), v) != result.end()) return {};
    result.push_back(v);
  }
  return result;
}

struct Motion {
  std::vector<SymbolId> v;
  std::vector<ExprId> rate, acceleration;  // d(q,t), d(q,t,t)
};

Motion make_motion(Context& context, std::vector<SymbolId> v) {
  Motion motion{std::move(v), {}, {}};
  for (const auto& state : context.model.states) {
    motion.rate.push_back(context.store.symbol(fmt::format("d({},t)", state.name)));
    motion.acceleration.push_back(context.store.symbol(fmt::format("d({},t,t)", state.name)));
  }
  return motion;
}

/// mass * acceleration = force solved, where it says more than the equations themselves.
void add_accelerations(Store& store, const Motion& motion, const std::vector<ExprId>& mass,
                       const std::vector<ExprId>& force, Step& step) {
  constexpr std::size_t kMostStates = 4;  // the symbolic solution of a larger system fills pages
  const std::size_t n = force.size();
  const auto solved = n <= kMostStates ? expr::solve_linear(store, mass, force) : std::nullopt;
  for (std::size_t i = 0; solved && i < n; ++i) {
    Equation explicit_form{motion.acceleration[i], tidy(store, (*solved)[i])};
    if (explicit_form.left == step.equations[i].left &&
        explicit_form.right == step.equations[i].right)
      continue;
    explicit_form.where = "solved for the acceleration";
    step.equations.push_back(explicit_form);
  }
}

/// L_vv q'' = L_q + rho L_v - L_vq q' - L_vt, as a matrix and a right side over q and its rate.
void add_euler_lagrange(Context& context, Equations& eqs, const Motion& motion) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::size_t n = model.dimension();
  const ExprId L = model.lagrangian.value;
  expr::Substitution to_rates;
  for (std::size_t i = 0; i < n; ++i) to_rates[motion.v[i]] = motion.rate[i];
  Step step;
  step.field = "euler_lagrange";
  step.title = "Euler-Lagrange equations";
  step.source = "Arnold 1989, ch. 3; Gelfand & Fomin 1963, ch. 1";
  step.words =
      "Stationary paths of the action: d/dt of L's derivative in the velocity equals its "
      "derivative in the position";
  step.words += model.discount ? " plus the discount rate times that in the velocity." : ".";
  std::vector<ExprId> mass(n * n), force(n);
  for (std::size_t i = 0; i < n; ++i) {
    const ExprId momentum = expr::differentiate(store, L, motion.v[i]);
    std::vector<ExprId> left, right{expr::differentiate(store, L, model.states[i].symbol)};
    for (std::size_t j = 0; j < n; ++j) {
      const ExprId weight = expr::differentiate(store, momentum, motion.v[j]);
      mass[i * n + j] = tidy(store, expr::substitute(store, weight, to_rates));
      const ExprId mixed = expr::differentiate(store, momentum, model.states[j].symbol);
      right.push_back(store.neg(store.mul(mixed, motion.rate[j])));
      left.push_back(store.mul(mass[i * n + j], motion.acceleration[j]));
    }
    right.push_back(store.neg(expr::differentiate(store, momentum, model.time)));
    if (model.discount) right.push_back(store.mul(model.discount->value, momentum));
    force[i] = tidy(store, expr::substitute(store, store.add(right), to_rates));
    step.equations.push_back({store.add(left), force[i]});
  }
  add_accelerations(store, motion, mass, force, step);
  eqs.steps.push_back(std::move(step));
}

void add_canonical(Context& context, Equations& eqs) {
  Store& store = context.store;
  const auto& model = context.model;
  expr::Substitution to_momenta;
  std::vector<SymbolId> p;
  for (std::size_t i = 0; i < model.dimension(); ++i) {
    p.push_back(unknown(store, fmt::format("{}[{}]", context.names.costate, model.states[i].name)));
    to_momenta[eqs.p[i]] = store.neg(store.symbol(p[i]));
  }
  const ExprId shown =
      eqs.hamiltonian_shown.valid() ? eqs.hamiltonian_shown : tidy(store, eqs.hamiltonian);
  const ExprId H = store.neg(expr::substitute(store, shown, to_momenta));
  Step step;
  step.field = "canonical";
  step.title = "Hamilton's canonical equations";
  step.source = "Arnold 1989, 15; Landau & Lifshitz 1976, 40";
  const Names& names = context.names;
  step.words = fmt::format(
      "The mechanical Hamiltonian is the Legendre transform of L, {}(q, {}) = sup over v of {} v - "
      "L = -{}(q, -{}).",
      names.mechanical, names.costate, names.costate, names.hamiltonian, names.costate);
  step.equations.push_back({store.symbol(names.mechanical), H});
  for (std::size_t i = 0; i < p.size(); ++i) {
    step.equations.push_back({store.symbol(model.states[i].symbol),
                              tidy(store, expr::differentiate(store, H, p[i])),
                              Equation::Form::Rate});
  }
  for (std::size_t i = 0; i < p.size(); ++i) {
    ExprId force = store.neg(expr::differentiate(store, H, model.states[i].symbol));
    if (model.discount)
      force = store.add(force, store.mul(model.discount->value, store.symbol(p[i])));
    step.equations.push_back({store.symbol(p[i]), tidy(store, force), Equation::Form::Rate});
  }
  eqs.steps.push_back(std::move(step));
}

}  // namespace

void add_mechanics(Context& context, Equations& eqs) {
  const auto& model = context.model;
  auto refuse = [&eqs](const std::string& why) {
    for (const char* field : {"canonical", "euler_lagrange"}) eqs.absent.emplace_back(field, why);
  };
  auto v = velocities(context);
  if (v.empty())
    return refuse(model.noises.empty()
                      ? "they are for a motion whose velocity is the control: dq = v*dt for every "
                        "state, with v "
                        "over the whole line"
                      : "they are for a motion without noise whose velocity is the control");
  // A discount that varies along the path brings the value itself into the equations.
  if (model.discount && !constant_of(context, model.discount->value))
    return refuse("the discount rate is not constant");
  if (eqs.closed_form)
    add_canonical(context, eqs);
  else
    eqs.absent.emplace_back("canonical", "the Legendre transform of L has no closed form");
  add_euler_lagrange(context, eqs, make_motion(context, std::move(v)));
}

}  // namespace hopf::derive
