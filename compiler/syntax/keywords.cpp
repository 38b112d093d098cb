// Keywords are reserved only where a declaration or statement may begin, that is, after something
// complete and outside brackets: in `discount rate` the word `rate` is a name, since a value must
// follow; in `jump N rate 2` it is the keyword, since `N` is complete.
//
// A statement that begins with no keyword begins with its line: where what stands before it is
// complete and the line is indented no deeper than the first line of the statement before. A `;`
// and the braces of a block part statements as well.
#include <array>

#include "syntax/lines.hpp"
#include "syntax/token.hpp"

namespace hopf::syntax {

namespace {

using diagnostics::Kind;
using diagnostics::Sink;

constexpr auto kKeywords = std::to_array<Keyword>({
#define HOPF_KEYWORD(id, text, place) {Tok::id, text, Place::place},
#include "../../grammar/keywords.def"
#undef HOPF_KEYWORD
});

/// Must a value, a name or a unit follow this token?
bool wants_more(Tok type) {
  switch (type) {
    case Tok::ASSIGN:
    case Tok::EQUAL:
    case Tok::NOTEQUAL:
    case Tok::LESS:
    case Tok::LESSEQ:
    case Tok::GREATER:
    case Tok::GREATEREQ:
    case Tok::PLUS:
    case Tok::MINUS:
    case Tok::STAR:
    case Tok::SLASH:
    case Tok::CARET:
    case Tok::DOTDOT:
    case Tok::DOT:
    case Tok::COMMA:
    case Tok::COLON:
    case Tok::LPAREN:
    case Tok::LBRACKET:
    case Tok::LBRACE:
      return true;
    case Tok::AVERAGE:
    case Tok::STOP:
    case Tok::SUBJECT:
    case Tok::TRUE:
    case Tok::FALSE:
    case Tok::PERIODIC:
    case Tok::REFLECT:
    case Tok::ABSORB:
    case Tok::CONSTRAIN:
    case Tok::EXTRAPOLATE:
      return false;
    default:
      return find_keyword(type) != nullptr;
  }
}

/// What can only be the first token of a value, unless the value before it goes on.
bool begins_value(Tok type) {
  return type == Tok::NUMBER || type == Tok::STRING || type == Tok::TRUE || type == Tok::FALSE ||
         type == Tok::IF || type == Tok::NOT;
}

/// What a line of its own may begin with in a file, besides names and keywords.
bool begins_expression(Tok type) {
  return begins_value(type) || type == Tok::LPAREN || type == Tok::LBRACKET ||
         type == Tok::LBRACE || type == Tok::PLUS || type == Tok::MINUS || type == Tok::OPEN_STRING;
}

class Settling {
 public:
  Settling(TokenList& list, Sink& sink)
      : list_(list), sink_(sink), in_(std::move(list.tokens)), cursor_(list) {}

  void run() {
    list_.tokens.clear();
    list_.tokens.reserve(in_.size() + in_.size() / 8);
    blocks_.push_back({Tok::END, 0});
    for (at_ = 0; at_ < in_.size(); ++at_) one(in_[at_]);
  }

 private:
  struct Block {
    Tok opened_by;  // END for the file, MODEL or FOR
    int depth;      // of the first line of the statement before
  };

  bool in_model() const { return blocks_.back().opened_by == Tok::MODEL; }
  const Token& next(std::size_t distance = 1) const {
    return in_[std::min(at_ + distance, in_.size() - 1)];
  }
  Tok next_type() const { return next().type; }
  /// Must something follow what stands before, be it on the next line?
  bool wanted() const { return !edge() && (wants_more(previous_) || open_ifs_ > 0); }
  /// Right after what parts statements on one line.
  bool edge() const { return fresh_ || semicolon_ || closed_; }

  void one(Token token) {
    if (token.type == Tok::SEMICOLON && nested_ == 0) {
      semicolon_ = true;
      return;
    }
    cursor_.move_to(token);
    if (token.type == Tok::WORD) token.type = type_of_word(token);
    if (misplaced(token)) return;
    if (nested_ == 0) between_statements(token);
    if (token.type == Tok::MODEL || token.type == Tok::FOR) opening_ = token.type;
    brackets(token.type);
    semicolon_ = false;
    previous_ = token.type;
    list_.tokens.push_back(token);
  }

