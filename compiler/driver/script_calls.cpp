// Calls: of functions, of models (parameters changed), of solutions at a point, and of what fields
// return.
#include <fmt/format.h>

#include <cmath>

#include "driver/arguments.hpp"
#include "driver/pipeline.hpp"
#include "driver/script.hpp"
#include "driver/verbs.hpp"

namespace hopf::driver {
namespace {

using diagnostics::Kind;
using source::Span;

std::optional<Value> call_function(Script& s, const Function& function, const syntax::Call& call,
                                   Span span) {
  const auto& parameters = function.item->parameters;
  std::vector<std::pair<std::string, Value>> bound;
  for (const syntax::Argument& argument : call.arguments) {
    auto value = eval(s, argument.value);
    if (!value) return {};
    const std::string name = argument.name                      ? argument.name->text
                             : bound.size() < parameters.size() ? parameters[bound.size()].text
                                                                : "";
    bound.emplace_back(name, std::move(*value));
  }
  const auto missing = [&](const syntax::Ident& parameter) {
    for (const auto& [name, value] : bound)
      if (name == parameter.text) return false;
    return true;
  };
  bool complete = bound.size() == parameters.size();
  for (const syntax::Ident& parameter : parameters) complete = complete && !missing(parameter);
  if (!complete) {
    s.error(Kind::WrongArgumentCount, span,
            fmt::format("'{}' takes {} argument{}, and {} given", function.item->name.text,
                        parameters.size(), parameters.size() == 1 ? "" : "s",
                        bound.size() == 1 ? "1 is" : fmt::format("{} are", bound.size())))
        .labels.push_back({function.item->name.span, "declared here"});
    return {};
  }
  std::swap(s.locals, bound);
  const syntax::Ast* caller = std::exchange(s.ast, function.ast);
  auto result = eval(s, function.item->body);
  s.ast = caller;
  std::swap(s.locals, bound);
  return result;
}

bool same_model(const ModelHandle& a, const ModelHandle& b) {
  return a.item == b.item && a.module == b.module &&
         std::equal(a.overrides.begin(), a.overrides.end(), b.overrides.begin(), b.overrides.end(),
                    [](const model::Override& x, const model::Override& y) {
                      return x.name == y.name && x.shape == y.shape && x.value == y.value;
                    });
}

std::optional<Value> call_model(Script& s, const ModelHandle& base, const syntax::Call& call) {
  auto handle = std::make_shared<ModelHandle>(base);
  handle->model.reset();
  handle->equations.reset();
  for (const syntax::Argument& argument : call.arguments) {
    const Span where = (*s.ast)[argument.value].span;
    if (!argument.name) {
      s.error(Kind::WrongArgumentCount, where,
              fmt::format("a parameter of '{}' without its name", base.item->name.text))
          .help = fmt::format("write '{}(name = value)'", base.item->name.text);
      return {};
    }
    const auto value = eval(s, argument.value);
    if (!value) return {};
    const auto numeric = numeric_of(*value);
    if (!numeric) {
      auto& error =
          s.error(Kind::WrongArgumentType, where,
                  fmt::format("'{}' takes a number, a vector or a matrix", argument.name->text));
      error.primary_label = fmt::format("this is {}", describe(*value));
      return {};
    }
    std::erase_if(handle->overrides, [&](const auto& o) { return o.name == argument.name->text; });
    handle->overrides.push_back({argument.name->text, numeric->shape, numeric->data,
                                 source::join(argument.name->span, where)});
  }
  for (const auto& made : s.variants)
    if (same_model(*made, *handle)) return Value{ModelValue{made}};
  if (!check(s.context, *handle)) return {};
  if (s.checking) s.variants.push_back(handle);
  return Value{ModelValue{handle}};
}

/// A point of the state space, with time and regime.
struct Point {
  std::vector<double> x;
  double t = 0;
  int regime = 1;
};

bool read_time(Script& s, const runtime::ValueFunction& value, double t, Span span, Point& point) {
  point.t = t;
  return time_inside(s, value.horizon, t, span);
}

bool read_regime(Script& s, const runtime::ValueFunction& value, double j, Span span,
                 Point& point) {
  if (!regime_inside(s, value.regimes, j, span)) return false;
  point.regime = static_cast<int>(j);
  return true;
}

bool read_named(Script& s, const Solution& solution, const syntax::Argument& argument,
                Point& point) {
  const Span span = (*s.ast)[argument.value].span;
  const auto& regime = solution.handle->model->regime;
  const std::string regime_name = regime ? regime->name : "";
  const std::string& name = argument.name->text;
  if (name != "t" && (regime_name.empty() || name != regime_name)) {
    unknown_coordinate(s, *argument.name);
    return false;
  }
  const auto value = eval(s, argument.value);
  if (!value) return false;
  const auto number = number_of(*value);
  if (!number) {
    s.error(Kind::WrongArgumentType, span, fmt::format("'{}' takes a number", name)).primary_label =
        fmt::format("this is {}", describe(*value));
    return false;
  }
  return name == "t" ? read_time(s, *solution.value, *number, span, point)
                     : read_regime(s, *solution.value, *number, span, point);
}

bool read_coordinates(Script& s, const syntax::Argument& argument, std::vector<double>& x) {
  const auto value = eval(s, argument.value);
  if (!value) return false;
  const auto numeric = numeric_of(*value);
  if (!numeric || numeric->shape.size() > 1) {
    s.error(Kind::WrongArgumentType, (*s.ast)[argument.value].span, "a coordinate is a number")
        .primary_label = fmt::format("this is {}", describe(*value));
    return false;
  }
  x.insert(x.end(), numeric->data.begin(), numeric->data.end());
  return true;
}

/// A grid knows V in its domain.
bool on_solution(Script& s, const Solution& solution, const std::vector<double>& x, Span span) {
  const runtime::ValueFunction& V = *solution.value;
  for (std::size_t k = 0; V.on_grid() && k < x.size(); ++k) {
    const runtime::Axis& axis = V.grid.axes[k];
    const double hair = 1e-9 * (axis.hi - axis.lo);
    if (axis.periodic() || (x[k] >= axis.lo - hair && x[k] <= axis.hi + hair)) continue;
    auto& error =
        s.error(Kind::OutsideSolution, span,
                fmt::format("{} = {} is outside of its domain [{}, {}], on which '{}' was solved",
                            V.states[k].name, number_text(x[k]), number_text(axis.lo),
                            number_text(axis.hi), V.model));
    error.help = "ask within it, or solve on a larger domain";
    return false;
  }
  return true;
}

std::optional<Point> read_point(Script& s, const Solution& solution, const syntax::Call& call,
                                Span span) {
  Point point;
  for (const syntax::Argument& argument : call.arguments) {
    const bool good = argument.name ? read_named(s, solution, argument, point)
                                    : read_coordinates(s, argument, point.x);
    if (!good) return {};
  }
  if (!check_coordinates(s, *solution.handle->model, point.x.size(), span)) return {};
  if (!on_solution(s, solution, point.x, span)) return {};
  return point;
}

/// A control alone is a number, several are a list.
Value one_or_list(const std::vector<double>& numbers) {
  return numbers.size() == 1 ? Value{numbers[0]} : make_list(numbers);
}

std::optional<Value> call_policy(Script& s, const Solution& solution,
                                 const std::vector<std::size_t>& components,
                                 const syntax::Call& call, Span span) {
  const auto point = read_point(s, solution, call, span);
  if (!point) return {};
  const auto controls = solution.value->control(point->x, point->t, point->regime);
  if (components.empty()) return one_or_list(controls);
  std::vector<double> chosen;
  for (std::size_t component : components) chosen.push_back(controls[component]);
  return one_or_list(chosen);
}

std::optional<double> one_number(Script& s, const Method& method, const syntax::Call& call,
                                 Span span) {
  if (call.arguments.size() != 1 || call.arguments[0].name) {
    s.error(Kind::WrongArgumentCount, span, fmt::format("'.{}' takes one number", method.name));
    return {};
  }
  const auto value = eval(s, call.arguments[0].value);
  if (!value) return {};
  const auto number = number_of(*value);
  if (!number)
    s.error(Kind::WrongArgumentType, span, fmt::format("'.{}' takes a number", method.name))
        .primary_label = fmt::format("this is given {}", describe(*value));
  return number;
}

std::optional<Value> call_quantile(Script& s, const Method& method, const syntax::Call& call,
                                   Span span) {
  const auto q = one_number(s, method, call, span);
  if (!q) return {};
  if (!(*q >= 0 && *q <= 1)) {
    s.error(Kind::OutsideSolution, span,
            fmt::format("quantile {} is outside 0..1", number_text(*q)));
    return {};
  }
  const auto* series = method.object->as<StateSeries>();
  const auto& paths = series ? *series->ensemble.paths : *method.object->as<EnsembleValue>()->paths;
  if (series) return estimate_of(paths.last_quantile(series->state, *q));
  std::vector<Value> quantiles;
  for (std::size_t i = 0; i < paths.states.size(); ++i)
    quantiles.push_back(estimate_of(paths.last_quantile(i, *q)));
  return make_list(std::move(quantiles));
}

std::optional<Value> call_bellman(Script& s, const Method& method, const syntax::Call& call,
                                  Span span) {
  const auto dt = one_number(s, method, call, span);
  if (!dt) return {};
  if (!(*dt > 0) || !std::isfinite(*dt)) {
    s.error(Kind::OutsideFunctionDomain, span, fmt::format("a time step of {}", number_text(*dt)));
    return {};
  }
  Derivation result = *method.object->as<Derivation>();
  result.step = std::make_shared<const derive::Step>(
      derive::bellman(*result.handle->model, *result.handle->equations, *dt));
  return Value{result};
}

std::optional<Value> call_value(Script& s, const Value& callee, const syntax::Call& call,
                                Span span) {
  if (const auto* function = callee.as<Function>()) return call_function(s, *function, call, span);
  if (const auto* model = callee.as<ModelValue>()) return call_model(s, *model->handle, call);
  if (const auto* solution = callee.as<Solution>()) return call_solution(s, *solution, call, span);
  if (const auto* method = callee.as<Method>()) return call_method(s, *method, call, span);
  if (const auto* builtin = callee.as<Builtin>())
    return call_builtin(s, *find_signature(builtin->name), call, span);
  auto& error = s.error(Kind::NotCallable, (*s.ast)[call.callee].span,
                        fmt::format("{} cannot be called", describe(callee)));
  if (callee.as<List>()) error.help = "write '[i]' to take one entry";
  return {};
}

}  // namespace

bool check_coordinates(Script& s, const model::Model& model, std::size_t found, Span span) {
  const auto& states = model.states;
  if (found == states.size()) return true;
  std::string names;
  for (const auto& state : states) names += (names.empty() ? "" : ", ") + state.name;
  auto& error = s.error(
      Kind::WrongCoordinateCount, span,
      fmt::format("'{}' has {} state{}, and the point has {} coordinate{}", model.name,
                  states.size(), states.size() == 1 ? "" : "s", found, found == 1 ? "" : "s"));
  error.notes.push_back(fmt::format("coordinates are those of {}, in this order", names));
  return false;
}

bool time_inside(Script& s, std::optional<double> horizon, double t, Span span) {
  if (!horizon) {
    s.error(Kind::OutsideSolution, span, "a time, and V does not depend on it: it has no horizon")
        .help = "leave 't' out";
    return false;
  }
  if (t >= -1e-12 * *horizon && t <= *horizon * (1 + 1e-12)) return true;
  s.error(Kind::OutsideSolution, span,
          fmt::format("time {} is outside 0..{}", number_text(t), number_text(*horizon)));
  return false;
}

bool regime_inside(Script& s, int count, double j, Span span) {
  if (j >= 1 && j <= count && std::floor(j) == j) return true;
  s.error(Kind::OutsideSolution, span,
          fmt::format("regime {} is outside 1..{}", number_text(j), count));
  return false;
}

void unknown_coordinate(Script& s, const syntax::Ident& name) {
  s.error(Kind::UnknownArgument, name.span,
          fmt::format("a solution has no argument '{}'", name.text))
      .notes.push_back(
          "coordinates are given in the states' declared order, then 't' and the regime by name");
}

std::optional<Value> call_solution(Script& s, const Solution& solution, const syntax::Call& call,
                                   Span span) {
  const auto point = read_point(s, solution, call, span);
  if (!point) return {};
  const runtime::ValueFunction& V = *solution.value;
  const double mean = V(point->x, point->t, point->regime);
  if (!V.on_grid()) return Value{mean};
  return Value{Estimate{mean, V.error(point->x, point->t, point->regime)}};
}

std::optional<Value> call_method(Script& s, const Method& method, const syntax::Call& call,
                                 Span span) {
  if (method.name == "quantile") return call_quantile(s, method, call, span);
  if (method.name == "bellman") return call_bellman(s, method, call, span);
  const Solution& solution = *method.object->as<Solution>();
  if (method.name == "policy") return call_policy(s, solution, method.components, call, span);
  const auto point = read_point(s, solution, call, span);
  if (!point) return {};
  if (method.name == "error")
    return Value{solution.value->error(point->x, point->t, point->regime)};
  return one_or_list(solution.value->gradient(point->x, point->t, point->regime));
}

std::optional<std::vector<Value>> eval_positional(Script& s, const syntax::Call& call) {
  std::vector<Value> values;
  for (const syntax::Argument& argument : call.arguments) {
    if (argument.name) continue;
    auto value = eval(s, argument.value);
    if (!value) return {};
    values.push_back(std::move(*value));
  }
  return values;
}

std::optional<Value> call_builtin(Script& s, const Signature& signature, const syntax::Call& call,
                                  Span span) {
  if (signature.group == Signature::Group::Verb)
    return call_verb(s, signature, Arguments(s, signature, call, span));
  if (signature.group == Signature::Group::Output) return call_output(s, signature, call, span);
  const auto arguments = eval_positional(s, call);
  if (!arguments || !signature.takes(arguments->size())) return {};  // check_arguments told why
  if (signature.group == Signature::Group::Elementary)
    return call_elementary(s, signature.name, *arguments, span);
  if (signature.group == Signature::Group::Array)
    return call_array(s, signature.name, *arguments, span);
  return call_statistics(s, signature.name, *arguments, span);
}

std::optional<Value> eval_call(Script& s, syntax::NodeId id) {
  const syntax::Node& node = (*s.ast)[id];
  const auto& call = std::get<syntax::Call>(node.value);
  const auto* name = std::get_if<syntax::Name>(&(*s.ast)[call.callee].value);
  if (name && !s.find(name->text)) {
    if (const Signature* signature = find_signature(name->text))
      return call_builtin(s, *signature, call, node.span);
  }
  const auto callee = eval(s, call.callee);
  if (!callee) return {};
  return call_value(s, *callee, call, node.span);
}

}  // namespace hopf::driver
