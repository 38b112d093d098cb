#include "derive/control_law_pole.hpp"

#include <cmath>

#include "expr/traverse.hpp"

namespace hopf::derive {

using expr::Op;
using expr::Store;

namespace {

/// coefficient*(a u + b)^-n, n > 0, as numbers but for the coefficient.
struct Pole {
  ExprId coefficient;
  double at, slope, power;
};

std::optional<Pole> pole_of(Context& context, ExprId term, SymbolId u) {
  Store& store = context.store;
  std::vector<ExprId> factors{term}, others;
  if (store.op(term) == Op::Mul) factors.assign(store.args(term).begin(), store.args(term).end());
  ExprId pole;
  for (ExprId factor : factors) {
    if (!expr::depends_on(store, factor, u)) {
      others.push_back(factor);
      continue;
    }
    if (pole.valid() || store.op(factor) != Op::Pow) return std::nullopt;
    pole = factor;
  }
  if (!pole.valid()) return std::nullopt;
  const auto power = constant_of(context, store.args(pole)[1]);
  const auto affine = expr::as_affine(store, store.args(pole)[0], std::span(&u, 1));
  if (!power || *power >= 0 || !affine) return std::nullopt;
  const auto slope = constant_of(context, affine->linear[0]);
  const auto offset = constant_of(context, affine->constant);
  if (!slope || !offset || *slope == 0) return std::nullopt;
  return Pole{store.mul(others), 0.0 - *offset / *slope, *slope, *power};
}

/// Whether coefficient*s^power falls without end as s -> 0 from this side; of a power that is no
/// whole number the negative side is not in the domain.
bool falls(Sign coefficient, double power, bool above) {
  const bool whole = std::floor(power) == power;
  if (!above && !whole) return false;
  const bool odd = whole && std::fmod(std::abs(power), 2.0) == 1;
  return above || !odd ? coefficient == Sign::Negative : coefficient == Sign::Positive;
}

}  // namespace

std::optional<double> falling_pole(Context& context, const Block& block) {
  if (block.symbols.size() != 1 || !is_product_set(block)) return std::nullopt;
  for (ExprId term : summands(context.store, block.objective)) {
    const auto pole = pole_of(context, term, block.symbols[0]);
    if (!pole) continue;
    const Sign sign = sign_of(context, pole->coefficient);
    // u above the pole is where the base is positive, or negative under a minus sign.
    const bool from_above = block.hi[0] > pole->at && falls(sign, pole->power, pole->slope > 0);
    const bool from_below = block.lo[0] < pole->at && falls(sign, pole->power, pole->slope < 0);
    const bool inside = block.lo[0] <= pole->at && pole->at <= block.hi[0];
    if (inside && (from_above || from_below)) return pole->at;
  }
  return std::nullopt;
}

}  // namespace hopf::derive
