// Controls that enter linearly or not at all: bang-bang with its switching function.
#include <fmt/format.h>

#include <cmath>

#include "derive/control_law.hpp"

namespace hopf::derive {

using expr::Store;

bool is_product_set(const Block& block) {
  using Set = model::ControlGroup::Set;
  if (block.group->set == Set::Interval || block.group->set == Set::Free) return true;
  return block.group->set == Set::Ball && block.group->components.size() == 1;
}

double nearest_zero(double lo, double hi) { return lo > 0 ? lo : hi < 0 ? hi : 0.0; }

ExprId bound(Store& store, double value) {
  if (std::isinf(value)) value = value > 0 ? kFar : -kFar;
  return store.number(value);
}

std::string component_name(const Context& context, const Block& block, std::size_t i) {
  return context.model.controls[block.components[i]].name;
}

bool maximises(const Context& context, const Block& block) {
  return block.group->disturbance != context.model.reward;
}

ExprId coefficient_in_user_terms(const Context& context, const Block& block, ExprId e) {
  const ExprId seen = in_user_terms(context, e);
  return maximises(context, block) ? context.store.neg(seen) : seen;
}

std::string interval_text(double lo, double hi) {
  if (std::isinf(lo) && std::isinf(hi)) return "the whole line";
  return fmt::format("[{}, {}]", number(lo), number(hi));
}

Attempt constant_law(Context& context, const Block& block) {
  Store& store = context.store;
  bool fixed = is_product_set(block);
  for (std::size_t i = 0; i < block.lo.size(); ++i) fixed = fixed && block.lo[i] == block.hi[i];
  if (!fixed && depends_on_any(store, block.objective, block.symbols)) return std::nullopt;
  using Set = model::ControlGroup::Set;
  BlockLaw law{.form = Form::None};
  for (std::size_t i = 0; i < block.symbols.size(); ++i) {
    const bool in_simplex = block.group->set == Set::Simplex;
    const double value = in_simplex ? 1.0 / static_cast<double>(block.symbols.size())
                                    : nearest_zero(block.lo[i], block.hi[i]);
    law.law.push_back(store.number(value));
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < block.symbols.size(); ++i)
    names.push_back(component_name(context, block, i));
  const bool whole = names.size() == block.group->components.size();
  law.reason = fixed   ? "its set is a single point"
               : whole ? "it does not occur in the Hamiltonian"
                       : fmt::format("{} does not occur in the Hamiltonian", join(names, ", "));
  return law;
}

namespace {

ExprId bang_bang(Store& store, ExprId s, double lo, double hi) {
  if (lo == -hi) return store.mul(store.number(-hi), store.apply(expr::Op::Sign, {s}));
  const ExprId zero = store.integer(0);
  const ExprId tie =
      store.select(less(store, zero, s), store.number(lo), store.number(nearest_zero(lo, hi)));
  return store.select(less(store, s, zero), store.number(hi), tie);
}

BlockLaw unbounded(const Context& context, const Block& block, ExprId s) {
  BlockLaw law{.form = Form::BangBang};
  law.fault = diagnostics::Kind::HamiltonianUnbounded;
  law.reason =
      fmt::format("{} enters only linearly, with the coefficient {}, and its set is unbounded",
                  component_name(context, block, 0),
                  text(context, tidy(context.store, coefficient_in_user_terms(context, block, s))));
  return law;
}

}  // namespace

Attempt linear_law(Context& context, const Block& block) {
  if (block.symbols.size() != 1 || !is_product_set(block)) return std::nullopt;
  Store& store = context.store;
  const auto affine = expr::as_affine(store, block.objective, block.symbols);
  if (!affine) return std::nullopt;
  const ExprId s = tidy(store, affine->linear[0]);
  const double lo = block.lo[0], hi = block.hi[0];
  const Sign sign = sign_of(context, s);
  BlockLaw law{.form = Form::BangBang};
  law.switching = tidy(store, coefficient_in_user_terms(context, block, s));
  const std::string name = component_name(context, block, 0);
  if (is_nonnegative(sign) && std::isfinite(lo)) {
    law.law = {store.number(lo)};
    law.reason = fmt::format("{} enters linearly and its coefficient is never {}", name,
                             maximises(context, block) ? "positive" : "negative");
  } else if (is_nonpositive(sign) && std::isfinite(hi)) {
    law.law = {store.number(hi)};
    law.reason = fmt::format("{} enters linearly and its coefficient is never {}", name,
                             maximises(context, block) ? "negative" : "positive");
  } else if (std::isinf(lo) || std::isinf(hi)) {
    return unbounded(context, block, s);
  } else {
    law.law = {bang_bang(store, s, lo, hi)};
    law.reason = fmt::format(
        "linear in {} over {}: the sign of the switching function decides; where it is zero the "
        "law takes {}",
        name, interval_text(lo, hi), number(nearest_zero(lo, hi)));
  }
  if (lo == -hi || store.op(law.law[0]) == expr::Op::Number) law.minimum = store.mul(s, law.law[0]);
  return law;
}

}  // namespace hopf::derive
