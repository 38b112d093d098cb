// A control in one invertible term (power, log, exp, ...): dH/du = 0 solved by undoing one function
// at a time.
//
// Example: cost -(c*x)^(1-gamma)/(1-gamma) with drift -c*x gives -x*(c*x)^(-gamma) - x*p = 0;
// peeling off the sum, the factor -x, the power and the factor x leaves c = (-p)^(-1/gamma)/x.
// Where a target leaves the range of the function being undone there is no root, dH/du has one
// sign, and the minimiser is an end of the set.
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "derive/control_law.hpp"
#include "expr/traverse.hpp"

namespace hopf::derive {

using expr::Op;
using expr::Store;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kMargin = 1e-12;  // how near a target may come to the edge of a range, ...
constexpr double kLeast = 1e-300;  // ... as a share of it, and to zero

/// `target` must lie above (below) `edge` for a root to exist.
struct Range {
  ExprId target;
  double edge;
  bool above;
  int derivative_sign;  // of dH/du when it fails: +1, -1, or 0 when not known
};

/// The last target for which a root exists; where the edge is zero any number beyond it may be one,
/// in whatever units.
double guard_of(double edge, bool above) {
  const double margin = edge == 0 ? kLeast : kMargin * std::abs(edge);
  return edge + (above ? margin : -margin);
}

struct Inversion {
  ExprId remaining;  // f(u) still to be undone, f(u) = target
  ExprId target;
  int direction = 1;  // does dH/du grow with `remaining`? 0: not known
  std::vector<Range> ranges;
  std::vector<ExprId> nonzero;  // divisors that must not vanish
};

class Peeler {
 public:
  Peeler(Context& context, const Block& block)
      : context_(context), store_(context.store), u_(block.symbols[0]) {}

  /// u with f(u) = 0, or nothing where f is no chain of invertible functions.
  std::optional<Inversion> solve(ExprId f) {
    Inversion state{f, store_.integer(0)};
    for (int step = 0; step < 64; ++step) {
      const Op op = store_.op(state.remaining);
      if (op == Op::Symbol) return state;
      const std::vector<ExprId> args(store_.args(state.remaining).begin(),
                                     store_.args(state.remaining).end());
      if (!undo(op, args, state)) return std::nullopt;
    }
    return std::nullopt;
  }

 private:
  bool involves(ExprId e) const { return expr::depends_on(store_, e, u_); }

  bool undo(Op op, const std::vector<ExprId>& args, Inversion& state) {
    switch (op) {
      case Op::Add:
        return undo_sum(args, state);
      case Op::Mul:
        return undo_product(args, state);
      case Op::Pow:
        return undo_power(args[0], args[1], state);
      default:
        return undo_function(op, args, state);
    }
  }

  /// One summand with u, or several that are multiples of one function of u.
  bool undo_sum(const std::vector<ExprId>& terms, Inversion& state) {
    std::vector<ExprId> rest, coefficients;
    ExprId common;
    for (ExprId term : terms) {
      if (!involves(term)) {
        rest.push_back(term);
        continue;
      }
      const auto [coefficient, function] = split(term);
      if (common.valid() && common != function) return false;
      common = function;
      coefficients.push_back(coefficient);
    }
    state.target = store_.sub(state.target, store_.add(rest));
    state.remaining = common;
    return divide(state, tidy(store_, store_.add(coefficients)));
  }

  bool undo_product(const std::vector<ExprId>& factors, Inversion& state) {
    std::vector<ExprId> rest, dependent;
    for (ExprId factor : factors) (involves(factor) ? dependent : rest).push_back(factor);
    if (dependent.size() == 2)
      return undo_signed_power(dependent, rest, state) || undo_slope(dependent, rest, state);
    if (dependent.size() != 1) return false;
    state.remaining = dependent[0];
    return divide(state, store_.mul(rest));
  }

