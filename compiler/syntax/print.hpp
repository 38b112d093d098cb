// The AST as text, for --dump=ast and for tests: its structure without spans, comments or layout.
#pragma once

#include <string>

#include "syntax/ast.hpp"

namespace hopf::syntax {

/// One line a statement or declaration, expressions as (operator operand ...).
std::string print(const Ast&);
std::string print(const Ast&, NodeId);

}  // namespace hopf::syntax
