// The factor of a correlation matrix.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace hopf::kernel {

/// The lower factor of a correlation matrix, row-major; nothing when it is not positive
/// semidefinite.
std::optional<std::vector<double>> cholesky(const std::vector<double>& matrix, std::size_t n);

}  // namespace hopf::kernel
