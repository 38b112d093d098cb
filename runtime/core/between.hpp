// A value between two that are known, which may be infinite.
#pragma once

namespace hopf::runtime {

/// `share` of the way from a to b. Two that are the same infinity have it between them too; where
/// one is infinite, so is what lies between.
inline double between(double a, double b, double share) {
  if (share == 0 || a == b) return a;
  return share == 1 ? b : a + share * (b - a);
}

}  // namespace hopf::runtime
