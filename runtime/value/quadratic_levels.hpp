// A quadratic value at every time: panels of Chebyshev's nodes, between which polynomials of degree
// kPanel are as exact as the nodes.
#pragma once

#include <cstddef>
#include <vector>

namespace hopf::runtime {

struct QuadraticLevel;

/// Intervals of a panel. Neighbouring panels share a node.
inline constexpr int kPanel = 16;

/// Node i of 0..kPanel on [0, 1], increasing: (1 - cos(pi i/kPanel))/2.
double panel_node(int i);

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

}  // namespace hopf::runtime
