#include "syntax/messages.hpp"

#include <array>
#include <stdexcept>

namespace hopf::syntax {

namespace {

constexpr std::string_view kText =
#include "grammar/messages.inc"
    ;

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Message read_row(std::string_view line) {
  std::array<std::string_view, 6> cells;
  for (auto& cell : cells) {
    const auto bar = line.find('|');
    cell = trim(line.substr(0, bar));
    line = bar == std::string_view::npos ? "" : line.substr(bar + 1);
  }
  const auto kind = diagnostics::find_kind(cells[2]);
  if (!kind) throw std::logic_error("messages.txt names an unknown kind: " + std::string(cells[2]));
  return {cells[0], cells[1], *kind, cells[3], cells[4], cells[5]};
}

}  // namespace

std::vector<Message> all_messages() {
  std::vector<Message> out;
  for (auto rest = kText; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest = line.size() < rest.size() ? rest.substr(line.size() + 1) : "";
    if (!trim(line).empty() && line[0] != '#') out.push_back(read_row(line));
  }
  return out;
}

Message find_message(const std::vector<std::string_view>& places, std::string_view found) {
  const auto rows = all_messages();
  const auto fits = [&](const Message& row, std::string_view place) {
    return row.where == place && (row.found == "*" || row.found == found);
  };
  for (const auto place : places) {
    for (const auto& row : rows) {
      if (fits(row, place)) return row;
    }
  }
  for (const auto& row : rows) {
    if (fits(row, "*")) return row;
  }
  throw std::logic_error("messages.txt has no row for everything else");
}

}  // namespace hopf::syntax
