#include "model/calls.hpp"

#include <algorithm>

#include "diagnostics/name_help.hpp"
#include "model/arithmetic.hpp"
#include "model/evaluate.hpp"
#include "model/functions.hpp"

namespace hopf::model {

namespace {

const std::string* callee_name(const Frame& frame, const syntax::Call& call) {
  const auto* name = std::get_if<syntax::Name>(&(*frame.ast)[call.callee].value);
  return name == nullptr ? nullptr : &name->text;
}

const syntax::Comprehension* bare_loop(const Frame& frame, const syntax::Call& call) {
  if (call.arguments.size() != 1) return nullptr;
  const auto& node = (*frame.ast)[call.arguments[0].value];
  const auto* loop = std::get_if<syntax::Comprehension>(&node.value);
  return loop != nullptr && !loop->list ? loop : nullptr;
}

// ---- functions of the file

/// Which parameter each argument is for, positional ones first; nothing after an error.
std::optional<std::map<std::string, Value>> bind_arguments(Context& context, const Frame& frame,
                                                           const syntax::Call& call,
                                                           const syntax::FunctionItem& function,
                                                           Span span) {
  std::map<std::string, Value> bound;
  std::size_t position = 0;
  bool poisoned = false;
  for (const syntax::Argument& argument : call.arguments) {
    std::string name;
    if (argument.name) {
      name = argument.name->text;
    } else if (position < function.parameters.size()) {
      name = function.parameters[position++].text;
    }
    bool known =
        std::ranges::any_of(function.parameters, [&](const auto& p) { return p.text == name; });
    if (!known || bound.contains(name)) {
      poison(context, Kind::WrongArguments, (*frame.ast)[argument.value].span,
             "'" + function.name.text + "' has no place for this argument",
             "it takes " + std::to_string(function.parameters.size()));
      return std::nullopt;
    }
    bound[name] = evaluate(context, frame, argument.value);
    poisoned = poisoned || bound[name].poison();
  }
  for (const syntax::Ident& parameter : function.parameters) {
    if (bound.contains(parameter.text)) continue;
    poison(context, Kind::WrongArguments, span,
           "'" + function.name.text + "' needs a value for '" + parameter.text + "'");
    return std::nullopt;
  }
  if (poisoned) return std::nullopt;
  return bound;
}

Value inline_function(Context& context, const Frame& frame, const syntax::Call& call,
                      const Scope::Function& function, Span span) {
  const std::string& name = function.item->name.text;
  if (std::ranges::find(context.inlining, name) != context.inlining.end())
    return poison(context, Kind::RecursiveDefinition, span,
                  "the function '" + name + "' calls itself",
                  "functions are written out where they are called: use 'sum' or a loop");
  auto bound = bind_arguments(context, frame, call, *function.item, span);
  if (!bound) return Value{.span = span};
  Frame body{.ast = function.ast, .locals = std::move(*bound), .model_names = false};
  body.cost = frame.cost;
  context.inlining.push_back(name);
  Value result = evaluate(context, body, function.item->body);
  context.inlining.pop_back();
  result.span = span;
  return result;
}

// ---- built-in functions

/// Functions whose argument must be what it is even in a cost: sin(x + 0.1*v) adds a length to a
/// speed.
bool strict_argument(const std::string& name) {
  static constexpr const char* kLinear[] = {"sum",   "dot", "norm",  "norm2", "min",      "max",
                                            "clamp", "abs", "trace", "diag",  "transpose"};
  return std::ranges::none_of(kLinear, [&](const char* linear) { return name == linear; });
}

Value call_with_loop(Context& context, const Frame& frame, const std::string& name,
                     const syntax::Comprehension& loop, Span span) {
  auto items = evaluate_loop(context, frame, loop);
  if (!items) return Value{.span = span};
  if (name == "sum") {
    if (!items->empty())
      return add(context, frame, *items, std::vector<bool>(items->size(), false), span);
    Value zero = number_value(context.store().integer(0), span);
    zero.any_unit = zero.literal = true;
    return zero;
  }
  if (name != "min" && name != "max")
    return poison(context, Kind::WrongArguments, span, "'" + name + "' does not take a 'for' loop",
                  "write it in brackets: '[... for ...]'");
  if (items->empty())
    return poison(context, Kind::EmptyList, span, "'" + name + "' over an empty range");
  return call_builtin(context, frame, name, *items, span);
}

Value builtin(Context& context, const Frame& frame, const std::string& name,
              const syntax::Call& call, Span span) {
  Frame inner = frame;
  inner.cost = frame.cost && !strict_argument(name);
  if (const auto* loop = bare_loop(frame, call))
    return call_with_loop(context, inner, name, *loop, span);
  std::vector<Value> arguments;
  for (const syntax::Argument& argument : call.arguments) {
    if (argument.name)
      return poison(context, Kind::WrongArguments, argument.name->span,
                    "'" + name + "' has no named arguments");
    arguments.push_back(evaluate(context, inner, argument.value));
  }
  return call_builtin(context, frame, name, arguments, span);
}

Value not_a_function(Context& context, const Frame& frame, const std::string& name, Span span) {
  if (is_declaration_word(name))
    return poison(context, Kind::NotAFunction, span,
                  "'" + name + "' cannot stand inside an expression");
  const Entry* entry = frame.model_names ? find(context, name) : nullptr;
  if (entry != nullptr) {
    std::string help = entry->role == Role::Time ? "" : "write '" + name + "*(...)' for a product";
    return poison(context, Kind::NotAFunction, span,
                  "'" + name + "' is a " + role_name(entry->role) + ", not a function", help);
  }
  if (left_out(context, name)) return Value{.span = span};
  std::vector<std::string> candidates = builtin_names();
  for (const auto& [known, function] : context.scope->functions) candidates.push_back(known);
  return poison(context, Kind::UnknownName, span, "there is no function '" + name + "'",
                diagnostics::name_help(name, candidates));
}

}  // namespace

std::optional<std::vector<Value>> evaluate_loop(Context& context, const Frame& frame,
                                                const syntax::Comprehension& loop) {
  Value range = evaluate_range(context, frame, loop.range);
  if (range.poison()) return std::nullopt;
  Frame inner = frame;
  std::vector<Value> items;
  for (int i = range.first; i <= range.last; ++i) {
    Value variable = number_value(context.store().integer(i), loop.variable.span);
    variable.literal = true;
    inner.locals[loop.variable.text] = variable;
    items.push_back(evaluate(context, inner, loop.body));
    if (items.back().poison()) return std::nullopt;
  }
  return items;
}

Value evaluate_call(Context& context, const Frame& frame, const syntax::Call& call, Span span) {
  const std::string* name = callee_name(frame, call);
  Span callee_span = (*frame.ast)[call.callee].span;
  if (name == nullptr)
    return poison(context, Kind::NotAFunction, callee_span, "only a function can be called");
  auto found = context.scope->functions.find(*name);
  bool shadowed = frame.locals.contains(*name);
  if (!shadowed && found != context.scope->functions.end())
    return inline_function(context, frame, call, found->second, span);
  if (!shadowed && is_builtin(*name)) return builtin(context, frame, *name, call, span);
  if (shadowed)
    return poison(context, Kind::NotAFunction, callee_span,
                  "'" + *name + "' is a value, not a function");
  return not_a_function(context, frame, *name, callee_span);
}

}  // namespace hopf::model