  /// |y|^k sign(y), the derivative of |y|^(k+1), or y^j |y|^i with an odd j: y = sign(t) |t|^(1/k).
  bool undo_signed_power(const std::vector<ExprId>& pair, const std::vector<ExprId>& rest,
                         Inversion& state) {
    const auto [p, i] = as_power(pair[0]);
    const auto [q, j] = as_power(pair[1]);
    const bool size_first = store_.op(p) == Op::Abs;
    const ExprId size = size_first ? p : q, other = size_first ? q : p, power = size_first ? j : i;
    if (store_.op(size) != Op::Abs) return false;
    const ExprId inner = store_.args(size)[0];
    const auto n = store_.rational_value(power);
    const bool is_sign = store_.op(other) == Op::Sign && store_.args(other)[0] == inner;
    const bool is_odd = other == inner && n && n->den == 1 && n->num % 2 != 0;
    if (!is_sign && !is_odd) return false;
    const ExprId exponent = is_sign ? (size_first ? i : j) : store_.add(i, j);
    if (sign_of(context_, exponent) != Sign::Positive || !divide(state, store_.mul(rest)))
      return false;
    state.remaining = inner;
    state.target = signed_root(state.target, exponent);
    return true;
  }

  std::pair<ExprId, ExprId> as_power(ExprId e) {
    if (store_.op(e) != Op::Pow) return {e, store_.integer(1)};
    return {store_.args(e)[0], store_.args(e)[1]};
  }

  /// u (a + b u^2)^(-1/2), the slope of sqrt(a + b u^2): u = t sqrt(a/(1 - b t^2)). Arc lengths and
  /// relativistic Lagrangians are of this form.
  bool undo_slope(const std::vector<ExprId>& pair, const std::vector<ExprId>& rest,
                  Inversion& state) {
    const bool u_first = store_.op(pair[0]) == Op::Symbol;
    const ExprId u = u_first ? pair[0] : pair[1], root = u_first ? pair[1] : pair[0];
    if (store_.op(u) != Op::Symbol || store_.op(root) != Op::Pow ||
        store_.rational_value(store_.args(root)[1]) != expr::Rational{-1, 2})
      return false;
    const SymbolId symbols[] = {u_};
    const auto inner = expr::as_quadratic(store_, store_.args(root)[0], symbols);
    if (!inner || !store_.is_zero(inner->linear[0])) return false;
    const ExprId a = inner->constant, b = half(store_, inner->Q[0]);
    if (sign_of(context_, a) != Sign::Positive) return false;
    const auto limit = constant_of(context_, b);
    if (!limit || *limit == 0 || !divide(state, store_.mul(rest))) return false;
    if (*limit > 0) {  // |t| < 1/sqrt(b)
      require(state, -1 / std::sqrt(*limit), true, true);
      require(state, 1 / std::sqrt(*limit), false, true);
    }
    const ExprId t = state.target;
    const ExprId below = store_.sub(store_.integer(1), store_.mul(std::array{b, t, t}));
    state.target = store_.mul(t, store_.sqrt(store_.div(a, below)));
    state.remaining = u;
    return true;
  }

  ExprId signed_root(ExprId t, ExprId exponent) {
    const ExprId size =
        store_.pow(store_.apply(Op::Abs, {t}), store_.div(store_.integer(1), exponent));
    return store_.mul(store_.apply(Op::Sign, {t}), size);
  }

  std::pair<ExprId, ExprId> split(ExprId term) {
    if (store_.op(term) != Op::Mul) return {store_.integer(1), term};
    const std::vector<ExprId> factors(store_.args(term).begin(), store_.args(term).end());
    std::vector<ExprId> free, dependent;
    for (ExprId factor : factors) (involves(factor) ? dependent : free).push_back(factor);
    return {store_.mul(free), store_.mul(dependent)};
  }

  bool divide(Inversion& state, ExprId divisor) {
    if (store_.is_zero(divisor)) return false;
    const Sign sign = sign_of(context_, divisor);
    if (sign != Sign::Positive && sign != Sign::Negative) state.nonzero.push_back(divisor);
    state.direction *= is_nonnegative(sign) ? 1 : is_nonpositive(sign) ? -1 : 0;
    state.target = tidy(store_, expr::expand(store_, store_.div(state.target, divisor)));
    return true;
  }

  void require(Inversion& state, double edge, bool above, bool increasing) {
    // A target under the range means f(u) > target for every u, hence dH/du has the sign of
    // `direction`.
    const int sign = state.direction * (above ? 1 : -1);
    state.ranges.push_back({state.target, edge, above, sign});
    const ExprId limit = store_.number(guard_of(edge, above));
    state.target = above ? store_.max(state.target, limit) : store_.min(state.target, limit);
    if (!increasing) state.direction = -state.direction;
  }

