// The adjoint of jumps: where the mass that lands at a state came from.
//
// A jump takes y to y + h(y, z) at the rate lambda(y), z drawn from the law of the marks. Mass
// lands at x at the rate
//   E_z sum over y with y + h(y, z) = x of lambda(y) m(y) / |det(1 + h'(y, z))|
// and leaves it at the rate lambda(x) m(x) (Applebaum 2009, 3.3; Hanson 2007, 7.5).
#include "derive/jumps_back.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "derive/regimes.hpp"

namespace hopf::derive {

using expr::Store;

namespace {

/// "x_before_N" of "x", "x_before_N[2]" of "x[2]".
std::string before(const std::string& name, const std::string& process) {
  const auto open = name.find('[');
  if (open == std::string::npos) return fmt::format("{}_before_{}", name, process);
  return fmt::format("{}_before_{}{}", name.substr(0, open), process, name.substr(open));
}

ExprId determinant(Store& store, const std::vector<ExprId>& A, std::size_t n) {
  if (n == 1) return A[0];
  std::vector<ExprId> terms;
  for (std::size_t j = 0; j < n; ++j) {
    if (store.is_zero(A[j])) continue;
    std::vector<ExprId> minor;
    for (std::size_t r = 1; r < n; ++r) {
      for (std::size_t c = 0; c < n; ++c)
        if (c != j) minor.push_back(A[r * n + c]);
    }
    const ExprId term = store.mul(A[j], determinant(store, minor, n - 1));
    terms.push_back(j % 2 == 0 ? term : store.neg(term));
  }
  return store.add(terms);
}

/// The map y -> y + h(y) of one process, on the states that it moves.
struct Map {
  std::vector<std::size_t> moved;
  std::vector<ExprId> size;   // h of each
  std::vector<ExprId> slope;  // 1 + h', row-major
  bool controlled = false;    // h depends on a policy

  std::size_t count() const { return moved.size(); }
};

Map map_of(Context& context, std::size_t k) {
  Store& store = context.store;
  const auto& model = context.model;
  Map map;
  for (std::size_t i = 0; i < model.dimension(); ++i) {
    const ExprId h = model.jump_size[i * model.jumps.size() + k];
    if (!h.valid() || store.is_zero(h)) continue;
    map.moved.push_back(i);
    map.size.push_back(h);
    map.controlled = map.controlled || depends_on_any(store, h, control_symbols(model));
  }
  for (std::size_t r = 0; r < map.count(); ++r) {
    for (std::size_t c = 0; c < map.count(); ++c) {
      const ExprId slope = total_derivative(context, map.size[r], map.moved[c]);
      map.slope.push_back(r == c ? store.add(store.integer(1), slope) : slope);
    }
  }
  return map;
}

/// y of x = y + h(y), where h is affine in the states that move and no policy is in it.
std::optional<std::vector<ExprId>> solved(Context& context, const Map& map) {
  Store& store = context.store;
  std::vector<SymbolId> symbols;
  for (std::size_t i : map.moved) symbols.push_back(context.model.states[i].symbol);
  if (map.controlled) return std::nullopt;
  for (ExprId entry : map.slope)
    if (depends_on_any(store, entry, symbols)) return std::nullopt;
  std::vector<ExprId> right;
  for (std::size_t r = 0; r < map.count(); ++r) {
    const auto affine = expr::as_affine(store, map.size[r], symbols);
    if (!affine) return std::nullopt;
    right.push_back(store.sub(store.symbol(symbols[r]), affine->constant));
  }
  return expr::solve_linear(store, map.slope, right);
}

/// States, controls and the controls' slopes at the place before the jump; `places` says what that
/// is.
expr::Substitution move_back(Context& context, std::size_t k, const Map& map, JumpBack& back) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::string& process = model.jumps[k].name;
  const auto explicit_places = solved(context, map);
  expr::Substitution there;
  for (std::size_t r = 0; r < map.count(); ++r) {
    const auto& state = model.states[map.moved[r]];
    back.fields.push_back(before(state.name, process));
    const ExprId name = store.symbol(back.fields.back());
    there[state.symbol] = explicit_places ? (*explicit_places)[r] : name;
    if (explicit_places) back.places.push_back({name, tidy(store, (*explicit_places)[r])});
  }
  for (const auto& control : model.controls) {
    const std::string policy = before(control.name, process);
    there[control.symbol] = store.symbol(policy);
    for (std::size_t i : map.moved) {
      const std::string& x = model.states[i].name;
      if (const auto slope = store.find_symbol(fmt::format("D({},{})", control.name, x)))
        there[*slope] = store.symbol(fmt::format("D({},{})", policy, x));
    }
  }
  for (std::size_t r = 0; !explicit_places && r < map.count(); ++r) {
    const auto& state = model.states[map.moved[r]];
    back.places.push_back(
        {store.symbol(state.symbol),
         store.add(store.symbol(back.fields[r]), expr::substitute(store, map.size[r], there))});
  }
  return there;
}

/// |e|, without bars where the sign is known.
ExprId modulus(const Context& context, ExprId e) {
  const Sign sign = sign_of(context, e);
  if (sign == Sign::Positive || sign == Sign::NonNegative) return e;
  if (sign == Sign::Negative || sign == Sign::NonPositive) return context.store.neg(e);
  return context.store.apply(expr::Op::Abs, {e});
}

std::string words_of(const Context& context, std::size_t k, const Map& map, const JumpBack& back) {
  const auto& model = context.model;
  const std::string& m = context.names.density;
  std::vector<std::string> here;
  for (std::size_t i : map.moved) here.push_back(model.states[i].name);
  const bool one = !back.places.empty() &&
                   back.places[0].left != context.store.symbol(model.states[map.moved[0]].symbol);
  std::string words = fmt::format("{} is {} at {}, from where a jump of {} lands at {}",
                                  before(m, model.jumps[k].name), m, join(back.fields, ", "),
                                  model.jumps[k].name, join(here, ", "));
  if (!one) words += "; where several such places are, the sum is over all";
  std::vector<std::string> policies;
  for (const auto& control : model.controls) {
    const auto name = context.store.find_symbol(before(control.name, model.jumps[k].name));
    const bool used = name && std::any_of(back.places.begin(), back.places.end(), [&](auto& e) {
                        return expr::depends_on(context.store, e.right, *name);
                      });
    if (name && (used || expr::depends_on(context.store, back.weight, *name)))
      policies.push_back(before(control.name, model.jumps[k].name));
  }
  if (!policies.empty())
    words += fmt::format("; {} {} the policy there", join(policies, ", "),
                         policies.size() == 1 ? "is" : "are");
  return words;
}

/// "the mean over z ~ normal(0, 1)", for the marks in the rate and the size.
std::string mean_over(const Context& context, ExprId rate, const Map& map) {
  std::vector<std::string> laws;
  for (const model::Mark& mark : context.model.marks) {
    const auto uses = [&](ExprId e) { return expr::depends_on(context.store, e, mark.symbol); };
    if (!uses(rate) && std::none_of(map.size.begin(), map.size.end(), uses)) continue;
    std::vector<std::string> numbers;
    for (double value : mark.parameters) numbers.push_back(number(value));
    laws.push_back(fmt::format("{} ~ {}({})", mark.name, mark.family, join(numbers, ", ")));
  }
  return laws.empty() ? "" : "the mean over " + join(laws, ", ");
}

}  // namespace

