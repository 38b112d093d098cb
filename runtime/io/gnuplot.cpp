// gnuplot as a child process: the script goes in through its standard input, the picture and what
// it complains of come back through its outputs. It is given no path at all.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "io/figure.hpp"

extern char** environ;

namespace hopf::runtime {
namespace {

constexpr int kBetweenLooks = 50;                         // milliseconds
constexpr std::size_t kMostBytes = std::size_t{1} << 30;  // of a picture

/// One end of a pipe or of a socket.
class End {
 public:
  explicit End(int fd = -1) : fd_(fd) {}
  ~End() { close(); }
  End(const End&) = delete;
  End& operator=(const End&) = delete;
  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void reset(int fd) {
    close();
    fd_ = fd;
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

/// Two connected ends: ours does not block, and gnuplot's is an ordinary one. Sockets, because a
/// write to one whose reader is gone can be made an error instead of a signal to our host.
bool connect(End& ours, End& theirs) {
  int both[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) != 0) return false;
  ours.reset(both[0]);
  theirs.reset(both[1]);
  // Not where its standard streams will be, in a host that has closed its own.
  theirs.reset(fcntl(both[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  return theirs.open() && fcntl(both[0], F_SETFL, O_NONBLOCK) == 0;
}

/// The program of that name in the folders of $PATH that are absolute: one that a stranger put into
/// the present folder is not run.
std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    const std::string file = fmt::format("{}/{}", folder, name);
    if (!folder.empty() && folder.front() == '/' && access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

/// A running gnuplot and the three ends that lead to it. Whatever ends this object early ends the
/// process too.
class Child {
 public:
  ~Child() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    wait();
  }

  /// Error text, or empty.
  std::string start() {
    const std::string file = find_program("gnuplot");
    if (file.empty())
      return "gnuplot, which draws figures, was not found: install the package gnuplot-nox";
    End in, out, messages;
    if (!connect(in_, in) || !connect(out_, out) || !connect(messages_, messages))
      return fmt::format("gnuplot did not start: {}", std::strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.fd(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out.fd(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, messages.fd(), STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    // -d: the user's own settings file must not change our figures.
    std::string program = file, plain = "-d";
    char* const arguments[] = {program.data(), plain.data(), nullptr};
    const int failed = posix_spawn(&pid_, file.c_str(), &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failed == 0) return {};
    pid_ = 0;
    return fmt::format("gnuplot did not start: {}", std::strerror(failed));
  }

  /// Sends the script and gathers what comes back, until gnuplot has closed both of its outputs.
  void converse(std::string_view script, const Watch& watch) {
    while (out_.open() || messages_.open()) {
      if (watch) watch();
      std::array<pollfd, 3> ends{{{in_.open() ? in_.fd() : -1, POLLOUT, 0},
                                  {out_.open() ? out_.fd() : -1, POLLIN, 0},
                                  {messages_.open() ? messages_.fd() : -1, POLLIN, 0}}};
      if (poll(ends.data(), ends.size(), kBetweenLooks) <= 0) continue;
      if (ends[0].revents) send_some(script);
      if (ends[1].revents) receive_some(out_, picture);
      if (ends[2].revents) receive_some(messages_, complaints);
    }
  }

  /// Of waitpid.
  int wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return status;
  }

  std::string picture, complaints;

 private:
  void send_some(std::string_view& script) {
    const ssize_t sent = send(in_.fd(), script.data(), script.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
    script.remove_prefix(sent < 0 ? script.size() : static_cast<std::size_t>(sent));
    if (script.empty()) in_.close();
  }

  static void receive_some(End& end, std::string& text) {
    std::array<char, 1 << 16> block;
    const ssize_t count = read(end.fd(), block.data(), block.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count > 0) text.append(block.data(), static_cast<std::size_t>(count));
    if (count <= 0 || text.size() > kMostBytes) end.close();
  }

  pid_t pid_ = 0;
  End in_, out_, messages_;
};

/// The first line of gnuplot's own complaint: it prints the offending line, a caret, then the
/// sentence.
std::string complaint(const std::string& messages) {
  const std::size_t line = messages.find("line ");
  const std::string text = line == std::string::npos ? messages : messages.substr(line);
  return text.substr(0, text.find('\n'));
}

}  // namespace

std::optional<std::string> run_gnuplot(const std::string& script, std::string& error,
                                       const Watch& watch) {
  Child child;
  error = child.start();
  if (!error.empty()) return std::nullopt;
  child.converse(script, watch);
  const int status = child.wait();
  if (watch) watch();  // Ctrl-C at a terminal reaches gnuplot as well
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !child.picture.empty())
    return std::move(child.picture);
  error = child.complaints.empty() ? "gnuplot drew nothing"
                                   : "gnuplot refused the figure: " + complaint(child.complaints);
  return std::nullopt;
}

}  // namespace hopf::runtime