  Tok type_of_word(const Token& token) const {
    const Keyword* keyword = find_keyword(list_.text(token));
    if (keyword == nullptr || (previous_ == Tok::DOT && !edge())) return Tok::WORD;
    const bool named = nested_ > 0 && (next_type() == Tok::ASSIGN || next_type() == Tok::COLON);
    if (keyword->place == Place::Anywhere) return named ? Tok::WORD : keyword->token;
    if (nested_ > 0 || previous_ == Tok::STRATONOVICH) return Tok::WORD;
    if (wanted() && !surely_declares(token)) return Tok::WORD;
    if (next_type() == Tok::PRIME) return Tok::WORD;
    if (keyword->place == Place::File) return keyword->token;
    if (!in_model() || (keyword->place == Place::Clause && edge())) return Tok::WORD;
    return keyword->token;
  }

  /// `state x` on a line of its own, although the line before still wants a value: a name beside a
  /// name is never right, so the line before is unfinished.
  bool surely_declares(const Token& token) const {
    return token.first_on_line && next_type() == Tok::WORD && !next().first_on_line &&
           find_keyword(list_.text(next())) == nullptr;
  }

  /// `y = ...` and `x' = ...` begin a statement wherever they begin a line, unless the line before
  /// ends in the comma of a list of items.
  bool surely_assigns(const Token& token) const {
    if (!token.first_on_line || token.type != Tok::WORD || cursor_.depth() > blocks_.back().depth)
      return false;
    return (next_type() == Tok::ASSIGN && previous_ != Tok::COMMA) || next_type() == Tok::PRIME;
  }

  /// `y = ...`, `x' = ...`, `x[i, j]' = ...`: an expression has no such beginning.
  bool assigns() const {
    std::size_t after = 1;
    if (in_model()) {
      while (next(after).type == Tok::PRIME) ++after;
      if (next(after).type == Tok::LBRACKET) {
        while (next(after).type != Tok::RBRACKET && next(after).type != Tok::END) ++after;
        ++after;
      }
      while (next(after).type == Tok::PRIME) ++after;
    }
    return next(after).type == Tok::ASSIGN;
  }

  /// A declaration's keyword and a name at file level: nothing else begins like that.
  bool misplaced(const Token& token) {
    if (token.type != Tok::WORD || in_model() || nested_ > 0 || wanted()) return false;
    if (opening_ == Tok::MODEL) return false;  // inside a model that lacks its brace
    const Keyword* keyword = find_keyword(list_.text(token));
    const bool named = next_type() == Tok::WORD && !next().first_on_line;
    if (keyword == nullptr || keyword->place != Place::Model || !named) return false;
    auto& d = sink_.emit(Kind::MisplacedDeclaration, list_.span(token),
                         "'" + std::string(keyword->text) + "' is declared outside a model");
    d.help = "put it between the braces of 'model name { ... }'";
    while (next_type() != Tok::END && !next().first_on_line) ++at_;
    return true;
  }

  // ---- where statements begin

  /// Outside brackets: does the token begin a statement, go on with one, or is it out of line?
  void between_statements(const Token& token) {
    const Tok type = token.type;
    if (type == Tok::RBRACE || type == Tok::END || previous_ == Tok::STRATONOVICH) return;
    if (type == Tok::LBRACE && opening_ != Tok::END) return;
    const bool goes_on = wanted();
    count_ifs(type);
    if (goes_on && !surely_assigns(token)) return;
    const Keyword* keyword = find_keyword(type);
    if (keyword != nullptr && begins_block_statement(*keyword)) return remember_depth(token);
    const bool line = token.first_on_line && cursor_.depth() <= blocks_.back().depth;
    if (edge() || line) return parted(token);
    if (type == Tok::WORD && assigns()) return not_parted(token);
    if (type == Tok::WORD || (begins_value(type) && !in_model())) begin(token, false);
  }

  bool begins_block_statement(const Keyword& keyword) const {
    if (in_model()) return keyword.place == Place::Model;
    return keyword.place == Place::File || keyword.token == Tok::FOR;
  }

  void count_ifs(Tok type) {
    if (type == Tok::IF) ++open_ifs_;
    if (type == Tok::ELSE && open_ifs_ > 0) --open_ifs_;
  }

