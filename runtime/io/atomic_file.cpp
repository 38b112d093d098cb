#include "io/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace hopf::runtime {
namespace {

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Makes a rename survive a power cut. Some file systems cannot sync a folder; that is no failure.
void sync_folder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

/// What a file made with the user's usual mask would be allowed; mkstemp gives 0600.
mode_t usual_mode() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  struct stat existing;
  if (stat(path_.c_str(), &existing) == 0 && S_ISDIR(existing.st_mode)) {
    error_ = failure("it is a folder");
    return;
  }
  std::string pattern = path_ + ".XXXXXX";
  const int fd = mkstemp(pattern.data());
  if (fd < 0) {
    error_ = failure(std::strerror(errno));
    return;
  }
  temporary_ = pattern;
  fchmod(fd, usual_mode());
  close(fd);
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

std::string AtomicFile::failure(std::string_view reason) const {
  return fmt::format("cannot write '{}': {}", path_, reason);
}

std::string AtomicFile::commit() {
  const int fd = open(temporary_.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return failure(std::strerror(errno));
  const bool durable = fsync(fd) == 0;
  const int reason = errno;
  close(fd);
  if (!durable) return failure(std::strerror(reason));
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) return failure(std::strerror(errno));
  temporary_.clear();
  sync_folder(folder_of(path_));
  return {};
}

std::string write_file(const std::string& path, std::string_view bytes) {
  AtomicFile file(path);
  if (!file.error().empty()) return file.error();
  const int fd = open(file.temporary().c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (fd < 0) return file.failure(std::strerror(errno));
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int reason = errno;
      close(fd);
      return file.failure(std::strerror(reason));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (close(fd) != 0) return file.failure(std::strerror(errno));
  return file.commit();
}

}  // namespace hopf::runtime
