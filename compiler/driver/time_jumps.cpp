#include "driver/time_jumps.hpp"

#include <algorithm>
#include <cmath>

#include "expr/traverse.hpp"

namespace hopf::driver {

namespace {

using expr::ExprId;
using expr::Op;

constexpr double kSame = 1e-12;      // of the horizon: changes so close are one
constexpr double kResolved = 1e-9;   // of the horizon: in less a condition changes at most once
constexpr int kMostCells = 1 << 18;  // for one condition in one regime
constexpr std::size_t kMostChanges = 4096;

/// Which branch a node takes: the value of a condition, the side of a kink.
double branch(const expr::Store& store, ExprId node, const expr::Binding& at) {
  const auto args = store.args(node);
  switch (store.op(node)) {
    case Op::Abs:
      return expr::evaluate(store, args[0], at) > 0;
    case Op::Min:
    case Op::Max: {
      std::size_t best = 0;
      for (std::size_t i = 1; i < args.size(); ++i) {
        const double a = expr::evaluate(store, args[i], at);
        const double b = expr::evaluate(store, args[best], at);
        if (store.op(node) == Op::Min ? a < b : a > b) best = i;
      }
      return static_cast<double>(best);
    }
    default:
      return expr::evaluate(store, node, at);
  }
}

bool branches(Op op) {
  static constexpr Op kinds[] = {Op::Less, Op::LessEqual, Op::Sign, Op::Floor,
                                 Op::Abs,  Op::Min,       Op::Max};
  return std::find(std::begin(kinds), std::end(kinds), op) != std::end(kinds);
}

/// Nodes that branch by time, and by nothing else but the regime.
std::vector<ExprId> deciders(const expr::Store& store, const kernel::HjbInput& input) {
  std::vector<ExprId> result;
  const auto all = expr::topological(store, timed_expressions(input), [](ExprId) { return false; });
  for (const ExprId node : all) {
    if (!branches(store.op(node))) continue;
    const auto symbols = expr::free_symbols(store, node);
    const bool timed = std::find(symbols.begin(), symbols.end(), input.time) != symbols.end() &&
                       std::all_of(symbols.begin(), symbols.end(), [&](expr::SymbolId s) {
                         return s == input.time || (input.regime && s == *input.regime);
                       });
    if (timed) result.push_back(node);
  }
  return result;
}

bool is_kink(Op op) { return op == Op::Abs || op == Op::Min || op == Op::Max; }

/// Every argument is affine in t: conditions and sides change once, the best of some lines holds
/// over an interval, and floors are monotone. What is the same at two times is so between them.
bool convex(expr::Store& store, ExprId node, expr::SymbolId time) {
  const auto args = store.args(node);
  const std::vector<ExprId> all(args.begin(), args.end());
  return std::all_of(all.begin(), all.end(), [&](ExprId argument) {
    return expr::as_affine(store, argument, std::span(&time, 1)).has_value();
  });
}

/// The changes of one node in one regime, each bracketed by neighbouring doubles.
class Changes {
 public:
  Changes(expr::Store& store, ExprId node, expr::SymbolId time, double horizon,
          std::vector<runtime::TimeJump>& found)
      : store_(store),
        node_(node),
        time_(time),
        horizon_(horizon),
        convex_(convex(store, node, time)),
        found_(found) {}
  void set_regime(expr::SymbolId symbol, double regime) {
    at_[symbol] = regime;
    box_[symbol] = {regime, regime};
  }
  /// False where there are too many to be told apart.
  bool find() {
    cells_ = 0;
    complete_ = true;
    search(0, horizon_, value(0), value(horizon_));
    return complete_;
  }

 private:
  double value(double t) {
    at_[time_] = t;
    return branch(store_, node_, at_);
  }
  bool constant(double lo, double hi);
  void search(double lo, double hi, double first, double last);
  void bisect(double lo, double hi, double first);

