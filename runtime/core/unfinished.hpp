// Files that are being written under a temporary name, listed for the whole process, so that a
// handler of SIGTERM can remove them. A handler reaches nothing but objects of static storage, and
// may call nothing that allocates or locks: the list has a fixed number of places of fixed size.
#pragma once

#include <string>

namespace hopf::runtime {

/// Keeps a path on the list for as long as it lives. Where the list is full, or the path longer
/// than the system's longest, the file is not listed, and a signal leaves it behind.
class Unfinished {
 public:
  Unfinished() = default;
  explicit Unfinished(const std::string& path);
  ~Unfinished();
  Unfinished(Unfinished&&) noexcept;
  Unfinished& operator=(Unfinished&&) noexcept;

 private:
  int place_ = -1;
};

/// Removes the files on the list. Safe to call in a signal handler.
void remove_unfinished() noexcept;

}  // namespace hopf::runtime
