// Controls that enter quadratically: 1/2 u'Q u + b'u over a box, one or several coupled, any sign
// of Q.
//
// One control: the clamped stationary point where the curvature is positive, the better end
// elsewhere. Several: the stationary point where Q is positive definite and it lies inside; else
// the least of the faces, each a problem with one control fewer (Nocedal & Wright 2006, 16.7, by
// enumeration).
#include <fmt/format.h>

#include <Eigen/Dense>
#include <cmath>

#include "derive/control_law.hpp"
#include "derive/definite.hpp"

namespace hopf::derive {

using expr::Store;

namespace {

constexpr std::size_t kFaceLimit = 3;     // controls whose faces are enumerated
constexpr std::size_t kByValueLimit = 4;  // free controls whose definiteness the law itself tests

struct Problem {
  std::vector<ExprId> Q, b;
  std::vector<double> lo, hi;
  std::size_t size() const { return b.size(); }
};

ExprId value_of(Store& store, const Problem& problem, const std::vector<ExprId>& u) {
  const std::size_t m = problem.size();
  std::vector<ExprId> terms;
  for (std::size_t i = 0; i < m; ++i) {
    terms.push_back(store.mul(problem.b[i], u[i]));
    for (std::size_t j = 0; j < m; ++j) {
      const ExprId product = store.mul(u[i], u[j]);
      terms.push_back(half(store, store.mul(problem.Q[i * m + j], product)));
    }
  }
  return store.add(terms);
}

std::optional<std::vector<ExprId>> stationary_point(Store& store, const Problem& problem) {
  std::vector<ExprId> right;
  for (ExprId b : problem.b) right.push_back(store.neg(b));
  auto solution = expr::solve_linear(store, problem.Q, right);
  if (solution) {
    for (ExprId& u : *solution) u = tidy(store, u);
  }
  return solution;
}

/// The problem on the face u_i = value: the others, with Q_ri value added to their linear terms.
Problem on_face(Store& store, const Problem& problem, std::size_t i, double value) {
  const std::size_t m = problem.size();
  Problem face;
  for (std::size_t r = 0; r < m; ++r) {
    if (r == i) continue;
    const ExprId shift = store.mul(problem.Q[r * m + i], store.number(value));
    face.b.push_back(store.add(problem.b[r], shift));
    face.lo.push_back(problem.lo[r]);
    face.hi.push_back(problem.hi[r]);
    for (std::size_t c = 0; c < m; ++c) {
      if (c != i) face.Q.push_back(problem.Q[r * m + c]);
    }
  }
  return face;
}

ExprId inside(Store& store, const Problem& problem, const std::vector<ExprId>& u) {
  std::vector<ExprId> conditions;
  for (std::size_t i = 0; i < u.size(); ++i) {
    auto at_most = [&](ExprId a, ExprId b) {
      conditions.push_back(store.apply(expr::Op::LessEqual, {a, b}));
    };
    if (std::isfinite(problem.lo[i])) at_most(store.number(problem.lo[i]), u[i]);
    if (std::isfinite(problem.hi[i])) at_most(u[i], store.number(problem.hi[i]));
  }
  if (conditions.empty()) return store.integer(1);
  return conditions.size() == 1 ? conditions[0] : store.apply(expr::Op::And, conditions);
}

std::vector<ExprId> box_minimiser(Context&, const Problem&, bool definite);

/// The least of the minimisers on all faces; the point nearest zero when there is no face.
std::vector<ExprId> best_face(Context& context, const Problem& problem, bool definite) {
  Store& store = context.store;
  std::vector<ExprId> best;
  ExprId best_value;
  for (std::size_t i = 0; i < problem.size(); ++i) {
    for (double value : {problem.lo[i], problem.hi[i]}) {
      if (!std::isfinite(value)) continue;
      auto u = box_minimiser(context, on_face(store, problem, i, value), definite);
      u.insert(u.begin() + static_cast<std::ptrdiff_t>(i), store.number(value));
      const ExprId u_value = value_of(store, problem, u);
      if (best.empty()) {
        best = u;
        best_value = u_value;
        continue;
      }
      const ExprId better = less(store, u_value, best_value);
      for (std::size_t k = 0; k < u.size(); ++k) best[k] = store.select(better, u[k], best[k]);
      best_value = store.min(u_value, best_value);
    }
  }
  if (best.empty()) best.assign(problem.size(), store.integer(0));
  return best;
}

std::vector<ExprId> box_minimiser(Context& context, const Problem& problem, bool definite) {
  Store& store = context.store;
  if (problem.size() == 1) {
    return {interval_quadratic(context, problem.Q[0], problem.b[0], problem.lo[0], problem.hi[0])};
  }
  const auto faces = best_face(context, problem, definite);
  const auto stationary = stationary_point(store, problem);
  if (!stationary) return faces;
  ExprId condition = inside(store, problem, *stationary);
  if (!definite) {
    const ExprId convex = all_positive(store, pivots(store, problem.Q, problem.size()));
    condition = store.is_one(condition) ? convex : store.apply(expr::Op::And, {convex, condition});
  }
  std::vector<ExprId> law;
  for (std::size_t k = 0; k < problem.size(); ++k) {
    law.push_back(store.is_one(condition) ? (*stationary)[k]
                                          : store.select(condition, (*stationary)[k], faces[k]));
  }
  return law;
}

bool all_free(const Problem& problem) {
  for (std::size_t i = 0; i < problem.size(); ++i) {
    if (std::isfinite(problem.lo[i]) || std::isfinite(problem.hi[i])) return false;
  }
  return true;
}

bool all_bounded(const Problem& problem) {
  for (std::size_t i = 0; i < problem.size(); ++i) {
    if (std::isinf(problem.lo[i]) || std::isinf(problem.hi[i])) return false;
  }
  return true;
}

std::string names(const Context& context, const Block& block) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < block.symbols.size(); ++i)
    words.push_back(component_name(context, block, i));
  return join(words, ", ");
}