  expr::Store& store_;
  const ExprId node_;
  const expr::SymbolId time_;
  const double horizon_;
  const bool convex_;
  std::vector<runtime::TimeJump>& found_;
  expr::Binding at_;
  expr::Box box_;
  int cells_ = 0;
  bool complete_ = true;
};

/// Interval arithmetic shows that the node takes one branch all over [lo, hi].
bool Changes::constant(double lo, double hi) {
  box_[time_] = {lo, hi};
  const auto args = store_.args(node_);
  const Op op = store_.op(node_);
  if (op == Op::Abs) {
    const expr::Interval side = expr::enclose(store_, args[0], box_);
    return side.lo > 0 || side.hi <= 0;
  }
  if (op != Op::Min && op != Op::Max) {
    const expr::Interval range = expr::enclose(store_, node_, box_);
    return range.lo == range.hi;
  }
  std::vector<expr::Interval> ranges;
  for (const ExprId argument : args) {
    const expr::Interval r = expr::enclose(store_, argument, box_);
    ranges.push_back(op == Op::Min ? r : expr::Interval{-r.hi, -r.lo});
  }
  const auto best = std::min_element(ranges.begin(), ranges.end(),
                                     [](const auto& a, const auto& b) { return a.hi < b.hi; });
  return std::all_of(ranges.begin(), ranges.end(),
                     [&](const auto& r) { return &r == &*best || best->hi < r.lo; });
}

void Changes::search(double lo, double hi, double first, double last) {
  const double middle = 0.5 * (lo + hi);
  const bool ends = hi - lo <= kResolved * horizon_ || (convex_ ? first == last : constant(lo, hi));
  const bool enough = ++cells_ > kMostCells || found_.size() >= kMostChanges;
  if (ends || enough) {
    complete_ = complete_ && ends;
    if (first != last && !std::isnan(first) && !std::isnan(last)) bisect(lo, hi, first);
    return;
  }
  const double between = value(middle);
  search(lo, middle, first, between);
  search(middle, hi, between, last);
}

void Changes::bisect(double lo, double hi, double first) {
  for (double middle = 0.5 * (lo + hi); lo < middle && middle < hi; middle = 0.5 * (lo + hi))
    (value(middle) == first ? lo : hi) = middle;
  // A kink is the same on both sides, so that the first time needs none.
  if (lo > kSame * horizon_ || !is_kink(store_.op(node_))) found_.push_back({lo, hi});
}

}  // namespace

std::vector<ExprId> timed_expressions(const kernel::HjbInput& input) {
  std::vector<ExprId> result;
  const auto add = [&](ExprId e) {
    if (e.valid()) result.push_back(e);
  };
  for (const auto* list : {&input.drift, &input.diffusion, &input.rates, &input.policy})
    std::for_each(list->begin(), list->end(), add);
  for (const auto& axis : input.axes) add(axis.absorb_value);
  for (const ExprId e : {input.cost, input.discount, input.until, input.pay, input.stop}) add(e);
  return result;
}

TimeJumps time_jumps(expr::Store& store, const kernel::HjbInput& input, double horizon) {
  std::vector<runtime::TimeJump> found;
  TimeJumps result;
  for (const ExprId node : deciders(store, input)) {
    Changes changes(store, node, input.time, horizon, found);
    for (int regime = 1; regime <= input.regimes; ++regime) {
      if (input.regime) changes.set_regime(*input.regime, regime);
      result.complete = changes.find() && result.complete;
      if (!input.regime || !expr::depends_on(store, node, *input.regime)) break;
    }
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.after > b.after; });
  auto& jumps = result.jumps;
  for (const auto& jump : found) {  // conditions that change together are one jump
    if (!jumps.empty() && jumps.back().after - jump.after <= kSame * horizon)
      jumps.back().before = std::min(jumps.back().before, jump.before);
    else
      jumps.push_back(jump);
  }
  return result;
}

}  // namespace hopf::driver
