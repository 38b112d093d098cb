// Determinant and inverse of a matrix of numbers, by a factorisation that can be stopped.
#pragma once

#include <Eigen/Core>
#include <optional>

#include "core/watch.hpp"

namespace hopf::driver {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

double determinant(Matrix, const runtime::Watch&);
/// Nothing where the matrix is singular up to rounding errors.
std::optional<Matrix> inverse(Matrix, const runtime::Watch&);

}  // namespace hopf::driver
