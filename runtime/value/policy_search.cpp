// Controls without a closed-form minimiser: one after the other, all nodes of a regime at a time,
// the score is sampled over the set and the best bracket narrowed by golden sections (Kiefer 1953).
#include <algorithm>
#include <cmath>

#include "value/policy_system.hpp"

namespace hopf::runtime {

namespace {

constexpr int kSamples = 17;     // of the first look over a bracket
constexpr int kSections = 40;    // golden sections: the bracket shrinks by 0.618^40 = 4e-9
constexpr int kExpansions = 12;  // of an unbounded bracket, by 4 each
constexpr int kSweeps = 2;       // over all searched controls
constexpr double kGolden = 0.6180339887498949;

}  // namespace

void PolicySystem::score(std::size_t regime, std::vector<double>& out) {
  call_everywhere(problem_.score[regime], regime, {&out});
}

void PolicySystem::search_one(const SearchedControl& searched, std::size_t regime) {
  const std::span<double> u(controls_[searched.control].data() + regime * points_, points_);
  std::vector<double> best(u.begin(), u.end()), best_score(points_), trial(points_);
  score(regime, best_score);
  const auto offer = [&](auto control_at) {
    for (std::size_t i = 0; i < points_; ++i) u[i] = control_at(i);
    score(regime, trial);
    for (std::size_t i = 0; i < points_; ++i) {
      if (trial[i] < best_score[i]) best_score[i] = trial[i], best[i] = u[i];
    }
  };
  std::vector<double> width(points_);
  const bool bounded = std::isfinite(searched.lo) && std::isfinite(searched.hi);
  if (bounded) {
    for (int s = 0; s < kSamples; ++s) {
      const double value = searched.lo + (searched.hi - searched.lo) * s / (kSamples - 1);
      offer([&](std::size_t) { return value; });
    }
    std::fill(width.begin(), width.end(), (searched.hi - searched.lo) / (kSamples - 1));
  } else {
    const std::vector<double> start = best;
    for (int e = -kExpansions / 2; e < kExpansions; ++e) {
      for (const double side : {-1.0, 1.0}) {
        offer([&](std::size_t i) {
          return std::clamp(start[i] + side * std::pow(4.0, e), searched.lo, searched.hi);
        });
      }
    }
    for (std::size_t i = 0; i < points_; ++i)
      width[i] = std::max(std::abs(best[i] - start[i]), std::pow(4.0, -kExpansions / 2));
  }
  narrow(searched, regime, best, width);
}

// Golden sections on [best - width, best + width]; a result that is not better than `best` is
// dropped.
void PolicySystem::narrow(const SearchedControl& searched, std::size_t regime,
                          const std::vector<double>& best, const std::vector<double>& width) {
  const std::span<double> u(controls_[searched.control].data() + regime * points_, points_);
  std::vector<double> a(points_), b(points_), c(points_), d(points_), fc(points_), fd(points_),
      f(points_);
  const auto scores_at = [&](const std::vector<double>& at, std::vector<double>& out) {
    std::copy(at.begin(), at.end(), u.begin());
    score(regime, out);
  };
  for (std::size_t i = 0; i < points_; ++i) {
    a[i] = std::max(searched.lo, best[i] - width[i]);
    b[i] = std::min(searched.hi, best[i] + width[i]);
    c[i] = b[i] - kGolden * (b[i] - a[i]);
    d[i] = a[i] + kGolden * (b[i] - a[i]);
  }
  scores_at(c, fc);
  scores_at(d, fd);
  for (int section = 0; section < kSections; ++section) {
    std::vector<double> fresh(points_);
    for (std::size_t i = 0; i < points_; ++i) {
      const bool left = fc[i] <= fd[i];
      if (left)
        b[i] = d[i], d[i] = c[i], fd[i] = fc[i];
      else
        a[i] = c[i], c[i] = d[i], fc[i] = fd[i];
      fresh[i] = left ? b[i] - kGolden * (b[i] - a[i]) : a[i] + kGolden * (b[i] - a[i]);
    }
    scores_at(fresh, f);
    for (std::size_t i = 0; i < points_; ++i) {
      // The new point is the one that equals neither kept point.
      if (fresh[i] < 0.5 * (a[i] + b[i]))
        c[i] = fresh[i], fc[i] = f[i];
      else
        d[i] = fresh[i], fd[i] = f[i];
    }
  }
  for (std::size_t i = 0; i < points_; ++i) c[i] = 0.5 * (a[i] + b[i]);
  scores_at(best, fd);
  scores_at(c, fc);
  for (std::size_t i = 0; i < points_; ++i) u[i] = fc[i] < fd[i] ? c[i] : best[i];
}

void PolicySystem::search(std::span<const double> V) {
  for (std::size_t r = 0; r < regimes_; ++r) {
    gradients(V, r);
    for (int sweep = 0; sweep < (problem_.searched.size() > 1 ? kSweeps : 1); ++sweep) {
      for (const SearchedControl& searched : problem_.searched) search_one(searched, r);
    }
  }
}

}  // namespace hopf::runtime