std::string weight_words(const Context& context, Definite definite, bool maximised) {
  const char* sign = maximised ? "negative" : "positive";
  switch (definite) {
    case Definite::Yes:
      return fmt::format("with a {} definite weight", sign);
    case Definite::Sampled:
      return fmt::format("with a weight that is {} definite at every sampled state", sign);
    case Definite::No:
      return fmt::format("with a weight that is not {} definite everywhere", sign);
    case Definite::ByValue:
      return fmt::format("with a weight that depends on the Hessian of {}", context.names.value);
  }
  return "";
}

/// The sign is the user's: a reward is maximised where its curvature is negative.
std::string curvature_words(const Context& context, const Block& block, Definite definite,
                            const Problem& problem) {
  const bool maximised = maximises(context, block);
  if (problem.size() > 1) return weight_words(context, definite, maximised);
  const char* sign = maximised ? "negative" : "positive";
  const ExprId seen = tidy(context.store, coefficient_in_user_terms(context, block, problem.Q[0]));
  const std::string q = text(context, seen), values = with_values(context, {seen});
  const std::string known = values.empty() ? "" : " (" + values + ")";
  switch (definite) {
    case Definite::Yes:
      return fmt::format("with curvature {} {} 0{}", q, maximised ? "<" : ">", known);
    case Definite::Sampled:
      return fmt::format("with curvature {}, {} at every sampled state{}", q, sign, known);
    case Definite::No:
      return fmt::format("with curvature {}, which is not {} everywhere{}", q, sign, known);
    case Definite::ByValue:
      return fmt::format("with curvature {}, whose sign is tested where it is used", q);
  }
  return "";
}

/// Of a constant weight that is not positive definite: the direction in which the cost does not
/// grow. A singular Lagrangian is one such.
std::string flat_direction(const Context& context, const Problem& problem) {
  const auto m = static_cast<Eigen::Index>(problem.size());
  Eigen::MatrixXd Q(m, m);
  for (Eigen::Index i = 0; i < m; ++i) {
    for (Eigen::Index j = 0; j < m; ++j) {
      const auto value = constant_of(context, problem.Q[static_cast<std::size_t>(i * m + j)]);
      if (!value) return "";
      Q(i, j) = *value;
    }
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(Q);
  const double least = solver.eigenvalues()[0], most = solver.eigenvalues().cwiseAbs().maxCoeff();
  Eigen::VectorXd v = solver.eigenvectors().col(0);
  Eigen::Index largest = 0;
  v.cwiseAbs().maxCoeff(&largest);
  v /= v[largest];
  std::vector<std::string> entries;
  for (double entry : v) entries.push_back(number(std::abs(entry) < 1e-12 ? 0 : entry));
  const bool singular = std::abs(least) <= 1e-12 * most;
  return fmt::format(": {} along ({})", singular ? "it is singular, flat" : "it falls",
                     join(entries, ", "));
}

std::string set_words(const Problem& problem) {
  if (all_free(problem)) return "unconstrained";
  if (problem.size() == 1) return "clamped to " + interval_text(problem.lo[0], problem.hi[0]);
  return "on the box by comparing its faces";
}

BlockLaw fault(const Context& context, const Block& block, const Problem& problem,
               Definite definite) {
  using diagnostics::Kind;
  BlockLaw law{.form = Form::Quadratic};
  const bool concave = problem.size() == 1 && is_nonpositive(sign_of(context, problem.Q[0]));
  law.fault = concave || problem.size() > 1 ? Kind::HamiltonianUnbounded : Kind::CurvatureMayVanish;
  law.reason = fmt::format("quadratic in {} {}, over an unbounded set", names(context, block),
                           curvature_words(context, block, definite, problem));
  if (problem.size() > 1) law.reason += flat_direction(context, problem);
  return law;
}

/// A free problem is read as its stationary point, where that is a minimum; there the objective is
/// half of b'u.
void read_as_stationary(Context& context, const Problem& problem, bool certain, BlockLaw& law) {
  Store& store = context.store;
  law.shown = law.stationary;
  if (!certain) {
    law.exists = all_positive(store, pivots(store, problem.Q, problem.size()));
    return;
  }
  std::vector<ExprId> terms;
  for (std::size_t i = 0; i < problem.size(); ++i)
    terms.push_back(half(store, store.mul(problem.b[i], law.stationary[i])));
  law.minimum = terms.size() == 1 ? terms[0] : tidy(store, store.add(terms));
}

}  // namespace

