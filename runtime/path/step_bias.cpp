#include "path/step_bias.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "path/moments.hpp"

namespace hopf::runtime {
namespace {

constexpr std::size_t kBatches = 32;    // whose scatter tells what is chance
constexpr double kBeyondChance = 3;     // standard errors
constexpr double kLeastRatio = 1.0905;  // of an eighth order, 2^(1/8)

/// A number and its standard error.
struct Known {
  double value = 0, chance = 0;
};

/// A combination of the statistic at each rung, over all paths; batches show its chance.
Known combined(const Rungs& rungs, const Statistic& statistic, const std::vector<double>& weights) {
  const auto over = [&](std::size_t begin, std::size_t end) {
    double sum = 0;
    for (std::size_t k = 0; k < weights.size(); ++k)
      if (weights[k] != 0) sum += weights[k] * statistic(rungs[k].subspan(begin, end - begin));
    return sum;
  };
  const std::size_t size = rungs.front().size(), batches = std::min(kBatches, size / 2);
  std::vector<double> each;
  for (std::size_t b = 0; b < batches; ++b)
    each.push_back(over(size * b / batches, size * (b + 1) / batches));
  const double spread =
      batches < 2 ? std::numeric_limits<double>::quiet_NaN() : moments_of(each).variance({});
  return {over(0, size), std::sqrt(spread / static_cast<double>(batches))};
}

/// What is left of the bias, from what twice the step changes and how far four times the step is
/// from changing twice as much more.
double size_of_bias(const Known& first, const Known& excess) {
  const double size = std::abs(first.value);
  const double second = excess.value + 2 * first.value;  // between twice and four times the step
  if (!(std::abs(excess.value) > kBeyondChance * excess.chance)) return size;
  if (!(size > kBeyondChance * first.chance)) return std::max(size, std::abs(second) / 2);
  const double ratio = second / first.value;
  if (ratio < 0) return std::max(size, std::abs(second));  // no order is seen: the larger of both
  return ratio < 2 ? size / (std::max(ratio, kLeastRatio) - 1) : size;
}

}  // namespace

StepBias step_bias(const Rungs& rungs, const Statistic& statistic) {
  if (rungs.size() < 2 || rungs.front().empty()) return {std::nan(""), std::nan("")};
  const Known first = combined(rungs, statistic, {-1, 1});
  const Known excess = rungs.size() > 2 ? combined(rungs, statistic, {2, -3, 1}) : Known{};
  const double chance = std::isnan(first.chance) ? 0 : first.chance;
  const double size = std::max(size_of_bias(first, excess), chance);
  return {std::copysign(size, first.value), chance};
}

}  // namespace hopf::runtime
