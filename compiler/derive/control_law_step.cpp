// The printed step for the optimal controls: what was done, the stationary point, the law.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "derive/internal.hpp"
#include "expr/traverse.hpp"

namespace hopf::derive {

using expr::Store;

namespace {

/// An unbounded end stands as 1e30 in a law; on paper it is no bound at all.
ExprId without_far_ends(Store& store, ExprId law) {
  std::vector<ExprId> pending{law};
  std::vector<std::pair<ExprId, ExprId>> replacements;
  const ExprId far = store.number(kFar), minus_far = store.number(-kFar);
  while (!pending.empty()) {
    const ExprId e = pending.back();
    pending.pop_back();
    const std::vector<ExprId> args(store.args(e).begin(), store.args(e).end());
    pending.insert(pending.end(), args.begin(), args.end());
    if (args.size() != 2 || (store.op(e) != expr::Op::Min && store.op(e) != expr::Op::Max))
      continue;
    const bool first = args[0] == far || args[0] == minus_far,
               second = args[1] == far || args[1] == minus_far;
    if (first != second) replacements.emplace_back(e, first ? args[1] : args[0]);
  }
  for (auto [from, to] : replacements) law = replace_node(store, law, from, to);
  return law;
}

/// Nodes of the expression written out as a tree, saturating: what a reader would face.
double written_size(const Store& store, ExprId e) {
  std::unordered_map<ExprId, double> size;
  for (ExprId node : expr::topological(store, e)) {
    double total = 1;
    for (ExprId arg : store.args(node)) total += size[arg];
    size[node] = std::min(total, 1e9);
  }
  return size[e];
}

/// A law that compares many faces is compiled as it is, but nobody can read it.
constexpr double kLongestLaw = 400;

void add_group(Context& context, Equations& eqs, const ControlLaw& law, Step& step) {
  Store& store = context.store;
  const auto& model = context.model;
  const auto& group = model.groups[law.group];
  step.notes.push_back(fmt::format("{}: {}", group.name, law.reason));
  if (law.switching.valid()) {
    Equation switching{store.symbol(fresh_name(model, "S_" + group.name)),
                       in_user_terms(context, eqs, law.switching)};
    if (model.reward) switching.right = store.neg(switching.right);
    switching.where = "the switching function";
    step.equations.push_back(switching);
  }
  bool cut = false;
  for (std::size_t i = 0; i < law.law.size(); ++i) {
    const std::string& name = model.controls[group.components[i]].name;
    const ExprId shown =
        tidy(store, without_far_ends(store, in_user_terms(context, eqs, law.law[i])));
    const ExprId point = i < law.stationary.size() && law.stationary[i].valid()
                             ? tidy(store, in_user_terms(context, eqs, law.stationary[i]))
                             : ExprId();
    if (point.valid() && point != shown) {
      Equation stationary{store.symbol(name), point};
      stationary.where = "where the derivative of the Hamiltonian vanishes";
      step.equations.push_back(stationary);
    }
    if (point.valid() && written_size(store, shown) > kLongestLaw) {
      cut = true;
      continue;
    }
    step.equations.push_back({store.symbol(name), shown, Equation::Form::Optimal});
  }
  if (cut) {
    step.notes.push_back(fmt::format(
        "{}: that point where it is a minimum inside the set, else the best point of the set's "
        "boundary; the cases are compiled, and too long to print",
        group.name));
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
  for (const auto& law : eqs.laws) add_group(context, eqs, law, step);
  eqs.steps.push_back(std::move(step));
}

}  // namespace hopf::derive
