// Hopf-Cole: V = -lambda log psi makes the HJB equation linear when the noise covariance is a =
// lambda B R^-1 B' with a constant lambda: the quadratic terms of the gradient then cancel (Fleming
// 1978; Kappen 2005; Todorov 2009).
#include <fmt/format.h>

#include <cmath>

#include "derive/autonomous.hpp"
#include "derive/internal.hpp"

namespace hopf::derive {

using expr::Store;

namespace {

/// f = f0 + B u, L = l + r'u + 1/2 u'R u.
struct Split {
  std::vector<ExprId> f0, B;
  std::vector<ExprId> R, r;
  ExprId l;
  ExprId lambda;
};

using Reasons = std::vector<std::string>;

Reasons structural_reasons(const Context& context) {
  const auto& model = context.model;
  if (model.controls.empty())
    return {"there is no control, and the HJB equation is linear already"};
  Reasons reasons;
  auto add = [&reasons](bool holds, const char* reason) {
    if (holds) reasons.push_back(reason);
  };
  add(model.noises.empty(), "there is no noise, so lambda would be 0");
  add(!model.jumps.empty(), "jumps do not turn into a linear term");
  add(model.regime.has_value(), "the regimes' switching terms stay nonlinear in psi");
  add(model.stop_pays.has_value(), "the right to stop makes it a variational inequality");
  for (const auto& group : model.groups) {
    if (group.disturbance)
      reasons.push_back(fmt::format(
          "{} is a disturbance: the game's Hamiltonian is not of this form", group.name));
    else if (group.set != model::ControlGroup::Set::Free)
      reasons.push_back(fmt::format("{} is bounded, so the {} is not linear in the gradient",
                                    group.name, model.reward ? "maximiser" : "minimiser"));
  }
  if (model.discount && !context.store.is_zero(model.discount->value))
    reasons.push_back("the discount leaves the term rho psi log psi, which is not linear");
  return reasons;
}

/// f = f0 + B u, with noise that u does not touch.
void split_dynamics(Context& context, Split& split, Reasons& reasons) {
  Store& store = context.store;
  const auto& model = context.model;
  const auto u = control_symbols(model);
  for (std::size_t i = 0; i < model.dimension(); ++i) {
    const auto affine = expr::as_affine(store, model.drift[i], u);
    if (!affine) {
      reasons.push_back(
          fmt::format("the drift of {} is not linear in the control", model.states[i].name));
      continue;
    }
    split.f0.push_back(affine->constant);
    split.B.insert(split.B.end(), affine->linear.begin(), affine->linear.end());
  }
  for (std::size_t i = 0; i < model.dimension(); ++i) {
    const std::size_t count = model.noise_count();
    bool controlled = false;
    for (std::size_t k = 0; k < count; ++k)
      controlled = controlled || depends_on_any(store, model.diffusion[i * count + k], u);
    if (controlled)
      reasons.push_back(
          fmt::format("the noise of {} depends on the control", model.states[i].name));
  }
}

void split_cost(Context& context, Split& split, Reasons& reasons) {
  Store& store = context.store;
  const auto& model = context.model;
  const ExprId L = model.lagrangian.value.valid() ? model.lagrangian.value : store.integer(0);
  const auto cost = expr::as_quadratic(store, L, control_symbols(model));
  if (!cost) {
    reasons.push_back(
        fmt::format("the {} is not quadratic in the control", model.reward ? "reward" : "cost"));
    return;
  }
  split.R = cost->Q;
  split.r = cost->linear;
  split.l = cost->constant;
}

/// S = B R^-1 B', entry by entry as they are asked for: most models are refused by the first few.
class Square {
 public:
  Square(Context& context, const Split& split)
      : context_(context), split_(split), weighed_(context.model.dimension()) {}

  /// R^-1 y; nothing where R is singular.
  std::optional<std::vector<ExprId>> weigh(std::span<const ExprId> y) const {
    return expr::solve_linear(context_.store, split_.R, y);
  }
  bool regular() const { return weigh(row(0)).has_value(); }

