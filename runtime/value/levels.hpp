// The times at which a solution is kept: so few that memory suffices, so placed that V on a
// straight line between them is as accurate as it can be.
#pragma once

#include <cstddef>
#include <vector>

namespace hopf::runtime {

struct Level {
  double t = 0;
  std::vector<double> V;
  double scale = 0;  // the range of V, which an error is measured by
  double bend = 0;   // what a straight line past this level would miss, over that range
  bool kept = false;
};

/// Takes one level after the other, back in time; of more than `most`, not counting those that are
/// to be kept, the one that is missed least goes. The first and the last stay, and between two that
/// are kept the last one left: it tells how far V bends there.
class Levels {
 public:
  explicit Levels(int most) : most_(most < 2 ? 2 : static_cast<std::size_t>(most)) {}
  /// t lies before all that came.
  void push(double t, const std::vector<double>& V, double scale, bool kept = false);
  /// The last one stays.
  void keep_last();
  std::vector<Level>& all() { return levels_; }

 private:
  void measure(std::size_t k);
  bool may_go(std::size_t k) const;
  std::size_t most_;
  std::size_t free_ = 0;  // levels that are not to be kept
  std::vector<Level> levels_;
};

}  // namespace hopf::runtime
