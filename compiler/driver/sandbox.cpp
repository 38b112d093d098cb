#include "driver/sandbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace hopf::driver {
namespace {

namespace fs = std::filesystem;

/// The file that the system would open: absolute, without links. Empty where it cannot be told, a
/// circle of links for one. `weakly_canonical` stops at the first name that is not there, and a
/// link to nothing is such a name: it is followed by hand.
fs::path resolved(fs::path path) {
  constexpr int kMostLinks = 40;  // as many as the kernel follows
  std::error_code error;
  for (int links = 0; links <= kMostLinks; ++links) {
    const fs::path found = fs::weakly_canonical(fs::absolute(path, error), error);
    if (error) return {};
    if (!fs::is_symlink(fs::symlink_status(found, error))) return found;
    const fs::path next = fs::read_symlink(found, error);
    if (error) return {};
    path = next.is_absolute() ? next : found.parent_path() / next;
  }
  return {};
}

bool beneath(const fs::path& path, const fs::path& folder) {
  const auto [rest, unused] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return rest == folder.end() || (std::next(rest) == folder.end() && rest->empty());
}

}  // namespace

std::string why_forbidden(const Context& c, const std::string& path) {
  if (c.options.sandbox.empty()) return {};
  const fs::path folder = resolved(c.options.sandbox), file = resolved(path);
  if (!folder.empty() && !file.empty() && beneath(file, folder)) return {};
  return fmt::format("it lies outside of '{}', and the sandbox ends there", c.options.sandbox);
}

bool allowed(Context& c, const std::string& path, source::Span span) {
  const std::string why = why_forbidden(c, path);
  if (why.empty()) return true;
  auto& error = c.sink.emit(diagnostics::Kind::OutsideSandbox, span,
                            fmt::format("'{}' may not be touched: {}", path, why));
  error.help =
      "name a file beneath that folder (what is written is relative to the folder in which "
      "hopf was called), or run a script that you trust without --sandbox";
  return false;
}

}  // namespace hopf::driver
