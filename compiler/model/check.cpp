// The phase in order; each line is one pass.
#include "model/check.hpp"

#include "model/arithmetic.hpp"
#include "model/boundaries.hpp"
#include "model/context.hpp"
#include "model/control_sets.hpp"
#include "model/costs.hpp"
#include "model/declarations.hpp"
#include "model/divisions.hpp"
#include "model/dynamics.hpp"
#include "model/evaluate.hpp"
#include "model/names.hpp"
#include "model/params.hpp"

namespace hopf::model {

namespace {

bool declares_units(const syntax::ModelItem& item) {
  for (const syntax::Declaration& declaration : item.declarations) {
    bool found = std::visit(
        [](const auto& d) {
          if constexpr (requires { d.unit; }) return d.unit.has_value();
          return false;
        },
        declaration.value);
    if (found) return true;
  }
  return false;
}

void refuse_empty(Context& context, const syntax::ModelItem& item) {
  bool any = false;
  for (const auto& [name, entry] : context.names)
    any = any || entry.role == Role::State || entry.role == Role::Control;
  if (!any)
    poison(context, Kind::EmptyModel, item.name.span,
           "the model '" + item.name.text + "' declares no state and no control",
           "add e.g. 'state x in [-1, 1]'");
}

/// Every `let`, used or not, so that an error in it is found.
void elaborate_lets(Context& context) {
  for (const std::string& name : context.order) {
    Entry& entry = context.names.at(name);
    if (entry.role != Role::Let) continue;
    const Value& value = entry.in_cost && entry.status != Entry::Status::Done
                             ? *entry.in_cost
                             : let_value(context, entry, model_frame(context));
    for (std::size_t i = 0; i < value.entries.size(); ++i)
      context.model.lets.push_back({component_name(name, value.shape, i), value.entries[i]});
  }
}

/// An inferred unit, with money in the currency of the model.
Unit inferred(Context& context, const UnitTerm& open) {
  Unit unit = context.units.settle(open);
  if (unit.exponents[7].num == 0 || context.currency.empty()) return unit;
  std::string text = to_string(unit);
  constexpr std::string_view word = "currency";
  unit.text = text.replace(text.find(word), word.size(), context.currency);
  return unit;
}

Unit final_unit(Context& context, const Entry& entry) {
  return entry.declared ? *entry.declared : inferred(context, entry.unit);
}

/// Fills in the inferred units.
void settle_units(Context& context) {
  Model& model = context.model;
  if (!context.check_units) return;
  for (const std::string& name : context.order) {
    const Entry& entry = context.names.at(name);
    if (entry.role == Role::Param) model.params[entry.first].unit = final_unit(context, entry);
    for (int i = 0; i < entry.count; ++i) {
      bool control = entry.role == Role::Control || entry.role == Role::Disturbance;
      if (entry.role == Role::State)
        model.states[entry.first + i].unit = final_unit(context, entry);
      if (control) model.controls[entry.first + i].unit = final_unit(context, entry);
    }
  }
  model.cost_unit = inferred(context, context.cost);
}

}  // namespace

std::optional<Model> check(std::shared_ptr<expr::Store> store, const syntax::Ast& ast,
                           const syntax::ModelItem& item, const Scope& scope,
                           const std::vector<Override>& overrides, diagnostics::Sink& sink) {
  Context context{
      .ast = &ast, .scope = &scope, .sink = &sink, .overrides = &overrides, .item = &item};
  std::size_t errors_before = sink.error_count();
  context.model.name = item.name.text;
  context.model.span = item.name.span;
  context.model.store = std::move(store);
  context.check_units = context.model.has_units = declares_units(item);
  if (context.check_units) context.cost = context.units.fresh("cost", item.name.span);

  collect_names(context, item);
  check_conflicts(context, item);
  elaborate_params(context);
  declare_symbols(context);
  elaborate_domains(context);
  elaborate_control_sets(context);
  elaborate_rates(context);
  elaborate_dynamics(context, item);
  elaborate_costs(context, item);
  elaborate_lets(context);
  if (incomplete(context)) return std::nullopt;
  if (sink.error_count() == errors_before) refuse_empty(context, item);
  if (sink.error_count() == errors_before) refuse_zero_divisors(context);
  if (sink.error_count() > errors_before) return std::nullopt;
  settle_units(context);
  resolve_boundaries(context);
  warn_unused(context);
  return std::move(context.model);
}

}  // namespace hopf::model
