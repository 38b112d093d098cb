#include "driver/circular.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "driver/solve_internal.hpp"
#include "expr/rational.hpp"
#include "expr/traverse.hpp"

namespace hopf::driver {

namespace {

using expr::ExprId;
using expr::Op;
using expr::Rational;
using expr::Store;
using expr::SymbolId;

constexpr double kWhole = 1e-9;  // of a turn: a set so near to whole turns is whole turns long
constexpr int kMostHalvings = 4;

/// Whatever of the model a control may act on.
std::vector<ExprId> acted_on(const model::Model& model, SymbolId control) {
  std::vector<ExprId> all = model.drift;
  const auto append = [&](const std::vector<ExprId>& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  append(model.diffusion);
  append(model.jump_size);
  for (const model::Jump& jump : model.jumps) all.push_back(jump.rate);
  for (const model::Amount& condition : model.constraints) all.push_back(condition.value);
  all.push_back(model.lagrangian.value);
  if (model.discount) all.push_back(model.discount->value);
  if (model.regime) append(model.regime->rates);
  std::erase_if(all, [&](ExprId e) { return !e.valid() || !depends_on(*model.store, e, control); });
  for (ExprId& e : all) e = numeric(model, e);
  return all;
}

/// sin, cos or tan of k u + c with a number k and a c free of u.
struct Call {
  ExprId node, frequency;  // 2 pi over its period: k, or 2 k of a tangent
  Rational turns;          // that it makes in the common period
};

std::optional<Call> as_call(Store& store, ExprId e, SymbolId u) {
  const Op op = store.op(e);
  if (op != Op::Sin && op != Op::Cos && op != Op::Tan) return std::nullopt;
  const auto angle = expr::as_affine(store, store.args(e)[0], std::span(&u, 1));
  if (!angle || store.is_zero(angle->linear[0])) return std::nullopt;
  const ExprId k = angle->linear[0];
  if (!expr::free_symbols(store, k).empty() || depends_on(store, angle->constant, u))
    return std::nullopt;
  return Call{e, op == Op::Tan ? store.mul(store.integer(2), k) : k, {}};
}

/// The calls that u stands in, if it stands nowhere else.
std::optional<std::vector<Call>> calls_of(Store& store, const std::vector<ExprId>& all,
                                          SymbolId u) {
  std::vector<Call> calls;
  const auto is_call = [&](ExprId e) {
    const auto call = as_call(store, e, u);
    if (call) calls.push_back(*call);
    return call.has_value();
  };
  for (const ExprId e : expr::topological(store, all, is_call))
    if (store.op(e) == Op::Symbol && store.symbol_of(e) == u) return std::nullopt;
  return calls;
}

/// |a/b|, where it is rational.
std::optional<Rational> ratio_of(Store& store, ExprId a, ExprId b) {
  auto ratio = store.rational_value(store.div(a, b));
  if (!ratio)
    ratio = store.rational_value(
        store.number(expr::evaluate(store, a, {}) / expr::evaluate(store, b, {})));
  if (ratio && ratio->num < 0) ratio->num = -ratio->num;
  return ratio;
}

/// The least period common to all calls, whose turns in it are set: their frequencies are whole
/// multiples of one. 0 where they have none.
double common_period(Store& store, std::vector<Call>& calls) {
  Rational measure{0, 1};
  for (Call& call : calls) {
    const auto ratio = ratio_of(store, call.frequency, calls[0].frequency);
    const auto common = ratio ? expr::common_measure(measure, *ratio) : std::nullopt;
    if (!common) return 0;
    call.turns = *ratio, measure = *common;
  }
  for (Call& call : calls) {
    const auto turns = expr::times(call.turns, *expr::reciprocal(measure));
    if (!turns) return 0;
    call.turns = *turns;
  }
  const double first = std::abs(expr::evaluate(store, calls[0].frequency, {}));
  return 2 * std::numbers::pi / (first * measure.value());
}

/// Whether nothing changes when the control goes on by a period over 2^halvings: sin(u)^2.
bool repeats(Store& store, const std::vector<ExprId>& all, const std::vector<Call>& calls,
             int halvings) {
  base::IdMap<ExprId, ExprId> further;
  for (const Call& call : calls) {
    const Op op = store.op(call.node);
    const std::int64_t parts = (std::int64_t{1} << halvings) * (op == Op::Tan ? 2 : 1);
    const ExprId turns = store.rational(call.turns.num, call.turns.den);
    const ExprId angle = store.mul(store.mul(store.rational(2, parts), turns), store.pi());
    further.insert(call.node, store.apply(op, {store.add(store.args(call.node)[0], angle)}));
  }
  const auto never = [](ExprId) { return false; };
  const auto visit = [&](ExprId node, std::span<const ExprId> args) {
    if (const ExprId* image = further.find(node)) return *image;
    return args.empty() ? node : store.apply(store.op(node), args);
  };
  return std::all_of(all.begin(), all.end(),
                     [&](ExprId e) { return expr::rebuild(store, e, never, visit) == e; });
}

/// One turn within [lo, hi]: around 0 where the set holds it, else the first.
runtime::Circle turn_in(double lo, double hi, double period) {
  const double turns = std::round((hi - lo) / period);
  if (std::abs((hi - lo) / period - turns) <= kWhole && turns >= 1) period = (hi - lo) / turns;
  if (!(hi - lo >= period)) return {};
  if (lo <= -period / 2 && hi >= period / 2) return {-period / 2, period};
  return {std::isfinite(lo) ? lo : hi - period, period};
}

}  // namespace

runtime::Circle circle_of(const model::Model& model, std::size_t control) {
  const model::Control& u = model.controls[control];
  const auto set = model.groups[static_cast<std::size_t>(u.group)].set;
  using Set = model::ControlGroup::Set;
  if (set != Set::Interval && set != Set::Free) return {};
  Store& store = *model.store;
  const std::vector<ExprId> all = acted_on(model, u.symbol);
  auto calls = calls_of(store, all, u.symbol);
  if (!calls || calls->empty()) return {};
  double period = common_period(store, *calls);
  if (!(period > 0)) return {};
  for (int halvings = 1; halvings <= kMostHalvings; ++halvings) {
    if (!repeats(store, all, *calls, halvings)) break;
    period /= 2;
  }
  return turn_in(u.lo, u.hi, period);
}

}  // namespace hopf::driver
