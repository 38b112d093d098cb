// Scripts end: a statement may take so many steps, and lists as much memory as there is.
#include <fmt/format.h>

#include "core/memory.hpp"
#include "driver/script.hpp"

namespace hopf::driver {
namespace {

using diagnostics::Kind;

/// Some five seconds of arithmetic; solving and simulating are no steps.
constexpr std::int64_t kMaximumSteps = 50'000'000;
/// The machine is asked for its memory once for so many bytes of new values.
constexpr double kUncheckedBytes = 64e6;
/// What is left to everybody else.
constexpr double kReservedBytes = 256e6;

}  // namespace

std::int64_t steps_before_limit(std::int64_t count) { return kMaximumSteps - count; }

bool take_step(Script& s, source::Span span) {
  ++s.steps;
  if (s.steps % 1024 == 0 && s.context.poll()) return false;
  if (s.steps <= kMaximumSteps) return true;
  if (s.steps == kMaximumSteps + 1) {
    s.error(Kind::RecursionTooDeep, span,
            fmt::format("this statement takes more than {} million steps", kMaximumSteps / 1000000))
        .notes.push_back("functions that call each other twice double the work with every level");
  }
  return false;
}

bool room_for(Script& s, double values, source::Span span) {
  const double bytes = values * sizeof(Value);
  s.unchecked_bytes += bytes;
  if (s.unchecked_bytes < kUncheckedBytes) return true;
  s.unchecked_bytes = 0;
  const auto available = static_cast<double>(runtime::available_memory());
  if (bytes + kReservedBytes < available) return true;
  auto& error =
      s.error(Kind::OutOfMemory, span,
              fmt::format("a list of {:.0f} values needs {}, and {} are free", values,
                          runtime::format_bytes(bytes), runtime::format_bytes(available)));
  error.help = "work with fewer values at a time";
  return false;
}

}  // namespace hopf::driver
