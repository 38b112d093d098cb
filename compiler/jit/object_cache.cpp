#include "jit/object_cache.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "base/hash.hpp"

namespace hopf::jit {
namespace {

namespace fs = std::filesystem;

/// 128 bits as two differently seeded hashes: no two kernels will meet by accident.
std::string digest(std::string_view text) {
  constexpr std::uint64_t kOtherSeed = 0x9ae16a3b2f90404full;
  const std::uint64_t first = base::hash_bytes(text);
  return fmt::format("{:016x}{:016x}", first, base::mix(base::hash_bytes(text, kOtherSeed), first));
}

/// First line of an entry: what it is, whose it is, and a checksum of the object that follows.
std::string header(const std::string& key, std::string_view object) {
  return fmt::format("hopf-object {} {} {}\n", key, object.size(), digest(object));
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

bool write_atomically(const fs::path& path, const std::string& content) {
  std::string temporary = path.string() + ".XXXXXX";
  const int handle = ::mkstemp(temporary.data());
  if (handle < 0) return false;
  ::fchmod(handle, 0644);
  ::close(handle);
  std::error_code fault;
  bool written = false;
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file << content;
    file.close();
    written = file.good();
  }
  if (written) fs::rename(temporary, path, fault);
  if (written && !fault) return true;
  fs::remove(temporary, fault);
  return false;
}

ObjectCache ObjectCache::of_user() {
  if (const std::string own = environment("HOPF_CACHE_DIR"); !own.empty()) return ObjectCache(own);
  if (const std::string xdg = environment("XDG_CACHE_HOME"); !xdg.empty())
    return ObjectCache(fs::path(xdg) / "hopf");
  if (const std::string home = environment("HOME"); !home.empty())
    return ObjectCache(fs::path(home) / ".cache/hopf");
  return ObjectCache(fs::path());
}

std::optional<std::string> ObjectCache::read(const std::string& key_text) const {
  if (folder_.empty()) return std::nullopt;
  const std::string key = digest(key_text);
  const fs::path path = folder_ / (key + ".o");
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string first_line;
  std::getline(file, first_line);
  std::ostringstream rest;
  rest << file.rdbuf();
  std::string object = std::move(rest).str();
  if (first_line + "\n" != header(key, object)) return std::nullopt;
  std::error_code ignored;
  fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);  // the time of its last use
  return object;
}

void ObjectCache::write(const std::string& key_text, const std::string& object) const {
  if (folder_.empty()) return;
  std::error_code ignored;
  fs::create_directories(folder_, ignored);
  if (replace(folder_ / (digest(key_text) + ".o"), object)) prune();
}

bool ObjectCache::replace(const fs::path& entry, const std::string& object) {
  return write_atomically(entry, header(entry.stem().string(), object) + object);
}

/// Also removes what processes that were killed while writing have left behind.
void ObjectCache::prune() const {
  struct Entry {
    fs::file_time_type used;
    std::uintmax_t size;
    fs::path path;
  };
  constexpr auto kForgotten = std::chrono::hours(1);
  std::error_code ignored;
  std::vector<Entry> entries;
  std::uintmax_t total = 0;
  for (const auto& file : fs::directory_iterator(folder_, ignored)) {
    const Entry entry{file.last_write_time(ignored), file.file_size(ignored), file.path()};
    if (entry.path.extension() == ".o") {
      total += entry.size;
      entries.push_back(entry);
    } else if (entry.path.stem().extension() == ".o" &&
               entry.used < fs::file_time_type::clock::now() - kForgotten) {
      fs::remove(entry.path, ignored);
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& x, const Entry& y) { return x.used < y.used; });
  for (const Entry& entry : entries) {
    if (total <= most_bytes_) return;
    total -= entry.size;
    fs::remove(entry.path, ignored);
  }
}

}  // namespace hopf::jit
