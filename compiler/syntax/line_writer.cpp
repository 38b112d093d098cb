#include "syntax/line_writer.hpp"

#include <algorithm>

#include "syntax/layout.hpp"
#include "syntax/lines.hpp"

namespace hopf::syntax {

LineWriter::LineWriter(const source::SourceSet& sources, const Ast& ast)
    : text_(sources.file(ast.file).text), ast_(ast) {}

bool LineWriter::newline_in(std::uint32_t begin, std::uint32_t end) const {
  return begin < end && text_.substr(begin, end - begin).find('\n') != std::string_view::npos;
}

/// Is there an empty line in a stretch that has only white space and comments?
bool LineWriter::blank_in(std::uint32_t begin, std::uint32_t end) const {
  int newlines = 0;
  for (std::uint32_t i = begin; i < end && i < text_.size(); ++i) {
    const char c = text_[i];
    if (c == '\n' && ++newlines == 2) return true;
    if (c != '\n' && c != ' ' && c != '\t' && c != '\r' && c != ';') newlines = 0;
  }
  return false;
}

void LineWriter::blank_line() {
  if (!lines_.empty() && !opened_ &&
      !(lines_.back().code.empty() && lines_.back().comment.empty())) {
    lines_.push_back({});
  }
}

bool LineWriter::comment_between(std::uint32_t begin, std::uint32_t end) const {
  return std::any_of(ast_.comments.begin(), ast_.comments.end(),
                     [&](const Comment& c) { return c.span.begin >= begin && c.span.end <= end; });
}

void LineWriter::own_comments(std::uint32_t until, int indent) {
  const auto& comments = ast_.comments;
  for (; next_ < comments.size() && comments[next_].span.begin < until; ++next_) {
    const auto& c = comments[next_];
    if (blank_in(last_, c.span.begin)) blank_line();
    lines_.push_back({std::string(static_cast<std::size_t>(indent), ' ') + c.text, ""});
    last_ = std::max(last_, c.span.end);
    opened_ = false;
  }
}

void LineWriter::before(std::uint32_t begin, int indent, bool has_doc, bool blank,
                        std::uint32_t inner_end) {
  if (blank) blank_line();
  own_comments(begin, indent);
  auto start = begin;
  if (has_doc) {
    const auto at = text_.substr(0, begin).find("///", last_);
    if (at != std::string_view::npos) start = static_cast<std::uint32_t>(at);
  }
  if (blank_in(last_, start)) blank_line();
  last_ = begin;
  own_comments(inner_end, indent);
}

void LineWriter::doc(const std::string& text, int indent) {
  if (text.empty()) return;
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    lines_.push_back({margin + (line.empty() ? "///" : "/// " + line), ""});
    at = end + 1;
  }
  opened_ = false;
}

void LineWriter::code(const std::string& text, int indent, std::uint32_t end) {
  lines_.push_back({std::string(static_cast<std::size_t>(indent), ' ') + text, ""});
  last_ = std::max(last_, end);
  while (next_ < ast_.comments.size() && ast_.comments[next_].span.begin < last_) ++next_;
  opened_ = text.back() == '{';
  trailing_comments();
}

/// A comment on the line where the statement ended stays behind it; a second one moves below.
void LineWriter::trailing_comments() {
  const auto& comments = ast_.comments;
  if (next_ >= comments.size()) return;
  const auto& c = comments[next_];
  if (c.span.begin < last_ || newline_in(last_, c.span.begin)) return;
  const auto between = text_.substr(last_, c.span.begin - last_);
  const auto other = between.find_first_not_of(" \t\r;{,");
  if (other != std::string_view::npos || newline_in(c.span.begin, c.span.end)) return;
  lines_.back().comment = c.text;
  last_ = c.span.end;
  ++next_;
}

void LineWriter::close(std::uint32_t end, int indent) {
  own_comments(end, indent + 2);
  opened_ = false;
  code("}", indent, end);
}

std::uint32_t LineWriter::end_with_comment(std::uint32_t end) const {
  const auto& comments = ast_.comments;
  const auto next = std::find_if(comments.begin(), comments.end(),
                                 [&](const Comment& c) { return c.span.begin >= end; });
  if (next == comments.end() || newline_in(next->span.begin, next->span.end)) return end;
  const auto between = text_.substr(end, next->span.begin - end);
  return between.find_first_not_of(" \t") == std::string_view::npos ? next->span.end : end;
}

std::string LineWriter::original(std::uint32_t begin, std::uint32_t end, int column,
                                 int indent) const {
  const std::size_t start = text_.substr(0, 3) == "\xef\xbb\xbf" ? 3 : 0;
  const std::size_t line_start = std::max(start, begin == 0 ? 0 : text_.rfind('\n', begin - 1) + 1);
  const auto lead = text_.substr(line_start, begin - line_start);
  const auto code = lead.substr(std::min(lead.find_first_not_of(" \t"), lead.size()));
  const int shift = column - indentation(lead) - source::count_code_points(code);
  // A line that goes on with the statement because it is deeper stays deeper.
  const auto depth = [&](std::string_view line) {
    const int moved = std::max(0, indentation(line) + shift);
    return indentation(line) > indentation(lead) && moved <= indent ? indent + 4 : moved;
  };
  std::string out;
  for (std::size_t at = begin; at <= end;) {
    const std::size_t stop = std::min<std::size_t>(text_.find('\n', at), end);
    auto line = text_.substr(at, stop - at);
    const auto last = line.find_last_not_of(" \t\r");
    line = line.substr(0, last == std::string_view::npos ? 0 : last + 1);
    if (at != begin) {
      out += '\n';
      if (!line.empty()) out += std::string(static_cast<std::size_t>(depth(line)), ' ');
      line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    }
    out += line;
    at = stop + 1;
  }
  return out;
}

/// Comments behind consecutive lines begin in one column, where all of them have room.
void LineWriter::align() {
  for (std::size_t i = 0; i < lines_.size();) {
    std::size_t end = i;
    int widest = 0, longest = 0;
    for (; end < lines_.size() && !lines_[end].comment.empty(); ++end) {
      const auto& code = lines_[end].code;
      const auto line = std::string_view(code).substr(code.rfind('\n') + 1);
      widest = std::max(widest, source::count_code_points(line));
      longest = std::max(longest, source::count_code_points(lines_[end].comment));
    }
    for (; i < end; ++i) {
      auto& [code, comment] = lines_[i];
      const auto line = std::string_view(code).substr(code.rfind('\n') + 1);
      const bool room = widest + 2 + longest <= kColumns;
      const int gap = room ? widest - source::count_code_points(line) + 2 : 2;
      code += std::string(static_cast<std::size_t>(gap), ' ') + comment;
    }
    ++i;
  }
}

std::string LineWriter::finish() {
  own_comments(static_cast<std::uint32_t>(text_.size()) + 1, 0);
  align();
  std::string out;
  for (const auto& line : lines_) out += line.code + "\n";
  return out;
}

}  // namespace hopf::syntax
