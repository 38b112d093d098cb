// Controls in a ball or a simplex, headings, and costs with kinks.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "derive/control_law.hpp"
#include "derive/definite.hpp"
#include "expr/traverse.hpp"

namespace hopf::derive {

using expr::Op;
using expr::Store;
using Set = model::ControlGroup::Set;

namespace {

constexpr std::size_t kSubsetLimit = 6;  // simplex dimensions whose subsets are enumerated

/// 1/2 c |u|^2 + b.u + constant, c possibly zero.
struct Isotropic {
  ExprId c;
  std::vector<ExprId> b;
};

std::optional<Isotropic> as_isotropic(Context& context, const Block& block) {
  Store& store = context.store;
  const auto quadratic = expr::as_quadratic(store, block.objective, block.symbols);
  if (!quadratic) return std::nullopt;
  const std::size_t m = block.symbols.size();
  Isotropic form;
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < m; ++j) {
      const ExprId entry = tidy(store, quadratic->Q[i * m + j]);
      if (i != j && !store.is_zero(entry)) return std::nullopt;
      if (i == 0 && j == 0) form.c = entry;
      if (i == j && entry != form.c) return std::nullopt;
    }
    form.b.push_back(tidy(store, quadratic->linear[i]));
  }
  return form;
}

ExprId norm(Store& store, const std::vector<ExprId>& v) {
  std::vector<ExprId> squares;
  for (ExprId e : v) squares.push_back(store.mul(e, e));
  return store.sqrt(store.add(squares));
}

std::string ball_reason(const Context& context, const Block& block, ExprId curvature) {
  const std::string& name = block.group->name;
  const std::string radius = number(block.group->radius);
  if (context.store.is_zero(curvature)) {
    return fmt::format(
        "linear in {} over the ball of radius {}: against the coefficient, at full length; 0 where "
        "the coefficient vanishes",
        name, radius);
  }
  return fmt::format(
      "quadratic in {} with the same curvature {} in every direction: the stationary point, pulled "
      "back to the ball of radius {}",
      name, text(context, curvature), radius);
}

}  // namespace

// min over |u| <= r of 1/2 c|u|^2 + b.u: along -b by symmetry, with length min(|b|/c, r) (Boyd &
// Vandenberghe 2004, 8.1).
Attempt ball_law(Context& context, const Block& block) {
  if (block.group->set != Set::Ball || block.symbols.size() < 2) return std::nullopt;
  const auto form = as_isotropic(context, block);
  if (!form) return std::nullopt;
  Store& store = context.store;
  const ExprId zero = store.integer(0), r = store.number(block.group->radius);
  const ExprId size = norm(store, form->b);
  const bool linear = store.is_zero(form->c);
  const Definite convex = linear ? Definite::No : positive(context, form->c);
  const bool certain = convex == Definite::Yes || convex == Definite::Sampled;
  BlockLaw law{.form = Form::Ball};
  if (linear) law.minimum = store.neg(store.mul(r, size));
  for (std::size_t i = 0; i < form->b.size(); ++i) {
    const ExprId b = form->b[i];
    const ExprId boundary = store.neg(store.div(store.mul(r, b), size));
    // With b = 0 and no convexity every direction is as good: the first axis when concave, the
    // centre when linear.
    const ExprId tie = linear || i > 0 ? zero : r;
    const ExprId edge = store.select(less(store, zero, size), boundary, linear ? zero : tie);
    const ExprId inner = linear ? ExprId() : tidy(store, store.neg(store.div(b, form->c)));
    law.stationary.push_back(inner);
    if (linear) {
      law.law.push_back(edge);
      continue;
    }
    const ExprId fits = store.apply(Op::LessEqual, {size, store.mul(form->c, r)});
    if (certain)
      law.law.push_back(store.select(fits, inner, boundary));
    else
      law.law.push_back(
          store.select(store.apply(Op::And, {less(store, zero, form->c), fits}), inner, edge));
  }
  law.reason = ball_reason(context, block, form->c);
  return law;
}

