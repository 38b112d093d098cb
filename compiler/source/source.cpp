#include "source/source.hpp"

#include <algorithm>

#include "core/read_file.hpp"

namespace hopf::source {

namespace {

std::vector<std::uint32_t> find_line_starts(std::string_view text) {
  std::vector<std::uint32_t> starts{0};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') starts.push_back(static_cast<std::uint32_t>(i + 1));
  }
  return starts;
}

bool is_continuation(unsigned char byte) { return (byte & 0xc0) == 0x80; }

/// Length of the well-formed sequence at `at`, or 0. The second byte's range excludes overlong
/// forms, surrogates and values above U+10FFFF (RFC 3629, section 4).
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned first = byte(at), second = byte(at + 1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return is_continuation(second) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned low = first == 0xe0 ? 0xa0 : 0x80, high = first == 0xed ? 0x9f : 0xbf;
    return second >= low && second <= high && is_continuation(byte(at + 2)) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned low = first == 0xf0 ? 0x90 : 0x80, high = first == 0xf4 ? 0x8f : 0xbf;
    const bool rest = is_continuation(byte(at + 2)) && is_continuation(byte(at + 3));
    return second >= low && second <= high && rest ? 4 : 0;
  }
  return 0;
}

}  // namespace

Span join(Span a, Span b) {
  if (!a.valid()) return b;
  if (!b.valid()) return a;
  return {a.file, std::min(a.begin, b.begin), std::max(a.end, b.end)};
}

FileId SourceSet::add(std::string path, std::string text) {
  auto starts = find_line_starts(text);
  files_.push_back({std::move(path), std::move(text), std::move(starts)});
  return FileId(static_cast<std::uint32_t>(files_.size() - 1));
}

const File& SourceSet::file(FileId id) const { return files_[id.index()]; }

Position SourceSet::position(FileId id, std::uint32_t offset) const {
  const File& f = file(id);
  offset = std::min<std::uint32_t>(offset, static_cast<std::uint32_t>(f.text.size()));
  const auto after = std::upper_bound(f.line_starts.begin(), f.line_starts.end(), offset);
  const auto start = *(after - 1);
  const auto before = std::string_view(f.text).substr(start, offset - start);
  return {static_cast<int>(after - f.line_starts.begin()), count_code_points(before) + 1};
}

std::string_view SourceSet::line(FileId id, int line) const {
  const File& f = file(id);
  const auto index = static_cast<std::size_t>(line - 1);
  if (line < 1 || index >= f.line_starts.size()) return {};
  const auto begin = f.line_starts[index];
  auto text = std::string_view(f.text).substr(begin);
  text = text.substr(0, text.find('\n'));
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  return text;
}

std::string_view SourceSet::text(Span span) const {
  if (!span.valid()) return {};
  const std::string_view all = file(span.file).text;
  const auto begin = std::min<std::size_t>(span.begin, all.size());
  return all.substr(begin, span.end - begin);
}

std::size_t SourceSet::size() const { return files_.size(); }

std::optional<std::string> read_file(const std::string& path, std::string& why,
                                     const runtime::Watch& watch) {
  constexpr std::size_t kMostBytes = std::size_t{1} << 26;  // no text of ours is longer
  return runtime::read_bounded(path, {.most_bytes = kMostBytes, .devices = true}, why, watch);
}

std::optional<FileId> load(SourceSet& set, const std::string& path, std::string& why,
                           const runtime::Watch& watch) {
  auto text = read_file(path, why, watch);
  if (!text) return std::nullopt;
  return set.add(path == "-" ? "<stdin>" : path, std::move(*text));
}

std::optional<std::uint32_t> find_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto length = sequence_length(text, at);
    if (length == 0) return static_cast<std::uint32_t>(at);
    at += length;
  }
  return std::nullopt;
}

int count_code_points(std::string_view text) {
  int count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    at += std::max<std::size_t>(1, sequence_length(text, at));
  }
  return count;
}

}  // namespace hopf::source