  bool undo_power(ExprId base, ExprId exponent, Inversion& state) {
    if (!involves(base)) {  // a^y with a > 0
      if (sign_of(context_, base) != Sign::Positive) return false;
      const ExprId log_base = store_.apply(Op::Log, {base});
      const Sign growth = sign_of(context_, log_base);
      if (growth != Sign::Positive && growth != Sign::Negative) return false;
      require(state, 0, true, growth == Sign::Positive);
      state.target = store_.div(store_.apply(Op::Log, {state.target}), log_base);
      state.remaining = exponent;
      return true;
    }
    if (involves(exponent)) return false;
    state.remaining = base;
    return undo_constant_power(base, exponent, state);
  }

  bool undo_constant_power(ExprId base, ExprId exponent, Inversion& state) {
    const auto exact = store_.rational_value(exponent);
    const bool odd = exact && exact->den == 1 && exact->num % 2 != 0;
    if (odd && exact->num > 0) {
      state.target = signed_root(state.target, exponent);
      return true;
    }
    const bool implied =
        !exact || exact->den != 1;  // a real power is only defined for a positive base
    const Sign base_sign = sign_of(context_, base);
    if (!implied && !is_nonnegative(base_sign)) return false;
    if (implied && is_nonpositive(base_sign)) return false;
    const Sign growth = sign_of(context_, exponent);
    if (growth != Sign::Positive && growth != Sign::Negative) return false;
    require(state, 0, true, growth == Sign::Positive);
    state.target = store_.pow(state.target, store_.div(store_.integer(1), exponent));
    return true;
  }

  ExprId asinh(ExprId t) {  // sign(t) log(|t| + sqrt(t^2 + 1)) does not cancel for large negative t
    const ExprId size = store_.apply(Op::Abs, {t});
    const ExprId root = store_.sqrt(store_.add(store_.mul(t, t), store_.integer(1)));
    return store_.mul(store_.apply(Op::Sign, {t}), store_.apply(Op::Log, {store_.add(size, root)}));
  }

  ExprId logit(ExprId t) {
    return store_.apply(Op::Log, {store_.div(t, store_.sub(store_.integer(1), t))});
  }

  bool undo_function(Op op, const std::vector<ExprId>& args, Inversion& state) {
    if (args.size() != 1) return false;
    state.remaining = args[0];
    const ExprId one = store_.integer(1);
    switch (op) {
      case Op::Exp:
        require(state, 0, true, true);
        state.target = store_.apply(Op::Log, {state.target});
        return true;
      case Op::Log:
        state.target = store_.apply(Op::Exp, {state.target});
        return true;
      case Op::Sinh:
        state.target = asinh(state.target);
        return true;
      case Op::Tanh:
        require(state, -1, true, true);
        require(state, 1, false, true);
        state.target = half(store_, logit(half(store_, store_.add(state.target, one))));
        return true;
      case Op::Sigmoid:
        require(state, 0, true, true);
        require(state, 1, false, true);
        state.target = logit(state.target);
        return true;
      case Op::Softplus:
        require(state, 0, true, true);
        state.target =
            store_.apply(Op::Log, {store_.sub(store_.apply(Op::Exp, {state.target}), one)});
        return true;
      case Op::Tan:
        if (!within(args[0], -std::acos(0.0), std::acos(0.0))) return false;
        state.target = store_.apply(Op::Atan, {state.target});
        return true;
      case Op::Atan:
        require(state, -std::acos(0.0), true, true);
        require(state, std::acos(0.0), false, true);
        state.target = store_.apply(Op::Tan, {state.target});
        return true;
      default:
        return false;
    }
  }

  bool within(ExprId e, double lo, double hi) const {
    const auto range = expr::enclose(store_, e, context_.box);
    return range.lo >= lo && range.hi <= hi;
  }

