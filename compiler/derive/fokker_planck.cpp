// The generator of the controlled diffusion and its adjoint, the Fokker-Planck operator (Pavliotis
// 2014, ch. 2-4).
//
// Controls are functions of the state here, u = u(x): their derivatives D(u,x) appear where the
// drift is differentiated.
#include <fmt/format.h>

#include <algorithm>

#include "derive/jumps_back.hpp"

namespace hopf::derive {

using expr::Op;
using expr::Store;

namespace {

struct Field {
  std::string name;
  Store& store;
  const model::Model& model;

  ExprId value() const { return store.symbol(unknown(store, name)); }
  ExprId first(std::size_t i) const {
    return store.symbol(fmt::format("D({},{})", name, model.states[i].name));
  }
  ExprId second(std::size_t i, std::size_t j) const {
    return store.symbol(fmt::format("D({},{},{})", name, model.states[std::min(i, j)].name,
                                    model.states[std::max(i, j)].name));
  }
  ExprId in_time() const { return store.symbol(fmt::format("D({},t)", name)); }
};

ExprId unevaluated(Store& store, ExprId e, std::vector<SymbolId> symbols) {
  if (store.op(e) == Op::Symbol) {  // D(m,x), without parentheses
    std::string name = "D(" + store.name(store.symbol_of(e));
    for (SymbolId symbol : symbols) name += "," + store.name(symbol);
    return store.symbol(name + ")");
  }
  std::vector<ExprId> args{e};
  for (SymbolId symbol : symbols) args.push_back(store.symbol(symbol));
  return store.apply(Op::Derivative, args);
}

/// The derivative of coefficient*m, with what is constant in front of it.
ExprId flux(Context& context, ExprId coefficient, ExprId m, std::vector<SymbolId> variables) {
  Store& store = context.store;
  auto varying = state_symbols(context.model);
  for (SymbolId u : control_symbols(context.model)) varying.push_back(u);
  std::vector<ExprId> factors{coefficient}, outside, inside{m};
  if (store.op(coefficient) == Op::Mul)
    factors.assign(store.args(coefficient).begin(), store.args(coefficient).end());
  for (ExprId factor : factors)
    (depends_on_any(store, factor, varying) ? inside : outside).push_back(factor);
  outside.push_back(unevaluated(store, store.mul(inside), std::move(variables)));
  return store.mul(outside);
}

ExprId conservative_form(Context& context, const Equations& eqs, ExprId m) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::size_t n = model.dimension();
  std::vector<ExprId> terms;
  for (std::size_t i = 0; i < n; ++i) {
    if (store.is_zero(model.drift[i])) continue;
    terms.push_back(store.neg(flux(context, model.drift[i], m, {model.states[i].symbol})));
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i; j < n; ++j) {
      const ExprId a = eqs.covariance[i * n + j];
      if (store.is_zero(a)) continue;
      const ExprId term = flux(context, a, m, {model.states[i].symbol, model.states[j].symbol});
      terms.push_back(i == j ? half(store, term) : term);
    }
  }
  return store.add(terms);
}

}  // namespace

/// d/dx_i along the policy: partial derivative plus sum_k D(u_k,x_i) d/du_k; D(u_k,x_j)
/// differentiates to D(u_k,x_i,x_j).
ExprId total_derivative(Context& context, ExprId e, std::size_t i) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::string& x = model.states[i].name;
  std::vector<ExprId> terms{expr::differentiate(store, e, model.states[i].symbol)};
  if (model.controls.empty()) return terms[0];
  const auto free = expr::free_symbols(store, e);
  auto chain = [&](SymbolId from, const std::string& to) {
    if (std::find(free.begin(), free.end(), from) == free.end()) return;
    terms.push_back(store.mul(expr::differentiate(store, e, from), store.symbol(to)));
  };
  for (const auto& control : model.controls) {
    chain(control.symbol, fmt::format("D({},{})", control.name, x));
    for (std::size_t k = 0; k < model.dimension() && !free.empty(); ++k) {
      const std::string& y = model.states[k].name;
      const auto slope = store.find_symbol(fmt::format("D({},{})", control.name, y));
      if (slope)
        chain(*slope, fmt::format("D({},{},{})", control.name, k <= i ? y : x, k <= i ? x : y));
    }
  }
  return store.add(terms);
}

ExprId generator_of(Context& context, const Equations& eqs, const std::string& function) {
  Store& store = context.store;
  const auto& model = context.model;
  const Field phi{function, store, model};
  const std::size_t n = model.dimension();
  std::vector<ExprId> terms;
  for (std::size_t i = 0; i < n; ++i) terms.push_back(store.mul(model.drift[i], phi.first(i)));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i; j < n; ++j) {
      const ExprId term = store.mul(eqs.covariance[i * n + j], phi.second(i, j));
      terms.push_back(i == j ? half(store, term) : term);
    }
  }
  return store.add(terms);
}

