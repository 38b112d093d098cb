// How far V on a grid is from the solution, seen from two coarser grids.
#pragma once

#include <span>
#include <vector>

#include "grid/grid.hpp"

namespace hopf::runtime {

/// V of one time on grids of spacings h, 2h and 4h (about: ends need not fit), [regime*points +
/// point] each, and what one more solve on a coarser one tells. Without V4 no order is seen.
struct NestedValues {
  const Grid *fine, *half, *coarsest;  // the last is that of 4h, where there is one
  const Grid *ends_on;                 // the grid of `ends`
  std::span<const double> V1, V2, V4;
  std::span<const double> upwind;  // at nodes of the fine grid: share of upwind differences
  std::span<const double> ends;    // on one of them: |V - V of a widened box|; may be empty
  int regimes = 1;
  bool noisy = false;  // a jump of V between neighbours is a layer that no grid resolves
  bool kinks = false;  // of what the end pays: their place in a cell is another on each grid
  // On the half grid, what its differences leave out, carried along; may be empty.
  std::span<const double> truncation = {};
};

struct ErrorEstimate {
  std::vector<double> error;  // at the nodes of the fine grid, in the unit of V
  double order = 0;           // observed over the inner half; NaN where the grids agree
  bool regular = true;        // differences fall from grid to grid as those of an order do
  double ends_share = 0;      // of the nodes at which e_b is larger than e_d
};

/// e = c e_d + c e_b + e_j + 1e-9 median |V|, c = 1.5, or 2 with kinks and where the differences
/// are not regular. With D1 = V_h - V_2h and D2 = V_2h - V_4h at the nodes that the grids share,
///   e_d = max of |D1| over +-2 cells / (2^p - 1), p = log2(rms D2/rms D1) in +-8 cells,
/// and no less than what the differences of the half grid leave out, carried along
/// (truncation.hpp); p at least 1/2, at most 2 - u, where u is the share of upwind differences
/// there, and at most the order over the inner half: errors of two orders that partly cancel, or of
/// a kink between nodes, show an order that is too high. Where the steps between neighbours fall
/// more slowly than the spacing, V jumps, and p is at most their order. e_b is what wider ends
/// change. With noise, a step between neighbours that is the same on both grids is a layer thinner
/// than their cells, and is the error on both sides of it.
ErrorEstimate estimate_error(const NestedValues &);

}  // namespace hopf::runtime
