// Ours and the rival's work in turn, the fastest of each: what else runs on the machine disturbs
// neither. Every benchmark prints its rows through `report`, which bench/run.py reads.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

inline double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Pace {
  double ours, theirs;  // ns per element
};

/// `repeats` runs are timed together where one takes no longer than the clock itself.
struct Effort {
  int rounds = 1000, repeats = 10;
};

template <class Ours, class Theirs>
Pace compare(double elements, const Ours& ours, const Theirs& theirs, Effort effort = {}) {
  Pace best{1e300, 1e300};
  const auto time = [&](double& least, const auto& work) {
    const auto start = Clock::now();
    for (int n = 0; n < effort.repeats; ++n) work();
    least = std::min(least, milliseconds_since(start) * 1e6 / (elements * effort.repeats));
  };
  for (int round = 0; round < effort.rounds; ++round) {
    time(best.ours, ours);
    time(best.theirs, theirs);
  }
  return best;
}

/// One row; false when the two do not compute the same.
inline bool report(const char* name, const Pace& pace, double difference) {
  std::printf("%-28s %8.3f ns %8.3f ns   ratio %.3f   largest difference %.1e\n", name, pace.ours,
              pace.theirs, pace.ours / pace.theirs, difference);
  return difference < 1e-9;
}

inline double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double worst = 0;
  for (std::size_t n = 0; n < a.size(); ++n) worst = std::max(worst, std::fabs(a[n] - b[n]));
  return worst;
}

/// n numbers all over [lo, hi].
inline std::vector<double> spread(std::size_t n, double lo, double hi, double phase = 0) {
  std::vector<double> out(n);
  for (std::size_t k = 0; k < n; ++k)
    out[k] = lo + (hi - lo) * std::fmod(0.618033988749895 * double(k) + phase, 1.0);
  return out;
}

}  // namespace bench
