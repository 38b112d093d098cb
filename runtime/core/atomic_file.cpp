#include "core/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace hopf::runtime {
namespace {

/// The absolute path of the folder, which nobody takes for an option, a pipe or an address: netCDF
/// would open "http://..." on a server.
std::string folder_of(const std::string& path) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(path, error);
  const std::string folder = error ? std::string() : whole.parent_path().string();
  return folder.empty() ? "." : folder;
}

/// Makes a rename survive a power cut. Some file systems cannot sync a folder; that is no failure.
void sync_folder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

/// Where a symbolic link leads, whether or not anything is there: the link stays, and what it names
/// is written.
std::string target_of(const std::string& path) {
  namespace fs = std::filesystem;
  constexpr int kMostLinks = 40;  // as many as the kernel follows; the rest is its error
  std::error_code error;
  fs::path at = path;
  for (int links = 0; links < kMostLinks && fs::is_symlink(at, error); ++links) {
    const fs::path next = fs::read_symlink(at, error);
    if (error) return path;
    at = next.is_absolute() ? next : at.parent_path() / next;
  }
  return at.string();
}

/// Makes a new file in `folder` that nobody else has; -1 and errno when that fails. Its mode is
/// that of any file which the user makes. It is listed before it is there: a signal between the two
/// must not leave it.
int create_beside(const std::string& folder, std::string& path, Unfinished& listed) {
  for (int number = 0; number < 10000; ++number) {
    path = fmt::format("{}/.hopf-{}-{}.part", folder, static_cast<long>(getpid()), number);
    listed = Unfinished(path);
    const int fd = open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)), target_(target_of(path_)) {
  struct stat existing;
  const bool exists = stat(target_.c_str(), &existing) == 0;
  if (exists && !S_ISREG(existing.st_mode)) {
    error_ = failure(S_ISDIR(existing.st_mode) ? "it is a folder" : "it is no ordinary file");
    return;
  }
  if (exists ? access(target_.c_str(), W_OK) != 0 : errno == ELOOP) {
    error_ = failure(std::strerror(errno));
    return;
  }
  std::string temporary;
  const int fd = create_beside(folder_of(target_), temporary, listed_);
  if (fd < 0) {
    error_ = failure(std::strerror(errno));
    return;
  }
  temporary_ = std::move(temporary);
  if (exists) fchmod(fd, existing.st_mode & 07777);
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
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) return failure(std::strerror(errno));
  temporary_.clear();
  sync_folder(folder_of(target_));
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
