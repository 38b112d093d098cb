// The table of grammar/messages.txt.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.hpp"

namespace hopf::syntax {

struct Message {
  std::string_view where, found;
  diagnostics::Kind kind;
  std::string_view text, label, help;
};

/// All rows; read on the first error of the call, not at start-up.
std::vector<Message> all_messages();

/// The first row that fits: each place in turn, then '*'.
Message find_message(const std::vector<std::string_view>& places, std::string_view found);

}  // namespace hopf::syntax
