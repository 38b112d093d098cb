// Lines of formatted source with the comments and blank lines of the original between them.
#pragma once

#include <string>
#include <vector>

#include "syntax/ast.hpp"

namespace hopf::syntax {

class LineWriter {
 public:
  LineWriter(const source::SourceSet&, const Ast&);

  /// What stands before a statement that begins at `begin`: comments, and one blank line where the
  /// original has any or `blank` asks for it. Comments inside [begin, inner_end), the head of a
  /// block, come before the statement too, since the layout of heads is made anew.
  void before(std::uint32_t begin, int indent, bool has_doc, bool blank, std::uint32_t inner_end);
  void doc(const std::string& text, int indent);
  /// Code, perhaps of several lines, that ended at byte `end` of the original and holds all
  /// comments before it.
  void code(const std::string& text, int indent, std::uint32_t end);
  /// The closing brace of a block that ends at byte `end`, after the comments that remain in it.
  void close(std::uint32_t end, int indent);
  bool comment_between(std::uint32_t begin, std::uint32_t end) const;
  /// The original text of [begin, end), moved as a whole so that it begins in `column`: what has
  /// comments inside keeps the layout that its author gave it, and its later lines stay deeper than
  /// `indent`.
  std::string original(std::uint32_t begin, std::uint32_t end, int column, int indent) const;
  /// The end of the comment that stands behind byte `end` on its line; `end` where there is none.
  std::uint32_t end_with_comment(std::uint32_t end) const;
  std::string finish();

 private:
  struct Line {
    std::string code;
    std::string comment;  // a comment behind the code
  };

  void trailing_comments();
  void own_comments(std::uint32_t until, int indent);
  bool blank_in(std::uint32_t begin, std::uint32_t end) const;
  bool newline_in(std::uint32_t begin, std::uint32_t end) const;
  void blank_line();
  void align();

  std::string_view text_;
  const Ast& ast_;
  std::vector<Line> lines_;
  std::size_t next_ = 0;    // comment
  std::uint32_t last_ = 0;  // byte of the original up to which everything is written
  bool opened_ = true;      // nothing yet in this block: no blank line here
};

}  // namespace hopf::syntax
