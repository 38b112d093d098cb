#include "kernel/path_quiet_ends.hpp"

#include <algorithm>
#include <cmath>

#include "expr/traverse.hpp"
#include "kernel/path_ends.hpp"

namespace hopf::kernel {
namespace {

using expr::ExprId;
using expr::Op;
using expr::Store;

// Of (deviation/mean)^2: below the first a normal variable never comes near the end, up to the
// second there is a square of the same moments (it exists up to 2).
constexpr double kFar = 0.01, kSquare = 1.5;
constexpr double kLeast = 1e-150;  // in place of a zero under a fraction; its square is a number
constexpr double kBeyond = 1e-3;   // of the domain's width: where an open end is looked across
constexpr double kAnything = 0.5;  // of controls, whose value does not matter there

/// Is the noise no number beyond an end?
bool undefined_at(Store& s, const model::Model& model, const model::State& state, double x,
                  const std::vector<ExprId>& noise) {
  expr::Binding at = model.bindings();
  for (const ExprId entry : noise)
    for (const expr::SymbolId symbol : expr::free_symbols(s, entry))
      at.try_emplace(symbol, kAnything);
  for (const model::State& other : model.states)
    if (other.lo) at[other.symbol] = 0.5 * (*other.lo + *other.hi);
  at[state.symbol] = x;
  return std::any_of(noise.begin(), noise.end(),
                     [&](ExprId entry) { return std::isnan(expr::evaluate(s, entry, at)); });
}

/// A variable on [0, inf) with this mean and deviation, increasing in the normal variable z. A
/// negative mean is held at 0, or goes through an open end.
ExprId nonnegative(Store& s, ExprId mean, ExprId deviation, ExprId z, bool open) {
  const auto num = [&](double x) { return s.number(x); };
  const auto less = [&](ExprId a, ExprId b) { return s.apply(Op::Less, {a, b}); };
  const ExprId zero = s.integer(0), one = s.integer(1);
  const ExprId m = s.select(less(mean, zero), zero, mean);
  const ExprId spread = s.div(deviation, s.max(m, num(kLeast)));
  const ExprId psi = s.mul(spread, spread);
  const ExprId inverse = s.div(s.integer(2), s.min(s.max(psi, num(kFar)), num(kSquare)));
  const ExprId rest = s.sub(inverse, one);
  const ExprId b2 = s.add(rest, s.sqrt(s.mul(inverse, rest)));
  const ExprId root = s.add(s.sqrt(b2), z);
  const ExprId square = s.mul(s.div(m, s.add(one, b2)), s.mul(root, root));
  // 0 with the probability 1 - share, else exponential with the mean m/share.
  const ExprId share = s.div(s.integer(2), s.add(psi, one));
  const ExprId tail = s.apply(Op::NormalCdf, {s.neg(z)});
  const ExprId scaled = s.max(s.div(tail, s.max(share, num(kLeast))), num(kLeast));
  const ExprId drawn =
      s.mul(s.neg(s.apply(Op::Log, {s.min(scaled, one)})), s.div(m, s.max(share, num(kLeast))));
  const ExprId near = s.select(less(num(kSquare), psi), drawn, square);
  const ExprId noise = s.mul(deviation, z);
  const ExprId inside = s.select(less(psi, num(kFar)), s.add(m, noise), near);
  return open ? s.select(less(mean, zero), s.add(mean, noise), inside) : inside;
}

}  // namespace

QuietEnds quiet_ends(Store& s, const model::Model& model, const model::State& state,
                     const std::vector<ExprId>& noise) {
  const bool silent =
      std::all_of(noise.begin(), noise.end(), [&](ExprId e) { return s.is_zero(e); });
  const bool stops =
      state.boundary == model::Boundary::Periodic || state.boundary == model::Boundary::Absorb;
  if (!state.lo || silent || stops) return {};
  const double beyond = kBeyond * (*state.hi - *state.lo);
  const auto quiet = [&](double end, double outside) {
    for (const ExprId entry : noise)
      if (!s.is_zero(expr::substitute(s, entry, {{state.symbol, s.number(end)}}))) return false;
    return is_held(state) || undefined_at(s, model, state, outside, noise);
  };
  return {quiet(*state.lo, *state.lo - beyond), quiet(*state.hi, *state.hi + beyond)};
}

ExprId kept_inside(Store& s, const model::State& state, QuietEnds ends, const EulerStep& step) {
  const ExprId low = s.number(*state.lo), high = s.number(*state.hi);
  const bool open = !is_held(state);
  const auto above = [&] {
    const ExprId distance = s.sub(step.mean, low);
    return s.add(low, nonnegative(s, distance, step.deviation, step.normal, open));
  };
  const auto below = [&] {
    const ExprId distance = s.sub(high, step.mean);
    return s.sub(high, nonnegative(s, distance, step.deviation, s.neg(step.normal), open));
  };
  if (!ends.upper) return above();
  if (!ends.lower) return below();
  const ExprId middle = s.number(0.5 * (*state.lo + *state.hi));
  return s.select(s.apply(Op::Less, {step.x, middle}), above(), below());
}

}  // namespace hopf::kernel
