// Tokens as the passes between lexer and parser see them. Their names are those of grammar/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.hpp"

// clang-format off
// Every token that is not a keyword.
#define HOPF_SYMBOLS(X)                                                                            \
  X(BEGIN) X(DOC_COMMENT) X(LINE_COMMENT) X(BLOCK_COMMENT) X(OPEN_COMMENT)                         \
  X(NUMBER) X(WORD) X(STRING) X(OPEN_STRING)                                                       \
  X(ASSIGN) X(EQUAL) X(NOTEQUAL) X(LESS) X(LESSEQ) X(GREATER) X(GREATEREQ)                         \
  X(PLUS) X(MINUS) X(STAR) X(SLASH) X(CARET)                                                       \
  X(DOTDOT) X(DOT) X(COMMA) X(COLON) X(SEMICOLON) X(PRIME)                                         \
  X(LPAREN) X(RPAREN) X(LBRACKET) X(RBRACKET) X(LBRACE) X(RBRACE)                                  \
  X(FOREIGN) X(UNKNOWN)
// clang-format on

namespace hopf::syntax {

enum class Tok : std::uint8_t {
#define HOPF_SYMBOL(id) id,
  HOPF_SYMBOLS(HOPF_SYMBOL)
#undef HOPF_SYMBOL
#define HOPF_KEYWORD(id, text, place) id,
#include "../../grammar/keywords.def"
#undef HOPF_KEYWORD
      END,
};

enum class Place : std::uint8_t { Anywhere, File, Model, Clause };

struct Keyword {
  Tok token;
  std::string_view text;
  Place place;
};
/// The keyword of that spelling, or null.
const Keyword* find_keyword(std::string_view text);
const Keyword* find_keyword(Tok token);
/// Spellings of the keywords of one place, for "did you mean".
std::vector<std::string> keyword_names(Place place);

struct Token {
  Tok type = Tok::END;
  bool first_on_line = false;
  bool parted = false;      // BEGIN: after a line end, a `;` or the brace of a block
  std::uint32_t begin = 0;  // bytes
  std::uint32_t end = 0;
};

struct CommentToken {
  bool doc = false;
  std::uint32_t begin = 0, end = 0;
};

/// One file between the passes.
struct TokenList {
  const source::SourceSet* sources = nullptr;
  source::FileId file;
  std::vector<Token> tokens;           // ends with END
  std::vector<CommentToken> comments;  // in order
  bool fatal = false;                  // an error after which nothing more is read
  /// Stretches with a repaired bracket: what the parser says inside them is a consequence.
  std::vector<source::Span> doubtful;
  /// Where strings without an end begin: they may have swallowed the line's closing brackets.
  std::vector<std::uint32_t> open_strings;

  std::string_view text(const Token& token) const {
    const std::string_view all = sources->file(file).text;
    return all.substr(token.begin, token.end - token.begin);
  }
  source::Span span(const Token& token) const { return {file, token.begin, token.end}; }
};

/// Pass 1: symbols that the language does not have, unfinished strings and comments, numbers.
/// Reports each and puts what was meant in its place.
void mend_symbols(TokenList&, diagnostics::Sink&);

/// Pass 2: pairs brackets; reports and repairs those without a partner; refuses deep nesting.
void pair_brackets(TokenList&, diagnostics::Sink&);

/// Pass 3: gives words the type of their keyword where they are reserved, puts BEGIN before
/// statements that start with no keyword (where lines, `;` and braces part them), removes `;`.
void settle_keywords(TokenList&, diagnostics::Sink&);

/// Where the parser stopped: enough to say in the user's terms what is wrong.
struct Situation {
  std::vector<std::string_view> rules;  // innermost first, grammar names
  std::size_t found = 0;                // index of the token that does not fit
  std::size_t statement = 0;            // index of the statement's first token
};
void explain_syntax_error(const TokenList&, const Situation&, diagnostics::Sink&);

/// Is this a function of numbers, without an effect, such as `sin`?
bool is_elementary(std::string_view name);

/// Brackets may be nested this deep, and expressions of any kind 5 times that.
inline constexpr int kMaxNesting = 200;
inline constexpr int kMaxDepth = 1000;
inline constexpr std::size_t kMaxBytes = 4u << 20;
inline constexpr std::size_t kMaxTokens = 1'000'000;

}  // namespace hopf::syntax
