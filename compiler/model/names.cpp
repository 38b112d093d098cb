#include "model/names.hpp"

#include "diagnostics/name_help.hpp"
#include "model/arithmetic.hpp"
#include "model/evaluate.hpp"
#include "model/functions.hpp"
#include "model/params.hpp"

namespace hopf::model {

namespace {

/// The role and the name that a declaration introduces; no name for equations and costs.
struct Introduced {
  const syntax::Ident* name = nullptr;
  Role role = Role::Param;
};

Introduced introduced(const syntax::ParamDecl& d) { return {&d.name, Role::Param}; }
Introduced introduced(const syntax::StateDecl& d) { return {&d.name, Role::State}; }
Introduced introduced(const syntax::ControlDecl& d) {
  return {&d.name, d.disturbance ? Role::Disturbance : Role::Control};
}
Introduced introduced(const syntax::NoiseDecl& d) { return {&d.name, Role::Noise}; }
Introduced introduced(const syntax::JumpDecl& d) { return {&d.name, Role::Jump}; }
Introduced introduced(const syntax::MarkDecl& d) { return {&d.name, Role::Mark}; }
Introduced introduced(const syntax::RegimeDecl& d) { return {&d.name, Role::Regime}; }
Introduced introduced(const syntax::DensityDecl& d) { return {&d.name, Role::Density}; }
Introduced introduced(const syntax::LetDecl& d) { return {&d.name, Role::Let}; }
template <class Other>
Introduced introduced(const Other&) {
  return {};
}

void refuse_reserved(Context& context, const syntax::Ident& name) {
  const std::string& text = name.text;
  std::string why;
  if (is_builtin(text)) why = "a function of the language";
  if (text == "pi" || text == "inf" || text == "true" || text == "false") why = "a constant";
  if (text == "t") why = "time";
  if (text == "dt") why = "the differential of time";
  if (why.empty()) return;
  report(context, Kind::ReservedName, name.span, "'" + text + "' is already " + why).help =
      "choose another name, e.g. '" + text + "_'";
}

void refuse_differential_names(Context& context) {
  for (const auto& [name, entry] : context.names) {
    if (entry.role != Role::Noise && entry.role != Role::Jump) continue;
    const Entry* clash = find(context, "d" + name);
    if (clash == nullptr) continue;
    auto& diagnostic =
        report(context, Kind::ReservedName, clash->span,
               "'" + clash->name + "' is already the differential of '" + name + "'");
    diagnostic.labels.push_back({entry.span, "declared here"});
    diagnostic.help = "rename one of the two";
  }
}

void enter(Context& context, const syntax::Declaration& declaration, const Introduced& what) {
  refuse_reserved(context, *what.name);
  if (what.name->text == "t") return;  // stays time
  auto [position, added] = context.names.try_emplace(what.name->text);
  Entry& entry = position->second;
  if (!added) {
    auto& diagnostic =
        report(context, Kind::DuplicateName, what.name->span,
               "'" + what.name->text + "' is declared twice in '" + context.model.name + "'");
    diagnostic.primary_label = "second declaration";
    diagnostic.labels.push_back({entry.span, "first declared as a " + role_name(entry.role)});
    return;
  }
  entry.role = what.role;
  entry.name = what.name->text;
  entry.span = what.name->span;
  entry.declaration = &declaration;
  context.order.push_back(entry.name);
}

}  // namespace

void collect_names(Context& context, const syntax::ModelItem& item) {
  for (const syntax::Declaration& declaration : item.declarations) {
    Introduced what = std::visit([](const auto& d) { return introduced(d); }, declaration.value);
    if (what.name != nullptr) enter(context, declaration, what);
  }
  refuse_differential_names(context);
  Entry time;
  time.role = Role::Time;
  time.name = "t";
  time.span = item.name.span;
  time.status = Entry::Status::Done;
  time.used = true;
  context.model.time = context.store().symbol_id("t");
  time.value = number_value(context.store().symbol("t"), item.name.span);
  if (context.check_units) time.value.unit = seconds({1, 1});
  context.names.emplace("t", std::move(time));
}

// ---- reading

namespace {

Value recursive(Context& context, const Entry& entry, Span span) {
  return poison(context, Kind::RecursiveDefinition, span,
                "the " + role_name(entry.role) + " '" + entry.name + "' needs its own value");
}

Value read_entry(Context& context, const Frame& frame, Entry& entry, Span span) {
  entry.used = true;
  bool raw_noise = entry.role == Role::Noise || entry.role == Role::Jump;
  if (raw_noise) {
    std::string what = entry.role == Role::Noise ? "a noise has no value of its own"
                                                 : "a jump process has no value of its own";
    return poison(context, Kind::NoiseWithoutDifferential, span, what,
                  "write its differential 'd" + entry.name + "'");
  }
  Value value;
  if (entry.role == Role::Let) {
    if (entry.status == Entry::Status::Active) return recursive(context, entry, span);
    value = let_value(context, entry, frame);
  } else {
    if (entry.status == Entry::Status::Active) return recursive(context, entry, span);
    if (entry.status == Entry::Status::Pending && entry.role == Role::Param)
      elaborate_param(context, entry);
    if (entry.status == Entry::Status::Pending)
      return poison(context, Kind::NotConstant, span,
                    "the " + role_name(entry.role) + " '" + entry.name +
                        "' cannot be used here: only parameters can");
    value = entry.value;
  }
  value.span = span;
  return value;
}

/// dt, dw, dN.
std::optional<Value> read_differential(Context& context, const Frame& frame,
                                       const std::string& name, Span span) {
  if (name.size() < 2 || name[0] != 'd' || !frame.model_names) return std::nullopt;
  Entry* entry = find(context, name.substr(1));
  if (entry == nullptr) return std::nullopt;
  bool noise = entry->role == Role::Noise;
  if (!noise && entry->role != Role::Jump && entry->role != Role::Time) return std::nullopt;
  entry->used = true;
  if (!frame.differentials)
    return poison(context, Kind::MisplacedDifferential, span,
                  "the differential '" + name + "' belongs in an equation 'dx = ...'", "");
  if (entry->status != Entry::Status::Done) return Value{.span = span};
  Shape shape = entry->value.shape;
  std::vector<ExprId> entries;
  for (std::size_t i = 0; i < entry_count(shape); ++i)
    entries.push_back(context.store().symbol(component_name(name, shape, i)));
  Value value = shaped_value(shape, std::move(entries), span);
  if (context.check_units && entry->role != Role::Jump)
    value.unit = seconds(noise ? Rational{1, 2} : Rational{1, 1});
  return value;
}

Value unknown_name(Context& context, const Frame& frame, const std::string& name, Span span) {
  const bool differential_of_left_out =
      name.size() > 1 && name[0] == 'd' && left_out(context, name.substr(1));
  const bool told =
      context.sink->has_error_in(span);  // of a function's body, by the script's check
  if (told || left_out(context, name) || differential_of_left_out) return Value{.span = span};
  if (is_builtin(name) || context.scope->functions.contains(name))
    return poison(context, Kind::NotAFunction, span,
                  "'" + name + "' is a function and needs arguments", "write '" + name + "(...)'");
  if (frame.model_names && name.size() > 1 && name[0] == 'd') {
    const Entry* state = find(context, name.substr(1));
    if (state != nullptr)
      return poison(context, Kind::MisplacedDifferential, span,
                    "the differential of the " + role_name(state->role) + " '" + state->name +
                        "' has no place on a right-hand side");
  }
  std::string help = diagnostics::name_help(name, visible_names(context, frame));
  const bool differential = frame.model_names && name.size() > 1 && name[0] == 'd';
  if (help.empty() && differential) help = "declare 'noise " + name.substr(1) + "'";
  return poison(context, Kind::UnknownName, span, "nothing here is called '" + name + "'", help);
}

}  // namespace

const Value& let_value(Context& context, Entry& entry, const Frame& frame) {
  bool cost = frame.cost && context.check_units;
  if (cost && entry.in_cost) return *entry.in_cost;
  if (!cost && entry.status == Entry::Status::Done) return entry.value;
  entry.status = Entry::Status::Active;
  Frame own = model_frame(context);
  own.cost = cost;
  const auto& let = std::get<syntax::LetDecl>(entry.declaration->value);
  Value value = evaluate(context, own, let.value);
  if (cost) {
    entry.in_cost = value;
    entry.status = Entry::Status::Pending;
    return *entry.in_cost;
  }
  entry.value = value;
  entry.status = Entry::Status::Done;
  return entry.value;
}

Value read_name(Context& context, const Frame& frame, const std::string& name, Span span) {
  auto local = frame.locals.find(name);
  if (local != frame.locals.end()) {
    Value value = local->second;
    value.span = span;
    return value;
  }
  if (frame.model_names)
    if (Entry* entry = find(context, name)) return read_entry(context, frame, *entry, span);
  if (name == "pi" || name == "inf") {
    bool is_pi = name == "pi";
    Value value = number_value(is_pi ? context.store().pi() : context.store().infinity(), span);
    value.literal = true;
    value.any_unit = !is_pi;
    return value;
  }
  if (auto differential = read_differential(context, frame, name, span)) return *differential;
  return unknown_name(context, frame, name, span);
}

void warn_unused(Context& context) {
  for (const std::string& name : context.order) {
    const Entry& entry = context.names.at(name);
    bool expected = entry.role == Role::Param || entry.role == Role::Control ||
                    entry.role == Role::Disturbance || entry.role == Role::Noise;
    if (entry.used || !expected) continue;
    report(context, Kind::UnusedDeclaration, entry.span,
           "the " + role_name(entry.role) + " '" + name + "' is used nowhere in the model");
  }
}

}  // namespace hopf::model