  Context& context_;
  Store& store_;
  SymbolId u_;
};

/// The part of [lo, hi] on which every log and real power of the objective is defined, as far as it
/// is constant.
void restrict_domain(const Context& context, const Block& block, double& lo, double& hi) {
  Store& store = context.store;
  const expr::Dependence depends(store, block.objective, std::span(block.symbols).first(1));
  for (const ExprId e : expr::topological(store, block.objective)) {
    if (!depends(e)) continue;
    const std::vector<ExprId> args(store.args(e).begin(), store.args(e).end());
    const auto exponent = store.op(e) == Op::Pow ? store.rational_value(args[1]) : std::nullopt;
    const bool real_power = store.op(e) == Op::Pow && (!exponent || exponent->den != 1);
    if (store.op(e) != Op::Log && !real_power) continue;
    const auto affine = expr::as_affine(store, args[0], block.symbols);
    if (!affine) continue;
    const Sign slope = sign_of(context, affine->linear[0]);
    const auto edge =
        constant_of(context, store.neg(store.div(affine->constant, affine->linear[0])));
    if (!edge) continue;
    if (slope == Sign::Positive || slope == Sign::NonNegative) lo = std::max(lo, *edge);
    if (slope == Sign::Negative || slope == Sign::NonPositive) hi = std::min(hi, *edge);
  }
}

/// Is H convex (+1), concave (-1) or neither known (0) in u over the set?
int curvature_sign(const Context& context, const Block& block, ExprId derivative, double lo,
                   double hi) {
  Context inside = context;
  inside.box[block.symbols[0]] = {lo, hi};
  const ExprId second = expr::differentiate(context.store, derivative, block.symbols[0]);
  for (ExprId form : {second, expr::simplify(context.store, second)}) {
    const Sign sign = sign_of(inside, form);
    if (is_nonnegative(sign)) return 1;
    if (is_nonpositive(sign)) return -1;
  }
  return 0;
}

double interior_point(double lo, double hi) {
  if (std::isfinite(lo) && std::isfinite(hi)) return 0.5 * (lo + hi);
  if (std::isfinite(lo)) return lo + 1;
  return std::isfinite(hi) ? hi - 1 : 0.0;
}

struct Assembly {
  Context& context;
  const Block& block;
  ExprId derivative;
  double lo, hi;  // the set
  double domain_lo, domain_hi;
  ExprId root;  // from guarded targets, hence finite up to overflow
};

/// Where the root does not exist: the end that dH/du points away from.
ExprId end_for_sign(const Assembly& a, int sign) {
  Store& store = a.context.store;
  // An unbounded end, or one outside the domain of the objective, is stood in for by the guarded
  // root.
  const bool has_lo = std::isfinite(a.lo) && a.lo >= a.domain_lo;
  const bool has_hi = std::isfinite(a.hi) && a.hi <= a.domain_hi;
  const ExprId guarded =
      clamp(store, a.root, std::isfinite(a.lo) ? a.lo : -kFar, std::isfinite(a.hi) ? a.hi : kFar);
  const ExprId low = has_lo ? store.number(a.lo) : guarded;
  const ExprId high = has_hi ? store.number(a.hi) : guarded;
  if (sign > 0) return low;
  if (sign < 0) return high;
  const double middle = interior_point(std::max(a.lo, a.domain_lo), std::min(a.hi, a.domain_hi));
  const ExprId slope =
      expr::substitute(store, a.derivative, {{a.block.symbols[0], store.number(middle)}});
  return store.select(less(store, store.integer(0), slope), low, high);
}

ExprId assemble(const Assembly& a, const Inversion& inversion) {
  Store& store = a.context.store;
  ExprId law =
      clamp(store, a.root, std::isfinite(a.lo) ? a.lo : -kFar, std::isfinite(a.hi) ? a.hi : kFar);
  for (auto range = inversion.ranges.rbegin(); range != inversion.ranges.rend(); ++range) {
    const ExprId edge = store.number(range->edge);
    const ExprId reachable =
        range->above ? less(store, edge, range->target) : less(store, range->target, edge);
    law = store.select(reachable, law, end_for_sign(a, range->derivative_sign));
  }
  for (ExprId divisor : inversion.nonzero) {
    const ExprId vanishes = store.apply(Op::Equal, {divisor, store.integer(0)});
    law = store.select(vanishes, end_for_sign(a, 0), law);
  }
  return law;
}

/// The root without guards, for display.
ExprId without_guards(Store& store, ExprId e, const Inversion& inversion) {
  // The last guard is the outermost.
  for (auto range = inversion.ranges.rbegin(); range != inversion.ranges.rend(); ++range) {
    const ExprId limit = store.number(guard_of(range->edge, range->above));
    const ExprId guarded =
        range->above ? store.max(range->target, limit) : store.min(range->target, limit);
    e = replace_node(store, e, guarded, range->target);
  }
  return e;
}

/// The law as it is read: where no root exists the end of the set, and where there is no such end a
/// condition for the minimum to exist.
void write_out(const Assembly& a, const Inversion& inversion, BlockLaw& law) {
  Store& store = a.context.store;
  // A root lies in the domain of the objective, so an end at the edge of that does not clamp it.
  ExprId shown = clamp(store, without_guards(store, a.root, inversion),
                       a.lo > a.domain_lo ? a.lo : -kInf, a.hi < a.domain_hi ? a.hi : kInf);
  std::vector<ExprId> exists;
  for (auto range = inversion.ranges.rbegin(); range != inversion.ranges.rend(); ++range) {
    const ExprId target = without_guards(store, range->target, inversion);
    const ExprId edge = store.number(range->edge);
    const ExprId reachable = range->above ? less(store, edge, target) : less(store, target, edge);
    const bool low = std::isfinite(a.lo) && a.lo >= a.domain_lo;
    const bool high = std::isfinite(a.hi) && a.hi <= a.domain_hi;
    const int sign = range->derivative_sign;
    if (sign > 0 && low)
      shown = store.select(reachable, shown, store.number(a.lo));
    else if (sign < 0 && high)
      shown = store.select(reachable, shown, store.number(a.hi));
    else
      exists.push_back(reachable);
  }
  law.shown = {shown};
  if (!exists.empty()) law.exists = exists.size() == 1 ? exists[0] : store.apply(Op::And, exists);
}

/// The least of the ends and the only stationary point: exact whatever the curvature.
ExprId best_candidate(const Assembly& a, ExprId inner) {
  Store& store = a.context.store;
  const SymbolId u = a.block.symbols[0];
  auto cost = [&](ExprId at) { return expr::substitute(store, a.block.objective, {{u, at}}); };
  ExprId best = inner, best_cost = cost(inner);
  for (double end : {a.lo, a.hi}) {
    const ExprId at = store.number(end), at_cost = cost(at);
    const ExprId better = less(store, at_cost, best_cost);
    best = store.select(better, at, best);
    best_cost = store.min(at_cost, best_cost);
  }
  return best;
}

}  // namespace

