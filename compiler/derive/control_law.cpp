// Optimal controls: the Hamiltonian is split into blocks of coupled components, and each block is
// minimised by the first rule that applies. Finite sets are eliminated last, by comparing the
// blocks' minima at their values.
#include "derive/control_law.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "derive/control_law_pole.hpp"
#include "derive/definite.hpp"

namespace hopf::derive {

using expr::Store;
using Set = model::ControlGroup::Set;

namespace {

constexpr std::size_t kFiniteLimit = 256;  // combinations of finite values that are enumerated

struct Elimination {
  Context& context;
  Equations& eqs;
  std::vector<SymbolId> symbols;  // of all controls
  std::vector<ExprId> terms;      // summands of the integrand that depend on controls
  std::vector<std::vector<int>> term_controls;
  expr::Substitution solved;                          // control -> law found so far
  std::vector<std::optional<BlockLaw>> by_component;  // the law of the block a component belongs to
  std::vector<ExprId> law;                            // per component
  std::vector<ExprId> stationary, shown;
  std::vector<ExprId> minima;  // of the blocks; invalid entries where one has cases
  std::vector<ExprId> rest;    // summands without controls
  std::vector<int> order;      // groups in the order in which they were eliminated
  bool ok = true;
};

bool is_finite_group(const model::Model& model, int control) {
  return model.groups[model.controls[control].group].set == Set::Finite;
}

void split_terms(Elimination& e) {
  Store& store = e.context.store;
  std::vector<ExprId> dependent;
  for (ExprId term : summands(store, e.eqs.hamiltonian_integrand)) {
    (depends_on_any(store, term, e.symbols) ? dependent : e.rest).push_back(term);
  }
  const ExprId expanded = expr::expand(store, store.add(dependent));
  for (ExprId term : summands(store, expanded)) {
    std::vector<int> controls;
    const auto free = expr::free_symbols(store, term);
    for (std::size_t c = 0; c < e.symbols.size(); ++c) {
      if (std::find(free.begin(), free.end(), e.symbols[c]) != free.end())
        controls.push_back(static_cast<int>(c));
    }
    if (controls.empty()) {
      e.rest.push_back(term);
      continue;
    }
    e.terms.push_back(term);
    e.term_controls.push_back(std::move(controls));
  }
}

/// Connected components of controls that share a term or a set that is no product. With
/// `skip_finite`, controls of finite sets are parameters.
std::vector<std::vector<int>> blocks_of(const Elimination& e, bool skip_finite) {
  const auto& model = e.context.model;
  std::vector<int> parent(model.controls.size());
  std::iota(parent.begin(), parent.end(), 0);
  auto root = [&parent](int c) {
    while (parent[c] != c) c = parent[c] = parent[parent[c]];
    return c;
  };
  auto skipped = [&](int c) { return skip_finite && is_finite_group(model, c); };
  auto join_all = [&](const std::vector<int>& controls) {
    int first = -1;
    for (int c : controls) {
      if (skipped(c)) continue;
      if (first < 0) first = c;
      parent[root(c)] = root(first);
    }
  };
  for (const auto& controls : e.term_controls) join_all(controls);
  for (const auto& group : model.groups) {
    if (group.set == Set::Ball || group.set == Set::Simplex || group.set == Set::Finite)
      join_all(group.components);
  }
  std::vector<std::vector<int>> blocks;
  std::vector<int> index(model.controls.size(), -1);
  for (int c = 0; c < static_cast<int>(model.controls.size()); ++c) {
    if (skipped(c)) continue;
    int& slot = index[root(c)];
    if (slot < 0) {
      slot = static_cast<int>(blocks.size());
      blocks.emplace_back();
    }
    blocks[slot].push_back(c);
  }
  return blocks;
}

Block make_block(const Elimination& e, const std::vector<int>& components) {
  const auto& model = e.context.model;
  Store& store = e.context.store;
  Block block{.components = components,
              .group = &model.groups[model.controls[components[0]].group]};
  for (int c : components) {
    const auto& control = model.controls[c];
    const auto& group = model.groups[control.group];
    const bool ball = group.set == Set::Ball;
    block.symbols.push_back(control.symbol);
    block.lo.push_back(ball ? -group.radius : control.lo);
    block.hi.push_back(ball ? group.radius : control.hi);
  }
  std::vector<ExprId> terms;
  for (std::size_t t = 0; t < e.terms.size(); ++t) {
    const bool touches = std::any_of(components.begin(), components.end(), [&](int c) {
      return std::binary_search(e.term_controls[t].begin(), e.term_controls[t].end(), c);
    });
    if (touches) terms.push_back(e.terms[t]);
  }
  block.objective = store.add(terms);
  if (is_disturbance(model, components[0])) block.objective = store.neg(block.objective);
  return block;
}

bool mixes_players(const model::Model& model, const std::vector<int>& components) {
  for (int c : components) {
    if (is_disturbance(model, c) != is_disturbance(model, components[0])) return true;
  }
  return false;
}

bool mixes_sets(const Elimination& e, const Block& block) {
  const auto& model = e.context.model;
  return std::any_of(block.components.begin(), block.components.end(),
                     [&](int c) {
                       const auto& group = model.groups[model.controls[c].group];
                       const bool product = group.set == Set::Interval || group.set == Set::Free ||
                                            group.components.size() == 1;
                       return !product && &group != block.group;
                     }) ||
         (!is_product_set(block) && block.components.size() != block.group->components.size());
}

std::string block_names(const Context& context, const std::vector<int>& components) {
  std::vector<std::string> names;
  for (int c : components) names.push_back(context.model.controls[c].name);
  return join(names, ", ");
}

BlockLaw numerical(const Elimination& e, const Block& block) {
  BlockLaw law{.form = Form::Numerical};
  const std::string names = block_names(e.context, block.components);
  std::string why;
  if (mixes_sets(e, block))
    why = "couples controls of different kinds of sets";
  else if (expr::as_quadratic(e.context.store, block.objective, block.symbols))
    why = "is quadratic, but this set has no closed form for it";
  else if (block.symbols.size() > 1)
    why = "couples several controls and is not quadratic in them";
  else
    why =
        "is neither linear nor quadratic in it, and its derivative is no chain of invertible "
        "functions";
  law.reason = fmt::format("{} numerically: the Hamiltonian's part in {} {}",
                           maximises(e.context, block) ? "maximised" : "minimised", names, why);
  return law;
}

/// A bounded set helps as little as an unbounded one where the cost falls without end at a point.
void report_pole(Elimination& e, const Block& block, double at) {
  const bool reward = maximises(e.context, block);
  const std::string u = component_name(e.context, block, 0);
  auto& diagnostic = e.context.sink.emit(
      diagnostics::Kind::HamiltonianUnbounded, block.group->span,
      fmt::format("the {} has a pole at {} = {}, in the set of '{}', and {} without end beside it",
                  e.context.model.reward ? "reward" : "running cost", u, number(at),
                  block.group->name, reward ? "grows" : "falls"));
  diagnostic.primary_label = fmt::format("this set holds {}", number(at));
  if (e.context.model.lagrangian.span.valid())
    diagnostic.labels.push_back({e.context.model.lagrangian.span, "the pole is here"});
  diagnostic.help = fmt::format("keep '{}' on one side of it: 'control {} in [{}, ...]'", u,
                                block.group->name, number(at));
  e.ok = false;
}

BlockLaw block_law(Elimination& e, const Block& block) {
  if (mixes_sets(e, block)) return numerical(e, block);
  for (auto rule : {constant_law, linear_law, quadratic_law, ball_law, simplex_law, heading_law,
                    kinked_law, convex_law}) {
    if (auto law = rule(e.context, block)) return *law;
  }
  if (const auto pole = falling_pole(e.context, block)) report_pole(e, block, *pole);
  return numerical(e, block);
}

void report_fault(Elimination& e, const Block& block, const BlockLaw& law) {
  const auto& model = e.context.model;
  auto& diagnostic =
      e.context.sink.emit(*law.fault, block.group->span,
                          fmt::format("the Hamiltonian has no {} over '{}': {}",
                                      maximises(e.context, block) ? "maximum" : "minimum",
                                      block.group->name, law.reason));
  diagnostic.primary_label = "this set has no bound";
  if (model.lagrangian.span.valid())
    diagnostic.labels.push_back(
        {model.lagrangian.span, model.reward ? "the reward" : "the running cost"});
  diagnostic.help =
      fmt::format("bound it: '{} {} in [a, b]', or add a {} such as {}{}^2",
                  block.group->disturbance ? "disturbance" : "control", block.group->name,
                  model.reward ? "reward" : "cost", maximises(e.context, block) ? "-" : "",
                  component_name(e.context, block, 0));
  e.ok = false;
}

ExprId minimum_of_constant(const Elimination& e, const Block& block, const BlockLaw& law) {
  expr::Substitution fixed;
  for (std::size_t i = 0; i < block.symbols.size(); ++i) fixed[block.symbols[i]] = law.law[i];
  return expr::substitute(e.context.store, block.objective, fixed);
}

void record(Elimination& e, const Block& block, BlockLaw law) {
  const bool closed = law.form != Form::Numerical;
  const bool negated = is_disturbance(e.context.model, block.components[0]);
  if (law.form == Form::None) law.minimum = minimum_of_constant(e, block, law);
  e.minima.push_back(law.minimum.valid() && negated ? e.context.store.neg(law.minimum)
                                                    : law.minimum);
  for (std::size_t i = 0; i < block.components.size(); ++i) {
    const int c = block.components[i];
    if (closed) {
      e.law[c] = law.law[i];
      e.solved[block.symbols[i]] = law.law[i];
    }
    if (i < law.stationary.size()) e.stationary[c] = law.stationary[i];
    if (closed) e.shown[c] = law.shown.empty() ? law.law[i] : law.shown[i];
    e.by_component[c] = law;
    const int group = e.context.model.controls[c].group;
    if (std::find(e.order.begin(), e.order.end(), group) == e.order.end()) e.order.push_back(group);
  }
}

// ---- two players

/// Is the objective convex in one player's components (concave for the maximiser)? Its Hessian in
/// them is nonnegative on the diagonal and zero elsewhere, or positive definite.
bool is_convex_for(const Elimination& e, const Block& block, bool disturbance) {
  Store& store = e.context.store;
  std::vector<SymbolId> own;
  for (std::size_t i = 0; i < block.symbols.size(); ++i)
    if (is_disturbance(e.context.model, block.components[i]) == disturbance)
      own.push_back(block.symbols[i]);
  std::vector<ExprId> hessian;
  bool diagonal = true, nonnegative = true;
  for (std::size_t i = 0; i < own.size(); ++i) {
    const ExprId first = expr::differentiate(store, block.objective, own[i]);
    for (std::size_t j = 0; j < own.size(); ++j) {
      const ExprId second = expr::simplify(store, expr::differentiate(store, first, own[j]));
      hessian.push_back(disturbance ? store.neg(second) : second);
      if (i != j) diagonal = diagonal && store.is_zero(hessian.back());
      if (i == j) nonnegative = nonnegative && is_nonnegative(sign_of(e.context, hessian.back()));
    }
  }
  if (diagonal) return nonnegative;
  const Definite definite = positive_definite(e.context, hessian, own.size());
  return definite == Definite::Yes || definite == Definite::Sampled;
}

/// Convex in the minimiser's and concave in the maximiser's components over convex sets: a saddle
/// point exists (Sion 1958), so the order of the players does not matter.
bool has_saddle(const Elimination& e, const Block& block) {
  for (const int c : block.components)
    if (is_finite_group(e.context.model, c)) return false;
  return is_convex_for(e, block, false) && is_convex_for(e, block, true);
}

void lost_isaacs(Elimination& e, const Block& block) {
  const auto& model = e.context.model;
  auto span_of = [&](bool disturbance) {
    for (int c : block.components) {
      if (is_disturbance(model, c) == disturbance)
        return model.groups[model.controls[c].group].span;
    }
    return source::Span{};
  };
  auto& diagnostic = e.context.sink.emit(
      diagnostics::Kind::IsaacsConditionLost, span_of(true),
      fmt::format("{} act together, and nothing shows that it does not matter who moves first",
                  block_names(e.context, block.components)));
  diagnostic.primary_label = "the maximiser";
  diagnostic.labels.push_back({span_of(false), "the minimiser"});
  diagnostic.notes.push_back(
      "Isaacs' condition asks for inf sup = sup inf of the Hamiltonian; it holds where the players "
      "enter in separate terms, or convexly for the control and concavely for the disturbance, "
      "over "
      "sets without gaps");
  e.ok = false;
}

/// A free quadratic game: the saddle is the stationary point.
bool saddle_of_quadratic(Elimination& e, Block block) {
  Store& store = e.context.store;
  for (std::size_t i = 0; i < block.lo.size(); ++i) {
    if (block.lo[i] > -1e308 || block.hi[i] < 1e308) return false;
  }
  const auto quadratic = expr::as_quadratic(store, block.objective, block.symbols);
  if (!quadratic) return false;
  std::vector<ExprId> right;
  for (ExprId b : quadratic->linear) right.push_back(store.neg(b));
  const auto saddle = expr::solve_linear(store, quadratic->Q, right);
  if (!saddle) return false;
  BlockLaw law{.form = Form::Quadratic};
  law.law = law.stationary = *saddle;
  std::vector<ExprId> terms;
  for (std::size_t i = 0; i < saddle->size(); ++i)
    terms.push_back(half(store, store.mul(quadratic->linear[i], (*saddle)[i])));
  law.minimum = tidy(store, store.add(terms));
  if (is_disturbance(e.context.model, block.components[0])) law.minimum = store.neg(law.minimum);
  law.reason = fmt::format(
      "quadratic in {}, convex for the control and concave for the disturbance: the saddle point",
      block_names(e.context, block.components));
  record(e, block, law);
  return true;
}

void solve_game(Elimination& e, const std::vector<int>& components) {
  Block block = make_block(e, components);
  if (is_disturbance(e.context.model, components[0]))
    block.objective = e.context.store.neg(block.objective);
  if (!has_saddle(e, block)) return lost_isaacs(e, block);
  if (saddle_of_quadratic(e, block)) return;
  BlockLaw law{.form = Form::Numerical};
  law.reason = fmt::format(
      "the saddle in {} is found numerically: it exists (convex-concave), but has no closed form "
      "here",
      block_names(e.context, components));
  record(e, block, law);
}

// ---- finite sets

/// All combinations of the values of the finite groups, one row a combination, in declared order.
std::vector<expr::Substitution> combinations(const Elimination& e, const std::vector<int>& groups) {
  const auto& model = e.context.model;
  Store& store = e.context.store;
  std::vector<expr::Substitution> rows{{}};
  for (int g : groups) {
    std::vector<expr::Substitution> longer;
    for (const auto& row : rows) {
      for (const auto& value : model.groups[g].values) {
        auto next = row;
        for (std::size_t i = 0; i < value.size(); ++i) {
          next[model.controls[model.groups[g].components[i]].symbol] = store.number(value[i]);
        }
        longer.push_back(std::move(next));
      }
    }
    rows = std::move(longer);
    if (rows.size() > kFiniteLimit) return {};
  }
  return rows;
}

std::vector<int> finite_groups(const model::Model& model, const std::vector<int>& components) {
  std::vector<int> groups;
  for (int c : components) {
    const int g = model.controls[c].group;
    if (is_finite_group(model, c) && std::find(groups.begin(), groups.end(), g) == groups.end())
      groups.push_back(g);
  }
  return groups;
}

/// The first combination with the least cost wins: strict comparisons.
void compare_values(Elimination& e, const Block& finite, ExprId cost,
                    const std::vector<expr::Substitution>& rows) {
  Store& store = e.context.store;
  std::vector<ExprId> best;
  ExprId best_cost;
  for (const auto& row : rows) {
    const ExprId row_cost = expr::substitute(store, cost, row);
    const ExprId better = best.empty() ? ExprId() : less(store, row_cost, best_cost);
    for (std::size_t i = 0; i < finite.symbols.size(); ++i) {
      const ExprId value = row.at(finite.symbols[i]);
      if (!better.valid())
        best.push_back(value);
      else
        best[i] = store.select(better, value, best[i]);
    }
    best_cost = better.valid() ? store.min(row_cost, best_cost) : row_cost;
  }
  BlockLaw law{.form = Form::Finite, .law = best};
  law.reason =
      fmt::format("{} finite value{} of {} compared; the first of equals wins", rows.size(),
                  rows.size() == 1 ? "" : "s", block_names(e.context, finite.components));
  record(e, finite, law);
}

void solve_finite(Elimination& e, const std::vector<int>& components) {
  const auto& model = e.context.model;
  const auto groups = finite_groups(model, components);
  if (groups.empty()) return;
  const Block whole = make_block(e, components);
  Block finite = whole;
  finite.components.clear();
  finite.symbols.clear();
  for (int g : groups) {
    for (int c : model.groups[g].components) {
      finite.components.push_back(c);
      finite.symbols.push_back(model.controls[c].symbol);
    }
  }
  const auto rows = combinations(e, groups);
  const bool closed = std::all_of(components.begin(), components.end(), [&](int c) {
    return is_finite_group(model, c) || e.law[c].valid();
  });
  if (rows.empty() || !closed) {
    BlockLaw law{.form = Form::Numerical};
    law.reason = fmt::format(
        "optimised numerically: the finite values of {} {}",
        block_names(e.context, finite.components),
        closed ? "are too many to compare" : "are coupled with a control without a closed form");
    return record(e, finite, law);
  }
  finite.group = &model.groups[groups[0]];
  compare_values(e, finite, expr::substitute(e.context.store, whole.objective, e.solved), rows);
}

// ---- putting together

void eliminate(Elimination& e) {
  const auto& model = e.context.model;
  std::vector<std::vector<int>> pure;
  for (const auto& components : blocks_of(e, false)) {
    if (mixes_players(model, components))
      solve_game(e, components);
    else
      pure.push_back(components);
  }
  std::set<int> eligible;
  for (const auto& components : pure) eligible.insert(components.begin(), components.end());
  for (const auto& components : blocks_of(e, true)) {
    if (!eligible.contains(components[0])) continue;
    const Block block = make_block(e, components);
    BlockLaw law = block_law(e, block);
    if (law.fault)
      report_fault(e, block, law);
    else
      record(e, block, std::move(law));
  }
  if (!e.ok) return;
  for (const auto& components : pure) solve_finite(e, components);
}

/// Laws of continuous controls may still contain finite ones: those are put in last, but for
/// display.
void back_substitute(Elimination& e) {
  expr::Substitution finite;
  for (std::size_t c = 0; c < e.symbols.size(); ++c) {
    if (is_finite_group(e.context.model, static_cast<int>(c)) && e.law[c].valid())
      finite[e.symbols[c]] = e.law[c];
  }
  if (finite.empty()) return;
  for (ExprId& law : e.law) {
    if (law.valid()) law = expr::substitute(e.context.store, law, finite);
  }
}

/// The minimised Hamiltonian as it is read: the sum of the blocks' minima, where none has cases.
ExprId written_out(const Elimination& e) {
  Store& store = e.context.store;
  std::vector<ExprId> terms = e.rest;
  for (ExprId minimum : e.minima) {
    if (!minimum.valid()) return ExprId();
    terms.push_back(minimum);
  }
  const ExprId H = store.add(terms);
  return depends_on_any(store, H, e.symbols) ? ExprId() : H;
}

ControlLaw group_law(const Elimination& e, int g) {
  const auto& group = e.context.model.groups[g];
  ControlLaw law{.group = g, .form = ControlLaw::Form::None};
  std::vector<std::string> reasons;
  bool closed = true;
  for (int c : group.components) {
    const auto& part = e.by_component[c];
    if (!part) continue;
    law.form = part->form == Form::None && law.form != Form::None ? law.form : part->form;
    law.switching.push_back(part->switching);
    if (part->exists.valid())
      law.exists = law.exists.valid()
                       ? e.context.store.apply(expr::Op::And, {law.exists, part->exists})
                       : part->exists;
    if (std::find(reasons.begin(), reasons.end(), part->reason) == reasons.end())
      reasons.push_back(part->reason);
    closed = closed && e.law[c].valid();
    law.law.push_back(e.law[c]);
    law.stationary.push_back(e.stationary[c]);
    law.shown.push_back(e.shown[c]);
  }
  law.reason = join(reasons, "; ");
  if (!closed) {
    law.form = Form::Numerical;
    law.law.clear();
    law.stationary.clear();
    law.shown.clear();
    law.switching.clear();
    law.exists = ExprId();
  }
  return law;
}

bool jump_depends_on_controls(const Context& context, const std::vector<SymbolId>& symbols) {
  for (const auto& jump : context.model.jumps) {
    if (depends_on_any(context.store, jump.rate, symbols)) return true;
  }
  for (ExprId size : context.model.jump_size) {
    if (size.valid() && depends_on_any(context.store, size, symbols)) return true;
  }
  return false;
}

void all_numerical(Context& context, Equations& eqs) {
  for (std::size_t g = 0; g < context.model.groups.size(); ++g) {
    ControlLaw law{.group = static_cast<int>(g)};
    law.reason =
        "optimised numerically: a control moves the jumps, so the optimum needs V at other points";
    eqs.laws.push_back(std::move(law));
  }
}

void warn_without_effect(const Context& context, const Equations& eqs, const ControlLaw& law) {
  const auto& group = context.model.groups[law.group];
  if (law.form != Form::None || law.reason.find("does not occur") == std::string::npos) return;
  // A control that is written nowhere was reported by the model check; here its terms cancel.
  const SymbolId u = context.model.controls[group.components[0]].symbol;
  if (!expr::depends_on(context.store, eqs.hamiltonian_integrand, u)) return;
  auto& diagnostic =
      context.sink.emit(diagnostics::Kind::ControlWithoutEffect, group.span,
                        fmt::format("'{}' changes neither the dynamics nor the cost", group.name));
  diagnostic.primary_label = "any value of it is optimal";
}

}  // namespace

namespace {

/// Laws and the minimised Hamiltonian, from what was eliminated.
void assemble(const Elimination& e, Equations& eqs) {
  expr::Substitution laws;
  for (std::size_t c = 0; c < e.symbols.size(); ++c) {
    if (e.law[c].valid())
      laws[e.symbols[c]] = e.law[c];
    else
      eqs.closed_form = false;
  }
  for (int g : e.order) {
    eqs.laws.push_back(group_law(e, g));
    warn_without_effect(e.context, eqs, eqs.laws.back());
  }
  eqs.hamiltonian = ExprId();
  if (!eqs.closed_form) return;
  eqs.hamiltonian = expr::substitute(e.context.store, eqs.hamiltonian_integrand, laws);
  eqs.hamiltonian_shown = written_out(e);
}

}  // namespace

bool minimise(Context& context, Equations& eqs) {
  const auto symbols = control_symbols(context.model);
  eqs.closed_form = true;
  eqs.hamiltonian = eqs.hamiltonian_integrand;
  if (symbols.empty()) {
    eqs.hamiltonian_shown = eqs.hamiltonian;
    return true;
  }
  if (jump_depends_on_controls(context, symbols)) {
    all_numerical(context, eqs);
    eqs.closed_form = false;
    eqs.hamiltonian = ExprId();
    return true;
  }
  Elimination e{.context = context, .eqs = eqs, .symbols = symbols};
  e.by_component.resize(symbols.size());
  for (auto* list : {&e.law, &e.stationary, &e.shown}) list->resize(symbols.size());
  split_terms(e);
  eliminate(e);
  if (!e.ok) return false;
  back_substitute(e);
  assemble(e, eqs);
  return true;
}

}  // namespace hopf::derive
