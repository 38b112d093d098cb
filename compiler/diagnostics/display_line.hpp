// One source line as it looks on a terminal: tabs expanded, control and bidirectional characters
// escaped, a long line cut to a window, and the map from bytes to screen columns that places the
// underlines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hopf::diagnostics {

/// Text that may be shown on a terminal: what would change its state or the order of what it shows
/// is written as `\x1b` or `\u{202e}`.
std::string printable(std::string_view text);

class DisplayLine {
 public:
  /// `focus` is the byte that must be inside the window of a long line.
  DisplayLine(std::string_view line, std::uint32_t focus);

  const std::string& text() const { return text_; }
  /// Screen column (0-based) of a byte of the line, clipped to the window.
  int column(std::uint32_t byte) const;

 private:
  void cut_to_window(std::string_view line, std::uint32_t focus);

  std::string text_;
  std::vector<int> columns_;  // of every byte, and one more for the end of the line
  int first_ = 0;             // the window's first and last column before it was cut
  int last_ = 0;
  int shift_ = 0;  // width of the ellipsis that stands for what was cut on the left
};

}  // namespace hopf::diagnostics
