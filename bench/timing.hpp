// Ours and the rival's work in turn, the fastest of each: what else runs on the machine disturbs
// neither. Every benchmark prints its rows through `report`, which bench/run.py reads.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

inline double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Pace {
  double ours, theirs;  // ns per element
};

/// `repeats` runs are timed together where one takes no longer than the clock itself. Rounds go on
/// until `patience` seconds of our own computing have made neither side faster. Where one run is
/// longer than what the system lets us have at a time, its processor time counts.
struct Effort {
  int repeats = 10;
  double patience = 0.5;
  bool processor_time = false;
};

inline double nanoseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return 1e9 * double(now.tv_sec) + double(now.tv_nsec);
}

template <class Ours, class Theirs>
Pace compare(double elements, const Ours& ours, const Theirs& theirs, Effort effort = {}) {
  Pace best{1e300, 1e300};
  std::clock_t last = std::clock();
  const clockid_t clock = effort.processor_time ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
  const auto time = [&](double& least, const auto& work) {
    const double start = nanoseconds(clock);
    for (int n = 0; n < effort.repeats; ++n) work();
    const double pace = (nanoseconds(clock) - start) / (elements * effort.repeats);
    if (pace >= least) return;
    constexpr double kNoticed = 0.998;
    if (pace < kNoticed * least) last = std::clock();
    least = pace;
  };
  while (double(std::clock() - last) < effort.patience * CLOCKS_PER_SEC) {
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

/// Arrays of equal length for both sides: each begins on a line of the cache, and the lines that
/// follow it are spread over the cache. Where arrays lie decides as much about such short loops as
/// their code does, so ours and the rival's work on the same ones.
class Arrays {
 public:
  Arrays(std::size_t count, std::size_t length)
      : stride_((length + kLine - 1) / kLine * kLine + kLine),
        data_(static_cast<double*>(std::aligned_alloc(8 * kLine, 8 * stride_ * count))) {
    std::fill_n(data_.get(), stride_ * count, 0.0);
  }
  double* operator[](std::size_t k) { return data_.get() + k * stride_; }
  void set(std::size_t k, const std::vector<double>& values) {
    std::copy(values.begin(), values.end(), (*this)[k]);
  }
  /// All arrays one after the other.
  std::vector<double> content(std::size_t count, std::size_t length) {
    std::vector<double> out;
    for (std::size_t k = 0; k < count; ++k) out.insert(out.end(), (*this)[k], (*this)[k] + length);
    return out;
  }

 private:
  static constexpr std::size_t kLine = 8;  // numbers
  struct Free {
    void operator()(double* p) const { std::free(p); }
  };
  std::size_t stride_;
  std::unique_ptr<double, Free> data_;
};

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
