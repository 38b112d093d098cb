#include <cmath>

#include "expr/interval.hpp"
#include "expr/op_info.hpp"
#include "expr/store_impl.hpp"
#include "expr/traverse.hpp"

namespace hopf::expr {

namespace {

Interval enclose_leaf(const Store::Impl& impl, const Node& node, const Box& box) {
  if (node.op == Op::Symbol) {
    const auto bound = box.find(SymbolId(node.payload));
    return bound == box.end() ? entire() : bound->second;
  }
  if (node.op == Op::Number) {
    const Rational r = impl.rationals[node.payload];
    const double value = r.value();
    // A quotient that is exact in binary needs no rounding outwards.
    const bool exact = std::fma(value, double(r.den), -double(r.num)) == 0 &&
                       std::abs(r.num) < (1ll << 53) && r.den < (1ll << 53);
    return exact ? Interval{value, value} : widen({value, value});
  }
  if (node.op == Op::Float)
    return std::isnan(node.value) ? entire() : Interval{node.value, node.value};
  return info(node.op).enclose({});
}

}  // namespace

Interval enclose(const Store& store, ExprId e, const Box& box) {
  const Store::Impl& impl = StoreAccess::impl(store);
  base::IdMap<ExprId, Interval> ranges;
  std::vector<Interval> args;
  for (const ExprId id : topological(store, e)) {
    const Node& node = impl.node(id);
    if (node.count == 0) {
      ranges.insert(id, enclose_leaf(impl, node, box));
      continue;
    }
    args.clear();
    for (const ExprId argument : store.args(id)) args.push_back(*ranges.find(argument));
    ranges.insert(id, info(node.op).enclose(args));
  }
  return *ranges.find(e);
}

}  // namespace hopf::expr
