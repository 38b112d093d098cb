// Many paths of one model: what was recorded, and what is asked of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "value/value_function.hpp"

namespace hopf::runtime {

struct Ensemble {
  std::string model;
  std::vector<NamedUnit> states;
  bool reward = false;                 // cost is the reward (sign already turned)
  std::int64_t paths = 0;
  double step = 0;                     // dt used
  std::uint64_t seed = 0;
  std::vector<double> times;           // recorded times, first is the start
  /// recorded[state][time*paths + path]
  std::vector<std::vector<double>> recorded;
  std::vector<double> cost;            // per path: discounted running + terminal
  std::int64_t steps_done = 0;
  std::int64_t left_domain = 0;        // paths that touched a non-periodic bound of the domain

  std::vector<double> mean(std::size_t time) const;              // one per state
  double quantile(std::size_t state, std::size_t time, double q) const;
  double mean_cost() const;            // pairwise summation, fixed order
  double cost_standard_error() const;
};

}  // namespace hopf::runtime
