// Keywords are reserved only where a declaration or statement may begin, that is, after something
// complete and outside brackets: in `discount rate` the word `rate` is a name, since a value must
// follow; in `jump N rate 2` it is the keyword, since `N` is complete.
#include <array>

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

bool begins_value(Tok type) {
  return type == Tok::NUMBER || type == Tok::STRING || type == Tok::TRUE || type == Tok::FALSE ||
         type == Tok::IF || type == Tok::NOT;
}

class Settling {
 public:
  Settling(TokenList& list, Sink& sink) : list_(list), sink_(sink), in_(std::move(list.tokens)) {}

  void run() {
    list_.tokens.clear();
    list_.tokens.reserve(in_.size() + in_.size() / 8);
    blocks_.push_back(Tok::END);
    for (at_ = 0; at_ < in_.size(); ++at_) one(in_[at_]);
  }

 private:
  bool in_model() const { return blocks_.back() == Tok::MODEL; }
  Tok next_type() const { return in_[std::min(at_ + 1, in_.size() - 1)].type; }
  bool wanted() const { return !fresh_ && wants_more(previous_); }

  void one(Token token) {
    if (token.type == Tok::SEMICOLON && nested_ == 0) {
      semicolon_ = true;
      return;
    }
    if (token.type == Tok::WORD) token.type = type_of_word(token);
    if (misplaced(token)) return;
    begin_statement(token);
    if (token.type == Tok::MODEL || token.type == Tok::FOR) opening_ = token.type;
    brackets(token.type);
    token.after_semicolon = semicolon_;
    semicolon_ = false;
    previous_ = token.type;
    list_.tokens.push_back(token);
  }

  Tok type_of_word(const Token& token) const {
    const Keyword* keyword = find_keyword(list_.text(token));
    if (keyword == nullptr || previous_ == Tok::DOT) return Tok::WORD;
    const bool named = nested_ > 0 && (next_type() == Tok::ASSIGN || next_type() == Tok::COLON);
    if (keyword->place == Place::Anywhere) return named ? Tok::WORD : keyword->token;
    if (nested_ > 0 || previous_ == Tok::STRATONOVICH) return Tok::WORD;
    if (wanted() && !surely_begins(token)) return Tok::WORD;
    if (next_type() == Tok::PRIME) return Tok::WORD;
    if (keyword->place == Place::File) return keyword->token;
    if (!in_model() || (keyword->place == Place::Clause && fresh_)) return Tok::WORD;
    return keyword->token;
  }

  /// `state x` on a line of its own, although the line before still wants a value: a name beside a
  /// name is never right, so the line before is unfinished.
  bool surely_begins(const Token& token) const {
    const Token& next = in_[std::min(at_ + 1, in_.size() - 1)];
    return token.first_on_line && next.type == Tok::WORD && !next.first_on_line &&
           find_keyword(list_.text(next)) == nullptr;
  }

  /// A declaration's keyword and a name at file level: nothing else begins like that.
  bool misplaced(const Token& token) {
    if (token.type != Tok::WORD || in_model() || nested_ > 0 || wanted()) return false;
    if (opening_ == Tok::MODEL) return false;  // inside a model that lacks its brace
    const Keyword* keyword = find_keyword(list_.text(token));
    const Token& next = in_[std::min(at_ + 1, in_.size() - 1)];
    const bool named = next.type == Tok::WORD && !next.first_on_line;
    if (keyword == nullptr || keyword->place != Place::Model || !named) return false;
    auto& d = sink_.emit(Kind::MisplacedDeclaration, list_.span(token),
                         "'" + std::string(keyword->text) + "' is declared outside a model");
    d.help = "put it between the braces of 'model name { ... }'";
    while (next_type() != Tok::END && !in_[at_ + 1].first_on_line) ++at_;
    return true;
  }

  void begin_statement(const Token& token) {
    if (nested_ > 0 || wanted() || previous_ == Tok::STRATONOVICH) return;
    const bool value = begins_value(token.type) && !in_model();
    const bool first = fresh_ && !in_model() && find_keyword(token.type) == nullptr &&
                       token.type != Tok::RBRACE && token.type != Tok::END;
    if (token.type != Tok::WORD && !value && !first) return;
    list_.tokens.push_back({.type = Tok::BEGIN,
                            .first_on_line = token.first_on_line,
                            .after_semicolon = semicolon_,
                            .begin = token.begin,
                            .end = token.begin});
  }

  void brackets(Tok type) {
    const bool block = type == Tok::LBRACE && nested_ == 0 && opening_ != Tok::END &&
                       (!wanted() || previous_ == Tok::MODEL);
    fresh_ = block;
    if (block) {
      blocks_.push_back(opening_);
      opening_ = Tok::END;
    } else if (type == Tok::LPAREN || type == Tok::LBRACKET || type == Tok::LBRACE) {
      ++nested_;
    } else if (type == Tok::RPAREN || type == Tok::RBRACKET || type == Tok::RBRACE) {
      if (nested_ > 0) {
        --nested_;
      } else if (type == Tok::RBRACE && blocks_.size() > 1) {
        blocks_.pop_back();
      }
    }
  }

  TokenList& list_;
  Sink& sink_;
  std::vector<Token> in_;
  std::vector<Tok> blocks_;  // END for the file, MODEL or FOR for an open block
  Tok opening_ = Tok::END;   // the statement whose block is about to open
  Tok previous_ = Tok::END;
  bool fresh_ = true;  // nothing yet in this block
  bool semicolon_ = false;
  int nested_ = 0;  // open brackets within the statement
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
