#include "syntax/lines.hpp"

#include <algorithm>

namespace hopf::syntax {

namespace {

constexpr int kTab = 8;

std::string_view whole_text(const TokenList& list) { return list.sources->file(list.file).text; }

/// The first byte of the line that `at` is on, after a byte order mark.
std::size_t line_start(std::string_view text, std::size_t at) {
  const std::size_t newline = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  if (newline != std::string_view::npos) return newline + 1;
  return text.substr(0, 3) == "\xef\xbb\xbf" ? 3 : 0;
}

int advance(int column, char c) {
  if (c == '\t') return column + kTab - column % kTab;
  return column + ((static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0);
}

/// The comment that covers the byte before `at`, or null.
const CommentToken* comment_over(const TokenList& list, std::size_t at) {
  const auto& comments = list.comments;
  auto after = std::lower_bound(comments.begin(), comments.end(), at,
                                [](const CommentToken& c, std::size_t b) { return c.begin < b; });
  if (after == comments.begin()) return nullptr;
  const CommentToken& before = *(after - 1);
  return before.end > at ? &before : nullptr;
}

}  // namespace

int indentation(std::string_view line) {
  int column = 0;
  for (const char c : line) {
    if (c != ' ' && c != '\t') break;
    column = advance(column, c);
  }
  return column;
}

void LineCursor::move_to(const Token& token) {
  at_ = token.begin;
  if (!token.first_on_line) return;
  const std::string_view text = whole_text(list_);
  std::size_t start = line_start(text, token.begin);
  counted_ = static_cast<std::uint32_t>(start);
  column_ = 0;
  while (const CommentToken* comment = comment_over(list_, start))
    start = line_start(text, comment->begin);
  depth_ = indentation(text.substr(start));
}

int LineCursor::column() {
  const std::string_view text = whole_text(list_);
  for (; counted_ < at_; ++counted_) column_ = advance(column_, text[counted_]);
  return column_;
}

}  // namespace hopf::syntax
