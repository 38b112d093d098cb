#include "diagnostics/display_line.hpp"

#include <algorithm>
#include <array>

#include "source/source.hpp"

namespace hopf::diagnostics {

namespace {

constexpr int kTab = 4;
constexpr int kWindow = 120;      // columns shown of a line that is longer than this
constexpr int kBeforeFocus = 40;  // of which so many lie before the place of interest
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

struct Range {
  char32_t first, last;
};
// Combining marks and joiners take no column; East Asian wide and emoji take two (UAX 11, by
// block).
constexpr auto kZeroWidth = std::to_array<Range>({{0x300, 0x36f},
                                                  {0x1ab0, 0x1aff},
                                                  {0x1dc0, 0x1dff},
                                                  {0x200b, 0x200f},
                                                  {0x20d0, 0x20ff},
                                                  {0xfe00, 0xfe0f},
                                                  {0xfeff, 0xfeff}});
constexpr auto kWide = std::to_array<Range>({{0x1100, 0x115f},
                                             {0x2e80, 0xa4cf},
                                             {0xac00, 0xd7a3},
                                             {0xf900, 0xfaff},
                                             {0xfe30, 0xfe6f},
                                             {0xff00, 0xff60},
                                             {0xffe0, 0xffe6},
                                             {0x1f300, 0x1faff},
                                             {0x20000, 0x3fffd}});

// What changes the terminal's state or the order of what it shows: C0 and C1 controls,
// bidirectional marks, embeddings and isolates, line and paragraph separators, interlinear
// annotation, tags.
constexpr auto kHidden = std::to_array<Range>({{0x00, 0x1f},
                                               {0x7f, 0x9f},
                                               {0x61c, 0x61c},
                                               {0x200b, 0x200f},
                                               {0x2028, 0x202e},
                                               {0x2060, 0x206f},
                                               {0xfeff, 0xfeff},
                                               {0xfff9, 0xfffb},
                                               {0xe0000, 0xe007f}});

template <class Table>
bool contains(const Table& table, char32_t c) {
  return std::any_of(table.begin(), table.end(),
                     [c](Range r) { return r.first <= c && c <= r.last; });
}

/// The code point at `at` of well-formed text.
char32_t decode(std::string_view text, std::size_t at, std::size_t length) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  if (length == 1) return byte(0);
  char32_t value = byte(0) & (0xff >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) value = value << 6 | (byte(i) & 0x3f);
  return value;
}

std::size_t length_at(std::string_view text, std::size_t at) {
  const unsigned char lead = static_cast<unsigned char>(text[at]);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const auto piece = text.substr(at, length);
  return source::find_invalid_utf8(piece) ? 0 : length;
}

/// `\u{202e}` for what may not reach a terminal; empty for everything else.
std::string escape(char32_t c) {
  if (!contains(kHidden, c)) return {};
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digits;
  for (std::uint32_t rest = c; rest > 0 || digits.size() < 2; rest /= 16)
    digits.insert(digits.begin(), kDigits[rest % 16]);
  return c < 0x80 ? "\\x" + digits : "\\u{" + digits + "}";
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto length = length_at(text, at);
    const auto bytes = std::max<std::size_t>(1, length);
    const char32_t c = length == 0 ? 0xfffd : decode(text, at, length);
    const std::string shown = c == '\n' || c == '\t' ? std::string() : escape(c);
    if (length == 0)
      out += kReplacement;
    else
      out += shown.empty() ? std::string(text.substr(at, bytes)) : shown;
    at += bytes;
  }
  return out;
}

DisplayLine::DisplayLine(std::string_view line, std::uint32_t focus) {
  columns_.reserve(line.size() + 1);
  int column = 0;
  for (std::size_t at = 0; at < line.size();) {
    const auto length = length_at(line, at);
    const char32_t c = length == 0 ? 0xfffd : decode(line, at, length);
    const auto escaped = static_cast<int>(c == '\t' ? 0 : escape(c).size());
    const int width = c == '\t'                 ? kTab - column % kTab
                      : escaped > 0             ? escaped
                      : contains(kZeroWidth, c) ? 0
                      : contains(kWide, c)      ? 2
                                                : 1;
    const auto bytes = std::max<std::size_t>(1, length);
    columns_.insert(columns_.end(), bytes, column);
    column += width;
    at += bytes;
  }
  columns_.push_back(column);
  cut_to_window(line, focus);
}

void DisplayLine::cut_to_window(std::string_view line, std::uint32_t focus) {
  const int width = columns_.back();
  last_ = width;
  if (width > kWindow) {
    const int at = columns_[std::min<std::size_t>(focus, line.size())];
    first_ = std::clamp(at - kBeforeFocus, 0, width - kWindow);
    last_ = first_ + kWindow;
  }
  if (first_ > 0) {
    text_ = "...";
    shift_ = 3;
  }
  for (std::size_t at = 0; at < line.size();) {
    const auto length = length_at(line, at);
    const auto bytes = std::max<std::size_t>(1, length);
    const int column = columns_[at];
    if (column >= first_ && column < last_) {
      const unsigned char c = static_cast<unsigned char>(line[at]);
      if (c == '\t') {
        text_.append(static_cast<std::size_t>(columns_[at + 1] - column), ' ');
      } else if (length == 0) {
        text_ += kReplacement;
      } else {
        const std::string escaped = escape(decode(line, at, length));
        text_ += escaped.empty() ? std::string(line.substr(at, bytes)) : escaped;
      }
    }
    at += bytes;
  }
  if (last_ < width) text_ += "...";
}

int DisplayLine::column(std::uint32_t byte) const {
  const int column = columns_[std::min<std::size_t>(byte, columns_.size() - 1)];
  return std::clamp(column, first_, last_) - first_ + shift_;
}

}  // namespace hopf::diagnostics
