#include <limits>

#include "expr/op_info.hpp"
#include "expr/store_impl.hpp"
#include "expr/traverse.hpp"

namespace hopf::expr {

double evaluate(const Store& store, ExprId e, const Binding& binding) {
  const Store::Impl& impl = StoreAccess::impl(store);
  const auto constant = [&](ExprId node) { return bool(impl.node(node).facts & kClosed); };
  base::IdMap<ExprId, double> values;
  std::vector<double> args;
  for (const ExprId id : topological(store, std::span(&e, 1), constant)) {
    const Node& node = impl.node(id);
    double value = std::numeric_limits<double>::quiet_NaN();
    if (constant(id)) {
      value = node.value;
    } else if (node.op == Op::Symbol) {
      const auto bound = binding.find(SymbolId(node.payload));
      if (bound != binding.end()) value = bound->second;
    } else {
      args.clear();
      for (const ExprId argument : store.args(id)) args.push_back(*values.find(argument));
      value = info(node.op).evaluate(args);
    }
    values.insert(id, value);
  }
  return *values.find(e);
}

}  // namespace hopf::expr
