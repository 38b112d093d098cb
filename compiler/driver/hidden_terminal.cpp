#include "driver/hidden_terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace hopf::driver {

namespace {

constexpr double kSlack = 0.05;  // of the range over the nodes
constexpr int kMostBlocks = 20'000;
constexpr int kHalvings = 12;  // of a cell, along its axes in turn

using Range = std::array<double, 2>;

class Search {
 public:
  Search(const model::Model& model, const runtime::Grid& grid)
      : model_(model), grid_(grid), box_(model::whole_box(model)), at_(model.bindings()) {
    at_[model.time] = *model.horizon;
    box_[model.time] = {*model.horizon, *model.horizon};
    std::vector<double> x(grid.dimension());
    for (std::size_t p = 0; p < grid.points(); ++p) {
      runtime::place_node(grid, p, x);
      values_.push_back(value(x));
    }
    const Range all = range_of(values_);
    slack_ = std::max(kSlack * (all[1] - all[0]), 1e-9 * std::max(-all[0], all[1]));
  }

  /// Whether something hides: then a point of it in `x`, and its value in `found`.
  bool run(std::vector<double>& x, double& found) {
    std::vector<std::array<std::size_t, 2>> whole;
    for (const auto& axis : grid_.axes) whole.push_back({0, axis.nodes.size() - 1});
    if (!std::isfinite(slack_) || !block(whole)) return false;
    x = point_;
    found = found_;
    return true;
  }

 private:
  double value(const std::vector<double>& x) {
    for (std::size_t k = 0; k < x.size(); ++k) at_[model_.states[k].symbol] = x[k];
    return expr::evaluate(*model_.store, model_.terminal->value, at_);
  }

  static Range range_of(const std::vector<double>& values) {
    const auto [lo, hi] = std::minmax_element(values.begin(), values.end());
    return {*lo, *hi};
  }

  bool within(expr::Interval value, Range range) const {
    return value.lo >= range[0] - slack_ && value.hi <= range[1] + slack_;
  }

  expr::Interval enclosure(const std::vector<Range>& sides) {
    for (std::size_t k = 0; k < sides.size(); ++k)
      box_[model_.states[k].symbol] = {sides[k][0], sides[k][1]};
    return expr::enclose(*model_.store, model_.terminal->value, box_);
  }

  /// A block of cells, by the nodes at its ends.
  bool block(const std::vector<std::array<std::size_t, 2>>& ends) {
    if (++blocks_ > kMostBlocks) return false;
    std::vector<Range> sides;
    std::size_t widest = 0;
    for (std::size_t k = 0; k < ends.size(); ++k) {
      sides.push_back({grid_.axes[k].nodes[ends[k][0]], grid_.axes[k].nodes[ends[k][1]]});
      if (ends[k][1] - ends[k][0] > ends[widest][1] - ends[widest][0]) widest = k;
    }
    const Range nodes = over_nodes(ends);
    if (within(enclosure(sides), nodes)) return false;
    if (ends[widest][1] - ends[widest][0] < 2) return cell(sides, nodes, 0);
    auto left = ends, right = ends;
    left[widest][1] = right[widest][0] = (ends[widest][0] + ends[widest][1]) / 2;
    return block(left) || block(right);
  }

  Range over_nodes(const std::vector<std::array<std::size_t, 2>>& ends) const {
    std::vector<std::size_t> points{0};
    for (std::size_t k = 0; k < ends.size(); ++k) {
      std::vector<std::size_t> next;
      for (const std::size_t p : points) {
        for (std::size_t i = ends[k][0]; i <= ends[k][1]; ++i)
          next.push_back(p + i * grid_.stride(k));
      }
      points.swap(next);
    }
    std::vector<double> values;
    for (const std::size_t p : points) values.push_back(values_[p]);
    return range_of(values);
  }

  bool cell(const std::vector<Range>& sides, Range nodes, int depth) {
    if (++blocks_ > kMostBlocks || within(enclosure(sides), nodes)) return false;
    point_.clear();
    for (const Range& side : sides) point_.push_back(0.5 * (side[0] + side[1]));
    found_ = value(point_);
    if (!within({found_, found_}, nodes)) return true;
    const std::size_t n = sides.size();
    if (depth == kHalvings * static_cast<int>(n)) return false;
    const std::size_t k = static_cast<std::size_t>(depth) % n;
    auto left = sides, right = sides;
    left[k][1] = right[k][0] = point_[k];
    return cell(left, nodes, depth + 1) || cell(right, nodes, depth + 1);
  }

  const model::Model& model_;
  const runtime::Grid& grid_;
  expr::Box box_;
  expr::Binding at_;
  std::vector<double> values_, point_;
  double slack_ = 0, found_ = 0;
  int blocks_ = 0;
};

}  // namespace

std::optional<runtime::Check> hidden_terminal(const SolveTask& task, const runtime::Grid& grid) {
  const model::Model& model = task.model;
  if (!model.horizon || !model.terminal || model.regime) return std::nullopt;
  std::vector<double> x;
  double found = 0;
  if (!Search(model, grid).run(x, found)) return std::nullopt;
  return runtime::Check{
      "terminal", fmt::format("{:.4g} at {}", model.reward ? -found : found, place_text(model, x)),
      "a feature of the terminal amount that lies between nodes, of which V knows nothing: ask for "
      "a finer grid, or one that is stretched there",
      found, true};
}

}  // namespace hopf::driver
