#include "model/control_sets.hpp"

#include <algorithm>
#include <cmath>

#include "model/arithmetic.hpp"
#include "model/evaluate.hpp"
#include "model/params.hpp"

namespace hopf::model {

namespace {

struct Target {
  Context& context;
  const Entry& entry;
  ControlGroup& group;
  Span span;  // of the set

  Control& control(int component) { return context.model.controls[group.components[component]]; }
};

void invalid(Target& target, const std::string& message, const std::string& help = "") {
  poison(target.context, Kind::InvalidControlSet, target.span, message, help);
}

void empty(Target& target, const std::string& why) {
  poison(target.context, Kind::EmptyControlSet, target.span,
         "the set of '" + target.entry.name + "' is empty: " + why);
}

void interval(Target& target, const syntax::ListLiteral& ends) {
  if (ends.items.size() != 2)
    return invalid(target, "an interval has two ends, not " + std::to_string(ends.items.size()),
                   "write '{a, b, c}' for a finite set");
  auto lo = declared_numbers(target.context, ends.items[0], target.entry, "the lower end of a set");
  auto hi = declared_numbers(target.context, ends.items[1], target.entry, "the upper end of a set");
  if (!lo || !hi) return;
  bool bounded = false;
  for (int i = 0; i < target.entry.count; ++i) {
    double a = (*lo)[i], b = (*hi)[i];
    if (!(a < b)) return empty(target, "its lower end is not below its upper end");
    target.control(i).lo = a;
    target.control(i).hi = b;
    bounded = bounded || std::isfinite(a) || std::isfinite(b);
  }
  target.group.set = bounded ? ControlGroup::Set::Interval : ControlGroup::Set::Free;
}

void finite_set(Target& target, const std::vector<NodeId>& items) {
  if (items.empty()) return empty(target, "it lists no value");
  std::vector<std::vector<double>> values;
  for (NodeId item : items) {
    auto value = declared_numbers(target.context, item, target.entry, "a value of a set");
    if (!value) return;
    for (double number : *value)
      if (!std::isfinite(number)) return invalid(target, "a value of a finite set is infinite");
    if (std::ranges::find(values, *value) == values.end()) values.push_back(*value);
  }
  for (int i = 0; i < target.entry.count; ++i) {
    auto [lo, hi] = std::ranges::minmax_element(
        values, {}, [&](const std::vector<double>& value) { return value[i]; });
    target.control(i).lo = (*lo)[i];
    target.control(i).hi = (*hi)[i];
  }
  target.group.set = ControlGroup::Set::Finite;
  target.group.values = std::move(values);
}

void ball(Target& target, const syntax::Call& call) {
  if (call.arguments.size() != 1) return invalid(target, "'ball' takes one radius");
  auto radius = declared_numbers(target.context, call.arguments[0].value, target.entry, "a radius");
  if (!radius) return;
  double r = (*radius)[0];
  if (r < 0) return empty(target, "its radius is negative");
  if (r == 0 || !std::isfinite(r))
    return invalid(target, "the radius of a ball must be positive and finite");
  for (int i = 0; i < target.entry.count; ++i) {
    target.control(i).lo = -r;
    target.control(i).hi = r;
  }
  // In one dimension a ball is an interval.
  target.group.set =
      target.entry.count == 1 ? ControlGroup::Set::Interval : ControlGroup::Set::Ball;
  target.group.radius = r;
}

void simplex(Target& target) {
  if (target.entry.count < 2)
    return invalid(target, "the simplex needs a control with at least two components",
                   "write 'control " + target.entry.name + "[2] in simplex'");
  for (int i = 0; i < target.entry.count; ++i) {
    target.control(i).lo = 0;
    target.control(i).hi = 1;
  }
  target.group.set = ControlGroup::Set::Simplex;
}

void elaborate_set(Target& target, NodeId id) {
  const auto& value = (*target.context.ast)[id].value;
  if (const auto* ends = std::get_if<syntax::ListLiteral>(&value)) return interval(target, *ends);
  if (const auto* set = std::get_if<syntax::SetLiteral>(&value))
    return finite_set(target, set->items);
  const auto* record = std::get_if<syntax::Record>(&value);
  if (record != nullptr && record->fields.empty()) return finite_set(target, {});
  const auto* name = std::get_if<syntax::Name>(&value);
  if (name != nullptr && name->text == "simplex") return simplex(target);
  if (const auto* call = std::get_if<syntax::Call>(&value)) {
    const auto* callee = std::get_if<syntax::Name>(&(*target.context.ast)[call->callee].value);
    if (callee != nullptr && callee->text == "ball") return ball(target, *call);
  }
  invalid(target, "this is no set of controls",
          "write '[a, b]', '{v1, v2}', 'ball(r)' or 'simplex'");
}

}  // namespace

void elaborate_control_sets(Context& context) {
  for (const std::string& name : context.order) {
    const Entry& entry = context.names.at(name);
    if (entry.role != Role::Control && entry.role != Role::Disturbance) continue;
    if (entry.value.poison()) continue;
    const auto& declaration = std::get<syntax::ControlDecl>(entry.declaration->value);
    if (!declaration.set) continue;
    ControlGroup& group = context.model.groups[context.model.controls[entry.first].group];
    Target target{context, entry, group, (*context.ast)[*declaration.set].span};
    elaborate_set(target, *declaration.set);
  }
}

}  // namespace hopf::model
