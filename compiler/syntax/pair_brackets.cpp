// Finds each bracket's partner before anything is parsed, so that a missing one is reported where
// it was opened, and so that no later pass meets nesting deeper than it can recurse.
#include "syntax/token.hpp"

namespace hopf::syntax {

namespace {

using diagnostics::Kind;
using diagnostics::Sink;

Tok partner(Tok open) {
  if (open == Tok::LPAREN) return Tok::RPAREN;
  return open == Tok::LBRACKET ? Tok::RBRACKET : Tok::RBRACE;
}

bool opens(Tok type) { return type == Tok::LPAREN || type == Tok::LBRACKET || type == Tok::LBRACE; }

bool closes(Tok type) {
  return type == Tok::RPAREN || type == Tok::RBRACKET || type == Tok::RBRACE;
}

const char* symbol(Tok type) {
  switch (type) {
    case Tok::LPAREN:
      return "(";
    case Tok::RPAREN:
      return ")";
    case Tok::LBRACKET:
      return "[";
    case Tok::RBRACKET:
      return "]";
    case Tok::LBRACE:
      return "{";
    default:
      return "}";
  }
}

class Pairing {
 public:
  Pairing(TokenList& list, Sink& sink) : list_(list), sink_(sink), in_(std::move(list.tokens)) {}

  void run() {
    list_.tokens.clear();
    list_.tokens.reserve(in_.size());
    for (at_ = 0; at_ < in_.size() && !list_.fatal; ++at_) one(in_[at_]);
  }

 private:
  struct Open {
    Tok type;
    std::uint32_t begin;
    std::size_t output;  // index of the bracket among the tokens written so far
    bool block = false;  // the braces of a model or a loop
    int indented = -1;   // below a ':', the body is what stands deeper than this column
  };

  void one(const Token& token) {
    while (!open_.empty() && open_.back().indented >= 0 && token.type != Tok::END &&
           token.first_on_line && column(token) <= open_.back().indented)
      end_indented(token);
    if (token.type == Tok::END) {
      while (!open_.empty()) {
        if (open_.back().indented >= 0)
          end_indented(token);
        else
          close_missing(token);
      }
      return list_.tokens.push_back(token);
    }
    if (closes(token.type)) return close(token);
    if (opens(token.type)) return push(token);
    if (token.type == Tok::COLON && begins_indented()) return push_indented(token);
    count_ifs(token);
    list_.tokens.push_back(token);
  }

  void push(const Token& token) {
    open_.push_back({token.type, token.begin, list_.tokens.size(), is_block(token)});
    list_.tokens.push_back(token);
    check_depth(token);
  }

  /// Spaces before the first token of this one's line.
  int column(const Token& token) const {
    const std::string_view text = list_.sources->file(list_.file).text;
    const std::size_t line = text.rfind('\n', token.begin) + 1;  // npos + 1 = 0
    return static_cast<int>(text.find_first_not_of(" \t", line) - line);
  }

  /// A colon that ends the line of a model or a loop, as Python begins a body; deeper lines follow.
  bool begins_indented() const {
    auto first = list_.tokens.rbegin();
    while (first != list_.tokens.rend() && !first->first_on_line) ++first;
    if (first == list_.tokens.rend() || at_ + 1 >= in_.size()) return false;
    const auto word = list_.text(*first);
    const Token& next = in_[at_ + 1];
    return (word == "model" || word == "for") && next.first_on_line &&
           column(next) > column(*first);
  }

  void push_indented(const Token& colon) {
    auto& d = sink_.emit(Kind::ForeignOperator, list_.span(colon), "':' does not begin a block");
    d.help = "write '{' here and '}' after the last line of the block";
    Token brace = colon;
    brace.type = Tok::LBRACE;
    open_.push_back({brace.type, brace.begin, list_.tokens.size(), true, column(colon)});
    list_.tokens.push_back(brace);
    check_depth(brace);
  }

  void end_indented(const Token& before) {
    open_.pop_back();
    list_.tokens.push_back({.type = Tok::RBRACE, .begin = before.begin, .end = before.begin});
  }

  /// `if a then if b then ...` recurses without brackets, `else if` chains do not.
  void count_ifs(const Token& token) {
    if (token.type != Tok::WORD) return;
    const auto text = list_.text(token);
    if (text == "if") ++pending_ifs_;
    if (text == "else" && pending_ifs_ > 0) --pending_ifs_;
    if (text == "if") check_depth(token);
    if (token.first_on_line && find_keyword(text) != nullptr &&
        find_keyword(text)->place == Place::Model) {
      pending_ifs_ = 0;
    }
  }

  void check_depth(const Token& token) {
    if (static_cast<int>(open_.size()) + pending_ifs_ <= kMaxNesting) return;
    auto& d = sink_.emit(Kind::NestingTooDeep, list_.span(token),
                         "brackets and conditions are nested deeper than " +
                             std::to_string(kMaxNesting) + " levels");
    d.help = "name the inner parts with 'let'";
    list_.fatal = true;
  }

  /// A brace after a complete operand opens a block, since no expression continues with one.
  bool is_block(const Token& token) const {
    if (token.type != Tok::LBRACE || list_.tokens.empty()) return false;
    const Token& previous = list_.tokens.back();
    if (previous.type == Tok::WORD) return list_.text(previous) != "in";
    return closes(previous.type) || previous.type == Tok::STRING || previous.type == Tok::NUMBER;
  }

