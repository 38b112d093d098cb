// The printed step for the optimal controls: what was done, the stationary point, the law.
#include <fmt/format.h>

#include <algorithm>

#include "derive/internal.hpp"

namespace hopf::derive {

using expr::Store;

namespace {

void add_switching(Context& context, const ControlLaw& law, Step& step) {
  const auto& group = context.model.groups[law.group];
  const std::string S = fresh_name(context.model, "S");
  for (std::size_t i = 0; i < law.switching.size(); ++i) {
    if (!law.switching[i].valid()) continue;
    const std::string& name = context.model.controls[group.components[i]].name;
    Equation switching{context.store.symbol(fmt::format("{}[{}]", S, name)), law.switching[i]};
    switching.where = "the switching function";
    step.equations.push_back(switching);
  }
}

/// Says where the optimum is attained, when that is not everywhere.
void add_existence(Context& context, const ControlLaw& law, Step& step) {
  if (!law.exists.valid()) return;
  const auto& group = context.model.groups[law.group];
  const bool maximum = group.disturbance != context.model.reward;
  step.notes.push_back(
      fmt::format("{}: the {} is attained where {}", group.name, maximum ? "maximum" : "minimum",
                  text(context, readable(context, in_user_terms(context, law.exists)))));
}

/// Whether no state moves with the control, so that its law is the same whatever V is.
bool moves_nothing(const Context& context, const model::ControlGroup& group) {
  const auto& model = context.model;
  std::vector<SymbolId> symbols;
  for (int c : group.components)
    symbols.push_back(model.controls[static_cast<std::size_t>(c)].symbol);
  const auto still = [&](ExprId e) {
    return !e.valid() || !depends_on_any(context.store, e, symbols);
  };
  for (const auto* list : {&model.drift, &model.diffusion, &model.jump_size})
    if (!std::all_of(list->begin(), list->end(), still)) return false;
  return std::all_of(model.jumps.begin(), model.jumps.end(),
                     [&](const model::Jump& jump) { return still(jump.rate); });
}

void add_group(Context& context, const ControlLaw& law, Step& step) {
  Store& store = context.store;
  const auto& group = context.model.groups[law.group];
  step.notes.push_back(fmt::format("{}: {}", group.name, law.reason));
  if (law.form != ControlLaw::Form::None && moves_nothing(context, group))
    step.notes.push_back(fmt::format("{} is in no dynamics: it is chosen by the {} alone",
                                     group.name, context.model.reward ? "reward" : "running cost"));
  add_switching(context, law, step);
  bool cut = false;
  for (std::size_t i = 0; i < law.law.size(); ++i) {
    const ExprId name = store.symbol(context.model.controls[group.components[i]].symbol);
    const ExprId shown = on_paper(context, in_user_terms(context, law.shown[i]));
    const ExprId point = i < law.stationary.size() && law.stationary[i].valid()
                             ? tidy(store, in_user_terms(context, law.stationary[i]))
                             : ExprId();
    if (point.valid() && law.shown[i] == law.stationary[i]) {
      step.equations.push_back({name, shown.valid() ? shown : point, Equation::Form::Optimal});
      continue;
    }
    if (point.valid() && point != shown) {
      Equation stationary{name, point};
      stationary.where = "where the derivative of the Hamiltonian vanishes";
      step.equations.push_back(stationary);
    }
    cut = cut || !shown.valid();
    if (shown.valid()) step.equations.push_back({name, shown, Equation::Form::Optimal});
  }
  add_existence(context, law, step);
  if (cut && law.form == ControlLaw::Form::Quadratic) {
    step.notes.push_back(fmt::format(
        "{}: that point where it is the optimum inside the set, else the best point of the set's "
        "boundary; the cases are compiled, and too long to print",
        group.name));
  } else if (cut) {
    step.notes.push_back(
        fmt::format("{}: the cases are compiled, and too long to print", group.name));
  }
}

}  // namespace

void add_control_law(Context& context, Equations& eqs) {
  if (context.model.controls.empty()) return;
  Step step;
  step.field = "control_law";
  step.title = "Optimal control";
  step.source = "Fleming & Soner 2006, I.6; Boyd & Vandenberghe 2004, 4.2 and 8.1";
  const bool game = std::any_of(context.model.groups.begin(), context.model.groups.end(),
                                [](const auto& group) { return group.disturbance; });
  step.words = eqs.closed_form
                   ? "The optimiser of the Hamiltonian over the control set, in closed form."
                   : "The optimiser of the Hamiltonian over the control set, numerical where no "
                     "closed form holds.";
  if (game) {
    step.words +=
        " The players' terms separate or are convex-concave, so inf sup = sup inf (Isaacs' "
        "condition).";
  }
  for (const auto& law : eqs.laws) add_group(context, law, step);
  eqs.steps.push_back(std::move(step));
}

}  // namespace hopf::derive
