#include "kernel/cholesky.hpp"

#include <cmath>

namespace hopf::kernel {

std::optional<std::vector<double>> cholesky(const std::vector<double>& matrix, std::size_t n) {
  std::vector<double> factor(n * n, 0.0);
  for (std::size_t j = 0; j < n; ++j) {
    double pivot = matrix[j * n + j];
    for (std::size_t k = 0; k < j; ++k) pivot -= factor[j * n + k] * factor[j * n + k];
    if (!(pivot > -1e-12)) return std::nullopt;
    // A zero pivot is a noise that repeats earlier ones: its own column stays zero.
    const double root = pivot > 1e-12 ? std::sqrt(pivot) : 0.0;
    factor[j * n + j] = root;
    for (std::size_t i = j + 1; i < n; ++i) {
      double rest = matrix[i * n + j];
      for (std::size_t k = 0; k < j; ++k) rest -= factor[i * n + k] * factor[j * n + k];
      if (root > 0) factor[i * n + j] = rest / root;
    }
  }
  return factor;
}

}  // namespace hopf::kernel