  void close(const Token& token) {
    if (open_.empty()) return stray(token);
    if (partner(open_.back().type) == token.type) return pop(token);
    bool deeper = false;
    for (const auto& open : open_) deeper = deeper || partner(open.type) == token.type;
    if (!deeper || (token.type != Tok::RBRACE && !block_between(token.type))) {
      return mismatched(token);
    }
    while (partner(open_.back().type) != token.type) close_missing(token);
    pop(token);
  }

  /// May this closing bracket belong to one further out? Not across the braces of a block.
  bool block_between(Tok type) const {
    for (std::size_t i = open_.size(); i-- > 0;) {
      if (partner(open_[i].type) == type) return true;
      if (open_[i].block) return false;
    }
    return false;
  }

  void pop(const Token& token) {
    open_.pop_back();
    list_.tokens.push_back(token);
  }

  void stray(const Token& token) {
    auto& d = sink_.emit(Kind::UnexpectedClosing, list_.span(token),
                         std::string("'") + symbol(token.type) + "' closes nothing");
    d.primary_label = std::string("no '") + opener(token.type) + "' before it is open";
    if (++stray_ > 20) list_.fatal = true;
  }

  static const char* opener(Tok type) {
    if (type == Tok::RPAREN) return "(";
    return type == Tok::RBRACKET ? "[" : "{";
  }

  void mismatched(const Token& token) {
    const Open& open = open_.back();
    if (open.block) return stray(token);
    const char* right = symbol(partner(open.type));
    auto& d = sink_.emit(
        Kind::MismatchedBracket, list_.span(token),
        std::string("'") + symbol(open.type) + "' is closed by '" + symbol(token.type) + "'");
    d.primary_label = std::string("'") + right + "' belongs here";
    d.labels.push_back({{list_.file, open.begin, open.begin + 1}, "opened here"});
    d.help = std::string("write '") + right + "'";
    Token mended = token;
    mended.type = partner(open.type);
    pop(mended);
  }

  void close_missing(const Token& at) {
    const Open open = open_.back();
    open_.pop_back();
    const bool end = at.type == Tok::END;
    const source::Span opened{list_.file, open.begin, open.begin + 1};
    if (!open.block && swallowed(open.begin)) {
      list_.doubtful.push_back({list_.file, open.begin, insert_closing(open)});
      return;
    }
    const char* right = symbol(partner(open.type));
    auto& d = sink_.emit(open.block ? Kind::UnclosedBlock : Kind::UnclosedBracket, opened,
                         std::string("'") + symbol(open.type) + "' is never closed");
    d.primary_label = "opened here";
    d.labels.push_back(
        {list_.span(at), end ? std::string("the file ends without '") + right + "'"
                             : std::string("'") + right + "' is missing before this"});
    d.help = std::string("write '") + right + "'" +
             (open.block ? " after the last line of the block" : "");
    list_.doubtful.push_back({list_.file, open.begin, insert_closing(open)});
  }

  /// Is there a string without an end behind this bracket, on its line?
  bool swallowed(std::uint32_t bracket) const {
    const std::string_view text = list_.sources->file(list_.file).text;
    for (const std::uint32_t begin : list_.open_strings) {
      if (begin < bracket) continue;
      return text.substr(bracket, begin - bracket).find('\n') == std::string_view::npos;
    }
    return false;
  }

  /// Where the missing bracket most likely belongs: before the first later line that begins like a
  /// statement; otherwise where its absence was noticed. Returns that place.
  std::uint32_t insert_closing(const Open& open) {
    auto& out = list_.tokens;
    std::size_t where = out.size();
    for (std::size_t i = open.output + 1; i + 1 < out.size(); ++i) {
      if (begins_statement(out[i], out[i + 1], open.block)) {
        where = i;
        break;
      }
    }
    const std::uint32_t at = where < out.size() ? out[where].begin : last_end();
    const Token closing{.type = partner(open.type), .begin = at, .end = at};
    out.insert(out.begin() + static_cast<std::ptrdiff_t>(where), closing);
    return at;
  }

  bool begins_statement(const Token& token, const Token& next, bool block) const {
    if (!token.first_on_line || token.type != Tok::WORD) return false;
    const Keyword* keyword = find_keyword(list_.text(token));
    const bool may = keyword != nullptr && next.type != Tok::ASSIGN;
    if (block) return may && keyword->place == Place::File;
    if (unindented(token)) return true;
    if (may && (keyword->place == Place::File || keyword->place == Place::Model)) return true;
    return next.type == Tok::PRIME;
  }

  bool unindented(const Token& token) const {
    return token.begin > 0 && list_.sources->file(list_.file).text[token.begin - 1] == '\n';
  }

  std::uint32_t last_end() const { return list_.tokens.empty() ? 0 : list_.tokens.back().end; }

  TokenList& list_;
  Sink& sink_;
  std::vector<Token> in_;
  std::vector<Open> open_;
  std::size_t at_ = 0;
  int pending_ifs_ = 0;
  int stray_ = 0;
};

}  // namespace

void pair_brackets(TokenList& list, Sink& sink) { Pairing(list, sink).run(); }

}  // namespace hopf::syntax
