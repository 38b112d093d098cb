// The ANTLR lexer, with byte offsets instead of code points and comments set apart.
#include <array>

#include "HopfLexer.h"
#include "syntax/antlr.hpp"

namespace hopf::syntax {

namespace {

using diagnostics::Kind;
using diagnostics::Sink;
using grammar::HopfLexer;

constexpr std::array<std::uint8_t, 128> kTypes = [] {
  std::array<std::uint8_t, 128> out{};
#define HOPF_SYMBOL(id) out[HopfLexer::id] = static_cast<std::uint8_t>(Tok::id);
  HOPF_SYMBOLS(HOPF_SYMBOL)
#undef HOPF_SYMBOL
  return out;
}();

/// Byte offset of every code point, only where they differ.
std::vector<std::uint32_t> byte_offsets(std::string_view text) {
  std::vector<std::uint32_t> out;
  bool ascii = true;
  for (const char c : text) ascii = ascii && static_cast<unsigned char>(c) < 0x80;
  if (ascii) return out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      out.push_back(static_cast<std::uint32_t>(i));
    }
  }
  out.push_back(static_cast<std::uint32_t>(text.size()));
  return out;
}

class Reader {
 public:
  Reader(const source::SourceSet& sources, source::FileId file, TokenList& list, Sink& sink)
      : text_(sources.file(file).text), file_(file), list_(list), sink_(sink) {
    list.sources = &sources;
    list.file = file;
  }

  void run() {
    if (refused()) return;
    const std::uint32_t bom = text_.substr(0, 3) == "\xef\xbb\xbf" ? 3 : 0;
    const auto body = text_.substr(bom);
    const auto offsets = byte_offsets(body);
    antlr4::ANTLRInputStream stream{std::string(body)};
    HopfLexer lexer(&stream);
    lexer.removeErrorListeners();
    const auto byte = [&](std::size_t i) {
      return bom + static_cast<std::uint32_t>(offsets.empty() ? i : offsets[i]);
    };
    while (const auto token = lexer.nextToken()) {
      if (token->getType() == antlr4::Token::EOF) break;
      const auto type = static_cast<Tok>(kTypes[token->getType()]);
      if (!add(type, byte(token->getStartIndex()), byte(token->getStopIndex() + 1))) break;
    }
    const auto end = static_cast<std::uint32_t>(text_.size());
    list_.tokens.push_back({.type = Tok::END, .first_on_line = true, .begin = end, .end = end});
  }

 private:
  bool refused() {
    if (text_.size() > kMaxBytes) {
      auto& d = sink_.emit(Kind::FileTooLarge, {file_, 0, 0},
                           "the file has " + std::to_string(text_.size()) + " bytes; at most " +
                               std::to_string(kMaxBytes) + " are read");
      d.help = "keep data in a file of its own and read it with 'load'";
      return list_.fatal = true;
    }
    if (const auto at = source::find_invalid_utf8(text_)) {
      auto& d = sink_.emit(Kind::InvalidUtf8, {file_, *at, *at + 1},
                           "byte " + std::to_string(*at + 1) + " of the file is not UTF-8 text");
      d.help = "save the file as UTF-8";
      return list_.fatal = true;
    }
    return false;
  }

  /// False when nothing after this token can be read.
  bool add(Tok type, std::uint32_t begin, std::uint32_t end) {
    const bool comment = type == Tok::LINE_COMMENT || type == Tok::BLOCK_COMMENT;
    if (comment || type == Tok::DOC_COMMENT) {
      list_.comments.push_back({type == Tok::DOC_COMMENT, begin, end});
      return true;
    }
    if (type == Tok::OPEN_COMMENT) {
      auto& d =
          sink_.emit(Kind::UnterminatedComment, {file_, begin, end}, "this comment has no '*/'");
      d.primary_label = "the comment begins here";
      d.help = "write '*/' where it ends";
      return false;
    }
    if (list_.tokens.size() >= kMaxTokens) {
      sink_.emit(Kind::FileTooLarge, {file_, begin, end},
                 "the file has more than " + std::to_string(kMaxTokens) + " words and symbols");
      list_.fatal = true;
      return false;
    }
    const auto gap = text_.substr(last_, begin - last_);
    const bool first = list_.tokens.empty() || gap.find('\n') != std::string_view::npos;
    list_.tokens.push_back({.type = type, .first_on_line = first, .begin = begin, .end = end});
    last_ = end;
    return true;
  }

  std::string_view text_;
  source::FileId file_;
  TokenList& list_;
  Sink& sink_;
  std::uint32_t last_ = 0;
};

}  // namespace

void lex(const source::SourceSet& sources, source::FileId file, TokenList& list, Sink& sink) {
  Reader(sources, file, list, sink).run();
}

}  // namespace hopf::syntax
