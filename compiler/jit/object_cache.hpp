// Compiled objects on disk, keyed by everything that went into them. A cache that cannot be read or
// written, or that holds damaged entries, costs time but never a wrong answer: entries carry their
// key and a checksum.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace hopf::jit {

/// Writes a temporary file beside `path` and renames it, so that readers see all of it or nothing.
bool write_atomically(const std::filesystem::path& path, const std::string& content);

class ObjectCache {
 public:
  /// $HOPF_CACHE_DIR, else $XDG_CACHE_HOME/hopf, else ~/.cache/hopf; no cache where none of these
  /// can be formed.
  static ObjectCache of_user();
  static constexpr std::uintmax_t kMostBytes = 64 << 20;
  explicit ObjectCache(std::filesystem::path folder, std::uintmax_t most_bytes = kMostBytes)
      : folder_(std::move(folder)), most_bytes_(most_bytes) {}

  /// The object stored for `key_text`, if it is there and whole.
  std::optional<std::string> read(const std::string& key_text) const;
  /// Stores an object, and drops the entries that were used least lately where all together are too
  /// large.
  void write(const std::string& key_text, const std::string& object) const;
  /// Puts an object in the place of an entry, sound as if it had been stored there.
  static bool replace(const std::filesystem::path& entry, const std::string& object);

 private:
  void prune() const;

  std::filesystem::path folder_;
  std::uintmax_t most_bytes_;
};

}  // namespace hopf::jit
