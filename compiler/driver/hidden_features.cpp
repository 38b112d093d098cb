#include "driver/hidden_features.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "expr/traverse.hpp"

namespace hopf::driver {

namespace {

constexpr double kSlack = 0.05;    // of the range over the nodes
constexpr double kBlinding = 0.5;  // beyond it, from which the grids have nothing to compare
constexpr double kUnknown = std::numeric_limits<double>::infinity();
constexpr int kMostBlocks = 20'000;
constexpr int kHalvings = 12;  // of a cell, along its axes in turn
constexpr int kSamples = 8;    // of an edge, as targets are looked for
constexpr std::size_t kMostPoints = 2'000'000;
constexpr int kTimes = 4001;         // at which what depends on time is looked at
constexpr double kRounding = 1e-10;  // of a function, relative to its size
constexpr double kMatters = 1e-3;    // of V
constexpr double kMissed = 0.1;      // of an integral over time, relative to that of its changes

using expr::ExprId;
using Range = std::array<double, 2>;

/// Of one function of the states, at one time.
class Search {
 public:
  Search(const model::Model& model, const runtime::Grid& grid, ExprId function, double t)
      : model_(model),
        grid_(grid),
        function_(function),
        box_(model::whole_box(model)),
        at_(model.bindings()) {
    at_[model.time] = t;
    box_[model.time] = {t, t};
    std::vector<double> x(grid.dimension());
    for (std::size_t p = 0; p < grid.points(); ++p) {
      runtime::place_node(grid, p, x);
      values_.push_back(value(x));
    }
    const Range all = range_of(values_);
    slack_ = std::max(kSlack * (all[1] - all[0]), 1e-9 * std::max(-all[0], all[1]));
  }

  /// Something that hides: a point of it, its value there, and how far that is beyond the range
  /// over all nodes, relative to that range.
  struct Found {
    std::vector<double> x;
    double value, beyond;
  };
  std::optional<Found> run() {
    std::vector<std::array<std::size_t, 2>> whole;
    for (const auto& axis : grid_.axes)
      whole.push_back({0, axis.nodes.size() - (axis.periodic() ? 0 : 1)});
    if (!std::isfinite(slack_) || !block(whole)) return std::nullopt;
    const Range all = range_of(values_);
    const double out = std::max(all[0] - found_, found_ - all[1]);
    return Found{point_, found_, out / std::max(all[1] - all[0], 1e-300)};
  }

 private:
  double value(const std::vector<double>& x) {
    for (std::size_t k = 0; k < x.size(); ++k) at_[model_.states[k].symbol] = x[k];
    return expr::evaluate(*model_.store, function_, at_);
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
    return expr::enclose(*model_.store, function_, box_);
  }

  /// A block of cells, by the nodes at its ends.
  bool block(const std::vector<std::array<std::size_t, 2>>& ends) {
    if (++blocks_ > kMostBlocks) return false;
    std::vector<Range> sides;
    std::size_t widest = 0;
    for (std::size_t k = 0; k < ends.size(); ++k) {
      sides.push_back({place(k, ends[k][0]), place(k, ends[k][1])});
      if (ends[k][1] - ends[k][0] > ends[widest][1] - ends[widest][0]) widest = k;
    }
    const Range nodes = over_nodes(ends);
    if (within(enclosure(sides), nodes)) return false;
    if (ends[widest][1] - ends[widest][0] < 2) return cell(sides, nodes, 0);
    auto left = ends, right = ends;
    left[widest][1] = right[widest][0] = (ends[widest][0] + ends[widest][1]) / 2;
    return block(left) || block(right);
  }

  /// Of a node of an axis; that of a circle comes around to its first.
  double place(std::size_t k, std::size_t i) const {
    const runtime::Axis& axis = grid_.axes[k];
    return i < axis.nodes.size() ? axis.nodes[i] : axis.hi;
  }

