// Minimisation of a function of the controls at many nodes at once, without derivatives, over any
// product of control sets.
//
// The function is generated code that is evaluated at all nodes in one call, so every node takes
// the same trial moves, each with its own step lengths. For every combination of the finite sets'
// values: samples spread over the sets that no law covers, then descent from the best two places
// (a direct search: Kolda, Lewis & Torczon 2003) by parabolas along directions that become
// conjugate (Powell 1964) and, where the function has a kink, along that. A node
// ends no higher than it began.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "value/control_set.hpp"

namespace hopf::runtime {

class PolicySearch {
 public:
  /// Writes the function's values at the controls as they stand.
  using Score = std::function<void(std::span<double> out)>;
  /// All controls of the nodes, `u[control][node]`.
  using Controls = std::vector<std::span<double>>;

  explicit PolicySearch(std::vector<ControlSet> sets);
  PolicySearch(const PolicySearch&) = delete;  // it points into its own sets
  PolicySearch& operator=(const PolicySearch&) = delete;

  bool empty() const { return sets_.empty(); }
  /// Replaces u by the best controls found anywhere in the sets.
  void minimise(const Controls& u, const Score&) const;
  /// Replaces u by the bottom of the valley it lies in; finite controls stay.
  void improve(const Controls& u, const Score&) const;

 private:
  class Descent;
  struct Best;
  void combine();
  void sample(const Controls& u, const Score&, Best& best, Best& other) const;

  std::vector<ControlSet> sets_;
  std::vector<const ControlSet*> sampled_, moved_;  // sampled over; descended in
  std::vector<ControlSample> samples_;
  /// Values of all finite sets together: (control, value) pairs, one row a combination.
  std::vector<std::vector<std::pair<int, double>>> combinations_;
};

}  // namespace hopf::runtime
