// Fields of the objects that verbs return.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "driver/report.hpp"
#include "driver/script.hpp"
#include "driver/verbs.hpp"

namespace hopf::driver {
namespace {

using diagnostics::Kind;
using syntax::Ident;

constexpr std::string_view kDerivationFields[] = {
    "hamiltonian", "control_law",     "hjb",     "generator", "fokker_planck", "costate",
    "canonical",   "euler_lagrange",  "riccati", "hopf_cole", "bounds",        "bellman",
    "reverse",     "probability_flow"};

std::nullopt_t no_field(Script& s, const Value& object, const Ident& name,
                        const std::vector<std::string>& known, std::string note = "") {
  no_such_field(s, describe(object), name, known, std::move(note));
  return std::nullopt;
}

const std::vector<std::string> kNone;
const std::vector<std::string> kSolutionFields = {"policy",     "gradient", "error", "residual",
                                                  "iterations", "method",   "report"};
const std::vector<std::string> kEnsembleFields = {
    "mean", "std", "quantile", "cost", "cost_error", "final", "times", "paths", "failed"};
const std::vector<std::string> kSeriesFields = {"mean", "std", "quantile", "final"};
const std::vector<std::string> kEstimateFields = {"mean", "error", "standard_error", "bias"};
const std::vector<std::string> kPlanFields = {"method", "scheme"};

Value method(const Value& object, std::string name, std::vector<std::size_t> components = {}) {
  return {Method{std::make_shared<const Value>(object), std::move(name), std::move(components)}};
}

/// "u" for "u" and for "u[2]".
std::string base_name(const std::string& component) {
  return component.substr(0, component.find('['));
}

std::vector<std::size_t> components_named(const std::vector<runtime::NamedUnit>& all,
                                          const std::string& name) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].name == name || base_name(all[i].name) == name) found.push_back(i);
  return found;
}

std::vector<std::string> base_names(const std::vector<runtime::NamedUnit>& all) {
  std::vector<std::string> names;
  for (const auto& one : all)
    if (names.empty() || names.back() != base_name(one.name)) names.push_back(base_name(one.name));
  return names;
}

std::optional<Value> solution_field(Script& s, const Value& object, const Ident& name) {
  const runtime::ValueFunction& value = *object.as<Solution>()->value;
  if (name.text == "policy" || name.text == "gradient" || name.text == "error")
    return method(object, name.text);
  if (name.text == "residual") return Value{value.report.residual};
  if (name.text == "iterations") return Value{static_cast<double>(value.report.iterations)};
  if (name.text == "method") return Value{value.report.method};
  if (name.text == "report")
    return Value{report_text(*object.as<Solution>()->handle->model, value,
                             {s.context.options.threads, s.context.progress(), &s.context.phases})};
  return no_field(s, object, name, kSolutionFields);
}

std::optional<Value> policy_field(Script& s, const Value& object, const Ident& name) {
  const Method& policy = *object.as<Method>();
  const auto* solution = policy.object->as<Solution>();
  if (policy.name != "policy" || !solution) return no_field(s, object, name, {});
  const auto components = components_named(solution->value->controls, name.text);
  if (!components.empty()) return method(*policy.object, "policy", components);
  return no_field(s, object, name, base_names(solution->value->controls));
}

/// A number or matrix that a discrete-time step states: an equation "dt = 0.1", or the matrix
/// "P_dt" as `d.bellman(0.1).P`. One by one matrices are numbers.
std::optional<Value> step_field(Script& s, const Value& object, const Ident& name) {
  const Derivation& derivation = *object.as<Derivation>();
  const expr::Store& store = *derivation.handle->model->store;
  std::vector<std::string> known;
  for (const auto& matrix : derivation.step->matrices) {
    known.push_back(matrix.name.substr(0, matrix.name.find('_')));
    if (known.back() != name.text && matrix.name != name.text) continue;
    if (matrix.entries.size() == 1) return Value{matrix.entries[0]};
    return from_numeric({{matrix.rows, matrix.columns}, matrix.entries});
  }
  for (const derive::Equation& equation : derivation.step->equations) {
    if (store.op(equation.left) != expr::Op::Symbol) continue;
    const double value =
        expr::evaluate(store, equation.right, derivation.handle->model->bindings());
    if (std::isnan(value)) continue;
    known.push_back(store.name(store.symbol_of(equation.left)));
    if (known.back() == name.text) return Value{value};
  }
  return no_field(s, object, name, known);
}

