// Many paths of one model: what was recorded, and what is asked of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "value/value_function.hpp"

namespace hopf::runtime {

struct Ensemble {
  std::string model;
  std::vector<NamedUnit> states;
  std::string cost_unit;
  bool reward = false;  // cost is the reward (sign already turned)
  std::int64_t paths = 0;
  double step = 0;  // dt used
  std::uint64_t seed = 0;
  std::vector<double> times;  // recorded times, first is the start
  /// recorded[state][time*paths + path]
  std::vector<std::vector<double>> recorded;
  std::vector<double> cost;  // per path: discounted running + terminal
  std::int64_t steps_done = 0;
  std::int64_t left_domain = 0;  // paths that touched a non-periodic bound of the domain

  double tail_bound =
      0;  // e^{-rho T}: the weight of what lies beyond the last time; 0 at a horizon
  bool tail_from_value = false;  // cost includes e^{-rho T} V(X_T), so that its mean estimates V
  std::int64_t stopped =
      0;  // paths that ended at `until` or an absorbing bound before the last time

  /// All paths of one state at one recorded time.
  std::span<const double> values(std::size_t state, std::size_t time) const;
  std::vector<double> mean(std::size_t time) const;      // one per state
  std::vector<double> variance(std::size_t time) const;  // one per state, unbiased
  double quantile(std::size_t state, std::size_t time, double q) const;
  double mean_cost() const;  // pairwise summation, fixed order
  double cost_standard_error() const;
};

/// The q-quantile by linear interpolation of order statistics (Hyndman & Fan 1996, type 7); NaN
/// outside 0 <= q <= 1.
double quantile(std::vector<double> sample, double q);

/// Counts of the finite values in `bins` equal bins over their range; edges has one entry more than
/// counts.
struct Histogram {
  std::vector<double> edges;
  std::vector<std::int64_t> counts;
};
Histogram histogram(std::span<const double> sample, int bins);

}  // namespace hopf::runtime