ExprId quadratic_value(Store& store, ExprId q, ExprId b, ExprId u) {
  return store.add(half(store, store.mul(q, store.mul(u, u))), store.mul(b, u));
}

ExprId interval_quadratic(Context& context, ExprId q, ExprId b, double lo, double hi) {
  Store& store = context.store;
  const Definite curved = positive(context, q);
  const bool certain = curved == Definite::Yes || curved == Definite::Sampled;
  const bool free = std::isinf(lo) && std::isinf(hi);
  // Where the curvature may be tiny an unclamped quotient could overflow, so free ends stand as
  // +-1e30 there.
  const bool guard = !certain;
  const ExprId quotient = tidy(store, store.neg(store.div(b, q)));
  const ExprId inner = clamp(store, quotient, guard && std::isinf(lo) ? -kFar : lo,
                             guard && std::isinf(hi) ? kFar : hi);
  if (certain) return inner;
  ExprId ends;
  if (free)
    ends = store.integer(0);
  else if (std::isinf(hi))
    ends = store.number(lo);
  else if (std::isinf(lo))
    ends = store.number(hi);
  else {
    const ExprId low = store.number(lo), high = store.number(hi);
    const ExprId better =
        less(store, quadratic_value(store, q, b, high), quadratic_value(store, q, b, low));
    ends = store.select(better, high, low);
  }
  if (is_nonpositive(sign_of(context, q))) return ends;
  return store.select(less(store, store.integer(0), q), inner, ends);
}

Attempt quadratic_law(Context& context, const Block& block) {
  if (!is_product_set(block)) return std::nullopt;
  Store& store = context.store;
  const auto quadratic = expr::as_quadratic(store, block.objective, block.symbols);
  if (!quadratic) return std::nullopt;
  Problem problem{quadratic->Q, quadratic->linear, block.lo, block.hi};
  const std::size_t m = problem.size();
  if (m == 1) {
    problem.Q[0] = tidy(store, problem.Q[0]);
    problem.b[0] = tidy(store, problem.b[0]);
  }
  const Definite definite = positive_definite(context, problem.Q, m);
  const bool certain = definite == Definite::Yes || definite == Definite::Sampled;
  if (definite == Definite::No && !all_bounded(problem))
    return fault(context, block, problem, definite);
  if (!all_free(problem) && m > kFaceLimit) return std::nullopt;
  if (!certain && m > kByValueLimit) return std::nullopt;

  BlockLaw law{.form = Form::Quadratic};
  if (const auto stationary = stationary_point(store, problem)) law.stationary = *stationary;
  law.law = all_free(problem) && certain && m > 1 ? law.stationary
                                                  : box_minimiser(context, problem, certain);
  law.reason = fmt::format("quadratic in {} {}, {}", names(context, block),
                           curvature_words(context, block, definite, problem), set_words(problem));
  if (all_free(problem) && !law.stationary.empty())
    read_as_stationary(context, problem, certain, law);
  if (definite == Definite::ByValue && !all_bounded(problem)) {
    law.reason +=
        "; elsewhere the Hamiltonian is not bounded, and the law takes the point of the set "
        "nearest zero";
  } else if (!certain && m == 1) {
    law.reason +=
        fmt::format("; where it is not {} the better end is taken, the lower one in a tie",
                    maximises(context, block) ? "negative" : "positive");
  }
  return law;
}

}  // namespace hopf::derive