  /// At the beginning of a line that is indented no deeper, or at an edge.
  void parted(const Token& token) {
    const bool begins = token.type == Tok::WORD || (!in_model() && begins_expression(token.type));
    const bool odd = fresh_ && !in_model() && find_keyword(token.type) == nullptr;
    if (begins || odd) return begin(token, true);
    if (edge() || opening_ != Tok::END) return;  // the parser says what is missing
    auto& d = sink_.emit(Kind::ContinuationNotIndented, list_.span(token),
                         "a line that begins with '" + std::string(list_.text(token)) +
                             "' and is indented no deeper than the statement before it");
    d.primary_label = "nothing begins like this, and the line before has ended";
    d.help = "indent the line deeper, so that it goes on with the line before";
  }

  /// `state x  x' = 1` and `y = 2  z = 3`, or a line that is deeper for no reason.
  void not_parted(const Token& token) {
    const std::string name(list_.text(token));
    auto& d =
        sink_.emit(Kind::StatementNotParted, list_.span(token),
                   token.first_on_line ? "this line is indented deeper than the one that it follows"
                                       : "a second statement on one line");
    d.primary_label = token.first_on_line ? "so it goes on with the statement before"
                                          : "it begins with a name, so nothing parts it";
    d.help = token.first_on_line ? "indent it like the line before"
                                 : "begin a new line, or write ';' before '" + name + "'";
    begin(token, true);
  }

  void begin(const Token& token, bool parted) {
    remember_depth(token);
    list_.tokens.push_back({.type = Tok::BEGIN,
                            .first_on_line = token.first_on_line,
                            .parted = parted,
                            .begin = token.begin,
                            .end = token.begin});
  }

  /// Later lines are compared with the first line of the statement that begins here.
  void remember_depth(const Token& token) {
    open_ifs_ = token.type == Tok::IF ? 1 : 0;
    if (!token.first_on_line && !fresh_ && !closed_) return;
    const bool behind_brace = fresh_ && !token.first_on_line && blocks_.size() > 1;
    blocks_.back().depth = behind_brace ? cursor_.column() : cursor_.depth();
  }

  void brackets(Tok type) {
    const bool block = type == Tok::LBRACE && nested_ == 0 && opening_ != Tok::END &&
                       (!wanted() || previous_ == Tok::MODEL);
    fresh_ = block;
    closed_ = false;
    if (block) {
      blocks_.push_back({opening_, 0});
      opening_ = Tok::END;
    } else if (type == Tok::LPAREN || type == Tok::LBRACKET || type == Tok::LBRACE) {
      ++nested_;
    } else if (type == Tok::RPAREN || type == Tok::RBRACKET || type == Tok::RBRACE) {
      if (nested_ > 0) {
        --nested_;
      } else if (type == Tok::RBRACE && blocks_.size() > 1) {
        blocks_.pop_back();
        closed_ = true;
        open_ifs_ = 0;
      }
    }
  }

  TokenList& list_;
  Sink& sink_;
  std::vector<Token> in_;
  LineCursor cursor_;
  std::vector<Block> blocks_;
  Tok opening_ = Tok::END;  // the statement whose block is about to open
  Tok previous_ = Tok::END;
  bool fresh_ = true;  // nothing yet in this block
  bool semicolon_ = false;
  bool closed_ = false;  // after the brace that closes a block
  int nested_ = 0;       // open brackets within the statement
  int open_ifs_ = 0;     // of the statement, without their 'else'
  std::size_t at_ = 0;
};

}  // namespace

const Keyword* find_keyword(std::string_view text) {
  for (const auto& keyword : kKeywords) {
    if (keyword.text == text) return &keyword;
  }
  return nullptr;
}

const Keyword* find_keyword(Tok token) {
  if (token < Tok::IF || token == Tok::END) return nullptr;
  return &kKeywords[static_cast<std::size_t>(token) - static_cast<std::size_t>(Tok::IF)];
}

std::vector<std::string> keyword_names(Place place) {
  std::vector<std::string> out;
  for (const auto& keyword : kKeywords) {
    if (keyword.place == place) out.emplace_back(keyword.text);
  }
  return out;
}

void settle_keywords(TokenList& list, Sink& sink) { Settling(list, sink).run(); }

}  // namespace hopf::syntax
