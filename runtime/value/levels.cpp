#include "value/levels.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace hopf::runtime {

void Levels::push(double t, const std::vector<double>& V, double scale, bool kept) {
  if (!levels_.empty() && !(t < levels_.back().t))
    throw std::logic_error("times of levels do not decrease");
  levels_.push_back({t, V, scale, 0, kept});
  if (!kept) ++free_;
  const std::size_t count = levels_.size();
  if (count > 2) measure(count - 2);
  if (free_ <= most_) return;
  std::size_t least = 0;
  for (std::size_t k = 1; k + 1 < count; ++k) {
    if (may_go(k) && (least == 0 || levels_[k].bend < levels_[least].bend)) least = k;
  }
  if (least == 0) return;
  levels_.erase(levels_.begin() + static_cast<std::ptrdiff_t>(least));
  --free_;
  if (least > 1) measure(least - 1);
  if (least + 1 < levels_.size()) measure(least);
}

void Levels::keep_last() {
  if (!levels_.back().kept) --free_;
  levels_.back().kept = true;
}

bool Levels::may_go(std::size_t k) const {
  const bool alone = levels_[k - 1].kept && (levels_[k + 1].kept || k + 2 == levels_.size());
  return !levels_[k].kept && !alone;
}

// On a parabola a chord over the times a and b on both sides of t misses V'' a b/2 there and at
// most V'' (a + b)^2/8 between: what is seen at t stands for what is missed beside it.
void Levels::measure(std::size_t k) {
  const Level &before = levels_[k - 1], &after = levels_[k + 1];
  Level& here = levels_[k];
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
