#include "value/control_set.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>

namespace hopf::runtime {

namespace {

constexpr double kLeast =
    1e-7;  // smallest distance from an end at which unbounded sets are sampled
constexpr std::size_t kOneControl = 65;   // samples of a single control
constexpr std::size_t kSpread = 48;       // samples per control of several, besides the corners
constexpr std::size_t kMostCorners = 81;  // of a product of boxes, with middles

// Held, Wolfe & Crowder 1974: subtract the threshold at which the positive parts sum to one.
void project_to_simplex(std::size_t count, double* u) {
  std::vector<double> sorted(u, u + count);
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  double sum = 0, threshold = 0;
  for (std::size_t k = 0; k < count; ++k) {
    sum += sorted[k];
    const double candidate = (sum - 1) / static_cast<double>(k + 1);
    if (sorted[k] > candidate) threshold = candidate;
  }
  for (std::size_t k = 0; k < count; ++k) u[k] = std::max(u[k] - threshold, 0.0);
}

// s in [0, 1] to [lo, hi]; where an end is infinite the distance from the other grows
// geometrically, and from zero where both are.
double in_interval(double lo, double hi, double s) {
  const double range = std::log(kFarthest / kLeast);
  const auto far = [&](double share) { return kLeast * std::exp(range * share); };
  if (std::isfinite(lo) && std::isfinite(hi)) return lo + (hi - lo) * s;
  if (std::isfinite(lo)) return s == 0 ? lo : lo + far(s);
  if (std::isfinite(hi)) return s == 1 ? hi : hi - far(1 - s);
  if (s == 0.5) return 0;
  return s < 0.5 ? -far(1 - 2 * s) : far(2 * s - 1);
}

/// The quantile function of the standard normal law to a few digits (Abramowitz & Stegun 1964,
/// 26.2.23): directions of a ball need no more.
double rough_normal(double s) {
  const double tail = std::clamp(std::min(s, 1 - s), 1e-9, 0.5);
  const double t = std::sqrt(-2 * std::log(tail));
  const double z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                           (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  return s < 0.5 ? -z : z;
}

// Every second point lies on the sphere, where linear terms have their minimum.
void in_ball(double radius, bool on_sphere, const double* s, std::size_t count, double* u) {
  double size = 0;
  for (std::size_t k = 0; k < count; ++k) u[k] = rough_normal(s[k]), size += u[k] * u[k];
  size = std::sqrt(size);
  if (size == 0) return;
  const double inner = std::fmod(size * 7.31, 1.0);  // a second coordinate out of the same point
  const double length =
      on_sphere ? radius : radius * std::pow(inner, 1.0 / static_cast<double>(count));
  for (std::size_t k = 0; k < count; ++k) u[k] *= length / size;
}

// Exponential variables in proportion are uniform on the simplex (Devroye 1986, V.2).
void in_simplex(const double* s, std::size_t count, double* u) {
  double sum = 0;
  for (std::size_t k = 0; k < count; ++k) sum += u[k] = -std::log(std::clamp(s[k], 1e-12, 1.0));
  for (std::size_t k = 0; k < count; ++k)
    u[k] = sum > 0 ? u[k] / sum : 1.0 / static_cast<double>(count);
}

class Sampler {
 public:
  explicit Sampler(const std::vector<const ControlSet*>& sets) : sets_(sets) {
    for (const ControlSet* set : sets) dimension_ += set->controls.size();
  }

  std::vector<ControlSample> samples() {
    if (dimension_ == 1) {
      for (std::size_t k = 0; k < kOneControl; ++k)
        add({static_cast<double>(k) / (kOneControl - 1)}, false);
      return std::move(out_);
    }
    corners();
    sequence(kSpread * dimension_);
    return std::move(out_);
  }

 private:
  void add(std::vector<double> place, bool on_sphere) {
    ControlSample sample{place, std::vector<double>(dimension_)};
    std::size_t at = 0;
    for (const ControlSet* set : sets_) {
      const std::size_t count = set->controls.size();
      double* u = sample.u.data() + at;
      const double* s = place.data() + at;
      if (set->kind == ControlSet::Kind::Ball) {
        in_ball(set->radius, on_sphere, s, count, u);
      } else if (set->kind == ControlSet::Kind::Simplex) {
        in_simplex(s, count, u);
      } else {
        for (std::size_t k = 0; k < count; ++k) u[k] = in_interval(set->lo[k], set->hi[k], s[k]);
      }
      at += count;
    }
    out_.push_back(std::move(sample));
  }

  // Ends and middles of all axes of the cube where they are few, else of one axis at a time. In a
  // simplex they are vertices, edges' middles and the centre.
  void corners() {
    double count = std::pow(3.0, static_cast<double>(dimension_));
    if (count <= kMostCorners) {
      for (std::size_t k = 0; k < static_cast<std::size_t>(count); ++k) {
        std::vector<double> place;
        for (std::size_t d = 0, rest = k; d < dimension_; ++d, rest /= 3)
          place.push_back(static_cast<double>(rest % 3) / 2);
        add(std::move(place), true);
      }
      return;
    }
    add(std::vector<double>(dimension_, 0.5), true);
    for (std::size_t d = 0; d < dimension_; ++d) {
      for (const double end : {0.0, 1.0}) {
        std::vector<double> place(dimension_, 0.5), corner(dimension_, 1 - end);
        place[d] = corner[d] = end;
        add(std::move(place), true);
        add(std::move(corner), true);
      }
    }
  }

  // Kronecker's sequence with the powers of the root of x^(d+1) = x + 1 (Roberts 2018).
  void sequence(std::size_t count) {
    double root = 2;
    for (int k = 0; k < 60; ++k) root = std::pow(1 + root, 1 / static_cast<double>(dimension_ + 1));
    for (std::size_t k = 1; k <= count; ++k) {
      std::vector<double> place;
      for (std::size_t d = 1; d <= dimension_; ++d) {
        const double step = std::pow(root, -static_cast<double>(d));
        place.push_back(std::fmod(0.5 + step * static_cast<double>(k), 1.0));
      }
      add(std::move(place), k % 2 == 0);
    }
  }

  const std::vector<const ControlSet*>& sets_;
  std::size_t dimension_ = 0;
  std::vector<ControlSample> out_;
};

}  // namespace

void project(const ControlSet& set, double* u) {
  const std::size_t count = set.controls.size();
  if (set.kind == ControlSet::Kind::Simplex) return project_to_simplex(count, u);
  if (set.kind == ControlSet::Kind::Box) {
    for (std::size_t k = 0; k < count; ++k) {
      u[k] = std::clamp(u[k], std::max(set.lo[k], -kFarthest), std::min(set.hi[k], kFarthest));
    }
    return;
  }
  double size = 0;
  for (std::size_t k = 0; k < count; ++k) size += u[k] * u[k];
  size = std::sqrt(size);
  for (std::size_t k = 0; k < count && size > set.radius; ++k) u[k] *= set.radius / size;
}

double reach(const ControlSet& set, std::size_t entry, double u) {
  if (set.kind == ControlSet::Kind::Ball) return set.radius;
  if (set.kind == ControlSet::Kind::Simplex) return 1;
  const double lo = set.lo[entry], hi = set.hi[entry];
  if (std::isfinite(lo) && std::isfinite(hi)) return hi - lo;
  const double anchor = std::isfinite(lo) ? lo : std::isfinite(hi) ? hi : 0;
  return 16 * std::max(std::abs(u - anchor), kLeast);
}

std::vector<ControlSample> control_samples(const std::vector<const ControlSet*>& sets) {
  return Sampler(sets).samples();
}

}  // namespace hopf::runtime
