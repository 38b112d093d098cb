// Parts of the printers: names, numbers and the order in which a reader expects terms.
#pragma once

#include <string>
#include <vector>

#include "base/id_map.hpp"
#include "expr/expr.hpp"
#include "expr/rational.hpp"

namespace hopf::expr {

using Names = base::IdMap<ExprId, std::string>;

/// An expression written out in full, but for the operands that have names. A name of e itself is
/// used where it is not what the text defines.
std::string print_tree(const Store&, ExprId e, Style style, const Names* names,
                       bool defines = true);

/// Subexpressions that stand more than once in what is printed together, operands first.
struct SharedParts {
  std::vector<ExprId> order;
  Names names;  // r1, r2, ...: names that no symbol has
};
/// Those that have at least `min_nodes` nodes, shared parts within them counted as one.
SharedParts shared_parts(const Store&, std::span<const ExprId> roots, std::size_t min_nodes);

/// Nodes of all expressions written out as trees.
double written_nodes(const Store&, std::span<const ExprId> roots);

/// Whether a symbol's name is a partial derivative, "D(V,x)" or "D(V,x,y)", or the derivative of a
/// function of time, "d(q,t)".
bool is_derivative_name(std::string_view name);

/// The order of a derivative as a superscript, nothing for the first.
std::string order_text(std::size_t order, Style style);
/// What stands below the bar of a derivative: ∂x²∂y for x, x, y.
std::string differentials(const std::vector<std::string_view>& variables, Style style);

/// The decimal text of a number that has a short one ("0.1", "1e-09", in mathematics "10⁻⁹"), or an
/// empty string.
std::string decimal_text(Rational r, Style style);
/// Text of an integer as superscript digits.
std::string superscript(std::int64_t n);
/// The shortest decimal text that reads back as the same double.
std::string float_text(double value, Style style);

/// Terms as one reads a polynomial: falling degree, then by names, terms with a derivative of V
/// last.
void sort_terms(const Store&, std::vector<ExprId>& terms);
/// Symbols by name, then functions, sums, and unknowns and their derivatives last.
void sort_factors(const Store&, std::vector<ExprId>& factors);

}  // namespace hopf::expr
