#include "value/dense_front.hpp"

#include <algorithm>
#include <cmath>

// One version for each width of vectors, chosen at start. All give the same bits: no sum is
// reordered and no product contracted. Sanitizers cannot run before their own start.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define HOPF_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define HOPF_VECTOR_CLONES
#endif

namespace hopf::runtime {

namespace {

constexpr std::size_t kPanel = 8;  // pivots that are applied to the rest of the front at once

// y -= a x, for n numbers. Inlined, so as to be compiled for the vectors of each caller.
[[gnu::always_inline]] inline void subtract_multiple(double* __restrict y, double a,
                                                     const double* __restrict x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] -= a * x[i];
}

// The sum of a_i x_i, in eight parts that are added at the end.
[[gnu::always_inline]] inline double fixed_order_dot(const double* a, const double* x,
                                                     std::size_t n) {
  double sums[kPanel] = {};
  std::size_t i = 0;
  for (; i + kPanel <= n; i += kPanel) {
    for (std::size_t k = 0; k < kPanel; ++k) sums[k] += a[i + k] * x[i + k];
  }
  double sum = 0;
  for (; i < n; ++i) sum += a[i] * x[i];
  for (const double part : sums) sum += part;
  return sum;
}

// Rows from .. size-1 less their multiples of the panel's rows, in columns from .. size-1.
HOPF_VECTOR_CLONES
void apply_panel(double* matrix, std::size_t size, std::size_t panel, std::size_t from) {
  const double* const __restrict u = matrix + panel * size;
  for (std::size_t i = from; i < size; ++i) {
    double* const __restrict row = matrix + i * size;
    const double *l = row + panel, l0 = l[0], l1 = l[1], l2 = l[2], l3 = l[3], l4 = l[4], l5 = l[5],
                 l6 = l[6], l7 = l[7];
    for (std::size_t j = from; j < size; ++j) {
      double r = row[j];
      r -= l0 * u[j];
      r -= l1 * u[j + size];
      r -= l2 * u[j + 2 * size];
      r -= l3 * u[j + 3 * size];
      r -= l4 * u[j + 4 * size];
      r -= l5 * u[j + 5 * size];
      r -= l6 * u[j + 6 * size];
      r -= l7 * u[j + 7 * size];
      row[j] = r;
    }
  }
}

// Eliminates the columns of a panel in all rows below, and brings the panel's own rows up to date.
HOPF_VECTOR_CLONES
bool eliminate_panel(double* matrix, std::size_t size, std::size_t panel, std::size_t end) {
  for (std::size_t p = panel; p < end; ++p) {
    const double* const top = matrix + p * size;
    if (!(std::abs(top[p]) > 0) || !std::isfinite(top[p])) return false;
    const double inverse = 1 / top[p];
    for (std::size_t i = p + 1; i < size; ++i) {
      double* const row = matrix + i * size;
      const double factor = row[p] *= inverse;
      const std::size_t last = i < end ? size : end;
      if (last == size) {
        subtract_multiple(row + p + 1, factor, top + p + 1, size - p - 1);
        continue;
      }
      for (std::size_t j = p + 1; j < last; ++j) row[j] -= factor * top[j];
    }
  }
  return true;
}

}  // namespace

HOPF_VECTOR_CLONES
void solve_lower(const double* upper, const double* lower, double* own, double* others,
                 std::size_t pivots, std::size_t count) {
  for (std::size_t p = 0; p < pivots; ++p) {
    own[p] -= fixed_order_dot(upper + p * (pivots + count), own, p);
    subtract_multiple(others, own[p], lower + p * count, count);
  }
}

HOPF_VECTOR_CLONES
void solve_upper(const double* upper, double* x, std::size_t pivots, std::size_t size) {
  for (std::size_t p = pivots; p-- > 0;) {
    const double* const row = upper + p * size;
    x[p] = (x[p] - fixed_order_dot(row + p + 1, x + p + 1, size - p - 1)) / row[p];
  }
}

bool eliminate_front(double* matrix, std::size_t size, std::size_t pivots) {
  for (std::size_t panel = 0; panel < pivots; panel += kPanel) {
    const std::size_t end = std::min(panel + kPanel, pivots);
    if (!eliminate_panel(matrix, size, panel, end)) return false;
    if (end - panel == kPanel) {
      apply_panel(matrix, size, panel, end);
      continue;
    }
    for (std::size_t i = end; i < size; ++i) {
      double* const row = matrix + i * size;
      for (std::size_t p = panel; p < end; ++p)
        subtract_multiple(row + end, row[p], matrix + p * size + end, size - end);
    }
  }
  return true;
}

}  // namespace hopf::runtime
