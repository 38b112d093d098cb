// A policy given by hand, `{k: 0.3, c: -K*x}`: expressions in the model's own names, in which
// variables of the script stand for their values.
#include <fmt/format.h>

#include <cmath>
#include <set>

#include "driver/ast_walk.hpp"
#include "driver/policy_sets.hpp"
#include "driver/script.hpp"

namespace hopf::driver {
namespace {

using diagnostics::Kind;

std::set<std::string> names_of(const model::Model& model) {
  std::set<std::string> names = {"t", "pi", "inf"};
  for (const auto& param : model.params) names.insert(param.name);
  for (const auto& state : model.states) names.insert(state.base);
  for (const auto& group : model.groups) names.insert(group.name);
  for (const auto& let : model.lets) names.insert(let.name);
  if (model.regime) names.insert(model.regime->name);
  return names;
}

syntax::NodeId literal(syntax::Ast& ast, const Value& value, source::Span span);

syntax::NodeId number_literal(syntax::Ast& ast, double value, source::Span span) {
  const syntax::NodeId magnitude = ast.nodes.add(
      {span, syntax::Number{std::abs(value), fmt::format("{:.17g}", std::abs(value))}});
  if (!std::signbit(value)) return magnitude;
  return ast.nodes.add({span, syntax::Unary{syntax::UnaryOp::Negate, magnitude}});
}

syntax::NodeId literal(syntax::Ast& ast, const Value& value, source::Span span) {
  if (const auto number = number_of(value)) return number_literal(ast, *number, span);
  syntax::ListLiteral list;
  for (const Value& item : *value.as<List>()->items) list.items.push_back(literal(ast, item, span));
  return ast.nodes.add({span, std::move(list)});
}

/// Replaces the names below `root` that the script knows and the model does not.
void insert_values(const Script& s, const model::Model& model, syntax::Ast& ast,
                   syntax::NodeId root) {
  std::set<std::string> own = names_of(model);
  std::vector<syntax::NodeId> pending = {root};
  while (!pending.empty()) {
    const syntax::NodeId id = pending.back();
    pending.pop_back();
    for_each_child(ast[id], [&](syntax::NodeId child) { pending.push_back(child); });
    if (const auto* loop = std::get_if<syntax::Comprehension>(&ast[id].value))
      own.insert(loop->variable.text);
    const auto* name = std::get_if<syntax::Name>(&ast[id].value);
    if (!name || own.count(name->text)) continue;
    const Value* value = s.find(name->text);
    const auto numeric = value ? numeric_of(*value) : std::optional<Numeric>();
    if (!numeric) continue;
    bool finite = true;
    for (double number : numeric->data) finite = finite && std::isfinite(number);
    if (!finite) continue;
    const syntax::NodeId inserted = literal(ast, *value, ast[id].span);
    auto copy = ast[inserted].value;
    ast.nodes[id].value = std::move(copy);
  }
}

const model::ControlGroup* find_group(const model::Model& model, const std::string& name) {
  for (const auto& group : model.groups)
    if (group.name == name) return &group;
  return nullptr;
}

void unknown_control(Script& s, const model::Model& model, const std::string& name,
                     source::Span span) {
  auto& error =
      s.error(Kind::NoSuchField, span, fmt::format("'{}' has no control '{}'", model.name, name));
  std::vector<std::string> known;
  for (const auto& group : model.groups) known.push_back(group.name);
  if (const auto meant = diagnostics::did_you_mean(name, known)) {
    error.help = fmt::format("did you mean '{}'?", *meant);
  } else if (!known.empty()) {
    error.notes.push_back(fmt::format("it has {}", fmt::join(known, ", ")));
  }
}

bool complete(Script& s, const model::Model& model, const Policy& policy, source::Span span) {
  for (const auto& control : model.controls) {
    if (policy.count(control.name)) continue;
    s.error(Kind::MissingArgument, span,
            fmt::format("the policy says nothing of the control '{}'", control.name));
    return false;
  }
  return true;
}

void wrong_size(Script& s, const model::ControlGroup& group, source::Span span) {
  s.error(Kind::WrongArgumentType, span,
          fmt::format("the control '{}' has {} components", group.name, group.components.size()))
      .help = "give a list with one expression each";
}

void set_law(const model::Model& model, const model::ControlGroup& group,
             const std::vector<expr::ExprId>& law, Policy& policy) {
  const std::vector<expr::ExprId> kept = nearest_in_set(model, group, law);
  for (std::size_t i = 0; i < kept.size(); ++i)
    policy[model.controls[static_cast<std::size_t>(group.components[i])].name] = kept[i];
}

/// One field of a literal record: an expression with one entry a component.
bool add_field(Script& s, const model::Model& model, syntax::Ast& ast,
               const syntax::RecordField& field, Policy& policy) {
  const model::ControlGroup* group = find_group(model, field.name.text);
  if (!group) {
    unknown_control(s, model, field.name.text, field.name.span);
    return false;
  }
  insert_values(s, model, ast, field.value);
  const auto law =
      model::check_policy(model, group->name, ast, field.value, s.module->scope, s.context.sink);
  if (!law) return false;
  set_law(model, *group, *law, policy);
  return true;
}

/// A record that a variable holds: numbers.
bool add_value(Script& s, const model::Model& model, const std::string& name, const Value& value,
               source::Span span, Policy& policy) {
  const model::ControlGroup* group = find_group(model, name);
  if (!group) {
    unknown_control(s, model, name, span);
    return false;
  }
  const auto numeric = numeric_of(value);
  if (!numeric || numeric->data.size() != group->components.size()) {
    wrong_size(s, *group, span);
    return false;
  }
  std::vector<expr::ExprId> law;
  for (const double number : numeric->data) law.push_back(model.store->number(number));
  set_law(model, *group, law, policy);
  return true;
}

}  // namespace

std::optional<Policy> policy_of(Script& s, const model::Model& model, syntax::NodeId node) {
  Policy policy;
  const source::Span span = (*s.ast)[node].span;
  if (const auto* record = std::get_if<syntax::Record>(&(*s.ast)[node].value)) {
    syntax::Ast ast;
    ast.file = s.ast->file;
    ast.nodes = s.ast->nodes;
    for (const auto& field : record->fields)
      if (!add_field(s, model, ast, field, policy)) return {};
  } else {
    const auto value = eval(s, node);
    if (!value) return {};
    const auto* fields = value->as<Record>();
    if (!fields) {
      s.error(Kind::WrongArgumentType, span, "a policy is a record with one expression a control")
          .primary_label = fmt::format("this is {}", describe(*value));
      return {};
    }
    for (const auto& [name, entry] : *fields->fields)
      if (!add_value(s, model, name, entry, span, policy)) return {};
  }
  if (!complete(s, model, policy, span)) return {};
  return policy;
}

}  // namespace hopf::driver
