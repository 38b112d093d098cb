#include "kernel/ball_candidates.hpp"

#include <algorithm>

namespace hopf::kernel {

namespace {

using expr::ExprId;
using expr::Op;
using expr::Store;
using Vector = std::vector<ExprId>;

ExprId dot(Store& s, const Vector& a, const Vector& b) {
  Vector terms;
  for (std::size_t k = 0; k < a.size(); ++k) terms.push_back(s.mul(a[k], b[k]));
  return s.add(terms);
}

constexpr int kMostChoices = 125;

/// a + factor*b
Vector moved(Store& s, const Vector& a, ExprId factor, const Vector& b) {
  Vector result;
  for (std::size_t k = 0; k < a.size(); ++k) result.push_back(s.add(a[k], s.mul(factor, b[k])));
  return result;
}

/// A choice of piece or face for every axis: the gradient q of the Hamiltonian in u that adds up,
/// and the planes slope.u = level of the faces.
struct Choice {
  Vector q;
  std::vector<std::pair<Vector, ExprId>> planes;
};

class Candidates {
 public:
  Candidates(Store& store, double radius, const BallCost& cost, const std::vector<BallAxis>& axes)
      : s_(store), radius_(store.number(radius)), cost_(cost), axes_(axes) {}

  std::vector<Vector> all() {
    std::vector<Choice> choices{{cost_.linear, {}}};
    for (const BallAxis& axis : axes_) {
      std::vector<Choice> next;
      for (const Choice& choice : choices) extend(choice, axis, next);
      choices = std::move(next);
    }
    std::vector<Vector> result;
    for (const Choice& choice : choices) result.push_back(minimiser(choice));
    return result;
  }

 private:
  void extend(const Choice& choice, const BallAxis& axis, std::vector<Choice>& out) {
    for (const ExprId gradient : axis.gradients)
      out.push_back({moved(s_, choice.q, gradient, axis.slope), choice.planes});
    if (choice.planes.size() == cost_.linear.size()) return;
    for (const ExprId kink : axis.kinks) {
      out.push_back(choice);
      out.back().planes.emplace_back(axis.slope, s_.sub(kink, axis.rest));
    }
  }

  // The planes' point nearest to the centre, by Gram and Schmidt, and from there along the rest of
  // -q.
  Vector minimiser(const Choice& choice) {
    Vector centre(choice.q.size(), s_.integer(0)), q = choice.q;
    std::vector<Vector> normals;
    for (const auto& [slope, level] : choice.planes) {
      Vector normal = slope;
      for (const Vector& earlier : normals)
        normal = moved(s_, normal, s_.neg(dot(s_, earlier, slope)), earlier);
      const ExprId size = s_.sqrt(dot(s_, normal, normal));
      for (ExprId& e : normal) e = s_.div(e, size);
      const ExprId gap = s_.sub(level, dot(s_, slope, centre));
      centre = moved(s_, centre, s_.div(gap, size), normal);
      q = moved(s_, q, s_.neg(dot(s_, normal, q)), normal);
      normals.push_back(std::move(normal));
    }
    if (choice.planes.empty()) return moved(s_, centre, s_.neg(length(q, radius_)), q);
    const ExprId square = dot(s_, centre, centre), most = s_.mul(radius_, radius_);
    const ExprId slice = s_.sqrt(s_.max(s_.sub(most, square), s_.integer(0)));
    // A plane outside of the ball: its point is pulled back to the sphere.
    const ExprId inside = s_.min(s_.integer(1), s_.div(radius_, s_.sqrt(square)));
    const ExprId shrink = s_.select(s_.apply(Op::Less, {most, square}), inside, s_.integer(1));
    for (ExprId& e : centre) e = s_.mul(shrink, e);
    if (choice.planes.size() == q.size()) return centre;
    return moved(s_, centre, s_.neg(length(q, slice)), q);
  }

  /// How far along -q, in multiples of q: 1/curvature, but not beyond the sphere; 0 where q
  /// vanishes.
  ExprId length(const Vector& q, ExprId reach) {
    const ExprId size = s_.sqrt(dot(s_, q, q)), zero = s_.integer(0);
    const ExprId edge = s_.select(s_.apply(Op::Less, {zero, size}), s_.div(reach, size), zero);
    if (s_.is_zero(cost_.curvature)) return edge;
    return s_.min(edge, s_.div(s_.integer(1), cost_.curvature));
  }

  Store& s_;
  ExprId radius_;
  const BallCost& cost_;
  const std::vector<BallAxis>& axes_;
};

}  // namespace

std::optional<BallCost> as_ball_cost(Store& store, ExprId cost,
                                     const std::vector<expr::SymbolId>& controls) {
  const auto quadratic = expr::as_quadratic(store, cost, controls);
  if (!quadratic) return std::nullopt;
  const std::size_t m = controls.size();
  const ExprId curvature = quadratic->Q[0];
  for (std::size_t k = 0; k < m * m; ++k) {
    const ExprId wanted = k % (m + 1) == 0 ? curvature : store.integer(0);
    if (quadratic->Q[k] != wanted) return std::nullopt;
  }
  if (!store.is_zero(curvature) && !store.is_positive(curvature)) return std::nullopt;
  return BallCost{curvature, quadratic->linear};
}

bool has_ball_candidates(Store& store, const HjbInput& input, const HjbBall& ball) {
  std::vector<expr::SymbolId> symbols;
  for (const int c : ball.controls) symbols.push_back(input.controls[c].symbol);
  const auto uses = [&](ExprId e) {
    return e.valid() && std::any_of(symbols.begin(), symbols.end(), [&](expr::SymbolId symbol) {
             return expr::depends_on(store, e, symbol);
           });
  };
  if (!input.cross.empty() || uses(input.discount)) return false;
  if (std::any_of(input.covariance.begin(), input.covariance.end(), uses) ||
      std::any_of(input.rates.begin(), input.rates.end(), uses))
    return false;
  if (!as_ball_cost(store, input.cost, symbols)) return false;
  const std::size_t n = input.axes.size();
  int choices = 1;
  for (std::size_t k = 0; k < n; ++k) {
    if (!uses(input.drift[k])) continue;
    if (!expr::as_affine(store, input.drift[k], symbols)) return false;
    choices *= store.is_zero(input.covariance[k * n + k]) ? 3 : 5;  // pieces and faces
  }
  return choices <= kMostChoices;
}

std::vector<std::vector<ExprId>> ball_candidates(Store& store, double radius, const BallCost& cost,
                                                 const std::vector<BallAxis>& axes) {
  return Candidates(store, radius, cost, axes).all();
}

}  // namespace hopf::kernel
