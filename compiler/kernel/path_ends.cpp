#include "kernel/path_ends.hpp"

namespace hopf::kernel {

using expr::ExprId;
using expr::Op;
using expr::Store;

ExprId sum_of_squares(Store& s, const std::vector<ExprId>& terms) {
  ExprId sum = s.integer(0);
  for (const ExprId term : terms) sum = s.add(sum, s.mul(term, term));
  return sum;
}

ExprId switched_by(Store& s, const std::vector<ExprId>& rates, std::size_t j, std::size_t k,
                   ExprId dt) {
  const ExprId leaving = s.neg(rates[j]);
  const ExprId stays = s.apply(Op::Exp, {s.neg(s.mul(leaving, dt))});
  ExprId weight = s.integer(0);
  for (std::size_t to = 0; to <= k; ++to)
    if (to != j) weight = s.add(weight, rates[to]);
  const ExprId share = s.div(weight, s.max(leaving, s.number(1e-300)));
  const ExprId moved = s.mul(share, s.sub(s.integer(1), stays));
  return j <= k ? s.add(stays, moved) : moved;
}

ExprId wrapped(Store& s, ExprId x, double lo, double period) {
  const ExprId offset = s.sub(x, s.number(lo));
  const ExprId turns = s.apply(Op::Floor, {s.mul(offset, s.number(1 / period))});
  return s.sub(x, s.mul(s.number(period), turns));
}

ExprId bounded(Store& s, const model::State& state, ExprId at) {
  if (!state.lo) return at;
  const double lo = *state.lo, hi = *state.hi, width = hi - lo;
  switch (state.boundary) {
    case model::Boundary::Periodic:
      return wrapped(s, at, lo, width);
    case model::Boundary::Reflect: {
      // Folding [lo, lo + 2 width) at its middle reflects at both ends, however far the step went.
      const ExprId folded = s.sub(wrapped(s, at, lo, 2 * width), s.number(hi));
      return s.sub(s.number(hi), s.apply(Op::Abs, {folded}));
    }
    case model::Boundary::Constrain: {
      const ExprId low = s.number(lo), high = s.number(hi);
      const ExprId raised = s.select(s.apply(Op::Less, {at, low}), low, at);
      return s.select(s.apply(Op::Less, {high, at}), high, raised);
    }
    default:
      return at;  // absorbed by its stopping set, or free to leave
  }
}

bool is_held(const model::State& state) {
  return state.lo && (state.boundary == model::Boundary::Constrain ||
                      state.boundary == model::Boundary::Reflect);
}

expr::Substitution places_of(Store& s, const model::Model& model) {
  expr::Substitution places;
  for (const model::State& state : model.states) {
    if (!state.lo) continue;
    const ExprId x = s.symbol(state.symbol);
    if (is_held(state))
      places[state.symbol] = s.max(s.min(x, s.number(*state.hi)), s.number(*state.lo));
    if (state.boundary == model::Boundary::Periodic)
      places[state.symbol] = wrapped(s, x, *state.lo, *state.hi - *state.lo);
  }
  return places;
}

ExprId held(Store& s, const model::State& state, ExprId drift) {
  if (!is_held(state)) return drift;
  const ExprId x = s.symbol(state.symbol), zero = s.integer(0);
  const ExprId above = s.apply(Op::LessEqual, {s.number(*state.hi), x});
  const ExprId below = s.apply(Op::LessEqual, {x, s.number(*state.lo)});
  return s.select(above, s.min(drift, zero), s.select(below, s.max(drift, zero), drift));
}

ExprId at_middle_of_step(expr::Store& store, const model::Model& model, ExprId dt, ExprId e) {
  const ExprId half = store.mul(dt, store.rational(1, 2));
  return expr::substitute(store, e, {{model.time, store.add(store.symbol(model.time), half)}});
}

std::vector<ExprId> corrected(Store& s, const model::Model& model, ExprId dt,
                              const std::vector<ExprId>& drift) {
  expr::Substitution led;
  for (std::size_t i = 0; i < drift.size(); ++i) {
    const ExprId there = s.add(s.symbol(model.states[i].symbol), s.mul(drift[i], dt));
    led[model.states[i].symbol] = bounded(s, model.states[i], there);
  }
  std::vector<ExprId> mean;
  for (const ExprId f : drift)
    mean.push_back(s.mul(s.rational(1, 2), s.add(f, expr::substitute(s, f, led))));
  return mean;
}

}  // namespace hopf::kernel
