#include "driver/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "driver/pipeline.hpp"

namespace hopf::driver {
namespace {

constexpr std::size_t kShownNames = 4;  // of the arguments that a help names

using diagnostics::Kind;

bool takes(const Signature& signature, std::string_view name,
           const std::vector<std::string>& extra) {
  if (signature.any_name) return true;
  const auto& names = signature.parameters;
  return std::find(names.begin(), names.end(), name) != names.end() ||
         std::find(extra.begin(), extra.end(), name) != extra.end();
}

void unknown_argument(Context& c, const Signature& signature, const syntax::Ident& name,
                      const std::vector<std::string>& extra) {
  auto& error = c.sink.emit(Kind::UnknownArgument, name.span,
                            fmt::format("'{}' has no argument '{}'", signature.name, name.text));
  std::vector<std::string> known = extra;
  for (std::string_view parameter : signature.parameters)
    if (!parameter.empty()) known.emplace_back(parameter);
  if (const auto meant = diagnostics::did_you_mean(name.text, known)) {
    error.help = fmt::format("did you mean '{}'?", *meant);
  } else if (!known.empty()) {
    error.notes.push_back(fmt::format("'{}' takes {}", signature.name, fmt::join(known, ", ")));
  }
}

void too_many(Context& c, const Signature& signature, source::Span extra_argument) {
  auto& error =
      c.sink.emit(Kind::WrongArgumentCount, extra_argument,
                  fmt::format("'{}' takes {} argument{}{}", signature.name, signature.positional,
                              signature.positional == 1 ? "" : "s",
                              signature.group == Signature::Group::Verb ? " without a name" : ""));
  error.primary_label = "one too many";
  if (signature.group != Signature::Group::Verb) return;
  std::vector<std::string_view> named;
  for (std::size_t k = static_cast<std::size_t>(signature.positional);
       k < signature.parameters.size() && named.size() < kShownNames; ++k)
    named.push_back(signature.parameters[k]);
  if (!named.empty())
    error.help = fmt::format("the others have names: '{} = ...'", fmt::join(named, " = ...', '"));
}

}  // namespace

bool check_arguments(Context& c, const Signature& signature, const syntax::Call& call,
                     source::Span span, const std::vector<std::string>& extra) {
  const std::size_t errors = c.sink.error_count();
  int positional = 0;
  std::vector<std::string> seen;
  for (const syntax::Argument& argument : call.arguments) {
    if (!argument.name) {
      const auto index = static_cast<std::size_t>(positional++);
      if (positional <= signature.positional) seen.emplace_back(signature.parameters[index]);
      continue;
    }
    if (!takes(signature, argument.name->text, extra))
      unknown_argument(c, signature, *argument.name, extra);
    if (std::find(seen.begin(), seen.end(), argument.name->text) != seen.end())
      c.sink.emit(Kind::WrongArgumentCount, argument.name->span,
                  fmt::format("'{}' is given twice", argument.name->text));
    seen.push_back(argument.name->text);
  }
  if (!signature.any_count && positional > signature.positional) too_many(c, signature, span);
  for (int i = 0; i < signature.required; ++i) {
    const std::string_view name = signature.parameters[static_cast<std::size_t>(i)];
    if (i < positional ||
        (!name.empty() && std::find(seen.begin(), seen.end(), name) != seen.end()))
      continue;
    if (name.empty()) {
      c.sink.emit(Kind::WrongArgumentCount, span,
                  fmt::format("'{}' takes {} argument{}, and {} given", signature.name,
                              signature.required, signature.required == 1 ? "" : "s",
                              positional == 0 ? "none is" : fmt::format("{} is", positional)));
      break;
    }
    auto& error = c.sink.emit(Kind::MissingArgument, span,
                              fmt::format("'{}' needs '{}'", signature.name, name));
    error.primary_label = fmt::format("no '{}' is given", name);
  }
  return c.sink.error_count() == errors;
}

Arguments::Arguments(Script& script, const Signature& signature, const syntax::Call& call,
                     source::Span span)
    : script_(script), span_(span) {
  std::size_t positional = 0;
  for (const syntax::Argument& argument : call.arguments) {
    if (argument.name) {
      given_.emplace_back(argument.name->text, argument.value);
    } else if (positional < signature.parameters.size()) {
      given_.emplace_back(signature.parameters[positional++], argument.value);
    }
  }
}

bool Arguments::has(std::string_view name) const { return node(name).valid(); }

syntax::NodeId Arguments::node(std::string_view name) const {
  for (const auto& [given, node] : given_)
    if (given == name) return node;
  return {};
}

source::Span Arguments::span_of(std::string_view name) const {
  const syntax::NodeId id = node(name);
  return id.valid() ? (*script_.ast)[id].span : span_;
}

std::optional<Value> Arguments::value(std::string_view name) const {
  return eval(script_, node(name));
}

void Arguments::wrong_type(std::string_view name, std::string_view wanted,
                           const Value& found) const {
  auto& error = script_.error(Kind::WrongArgumentType, span_of(name),
                              fmt::format("'{}' takes {}", name, wanted));
  error.primary_label = fmt::format("this is {}", describe(found));
}

bool Arguments::read(std::string_view name, double& out) const {
  if (!has(name)) return true;
  const auto found = value(name);
  if (!found) return false;
  const auto number = number_of(*found);
  if (!number) {
    wrong_type(name, "a number", *found);
    return false;
  }
  out = *number;
  return true;
}

bool Arguments::read(std::string_view name, bool& out) const {
  if (!has(name)) return true;
  const auto found = value(name);
  if (!found) return false;
  const bool* truth = found->as<bool>();
  if (!truth) {
    wrong_type(name, "true or false", *found);
    return false;
  }
  out = *truth;
  return true;
}

bool Arguments::read(std::string_view name, std::string& out) const {
  if (!has(name)) return true;
  // `method = auto` reads as well as `method = "auto"`: a name that is no variable stands for
  // itself.
  if (const auto* word = std::get_if<syntax::Name>(&(*script_.ast)[node(name)].value);
      word && word->text == "auto") {
    out = word->text;
    return true;
  }
  const auto found = value(name);
  if (!found) return false;
  const std::string* text = found->as<std::string>();
  if (!text) {
    wrong_type(name, "a text in quotes", *found);
    return false;
  }
  out = *text;
  return true;
}

bool Arguments::read(std::string_view name, std::vector<double>& out) const {
  if (!has(name)) return true;
  const auto found = value(name);
  if (!found) return false;
  const auto numeric = numeric_of(*found);
  if (!numeric || numeric->shape.size() > 1) {
    wrong_type(name, "a number or a list of numbers", *found);
    return false;
  }
  out = numeric->data;
  return true;
}

bool Arguments::read_whole(std::string_view name, std::int64_t least, std::int64_t& out) const {
  double number = static_cast<double>(out);
  if (!has(name)) return true;
  if (!read(name, number)) return false;
  if (std::floor(number) != number || number < static_cast<double>(least) ||
      std::abs(number) > 9e15) {
    auto& error =
        script_.error(Kind::WrongArgumentType, span_of(name),
                      fmt::format("'{}' takes a whole number of at least {}", name, least));
    error.primary_label = fmt::format("this is {}", number_text(number));
    return false;
  }
  out = static_cast<std::int64_t>(number);
  return true;
}

bool Arguments::read_whole(std::string_view name, int least, int& out) const {
  std::int64_t wide = out;
  if (!read_whole(name, static_cast<std::int64_t>(least), wide)) return false;
  if (wide > std::numeric_limits<int>::max()) {
    script_.error(Kind::WrongArgumentType, span_of(name),
                  fmt::format("'{}' is larger than any use of it", name));
    return false;
  }
  out = static_cast<int>(wide);
  return true;
}

std::shared_ptr<ModelHandle> Arguments::model() const {
  const auto found = value("model");
  if (!found) return nullptr;
  const auto* model = found->as<ModelValue>();
  if (!model) {
    wrong_type("model", "a model", *found);
    return nullptr;
  }
  return check(script_.context, *model->handle) ? model->handle : nullptr;
}

}  // namespace hopf::driver
