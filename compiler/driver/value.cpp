#include "driver/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/overloaded.hpp"
#include "driver/report.hpp"

namespace hopf::driver {

namespace {
constexpr int kMostDigits = 10;  // of a number that is printed
}

Value make_list(std::vector<Value> items) {
  return {List{std::make_shared<const std::vector<Value>>(std::move(items))}};
}

Value make_list(const std::vector<double>& items) {
  std::vector<Value> values;
  values.reserve(items.size());
  for (double item : items) values.push_back({item});
  return make_list(std::move(values));
}

Value make_record(std::vector<std::pair<std::string, Value>> fields) {
  return {Record{
      std::make_shared<const std::vector<std::pair<std::string, Value>>>(std::move(fields))}};
}

Value estimate_of(const runtime::Ensemble::Estimated& e) {
  if (e.standard_error == 0 && e.bias == 0) return {e.value};
  return {Estimate{e.value, e.standard_error, e.bias}};
}

std::optional<double> number_of(const Value& value) {
  if (const auto* number = value.as<double>()) return *number;
  if (const auto* estimate = value.as<Estimate>()) return estimate->mean;
  return {};
}

std::optional<Numeric> numeric_of(const Value& value) {
  if (const auto number = number_of(value)) return Numeric{{}, {*number}};
  const auto* list = value.as<List>();
  if (!list) return {};
  Numeric result;
  result.shape.push_back(static_cast<int>(list->items->size()));
  for (std::size_t i = 0; i < list->items->size(); ++i) {
    const Value& item = (*list->items)[i];
    const auto row = item.as<List>() ? numeric_of(item) : std::optional<Numeric>();
    const auto number = number_of(item);
    if (number && result.shape.size() == 1) {
      result.data.push_back(*number);
    } else if (row && row->shape.size() == 1 &&
               (i == 0 || (result.shape.size() == 2 && result.shape[1] == row->shape[0]))) {
      if (i == 0) result.shape.push_back(row->shape[0]);
      result.data.insert(result.data.end(), row->data.begin(), row->data.end());
    } else {
      return {};
    }
  }
  return result;
}

Value from_numeric(const Numeric& numeric) {
  if (numeric.shape.empty()) return {numeric.data[0]};
  if (numeric.shape.size() == 1) return make_list(numeric.data);
  std::vector<Value> rows;
  const std::size_t columns = static_cast<std::size_t>(numeric.shape[1]);
  for (int row = 0; row < numeric.shape[0]; ++row) {
    const auto first = numeric.data.begin() + static_cast<std::ptrdiff_t>(row * columns);
    rows.push_back(
        make_list(std::vector<double>(first, first + static_cast<std::ptrdiff_t>(columns))));
  }
  return make_list(std::move(rows));
}

std::string describe(const Value& value) {
  const auto list = [&](const List& list) {
    const auto numeric = numeric_of(value);
    if (numeric && numeric->shape.size() == 2)
      return fmt::format("a {} x {} matrix", numeric->shape[0], numeric->shape[1]);
    return fmt::format("a list of {}", list.items->size());
  };
  return std::visit(
      base::Overloaded{
          [](const Nothing&) -> std::string { return "nothing"; },
          [](double) -> std::string { return "a number"; },
          [](const Estimate&) -> std::string { return "an estimate"; },
          [](bool) -> std::string { return "true or false"; },
          [](const std::string&) -> std::string { return "a text"; },
          [&](const List& l) -> std::string { return list(l); },
          [](const Record&) -> std::string { return "a record"; },
          [](const Function& f) -> std::string { return "the function " + f.item->name.text; },
          [](const Builtin& b) -> std::string { return "the function " + b.name; },
          [](const ModelValue& m) -> std::string {
            return "the model " + m.handle->item->name.text;
          },
          [](const Derivation&) -> std::string { return "a derivation"; },
          [](const PlanValue&) -> std::string { return "a plan"; },
          [](const Solution&) -> std::string { return "a solution"; },
          [](const EnsembleValue&) -> std::string { return "an ensemble"; },
          [](const StateSeries&) -> std::string { return "a state of an ensemble"; },
          [](const Method& m) -> std::string { return "." + m.name + " without its arguments"; }},
      value.data);
}

std::string number_text(double value) {
  if (value == 0) return "0";
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (std::floor(value) == value && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
  return fmt::format("{:.{}g}", value, kMostDigits);
}

namespace {

/// The error in the digits that are worth printing: one, or two where the first is 1, rounded up.
struct RoundedError {
  double value;
  int place;  // of its last digit: 10^place
};

RoundedError rounded_up(double error) {
  const int first = static_cast<int>(std::floor(std::log10(error)));
  // A hair of tolerance, so that .03 stays .03 and does not become .04.
  const auto count = [&](int place) {
    return std::ceil(error / std::pow(10.0, place) * (1 - 1e-12));
  };
  const int place = count(first - 1) < 20 ? first - 1 : first;
  return {count(place) * std::pow(10.0, place), place};
}

}  // namespace

std::string estimate_text(const Estimate& estimate) {
  const double V = estimate.mean, error = estimate.error();
  if (error == 0 || !std::isfinite(V)) return number_text(V);
  if (!std::isfinite(error)) return fmt::format("{:.2g} ± ?", V);
  const int magnitude = V == 0 ? -300 : static_cast<int>(std::floor(std::log10(std::abs(V))));
  // No more digits than a number has otherwise.
  const double least = V == 0 ? 0 : std::pow(10.0, magnitude + 1 - kMostDigits);
  const RoundedError shown = rounded_up(std::max(error, least));
  const int largest = std::max(magnitude, shown.place);
  if (largest < -4 || largest > 14) {
    const double mean = magnitude < shown.place - 1 ? 0 : V;
    return mean == 0 ? fmt::format("0 ± {:.2g}", shown.value)
                     : fmt::format("{:.{}e} ± {:.2g}", mean, std::max(magnitude - shown.place, 0),
                                   shown.value);
  }
  const int decimals = std::max(0, -shown.place);
  const double unit = std::pow(10.0, shown.place);
  const double mean = shown.place > 0 ? std::round(V / unit) * unit : V;
  return fmt::format("{:.{}f} ± {:.{}f}", mean, decimals, shown.value, decimals);
}

namespace {

std::string list_text(const List& list) {
  std::string text = "[";
  for (const Value& item : *list.items) text += (text.size() > 1 ? ", " : "") + to_text(item);
  return text + "]";
}

std::string record_text(const Record& record) {
  std::string text = "{";
  for (const auto& [name, item] : *record.fields)
    text += fmt::format("{}{}: {}", text.size() > 1 ? ", " : "", name, to_text(item));
  return text + "}";
}

std::string model_text(const ModelHandle& handle) {
  std::string changed;
  for (const auto& setting : handle.overrides) {
    const Value value = from_numeric({setting.shape, setting.value});
    changed += fmt::format("{}{} = {}", changed.empty() ? "" : ", ", setting.name, to_text(value));
  }
  return fmt::format("model {}{}", handle.item->name.text,
                     changed.empty() ? "" : "(" + changed + ")");
}

std::string derivation_text(const Derivation& derivation) {
  const ModelHandle& handle = *derivation.handle;
  if (!derivation.step)
    return render(*handle.model, *handle.equations, derivation.style, derivation.field);
  derive::Equations one = *handle.equations;
  one.steps = {*derivation.step};
  return render(*handle.model, one, derivation.style);
}

std::string ensemble_text(const runtime::Ensemble& paths) {
  const auto in = [](std::string number, const std::string& unit) {
    return unit.empty() || unit == "1" ? number : number + " " + unit;
  };
  const std::string second = paths.cost_unit.empty() ? "" : "s";
  const std::string how =
      paths.ordinary ? "without noise, order 5" : "step " + in(number_text(paths.step), second);
  const double until = paths.times.empty() ? 0 : paths.times.back();
  std::string text =
      fmt::format("{} path{} of {}, {}, until {}\n", paths.paths, paths.paths == 1 ? "" : "s",
                  paths.model, how, in(number_text(until), second));
  for (std::size_t i = 0; i < paths.states.size(); ++i)
    text += fmt::format("  mean of {}: {}\n", paths.states[i].name,
                        in(to_text(estimate_of(paths.last_mean(i))), paths.states[i].unit));
  if (paths.failed > 0)
    text += fmt::format("  left out: {} of them, which became NaN or infinite\n", paths.failed);
  const Estimate cost{paths.mean_cost(), paths.cost_standard_error(), paths.cost_bias};
  const std::string rest = paths.tail_from_value ? fmt::format(", with V for what comes after {}",
                                                               in(number_text(until), second))
                                                 : "";
  return text + fmt::format("  {}: {}{}\n", paths.reward ? "reward" : "cost",
                            in(estimate_text(cost), paths.cost_unit), rest);
}

}  // namespace

std::string to_text(const Value& value) {
  return std::visit(
      base::Overloaded{
          [](const Nothing&) -> std::string { return ""; },
          [](double number) -> std::string { return number_text(number); },
          [](const Estimate& e) -> std::string { return estimate_text(e); },
          [](bool b) -> std::string { return b ? "true" : "false"; },
          [](const std::string& s) -> std::string { return s; },
          [](const List& l) -> std::string { return list_text(l); },
          [](const Record& r) -> std::string { return record_text(r); },
          [](const Function& f) -> std::string { return "fn " + f.item->name.text; },
          [](const Builtin& b) -> std::string { return "function " + b.name; },
          [](const ModelValue& m) -> std::string { return model_text(*m.handle); },
          [](const Derivation& d) -> std::string { return derivation_text(d); },
          [](const PlanValue& p) -> std::string { return plan::render(*p.handle->model, *p.plan); },
          [](const Solution& s) -> std::string { return summary(*s.value); },
          [](const EnsembleValue& e) -> std::string { return ensemble_text(*e.paths); },
          [](const StateSeries& s) -> std::string {
            return fmt::format("{} of {} paths", s.ensemble.paths->states[s.state].name,
                               s.ensemble.paths->paths);
          },
          [](const Method& m) -> std::string { return "." + m.name; }},
      value.data);
}

}  // namespace hopf::driver
