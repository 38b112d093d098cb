// Nodes that no path may be at: where nothing keeps the state inside, and where values are pinned.
#include <algorithm>
#include <cmath>

#include "value/policy_system.hpp"

namespace hopf::runtime {

namespace {

constexpr double kOutwardDrift = 1e-9;  // relative to the axis: what counts as leaving
constexpr double kAvoid = 1e3;          // the rise of V toward nodes to be avoided, of its size
constexpr double kUnsure = 1e-2;  // the share of paths that are lost, where controls prevent it

}  // namespace

void PolicySystem::list_kept() {
  kept_ = pins_;
  for (std::size_t u = 0; u < lost_.size(); ++u) {
    const bool unsure = !staying_.empty() && staying_[u] < 1 - kUnsure;
    if ((lost_[u] || unsure) && !pinned_[u]) kept_.push_back(u);
  }
}

void PolicySystem::pin(std::size_t unknown, double value) {
  if (!pinned_[unknown]) pins_.push_back(unknown), kept_.push_back(unknown);
  pinned_[unknown] = 1;
  fixed_value_[unknown] = value;
}

void PolicySystem::release_pins() {
  for (const std::size_t u : pins_) pinned_[u] = 0;
  pins_.clear();
  for (SingularEnd& end : singular_) end.seen.clear();
  list_kept();
}

void PolicySystem::lose(const std::vector<char>& lost, std::span<const double> share,
                        std::span<const double> V) {
  for (std::size_t u = 0; u < lost.size(); ++u) {
    if (lost[u] && !this->lost(u)) fixed_value_[u] = V[u];
  }
  value_singular_ends();
  if (lost == lost_ && std::equal(share.begin(), share.end(), staying_.begin(), staying_.end()))
    return;
  lost_ = lost;
  staying_.assign(share.begin(), share.end());
  list_kept();
  toward_.clear();
  pair_toward_.clear();
  for (std::size_t u = 0; u < lost_.size(); ++u) {
    if (fixed(u)) continue;
    const std::size_t point = u % points_, base = u - point;
    const auto list = [&](const Stencil& stencil, std::size_t k, std::vector<Toward>& out) {
      const auto terms = stencil.terms(k, point, u / points_);  // beyond an open end several
      double least = factor(u, base + static_cast<std::size_t>(terms[0].node));
      for (const Term& term : terms)
        least = std::min(least, factor(u, base + static_cast<std::size_t>(term.node)));
      if (least != 1) out.push_back({u, k, least});
    };
    for (std::size_t side = 0; side < 2 * dimension_; ++side) list(axes_stencil_, side, toward_);
    for (std::size_t k = 0; k < pair_d_.size(); ++k) list(pair_stencil_, k, pair_toward_);
  }
}

// A control that leads to a lost node is the worst there is; of rows, which drop what leads there,
// it is no part.
void PolicySystem::avoid_lost(double size, std::size_t regime) {
  const double rise = !avoiding_ ? 0 : size > 0 ? kAvoid * size : 1;
  for (const Toward& to : toward_) {
    if (to.unknown / points_ != regime) continue;
    const std::size_t point = to.unknown % points_;
    double& p = p_[to.side][point];
    const double lost = (to.side % 2 == 1 ? rise : -rise) / spacing(to.side, point, regime);
    p = to.factor > 0 ? to.factor * p : lost;
  }
  for (const Toward& to : pair_toward_) {
    if (to.unknown / points_ != regime) continue;
    double& d = pair_d_[to.side][to.unknown % points_];
    d = to.factor > 0 ? to.factor * d : rise;
  }
}

double PolicySystem::drawn(std::size_t unknown) const {
  const std::size_t point = unknown % points_, regime = unknown / points_;
  double all = 0, there = 0;
  const auto add = [&](std::size_t other, double weight) {
    if (weight <= 0 || other == unknown) return;
    all += weight;
    if (lost(other)) there += weight;
  };
  for (std::size_t k = 0; k < w_.size(); ++k) {
    for (const Term& term : axes_stencil_.terms(k, point, regime))
      add(regime * points_ + static_cast<std::size_t>(term.node), w_[k][unknown]);
  }
  for (std::size_t q = 0; q < rates_.size(); ++q) {
    if (q != regime) add(q * points_ + point, rates_[q][unknown]);
  }
  return all > 0 ? there / all : 0;
}

bool PolicySystem::leaves(std::size_t unknown) const {
  const std::size_t point = unknown % points_, regime = unknown / points_;
  for (std::size_t side = 0; side < 2 * dimension_; ++side) {
    const std::size_t axis = side / 2, stride = problem_.grid.stride(axis);
    if (side >= problem_.stays.size() || !problem_.stays[side]) continue;
    const auto& at_end = blocks_[axis][3 + side % 2];
    if (at_end[point / stride % at_end.size()] == 0) continue;
    const double length = problem_.grid.axes[axis].hi - problem_.grid.axes[axis].lo;
    const double h = spacing(side, point, regime);
    if ((w_[side][unknown] - w_[side ^ 1][unknown]) * h > kOutwardDrift * length) return true;
  }
  return false;
}

}  // namespace hopf::runtime
