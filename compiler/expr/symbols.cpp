#include "expr/store_impl.hpp"
#include "expr/traverse.hpp"

namespace hopf::expr {

std::vector<SymbolId> free_symbols(const Store& store, ExprId e) {
  std::vector<SymbolId> symbols;
  for (const ExprId node : topological(store, e)) {
    if (store.op(node) == Op::Symbol) symbols.push_back(store.symbol_of(node));
  }
  std::sort(symbols.begin(), symbols.end());
  return symbols;
}

Dependence::Dependence(const Store& store, ExprId root, std::span<const SymbolId> symbols) {
  const Store::Impl& impl = StoreAccess::impl(store);
  std::uint64_t mask = 0;
  std::vector<SymbolId> sorted(symbols.begin(), symbols.end());
  std::sort(sorted.begin(), sorted.end());
  for (const SymbolId x : symbols) mask |= symbol_bit(x);
  const auto apart = [&](ExprId e) { return (impl.node(e).symbols & mask) == 0; };
  if (apart(root)) return;
  const auto never = [](ExprId) { return false; };
  for (const ExprId e : topological(store, std::span(&root, 1), never, apart)) {
    const Node& node = impl.node(e);
    bool found = node.op == Op::Symbol &&
                 std::binary_search(sorted.begin(), sorted.end(), SymbolId(node.payload));
    for (std::uint32_t i = 0; i < node.count && !found; ++i) found = (*this)(node.arguments[i]);
    if (found) dependent_.insert(e);
  }
}

bool depends_on(const Store& store, ExprId e, SymbolId x) {
  if ((StoreAccess::impl(store).node(e).symbols & symbol_bit(x)) == 0) return false;
  return Dependence(store, e, std::span(&x, 1))(e);
}

}  // namespace hopf::expr
