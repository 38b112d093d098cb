// The two pieces of the formatter: expressions as text, and comments between the lines.
#pragma once

#include <string>

#include "syntax/ast.hpp"

namespace hopf::syntax {

constexpr int kColumns = 100;

/// An expression on one line, with the fewest parentheses that keep its tree.
std::string one_line(const Ast&, NodeId);

/// The same, broken over lines where it would pass column 100. `column` is where it starts and
/// `indent` that of its statement.
std::string fit(const Ast&, NodeId, int column, int indent);

std::string unit_text(const UnitExpr&);
std::string string_literal(const std::string& value);

}  // namespace hopf::syntax
