// How V continues beyond an end of an axis where the state may flow out.
//
// The value one or more nodes outside is a combination of the last nodes inside. On most axes it is
// the polynomial through them, of degree 2 unless asked otherwise: V''' = 0, exact for quadratic V.
// On an axis in geometric progression V is taken to be a constant plus a power of the state:
// differences of V continue in the ratio of the last two, exact for power and logarithmic utility.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "grid/grid.hpp"

namespace hopf::runtime {

/// The degree of continuation that solvers use; one more serves to see what depends on it.
inline constexpr int kContinuation = 2;

/// Distance to the first node outside: spacings continue in their ratio at the end.
double outer_spacing(const Axis&, bool upper);

/// How far apart the nodes are from which V is continued: on fine axes not next to each other, as
/// rounding enters with the cube of their distance.
int nodes_apart(const Axis&, std::size_t regimes);

/// V at the node `beyond` places outside as (node, coefficient); coefficients sum to one. The
/// degree + 1 nodes (all, on a shorter axis) are listed from the end inward.
std::vector<std::pair<int, double>> continue_polynomial(const Axis&, bool upper, int beyond,
                                                        int degree, int apart = 1);

/// The same for the first node outside on an axis in geometric progression, exact for a constant
/// plus multiples of x^s for the two powers s; where they agree, also for x^s log x.
void continue_powers(const Axis&, bool upper, int apart, std::array<double, 2> powers,
                     std::span<double> out);

/// The same for the first node outside of any axis beyond an end that is not at 0, exact for a
/// constant plus a multiple of |x|^s, s < 0.
std::vector<std::pair<int, double>> continue_power(const Axis&, bool upper, int apart, double s);

/// The power s of values that are a constant plus a multiple of x^s, from the end inward; 0 where
/// they are not of this kind, and nothing where they are constant.
std::optional<double> power_of(const Axis&, bool upper, int apart, std::span<const double> values);

/// True where four values, from the end inward, are those of a parabola rather than of a constant
/// plus a power of the state.
bool looks_like_parabola(const Axis&, bool upper, int apart, std::span<const double> V);

}  // namespace hopf::runtime