Attempt convex_law(Context& context, const Block& block) {
  if (block.symbols.size() != 1 || !is_product_set(block)) return std::nullopt;
  Store& store = context.store;
  const ExprId derivative = expr::differentiate(store, block.objective, block.symbols[0]);
  double domain_lo = -kInf, domain_hi = kInf;
  restrict_domain(context, block, domain_lo, domain_hi);
  const double lo = std::max(block.lo[0], domain_lo), hi = std::min(block.hi[0], domain_hi);
  Context inside = context;
  inside.box[block.symbols[0]] = {lo, hi};
  std::optional<Inversion> inversion;
  for (ExprId form :
       {derivative, expr::expand(store, derivative), expr::simplify(store, derivative)}) {
    if (!inversion) inversion = Peeler(inside, block).solve(form);
  }
  if (!inversion) return std::nullopt;

  const int curvature = curvature_sign(context, block, derivative, lo, hi);
  const bool bounded = std::isfinite(block.lo[0]) && std::isfinite(block.hi[0]);
  if (curvature <= 0 && !bounded) return std::nullopt;
  const ExprId root = inversion->target;
  const Assembly assembly{context,     block,     derivative, block.lo[0],
                          block.hi[0], domain_lo, domain_hi,  root};
  BlockLaw law{.form = Form::Convex};
  law.law = {assemble(assembly, *inversion)};
  if (curvature > 0) write_out(assembly, *inversion, law);
  if (curvature <= 0) law.law = {best_candidate(assembly, law.law[0])};
  law.stationary = {tidy(store, without_guards(store, root, *inversion))};
  const std::string name = component_name(context, block, 0);
  law.reason =
      curvature > 0
          ? fmt::format("strictly {} in {}: dH/d{} = 0 is solved in closed form",
                        maximises(context, block) ? "concave" : "convex", name, name)
          : fmt::format("dH/d{} has one zero, in closed form; it is compared with both ends", name);
  const std::string values = with_values(context, {derivative});
  if (!values.empty()) law.reason += fmt::format(" (checked {})", values);
  if (!(std::isinf(block.lo[0]) && std::isinf(block.hi[0]))) {
    law.reason += ", kept in " + interval_text(block.lo[0], block.hi[0]);
  }
  return law;
}

}  // namespace hopf::derive
