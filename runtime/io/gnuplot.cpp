// gnuplot as a child process: the script goes in through a file, what it complains of comes back
// through another.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "io/atomic_file.hpp"
#include "io/figure.hpp"
#include "io/formats.hpp"

extern char** environ;

namespace hopf::runtime {
namespace {

/// A folder of our own for the script and the messages, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder() {
    const char* base = std::getenv("TMPDIR");
    path_ = std::string(base && *base ? base : "/tmp") + "/hopf-figure-XXXXXX";
    if (!mkdtemp(path_.data())) path_.clear();
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The first line of gnuplot's own complaint: it prints the offending line, a caret, then the
/// sentence.
std::string complaint(const std::string& messages) {
  const std::size_t line = messages.find("line ");
  const std::string text = line == std::string::npos ? messages : messages.substr(line);
  return text.substr(0, text.find('\n'));
}

}  // namespace

std::string run_gnuplot(const std::string& script) {
  const ScratchFolder folder;
  if (folder.path().empty())
    return fmt::format("no folder for temporary files: {}", std::strerror(errno));
  const std::string script_path = folder.path() + "/figure.gp",
                    messages_path = folder.path() + "/messages";
  if (std::string error = write_file(script_path, script); !error.empty()) return error;

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, messages_path.c_str(),
                                   O_WRONLY | O_CREAT, 0600);
  // -d: the user's own settings file must not change our figures.
  std::string program = "gnuplot", plain = "-d", path = script_path;
  char* const arguments[] = {program.data(), plain.data(), path.data(), nullptr};
  pid_t child = 0;
  const int failed = posix_spawnp(&child, "gnuplot", &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed == ENOENT)
    return "gnuplot, which draws figures, was not found: install the package gnuplot-nox";
  if (failed != 0) return fmt::format("gnuplot did not start: {}", std::strerror(failed));

  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return fmt::format("gnuplot was lost: {}", std::strerror(errno));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  std::string unreadable;
  const auto messages = read_file(messages_path, unreadable);
  return "gnuplot refused the figure: " + complaint(messages.value_or(unreadable));
}

}  // namespace hopf::runtime
