// Determinant and inverse of a matrix of expressions.
#pragma once

#include <optional>
#include <vector>

#include "expr/expr.hpp"

namespace hopf::model {

/// The determinant of an n x n matrix (row-major), n <= 10: expansion by rows over subsets of
/// columns.
expr::ExprId determinant(expr::Store&, const std::vector<expr::ExprId>& entries, int n);

/// The inverse, column by column; nothing when the matrix is singular.
std::optional<std::vector<expr::ExprId>> inverse(expr::Store&, const std::vector<expr::ExprId>&,
                                                 int n);

/// Cholesky's test of a symmetric matrix of numbers.
bool positive_definite(std::vector<double> matrix, int n);

}  // namespace hopf::model
