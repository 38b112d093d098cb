// The frame around every phase: it measures the time, prints the dump and stops where the user
// asked.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hopf::driver {

struct PhaseOptions {
  std::string dump;        // product names, comma-separated: "ast,model"
  std::string stop_after;  // a phase name
  std::vector<std::string> off;
  std::function<void(std::string_view)> out;
  std::function<void(const std::string&)> untrusted_cache;
};

class Phases {
 public:
  explicit Phases(PhaseOptions options);

  /// Runs `body` under the name of its phase and adds its time to that phase's.
  template <class Body>
  auto run(std::string_view phase, Body&& body) {
    const Timer timer(*this, phase);
    return std::forward<Body>(body)();
  }

  bool dumps(std::string_view product) const;
  /// Prints `text()` when the user asked for this product; otherwise the text is never made.
  template <class Text>
  void dump(std::string_view product, Text&& text) const {
    if (dumps(product)) write(product, text());
  }

  /// True when `phase` is the last one that the user wants; then `stopped` stays true.
  bool stop_after(std::string_view phase);
  bool stopped() const { return stopped_; }
  /// False for a pass that `--off=PASS` switched off.
  bool enabled(std::string_view pass) const;

  /// Why the cache of compiled code is not used; passed on the first time only.
  void tell_of_cache(const std::string& why);

  /// "  parse      0.31 ms" lines, in the order in which the phases first ran.
  std::string times() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Timer {
    Timer(Phases& phases, std::string_view phase) : phases(phases), phase(phase) {}
    Timer(const Timer&) = delete;
    ~Timer() { phases.add_time(phase, Clock::now() - start); }
    Phases& phases;
    std::string_view phase;
    Clock::time_point start = Clock::now();
  };
  void add_time(std::string_view phase, Clock::duration spent);
  void write(std::string_view product, std::string_view text) const;

  PhaseOptions options_;
  bool stopped_ = false, cache_told_ = false;
  std::vector<std::pair<std::string, Clock::duration>> times_;
};

}  // namespace hopf::driver
