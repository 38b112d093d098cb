// Targets: where the set of `until` begins between two nodes, and values that are given from
// outside.
#include <algorithm>
#include <cmath>

#include "value/policy_system.hpp"

namespace hopf::runtime {

namespace {

constexpr double kLeastShare = 1e-3;  // of an edge that enters a target: shorter ones are as bad as
                                      // division by zero, and move the edge by h/1000 at most
constexpr double kOnEdge = 1e-9;      // a node so close to the target, as shares of h go, is in it
constexpr int kHalvings = 40;
constexpr int kMovingHalvings = 32;    // of a target that moves
constexpr unsigned char kSamples = 8;  // of an edge: a target thinner than an eighth may be missed
constexpr unsigned char kFewer = 2;    // of which only every other one, of a target that moves
constexpr double kMostBent = 300;      // exponents beyond which only the order matters

/// Nodes of an axis moved by a share of the spacing above each.
void moved_along(std::vector<std::vector<double>>& block, double share) {
  for (std::size_t i = 0; i < block[0].size(); ++i) block[0][i] += share * block[2][i];
}

}  // namespace

// The conditions' kernel at one point, on the grid or between its nodes.
PolicySystem::Ending PolicySystem::ending_at(std::span<const double> x, std::size_t regime) const {
  const double nothing = 0;
  std::vector<double> uniforms{t_};
  for (std::size_t k = 0; k + 1 < dimension_; ++k) {
    uniforms.push_back(x[k]);
    uniforms.resize(uniforms.size() + blocks_[k].size() - 1, 0.0);
  }
  const std::size_t inputs = blocks_[dimension_ - 1].size() + p_.size() + pair_d_.size() +
                             controls_.size() + given_a_.size() + spacings_.size();
  std::vector<const void*> in(inputs, &nothing);
  in[0] = &x[dimension_ - 1];
  std::vector<double> results(4 + 2 * dimension_);
  std::vector<void*> out;
  for (double& result : results) out.push_back(&result);
  problem_.conditions[regime]({1, uniforms.data(), in.data(), out.data()});
  return {results[0] != 0, results[1]};
}

std::optional<std::size_t> PolicySystem::beside(std::size_t point, std::size_t side) const {
  const std::size_t axis = side / 2, stride = problem_.grid.stride(axis);
  const std::size_t count = problem_.grid.axes[axis].nodes.size(), i = point / stride % count;
  const bool upper = side % 2 == 1;
  if (i == (upper ? count - 1 : 0)) {
    if (rules_[axis] != Boundary::Periodic) return std::nullopt;
    return upper ? point - (count - 1) * stride : point + (count - 1) * stride;
  }
  return upper ? point + stride : point - stride;
}

double PolicySystem::spacing(std::size_t side, std::size_t point, std::size_t regime) const {
  if (!spacings_.empty()) return spacings_[side][regime * points_ + point];
  const std::size_t axis = side / 2, stride = problem_.grid.stride(axis);
  const auto& block = blocks_[axis][1 + side % 2];
  return block[point / stride % block.size()];
}

// The conditions a share of an edge away from its node.
PolicySystem::Ending PolicySystem::ending_on(const Cut& cut, double share) const {
  const std::size_t point = cut.unknown % points_, axis = cut.side / 2;
  std::vector<double> x(dimension_);
  place_node(problem_.grid, point, x);
  const Axis& along = problem_.grid.axes[axis];
  const auto& block = blocks_[axis][1 + cut.side % 2];
  const double h = block[point / problem_.grid.stride(axis) % block.size()];
  x[axis] += (cut.side % 2 == 1 ? share : -share) * h;
  if (along.periodic() && x[axis] >= along.hi) x[axis] -= along.hi - along.lo;
  if (along.periodic() && x[axis] < along.lo) x[axis] += along.hi - along.lo;
  return ending_at(x, cut.unknown / points_);
}

// The predicate is bisected along the edge. With the distance to the set in place of the spacing,
// matrix and slopes stay those of an M-matrix (Shortley & Weller 1938), and V does not depend on
// where the set's edge lies between the nodes.
PolicySystem::Cut PolicySystem::cut_edge(Cut cut, Bracket at) const {
  cut.value = at.inside == 1 ? fixed_value_[cut.neighbour] : ending_on(cut, at.inside).pay;
  const int halvings = problem_.moving_target ? kMovingHalvings : kHalvings;
  for (int k = 0; k < halvings; ++k) {
    const double middle = 0.5 * (at.outside + at.inside);
    const Ending here = ending_on(cut, middle);
    (here.inside ? at.inside : at.outside) = middle;
    if (here.inside) cut.value = here.pay;
  }
  cut.share = at.inside;
  return cut;
}

// For every edge in the direction of its axis the first and the last of some points between its
// nodes that lie in the target, 0 where none does: a target thinner than a cell is seen by them.
// They must lie there when moved by a billionth of the spacing on another axis too, or rounding
// would decide where a target touches an edge from its side.
PolicySystem::Brackets PolicySystem::sample_edges() {
  Brackets result(dimension_);
  std::vector<double> inside(unknowns()), nothing(unknowns());
  std::vector<std::vector<double>*> outputs(4 + 2 * dimension_, &nothing);
  outputs[0] = &inside;
  const auto narrow = [&](std::vector<char>& all) {
    for (std::size_t r = 0; r < regimes_; ++r) call_everywhere(problem_.conditions[r], r, outputs);
    for (std::size_t u = 0; u < unknowns(); ++u) all[u] = all[u] && inside[u] != 0;
  };
  const unsigned char step = problem_.moving_target ? kFewer : 1;
  for (std::size_t k = 0; k < dimension_; ++k) {
    result[k].assign(unknowns(), {0, 0});
    const std::vector<double> nodes = blocks_[k][0];
    for (unsigned char sample = step; sample < kSamples; sample += step) {
      moved_along(blocks_[k], static_cast<double>(sample) / kSamples);
      std::vector<char> all(unknowns(), 1);
      narrow(all);
      for (std::size_t j = 0; j < dimension_ && !problem_.moving_target; ++j) {
        if (j == k) continue;
        const std::vector<double> others = blocks_[j][0];
        for (const double share : {kOnEdge, -2 * kOnEdge}) {  // to one side, then to the other
          moved_along(blocks_[j], share);
          narrow(all);
        }
        blocks_[j][0] = others;
      }
      blocks_[k][0] = nodes;
      for (std::size_t u = 0; u < unknowns(); ++u) {
        if (!all[u]) continue;
        if (result[k][u][0] == 0) result[k][u][0] = sample;
        result[k][u][1] = sample;
      }
    }
  }
  return result;
}

// False when a node turned out to lie on the target's edge, in which it is from now on.
bool PolicySystem::find_cuts(const Brackets& samples) {
  cuts_.clear();
  for (std::size_t side = 0; side < spacings_.size(); ++side) {
    const std::size_t stride = problem_.grid.stride(side / 2);
    const auto& block = blocks_[side / 2][1 + side % 2];
    for (std::size_t u = 0; u < unknowns(); ++u)
      spacings_[side][u] = block[u % points_ / stride % block.size()];
  }
  const int step = problem_.moving_target ? kFewer : 1;
  bool complete = true;
  for (std::size_t u = 0; u < unknowns(); ++u) {
    for (std::size_t side = 0; side < spacings_.size() && !fixed_[u]; ++side) {
      const auto neighbour = beside(u % points_, side);
      if (!neighbour) continue;
      const std::size_t base = u / points_ * points_;
      const bool upper = side % 2 == 1;
      const auto [first, last] = samples[side / 2][upper ? u : base + *neighbour];
      const int hit = first == 0 ? kSamples : upper ? first : kSamples - last;
      if (hit == kSamples && !inside_[base + *neighbour]) continue;
      const double full = spacings_[side][u];
      const Cut cut = cut_edge(
          {u, base + *neighbour, side, 1, 0},
          {static_cast<double>(hit - step) / kSamples, static_cast<double>(hit) / kSamples});
      double& h = spacings_[side][u];
      h *= cut.share;
      if (cut.share < kOnEdge) {
        fixed_[u] = inside_[u] = 1;
        fixed_value_[u] = cut.value;
        on_edge_.push_back(cut);
        complete = false;
      }
      h = std::max(h, kLeastShare * full);
      cuts_.push_back(cut);
    }
  }
  return complete;
}

// A target that rests is found once; what it pays may still depend on time.
void PolicySystem::pay_cuts() {
  for (const Cut& cut : on_edge_) {
    fixed_[cut.unknown] = inside_[cut.unknown] = 1;
    fixed_value_[cut.unknown] = ending_on(cut, cut.share).pay;
  }
  for (Cut& cut : cuts_)
    cut.value = cut.share == 1 ? fixed_value_[cut.neighbour] : ending_on(cut, cut.share).pay;
}

void PolicySystem::prepare_cuts() {
  const bool known = !samples_.empty() && !problem_.moving_target;
  if (known) {
    pay_cuts();
    return;
  }
  samples_ = sample_edges();
  on_edge_.clear();
  while (!find_cuts(samples_)) continue;
  meets_target_ = meets_target_ || !cuts_.empty() ||
                  std::find(inside_.begin(), inside_.end(), 1) != inside_.end();
}

std::vector<double> PolicySystem::payments() const {
  std::vector<double> result;
  for (std::size_t u = 0; u < unknowns(); ++u) {
    if (given(u)) result.push_back(fixed_value_[u]);
  }
  for (const Cut& cut : cuts_) result.push_back(cut.value);
  return result;
}

void PolicySystem::cut_gradients(std::span<const double> field, std::size_t regime) {
  for (const Cut& cut : cuts_) {
    if (cut.unknown / points_ != regime) continue;
    const std::size_t point = cut.unknown % points_;
    const double rise = (cut.value - field[point]) / spacings_[cut.side][cut.unknown];
    p_[cut.side][point] = cut.side % 2 == 1 ? rise : -rise;
  }
}

double PolicySystem::crossing(std::span<const double> cost) const {
  std::vector<double> steps;
  for (std::size_t u = 0; u < unknowns(); ++u) {
    double rate = 0;
    for (std::size_t side = 0; side < 2 * dimension_; ++side) rate += w_[side][u];
    if (!fixed(u) && rate > 0 && cost[u] > 0) steps.push_back(cost[u] / rate);
  }
  if (steps.empty()) return 1;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle * static_cast<double>(steps_across());
}

std::size_t PolicySystem::steps_across() const {
  std::size_t nodes = 0;
  for (const Axis& axis : problem_.grid.axes) nodes += axis.nodes.size();
  return nodes;
}

// With V = -log(y)/mu the equation mu L y = sum_k w_k (y - y_k) is the sum of w_k times
// (1 - e^(-mu (V_k - V)))/mu = L (Kruzkov 1967).
void PolicySystem::bend_gradients() {
  const auto bend = [&](double d) {
    if (std::isnan(d)) return 0.0;  // between two points that never arrive
    return -std::expm1(std::min(-bending_ * d, kMostBent)) / bending_;
  };
  for (std::size_t side = 0; side < p_.size(); ++side) {
    const double sign = side % 2 == 1 ? 1 : -1;
    for (std::size_t i = 0; i < points_; ++i) {
      const double h = sign * spacing(side, i, 0);
      p_[side][i] = bend(p_[side][i] * h) / h;
    }
  }
}

}  // namespace hopf::runtime
