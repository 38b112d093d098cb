#include "core/read_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/memory.hpp"

namespace hopf::runtime {
namespace {

constexpr int kBetweenLooks = 50;  // milliseconds

/// Why a file of this kind is not read; empty where it is.
std::string wrong_kind(mode_t mode, bool devices) {
  if (S_ISDIR(mode)) return "it is a folder";
  if (devices || S_ISREG(mode) || S_ISFIFO(mode)) return {};
  return "it is no ordinary file";
}

std::string too_large(double bytes, const ReadLimits& limits) {
  const auto most = static_cast<double>(limits.most_bytes);
  if (bytes > most)
    return fmt::format("it has more than {}, the most that is read", format_bytes(most));
  const auto available = static_cast<double>(available_memory());
  if (bytes * limits.bytes_each <= available) return {};
  return fmt::format("it has {}, and {} are free", format_bytes(bytes), format_bytes(available));
}

struct File {
  int fd = -1;
  bool ours = true;
  ~File() {
    if (fd >= 0 && ours) close(fd);
  }
};

/// Asked for more only when there is something to read: a pipe's writer may think for long.
std::string read_all(int fd, std::string& bytes, const ReadLimits& limits, const Watch& watch) {
  std::array<char, 1 << 16> block;
  for (;;) {
    if (watch) watch();
    pollfd ready{fd, POLLIN, 0};
    if (poll(&ready, 1, kBetweenLooks) <= 0) continue;
    const ssize_t count = read(fd, block.data(), block.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return std::strerror(errno);
    if (count == 0) return {};
    bytes.append(block.data(), static_cast<std::size_t>(count));
    if (bytes.size() > limits.most_bytes)
      return too_large(static_cast<double>(bytes.size()), limits);
  }
}

}  // namespace

std::optional<std::string> read_bounded(const std::string& path, const ReadLimits& limits,
                                        std::string& why, const Watch& watch) {
  const bool standard = path == "-";
  // Without O_NONBLOCK, opening a pipe waits for its writer.
  const int opened =
      standard ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  const File file{opened, !standard};
  struct stat status;
  if (file.fd < 0 || fstat(file.fd, &status) != 0) {
    why = std::strerror(errno);
    return std::nullopt;
  }
  std::string bytes;
  why = wrong_kind(status.st_mode, limits.devices);
  if (why.empty() && S_ISREG(status.st_mode))
    why = too_large(static_cast<double>(status.st_size), limits);
  if (why.empty()) why = read_all(file.fd, bytes, limits, watch);
  if (!why.empty()) return std::nullopt;
  return bytes;
}

}  // namespace hopf::runtime
