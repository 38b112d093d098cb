#include "model/costs.hpp"

#include <cmath>

#include "model/arithmetic.hpp"
#include "model/bare_times.hpp"
#include "model/evaluate.hpp"
#include "model/laws.hpp"

namespace hopf::model {

namespace {

/// A cost whose terms all carry numeric weights: it fixes the unit of V only where nothing else
/// does.
struct Costs {
  Context& context;
  bool reward = false;
  std::vector<UnitTerm> weighted;
};

/// Controls have no meaning where the problem ends.
bool refuse_controls(Context& context, const Value& value, const std::string& what) {
  for (ExprId entry : value.entries) {
    for (const Control& control : context.model.controls) {
      if (!depends_on(context.store(), entry, control.symbol)) continue;
      poison(context, Kind::ControlNotAllowed, value.span,
             what + " cannot depend on the control '" + control.name + "'");
      return true;
    }
  }
  return false;
}

/// A cost amount; `per_time` for a running one. Rewards are stored negated.
std::optional<Amount> amount(Costs& costs, NodeId id, const std::string& what, bool per_time) {
  Context& context = costs.context;
  Frame frame = model_frame(context);
  frame.cost = true;
  Value value = evaluate(context, frame, id);
  if (!require_scalar(context, value, what)) return std::nullopt;
  if (!per_time && refuse_controls(context, value, what)) return std::nullopt;
  if (context.check_units && !value.any_unit) {
    Value total = value;
    if (per_time) total.unit = times(total.unit, seconds({1, 1}));
    if (value.weighted || value.literal) {
      costs.weighted.push_back(total.unit);
    } else if (!require_unit(context, total, context.cost, Kind::CostUnit,
                             per_time ? what + " times time" : what)) {
      return std::nullopt;
    }
  }
  ExprId stored = costs.reward ? context.store().neg(value.entries[0]) : value.entries[0];
  return Amount{stored, value.span};
}

std::optional<ExprId> condition(Context& context, NodeId id, const std::string& what) {
  Value value = evaluate(context, model_frame(context), id);
  if (!require_condition(context, value, what)) return std::nullopt;
  return value.entries[0];
}

// ---- one declaration each

void elaborate(Costs& costs, const syntax::CostDecl& cost, Span) {
  Model& model = costs.context.model;
  if (cost.kind == syntax::CostKind::Terminal) {
    model.terminal = amount(costs, cost.value, "the terminal cost", false);
    return;
  }
  bool reward = cost.kind == syntax::CostKind::Reward;
  if (auto running = amount(costs, cost.value, reward ? "the reward" : "the Lagrangian", true))
    model.lagrangian = *running;
}

void elaborate(Costs& costs, const syntax::HorizonDecl& horizon, Span) {
  Context& context = costs.context;
  Value value = evaluate(context, model_frame(context), horizon.value);
  if (!require_scalar(context, value, "the horizon")) return;
  if (refuse_bare_time(context, value, BareKind::Time, "the horizon", "T", "horizon")) return;
  if (!value.literal &&
      !require_unit(context, value, seconds({1, 1}), Kind::RateUnit, "the horizon"))
    return;
  auto number = constant(context, value.entries[0]);
  if (!number) {
    poison(context, Kind::NotConstant, value.span, "the horizon must depend on parameters only");
  } else if (!(*number > 0 && std::isfinite(*number))) {
    poison(context, Kind::InvalidHorizon, value.span, "the horizon must be a positive finite time",
           "leave the horizon out for a stationary problem");
  } else {
    context.model.horizon = *number;
  }
}

void elaborate(Costs& costs, const syntax::DiscountDecl& discount, Span) {
  Context& context = costs.context;
  Value value = evaluate(context, model_frame(context), discount.value);
  if (!require_scalar(context, value, "the discount rate")) return;
  if (refuse_bare_time(context, value, BareKind::Rate, "the discount rate", "rho", "discount"))
    return;
  if (!value.literal &&
      !require_unit(context, value, seconds({-1, 1}), Kind::RateUnit, "the discount rate"))
    return;
  if (refuse_controls(context, value, "the discount rate")) return;
  auto number = constant(context, value.entries[0]);
  if (number && !std::isfinite(*number)) {
    poison(context, Kind::InvalidDiscount, value.span, "the discount rate must be finite");
    return;
  }
  context.model.discount = Amount{value.entries[0], value.span};
}

void elaborate(Costs& costs, const syntax::UntilDecl& until, Span span) {
  Context& context = costs.context;
  auto holds = condition(context, until.condition, "what follows 'until'");
  Stop stop{.span = span};
  if (until.pay) stop.pay = amount(costs, *until.pay, "what is paid at the end", false);
  if (!holds) return;
  stop.condition = *holds;
  context.model.until = stop;
}

void elaborate(Costs& costs, const syntax::StopDecl& stop, Span) {
  costs.context.model.stop_pays = amount(costs, stop.pays, "what stopping pays", false);
}

void elaborate(Costs& costs, const syntax::SubjectDecl& subject, Span) {
  Span span = (*costs.context.ast)[subject.condition].span;
  if (auto holds = condition(costs.context, subject.condition, "a state constraint"))
    costs.context.model.constraints.push_back({*holds, span});
}

void elaborate(Costs& costs, const syntax::AverageDecl&, Span) {
  costs.context.model.average = true;
}

void elaborate(Costs& costs, const syntax::EndpointDecl& endpoint, Span span) {
  elaborate_endpoint(costs.context, endpoint, span);
}

/// `absorb(expr)`: the Dirichlet value is a cost.
void elaborate(Costs& costs, const syntax::StateDecl& state, Span) {
  if (!state.absorb_value) return;
  auto value = amount(costs, *state.absorb_value, "an absorbing value", false);
  for (State& component : costs.context.model.states)
    if (value && component.base == state.name.text) component.absorb_value = value->value;
}

template <class Other>
void elaborate(Costs&, const Other&, Span) {}

/// Where no unweighted term fixed the unit of V, weighted terms do if they agree.
void settle_cost_unit(Costs& costs) {
  Context& context = costs.context;
  if (costs.weighted.empty() ||
      !context.units.resolve(context.cost).unknown.count(context.cost.unknown.begin()->first))
    return;
  UnitTerm first = context.units.resolve(costs.weighted[0]);
  for (const UnitTerm& unit : costs.weighted)
    if (context.units.resolve(unit) != first) return;
  context.units.equate(context.cost, first, context.model.lagrangian.span);
}

bool is_reward(const syntax::ModelItem& item) {
  for (const syntax::Declaration& declaration : item.declarations) {
    const auto* cost = std::get_if<syntax::CostDecl>(&declaration.value);
    if (cost != nullptr && cost->kind == syntax::CostKind::Reward) return true;
  }
  return false;
}

// With a horizon a negative rate is a number like any other; without one the far future would
// outweigh everything.
void check_discount_sign(Context& context) {
  const Model& model = context.model;
  if (!model.discount || model.horizon) return;
  const auto number = constant(context, model.discount->value);
  if (!number || *number >= 0) return;
  poison(context, Kind::InvalidDiscount, model.discount->span,
         "without a horizon the discount rate must not be negative",
         "give the problem a 'horizon', or a positive rate");
}

}  // namespace

void elaborate_costs(Context& context, const syntax::ModelItem& item) {
  Model& model = context.model;
  Costs costs{context, is_reward(item), {}};
  model.reward = costs.reward;
  model.lagrangian = {context.store().integer(0), item.name.span};
  for (const syntax::Declaration& declaration : item.declarations) {
    std::visit([&](const auto& d) { elaborate(costs, d, declaration.span); }, declaration.value);
    model.has_cost = model.has_cost ||
                     std::holds_alternative<syntax::CostDecl>(declaration.value) ||
                     std::holds_alternative<syntax::StopDecl>(declaration.value);
  }
  model.has_cost = model.has_cost || (model.until && model.until->pay);
  check_discount_sign(context);
  if (context.check_units) settle_cost_unit(costs);
}

}  // namespace hopf::model
