#include "driver/context.hpp"

#include <chrono>
#include <cstdio>

namespace hopf::driver {
namespace {

SessionOptions with_defaults(SessionOptions options) {
  if (!options.out) {
    options.out = [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); };
  }
  return options;
}

/// Remembers when each piece of work began, for the estimate (1 - f)/f * elapsed.
struct Estimator {
  using Clock = std::chrono::steady_clock;
  std::string what;
  Clock::time_point start = Clock::now();
  double first_fraction = 0;

  double seconds_left(const char* now_doing, double fraction) {
    if (what != now_doing || fraction < first_fraction) {
      what = now_doing;
      start = Clock::now();
      first_fraction = fraction < 0 ? 0 : fraction;
    }
    if (fraction <= first_fraction) return -1;
    const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    return elapsed * (1 - fraction) / (fraction - first_fraction);
  }
};

}  // namespace

Context::Context(SessionOptions session_options)
    : options(with_defaults(std::move(session_options))),
      phases({options.dump, options.stop_after, options.off, options.out}) {}

Progress Context::progress() {
  return [this, estimator = std::make_shared<Estimator>()](const char* what, double fraction) {
    if (!options.progress) return cancelled;
    if (options.progress(what, fraction, estimator->seconds_left(what, fraction))) cancelled = true;
    return cancelled;
  };
}

bool Context::poll() {
  if (options.progress && options.progress("", -1, -1)) cancelled = true;
  return cancelled;
}

}  // namespace hopf::driver
