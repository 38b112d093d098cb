#include "driver/phases.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hopf::driver {

Phases::Phases(PhaseOptions options) : options_(std::move(options)) {}

bool Phases::dumps(std::string_view product) const {
  std::string_view rest = options_.dump;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    if (rest.substr(0, comma) == product) return true;
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return false;
}

bool Phases::stop_after(std::string_view phase) {
  if (options_.stop_after == phase) stopped_ = true;
  return stopped_;
}

bool Phases::enabled(std::string_view pass) const {
  return std::find(options_.off.begin(), options_.off.end(), pass) == options_.off.end();
}

void Phases::tell_of_cache(const std::string& why) {
  if (!cache_told_ && options_.untrusted_cache) options_.untrusted_cache(why);
  cache_told_ = true;
}

void Phases::add_time(std::string_view phase, Clock::duration spent) {
  for (auto& [name, total] : times_) {
    if (name == phase) {
      total += spent;
      return;
    }
  }
  times_.emplace_back(phase, spent);
}

std::string Phases::times() const {
  std::string text;
  for (const auto& [name, total] : times_) {
    const double milliseconds = std::chrono::duration<double, std::milli>(total).count();
    text += fmt::format("  {:<10} {:>10.2f} ms\n", name, milliseconds);
  }
  return text;
}

void Phases::write(std::string_view product, std::string_view text) const {
  options_.out(
      fmt::format("---- {}\n{}{}", product, text, text.empty() || text.back() == '\n' ? "" : "\n"));
}

}  // namespace hopf::driver
