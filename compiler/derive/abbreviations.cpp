// The model's own `let` names in what is printed: beta rather than beta_0 + t (beta_1 - beta_0).
//
// Names are inlined for everything that computes. For reading, the equations are derived once more
// from a copy of the model in which abbreviations that no state and no control moves are symbols;
// its steps are shown where both derivations say the same.
#include <algorithm>
#include <optional>
#include <utility>

#include "derive/internal.hpp"

namespace hopf::derive {

namespace {

/// An abbreviation that is constant in the derivation: over parameters and time only. Where the
/// equations of motion are differentiated by time it must not hide t.
bool is_coefficient(const model::Model& model, const model::Let& let, bool time_hides) {
  if (!let.value.valid()) return false;
  const expr::Store& store = *model.store;
  if (store.args(let.value).empty()) return false;  // another name for something with a name
  const auto& params = model.params;
  for (const SymbolId symbol : expr::free_symbols(store, let.value)) {
    if (symbol == model.time) {
      if (time_hides) return false;
      continue;
    }
    if (std::none_of(params.begin(), params.end(),
                     [&](const model::Param& p) { return p.symbol == symbol; }))
      return false;
  }
  return true;
}

/// Every expression that the derivation starts from.
std::vector<ExprId*> bodies(model::Model& model) {
  std::vector<ExprId*> result{&model.lagrangian.value};
  for (auto* list : {&model.drift, &model.diffusion, &model.jump_size}) {
    for (ExprId& e : *list) result.push_back(&e);
  }
  if (model.terminal) result.push_back(&model.terminal->value);
  if (model.discount) result.push_back(&model.discount->value);
  if (model.until && model.until->pay) result.push_back(&model.until->pay->value);
  if (model.stop_pays) result.push_back(&model.stop_pays->value);
  return result;
}

/// e with the symbol for the value, also where the canonical form has taken a minus sign inside.
ExprId named(expr::Store& store, ExprId e, ExprId value, ExprId symbol) {
  e = replace_node(store, e, store.neg(value), store.neg(symbol));
  return replace_node(store, e, value, symbol);
}

/// The copy with symbols, and what they stand for; `definitions` in the order of declaration.
struct Abbreviated {
  model::Model model;
  expr::Substitution meaning;
  std::vector<Equation> definitions;
};

Abbreviated abbreviated(const Context& context, bool time_hides) {
  Abbreviated result{context.model, {}, {}};
  expr::Store& store = context.store;
  std::vector<std::pair<ExprId, ExprId>> chosen;
  for (const model::Let& let : context.model.lets) {
    if (!is_coefficient(context.model, let, time_hides)) continue;
    const ExprId symbol = store.symbol(let.name);
    if (sign_of(context, let.value) == Sign::Positive)
      store.assume_positive(store.symbol_of(symbol));
    ExprId value = let.value;
    for (auto earlier = chosen.rbegin(); earlier != chosen.rend(); ++earlier)
      value = named(store, value, earlier->first, earlier->second);
    result.meaning[store.symbol_of(symbol)] = let.value;
    result.definitions.push_back({symbol, value});
    chosen.emplace_back(let.value, symbol);
  }
  // Later names first: they contain earlier ones.
  for (ExprId* body : bodies(result.model)) {
    for (auto let = chosen.rbegin(); let != chosen.rend() && body->valid(); ++let)
      *body = named(store, *body, let->first, let->second);
  }
  return result;
}

/// Do both derivations choose the same controls and find the same structure?
bool agree(expr::Store& store, const Equations& full, const Equations& shown,
           const expr::Substitution& meaning) {
  if (full.laws.size() != shown.laws.size() || full.closed_form != shown.closed_form ||
      full.hopf_cole != shown.hopf_cole)
    return false;
  for (std::size_t k = 0; k < full.laws.size(); ++k) {
    const ControlLaw &a = full.laws[k], &b = shown.laws[k];
    if (a.form != b.form || a.law.size() != b.law.size()) return false;
    for (std::size_t c = 0; c < a.law.size(); ++c) {
      if (expr::simplify(store, expr::substitute(store, b.law[c], meaning)) !=
          expr::simplify(store, a.law[c]))
        return false;
    }
  }
  return true;
}

bool mention(const expr::Store& store, const std::vector<Step>& steps, SymbolId symbol) {
  return std::any_of(steps.begin(), steps.end(),
                     [&](const Step& step) { return mentions(store, step, symbol); });
}

/// Definitions of names that the steps or the definitions after them mention.
std::vector<Equation> in_use(const expr::Store& store, const std::vector<Step>& steps,
                             const std::vector<Equation>& definitions) {
  std::vector<Equation> result;
  for (auto let = definitions.rbegin(); let != definitions.rend(); ++let) {
    const SymbolId symbol = store.symbol_of(let->left);
    const bool used = mention(store, steps, symbol) ||
                      std::any_of(result.begin(), result.end(), [&](const Equation& later) {
                        return expr::depends_on(store, later.right, symbol);
                      });
    if (used) result.insert(result.begin(), *let);
  }
  return result;
}

Step definitions_step(std::vector<Equation> definitions) {
  Step step;
  step.field = "abbreviations";
  step.title = "Abbreviations";
  step.words = "Names of the model that the equations below keep.";
  step.equations = std::move(definitions);
  return step;
}

}  // namespace

bool mentions(const expr::Store& store, const Step& step, SymbolId symbol) {
  const auto uses = [&](ExprId e) { return e.valid() && expr::depends_on(store, e, symbol); };
  for (const Equation& equation : step.equations) {
    if (uses(equation.right) || uses(equation.condition)) return true;
    for (const NoiseTerm& term : equation.noise) {
      if (uses(term.coefficient)) return true;
    }
  }
  return false;
}

void abbreviate(const Context& context, Equations& eqs) {
  Abbreviated shown = abbreviated(context, eqs.find("euler_lagrange") != nullptr);
  if (shown.definitions.empty()) return;
  diagnostics::Sink ignored;  // what there is to say was said for the model itself
  Context again = make_context(shown.model, ignored);
  for (const auto& [symbol, value] : shown.meaning)
    again.box[symbol] = expr::enclose(context.store, value, context.box);
  std::optional<Equations> steps = equations_again(again, eqs);
  if (!steps || !agree(context.store, eqs, *steps, shown.meaning)) return;
  eqs.steps = std::move(steps->steps);
  auto definitions = in_use(context.store, eqs.steps, shown.definitions);
  if (!definitions.empty())
    eqs.steps.insert(eqs.steps.begin(), definitions_step(std::move(definitions)));
}

}  // namespace hopf::derive
