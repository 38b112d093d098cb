// Where tokens stand on their lines: how deep a line is indented decides whether it goes on with
// the statement before it.
#pragma once

#include <cstdint>
#include <string_view>

#include "syntax/token.hpp"

namespace hopf::syntax {

/// The column after the white space that a line begins with; a tab goes to the next multiple of 8.
int indentation(std::string_view line);

/// Follows the tokens of a file in their order, each byte once.
class LineCursor {
 public:
  explicit LineCursor(const TokenList& list) : list_(list) {}

  void move_to(const Token&);
  /// The indentation of the line of the token moved to last; where a comment reaches into the line,
  /// of the line where the comment begins.
  int depth() const { return depth_; }
  /// The column of that token on its line.
  int column();

 private:
  const TokenList& list_;
  int depth_ = 0, column_ = 0;
  std::uint32_t at_ = 0, counted_ = 0;  // the token's byte; up to where column_ has counted
};

}  // namespace hopf::syntax
