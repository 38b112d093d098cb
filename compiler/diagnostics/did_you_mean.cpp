// Which known name was probably meant: the optimal string alignment distance (Damerau 1964,
// restricted to one edit per substring), counted in code points.
#include <algorithm>
#include <cctype>

#include "diagnostics/diagnostic.hpp"

namespace hopf::diagnostics {

namespace {

std::u32string code_points(std::string_view text) {
  std::u32string out;
  for (const unsigned char byte : text) {
    if ((byte & 0xc0) != 0x80) {
      out.push_back(byte);
    } else if (!out.empty()) {
      out.back() = out.back() << 8 | byte;  // any injective packing will do: only equality matters
    }
  }
  return out;
}

bool same_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](unsigned char c) { return std::tolower(c); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

/// Edits (insert, delete, replace, swap neighbours) from a to b.
std::size_t distance(const std::u32string& a, const std::u32string& b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] != b[j - 1]);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) now[j] = std::min(now[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> did_you_mean(std::string_view name,
                                        std::span<const std::string> candidates) {
  constexpr std::size_t kLongest = 64;  // nobody mistypes a longer name by a few letters
  const auto wanted = code_points(name);
  if (wanted.empty() || wanted.size() > kLongest) return std::nullopt;
  // One edit in three letters; in names of one or two letters only the case may be wrong,
  // since there every name is near every other.
  std::size_t best = wanted.size() / 3 + 1;
  std::optional<std::string> found;
  for (const auto& candidate : candidates) {
    if (candidate == name) continue;
    if (same_but_for_case(candidate, name)) return candidate;
    const auto letters = code_points(candidate);
    if (letters.size() > kLongest || wanted.size() < 3) continue;
    const auto d = distance(wanted, letters);
    if (d < best && d < letters.size()) {
      best = d;
      found = candidate;
    }
  }
  return found;
}

}  // namespace hopf::diagnostics
