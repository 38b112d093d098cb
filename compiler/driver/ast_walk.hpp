// The children of an expression node, in the order in which they are written.
#pragma once

#include "syntax/ast.hpp"

namespace hopf::driver {

template <class Visit>
void for_each_child(const syntax::Node& node, Visit&& visit) {
  const auto all = [&](const std::vector<syntax::NodeId>& ids) {
    for (syntax::NodeId id : ids) visit(id);
  };
  std::visit(
      [&](const auto& n) {
        using T = std::decay_t<decltype(n)>;
        if constexpr (std::is_same_v<T, syntax::Chain> || std::is_same_v<T, syntax::Compare>) {
          all(n.operands);
        } else if constexpr (std::is_same_v<T, syntax::Unary>) {
          visit(n.operand);
        } else if constexpr (std::is_same_v<T, syntax::Power>) {
          visit(n.base), visit(n.exponent);
        } else if constexpr (std::is_same_v<T, syntax::If>) {
          visit(n.condition), visit(n.then), visit(n.otherwise);
        } else if constexpr (std::is_same_v<T, syntax::Call>) {
          visit(n.callee);
          for (const auto& argument : n.arguments) visit(argument.value);
        } else if constexpr (std::is_same_v<T, syntax::Index>) {
          visit(n.base), all(n.indices);
        } else if constexpr (std::is_same_v<T, syntax::Field>) {
          visit(n.base);
        } else if constexpr (std::is_same_v<T, syntax::Range>) {
          visit(n.first), visit(n.last);
        } else if constexpr (std::is_same_v<T, syntax::ListLiteral> ||
                             std::is_same_v<T, syntax::SetLiteral>) {
          all(n.items);
        } else if constexpr (std::is_same_v<T, syntax::Record>) {
          for (const auto& field : n.fields) visit(field.value);
        } else if constexpr (std::is_same_v<T, syntax::Comprehension>) {
          visit(n.range), visit(n.body);
        }
      },
      node.value);
}

}  // namespace hopf::driver
