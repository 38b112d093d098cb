// Means, deviations and extremes that are merged from parts in a fixed order, on a line and on a
// circle.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "core/circle.hpp"

namespace hopf::runtime {

/// What is kept of a sample. Merging takes the formula of Chan, Golub & LeVeque (1983), so that a
/// large mean cancels nothing.
struct Moments {
  std::int64_t count = 0;
  double mean = 0, squares = 0;   // squares: the sum of (x - mean)^2
  double cosines = 0, sines = 0;  // on a circle: sums of cos and sin of the angle
  double least = std::numeric_limits<double>::infinity();
  double greatest = -std::numeric_limits<double>::infinity();

  void merge(const Moments& other);
  /// On a circle the direction of the mean resultant, as a point of [origin, origin + period). NaN
  /// of an empty sample.
  double average(const Circle&) const;
  /// Unbiased variance; on a circle the square of sqrt(-2 log R), R the length of the mean
  /// resultant (Mardia & Jupp 2000, 2.3).
  double variance(const Circle&) const;
};

/// The moments of a whole sample, in blocks that are merged pairwise: the order depends on its size
/// alone.
Moments moments_of(std::span<const double> sample, const Circle& circle = {});

/// The q-quantile by linear interpolation of order statistics (Hyndman & Fan 1996, type 7); NaN
/// outside 0 <= q <= 1. On a circle the sample is unwrapped about its mean direction first, so the
/// result may lie beyond the domain's end by less than half a turn.
double quantile(std::vector<double> sample, double q, const Circle& circle = {});

}  // namespace hopf::runtime
