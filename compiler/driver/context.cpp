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

  /// Details behind a comma do not make it another piece of work.
  double seconds_left(std::string_view told, double fraction) {
    const std::string_view now_doing = told.substr(0, told.find(','));
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
      phases({options.dump, options.stop_after, options.off, options.out,
              [this](const std::string& why) { warn_of_cache(why); }}) {}

void Context::warn_of_cache(const std::string& why) {
  auto& warning = sink.emit(diagnostics::Kind::UntrustedCache, {},
                            "compiled code is neither kept nor taken from the cache: " + why);
  warning.help =
      "give it to yourself alone ('chmod go-w'), or name another folder in HOPF_CACHE_DIR";
}

Progress Context::progress() {
  return [this, estimator = std::make_shared<Estimator>()](const char* what, double fraction) {
    if (!options.progress) return cancelled;
    if (!*what) return poll();
    if (options.progress(what, fraction, estimator->seconds_left(what, fraction))) cancelled = true;
    return cancelled;
  };
}

bool Context::poll() {
  if (options.progress && options.progress("", -1, -1)) cancelled = true;
  return cancelled;
}

runtime::Watch Context::watch() {
  return [this] {
    if (poll()) throw Stopped{};
  };
}

}  // namespace hopf::driver
