// Calls of a script before it runs: points of solutions, arguments of verbs, names of files.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>

#include "driver/ahead.hpp"
#include "driver/ast_walk.hpp"
#include "driver/files.hpp"
#include "driver/inference.hpp"
#include "driver/pipeline.hpp"
#include "driver/sandbox.hpp"
#include "driver/verbs.hpp"
#include "io/formats.hpp"

namespace hopf::driver {

using Kind = Known::Kind;
using Mistake = diagnostics::Kind;

namespace {

/// Functions inside functions are read this deep.
constexpr std::size_t kMostFrames = 20;

/// How many coordinates an argument brings; nothing where that is not known.
std::optional<std::size_t> coordinates(const Known& known) {
  const auto* list = known.value ? known.value->as<List>() : nullptr;
  if (list) return list->items->size();
  if (known.items) return known.items->size();
  return known.is(Kind::Number) ? std::optional<std::size_t>(1) : std::nullopt;
}

/// Why a file of this name cannot be written; empty when nothing is known against it.
std::string cannot_write(const std::string& path, bool figure) {
  namespace fs = std::filesystem;
  const std::vector<std::string> endings = figure
                                               ? std::vector<std::string>{".svg", ".png", ".html"}
                                               : std::vector<std::string>{".nc", ".csv", ".npy"};
  if (std::find(endings.begin(), endings.end(), runtime::file_ending(path)) == endings.end())
    return fmt::format("a {} ends in {}, {} or {}", figure ? "figure" : "file to save", endings[0],
                       endings[1], endings[2]);
  const fs::path folder = fs::path(path).parent_path();
  std::error_code ignored;
  if (folder.empty()) return {};
  if (!fs::is_directory(folder, ignored))
    return fmt::format("there is no folder '{}'", folder.string());
  return access(folder.c_str(), W_OK) == 0 ? "" : "its folder may not be written to";
}

}  // namespace

Known Inference::call(syntax::NodeId id, const syntax::Call& call) {
  const Span span = (*s_.ast)[id].span;
  const Known callee = infer(call.callee);
  if (const auto* builtin = callee.value ? callee.value->as<Builtin>() : nullptr)
    return named_call(*find_signature(builtin->name), call, span);
  if (const auto* one = callee.value ? callee.value->as<Function>() : nullptr)
    return function(*one, call);
  if (callee.is(Kind::Solution) || callee.is(Kind::Policy) || callee.is(Kind::Gradient) ||
      callee.is(Kind::Error))
    return point(callee, call, span);
  for (const syntax::Argument& argument : call.arguments) infer(argument.value);
  const bool callable = callee.is(Kind::Anything) || callee.is(Kind::Model) ||
                        callee.is(Kind::Quantile) || callee.is(Kind::Bellman);
  if (!callable)
    s_.error(Mistake::NotCallable, (*s_.ast)[call.callee].span,
             fmt::format("{} cannot be called", describe(callee)));
  return callee.is(Kind::Model) ? known_kind(Kind::Model) : Known{};
}

Known Inference::function(const Function& function, const syntax::Call& call) {
  std::vector<Local> bound;
  const auto& parameters = function.item->parameters;
  for (const syntax::Argument& argument : call.arguments) {
    Known known = infer(argument.value);
    const std::string name = argument.name                      ? argument.name->text
                             : bound.size() < parameters.size() ? parameters[bound.size()].text
                                                                : "";
    bound.push_back({name, std::move(known)});
  }
  if (bound.size() != parameters.size() || reading_.size() >= kMostFrames) return {};
  reading_.push_back(function.item);
  const std::size_t frame = std::exchange(frame_, locals_.size());
  const syntax::Ast* ast = std::exchange(s_.ast, function.ast);
  locals_.insert(locals_.end(), bound.begin(), bound.end());
  Known result = infer(function.item->body);
  locals_.resize(frame_);
  s_.ast = ast;
  frame_ = frame;
  reading_.pop_back();
  return result;
}

// ---- points

bool Inference::coordinate_name(const Known& object, const syntax::Argument& argument,
                                const Known& given) {
  const std::string& name = argument.name->text;
  const model::Model* model = model_of(object);
  if (!model) return true;
  const auto known = given.value ? number_of(*given.value) : std::nullopt;
  const double number = known.value_or(0);
  const Span span = (*s_.ast)[argument.value].span;
  if (name == "t") return !known || time_inside(s_, model->horizon, number, span);
  if (!model->regime || name != model->regime->name) {
    unknown_coordinate(s_, *argument.name);
    return false;
  }
  return !known || regime_inside(s_, model->regime->count, number, span);
}

Known Inference::point(const Known& object, const syntax::Call& call, source::Span span) {
  std::size_t count = 0;
  bool counted = true;
  for (const syntax::Argument& argument : call.arguments) {
    const Known given = infer(argument.value);
    if (argument.name) {
      if (!coordinate_name(object, argument, given)) return known_kind(Kind::Number);
      continue;
    }
    const auto more = coordinates(given);
    counted = counted && more;
    count += more.value_or(0);
    if (more || given.is(Kind::Anything) || given.is(Kind::List)) continue;
    s_.error(Mistake::WrongArgumentType, (*s_.ast)[argument.value].span, "a coordinate is a number")
        .primary_label = "this is " + describe(given);
    return known_kind(Kind::Number);
  }
  const model::Model* model = model_of(object);
  if (model && counted) check_coordinates(s_, *model, count, span);
  if (object.is(Kind::Solution) || object.is(Kind::Error)) return known_kind(Kind::Number);
  if (!model) return {};
  const std::size_t size = object.is(Kind::Gradient) ? model->dimension()
                           : object.components > 0   ? object.components
                                                     : model->controls.size();
  if (size == 1) return known_kind(Kind::Number);
  Known list = known_kind(Kind::List);
  list.items = std::make_shared<const std::vector<Known>>(size, known_kind(Kind::Number));
  return list;
}

// ---- verbs

Known Inference::named_call(const Signature& signature, const syntax::Call& call,
                            source::Span span) {
  const Arguments arguments(s_, signature, call, span);
  if (signature.group == Signature::Group::Verb)
    return signature.built ? verb(signature, call, span) : Known{};
  std::vector<Known> given;
  for (const syntax::Argument& argument : call.arguments) given.push_back(infer(argument.value));
  if (signature.name == "load") {
    input_file(arguments);
    return {};
  }
  if (signature.name == "plot" || signature.name == "save") output_file(signature, arguments);
  if (signature.group == Signature::Group::Output) return known_kind(Kind::Nothing);
  const bool numbers = signature.group == Signature::Group::Elementary &&
                       std::all_of(given.begin(), given.end(),
                                   [](const Known& one) { return one.is(Kind::Number); });
  return known_kind(numbers ? Kind::Number : Kind::Anything);
}

std::shared_ptr<ModelHandle> Inference::model_argument(const Arguments& arguments) {
  if (!arguments.has("model")) return nullptr;
  const Known known = infer(arguments.node("model"));
  if (known.is(Kind::Model)) return model_of(known) ? known.model : nullptr;
  if (known.is(Kind::Anything)) return nullptr;
  s_.error(Mistake::WrongArgumentType, arguments.span_of("model"), "'model' takes a model")
      .primary_label = "this is " + describe(known);
  return nullptr;
}

/// Are all arguments known that are read as options?
bool Inference::all_constant(const syntax::Call& call, std::string_view but) {
  bool constant = true;
  bool first = true;
  for (const syntax::Argument& argument : call.arguments) {
    const bool model = argument.name ? argument.name->text == "model" : std::exchange(first, false);
    if (model || (argument.name && argument.name->text == but)) continue;
    const auto* word = std::get_if<syntax::Name>(&(*s_.ast)[argument.value].value);
    if (!(word && word->text == "auto")) constant = is_constant(argument.value) && constant;
  }
  return constant;
}

Known Inference::verb(const Signature& signature, const syntax::Call& call, source::Span span) {
  const Arguments arguments(s_, signature, call, span);
  const std::shared_ptr<ModelHandle> handle = model_argument(arguments);
  const model::Model* model = handle && handle->model ? &*handle->model : nullptr;
  for (const syntax::Argument& argument : call.arguments) {
    const syntax::Node& node = (*s_.ast)[argument.value];
    const auto* word = std::get_if<syntax::Name>(&node.value);
    const bool own =
        std::holds_alternative<syntax::Record>(node.value) || (word && word->text == "auto");
    if (argument.name && argument.name->text != "model" && !own) infer(argument.value);
  }
  const bool known = model && certain_ && !s_.context.phases.stopped();
  const WithLocals bound(*this);
  if (signature.name == "derive") {
    Derivation derivation;
    if (known && read_style(arguments, derivation)) derive(s_.context, *handle);
    return known_kind(Kind::Derivation, handle);
  }
  if (signature.name == "simulate") {
    if (known && all_constant(call, "policy"))
      if (const auto options = simulate_options(s_, arguments, *model))
        check_settings(*model, *options, s_.context.sink);
    if (known && !all_constant(call, "policy")) start_argument(arguments, *model);
    if (known) policy_argument(arguments, *model, true);
    return known_kind(Kind::Ensemble, handle);
  }
  if (known && signature.name == "evaluate") policy_argument(arguments, *model, false);
  if (known && all_constant(call, "policy")) solver_arguments(arguments, *handle);
  return known_kind(signature.name == "plan" ? Kind::Plan : Kind::Solution, handle);
}

/// What solving would refuse: options, a Hamiltonian without a minimum, a grid that cannot be.
void Inference::solver_arguments(const Arguments& arguments, ModelHandle& handle) {
  const auto options = solver_options(s_, arguments);
  if (!options) return;
  const derive::Equations* equations = derive(s_.context, handle);
  if (equations) plan::choose(*handle.model, *equations, *options, s_.context.sink);
}

void Inference::start_argument(const Arguments& arguments, const model::Model& model) {
  if (!arguments.has("from")) return;
  const auto count = coordinates(infer(arguments.node("from")));
  if (count) check_start(s_, arguments, model, *count);
}

/// Numbers that have to be solved for stand as 1, since names, shapes and units are what is
/// checked. False where the expression needs something of which not even the type is known.
bool Inference::bind_numbers(syntax::NodeId id) {
  const syntax::Node& node = (*s_.ast)[id];
  if (const auto* name = std::get_if<syntax::Name>(&node.value)) {
    const Known known = look_up(name->text);
    const bool local = s_.find(name->text) != nullptr;
    const bool later = later_.count(name->text) > 0;
    if (known.is(Kind::Number) && !known.value && later && !local)
      s_.locals.emplace_back(name->text, Value{1.0});
    return known.value || known.is(Kind::Number) || (known.is(Kind::Anything) && !later);
  }
  bool bound = true;
  for_each_child(node, [&](syntax::NodeId child) { bound = bind_numbers(child) && bound; });
  return bound;
}

void Inference::policy_argument(const Arguments& arguments, const model::Model& model, bool must) {
  if (!arguments.has("policy")) {
    if (must) require_policy(s_, arguments, model);
    return;
  }
  const syntax::NodeId node = arguments.node("policy");
  if (std::holds_alternative<syntax::Record>((*s_.ast)[node].value)) {
    const auto policy = bind_numbers(node) ? policy_of(s_, model, node) : std::nullopt;
    const bool valued = !must;  // else simulated, where t is as good as a state
    if (policy && valued)
      check_stationary(model, *policy, arguments.span_of("policy"), s_.context.sink);
    return;
  }
  const Known known = infer(node);
  const bool own = known.is(Kind::Solution) || (known.is(Kind::Policy) && known.components == 0);
  if (own && model_of(known)) {
    check_policy_model(s_, *model_of(known), model, arguments.span_of("policy"));
  } else if (!own && !known.is(Kind::Anything) && !known.is(Kind::Record)) {
    s_.error(Mistake::WrongArgumentType, arguments.span_of("policy"),
             "'policy' takes a solution's policy or a record of expressions")
        .primary_label = "this is " + describe(known);
  }
}

// ---- files

void Inference::output_file(const Signature& signature, const Arguments& arguments) {
  const Known value = infer(arguments.node("value"));
  const bool fits = value.is(Kind::Solution) || value.is(Kind::Ensemble) ||
                    value.is(Kind::Anything) || (value.is(Kind::Error) && signature.name == "plot");
  if (!fits)
    s_.error(Mistake::WrongArgumentType, arguments.span_of("value"),
             "'value' takes a solution or an ensemble")
        .primary_label = "this is " + describe(value);
  const Known file = infer(arguments.node("file"));
  const std::string* path = file.value ? file.value->as<std::string>() : nullptr;
  if (!path) {
    if (file.is(Kind::Text) || file.is(Kind::Anything))
      saved_.insert("");  // any file
    else
      s_.error(Mistake::WrongArgumentType, arguments.span_of("file"),
               "'file' takes a text in quotes")
          .primary_label = "this is " + describe(file);
    return;
  }
  saved_.insert(*path);
  if (!allowed(s_.context, *path, arguments.span_of("file"))) return;
  const std::string why = cannot_write(*path, signature.name == "plot");
  if (!why.empty())
    s_.error(Mistake::CannotWrite, arguments.span_of("file"),
             fmt::format("'{}' is not written: {}", *path, why));
}

/// A file that the script itself writes need not be there yet.
void Inference::input_file(const Arguments& arguments) {
  const Known file = infer(arguments.node("file"));
  const std::string* path = file.value ? file.value->as<std::string>() : nullptr;
  std::error_code ignored;
  namespace fs = std::filesystem;
  if (!path || saved_.count(*path) || saved_.count("")) return;
  const std::string found = input_path(s_.module->scope.directory, *path);
  if (!allowed(s_.context, found, arguments.span_of("file")) || fs::exists(found, ignored)) return;
  s_.error(Mistake::CannotRead, arguments.span_of("file"),
           fmt::format("'{}' cannot be read: {}", *path,
                       std::make_error_code(std::errc::no_such_file_or_directory).message()));
}

}  // namespace hopf::driver
