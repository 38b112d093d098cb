// An amount that comes round, be it a state or a control.
#pragma once

#include <cmath>

namespace hopf::runtime {

/// x and x + period are the same point; points are told from `origin` on.
struct Circle {
  double origin = 0, period = 0;  // period 0: a line
  bool round() const { return period > 0; }
  /// x moved by whole turns to less than half a turn from `centre`.
  double near(double x, double centre) const {
    return x - period * std::floor((x - centre) / period + 0.5);
  }
};

}  // namespace hopf::runtime
