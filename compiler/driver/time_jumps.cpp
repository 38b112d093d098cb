#include "driver/time_jumps.hpp"

#include <algorithm>
#include <cmath>

#include "expr/traverse.hpp"

namespace hopf::driver {

namespace {

using expr::ExprId;
using expr::Op;

constexpr int kCells = 1024;  // of the horizon, in each of which a condition changes at most once
constexpr double kSame = 1e-12;  // of the horizon: changes so close are one

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

/// The changes of one node in one regime, each bracketed by neighbouring doubles.
void find_changes(const expr::Store& store, ExprId node, expr::Binding at, expr::SymbolId time,
                  double horizon, std::vector<runtime::TimeJump>& found) {
  const auto value = [&](double t) {
    at[time] = t;
    return branch(store, node, at);
  };
  double last = value(0);
  for (int cell = 1; cell <= kCells; ++cell) {
    double before = horizon * (cell - 1) / kCells, after = horizon * cell / kCells;
    const double next = value(after);
    if (next == last || std::isnan(next) || std::isnan(last)) {
      last = next;
      continue;
    }
    for (double middle = 0.5 * (before + after); before < middle && middle < after;
         middle = 0.5 * (before + after))
      (value(middle) == last ? before : after) = middle;
    if (before > kSame * horizon) found.push_back({before, after});
    last = next;
  }
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

std::vector<runtime::TimeJump> time_jumps(const expr::Store& store, const kernel::HjbInput& input,
                                          double horizon) {
  std::vector<runtime::TimeJump> found;
  for (const ExprId node : deciders(store, input)) {
    for (int regime = 1; regime <= input.regimes; ++regime) {
      expr::Binding at;
      if (input.regime) at[*input.regime] = regime;
      find_changes(store, node, std::move(at), input.time, horizon, found);
      if (!input.regime || !expr::depends_on(store, node, *input.regime)) break;
    }
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.after > b.after; });
  std::vector<runtime::TimeJump> result;
  for (const auto& jump : found) {  // conditions that change together are one jump
    if (!result.empty() && result.back().after - jump.after <= kSame * horizon)
      result.back().before = std::min(result.back().before, jump.before);
    else
      result.push_back(jump);
  }
  return result;
}

}  // namespace hopf::driver
