// Which nodes a difference at a grid point reaches, with every boundary's rule applied.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "grid/grid.hpp"
#include "value/continuation.hpp"

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
///   Extrapolate  V continued as a polynomial of `degree` (continuation.hpp)
///   Absorb, Constrain  the end node itself; a weight that points outward from it has no effect
std::vector<Term> resolve(const Grid&, std::span<const Boundary> rules, std::size_t point,
                          const Offset&, int degree = kContinuation, std::size_t regimes = 1);

/// A neighbour beyond the open end of one axis. How V continues there may be changed as it becomes
/// known, for each regime.
struct OpenEnd {
  std::size_t ghost, point, axis;
  bool upper;
};

/// Neighbours of all points for a few offsets, resolved once.
class Stencil {
 public:
  Stencil(const Grid&, std::span<const Boundary> rules, std::vector<Offset> offsets, int degree,
          std::size_t regimes);
  std::size_t size() const { return offsets_.size(); }
  const std::vector<OpenEnd>& open_ends() const { return ends_; }
  std::span<Term> ghost(std::size_t ghost, std::size_t regime) { return ghosts_[regime][ghost]; }
  /// Terms of one neighbour; a plain node is one term with coefficient 1.
  std::span<const Term> terms(std::size_t k, std::size_t point, std::size_t regime) const;
  /// V(neighbour) - V(point), V the values of one regime.
  double difference(std::span<const double> V, std::size_t k, std::size_t point,
                    std::size_t regime) const {
    const std::int32_t target = targets_[k][point];
    if (target >= 0) return V[target] - V[point];
    return ghost_difference(V, ghosts_[regime][-1 - target], point);
  }

 private:
  void add_ghost(const Grid&, std::span<const Boundary> rules, std::size_t k, std::size_t point,
                 int degree, std::size_t regimes);
  static double ghost_difference(std::span<const double> V, const std::vector<Term>& ghost,
                                 std::size_t point);
  std::vector<Offset> offsets_;
  std::vector<std::vector<std::int32_t>>
      targets_;  // [offset][point]: a node, or -1 - index of a ghost
  std::vector<std::vector<std::vector<Term>>> ghosts_;  // [regime][ghost]
  std::vector<OpenEnd> ends_;
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
