#include "value/quadratic_panel.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "value/quadratic_levels.hpp"

namespace hopf::runtime::quadratic {

namespace {

/// Chebyshev's polynomials up to degree kPanel + 1 at the nodes, T_k(cos a) = cos(k a); the nodes
/// increase, so x = -cos(pi i/kPanel).
double chebyshev(int k, int i) {
  const double sign = k % 2 ? -1.0 : 1.0;
  return sign * std::cos(std::numbers::pi * ((k * i) % (2 * kPanel)) / kPanel);
}

/// The integral of T_k from -1 to node i.
double integral_of(int k, int i) {
  const auto primitive = [k](int node) {
    if (k == 0) return chebyshev(1, node);
    if (k == 1) return 0.25 * chebyshev(2, node);
    return 0.5 * (chebyshev(k + 1, node) / (k + 1) - chebyshev(k - 1, node) / (k - 1));
  };
  return primitive(i) - primitive(0);
}

}  // namespace

PanelCalculus::PanelCalculus()
    : coefficients(kPanel + 1, kPanel + 1), integral(kPanel + 1, kPanel + 1) {
  Matrix primitives(kPanel + 1, kPanel + 1);
  for (int k = 0; k <= kPanel; ++k) {
    for (int i = 0; i <= kPanel; ++i) {
      const double ends = (k == 0 || k == kPanel ? 0.5 : 1) * (i == 0 || i == kPanel ? 0.5 : 1);
      coefficients(k, i) = 2.0 / kPanel * ends * chebyshev(k, i);
      primitives(i, k) = 0.5 * integral_of(k, i);  // the panel has length 1, not 2
    }
  }
  integral = primitives * coefficients;
}

double panel_tail(const PanelCalculus& calculus, const Matrix& values, const Vector& scale,
                  int count) {
  const Matrix last = calculus.coefficients.bottomRows(count) * values;
  double tail = 0;
  for (Eigen::Index column = 0; column < last.cols(); ++column) {
    if (scale(column) > 0)
      tail = std::max(tail, last.col(column).cwiseAbs().maxCoeff() / scale(column));
  }
  return last.allFinite() ? tail : 1.0;
}

}  // namespace hopf::runtime::quadratic