  ExprId operator()(std::size_t i, std::size_t j) {
    Store& store = context_.store;
    if (weighed_[j].empty()) weighed_[j] = weigh(row(j)).value();
    std::vector<ExprId> terms;
    for (std::size_t k = 0; k < weighed_[j].size(); ++k)
      terms.push_back(store.mul(row(i)[k], weighed_[j][k]));
    return tidy(store, store.add(terms));
  }

 private:
  std::span<const ExprId> row(std::size_t i) const {
    const std::size_t m = context_.model.controls.size();
    return std::span(split_.B).subspan(i * m, m);
  }

  Context& context_;
  const Split& split_;
  std::vector<std::vector<ExprId>> weighed_;
};

/// The shift by the linear cost: f0 - B R^-1 r, l - 1/2 r'R^-1 r.
void complete_square(Context& context, const Square& square, Split& split) {
  Store& store = context.store;
  const std::size_t n = context.model.dimension(), m = context.model.controls.size();
  const std::vector<ExprId> shift = square.weigh(split.r).value();
  std::vector<ExprId> cost{split.l};
  for (std::size_t k = 0; k < m; ++k)
    cost.push_back(store.neg(half(store, store.mul(split.r[k], shift[k]))));
  split.l = tidy(store, store.add(cost));
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<ExprId> drift{split.f0[i]};
    for (std::size_t k = 0; k < m; ++k)
      drift.push_back(store.neg(store.mul(split.B[i * m + k], shift[k])));
    split.f0[i] = tidy(store, store.add(drift));
  }
}

bool vanishes(Store& store, ExprId e) {
  return store.is_zero(e) || store.is_zero(expr::expand(store, e)) ||
         store.is_zero(expr::simplify(store, e));
}

std::string entry(const Context& context, std::size_t i, std::size_t j) {
  const auto& states = context.model.states;
  return i == j ? states[i].name : fmt::format("{}, {}", states[i].name, states[j].name);
}

/// lambda with a = lambda S, or the reason why there is none.
std::string match(Context& context, const Equations& eqs, Square& square, Split& split) {
  Store& store = context.store;
  const std::size_t n = context.model.dimension();
  std::size_t pivot = n;
  for (std::size_t i = 0; i < n && pivot == n; ++i) {
    if (!vanishes(store, square(i, i))) pivot = i;
  }
  if (pivot == n) return "the control moves no state";
  split.lambda = tidy(store, store.div(eqs.covariance[pivot * n + pivot], square(pivot, pivot)));
  if (store.is_zero(split.lambda)) {
    return fmt::format("the control moves {}, but no noise does", context.model.states[pivot].name);
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i; j < n; ++j) {
      const ExprId a = eqs.covariance[i * n + j], S = square(i, j);
      if (vanishes(store, store.sub(a, store.mul(split.lambda, S)))) continue;
      if (vanishes(store, S))
        return fmt::format("noise acts on ({}) with covariance {}, where the control does not",
                           entry(context, i, j), text(context, a));
      return fmt::format(
          "the noise covariance is no multiple of B R^-1 B': the ratio is {} for ({}) but {} for "
          "({})",
          text(context, split.lambda), entry(context, pivot, pivot),
          text(context, tidy(store, store.div(a, S))), entry(context, i, j));
    }
  }
  auto varying = state_symbols(context.model);
  varying.push_back(context.model.time);
  if (depends_on_any(store, split.lambda, varying)) {
    return fmt::format("the ratio of noise covariance to B R^-1 B' is {}, which is not constant",
                       text(context, split.lambda));
  }
  if (!is_nonnegative(sign_of(context, split.lambda)))
    return "the control's weight is not positive";
  return "";
}

/// Every reason why the transform does not apply; the covariance is compared once f and L split.
Reasons analyse(Context& context, const Equations& eqs, Split& split) {
  Reasons reasons = structural_reasons(context);
  if (context.model.controls.empty()) return reasons;
  const std::size_t before = reasons.size();
  split_dynamics(context, split, reasons);
  split_cost(context, split, reasons);
  if (reasons.size() > before || context.model.noises.empty()) return reasons;
  Square square(context, split);
  if (!square.regular()) {
    reasons.push_back("the control's weight R is singular");
    return reasons;
  }
  const std::string why = match(context, eqs, square, split);
  if (!why.empty()) reasons.push_back(why);
  if (reasons.empty()) complete_square(context, square, split);
  return reasons;
}

