// A quadratic value at every time: panels of nodes, between which polynomials of degree kPanel are
// as exact as the nodes.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace hopf::runtime {

struct QuadraticLevel;

/// Intervals of a panel. Neighbouring panels share a node.
inline constexpr int kPanel = 16;

/// Chebyshev's nodes (1 - cos(pi i/kPanel))/2 in units of 1/kPanelUnits, rounded, so that the
/// intervals of all panels are made of few; interpolation is as well conditioned (its Lebesgue
/// constant is 2.67, that of the exact nodes 2.72).
inline constexpr int kPanelUnits = 128;
inline constexpr std::array<int, kPanel + 1> kPanelNodes{0,  1,  5,  11,  19,  29,  40,  52, 64,
                                                         76, 88, 99, 109, 117, 123, 127, 128};

/// Node i of 0..kPanel on [0, 1], increasing.
constexpr double panel_node(int i) {
  return kPanelNodes[static_cast<std::size_t>(i)] / static_cast<double>(kPanelUnits);
}

/// The weights of the nodes' values in the polynomial's value at s in [0, 1], by the barycentric
/// formula (Berrut & Trefethen 2004).
std::vector<double> panel_weights(double s);

/// A time within stored ones: the value there is the sum of weight[i] times that of time first + i.
struct QuadraticMoment {
  std::size_t first = 0;
  std::vector<double> weights{1.0};
};
/// Times outside of the stored ones are held at the ends. `regimes` levels belong to each time.
QuadraticMoment quadratic_moment(const std::vector<QuadraticLevel>&, int regimes, double t);

/// P, p, c, K and k at a time in one regime, counted from 1.
QuadraticLevel quadratic_level(const std::vector<QuadraticLevel>&, int regimes, double t,
                               int regime);

/// 1/2 x'P x + p'x + c.
double quadratic_value(const QuadraticLevel&, std::span<const double> x);

}  // namespace hopf::runtime
