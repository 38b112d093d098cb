// The candidates among which the kernels look for the best controls.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernel/ball_candidates.hpp"
#include "kernel/hjb_builder.hpp"

namespace hopf::kernel {

namespace {

using expr::Op;

constexpr double kTie = 1e-14;         // relative
constexpr double kEvenLeaving = 1e-9;  // relative: violations that are the same
constexpr std::size_t kMostLawPoints = 9;

}  // namespace

// The one that violates the ends less wins, then the one with the smaller Hamiltonian: a sum of
// both would lose the digits of the latter where no control stays inside. Laws and values of finite
// sets win ties: a law over the old control that is its rounded self, and where every control is as
// good it names the point of the set nearest 0. Kinks win none. NaN and infinity never win.
void HjbBuilder::offer(Best& best, const Controls& u, bool wins_ties) {
  const ExprId candidate = hamiltonian(u, weights(u)), out = leaving(u);
  ExprId better = s_.apply(wins_ties ? Op::LessEqual : Op::Less, {candidate, best.score});
  if (!s_.is_zero(out) || !s_.is_zero(best.leaving)) {
    const ExprId even = s_.mul(num(kEvenLeaving), best.leaving);
    better =
        s_.apply(Op::And, {better, s_.apply(Op::LessEqual, {out, s_.add(best.leaving, even)})});
    better = s_.apply(Op::Or, {better, s_.apply(Op::Less, {out, s_.sub(best.leaving, even)})});
    better = s_.apply(Op::And, {better, s_.apply(Op::LessEqual, {candidate, num(kLargest)})});
  }
  better = s_.apply(Op::And, {better, s_.apply(Op::LessEqual, {num(-kLargest), candidate})});
  for (std::size_t c = 0; c < u.size(); ++c) {
    if (u[c] != best.u[c]) best.u[c] = s_.select(better, u[c], best.u[c]);
  }
  best.score = s_.select(better, candidate, best.score);
  best.leaving = s_.select(better, out, best.leaving);
}

// side: -1 backward, 0 central, +1 forward.
expr::ExprId HjbBuilder::difference_at(std::size_t k, int side) {
  const AxisSymbols& axis = axes_[k];
  if (side != 0) return side < 0 ? axis.backward : axis.forward;
  return s_.div(s_.add(s_.mul(axis.lower, axis.forward), s_.mul(axis.upper, axis.backward)),
                s_.add(axis.lower, axis.upper));
}

// One side for each axis.
expr::Substitution HjbBuilder::differences(const std::vector<int>& choice) {
  Substitution result;
  for (std::size_t k = 0; k < n_; ++k) {
    const AxisSymbols& axis = axes_[k];
    const ExprId width = s_.add(axis.lower, axis.upper);
    result[in_.p[k]] = difference_at(k, choice[k]);
    result[in_.M[k * n_ + k]] =
        s_.div(s_.mul(s_.integer(2), s_.sub(axis.forward, axis.backward)), width);
  }
  for (std::size_t m = 0; m < in_.cross.size(); ++m) {
    const auto [i, j] = in_.cross[m];
    const ExprId* d = pair_d_.data() + 4 * m;
    const ExprId area = s_.mul(s_.integer(4), s_.mul(axes_[i].upper, axes_[j].upper));
    const ExprId mixed = s_.div(s_.sub(s_.add(d[0], d[1]), s_.add(d[2], d[3])), area);
    result[in_.M[static_cast<std::size_t>(i) * n_ + static_cast<std::size_t>(j)]] = mixed;
    result[in_.M[static_cast<std::size_t>(j) * n_ + static_cast<std::size_t>(i)]] = mixed;
  }
  return result;
}

// Which one-sided or central differences the laws are evaluated at: all combinations on the axes
// that matter.
std::vector<std::vector<int>> HjbBuilder::law_points() {
  std::vector<std::vector<int>> points{std::vector<int>(n_, 0)};
  for (const bool with_central : {true, false}) {
    points.assign(1, std::vector<int>(n_, 0));
    for (std::size_t k = 0; k < n_; ++k) {
      const bool matters = std::any_of(laws_.begin(), laws_.end(), [&](const HjbLaw& law) {
        return std::any_of(law.law.begin(), law.law.end(),
                           [&](ExprId e) { return depends_on(s_, e, in_.p[k]); });
      });
      if (!matters) continue;
      const bool noisy = !s_.is_zero(covariance_[k * n_ + k]);
      std::vector<std::vector<int>> next;
      for (const auto& point : points) {
        for (int side = -1; side <= 1; ++side) {
          if (side == 0 && !(noisy && with_central)) continue;
          next.push_back(point);
          next.back()[k] = side;
        }
      }
      points = std::move(next);
    }
    if (points.size() <= kMostLawPoints) return points;
  }
  points.push_back(std::vector<int>(n_, 0));
  return points;
}

void HjbBuilder::offer_laws(Best& best) {
  if (laws_.empty()) return;
  for (const std::vector<int>& point : law_points()) {
    const Substitution values = differences(point);
    Controls u = old_;
    for (const HjbLaw& law : laws_) {
      for (std::size_t c = 0; c < law.controls.size(); ++c)
        u[law.controls[c]] = substitute(s_, law.law[c], values);
    }
    offer(best, u, true);
  }
}

/// Whether the model itself has ends that no control may lead through. Those that are open, and
/// held for a while, only help to find V beyond them.
bool HjbBuilder::ends_bind() const {
  return std::any_of(in_.axes.begin(), in_.axes.end(),
                     [](const HjbAxis& axis) { return axis.constrain; });
}

// At an end one law may lead out and another not: each is taken alone, beside the controls that
// stay.
void HjbBuilder::offer_parts(Best& best) {
  if (laws_.size() < 2 || !ends_bind()) return;
  const Controls staying = best.u;  // of all, whatever the order of states
  for (const std::vector<int>& point : law_points()) {
    const Substitution values = differences(point);
    for (const HjbLaw& law : laws_) {
      Controls u = staying;
      for (std::size_t c = 0; c < law.controls.size(); ++c)
        u[law.controls[c]] = substitute(s_, law.law[c], values);
      offer(best, u);
    }
  }
}

// Where the end binds, the best controls are those for the slope of V at which they do not drift
// (Lagrange's multiplier takes the place of V's slope). Laws that are affine in it tell which.
void HjbBuilder::offer_binding(Best& best) {
  if (in_.controls.size() < 2 || laws_.empty() || !ends_bind()) return;
  for (std::size_t k = 0; k < n_; ++k) {
    if (!in_.axes[k].constrain) continue;
    Substitution values = differences(std::vector<int>(n_, 0));
    values.erase(in_.p[k]);
    Controls u = best.u;
    for (const HjbLaw& law : laws_) {
      for (std::size_t c = 0; c < law.controls.size(); ++c)
        u[law.controls[c]] = substitute(s_, law.law[c], values);
    }
    const SymbolId slope = in_.p[k];
    const ExprId drift = at(drift_[k], u);
    if (!depends_on(s_, drift, slope)) continue;
    const auto affine = as_affine(s_, drift, std::span(&slope, 1));
    if (!affine) continue;
    const Substitution multiplier{{slope, s_.neg(s_.div(affine->constant, affine->linear[0]))}};
    for (ExprId& control : u) control = substitute(s_, control, multiplier);
    offer(best, u);
  }
}

/// `u` with one control where `function`, affine in it, takes the target value.
std::optional<HjbBuilder::Controls> HjbBuilder::with_zero(const Controls& u, ExprId function,
                                                          std::size_t control, ExprId target) {
  const HjbControl& info = in_.controls[control];
  const SymbolId symbol = info.symbol;
  if (!info.interval || !depends_on(s_, function, symbol)) return std::nullopt;
  const auto affine = as_affine(s_, function, std::span(&symbol, 1));
  if (!affine) return std::nullopt;
  const ExprId slope = at(affine->linear[0], u), rest = at(affine->constant, u);
  ExprId root = s_.div(s_.sub(target, rest), slope);
  if (std::isfinite(info.lo)) root = s_.max(root, num(info.lo));
  if (std::isfinite(info.hi)) root = s_.min(root, num(info.hi));
  Controls result = u;
  result[control] = root;
  return result;
}

// Controls where `function` takes each of the target values.
void HjbBuilder::offer_zeros(Best& best, ExprId function, std::size_t control,
                             const std::vector<ExprId>& targets) {
  for (const ExprId target : targets)
    if (const auto u = with_zero(best.u, function, control, target)) offer(best, *u);
}

// Where the end binds and every law leads out, one control may have to end the noise for another to
// end the drift.
void HjbBuilder::offer_rest(Best& best) {
  if (in_.controls.size() < 2 || !ends_bind()) return;
  for (std::size_t c = 0; c < in_.controls.size(); ++c) {
    for (const ExprId noise : diffusion_) {
      const auto quiet = with_zero(best.u, noise, c, s_.integer(0));
      if (!quiet) continue;
      for (std::size_t d = 0; d < in_.controls.size(); ++d) {
        for (std::size_t k = 0; k < n_ && d != c; ++k)
          if (const auto u = with_zero(*quiet, drift_[k], d, s_.integer(0))) offer(best, *u);
      }
    }
  }
}

// The drifts of axis k at which its difference changes between upwind and central.
std::vector<expr::ExprId> HjbBuilder::switch_drifts(std::size_t k) {
  const ExprId a = covariance_[k * n_ + k];
  if (s_.is_zero(a) || depends_on_controls(a)) return {s_.integer(0)};
  const ExprId inside = s_.sub(s_.integer(1), s_.max(axes_[k].at_lower, axes_[k].at_upper));
  const ExprId size = s_.mul(inside, in_.given_diffusion ? axes_[k].given : a);
  return {s_.div(size, axes_[k].upper), s_.neg(s_.div(size, axes_[k].lower))};
}

// The discrete Hamiltonian has kinks where upwinding switches; a minimum may sit on one.
void HjbBuilder::offer_switches(Best& best) {
  for (std::size_t c = 0; c < in_.controls.size(); ++c) {
    for (std::size_t k = 0; k < n_; ++k) offer_zeros(best, drift_[k], c, switch_drifts(k));
    for (const ExprId noise : diffusion_) offer_zeros(best, noise, c, {s_.integer(0)});
  }
}

// Every piece and face of the discrete Hamiltonian within a ball, the other controls held.
void HjbBuilder::offer_balls(Best& best) {
  for (const HjbBall& ball : in_.balls) {
    std::vector<SymbolId> symbols;
    for (const int c : ball.controls) symbols.push_back(in_.controls[c].symbol);
    const auto held = [&](std::vector<ExprId> list) {
      for (ExprId& e : list) e = at(e, best.u);
      return list;
    };
    std::vector<BallAxis> moved;
    for (std::size_t k = 0; k < n_; ++k) {
      const auto f = as_affine(s_, drift_[k], symbols);
      if (std::all_of(f->linear.begin(), f->linear.end(), [&](ExprId e) { return s_.is_zero(e); }))
        continue;
      const auto slope = [&](int side) { return difference_at(k, side); };
      BallAxis axis{
          held(f->linear), at(f->constant, best.u), {slope(-1), slope(1)}, switch_drifts(k)};
      if (!s_.is_zero(covariance_[k * n_ + k])) axis.gradients.push_back(slope(0));
      moved.push_back(std::move(axis));
    }
    BallCost cost = *as_ball_cost(s_, cost_, symbols);
    cost = {at(cost.curvature, best.u), held(cost.linear)};
    for (const auto& point : ball_candidates(s_, ball.radius, cost, moved)) {
      Controls u = best.u;
      for (std::size_t c = 0; c < point.size(); ++c) u[ball.controls[c]] = point[c];
      offer(best, u);
    }
  }
}

void HjbBuilder::offer_finite(Best& best) {
  const auto size = [](const std::vector<double>& value) {
    return std::inner_product(value.begin(), value.end(), value.begin(), 0.0);
  };
  for (const HjbFiniteSet& set : in_.finite) {
    auto values = set.values;  // the one nearest 0 comes last and wins ties
    std::stable_sort(values.begin(), values.end(),
                     [&](const auto& a, const auto& b) { return size(a) > size(b); });
    for (const auto& value : values) {
      Controls u = best.u;
      for (std::size_t c = 0; c < set.controls.size(); ++c) u[set.controls[c]] = num(value[c]);
      offer(best, u, true);
    }
  }
}

HjbBuilder::Best HjbBuilder::minimise() {
  // The control in force has to be better than rounding can make it: at the minimum the score is
  // flat, and an old control would stay that agrees with the law to half the digits only.
  const ExprId old = finite_or(hamiltonian(old_, weights(old_)));
  ExprId out = leaving(old_);
  if (!s_.is_zero(out)) {
    const ExprId usable = s_.apply(Op::Less, {old, num(kLargest)});
    out = s_.select(usable, out, num(kLargest));
  }
  Best best{old_, out, s_.add(old, s_.mul(num(kTie), s_.apply(Op::Abs, {old})))};
  offer_laws(best);
  offer_finite(best);
  offer_balls(best);
  offer_switches(best);
  offer_parts(best);
  offer_binding(best);
  offer_rest(best);
  return best;
}

}  // namespace hopf::kernel