/// f0.D(psi) + 1/2 tr(a D2(psi)) - l psi / lambda.
ExprId linear_operator(Context& context, const Equations& eqs, const Split& split,
                       const std::string& psi) {
  Store& store = context.store;
  const auto& states = context.model.states;
  const std::size_t n = states.size();
  std::vector<ExprId> terms;
  for (std::size_t i = 0; i < n; ++i) {
    terms.push_back(
        store.mul(split.f0[i], store.symbol(fmt::format("D({},{})", psi, states[i].name))));
    for (std::size_t j = i; j < n; ++j) {
      const ExprId second =
          store.symbol(fmt::format("D({},{},{})", psi, states[i].name, states[j].name));
      const ExprId term = store.mul(eqs.covariance[i * n + j], second);
      terms.push_back(i == j ? half(store, term) : term);
    }
  }
  const ExprId decay = store.mul(store.div(split.l, split.lambda), store.symbol(psi));
  terms.push_back(store.neg(decay));
  return store.add(terms);
}

void add_equations(Context& context, const Equations& eqs, const Split& split, Step& step) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::string& psi = context.names.psi;
  const ExprId lambda = store.symbol(context.names.lambda),
               field = store.symbol(unknown(store, psi));
  step.equations.push_back({lambda, split.lambda});
  const ExprId log_psi = store.mul(split.lambda, store.apply(expr::Op::Log, {field}));
  step.equations.push_back({store.symbol(eqs.V), model.reward ? log_psi : store.neg(log_psi)});
  ExprId left = store.integer(0);
  if (model.horizon || !timed_parts(model).empty())
    left = store.neg(store.symbol(fmt::format("D({},t)", psi)));
  if (model.average)
    left =
        store.neg(store.mul(store.div(store.symbol(context.names.average), split.lambda), field));
  if (model.average && model.reward) left = store.neg(left);
  step.equations.push_back({left, linear_operator(context, eqs, split, psi)});
  auto boundary = [&](ExprId cost, const std::string& where, ExprId condition) {
    Equation equation{field,
                      store.apply(expr::Op::Exp, {store.neg(store.div(cost, split.lambda))})};
    equation.where = where;
    equation.condition = condition;
    step.equations.push_back(equation);
  };
  const ExprId zero = store.integer(0);
  if (model.initial && model.final_) {
    step.notes.push_back("psi at the horizon is fixed by the two laws (the Schroedinger system)");
  } else if (model.horizon) {
    boundary(model.terminal ? model.terminal->value : zero,
             fmt::format("at t = {}", number(*model.horizon)), ExprId());
  }
  if (model.until)
    boundary(model.until->pay ? model.until->pay->value : zero, "where", model.until->condition);
  if (model.average)
    step.notes.push_back(fmt::format("{} is the principal eigenvalue times {}{}",
                                     context.names.average, model.reward ? "" : "-",
                                     context.names.lambda));
}

}  // namespace

void detect_hopf_cole(Context& context, Equations& eqs) {
  Split split;
  eqs.hopf_cole_refusal = join(analyse(context, eqs, split), "; ");
  eqs.hopf_cole = eqs.hopf_cole_refusal.empty();
}

void add_hopf_cole(Context& context, Equations& eqs) {
  Step step;
  step.field = "hopf_cole";
  step.title = "Hopf-Cole transform";
  step.source = "Hopf 1950; Fleming 1978; Kappen 2005";
  if (eqs.hopf_cole) {
    Split split;
    analyse(context, eqs, split);
    step.words = fmt::format(
        "The noise covariance is {} times B R^-1 B' (the drift being f + B u, the cost l + r'u + "
        "1/2 u'R u), so the substitution below cancels the squared gradient and leaves a linear "
        "equation.",
        context.names.lambda);
    add_equations(context, eqs, split, step);
  } else {
    step.words = "No linear equation: " + eqs.hopf_cole_refusal + ".";
  }
  eqs.steps.push_back(std::move(step));
}

}  // namespace hopf::derive