// -d_i(f_i m) + 1/2 d_ij(a_ij m), with the product rule carried out and terms collected by
// derivative of m:
//   1/2 a_ij D_ij m + (d_j a_ij - f_i) D_i m + (1/2 d_ij a_ij - d_i f_i) m.
ExprId adjoint_of(Context& context, const Equations& eqs, const std::string& density) {
  Store& store = context.store;
  const auto& model = context.model;
  const Field m{density, store, model};
  const std::size_t n = model.dimension();
  std::vector<ExprId> terms, zeroth;
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<ExprId> slope;  // of the covariance
    zeroth.push_back(store.neg(total_derivative(context, model.drift[i], i)));
    for (std::size_t j = 0; j < n; ++j) {
      const ExprId a = eqs.covariance[i * n + j];
      if (store.is_zero(a)) continue;
      const ExprId da = total_derivative(context, a, j);
      slope.push_back(da);
      if (!store.is_zero(da)) zeroth.push_back(half(store, total_derivative(context, da, i)));
      terms.push_back(half(store, store.mul(a, m.second(i, j))));
    }
    const ExprId divergence = tidy(store, store.add(slope)), f = model.drift[i];
    const ExprId speed =
        store.is_zero(divergence) ? store.neg(f) : tidy(store, store.sub(divergence, f));
    terms.push_back(store.mul(speed, m.first(i)));
  }
  terms.push_back(store.mul(tidy(store, store.add(zeroth)), m.value()));
  return store.add(terms);
}

namespace {

std::string policy_words(const model::Model& model) {
  if (model.controls.empty()) return "";
  std::vector<std::string> names;
  for (const auto& group : model.groups) names.push_back(group.name);
  return fmt::format(" {} stand{} for a policy, a function of the state.", join(names, ", "),
                     names.size() == 1 ? "s" : "");
}

/// What the density does at the ends of a domain.
void add_boundary_notes(Context& context, Step& step) {
  using model::Boundary;
  const std::string& m = context.names.density;
  for (const auto& state : context.model.states) {
    if (!state.lo) continue;
    if (state.boundary == Boundary::Reflect)
      step.notes.push_back(fmt::format("no flux passes the ends of {} (reflection)", state.name));
    if (state.boundary == Boundary::Absorb)
      step.notes.push_back(fmt::format("{} = 0 at the ends of {} (absorption)", m, state.name));
    if (state.boundary == Boundary::Periodic)
      step.notes.push_back(fmt::format("{} is periodic in {}", m, state.name));
  }
}

}  // namespace

void add_generator(Context& context, Equations& eqs) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::string& phi = context.names.function;
  Step step;
  step.field = "generator";
  step.title = "Generator";
  step.words = fmt::format("The mean rate of change of a smooth function {} along the process.{}",
                           phi, policy_words(model));
  step.source = "Oksendal 2003, 7.3; Pavliotis 2014, 2.3";
  const ExprId left = store.symbol(unknown(store, phi));
  const ExprId right = store.add(generator_of(context, eqs, phi), jump_terms(context, phi, step));
  if (!model.regime) step.equations.push_back({left, right, Equation::Form::Generator});
  for (int j = 1; model.regime && j <= model.regime->count; ++j) {
    const auto into = into_regime(context, {phi}, j);
    Equation equation{
        expr::substitute(store, left, into),
        store.add(expr::substitute(store, right, into), switching_gain(context, phi, j)),
        Equation::Form::Generator};
    equation.where = regime_words(context, j);
    step.equations.push_back(equation);
  }
  eqs.steps.push_back(std::move(step));
}

void add_fokker_planck(Context& context, Equations& eqs) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::string& m = context.names.density;
  Step step;
  step.field = "fokker_planck";
  step.title = "Fokker-Planck equation";
  step.words = fmt::format(
      "{} is the density of the state. It is carried by the adjoint of the generator; first in "
      "conservative form, then with the derivatives carried out.{}",
      m, policy_words(model));
  step.source = model.jumps.empty() ? "Risken 1996, ch. 4; Pavliotis 2014, 4.1"
                                    : "Risken 1996, ch. 4; Pavliotis 2014, 4.1; Hanson 2007, 7.5";
  const ExprId left = store.symbol(fmt::format("D({},t)", m));
  const ExprId field = store.symbol(unknown(store, m));
  std::vector<std::string> fields{m};
  for (const auto& jump : model.jumps) fields.push_back(fmt::format("{}_from_{}", m, jump.name));
  const ExprId landing = landing_terms(context);
  for (ExprId local : {conservative_form(context, eqs, field), adjoint_of(context, eqs, m)}) {
    const ExprId right = store.add(local, landing);
    if (!model.regime) step.equations.push_back({left, right});
    for (int j = 1; model.regime && j <= model.regime->count; ++j) {
      const auto into = into_regime(context, fields, j);
      Equation equation{
          expr::substitute(store, left, into),
          store.add(expr::substitute(store, right, into), switching_flow(context, m, j))};
      equation.where = regime_words(context, j);
      step.equations.push_back(equation);
    }
  }
  add_landings(context, step);
  add_boundary_notes(context, step);
  eqs.steps.push_back(std::move(step));
}

}  // namespace hopf::derive
