// Which nodes a difference at a grid point reaches, with every boundary's rule applied.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "grid/grid.hpp"

namespace hopf::runtime {

using Offset = std::array<int, 3>;  // in nodes, per axis; axes beyond the grid's dimension are 0

/// A value outside the grid is a combination of nodes whose coefficients sum to one.
struct Term {
  std::int32_t node;
  double coefficient;
};

/// The value at `point + offset`:
///   Periodic     wraps
///   Reflect      mirror image (zero flux)
///   Extrapolate  V(b + k) = V(b) + k (V(b) - V(b - 1)): straight continuation, V'' = 0
///   Absorb, Constrain  the end node itself; a weight that points outward from it has no effect
std::vector<Term> resolve(const Grid&, std::span<const Boundary> rules, std::size_t point,
                          const Offset&);

/// Neighbours of all points for a few offsets, resolved once.
class Stencil {
 public:
  Stencil(const Grid&, std::span<const Boundary> rules, std::vector<Offset> offsets);
  std::size_t size() const { return offsets_.size(); }
  /// Terms of one neighbour; a plain node is one term with coefficient 1.
  std::span<const Term> terms(std::size_t k, std::size_t point) const;
  /// V(neighbour) - V(point).
  double difference(std::span<const double> V, std::size_t k, std::size_t point) const {
    const std::int32_t target = targets_[k][point];
    if (target >= 0) return V[target] - V[point];
    return ghost_difference(V, -1 - target, point);
  }

 private:
  double ghost_difference(std::span<const double> V, std::int32_t ghost, std::size_t point) const;
  std::vector<Offset> offsets_;
  std::vector<std::vector<std::int32_t>>
      targets_;  // [offset][point]: a node, or -1 - index of a ghost
  std::vector<std::vector<Term>> ghosts_;
  std::vector<Term> identity_;  // one term a node, for plain neighbours
};

/// Directions e with weights w >= 0 such that sum_k w_k e_k e_k' = D, for symmetric D (dimension d
/// <= 3, row-major). Selling's reduction of a superbase (Selling 1874; Conway & Sloane 1992; for
/// HJB equations Bonnans, Ottenwaelter & Zidani 2004, Mirebeau 2014). `exact` is false when D is so
/// degenerate that the directions would reach beyond `reach` nodes: then what cannot be kept
/// monotone has been left out.
struct Splitting {
  std::vector<std::pair<Offset, double>> directions;
  bool exact = true;
};
Splitting split_covariance(std::span<const double> D, int dimension, int reach);

}  // namespace hopf::runtime
