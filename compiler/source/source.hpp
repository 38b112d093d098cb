// Source files, byte spans, and the way back from a byte to a line and a column.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "core/watch.hpp"

namespace hopf::source {

using FileId = base::Id<struct FileTag>;

/// Half-open byte range [begin, end) of one file.
struct Span {
  FileId file;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  bool valid() const { return file.valid(); }
  auto operator<=>(const Span&) const = default;
};

/// The smallest span that covers both (same file).
Span join(Span a, Span b);

struct Position {
  int line = 1;    // 1-based
  int column = 1;  // 1-based, in Unicode code points
};

struct File {
  std::string path;  // as the user wrote it, or "<input>"
  std::string text;
  std::vector<std::uint32_t> line_starts;
};

class SourceSet {
 public:
  /// Adds text under a display path; never fails. Same path twice gives two files (REPL inputs).
  FileId add(std::string path, std::string text);
  const File& file(FileId id) const;
  Position position(FileId id, std::uint32_t offset) const;
  std::string_view line(FileId id, int line) const;
  std::string_view text(Span span) const;
  std::size_t size() const;

 private:
  std::deque<File> files_;  // a deque: views into one file stay valid while others are added
};

/// The whole of a file ("-": standard input), or the system's reason against it in `why`.
std::optional<std::string> read_file(const std::string& path, std::string& why,
                                     const runtime::Watch& watch = {});

/// Reads a whole file from disk into the set; nothing, and the reason in `why`, when it cannot.
std::optional<FileId> load(SourceSet&, const std::string& path, std::string& why,
                           const runtime::Watch& watch = {});

/// Byte offset of the first byte that is not well-formed UTF-8 (RFC 3629), if there is one.
std::optional<std::uint32_t> find_invalid_utf8(std::string_view text);

/// Number of code points in well-formed text; in ill-formed text each stray byte counts as one.
int count_code_points(std::string_view text);

}  // namespace hopf::source
