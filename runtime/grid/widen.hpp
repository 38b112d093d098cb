// A grid with nodes added beyond its ends, and fields of it cut back to the first.
#pragma once

#include <array>
#include <vector>

#include "grid/grid.hpp"

namespace hopf::runtime {

struct Widened {
  Grid grid;
  std::vector<std::size_t> below;  // nodes added at the lower end of each axis
};

/// Adds a share of each chosen axis' nodes at both ends, as far as its limits allow; these
/// themselves are never reached. Spacings go on in their ratio at the end, old nodes stay as they
/// are. With a growth above 1 as far, by fewer nodes: each new spacing is that much wider than the
/// one before.
Widened widened(const Grid&, const std::vector<bool>& axes,
                const std::vector<std::array<double, 2>>& limits, double share, double growth = 1);

/// `fields` fields of the wide grid at the nodes of the first.
std::vector<double> cropped(const Grid& first, const Widened& wide,
                            const std::vector<double>& values, std::size_t fields);

}  // namespace hopf::runtime
