// Files that appear whole or not at all: written under another name in the same folder, made
// durable, then renamed.
#pragma once

#include <string>
#include <string_view>

#include "core/unfinished.hpp"

namespace hopf::runtime {

/// Reserves a name beside `path`. Unless `commit` succeeds, the destructor removes whatever was
/// written there.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Why the file could not be made, "cannot write 'path': reason"; empty on success.
  const std::string& error() const { return error_; }
  /// Where to write.
  const std::string& temporary() const { return temporary_; }
  /// Flushes to the disk and renames. Error text, or empty.
  std::string commit();
  /// "cannot write 'path': reason".
  std::string failure(std::string_view reason) const;

 private:
  std::string path_, target_, temporary_, error_;
  Unfinished listed_;
};

/// The whole of `bytes` as the file `path`. Error text, or empty.
std::string write_file(const std::string& path, std::string_view bytes);

}  // namespace hopf::runtime