namespace {

/// argmin of b.u on the simplex: the first vertex with the least coefficient.
std::vector<ExprId> least_vertex(Store& store, const std::vector<ExprId>& b) {
  const std::size_t m = b.size();
  std::vector<ExprId> u(m, store.integer(0));
  u[0] = store.integer(1);
  ExprId best = b[0];
  for (std::size_t k = 1; k < m; ++k) {
    const ExprId better = less(store, b[k], best);
    for (std::size_t i = 0; i < m; ++i)
      u[i] = store.select(better, store.integer(i == k ? 1 : 0), u[i]);
    best = store.min(b[k], best);
  }
  return u;
}

/// H = lambda sum u log u + b.u on the simplex: weights exp(-b/lambda), shifted by the least b
/// against overflow.
struct Gibbs {
  std::vector<ExprId> law, shown;  // with and without the shift
};

std::optional<Gibbs> softmax(Context& context, const Block& block) {
  Store& store = context.store;
  ExprId rest = block.objective, lambda;
  std::vector<ExprId> entropies;
  for (SymbolId symbol : block.symbols) {
    const ExprId u = store.symbol(symbol);
    const ExprId second =
        expr::differentiate(store, expr::differentiate(store, block.objective, symbol), symbol);
    const ExprId weight = tidy(store, expr::expand(store, store.mul(u, second)));
    if (lambda.valid() && weight != lambda) return std::nullopt;
    lambda = weight;
    entropies.push_back(store.mul(u, store.apply(Op::Log, {u})));
  }
  if (depends_on_any(store, lambda, block.symbols) || positive(context, lambda) != Definite::Yes)
    return std::nullopt;
  rest = expr::expand(store, store.sub(rest, store.mul(lambda, store.add(entropies))));
  const auto affine = expr::as_affine(store, tidy(store, rest), block.symbols);
  if (!affine) return std::nullopt;
  ExprId least = affine->linear[0];
  for (ExprId b : affine->linear) least = store.min(least, b);
  auto normalised = [&](ExprId shift) {
    std::vector<ExprId> weights;
    for (ExprId b : affine->linear)
      weights.push_back(store.apply(Op::Exp, {store.div(store.sub(shift, b), lambda)}));
    const ExprId total = store.add(weights);
    for (ExprId& weight : weights) weight = store.div(weight, total);
    return weights;
  };
  return Gibbs{normalised(least), normalised(store.integer(0))};
}

}  // namespace

// Projection of y: u_i = max(y_i - tau, 0), tau = max over non-empty subsets of (sum y - 1)/size.
// The maximum is attained by the largest entries, which is the sorting rule of Held, Wolfe &
// Crowder 1974.
std::vector<ExprId> project_to_simplex(Store& store, const std::vector<ExprId>& y) {
  std::vector<ExprId> candidates;
  for (std::size_t subset = 1; subset < (std::size_t{1} << y.size()); ++subset) {
    std::vector<ExprId> members{store.integer(-1)};
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (subset >> i & 1) members.push_back(y[i]);
    }
    const ExprId count = store.integer(static_cast<std::int64_t>(members.size()) - 1);
    candidates.push_back(store.div(store.add(members), count));
  }
  ExprId tau = candidates[0];
  for (std::size_t k = 1; k < candidates.size(); ++k) tau = store.max(tau, candidates[k]);
  std::vector<ExprId> u;
  for (ExprId e : y) u.push_back(store.max(store.sub(e, tau), store.integer(0)));
  return u;
}

