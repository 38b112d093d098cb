// Many paths of one model: what is known of all of them, and those that were kept.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "path/moments.hpp"
#include "path/step_bias.hpp"
#include "value/value_function.hpp"

namespace hopf::runtime {

/// Of every path its last values and its cost are here; of every recorded time the moments of all
/// paths; whole paths only of the first `kept`. Paths that failed (a number that is NaN or
/// infinite) are in none of these but `recorded`, where they are NaN once they have failed.
struct Ensemble {
  std::string model;
  std::vector<NamedUnit> states;
  std::vector<Circle> circles;  // one a state; empty: none is periodic
  std::string cost_unit;
  bool reward = false;  // cost is the reward (sign already turned)
  std::int64_t paths = 0, kept = 0;
  double step = 0;        // the longest dt used
  bool ordinary = false;  // without noise: solved as an ordinary differential equation
  std::uint64_t seed = 0;
  std::vector<double> times;  // recorded times, first is the start
  /// recorded[state][time*kept + path]
  std::vector<std::vector<double>> recorded;
  std::vector<Moments> moments;                   // [time*states + state]
  std::vector<std::vector<double>> final_values;  // [state][path]
  std::vector<double> cost;                       // per path: discounted running + terminal
  double cost_bias = 0;  // what the time step adds to the mean cost, estimated; NaN: not known
  /// The same paths, or the first of them, driven by the same noise, at the step, at twice it and
  /// at four times it: what the step adds to a statistic is seen from them. Without those that
  /// failed at one of these.
  struct Rung {
    std::vector<std::vector<double>> last;  // [state][path]
    std::vector<double> cost;
  };
  std::vector<Rung> rungs;
  std::int64_t steps_done = 0;
  std::int64_t left_domain = 0;  // paths that touched a non-periodic bound of the domain
  std::int64_t failed = 0;
  std::vector<std::int64_t> failed_paths;  // which, in order

  double tail_bound =
      0;  // e^{-rho T}: the weight of what lies beyond the last time; 0 at a horizon
  bool tail_from_value = false;  // cost includes e^{-rho T} V(X_T), so that its mean estimates V
  std::int64_t stopped =
      0;  // paths that ended at `until` or an absorbing bound before the last time

  Circle circle(std::size_t state) const;
  bool has_failed(std::size_t path) const;
  /// The kept paths of one state at one recorded time.
  std::span<const double> values(std::size_t state, std::size_t time) const;
  double mean(std::size_t state, std::size_t time) const;
  double variance(std::size_t state, std::size_t time) const;
  std::vector<double> mean(std::size_t time) const;      // one per state
  std::vector<double> variance(std::size_t time) const;  // one per state, unbiased
  /// Of all paths at the last time, of those that were kept before.
  double quantile(std::size_t state, std::size_t time, double q) const;
  /// A number of the last values, with what sampling and the time step may have added.
  struct Estimated {
    double value = 0, standard_error = 0, bias = 0;
  };
  Estimated last_mean(std::size_t state) const;
  Estimated last_deviation(std::size_t state) const;
  Estimated last_quantile(std::size_t state, double q) const;
  double mean_cost() const;
  double cost_standard_error() const;
  /// Sampling and time step together: sqrt(standard error^2 + bias^2).
  double cost_error() const;

 private:
  Estimated estimated(std::size_t state, double standard_error, const Statistic&) const;
};

/// Counts of the finite values in `bins` equal bins over their range; edges has one entry more than
/// counts.
struct Histogram {
  std::vector<double> edges;
  std::vector<std::int64_t> counts;
};
Histogram histogram(std::span<const double> sample, int bins);

}  // namespace hopf::runtime
