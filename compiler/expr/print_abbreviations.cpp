// Expressions as one text, with shared parts named first where writing them out would explode.
#include "expr/print_parts.hpp"
#include "expr/traverse.hpp"

namespace hopf::expr {

namespace {

constexpr double kMostNodes = 1e6;

/// How many nodes each expression of the DAG has when written out as a tree.
base::IdMap<ExprId, double> tree_sizes(const Store& store, const std::vector<ExprId>& order) {
  base::IdMap<ExprId, double> sizes(order.size());
  for (const ExprId e : order) {
    double size = 1;
    for (const ExprId argument : store.args(e)) size += *sizes.find(argument);
    sizes.insert(e, size);
  }
  return sizes;
}

}  // namespace

Abbreviated print_with_abbreviations(const Store& store, ExprId e, Style style,
                                     std::size_t min_nodes) {
  const std::vector<ExprId> order = topological(store, e);
  const auto sizes = tree_sizes(store, order);
  base::IdMap<ExprId, std::uint32_t> uses;
  for (const ExprId node : order) {
    for (const ExprId argument : store.args(node)) ++uses[argument];
  }
  Names names;
  Abbreviated result;
  std::size_t number = 0;
  for (const ExprId node : order) {
    const std::uint32_t* count = uses.find(node);
    if (node == e || !count || *count < 2 || *sizes.find(node) < static_cast<double>(min_nodes))
      continue;
    std::string name;
    do name = "r" + std::to_string(++number);
    while (store.find_symbol(name));
    names.insert(node, name);
    result.lets.push_back({print_name(name, style), print_tree(store, node, style, &names)});
  }
  result.body = print_tree(store, e, style, &names);
  return result;
}

std::string print(const Store& store, ExprId e, Style style) {
  const std::vector<ExprId> order = topological(store, e);
  if (*tree_sizes(store, order).find(e) <= kMostNodes) return print_tree(store, e, style, nullptr);
  const Abbreviated parts = print_with_abbreviations(store, e, style);
  std::string text;
  for (const auto& let : parts.lets) text += "let " + let.name + " = " + let.value + "\n";
  return text + parts.body;
}

}  // namespace hopf::expr
