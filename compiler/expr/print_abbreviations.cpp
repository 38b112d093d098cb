// Expressions as one text, with shared parts named first where writing them out would explode.
#include "expr/print_parts.hpp"
#include "expr/traverse.hpp"

namespace hopf::expr {

namespace {

constexpr double kMostNodes = 1e6;

std::vector<ExprId> topological(const Store& store, std::span<const ExprId> roots) {
  return topological(store, roots, [](ExprId) { return false; });
}

/// A name that nothing has: r1 is not taken while there is an r[1], which reads the same.
std::string free_name(const Store& store, std::size_t& number) {
  while (true) {
    const std::string digits = std::to_string(++number);
    const bool taken = store.find_symbol("r" + digits) || store.find_symbol("r_" + digits) ||
                       store.find_symbol("r[" + digits + "]");
    if (!taken) return "r" + digits;
  }
}

}  // namespace

double written_nodes(const Store& store, std::span<const ExprId> roots) {
  base::IdMap<ExprId, double> sizes;
  for (const ExprId e : topological(store, roots)) {
    double size = 1;
    for (const ExprId argument : store.args(e)) size += *sizes.find(argument);
    sizes.insert(e, size);
  }
  double total = 0;
  for (const ExprId root : roots) total += *sizes.find(root);
  return total;
}

SharedParts shared_parts(const Store& store, std::span<const ExprId> roots, std::size_t min_nodes) {
  const std::vector<ExprId> order = topological(store, roots);
  base::IdMap<ExprId, std::uint32_t> uses;
  for (const ExprId root : roots) ++uses[root];
  for (const ExprId node : order) {
    for (const ExprId argument : store.args(node)) ++uses[argument];
  }
  SharedParts parts;
  base::IdMap<ExprId, std::size_t> sizes;  // with names for what has one
  std::size_t number = 0;
  for (const ExprId node : order) {
    std::size_t size = 1;
    for (const ExprId argument : store.args(node)) size += *sizes.find(argument);
    const bool named = *uses.find(node) > 1 && size >= min_nodes;
    if (named) {
      parts.names.insert(node, free_name(store, number));
      parts.order.push_back(node);
    }
    sizes.insert(node, named ? 1 : size);
  }
  return parts;
}

Abbreviated print_with_abbreviations(const Store& store, ExprId e, Style style,
                                     std::size_t min_nodes) {
  const SharedParts parts = shared_parts(store, std::span(&e, 1), min_nodes);
  Abbreviated result;
  for (const ExprId node : parts.order) {
    result.lets.push_back(
        {print_name(*parts.names.find(node), style), print_tree(store, node, style, &parts.names)});
  }
  result.body = print_tree(store, e, style, &parts.names);
  return result;
}

std::string print(const Store& store, ExprId e, Style style) {
  if (written_nodes(store, std::span(&e, 1)) <= kMostNodes)
    return print_tree(store, e, style, nullptr);
  const Abbreviated parts = print_with_abbreviations(store, e, style);
  std::string text;
  for (const auto& let : parts.lets) text += "let " + let.name + " = " + let.value + "\n";
  return text + parts.body;
}

}  // namespace hopf::expr