std::optional<Value> derivation_field(Script& s, const Value& object, const Ident& name) {
  const Derivation& derivation = *object.as<Derivation>();
  if (derivation.step) return step_field(s, object, name);
  if (name.text == "bellman") return method(object, "bellman");
  const derive::Equations& equations = *derivation.handle->equations;
  const bool known = std::find(std::begin(kDerivationFields), std::end(kDerivationFields),
                               name.text) != std::end(kDerivationFields);
  if (known && equations.find(name.text)) {
    Derivation field = derivation;
    field.field = name.text;
    return Value{field};
  }
  std::vector<std::string> names;
  for (std::string_view field : kDerivationFields)
    if (field == "bellman" || equations.find(std::string(field))) names.emplace_back(field);
  return no_field(s, object, name, names, equations.why_absent(name.text));
}

/// The last values of all paths.
Value final_values(const runtime::Ensemble& paths, std::size_t state) {
  return make_list(paths.final_values[state]);
}

Value final_record(const runtime::Ensemble& paths) {
  std::vector<std::pair<std::string, Value>> fields;
  for (const std::string& name : base_names(paths.states)) {
    std::vector<Value> values;
    for (std::size_t state : components_named(paths.states, name))
      values.push_back(final_values(paths, state));
    fields.emplace_back(name, values.size() == 1 ? values[0] : make_list(std::move(values)));
  }
  return make_record(std::move(fields));
}

/// Of the last values; on a circle the circular standard deviation.
std::optional<Value> series_deviation(Script& s, const runtime::Ensemble& paths, std::size_t state,
                                      const Ident& name) {
  if (!paths.circle(state).round() && paths.final_values[state].size() < 2)
    return call_statistics(s, "std", {final_values(paths, state)}, name.span);
  return estimate_of(paths.last_deviation(state));
}

std::optional<Value> ensemble_field(Script& s, const Value& object, const Ident& name) {
  const EnsembleValue& ensemble = *object.as<EnsembleValue>();
  const runtime::Ensemble& paths = *ensemble.paths;
  if (name.text == "mean") {
    std::vector<Value> means;
    for (std::size_t i = 0; i < paths.states.size(); ++i)
      means.push_back(estimate_of(paths.last_mean(i)));
    return make_list(std::move(means));
  }
  if (name.text == "std") {
    std::vector<Value> deviations;
    for (std::size_t i = 0; i < paths.states.size(); ++i) {
      auto deviation = series_deviation(s, paths, i, name);
      if (!deviation) return {};
      deviations.push_back(std::move(*deviation));
    }
    return make_list(std::move(deviations));
  }
  if (name.text == "quantile") return method(object, "quantile");
  if (name.text == "cost")
    return Value{Estimate{paths.mean_cost(), paths.cost_standard_error(), paths.cost_bias}};
  if (name.text == "cost_error") return Value{paths.cost_error()};
  if (name.text == "final") return final_record(paths);
  if (name.text == "times") return make_list(paths.times);
  if (name.text == "paths") return Value{static_cast<double>(paths.paths)};
  if (name.text == "failed") return Value{static_cast<double>(paths.failed)};
  std::vector<Value> series;
  for (std::size_t state : components_named(paths.states, name.text))
    series.push_back({StateSeries{ensemble, state}});
  if (series.size() == 1) return series[0];
  if (!series.empty()) return make_list(std::move(series));
  std::vector<std::string> known = kEnsembleFields;
  for (const std::string& state : base_names(paths.states)) known.push_back(state);
  return no_field(s, object, name, known);
}