  Range over_nodes(const std::vector<std::array<std::size_t, 2>>& ends) const {
    std::vector<std::size_t> points{0};
    for (std::size_t k = 0; k < ends.size(); ++k) {
      std::vector<std::size_t> next;
      for (const std::size_t p : points) {
        for (std::size_t i = ends[k][0]; i <= ends[k][1]; ++i)
          next.push_back(p + i % grid_.axes[k].nodes.size() * grid_.stride(k));
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
  ExprId function_;
  expr::Box box_;
  expr::Binding at_;
  std::vector<double> values_, point_;
  double slack_ = 0, found_ = 0;
  int blocks_ = 0;
};

/// What the running cost adds whatever controls and time are.
ExprId fixed_cost(const model::Model& model) {
  expr::Store& store = *model.store;
  std::vector<ExprId> terms{model.lagrangian.value};
  if (store.op(terms[0]) == expr::Op::Add) {
    const auto args = store.args(terms[0]);
    terms.assign(args.begin(), args.end());
  }
  std::erase_if(terms, [&](ExprId e) { return depends_on_control_or_time(model, e); });
  return store.add(terms);
}

/// The sets whose union the set of `until` is.
void list_sets(const expr::Store& store, ExprId condition, std::vector<ExprId>& out) {
  if (store.op(condition) != expr::Op::Or) {
    out.push_back(condition);
    return;
  }
  for (const ExprId part : store.args(condition)) list_sets(store, part, out);
}

/// Whether a node, or one of the points between it and its neighbour along each axis, is in the
/// set.
bool is_met(const model::Model& model, const runtime::Grid& grid, ExprId set) {
  expr::Binding at = model.bindings();
  std::vector<double> x(grid.dimension());
  const auto inside = [&] {
    for (std::size_t k = 0; k < x.size(); ++k) at[model.states[k].symbol] = x[k];
    return expr::evaluate(*model.store, set, at) != 0;
  };
  if (grid.points() * grid.dimension() * kSamples > kMostPoints) return true;  // not looked for
  for (std::size_t p = 0; p < grid.points(); ++p) {
    runtime::place_node(grid, p, x);
    if (inside()) return true;
    for (std::size_t k = 0; k < x.size(); ++k) {
      const runtime::Axis& axis = grid.axes[k];
      const std::size_t i = p / grid.stride(k) % axis.nodes.size();
      const double from = x[k], to = i + 1 < axis.nodes.size() ? axis.nodes[i + 1] : axis.hi;
      for (int sample = 1; sample < kSamples; ++sample) {
        x[k] = from + (to - from) * sample / kSamples;
        if (inside()) return true;
      }
      x[k] = from;
    }
  }
  return false;
}

class Features {
 public:
  Features(const SolveTask& task, const runtime::Grid& grid, const runtime::GridSolution& solution)
      : model_(task.model), grid_(grid), solution_(solution) {}

  std::vector<runtime::Check> find() {
    if (model_.regime) return {};
    if (model_.horizon && model_.terminal)
      in_cells("terminal", "the terminal amount", model_.terminal->value, *model_.horizon);
    in_cells("running cost", "the running cost", fixed_cost(model_), 0);
    if (model_.until) in_target();
    if (model_.horizon && times_.size() > 1) in_time();
    return std::move(found_);
  }

 private:
  void in_cells(const char* name, const char* what, ExprId function, double t) {
    const auto hidden = Search(model_, grid_, function, t).run();
    if (!hidden) return;
    const double value = model_.reward ? -hidden->value : hidden->value;
    found_.push_back(
        {name, fmt::format("{:.4g} at {}", value, place_text(model_, hidden->x)),
         fmt::format("a feature of {} that lies between nodes, of which V knows nothing: ask for "
                     "a finer grid, or one that is stretched there",
                     what),
         value, true, hidden->beyond > kBlinding ? kUnknown : 0.0});
  }

  void in_target() {
    std::vector<ExprId> sets;
    list_sets(*model_.store, model_.until->condition, sets);
    for (const ExprId set : sets) {
      if (sets.size() == 1 || depends_on_control_or_time(model_, set) || is_met(model_, grid_, set))
        continue;
      const ExprId inside =
          model_.store->select(set, model_.store->integer(1), model_.store->integer(0));
      const auto hidden = Search(model_, grid_, inside, 0).run();
      if (!hidden) continue;
      found_.push_back(
          {"target", fmt::format("missed at {}", place_text(model_, hidden->x)),
           fmt::format("no node lies in the part '{}' of the set of 'until', and no edge between "
                       "nodes crosses it, so that it ends nothing: ask for a finer grid, or make "
                       "it larger",
                       expr::print(*model_.store, set)),
           1, true, kUnknown});
    }
  }

  /// The running cost that is missed counts in V as it is, the drift as far as V changes along its
  /// axis, and the noise about as much.
  void in_time() {
    const std::vector<double>& V = solution_.value.front();
    double lo = kUnknown, hi = -kUnknown, size = 0;
    for (const double v : V) {
      if (!std::isfinite(v)) continue;
      lo = std::min(lo, v), hi = std::max(hi, v), size = std::max(size, std::abs(v));
    }
    Missed cost = missed(model_.lagrangian.value);
    const auto add = [&](ExprId function, std::size_t axis) {
      const Missed part = missed(function);
      const double width = grid_.axes[axis].hi - grid_.axes[axis].lo;
      cost.amount += part.amount * std::max(hi - lo, 0.0) / width;
      if (part.amount > 0) cost.when = part.when;
    };
    for (std::size_t i = 0; i < grid_.dimension(); ++i) {
      add(model_.drift[i], i);
      for (std::size_t k = 0; k < model_.noise_count(); ++k)
        add(model_.diffusion[i * model_.noise_count() + k], i);
    }
    if (!(cost.amount > 0)) return;
    found_.push_back({"in time", fmt::format("at t = {:.6g}", cost.when),
                      "a cost or the dynamics change there and back between two steps of the "
                      "solution, which is added to the error: ask for more with 'steps = ...'",
                      cost.amount, cost.amount > kMatters * size, cost.amount});
  }

  struct Missed {
    double amount = 0, when = 0;
  };

  /// Of an open set a part one long on each side.
  static double control_at(const model::Control& control, double of_set) {
    const bool below = std::isfinite(control.lo), above = std::isfinite(control.hi);
    const double lo = below ? control.lo : above ? control.hi - 1 : -1;
    return std::lerp(lo, above ? control.hi : lo + (below ? 1 : 2), of_set);
  }

  /// Of an integral over time, on a diagonal of the domain, with controls in the middle and at the
  /// ends of their sets: the most that the steps miss where they miss a tenth of how the function
  /// changes.
  Missed missed(ExprId function) const {
    Missed worst;
    if (!expr::depends_on(*model_.store, function, model_.time)) return worst;
    for (const double share : {0.0, 0.25, 0.5, 0.75, 1.0}) {
      for (const double of_set : {0.0, 0.5, 1.0}) {
        const Missed here = missed_at(function, share, of_set);
        if (here.amount > worst.amount) worst = here;
        if (!depends_on_control(model_, function)) break;
      }
    }
    return worst;
  }

  Missed missed_at(ExprId function, double share, double of_set) const {
    expr::Binding at = model_.bindings();
    for (std::size_t k = 0; k < grid_.dimension(); ++k)
      at[model_.states[k].symbol] = std::lerp(grid_.axes[k].lo, grid_.axes[k].hi, share);
    for (const model::Control& control : model_.controls)
      at[control.symbol] = control_at(control, of_set);
    const auto value = [&](double t) {
      at[model_.time] = t;
      return expr::evaluate(*model_.store, function, at);
    };
    const double T = *model_.horizon, dt = T / kTimes;
    double sum = 0, seen = 0, size = 0, most = 0, largest = 0;
    for (std::size_t k = 0; k + 1 < times_.size(); ++k)
      seen += 0.5 * (times_[k + 1] - times_[k]) * (value(times_[k]) + value(times_[k + 1]));
    std::vector<double> values;
    for (int k = 0; k < kTimes; ++k) sum += values.emplace_back(value((k + 0.5) * dt)) * dt;
    Missed result;
    for (int k = 0; k < kTimes; ++k) {
      const double v = values[static_cast<std::size_t>(k)], off = std::abs(v - sum / T);
      size += off * dt;
      largest = std::max(largest, std::abs(v));
      if (off > most) most = off, result.when = (k + 0.5) * dt;
    }
    const double amount = std::abs(sum - seen);
    if (amount > kMissed * size && amount > kRounding * largest * T) result.amount = amount;
    return result;
  }

  const model::Model& model_;
  const runtime::Grid& grid_;
  const runtime::GridSolution& solution_;
  const std::vector<double>& times_ = solution_.step_times;
  std::vector<runtime::Check> found_;
};

}  // namespace

std::vector<runtime::Check> hidden_features(const SolveTask& task, const runtime::Grid& grid,
                                            const runtime::GridSolution& solution) {
  return Features(task, grid, solution).find();
}

}  // namespace hopf::driver