Attempt simplex_law(Context& context, const Block& block) {
  if (block.group->set != Set::Simplex) return std::nullopt;
  Store& store = context.store;
  BlockLaw law{.form = Form::Simplex};
  const std::string& name = block.group->name;
  if (const auto gibbs = softmax(context, block)) {
    law.law = gibbs->law;
    law.shown = gibbs->shown;
    law.reason =
        fmt::format("entropy in {} on the simplex: the optimum is the Gibbs distribution", name);
    return law;
  }
  const auto form = as_isotropic(context, block);
  if (!form) return std::nullopt;
  if (store.is_zero(form->c)) {
    law.law = least_vertex(store, form->b);
    law.reason = fmt::format(
        "linear in {} on the simplex: the vertex with the {} coefficient, the first in a tie", name,
        maximises(context, block) ? "greatest" : "least");
    return law;
  }
  const Definite convex = positive(context, form->c);
  if ((convex != Definite::Yes && convex != Definite::Sampled) || form->b.size() > kSubsetLimit)
    return std::nullopt;
  std::vector<ExprId> y;
  for (ExprId b : form->b) y.push_back(tidy(store, store.neg(store.div(b, form->c))));
  law.stationary = y;
  law.law = project_to_simplex(store, y);
  law.reason = fmt::format(
      "quadratic in {} with the same curvature in every direction: the stationary point, "
      "projected onto the simplex",
      name);
  return law;
}

// H = A cos u + B sin u + rest over a full turn: the minimum -sqrt(A^2 + B^2) is at atan2(-B, -A).
Attempt heading_law(Context& context, const Block& block) {
  if (block.symbols.size() != 1 || !is_product_set(block)) return std::nullopt;
  Store& store = context.store;
  constexpr double turn = 6.283185307179586;
  const double lo = block.lo[0], hi = block.hi[0];
  if (hi - lo < turn * (1 - 1e-12)) return std::nullopt;
  const SymbolId u = block.symbols[0];
  const ExprId slope = expr::differentiate(store, block.objective, u);
  const ExprId constant = tidy(
      store, expr::expand(store, store.add(block.objective, expr::differentiate(store, slope, u))));
  if (expr::depends_on(store, constant, u)) return std::nullopt;
  const expr::Substitution at_zero{{u, store.integer(0)}};
  const ExprId A =
      tidy(store, expr::substitute(store, store.sub(block.objective, constant), at_zero));
  const ExprId B = tidy(store, expr::substitute(store, slope, at_zero));
  ExprId law =
      store.apply(Op::Atan2, {store.neg(B), store.neg(A)});  // in [-pi, pi]; atan2(0, 0) = 0
  const bool symmetric = lo <= -turn / 2 && hi >= turn / 2;
  BlockLaw result{.form = Form::Heading};
  result.stationary = {law};
  if (!symmetric) {
    const double start = std::isfinite(lo) ? lo : hi - turn;
    const ExprId two_pi = store.mul(store.integer(2), store.pi());
    const ExprId turns =
        store.apply(Op::Floor, {store.div(store.sub(law, store.number(start)), two_pi)});
    law = clamp(store, store.sub(law, store.mul(two_pi, turns)), lo, hi);
  } else {
    law = clamp(store, law, lo, hi);
  }
  result.law = {law};
  result.minimum = store.sub(constant, norm(store, {A, B}));
  result.reason = fmt::format(
      "a sine and a cosine of {} over a full turn: the direction {} their "
      "coefficients; 0 where both vanish",
      component_name(context, block, 0), maximises(context, block) ? "of" : "opposite to");
  return result;
}

