// Compiled objects on disk, keyed by everything that went into them. What is read there is run, so
// it is believed only where nobody but the user can have put it: the folder and its files belong to
// the user and are writable to nobody else, and every entry is signed with a key that only the user
// can read. A cache that cannot be read or written, or that holds damaged entries, costs time but
// never a wrong answer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace hopf::jit {

class ObjectCache {
 public:
  static constexpr std::uintmax_t kMostBytes = 64 << 20;
  /// $HOPF_CACHE_DIR, else $XDG_CACHE_HOME/hopf, else ~/.cache/hopf; empty, which means no cache,
  /// where none of these can be formed.
  static std::filesystem::path user_folder();
  explicit ObjectCache(std::filesystem::path folder, std::uintmax_t most_bytes = kMostBytes);
  ~ObjectCache();
  ObjectCache(const ObjectCache&) = delete;
  ObjectCache& operator=(const ObjectCache&) = delete;

  /// Why the cache is not used although it is there, "'/tmp/c' belongs to another user"; else
  /// empty.
  const std::string& distrust() const { return distrust_; }
  /// The object stored for `key_text`, if it is there, whole and ours.
  std::optional<std::string> read(const std::string& key_text) const;
  /// Stores an object, and drops the entries that were used least lately where all together are too
  /// large.
  void write(const std::string& key_text, const std::string& object);
  /// Puts an object in the place of the entry `name`, sound as if it had been stored there.
  bool replace(const std::string& name, const std::string& object) const;

 private:
  void open();
  void read_key();
  bool make_key() const;
  bool usable() const { return descriptor_ >= 0 && distrust_.empty(); }
  std::string header(const std::string& name, const std::string& object) const;
  void prune() const;

  std::filesystem::path folder_;
  std::uintmax_t most_bytes_;
  int descriptor_ = -1;  // of the folder that was looked at, whatever takes its name later
  std::string key_, distrust_;
};

}  // namespace hopf::jit
