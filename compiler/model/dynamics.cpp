#include "model/dynamics.hpp"

#include "model/arithmetic.hpp"
#include "model/evaluate.hpp"
#include "model/stratonovich.hpp"

namespace hopf::model {

namespace {

/// The components of a state that one equation is for.
struct Target {
  Entry* entry = nullptr;
  std::vector<int> components;  // 0-based
  Shape shape;                  // of the right-hand side
};

struct Equation {
  const syntax::DynamicsDecl& declaration;
  Span span;
};

std::vector<std::string> differentials_of_states(const Context& context, bool prime) {
  std::vector<std::string> names;
  for (const auto& [name, entry] : context.names)
    if (entry.role == Role::State) names.push_back(prime ? name : "d" + name);
  return names;
}

/// `x = ...` where `dx = ...` is meant.
void not_a_differential(Context& context, const syntax::Ident& target) {
  auto& diagnostic = report(context, Kind::NotADifferential, target.span,
                            "'" + target.text + "' is not a differential");
  diagnostic.primary_label = "a state's dynamics are written for its differential";
  diagnostic.help =
      "write 'd" + target.text + " = ...', or \"" + target.text + "' = ...\" for a noiseless state";
}

/// The state that `x_dot`, `xdot`, `dxdt` or `dx_dt` is the derivative of; empty for other names.
std::string dotted_state(Context& context, const std::string& text) {
  const auto state = [&](std::string name) {
    const Entry* entry = find(context, name);
    return entry != nullptr && entry->role == Role::State ? name : std::string();
  };
  for (const std::string suffix : {"_dot", "dot", "_t"})
    if (text.size() > suffix.size() && text.ends_with(suffix))
      if (auto name = state(text.substr(0, text.size() - suffix.size())); !name.empty())
        return name;
  for (const std::string suffix : {"_dt", "dt"})
    if (text.size() > suffix.size() + 1 && text[0] == 'd' && text.ends_with(suffix))
      if (auto name = state(text.substr(1, text.size() - suffix.size() - 1)); !name.empty())
        return name;
  return {};
}

void unknown_state(Context& context, const syntax::DynamicsDecl& declaration) {
  const std::string& text = declaration.target.text;
  if (const std::string state = dotted_state(context, text); !state.empty()) {
    auto& diagnostic = report(context, Kind::NotADifferential, declaration.target.span,
                              "'" + text + "' is not how a derivative is written");
    diagnostic.primary_label = "the derivative of '" + state + "'";
    diagnostic.help = "write \"" + state + "' = ...\"";
    return;
  }
  const Entry* other = find(context, declaration.prime || text[0] != 'd' ? text : text.substr(1));
  if (other != nullptr) {
    auto& diagnostic =
        report(context, Kind::UnknownState, declaration.target.span,
               "'" + other->name + "' is a " + role_name(other->role) + ", not a state");
    diagnostic.primary_label = "only states have equations of motion";
    diagnostic.labels.push_back({other->span, "declared here"});
    return;
  }
  if (left_out(context, declaration.prime || text[0] != 'd' ? text : text.substr(1))) return;
  std::string shown = declaration.prime ? text + "'" : text;
  auto& diagnostic = report(context, Kind::UnknownState, declaration.target.span,
                            "'" + shown + "' is the differential of no declared state");
  auto candidates = differentials_of_states(context, declaration.prime);
  const bool differential = text.size() > 1 && text[0] == 'd';
  if (auto guess = diagnostics::did_you_mean(text, candidates)) {
    diagnostic.help = "did you mean '" + *guess + (declaration.prime ? "'" : "") + "'?";
  } else if (declaration.prime || differential) {
    diagnostic.help = "declare 'state " + (declaration.prime ? text : text.substr(1)) + "'";
  } else {
    diagnostic.help = "write 'let " + text + " = ...' to name an expression, or 'param " + text +
                      " = ...' for a constant";
  }
}

Entry* target_state(Context& context, const syntax::DynamicsDecl& declaration) {
  const std::string& text = declaration.target.text;
  if (!declaration.prime && text.size() > 1 && text[0] == 'd') {
    Entry* entry = find(context, text.substr(1));
    if (entry != nullptr && entry->role == Role::State) return entry;
  }
  Entry* entry = find(context, text);
  if (entry != nullptr && entry->role == Role::State) {
    if (declaration.prime) return entry;
    not_a_differential(context, declaration.target);
    return nullptr;
  }
  unknown_state(context, declaration);
  return nullptr;
}

std::optional<Target> resolve_target(Context& context, const Frame& frame,
                                     const syntax::DynamicsDecl& declaration, Entry& entry) {
  Target target{&entry, {}, entry.value.shape};
  if (entry.value.poison()) return std::nullopt;
  if (declaration.indices.empty()) {
    for (int i = 0; i < entry.count; ++i) target.components.push_back(i);
    return target;
  }
  if (entry.value.scalar() || declaration.indices.size() > 1) {
    poison(context, Kind::NotIndexable, declaration.target.span,
           "'" + entry.name + "' is " + describe(entry.value.shape));
    return std::nullopt;
  }
  Value index = evaluate(context, frame, declaration.indices[0]);
  if (!require_scalar(context, index, "an index")) return std::nullopt;
  auto number = constant(context, index.entries[0]);
  if (!number || *number != static_cast<int>(*number)) {
    poison(context, Kind::IndexNotConstant, index.span, "an index must be a whole constant");
    return std::nullopt;
  }
  if (*number < 1 || *number > entry.count) {
    poison(context, Kind::IndexOutOfRange, index.span,
           "index " + std::to_string(static_cast<int>(*number)) + " is outside 1.." +
               std::to_string(entry.count));
    return std::nullopt;
  }
  target.components = {static_cast<int>(*number) - 1};
  target.shape = {};
  return target;
}

bool right_shape(Context& context, const Target& target, const Value& value) {
  if (value.shape == target.shape) return true;
  auto& diagnostic = report(context, Kind::DynamicsShape, value.span,
                            "'" + target.entry->name + "' is " + describe(target.shape) +
                                ", but its dynamics are " + describe(value.shape));
  diagnostic.primary_label = "this is " + describe(value.shape);
  diagnostic.labels.push_back({target.entry->span, "declared here"});
  return false;
}

/// dt, then the noises, then the jumps: the order in which as_affine sees them.
std::vector<SymbolId> differential_symbols(Context& context) {
  std::vector<SymbolId> symbols = {context.store().symbol_id("dt")};
  for (const Noise& noise : context.model.noises)
    symbols.push_back(context.store().symbol_id("d" + noise.name));
  for (const Jump& jump : context.model.jumps)
    symbols.push_back(context.store().symbol_id("d" + jump.name));
  return symbols;
}

/// dx = f dt + g dw + h dN, split by its coefficients.
bool split(Context& context, int row, ExprId entry, Span span) {
  expr::Store& store = context.store();
  auto symbols = differential_symbols(context);
  auto affine = expr::as_affine(store, entry, symbols);
  if (!affine) {
    poison(context, Kind::NotAffineInDifferentials, span,
           "this right-hand side is not linear in the differentials",
           "each term is a coefficient times one of dt, dw, dN");
    return false;
  }
  if (!store.is_zero(expr::expand(store, affine->constant))) {
    poison(context, Kind::TermWithoutDifferential, span,
           "this right-hand side has a term without a differential",
           "multiply the drift by dt, as in 'dx = f*dt + g*dw'");
    return false;
  }
  Model& model = context.model;
  std::size_t noises = model.noises.size(), jumps = model.jumps.size();
  model.drift[row] = affine->linear[0];
  for (std::size_t k = 0; k < noises; ++k)
    model.diffusion[row * noises + k] = affine->linear[1 + k];
  for (std::size_t k = 0; k < jumps; ++k)
    model.jump_size[row * jumps + k] = affine->linear[1 + noises + k];
  return true;
}

struct Progress {
  std::vector<Span> seen;  // by state component; invalid where no equation was found
  std::vector<bool> stratonovich;
  bool failed = false;
};

bool claim(Context& context, Progress& progress, const Target& target, Span span) {
  for (int component : target.components) {
    int row = target.entry->first + component;
    if (progress.seen[row].valid()) {
      auto& diagnostic =
          report(context, Kind::DuplicateDynamics, span,
                 "the dynamics of '" + context.model.states[row].name + "' are given twice");
      diagnostic.primary_label = "second equation";
      diagnostic.labels.push_back({progress.seen[row], "first equation"});
      return false;
    }
    progress.seen[row] = span;
    context.model.states[row].dynamics_span = span;
  }
  return true;
}

void elaborate_equation(Context& context, const Frame& frame, const Equation& equation,
                        Entry& entry, Progress& progress) {
  const auto& declaration = equation.declaration;
  auto target = resolve_target(context, frame, declaration, entry);
  if (!target || !claim(context, progress, *target, equation.span)) {
    progress.failed = true;
    return;
  }
  Value value = evaluate(context, frame, declaration.value);
  UnitTerm unit = entry.unit;
  if (declaration.prime) unit = over(unit, seconds({1, 1}));
  bool fits = require_number(context, value) && right_shape(context, *target, value) &&
              require_unit(context, value, unit, Kind::DynamicsUnit,
                           declaration.prime ? "the rate of '" + entry.name + "'"
                                             : "the differential of '" + entry.name + "'");
  for (std::size_t i = 0; fits && i < target->components.size(); ++i) {
    int row = entry.first + target->components[i];
    ExprId side = scaled(context, value.entries[i], 1 / entry.scale);
    if (declaration.prime) {
      context.model.drift[row] = side;
    } else {
      fits = split(context, row, side, value.span);
    }
    progress.stratonovich[row] = declaration.stratonovich;
  }
  progress.failed = progress.failed || !fits;
}

void elaborate_declaration(Context& context, const Equation& equation, Progress& progress) {
  const auto& declaration = equation.declaration;
  Entry* entry = target_state(context, declaration);
  if (entry == nullptr) {
    progress.failed = true;
    return;
  }
  Frame frame = model_frame(context);
  frame.differentials = !declaration.prime;
  if (!declaration.loop_variable) {
    elaborate_equation(context, frame, equation, *entry, progress);
    return;
  }
  Value range = evaluate_range(context, frame, *declaration.loop_range);
  if (range.poison()) progress.failed = true;
  for (int i = range.first; !range.poison() && !progress.failed && i <= range.last; ++i) {
    Value variable = number_value(context.store().integer(i), declaration.loop_variable->span);
    variable.literal = true;
    frame.locals[declaration.loop_variable->text] = variable;
    elaborate_equation(context, frame, equation, *entry, progress);
  }
}

/// Optimal transport between two given laws needs no dynamics of its own.
bool transport_only(const syntax::ModelItem& item) {
  bool final_law = false;
  for (const syntax::Declaration& declaration : item.declarations) {
    if (std::holds_alternative<syntax::DynamicsDecl>(declaration.value)) return false;
    const auto* end = std::get_if<syntax::EndpointDecl>(&declaration.value);
    final_law = final_law || (end != nullptr && end->final);
  }
  return final_law;
}

void report_missing(Context& context, const syntax::ModelItem& item, const Progress& progress) {
  if (progress.failed || incomplete(context) || transport_only(item)) return;
  for (std::size_t row = 0; row < progress.seen.size(); ++row) {
    if (progress.seen[row].valid()) continue;
    const State& state = context.model.states[row];
    report(context, Kind::MissingDynamics, state.span,
           "the state '" + state.name + "' has no dynamics")
        .help =
        "add 'd" + state.name + " = ...*dt', or \"" + state.name + "' = 0\" if it is constant";
  }
}

}  // namespace

void elaborate_dynamics(Context& context, const syntax::ModelItem& item) {
  Model& model = context.model;
  ExprId zero = context.store().integer(0);
  std::size_t n = model.states.size();
  model.drift.assign(n, zero);
  model.diffusion.assign(n * model.noises.size(), zero);
  model.jump_size.assign(n * model.jumps.size(), zero);
  Progress progress{std::vector<Span>(n), std::vector<bool>(n), false};
  for (const syntax::Declaration& declaration : item.declarations)
    if (const auto* dynamics = std::get_if<syntax::DynamicsDecl>(&declaration.value))
      elaborate_declaration(context, {*dynamics, declaration.span}, progress);
  report_missing(context, item, progress);
  if (!progress.failed) correct_stratonovich(context, progress.stratonovich);
}

}  // namespace hopf::model
