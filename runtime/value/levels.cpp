#include "value/levels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hopf::runtime {

void Levels::push(double t, const std::vector<double>& V, double scale, bool kept) {
  levels_.push_back({t, V, scale, 0, kept});
  const std::size_t count = levels_.size();
  if (count > 2) measure(count - 2);
  if (count <= most_) return;
  const auto least =
      std::min_element(levels_.begin() + 1, levels_.end() - 1,
                       [](const Level& a, const Level& b) { return a.bend < b.bend; });
  const auto k = static_cast<std::size_t>(least - levels_.begin());
  levels_.erase(least);
  if (k > 1) measure(k - 1);
  if (k + 1 < levels_.size()) measure(k);
}

// On a parabola a chord over the times a and b on both sides of t misses V'' a b/2 there and at
// most V'' (a + b)^2/8 between: what is seen at t stands for what is missed beside it.
void Levels::measure(std::size_t k) {
  const Level &before = levels_[k - 1], &after = levels_[k + 1];
  Level& here = levels_[k];
  if (here.kept) {
    here.bend = std::numeric_limits<double>::infinity();
    return;
  }
  const double a = here.t - before.t, b = after.t - here.t, share = a / (a + b);
  double worst = 0;
  for (std::size_t u = 0; u < here.V.size(); ++u) {
    const double line = before.V[u] + share * (after.V[u] - before.V[u]);
    worst = std::max(worst, std::abs(here.V[u] - line));
  }
  const double scale = std::min(before.scale, after.scale);
  here.bend = worst * (a + b) * (a + b) / (4 * a * b) / std::max(scale, 1e-300);
}

}  // namespace hopf::runtime
