#include "driver/known.hpp"

#include "base/overloaded.hpp"

namespace hopf::driver {
namespace {

using Kind = Known::Kind;

constexpr std::size_t kMostItems = 1000;  // of a list whose entries are looked at one by one

Kind kind_of(const Method& method) {
  if (method.name == "policy") return Kind::Policy;
  if (method.name == "gradient") return Kind::Gradient;
  if (method.name == "error") return Kind::Error;
  return method.name == "bellman" ? Kind::Bellman : Kind::Quantile;
}

Kind kind_of(const Value& value) {
  return std::visit(
      base::Overloaded{
          [](const Nothing&) { return Kind::Nothing; }, [](double) { return Kind::Number; },
          [](const Estimate&) { return Kind::Number; }, [](bool) { return Kind::Truth; },
          [](const std::string&) { return Kind::Text; }, [](const List&) { return Kind::List; },
          [](const Record&) { return Kind::Record; },
          [](const Function&) { return Kind::Function; },
          [](const Builtin&) { return Kind::Builtin; },
          [](const ModelValue&) { return Kind::Model; },
          // A step made on request has fields of its own.
          [](const Derivation& d) { return d.step ? Kind::Anything : Kind::Derivation; },
          [](const PlanValue&) { return Kind::Plan; },
          [](const Solution&) { return Kind::Solution; },
          [](const EnsembleValue&) { return Kind::Ensemble; },
          [](const StateSeries&) { return Kind::Series; },
          [](const Method& m) { return kind_of(m); }},
      value.data);
}

std::shared_ptr<ModelHandle> handle_of(const Value& value) {
  if (const auto* model = value.as<ModelValue>()) return model->handle;
  if (const auto* derivation = value.as<Derivation>()) return derivation->handle;
  if (const auto* solution = value.as<Solution>()) return solution->handle;
  if (const auto* ensemble = value.as<EnsembleValue>()) return ensemble->handle;
  if (const auto* series = value.as<StateSeries>()) return series->ensemble.handle;
  if (const auto* method = value.as<Method>()) return handle_of(*method->object);
  return nullptr;
}

const char* words(Kind kind) {
  switch (kind) {
    case Kind::Nothing:
      return "nothing";
    case Kind::Number:
      return "a number";
    case Kind::Truth:
      return "true or false";
    case Kind::Text:
      return "a text";
    case Kind::List:
      return "a list";
    case Kind::Record:
      return "a record";
    case Kind::Function:
    case Kind::Builtin:
      return "a function";
    case Kind::Model:
      return "a model";
    case Kind::Derivation:
      return "a derivation";
    case Kind::Plan:
      return "a plan";
    case Kind::Solution:
      return "a solution";
    case Kind::Policy:
      return ".policy without its arguments";
    case Kind::Gradient:
      return ".gradient without its arguments";
    case Kind::Error:
      return ".error without its arguments";
    case Kind::Ensemble:
      return "an ensemble";
    case Kind::Series:
      return "a state of an ensemble";
    case Kind::Quantile:
      return ".quantile without its arguments";
    case Kind::Bellman:
      return ".bellman without its arguments";
    case Kind::Anything:
      break;
  }
  return "a value";
}

}  // namespace

Known known_value(const Value& value) {
  Known known{.kind = kind_of(value), .value = value, .model = handle_of(value)};
  if (const auto* list = value.as<List>(); list && list->items->size() <= kMostItems) {
    std::vector<Known> items;
    for (const Value& item : *list->items) items.push_back(known_value(item));
    known.items = std::make_shared<const std::vector<Known>>(std::move(items));
  }
  if (const auto* record = value.as<Record>()) {
    std::vector<std::pair<std::string, Known>> fields;
    for (const auto& [name, field] : *record->fields) fields.emplace_back(name, known_value(field));
    known.fields =
        std::make_shared<const std::vector<std::pair<std::string, Known>>>(std::move(fields));
  }
  if (const auto* method = value.as<Method>()) known.components = method->components.size();
  return known;
}

Known known_kind(Kind kind, std::shared_ptr<ModelHandle> model) {
  return {.kind = kind, .value = {}, .model = std::move(model)};
}

std::string describe(const Known& known) {
  if (known.value) return describe(*known.value);
  if (known.items) return "a list of " + std::to_string(known.items->size());
  return words(known.kind);
}

const model::Model* model_of(const Known& known) {
  return known.model && known.model->model ? &*known.model->model : nullptr;
}

}  // namespace hopf::driver
