// Which states matter to a cost: subspaces that a set of matrices keeps.
#pragma once

#include <optional>
#include <vector>

#include "value/linear_quadratic.hpp"

namespace hopf::runtime::quadratic {

/// An orthonormal basis of the smallest space that holds the columns of `start` and is kept by
/// every operator (block Arnoldi). Its complement is what the operators' transposes never lead to
/// `start`.
Matrix invariant_space(const Matrix& start, const std::vector<Matrix>& operators);

/// How much of a cost a unit of each state is, up to a rate: the root of what it costs, or of what
/// the states that it drives through `operators` (transposed dynamics) cost; 1 where no cost sees
/// it.
Vector units_of_cost(const std::vector<Matrix>& costs, const std::vector<Matrix>& operators);

/// The integral of e^(F s) v over all s > 0, where it converges: on the smallest space that F keeps
/// and that holds v. Other eigenvalues of F may be what they like.
std::optional<Vector> integral_of_flow(const Matrix& F, const Vector& v);

}  // namespace hopf::runtime::quadratic
