// The sets that controls are taken from, as the numerical minimisation of the Hamiltonian needs
// them: the nearest point of a set, and points spread over it.
#pragma once

#include <cstdint>
#include <vector>

namespace hopf::runtime {

struct ControlSet {
  enum class Kind : std::uint8_t { Box, Ball, Simplex, Finite };
  Kind kind = Kind::Box;
  std::vector<int> controls;                // which ones
  std::vector<double> lo, hi;               // Box: per control, may be infinite
  double radius = 0;                        // Ball: |u| <= radius
  std::vector<std::vector<double>> values;  // Finite: one entry per control
  /// Looked for over the whole set; otherwise a law has placed it and only its neighbourhood is
  /// searched.
  bool sampled = true;
};

/// No control is searched beyond this; one that ends near it has no minimum.
inline constexpr double kFarthest = 1e12;

/// Replaces u (one entry per control of the set) by the nearest point of a Box, Ball or Simplex.
void project(const ControlSet&, double* u);

/// The length over which a control of the set varies at u: where a search takes its first step.
double reach(const ControlSet&, std::size_t entry, double u);

/// A point of the product of the sampled sets, and where it lies in the unit cube.
struct ControlSample {
  std::vector<double> place;  // in the unit cube
  std::vector<double> u;      // controls of the sets in their order
};

/// Corners, centres and a sequence of low discrepancy over the product of `sets` (none of them
/// Finite).
std::vector<ControlSample> control_samples(const std::vector<const ControlSet*>& sets);

}  // namespace hopf::runtime
