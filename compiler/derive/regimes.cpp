// Equations of a model with regimes, one for each: the regime's index becomes a number, every field
// that of the regime.
#include "derive/regimes.hpp"

#include <fmt/format.h>

namespace hopf::derive {

std::string regime_field(const std::string& field, int j) {
  // p[x] has indices already.
  if (field.back() == ']') return fmt::format("{},{}]", field.substr(0, field.size() - 1), j);
  return fmt::format("{}[{}]", field, j);
}

expr::Substitution into_regime(Context& context, const std::vector<std::string>& fields, int j) {
  expr::Store& store = context.store;
  const auto& states = context.model.states;
  expr::Substitution into{{context.model.regime->symbol, store.integer(j)}};
  auto rename = [&](const std::string& from, const std::string& to) {
    const auto symbol = store.find_symbol(from);
    if (symbol) into[*symbol] = store.symbol(unknown(store, to));
  };
  for (const std::string& field : fields) {
    const std::string here = regime_field(field, j);
    rename(field, here);
    for (std::size_t k = 0; k < context.model.jumps.size(); ++k) {
      const std::string after = after_jump(context, field, k);
      rename(after, regime_field(after, j));
    }
    rename(fmt::format("D({},t)", field), fmt::format("D({},t)", here));
    for (std::size_t i = 0; i < states.size(); ++i) {
      const std::string& x = states[i].name;
      rename(fmt::format("D({},{})", field, x), fmt::format("D({},{})", here, x));
      for (std::size_t k = i; k < states.size(); ++k) {
        const std::string& y = states[k].name;
        rename(fmt::format("D({},{},{})", field, x, y), fmt::format("D({},{},{})", here, x, y));
      }
    }
  }
  return into;
}

Equation into_regime(Context& context, const Equation& generic,
                     const std::vector<std::string>& fields, int j) {
  expr::Store& store = context.store;
  const auto into = into_regime(context, fields, j);
  Equation equation = generic;
  equation.left = expr::substitute(store, generic.left, into);
  equation.right = expr::substitute(store, generic.right, into);
  for (NoiseTerm& term : equation.noise)
    term.coefficient = expr::substitute(store, term.coefficient, into);
  equation.where = generic.where + (generic.where.empty() ? "" : ", ") + regime_words(context, j);
  return equation;
}

ExprId rate(const Context& context, int from, int to) {
  const auto& regime = *context.model.regime;
  return regime.rates[static_cast<std::size_t>((from - 1) * regime.count + to - 1)];
}

ExprId switching_gain(Context& context, const std::string& field, int j) {
  expr::Store& store = context.store;
  const ExprId here = store.symbol(unknown(store, regime_field(field, j)));
  std::vector<ExprId> terms;
  for (int k = 1; k <= context.model.regime->count; ++k) {
    if (k == j) continue;
    const ExprId there = store.symbol(unknown(store, regime_field(field, k)));
    terms.push_back(store.mul(rate(context, j, k), store.sub(there, here)));
  }
  return store.add(terms);
}

ExprId switching_flow(Context& context, const std::string& density, int j) {
  expr::Store& store = context.store;
  auto mass = [&](int k) { return store.symbol(unknown(store, regime_field(density, k))); };
  std::vector<ExprId> terms;
  for (int k = 1; k <= context.model.regime->count; ++k) {
    if (k == j) continue;
    terms.push_back(store.mul(rate(context, k, j), mass(k)));
    terms.push_back(store.neg(store.mul(rate(context, j, k), mass(j))));
  }
  return store.add(terms);
}

std::string regime_words(const Context& context, int j) {
  return fmt::format("in regime {} = {}", context.model.regime->name, j);
}

}  // namespace hopf::derive
