#include "expr/store_impl.hpp"
#include "expr/traverse.hpp"

namespace hopf::expr {

ExprId substitute(Store& store, ExprId e, const Substitution& values) {
  const Store::Impl& impl = StoreAccess::impl(store);
  std::uint64_t mask = 0;
  for (const auto& [symbol, value] : values) mask |= symbol_bit(symbol);
  const auto keep = [&](ExprId node) { return (impl.node(node).symbols & mask) == 0; };
  return rebuild(store, e, keep, [&](ExprId node, std::span<const ExprId> args) {
    const Op op = store.op(node);
    if (op == Op::Symbol) {
      const auto found = values.find(store.symbol_of(node));
      return found == values.end() ? node : found->second;
    }
    const auto before = store.args(node);
    if (std::equal(args.begin(), args.end(), before.begin(), before.end())) return node;
    return store.apply(op, args);
  });
}

}  // namespace hopf::expr
