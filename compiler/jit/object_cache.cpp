#include "jit/object_cache.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <utility>
#include <vector>

#include "base/sha256.hpp"
#include "core/unfinished.hpp"

namespace hopf::jit {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeyBytes = 32;
constexpr off_t kLargestEntry = 256 << 20;
constexpr const char* kKeyName = "key";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

struct File {
  int fd = -1;
  ~File() {
    if (fd >= 0) close(fd);
  }
};

/// Why a file or folder may have been changed by somebody else, or read where `secret`; else empty.
std::string doubt(const struct stat& status, bool secret) {
  if (status.st_uid != geteuid()) return "belongs to another user";
  if (status.st_mode & (S_IWGRP | S_IWOTH)) return "can be written by others";
  if (secret && (status.st_mode & (S_IRGRP | S_IROTH))) return "can be read by others";
  return {};
}

/// A file of the folder: neither a link nor a pipe that would wait for its writer. On failure `why`
/// is the reason not to trust it, or empty where it is not there.
std::optional<std::string> read_own(int folder, const std::string& name, bool secret,
                                    std::string& why) {
  const File file{openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  struct stat status;
  if (file.fd < 0 || fstat(file.fd, &status) != 0) {
    if (errno != ENOENT) why = "cannot be read";
    return {};
  }
  why = S_ISREG(status.st_mode) ? doubt(status, secret) : "is no ordinary file";
  if (!why.empty() || status.st_size > kLargestEntry) return {};
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t count = ::read(file.fd, bytes.data() + at, bytes.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return {};
    at += static_cast<std::size_t>(count);
  }
  futimens(file.fd, nullptr);  // the time of its last use
  return bytes;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// A whole file under a name beside `name` that nobody else has, which is told in `temporary`.
bool write_beside(int folder, const fs::path& shown, const std::string& name,
                  std::string_view content, std::string& temporary, runtime::Unfinished& listed) {
  for (int number = 0; number < 1000; ++number) {
    temporary = fmt::format("{}.{}-{}", name, static_cast<long>(getpid()), number);
    listed = runtime::Unfinished((shown / temporary).string());
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const File file{openat(folder, temporary.c_str(), flags, 0600)};
    if (file.fd < 0 && errno == EEXIST) continue;
    if (file.fd < 0) return false;
    if (write_all(file.fd, content)) return true;
    unlinkat(folder, temporary.c_str(), 0);
    return false;
  }
  return false;
}

/// "0123456789abcdef....o", which is a name of ours: what else lies in the folder is not touched.
bool is_entry(const fs::path& path) {
  constexpr std::size_t kLeast = 32;
  const std::string stem = path.stem().string();
  return path.extension() == ".o" && stem.size() >= kLeast &&
         stem.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// What was left of an entry or of the key while it was written: its name, and two numbers.
bool is_unfinished(const fs::path& path) {
  const std::string end = path.extension().string();
  const auto dash = end.find('-');
  const bool ours = end.size() > 3 && dash != std::string::npos && dash > 1 &&
                    dash + 1 < end.size() && end.find('-', dash + 1) == std::string::npos &&
                    end.find_first_not_of("0123456789-", 1) == std::string::npos;
  return ours && (is_entry(path.stem()) || path.stem() == kKeyName);
}

/// Names of entries are digests of all that the object depends on.
std::string name_of(const std::string& key_text) {
  return base::to_hex(base::sha256(key_text)) + ".o";
}

}  // namespace

fs::path ObjectCache::user_folder() {
  if (const std::string own = environment("HOPF_CACHE_DIR"); !own.empty()) return own;
  if (const std::string xdg = environment("XDG_CACHE_HOME"); !xdg.empty())
    return fs::path(xdg) / "hopf";
  if (const std::string home = environment("HOME"); !home.empty())
    return fs::path(home) / ".cache/hopf";
  return {};
}

ObjectCache::ObjectCache(fs::path folder, std::uintmax_t most_bytes)
    : folder_(std::move(folder)), most_bytes_(most_bytes) {
  if (folder_.empty()) return;
  std::error_code error;
  folder_ = fs::absolute(folder_, error);
  open();
}

ObjectCache::~ObjectCache() {
  if (descriptor_ >= 0) close(descriptor_);
}

/// Where the folder is there, looks whose it is and reads the key.
void ObjectCache::open() {
  descriptor_ = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct stat status;
  if (descriptor_ < 0 || fstat(descriptor_, &status) != 0) return;
  if (const std::string why = doubt(status, false); !why.empty())
    distrust_ = fmt::format("'{}' {}", folder_.string(), why);
  else
    read_key();
}

void ObjectCache::read_key() {
  std::string why;
  auto key = read_own(descriptor_, kKeyName, true, why);
  if (key && key->size() != kKeyBytes) why = "is not what hopf wrote there";
  if (!why.empty()) distrust_ = fmt::format("'{}' {}", (folder_ / kKeyName).string(), why);
  if (key && why.empty()) key_ = std::move(*key);
}

/// Of two sessions that make a key at the same time, the first wins: a link replaces nothing.
bool ObjectCache::make_key() const {
  std::string bytes(kKeyBytes, '\0'), temporary;
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return false;
  runtime::Unfinished listed;
  if (!write_beside(descriptor_, folder_, kKeyName, bytes, temporary, listed)) return false;
  const bool made = linkat(descriptor_, temporary.c_str(), descriptor_, kKeyName, 0) == 0;
  const bool there = made || errno == EEXIST;
  unlinkat(descriptor_, temporary.c_str(), 0);
  return there;
}

/// First line of an entry: what it is, whose it is, and the signature of it all.
std::string ObjectCache::header(const std::string& name, const std::string& object) const {
  const std::string text = fmt::format("hopf-object {} {}", name, object.size());
  const auto signature = base::hmac_sha256(key_, text + "\n" + object);
  return fmt::format("{} {}\n", text, base::to_hex(signature));
}

std::optional<std::string> ObjectCache::read(const std::string& key_text) const {
  if (!usable() || key_.empty()) return {};
  const std::string name = name_of(key_text);
  std::string unused;
  const auto entry = read_own(descriptor_, name, false, unused);
  if (!entry) return {};
  const std::size_t line = entry->find('\n');
  if (line == std::string::npos) return {};
  std::string object = entry->substr(line + 1);
  if (entry->compare(0, line + 1, header(name, object)) != 0) return {};
  return object;
}

void ObjectCache::write(const std::string& key_text, const std::string& object) {
  if (folder_.empty() || !distrust_.empty()) return;
  if (descriptor_ < 0) {
    std::error_code ignored;
    fs::create_directories(folder_.parent_path(), ignored);
    mkdir(folder_.c_str(), 0700);
    open();
  }
  if (usable() && key_.empty() && make_key()) read_key();
  if (usable() && !key_.empty() && replace(name_of(key_text), object)) prune();
}

bool ObjectCache::replace(const std::string& name, const std::string& object) const {
  std::string temporary;
  runtime::Unfinished listed;
  const std::string entry = header(name, object) + object;
  if (!write_beside(descriptor_, folder_, name, entry, temporary, listed)) return false;
  if (renameat(descriptor_, temporary.c_str(), descriptor_, name.c_str()) == 0) return true;
  unlinkat(descriptor_, temporary.c_str(), 0);
  return false;
}

/// Removes the entries that were used longest ago, and what processes that were killed while
/// writing have left behind.
void ObjectCache::prune() const {
  struct Entry {
    time_t used;
    std::uintmax_t size;
    std::string name;
  };
  constexpr time_t kForgotten = 3600;
  const time_t now = time(nullptr);
  std::vector<Entry> entries;
  std::uintmax_t total = 0;
  std::error_code error;
  for (fs::directory_iterator file(folder_, error), end; !error && file != end;
       file.increment(error)) {
    const fs::path& path = file->path();
    const bool whole = is_entry(path), part = is_unfinished(path);
    struct stat status;
    const std::string name = path.filename().string();
    if ((!whole && !part) || name == kKeyName ||
        fstatat(descriptor_, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(status.st_mode))
      continue;
    const auto size = static_cast<std::uintmax_t>(status.st_size);
    if (whole) {
      total += size;
      entries.push_back({status.st_mtime, size, name});
    } else if (status.st_mtime < now - kForgotten) {
      unlinkat(descriptor_, name.c_str(), 0);
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& x, const Entry& y) { return x.used < y.used; });
  for (const Entry& entry : entries) {
    if (total <= most_bytes_) return;
    total -= entry.size;
    unlinkat(descriptor_, entry.name.c_str(), 0);
  }
}

}  // namespace hopf::jit
