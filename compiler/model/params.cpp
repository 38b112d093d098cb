#include "model/params.hpp"

#include <cmath>

#include "model/arithmetic.hpp"
#include "model/evaluate.hpp"

namespace hopf::model {

namespace {

constexpr int kMaxComponents = 10000;

const Override* override_of(const Context& context, const std::string& name) {
  if (context.overrides == nullptr) return nullptr;
  const Override* last = nullptr;  // the later one wins: a call over the command line
  for (const Override& given : *context.overrides)
    if (given.name == name) last = &given;
  return last;
}

struct Numbers {
  Shape shape;
  std::vector<double> value;
};

const syntax::Call* load_call(const Context& context, NodeId id) {
  const auto* call = std::get_if<syntax::Call>(&(*context.ast)[id].value);
  if (call == nullptr) return nullptr;
  const auto* callee = std::get_if<syntax::Name>(&(*context.ast)[call->callee].value);
  return callee != nullptr && callee->text == "load" ? call : nullptr;
}

std::optional<Numbers> load_numbers(Context& context, const syntax::Call& call, Span span) {
  const syntax::String* path = nullptr;
  if (call.arguments.size() == 1 && !call.arguments[0].name)
    path = std::get_if<syntax::String>(&(*context.ast)[call.arguments[0].value].value);
  if (path == nullptr) {
    poison(context, Kind::WrongArguments, span, "'load' takes the name of one file",
           "write 'load(\"file.csv\")'");
    return std::nullopt;
  }
  std::string error = "this program reads no files";
  std::optional<LoadedArray> array;
  if (context.scope->load) {
    bool relative = !path->value.starts_with('/') && !context.scope->directory.empty();
    std::string full = relative ? context.scope->directory + "/" + path->value : path->value;
    array = context.scope->load(full, error);
  }
  if (array) return Numbers{array->shape, array->data};
  poison(context, Kind::CannotLoad, (*context.ast)[call.arguments[0].value].span,
         "cannot load '" + path->value + "': " + error);
  return std::nullopt;
}

/// `inf`, `-inf` and other names may be infinite; an expression that becomes so, such as 1/0, is a
/// mistake.
bool may_be_infinite(const Context& context, NodeId id) {
  const auto* unary = std::get_if<syntax::Unary>(&(*context.ast)[id].value);
  if (unary != nullptr) id = unary->operand;
  return std::holds_alternative<syntax::Name>((*context.ast)[id].value);
}

/// The default as numbers in the declared unit.
std::optional<Numbers> default_numbers(Context& context, const Entry& entry, NodeId id) {
  Span span = (*context.ast)[id].span;
  if (const auto* call = load_call(context, id)) return load_numbers(context, *call, span);
  Value value = evaluate(context, model_frame(context), id);
  if (!require_number(context, value)) return std::nullopt;
  if (!value.literal && !require_unit(context, value, entry.unit, Kind::DeclaredUnit,
                                      "the value of '" + entry.name + "'"))
    return std::nullopt;
  Numbers numbers{value.shape, {}};
  for (ExprId component : value.entries) {
    auto number = constant(context, component);
    if (!number || std::isnan(*number) || (std::isinf(*number) && !may_be_infinite(context, id))) {
      poison(context, Kind::NotConstant, span,
             number ? "the value of '" + entry.name + "' is " +
                          (std::isnan(*number) ? "not a number" : "infinite")
                    : "the value of '" + entry.name + "' must depend on parameters only");
      return std::nullopt;
    }
    numbers.value.push_back(value.literal ? *number : *number / entry.scale);
  }
  return numbers;
}

/// The caller's value; one of another rank than the default is refused, another length is not.
std::optional<Numbers> overridden(Context& context, const Entry& entry, const Override& given,
                                  NodeId id) {
  Span place = given.span.valid() ? given.span : entry.span;
  if (load_call(context, id) == nullptr) {
    Value before = evaluate(context, model_frame(context), id);
    if (before.poison()) return std::nullopt;
    if (before.shape.size() != given.shape.size()) {
      auto& diagnostic = report(context, Kind::OverrideShape, place,
                                "'" + entry.name + "' is " + describe(before.shape) +
                                    ", but the value given is " + describe(given.shape));
      diagnostic.labels.push_back({entry.span, "declared here"});
      return std::nullopt;
    }
  }
  for (double number : given.value) {
    if (!std::isnan(number)) continue;
    poison(context, Kind::NotConstant, place,
           "the value given for '" + entry.name + "' is not a number");
    return std::nullopt;
  }
  return Numbers{given.shape, given.value};
}

void store_param(Context& context, Entry& entry, const Numbers& numbers) {
  Param& param = context.model.params[entry.first];
  param.shape = numbers.shape;
  param.value = numbers.value;
  std::vector<ExprId> entries;
  if (numbers.shape.empty()) {
    param.symbol = context.store().symbol_id(entry.name);
    context.bindings[param.symbol] = numbers.value[0];
    entries.push_back(scaled(context, context.store().symbol(param.symbol), entry.scale));
  } else {
    for (double number : numbers.value)
      entries.push_back(scaled(context, context.store().number(number), entry.scale));
  }
  entry.value = shaped_value(numbers.shape, std::move(entries), entry.span);
  entry.value.unit = entry.unit;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

void elaborate_param(Context& context, Entry& entry) {
  entry.status = Entry::Status::Active;
  const auto& declaration = std::get<syntax::ParamDecl>(entry.declaration->value);
  entry.unit = declared_unit(context, entry, declaration.unit);
  const Override* given = override_of(context, entry.name);
  auto numbers = given != nullptr ? overridden(context, entry, *given, declaration.value)
                                  : default_numbers(context, entry, declaration.value);
  if (numbers) store_param(context, entry, *numbers);
  entry.status = Entry::Status::Done;
}

void elaborate_params(Context& context) {
  for (const std::string& name : context.order) {
    Entry& entry = context.names.at(name);
    if (entry.role != Role::Param) continue;
    entry.first = static_cast<int>(context.model.params.size());
    context.model.params.push_back({.name = name, .span = entry.span});
  }
  for (const std::string& name : context.order) {
    Entry& entry = context.names.at(name);
    if (entry.role == Role::Param && entry.status == Entry::Status::Pending)
      elaborate_param(context, entry);
  }
  if (context.overrides == nullptr) return;
  for (const Override& given : *context.overrides) {
    const Entry* entry = find(context, given.name);
    if (entry != nullptr && entry->role == Role::Param) continue;
    std::vector<std::string> names;
    for (const Param& param : context.model.params) names.push_back(param.name);
    auto& diagnostic =
        report(context, Kind::UnknownParameter, given.span,
               "the model '" + context.model.name + "' has no parameter '" + given.name + "'");
    if (auto guess = diagnostics::did_you_mean(given.name, names)) {
      diagnostic.help = "did you mean '" + *guess + "'?";
    } else if (!names.empty()) {
      diagnostic.notes.push_back("its parameters are " + joined(names));
    }
  }
}

std::optional<int> positive_count(Context& context, NodeId id) {
  Value value = evaluate(context, model_frame(context), id);
  if (!require_scalar(context, value, "a number of components")) return std::nullopt;
  if (!require_dimensionless(context, value, "a number of components")) return std::nullopt;
  auto number = constant(context, value.entries[0]);
  if (!number) {
    poison(context, Kind::NotConstant, value.span,
           "a number of components must depend on parameters only");
    return std::nullopt;
  }
  if (*number >= 1 && *number <= kMaxComponents && *number == std::floor(*number))
    return static_cast<int>(*number);
  poison(
      context, Kind::InvalidCount, value.span,
      "a number of components must be a whole number from 1 to " + std::to_string(kMaxComponents));
  return std::nullopt;
}

std::optional<std::vector<double>> declared_numbers(Context& context, NodeId id, const Entry& entry,
                                                    const std::string& what) {
  Value value = evaluate(context, model_frame(context), id);
  if (!require_number(context, value)) return std::nullopt;
  if (!value.scalar() && value.shape != Shape{entry.count}) {
    poison(context, Kind::ShapeMismatch, value.span,
           what + " is " + describe(value.shape) + ", but '" + entry.name + "' has " +
               std::to_string(entry.count) + (entry.count == 1 ? " component" : " components"));
    return std::nullopt;
  }
  if (!value.literal && !require_unit(context, value, entry.unit, Kind::DeclaredUnit, what))
    return std::nullopt;
  std::vector<double> numbers;
  for (int i = 0; i < entry.count; ++i) {
    auto number = constant(context, value.entries[value.scalar() ? 0 : i]);
    if (!number || std::isnan(*number)) {
      poison(context, Kind::NotConstant, value.span, what + " must depend on parameters only");
      return std::nullopt;
    }
    numbers.push_back(value.literal ? *number : *number / entry.scale);
  }
  return numbers;
}

}  // namespace hopf::model