std::optional<Value> series_field(Script& s, const Value& object, const Ident& name) {
  const StateSeries& series = *object.as<StateSeries>();
  const runtime::Ensemble& paths = *series.ensemble.paths;
  if (name.text == "mean") return estimate_of(paths.last_mean(series.state));
  if (name.text == "final") return final_values(paths, series.state);
  if (name.text == "std") return series_deviation(s, paths, series.state, name);
  if (name.text == "quantile") return method(object, "quantile");
  return no_field(s, object, name, kSeriesFields);
}

std::optional<Value> record_field(Script& s, const Value& object, const Ident& name) {
  std::vector<std::string> known;
  for (const auto& [field, value] : *object.as<Record>()->fields) {
    if (field == name.text) return value;
    known.push_back(field);
  }
  return no_field(s, object, name, known);
}

/// A parameter's value, `merton.gamma`.
std::optional<Value> model_field(Script& s, const Value& object, const Ident& name) {
  std::vector<std::string> known;
  if (const auto& model = object.as<ModelValue>()->handle->model) {
    for (const model::Param& param : model->params) {
      if (param.name == name.text) return from_numeric({param.shape, param.value});
      known.push_back(param.name);
    }
  }
  return no_field(s, object, name, known);
}

}  // namespace

std::optional<Value> eval_field(Script& s, const Value& object, const Ident& name) {
  if (object.as<Solution>()) return solution_field(s, object, name);
  if (object.as<Method>()) return policy_field(s, object, name);
  if (object.as<Derivation>()) return derivation_field(s, object, name);
  if (object.as<EnsembleValue>()) return ensemble_field(s, object, name);
  if (object.as<StateSeries>()) return series_field(s, object, name);
  if (object.as<Record>()) return record_field(s, object, name);
  if (object.as<ModelValue>()) return model_field(s, object, name);
  if (const auto* estimate = object.as<Estimate>()) {
    if (name.text == "mean") return Value{estimate->mean};
    if (name.text == "error") return Value{estimate->error()};
    if (name.text == "standard_error") return Value{estimate->standard_error};
    if (name.text == "bias" && !std::isnan(estimate->bias)) return Value{estimate->bias};
    return no_field(s, object, name, kEstimateFields);
  }
  if (const auto* plan = object.as<PlanValue>()) {
    if (name.text == "method") return Value{plan->plan->name};
    if (name.text == "scheme") return Value{plan->plan->scheme};
    return no_field(s, object, name, kPlanFields);
  }
  return no_field(s, object, name, kNone);
}

void no_such_field(Script& s, const std::string& object, const Ident& name,
                   const std::vector<std::string>& known, std::string note) {
  auto& error =
      s.error(Kind::NoSuchField, name.span, fmt::format("{} has no field '{}'", object, name.text));
  if (!note.empty()) error.notes.push_back(std::move(note));
  if (const auto meant = diagnostics::did_you_mean(name.text, known)) {
    error.help = fmt::format("did you mean '{}'?", *meant);
  } else if (!known.empty()) {
    error.notes.push_back(fmt::format("it has {}", fmt::join(known, ", ")));
  }
}

std::vector<std::string> field_names(const Known& known) {
  switch (known.kind) {
    case Known::Kind::Solution:
      return kSolutionFields;
    case Known::Kind::Ensemble:
      return kEnsembleFields;
    case Known::Kind::Series:
      return kSeriesFields;
    case Known::Kind::Number:
      return kEstimateFields;
    case Known::Kind::Plan:
      return kPlanFields;
    case Known::Kind::Derivation:
      return {std::begin(kDerivationFields), std::end(kDerivationFields)};
    case Known::Kind::Record: {
      std::vector<std::string> names;
      for (const auto& [name, field] : *known.fields) names.push_back(name);
      return names;
    }
    default:
      return {};
  }
}

}  // namespace hopf::driver
