#include "value/quadratic_panel.hpp"

#include <algorithm>
#include <cmath>

#include "value/quadratic_levels.hpp"

namespace hopf::runtime::quadratic {

namespace {

/// Chebyshev's polynomial of degree k at node i.
double chebyshev(int k, int i) { return std::cos(k * std::acos(2 * panel_node(i) - 1)); }

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

PanelCalculus::PanelCalculus() {
  Matrix polynomials(kPanel + 1, kPanel + 1), primitives(kPanel + 1, kPanel + 1);
  for (int k = 0; k <= kPanel; ++k) {
    for (int i = 0; i <= kPanel; ++i) {
      polynomials(i, k) = chebyshev(k, i);
      primitives(i, k) = 0.5 * integral_of(k, i);  // the panel has length 1, not 2
    }
  }
  coefficients = polynomials.inverse();
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
