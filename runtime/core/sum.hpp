// Sums in a fixed order, and the largest of numbers. Pairwise summation has an error of O(log n)
// rounding units, against O(n) for a running sum (Higham, "Accuracy and Stability of Numerical
// Algorithms", 2nd ed., section 4.2), and its order depends on n alone.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace hopf::runtime {

/// max |v|; NaN where there is one.
inline double largest(std::span<const double> values) {
  double result = 0;
  for (const double v : values) {
    if (std::isnan(v)) return v;
    result = std::max(result, std::abs(v));
  }
  return result;
}

/// The sum of term(begin) .. term(end - 1). The depth of the halving is log2(n / 64).
template <class Term>
double pairwise_sum(std::size_t begin, std::size_t end, const Term& term) {
  constexpr std::size_t kLeaf = 64;
  if (end - begin <= kLeaf) {
    double total = 0;
    for (std::size_t i = begin; i < end; ++i) total += term(i);
    return total;
  }
  const std::size_t middle = begin + (end - begin) / 2;
  return pairwise_sum(begin, middle, term) + pairwise_sum(middle, end, term);
}

}  // namespace hopf::runtime
