// Expressions in the names of a checked model: the policies that a script gives by hand.
#include <cmath>

#include "model/arithmetic.hpp"
#include "model/check.hpp"
#include "model/context.hpp"
#include "model/divisions.hpp"
#include "model/evaluate.hpp"

namespace hopf::model {

namespace {

struct Family {
  Role role;
  Span span;
  Unit unit;
  Shape shape;
  std::vector<ExprId> entries;
};

/// "x[2]" belongs to "x"; {1, 2} are its indices.
std::pair<std::string, Shape> split_name(const std::string& name) {
  auto bracket = name.find('[');
  if (bracket == std::string::npos) return {name, {}};
  Shape indices;
  for (std::size_t at = bracket; name[at] != ']'; at = name.find_first_of(",]", at + 1))
    indices.push_back(std::stoi(name.substr(at + 1)));
  return {name.substr(0, bracket), indices};
}

using Families = std::map<std::string, Family>;

void gather(Families& families, const std::string& component, Role role, Span span,
            const Unit& unit, ExprId entry) {
  auto [base, indices] = split_name(component);
  Family& family = families[base];
  family.role = role;
  family.span = span;
  family.unit = unit;
  family.shape = indices;  // components come in order: the last one's indices are the shape
  family.entries.push_back(entry);
}

Families families_of(const Model& model) {
  expr::Store& store = *model.store;
  Families families;
  for (const Param& param : model.params) {
    Family family{Role::Param, param.span, param.unit, param.shape, {}};
    if (param.shape.empty()) family.entries = {store.symbol(param.symbol)};
    for (double number : param.shape.empty() ? std::vector<double>{} : param.value)
      family.entries.push_back(store.number(number));
    families[param.name] = std::move(family);
  }
  for (const State& state : model.states)
    gather(families, state.name, Role::State, state.span, state.unit, store.symbol(state.symbol));
  for (const Control& control : model.controls) {
    const ControlGroup& group = model.groups[control.group];
    gather(families, control.name, group.disturbance ? Role::Disturbance : Role::Control,
           group.span, control.unit, store.symbol(control.symbol));
  }
  for (const Mark& mark : model.marks)
    gather(families, mark.name, Role::Mark, {}, {}, store.symbol(mark.symbol));
  if (model.regime)
    gather(families, model.regime->name, Role::Regime, {}, {}, store.symbol(model.regime->symbol));
  if (model.density)
    gather(families, *model.density, Role::Density, {}, {}, store.symbol(*model.density));
  for (const Let& let : model.lets) gather(families, let.name, Role::Let, {}, {}, let.value);
  Unit second;
  second.exponents[2] = {1, 1};
  families["t"] = {Role::Time, {}, second, {}, {store.symbol(model.time)}};
  return families;
}

/// What an abbreviation or a density is measured in is not kept: its unit is open again.
bool unit_is_kept(Role role) {
  return role != Role::Let && role != Role::Density && role != Role::Mark;
}

Context context_of(const Model& model, const syntax::Ast& ast, const Scope& scope,
                   diagnostics::Sink& sink) {
  Context context{.ast = &ast, .scope = &scope, .sink = &sink};
  context.model = model;
  context.check_units = model.has_units;
  context.bindings = model.bindings();
  for (auto& [name, family] : families_of(model)) {
    Entry entry;
    entry.role = family.role;
    entry.name = name;
    entry.span = family.span;
    entry.status = Entry::Status::Done;
    entry.scale = family.unit.scale;
    if (context.check_units)
      entry.unit = unit_is_kept(family.role) ? term(family.unit) : context.units.fresh(name, {});
    entry.count = static_cast<int>(family.entries.size());
    for (ExprId& component : family.entries) component = scaled(context, component, entry.scale);
    entry.value = shaped_value(family.shape, family.entries, family.span);
    entry.value.unit = entry.unit;
    if (family.role == Role::Let) entry.in_cost = entry.value;
    context.names.emplace(name, std::move(entry));
  }
  return context;
}

/// False, with an error, where a law divides by zero or is a constant that is no number.
bool is_finite(Context& context, const std::vector<ExprId>& law, Span span,
               const std::string& control) {
  const std::string what = "the policy for '" + control + "'";
  const std::size_t before = context.sink->error_count();
  for (const ExprId e : law) {
    refuse_zero_divisors(context, e, span, what);
    if (context.sink->error_count() > before) return false;
    const auto number = constant(context, e);
    if (!number || std::isfinite(*number)) continue;
    report(context, Kind::OutsideFunctionDomain, span,
           what + (std::isnan(*number) ? " is not a number" : " is infinite"));
    return false;
  }
  return true;
}

}  // namespace

std::optional<ExprId> check_expression(const Model& model, const syntax::Ast& ast, NodeId node,
                                       const Scope& scope, diagnostics::Sink& sink) {
  Context context = context_of(model, ast, scope, sink);
  Frame frame = model_frame(context);
  frame.cost = true;  // numeric gains take the unit that is needed
  Value value = evaluate(context, frame, node);
  if (value.kind == Value::Kind::Condition) return value.entries[0];
  if (!require_scalar(context, value, "this expression")) return std::nullopt;
  return value.entries[0];
}

std::optional<std::vector<ExprId>> check_policy(const Model& model, const std::string& control,
                                                const syntax::Ast& ast, NodeId node,
                                                const Scope& scope, diagnostics::Sink& sink) {
  Context context = context_of(model, ast, scope, sink);
  Span span = ast[node].span;
  const Entry* entry = find(context, control);
  if (entry == nullptr || (entry->role != Role::Control && entry->role != Role::Disturbance)) {
    std::vector<std::string> names;
    for (const ControlGroup& group : model.groups) names.push_back(group.name);
    auto guess = diagnostics::did_you_mean(control, names);
    poison(context, Kind::UnknownName, span,
           "the model '" + model.name + "' has no control '" + control + "'",
           guess ? "did you mean '" + *guess + "'?" : "");
    return std::nullopt;
  }
  Frame frame = model_frame(context);
  frame.cost = true;
  Value value = evaluate(context, frame, node);
  if (!require_number(context, value)) return std::nullopt;
  const bool single = value.entries.size() == 1 && entry->count == 1;  // u[1] is as good as [u[1]]
  if (value.shape != entry->value.shape && !single) {
    poison(context, Kind::ShapeMismatch, span,
           "'" + control + "' is " + describe(entry->value.shape) + ", but this is " +
               describe(value.shape));
    return std::nullopt;
  }
  bool adapts = value.literal || value.weighted;
  if (!adapts && !require_unit(context, value, entry->unit, Kind::DeclaredUnit,
                               "the policy for '" + control + "'"))
    return std::nullopt;
  if (!value.literal)
    for (ExprId& component : value.entries)
      component = scaled(context, component, 1 / entry->scale);
  if (!is_finite(context, value.entries, span, control)) return std::nullopt;
  return value.entries;
}

}  // namespace hopf::model
