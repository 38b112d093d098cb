// Elimination within one dense front.
#pragma once

#include <cstddef>

namespace hopf::runtime {

/// LU without row exchanges of the first `pivots` columns of a matrix of `size` rows, stored by
/// rows, in place; the rest becomes the Schur complement. False when a pivot vanishes or is not
/// finite. The order of operations on each entry is fixed, so that the result is the same on every
/// machine.
bool eliminate_front(double* matrix, std::size_t size, std::size_t pivots);

/// With L and U of a front, U's rows by rows (pivots x (pivots + count), L's own triangle below)
/// and the rest of L by columns (pivots x count): own = L^-1 own, others -= (rest of L) own.
void solve_lower(const double* upper, const double* lower, double* own, double* others,
                 std::size_t pivots, std::size_t count);

/// x[0 .. pivots-1] of U x = x, given the other size - pivots entries.
void solve_upper(const double* upper, double* x, std::size_t pivots, std::size_t size);

}  // namespace hopf::runtime
