#include "core/memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>

namespace hopf::runtime {
namespace {

constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max();

/// The one number in a control-group file; "max" and what cannot be read are nothing.
std::optional<std::int64_t> read_number(const char* path) {
  std::ifstream file(path);
  std::int64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

std::int64_t machine_available() {
  std::ifstream file("/proc/meminfo");
  for (std::string key; file >> key;) {
    std::int64_t kilobytes = 0;
    std::string unit;
    file >> kilobytes >> unit;
    if (key == "MemAvailable:") return kilobytes * 1024;
    file.clear();  // lines without a unit end in the next key
  }
  return kUnlimited;
}

std::int64_t group_room(const char* limit_path, const char* used_path) {
  const auto limit = read_number(limit_path);
  const auto used = read_number(used_path);
  if (!limit || !used) return kUnlimited;
  return std::max<std::int64_t>(0, *limit - *used);
}

}  // namespace

std::int64_t available_memory() {
  const std::int64_t version2 =
      group_room("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current");
  const std::int64_t version1 = group_room("/sys/fs/cgroup/memory/memory.limit_in_bytes",
                                           "/sys/fs/cgroup/memory/memory.usage_in_bytes");
  return std::min({machine_available(), version2, version1});
}

std::string format_bytes(double bytes) {
  const char* unit = "B";
  for (const char* larger : {"kB", "MB", "GB", "TB", "PB"}) {
    if (bytes < 999.5) break;
    bytes /= 1000;
    unit = larger;
  }
  return bytes < 9.95 && *unit != 'B' ? fmt::format("{:.1f} {}", bytes, unit)
                                      : fmt::format("{:.0f} {}", bytes, unit);
}

}  // namespace hopf::runtime
