#include "model/declarations.hpp"

#include <cmath>

#include "model/arithmetic.hpp"
#include "model/bare_times.hpp"
#include "model/evaluate.hpp"
#include "model/laws.hpp"
#include "model/matrix.hpp"
#include "model/params.hpp"

namespace hopf::model {

namespace {

/// {} without a count, else {n}; nothing after an error.
std::optional<Shape> declared_shape(Context& context, const std::optional<NodeId>& count) {
  if (!count) return Shape{};
  auto n = positive_count(context, *count);
  if (!n) return std::nullopt;
  return Shape{*n};
}

void finish(Context& context, Entry& entry, const Shape& shape) {
  std::vector<ExprId> entries;
  for (std::size_t i = 0; i < entry_count(shape); ++i)
    entries.push_back(
        scaled(context, context.store().symbol(component_name(entry.name, shape, i)), entry.scale));
  entry.count = static_cast<int>(entries.size());
  entry.value = shaped_value(shape, std::move(entries), entry.span);
  entry.value.unit = entry.unit;
}

void declare(Context& context, Entry& entry, const syntax::StateDecl& state) {
  entry.unit = declared_unit(context, entry, state.unit);
  auto shape = declared_shape(context, state.count);
  if (!shape) return;
  entry.first = static_cast<int>(context.model.states.size());
  finish(context, entry, *shape);
  for (int i = 0; i < entry.count; ++i) {
    State component;
    component.name = component_name(entry.name, *shape, i);
    component.base = entry.name;
    component.symbol = context.store().symbol_id(component.name);
    component.boundary = state.boundary;
    component.span = entry.span;
    context.model.states.push_back(component);
  }
}

void declare(Context& context, Entry& entry, const syntax::ControlDecl& control) {
  entry.unit = declared_unit(context, entry, control.unit);
  auto shape = declared_shape(context, control.count);
  if (!shape) return;
  entry.first = static_cast<int>(context.model.controls.size());
  finish(context, entry, *shape);
  ControlGroup group;
  group.name = entry.name;
  group.disturbance = control.disturbance;
  group.span = entry.span;
  for (int i = 0; i < entry.count; ++i) {
    group.components.push_back(entry.first + i);
    Control component;
    component.name = component_name(entry.name, *shape, i);
    component.symbol = context.store().symbol_id(component.name);
    component.lo = -INFINITY;
    component.hi = INFINITY;
    component.group = static_cast<int>(context.model.groups.size());
    context.model.controls.push_back(component);
  }
  context.model.groups.push_back(std::move(group));
}

void declare(Context& context, Entry& entry, const syntax::NoiseDecl& noise) {
  auto shape = declared_shape(context, noise.count);
  if (!shape) return;
  entry.first = static_cast<int>(context.model.noises.size());
  finish(context, entry, *shape);
  for (int i = 0; i < entry.count; ++i)
    context.model.noises.push_back({component_name(entry.name, *shape, i), entry.span});
}

void declare(Context& context, Entry& entry, const syntax::JumpDecl&) {
  entry.first = static_cast<int>(context.model.jumps.size());
  finish(context, entry, {});
  context.model.jumps.push_back({entry.name, context.store().integer(0), entry.span});
}

void declare(Context& context, Entry& entry, const syntax::MarkDecl& mark) {
  if (context.check_units) entry.unit = context.units.fresh(entry.name, entry.span);
  finish(context, entry, {});
  elaborate_mark(context, entry, mark);
}

void declare(Context& context, Entry& entry, const syntax::RegimeDecl& regime) {
  Value range = evaluate_range(context, model_frame(context), regime.range);
  if (range.poison()) return;
  if (range.first != 1 || range.last < 2) {
    poison(context, Kind::InvalidRegime, range.span,
           "the values of a regime are 1..n with n at least 2, not " + std::to_string(range.first) +
               ".." + std::to_string(range.last));
    return;
  }
  finish(context, entry, {});
  Regime made;
  made.name = entry.name;
  made.symbol = context.store().symbol_id(entry.name);
  made.count = range.last;
  made.span = entry.span;
  context.model.regime = std::move(made);
}

void declare(Context& context, Entry& entry, const syntax::DensityDecl&) {
  if (context.check_units) entry.unit = context.units.fresh(entry.name, entry.span);
  finish(context, entry, {});
  context.model.density = entry.name;
}

template <class Other>
void declare(Context&, Entry&, const Other&) {}

}  // namespace

void declare_symbols(Context& context) {
  for (const std::string& name : context.order) {
    Entry& entry = context.names.at(name);
    if (entry.role == Role::Param || entry.role == Role::Let) continue;
    std::visit([&](const auto& d) { declare(context, entry, d); }, entry.declaration->value);
    entry.status = Entry::Status::Done;
  }
}

// ---- domains

namespace {

void elaborate_domain(Context& context, const Entry& entry, const syntax::StateDecl& state) {
  if (!state.domain) {
    if (state.boundary != syntax::BoundaryKind::Default)
      poison(context, Kind::BoundaryWithoutDomain, state.boundary_span,
             "'" + entry.name + "' has a boundary condition, but no domain",
             "write 'state " + entry.name + " in [a, b] ...'");
    return;
  }
  const syntax::Node& node = (*context.ast)[*state.domain];
  const auto* ends = std::get_if<syntax::ListLiteral>(&node.value);
  if (ends == nullptr || ends->items.size() != 2) {
    poison(context, Kind::EmptyDomain, node.span, "a domain is written '[lower, upper]'");
    return;
  }
  auto lo = declared_numbers(context, ends->items[0], entry, "the lower end of a domain");
  auto hi = declared_numbers(context, ends->items[1], entry, "the upper end of a domain");
  if (!lo || !hi) return;
  for (int i = 0; i < entry.count; ++i) {
    double a = (*lo)[i], b = (*hi)[i];
    if (!std::isfinite(a) || !std::isfinite(b)) {
      poison(context, Kind::InfiniteDomain, node.span,
             "the domain of '" + entry.name + "' must be finite",
             "choose a box that holds the states of interest, or leave the domain out");
      return;
    }
    if (!(a < b)) {
      poison(
          context, Kind::EmptyDomain, node.span,
          "the domain of '" + entry.name + "' is empty: its lower end is not below its upper end");
      return;
    }
    context.model.states[entry.first + i].lo = a;
    context.model.states[entry.first + i].hi = b;
  }
}

}  // namespace

void elaborate_domains(Context& context) {
  for (const std::string& name : context.order) {
    const Entry& entry = context.names.at(name);
    if (entry.role != Role::State || entry.value.poison()) continue;
    elaborate_domain(context, entry, std::get<syntax::StateDecl>(entry.declaration->value));
  }
}

// ---- correlation and rates

namespace {

/// Why a matrix is no correlation matrix, or nothing.
std::string correlation_fault(const std::vector<double>& c, int n) {
  for (int i = 0; i < n; ++i) {
    if (c[i * n + i] != 1) return "its diagonal must be 1";
    for (int j = 0; j < n; ++j)
      if (c[i * n + j] != c[j * n + i]) return "it is not symmetric";
  }
  return positive_definite(c, n) ? "" : "it is not positive definite";
}

void elaborate_correlation(Context& context, const Entry& entry, NodeId id) {
  Value value = evaluate(context, model_frame(context), id);
  if (!require_number(context, value)) return;
  if (!require_dimensionless(context, value, "a correlation")) return;
  if (value.shape != Shape{entry.count, entry.count}) {
    poison(context, Kind::InvalidCorrelation, value.span,
           "the correlation of '" + entry.name + "' must be a " + std::to_string(entry.count) +
               "x" + std::to_string(entry.count) + " matrix, but this is " + describe(value.shape));
    return;
  }
  std::vector<double> numbers;
  for (ExprId component : value.entries) {
    auto number = constant(context, component);
    if (!number) {
      poison(context, Kind::NotConstant, value.span,
             "a correlation must depend on parameters only");
      return;
    }
    numbers.push_back(*number);
  }
  std::string fault = correlation_fault(numbers, entry.count);
  if (!fault.empty()) {
    poison(context, Kind::InvalidCorrelation, value.span,
           "this is no correlation matrix: " + fault);
    return;
  }
  auto total = context.model.noises.size();
  for (int i = 0; i < entry.count; ++i)
    for (int j = 0; j < entry.count; ++j)
      context.model.correlation[(entry.first + i) * total + entry.first + j] =
          numbers[i * entry.count + j];
}

void elaborate_jump_rate(Context& context, const Entry& entry, NodeId id) {
  Value value = evaluate(context, model_frame(context), id);
  if (!require_scalar(context, value, "a jump rate")) return;
  if (refuse_bare_time(context, value, BareKind::Rate, "a jump rate", "rate_" + entry.name, "rate"))
    return;
  if (!value.literal &&
      !require_unit(context, value, seconds({-1, 1}), Kind::RateUnit, "a jump rate"))
    return;
  auto number = constant(context, value.entries[0]);
  if (number && !(*number >= 0 && std::isfinite(*number))) {
    poison(context, Kind::InvalidRate, value.span,
           "the rate of '" + entry.name + "' must be a finite number that is not negative");
    return;
  }
  context.model.jumps[entry.first].rate = value.entries[0];
}

/// Why a matrix of rates generates no Markov chain, or nothing. Entries that depend on the state
/// are checked by their symbolic row sum only.
std::string rates_fault(Context& context, const std::vector<ExprId>& rates, int n) {
  expr::Store& store = context.store();
  for (int i = 0; i < n; ++i) {
    std::vector<ExprId> row(rates.begin() + i * n, rates.begin() + (i + 1) * n);
    double size = 0;
    for (int j = 0; j < n; ++j) {
      auto number = constant(context, row[j]);
      if (!number) continue;
      size += std::abs(*number);
      if (i != j && !(*number >= 0))
        return "entry " + std::to_string(i + 1) + "," + std::to_string(j + 1) + " is negative";
    }
    ExprId total = expr::expand(store, store.add(row));
    auto number = constant(context, total);
    bool zero = number ? std::abs(*number) <= 1e-12 * size : false;
    if (!zero) return "row " + std::to_string(i + 1) + " does not sum to zero";
  }
  return "";
}

void elaborate_regime_rates(Context& context, const syntax::RegimeDecl& regime) {
  Value value = evaluate(context, model_frame(context), regime.rates);
  if (!require_number(context, value) || !context.model.regime) return;
  int n = context.model.regime->count;
  if (value.shape != Shape{n, n}) {
    poison(context, Kind::InvalidRates, value.span,
           "the rates of '" + regime.name.text + "' must be a " + std::to_string(n) + "x" +
               std::to_string(n) + " matrix, but this is " + describe(value.shape));
    return;
  }
  if (!value.literal &&
      !require_unit(context, value, seconds({-1, 1}), Kind::RateUnit, "a switching rate"))
    return;
  std::string fault = rates_fault(context, value.entries, n);
  if (!fault.empty()) {
    poison(context, Kind::InvalidRates, value.span, "these rates are no generator: " + fault,
           "off-diagonal entries are rates, the diagonal is minus their row sum");
    return;
  }
  context.model.regime->rates = value.entries;
}

}  // namespace

void elaborate_rates(Context& context) {
  auto total = context.model.noises.size();
  context.model.correlation.assign(total * total, 0);
  for (std::size_t i = 0; i < total; ++i) context.model.correlation[i * total + i] = 1;
  for (const std::string& name : context.order) {
    const Entry& entry = context.names.at(name);
    if (entry.value.poison() || entry.declaration == nullptr) continue;
    const auto& declaration = entry.declaration->value;
    if (const auto* noise = std::get_if<syntax::NoiseDecl>(&declaration);
        noise && noise->correlation)
      elaborate_correlation(context, entry, *noise->correlation);
    if (const auto* jump = std::get_if<syntax::JumpDecl>(&declaration))
      elaborate_jump_rate(context, entry, jump->rate);
    if (const auto* regime = std::get_if<syntax::RegimeDecl>(&declaration))
      elaborate_regime_rates(context, *regime);
  }
}

}  // namespace hopf::model