std::optional<JumpBack> jump_back(Context& context, std::size_t k) {
  Store& store = context.store;
  const auto& model = context.model;
  constexpr std::size_t kMostMoved = 4;  // the determinant is written out
  const Map map = map_of(context, k);
  if (map.count() == 0 || map.count() > kMostMoved) return std::nullopt;
  const ExprId stretch = tidy(store, determinant(store, map.slope, map.count()));
  if (store.is_zero(stretch)) return std::nullopt;
  JumpBack back;
  const expr::Substitution there = move_back(context, k, map, back);
  const ExprId scaled = store.div(model.jumps[k].rate, modulus(context, stretch));
  back.weight = tidy(store, expr::substitute(store, scaled, there));
  const std::string name = before(context.names.density, model.jumps[k].name);
  back.density = store.symbol(unknown(store, name));
  back.words = words_of(context, k, map, back);
  back.fields.push_back(name);
  back.mean = mean_over(context, model.jumps[k].rate, map);
  return back;
}

namespace {

std::string from_jump(const Context& context, std::size_t k) {
  return fmt::format("{}_from_{}", context.names.density, context.model.jumps[k].name);
}

}  // namespace

ExprId landing_terms(Context& context) {
  Store& store = context.store;
  const ExprId here = store.symbol(unknown(store, context.names.density));
  std::vector<ExprId> terms;
  for (std::size_t k = 0; k < context.model.jumps.size(); ++k) {
    terms.push_back(store.symbol(unknown(store, from_jump(context, k))));
    terms.push_back(store.neg(store.mul(context.model.jumps[k].rate, here)));
  }
  return store.add(terms);
}

void add_landings(Context& context, Step& step) {
  Store& store = context.store;
  const auto& model = context.model;
  for (std::size_t k = 0; k < model.jumps.size(); ++k) {
    const std::string from = from_jump(context, k);
    const auto back = jump_back(context, k);
    if (!back) {
      step.notes.push_back(
          fmt::format("{} is the mass that jumps of {} bring per unit of time; it lands on a set "
                      "without volume, so it is a measure and no density",
                      from, model.jumps[k].name));
      continue;
    }
    std::vector<Equation> landing{{store.symbol(from), store.mul(back->weight, back->density)}};
    landing[0].where = back->mean;
    landing.insert(landing.end(), back->places.begin(), back->places.end());
    std::vector<std::string> fields = back->fields;
    fields.insert(fields.end(), {from, context.names.density});
    for (const Equation& equation : landing) {
      if (!model.regime) step.equations.push_back(equation);
      for (int j = 1; model.regime && j <= model.regime->count; ++j)
        step.equations.push_back(into_regime(context, equation, fields, j));
    }
    step.notes.push_back(back->words);
  }
}

}  // namespace hopf::derive