namespace {

/// A place where the objective changes its formula: |a u + c|, or min/max of two terms with
/// difference a u + c.
struct Kink {
  ExprId node, below, above;  // the node, and what it equals for u below and above the kink
  double at;
};

std::optional<Kink> kink_of(Context& context, const Block& block, ExprId node) {
  Store& store = context.store;
  const Op op = store.op(node);
  const std::vector<ExprId> args(store.args(node).begin(), store.args(node).end());
  ExprId difference, low, high;  // low where difference < 0, high where it is > 0
  if (op == Op::Abs) {
    difference = high = args[0];
    low = store.neg(args[0]);
  } else if ((op == Op::Max || op == Op::Min) && args.size() == 2) {
    difference = store.sub(args[0], args[1]);
    low = op == Op::Max ? args[1] : args[0];
    high = op == Op::Max ? args[0] : args[1];
  } else {
    return std::nullopt;
  }
  const auto affine = expr::as_affine(store, difference, block.symbols);
  if (!affine || store.is_zero(affine->linear[0])) return std::nullopt;
  const auto at = constant_of(context, store.neg(store.div(affine->constant, affine->linear[0])));
  const Sign slope = sign_of(context, affine->linear[0]);
  if (!at || (slope != Sign::Positive && slope != Sign::Negative)) return std::nullopt;
  if (slope == Sign::Negative) std::swap(low, high);
  return Kink{node, low, high, *at};
}

std::optional<Kink> first_kink(Context& context, const Block& block) {
  // Once a node, from the outermost: as a tree the expression may have no end.
  const auto nodes = expr::topological(context.store, block.objective);
  const expr::Dependence depends(context.store, block.objective, std::span(block.symbols).first(1));
  for (auto e = nodes.rbegin(); e != nodes.rend(); ++e) {
    if (!depends(*e)) continue;
    if (auto kink = kink_of(context, block, *e)) return kink;
  }
  return std::nullopt;
}

Attempt piece_law(Context& context, Block piece, const Kink& kink, bool above) {
  (above ? piece.lo : piece.hi)[0] = kink.at;
  Context inside = context;
  inside.box[piece.symbols[0]] = {piece.lo[0], piece.hi[0]};
  Store& store = context.store;
  piece.objective = expr::expand(
      store, replace_node(store, piece.objective, kink.node, above ? kink.above : kink.below));
  for (auto rule : {constant_law, linear_law, quadratic_law, kinked_law, convex_law}) {
    if (auto law = rule(inside, piece)) return law;
  }
  return std::nullopt;
}

/// Convex on both sides, and no steeper before the kink than after it.
bool is_convex(Context& context, const Block& block, const Kink& kink) {
  Store& store = context.store;
  const SymbolId u = block.symbols[0];
  ExprId slopes[2];
  for (const bool above : {false, true}) {
    const ExprId smooth =
        replace_node(store, block.objective, kink.node, above ? kink.above : kink.below);
    const ExprId slope = expr::differentiate(store, smooth, u);
    Context piece = context;
    piece.box[u] = {above ? kink.at : block.lo[0], above ? block.hi[0] : kink.at};
    const ExprId curvature = expr::simplify(store, expr::differentiate(store, slope, u));
    if (!is_nonnegative(sign_of(piece, curvature))) return false;
    slopes[above] = expr::substitute(store, slope, {{u, store.number(kink.at)}});
  }
  return is_nonnegative(
      sign_of(context, tidy(store, expr::expand(store, store.sub(slopes[1], slopes[0])))));
}

}  // namespace

// Each smooth piece has its own exact minimiser; the better of the two is the minimiser (soft
// thresholding is one case).
Attempt kinked_law(Context& context, const Block& block) {
  if (block.symbols.size() != 1 || !is_product_set(block)) return std::nullopt;
  const auto kink = first_kink(context, block);
  if (!kink) return std::nullopt;
  const bool splits = kink->at > block.lo[0] && kink->at < block.hi[0];
  if (!splits) return piece_law(context, block, *kink, kink->at <= block.lo[0]);
  const Attempt left = piece_law(context, block, *kink, false);
  const Attempt right = piece_law(context, block, *kink, true);
  if (!left || !right) return std::nullopt;
  if (left->fault) return left;
  if (right->fault) return right;
  Store& store = context.store;
  auto cost = [&](ExprId at) {
    return expr::substitute(store, block.objective, {{block.symbols[0], at}});
  };
  const ExprId low = left->law[0], high = right->law[0];
  BlockLaw law{.form = Form::Convex};
  if (is_convex(context, block, *kink)) {
    // One of the two minimisers is the kink itself, so the other is their sum less the kink.
    law.law = {store.sub(store.add(low, high), store.number(kink->at))};
    law.reason = fmt::format(
        "{} in {} with a kink at {}: the sum of the optima on both sides, of which at least one is "
        "the kink",
        maximises(context, block) ? "concave" : "convex", component_name(context, block, 0),
        number(kink->at));
    return law;
  }
  law.law = {store.select(less(store, cost(high), cost(low)), high, low)};
  law.reason = fmt::format(
      "smooth in {} on both sides of {}: each side is minimised exactly and the better one taken",
      component_name(context, block, 0), number(kink->at));
  return law;
}

}  // namespace hopf::derive
