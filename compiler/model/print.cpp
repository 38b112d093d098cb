#include "model/print.hpp"

#include <fmt/format.h>

#include <iterator>

namespace hopf::model {

namespace {

using Out = std::back_insert_iterator<std::string>;

const char* word(ControlGroup::Set set) {
  switch (set) {
    case ControlGroup::Set::Free:
      return "free";
    case ControlGroup::Set::Interval:
      return "interval";
    case ControlGroup::Set::Finite:
      return "finite";
    case ControlGroup::Set::Ball:
      return "ball";
    case ControlGroup::Set::Simplex:
      return "simplex";
  }
  return "";
}

std::string unit_suffix(const Model& model, const Unit& unit) {
  return model.has_units ? ": " + to_string(unit) : "";
}

/// "[1, 2]" for a vector, "[[1, 2], [3, 4]]" for a matrix.
std::string numbers(const std::vector<int>& shape, const std::vector<double>& value) {
  if (shape.empty()) return fmt::format("{}", value[0]);
  if (shape.size() == 1) return fmt::format("[{}]", fmt::join(value, ", "));
  std::string text;
  for (int row = 0; row < shape[0]; ++row) {
    auto first = value.begin() + row * shape[1];
    text += fmt::format("{}[{}]", row == 0 ? "" : ", ", fmt::join(first, first + shape[1], ", "));
  }
  return "[" + text + "]";
}

void print_names(const Model& model, Out out) {
  for (const Param& param : model.params)
    fmt::format_to(out, "  param {}{} = {}\n", param.name, unit_suffix(model, param.unit),
                   numbers(param.shape, param.value));
  for (const State& state : model.states) {
    fmt::format_to(out, "  state {}{}", state.name, unit_suffix(model, state.unit));
    if (state.lo)
      fmt::format_to(out, " in [{}, {}] {}{}", *state.lo, *state.hi, word(state.boundary),
                     state.boundary_defaulted ? " (default)" : "");
    if (state.absorb_value.valid())
      fmt::format_to(out, "({})", expr::print(*model.store, state.absorb_value));
    fmt::format_to(out, "\n");
  }
  for (const Control& control : model.controls) {
    const ControlGroup& group = model.groups[control.group];
    fmt::format_to(out, "  {} {}{} in [{}, {}] ({})\n",
                   group.disturbance ? "disturbance" : "control", control.name,
                   unit_suffix(model, control.unit), control.lo, control.hi, word(group.set));
  }
  for (const Noise& noise : model.noises) fmt::format_to(out, "  noise {}\n", noise.name);
  for (const Jump& jump : model.jumps)
    fmt::format_to(out, "  jump {} rate {}\n", jump.name, expr::print(*model.store, jump.rate));
  for (const Mark& mark : model.marks)
    fmt::format_to(out, "  mark {} = {}({})\n", mark.name, mark.family,
                   fmt::join(mark.parameters, ", "));
  if (model.density) fmt::format_to(out, "  density {}\n", *model.density);
  for (const Let& let : model.lets)
    fmt::format_to(out, "  let {} = {}\n", let.name, expr::print(*model.store, let.value));
}

void print_regime(const Model& model, Out out) {
  if (!model.regime) return;
  const Regime& regime = *model.regime;
  fmt::format_to(out, "  regime {} in 1..{}\n", regime.name, regime.count);
  for (int i = 0; i < regime.count; ++i) {
    fmt::format_to(out, "   ");
    for (int j = 0; j < regime.count; ++j)
      fmt::format_to(out, " {}", expr::print(*model.store, regime.rates[i * regime.count + j]));
    fmt::format_to(out, "\n");
  }
}

void print_correlation(const Model& model, Out out) {
  std::size_t count = model.noises.size();
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t j = i + 1; j < count; ++j)
      if (double c = model.correlation[i * count + j]; c != 0)
        fmt::format_to(out, "  d{} d{} = {} dt\n", model.noises[i].name, model.noises[j].name, c);
}

void print_dynamics(const Model& model, Out out) {
  expr::Store& store = *model.store;
  std::size_t noises = model.noises.size(), jumps = model.jumps.size();
  for (std::size_t i = 0; i < model.states.size(); ++i) {
    fmt::format_to(out, "  d{} = ({})*dt", model.states[i].name,
                   expr::print(store, model.drift[i]));
    for (std::size_t k = 0; k < noises; ++k)
      if (ExprId g = model.diffusion[i * noises + k]; !store.is_zero(g))
        fmt::format_to(out, " + ({})*d{}", expr::print(store, g), model.noises[k].name);
    for (std::size_t k = 0; k < jumps; ++k)
      if (ExprId h = model.jump_size[i * jumps + k]; !store.is_zero(h))
        fmt::format_to(out, " + ({})*d{}", expr::print(store, h), model.jumps[k].name);
    fmt::format_to(out, "\n");
  }
}

void print_amount(const Model& model, Out out, const char* name,
                  const std::optional<Amount>& amount) {
  if (amount) fmt::format_to(out, "  {} {}\n", name, expr::print(*model.store, amount->value));
}

void print_endpoint(Out out, const char* name, const std::optional<Endpoint>& end) {
  if (!end) return;
  fmt::format_to(out, "  {} {}([{}], [{}])\n", name, end->family, fmt::join(end->mean, ", "),
                 fmt::join(end->covariance, ", "));
}

void print_costs(const Model& model, Out out) {
  if (model.reward) fmt::format_to(out, "  (rewards, shown as costs)\n");
  print_amount(model, out, "lagrangian", model.lagrangian);
  print_amount(model, out, "terminal", model.terminal);
  if (model.horizon) fmt::format_to(out, "  horizon {}\n", *model.horizon);
  print_amount(model, out, "discount", model.discount);
  if (model.until) {
    fmt::format_to(out, "  until {}\n", expr::print(*model.store, model.until->condition));
    print_amount(model, out, "pay", model.until->pay);
  }
  print_amount(model, out, "stop pays", model.stop_pays);
  for (const Amount& constraint : model.constraints)
    fmt::format_to(out, "  subject to {}\n", expr::print(*model.store, constraint.value));
  if (model.average) fmt::format_to(out, "  average\n");
  print_endpoint(out, "initial", model.initial);
  print_endpoint(out, "final", model.final_);
  if (model.has_units) fmt::format_to(out, "  value in {}\n", to_string(model.cost_unit));
}

}  // namespace

std::string print(const Model& model) {
  std::string text = fmt::format("model {} {{\n", model.name);
  Out out = std::back_inserter(text);
  print_names(model, out);
  print_regime(model, out);
  print_correlation(model, out);
  print_dynamics(model, out);
  print_costs(model, out);
  return text + "}\n";
}

}  // namespace hopf::model
