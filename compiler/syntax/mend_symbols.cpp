// What people type from habit: operators of other languages, typographic characters, numbers as
// their last calculator took them. Each is one clear error here and reads on as what was meant.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "syntax/token.hpp"

namespace hopf::syntax {

namespace {

using diagnostics::Kind;
using diagnostics::Sink;

constexpr std::size_t kMaxReports = 20;  // a file with more is not a program

struct Replacement {
  std::string_view text;
  Tok meant;               // WORD: keep as a name; END: leave out
  std::string_view write;  // how Hopf writes it
};

constexpr Replacement kForeign[] = {
    {"**", Tok::CARET, "'^' for a power"},
    {"&&", Tok::AND, "'and'"},
    {"||", Tok::OR, "'or'"},
    {"!", Tok::NOT, "'not'"},
    {":=", Tok::ASSIGN, "'='"},
    {"+=", Tok::ASSIGN, "the whole right-hand side after '=': names are given a value once"},
    {"-=", Tok::ASSIGN, "the whole right-hand side after '=': names are given a value once"},
    {"*=", Tok::ASSIGN, "the whole right-hand side after '=': names are given a value once"},
    {"/=", Tok::ASSIGN, "the whole right-hand side after '=': names are given a value once"},
    {"->", Tok::ASSIGN, "'='"},
    {"=>", Tok::GREATEREQ, "'>=' for at least"},
    {"=<", Tok::LESSEQ, "'<=' for at most"},
    {"<>", Tok::NOTEQUAL, "'!='"},
    {"%", Tok::STAR, "'x - n*floor(x/n)' for a remainder"},
};

constexpr Replacement kCharacters[] = {
    {"−", Tok::MINUS, "'-'"},
    {"–", Tok::MINUS, "'-'"},
    {"×", Tok::STAR, "'*'"},
    {"·", Tok::STAR, "'*'"},
    {"⋅", Tok::STAR, "'*'"},
    {"÷", Tok::SLASH, "'/'"},
    {"≤", Tok::LESSEQ, "'<='"},
    {"≥", Tok::GREATEREQ, "'>='"},
    {"≠", Tok::NOTEQUAL, "'!='"},
    {"′", Tok::PRIME, "an ASCII apostrophe"},
    {"’", Tok::PRIME, "an ASCII apostrophe"},
    {"∞", Tok::WORD, "'inf'"},
    {"∈", Tok::IN, "'in'"},
    {"∧", Tok::AND, "'and'"},
    {"∨", Tok::OR, "'or'"},
    {"¬", Tok::NOT, "'not'"},
    {"√", Tok::END, "'sqrt(x)'"},
    {"|", Tok::END, "'abs(x)' for an absolute value, 'or' between conditions"},
    {"&", Tok::AND, "'and'"},
    {"\u00a0", Tok::END, "an ordinary space"},
    {"\u2009", Tok::END, "an ordinary space"},
    {"\u202f", Tok::END, "an ordinary space"},
    {"\u200b", Tok::END, "nothing: the character is invisible"},
};

template <std::size_t n>
const Replacement* lookup(const Replacement (&table)[n], std::string_view text) {
  for (const auto& row : table) {
    if (row.text == text) return &row;
  }
  return nullptr;
}

/// The digit that a superscript stands for, '-' for a raised minus; 0 for other characters.
char raised(std::string_view text) {
  constexpr std::string_view kRaised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  for (std::size_t i = 0; i < 10; ++i)
    if (text == kRaised[i]) return static_cast<char>('0' + i);
  return text == "⁻" ? '-' : '\0';
}

bool is_double_quote(std::string_view text) {
  return text == "\u201c" || text == "\u201d" || text == "\u201e";
}

class Mender {
 public:
  Mender(TokenList& list, Sink& sink) : list_(list), sink_(sink), in_(std::move(list.tokens)) {}

  void run() {
    list_.tokens.clear();
    list_.tokens.reserve(in_.size());
    for (at_ = 0; at_ < in_.size() && !list_.fatal; ++at_) one(in_[at_]);
  }

 private:
  void one(const Token& token) {
    if (token.first_on_line) ++line_;
    switch (token.type) {
      case Tok::FOREIGN:
        return foreign(token);
      case Tok::UNKNOWN:
        return unknown(token);
      case Tok::OPEN_STRING:
        return open_string(token);
      case Tok::STRING:
        check_escapes(token);
        return keep(token);
      case Tok::NUMBER:
        return number(token);
      case Tok::DOT:
        return dot(token);
      case Tok::PRIME:
        return apostrophe(token);
      default:
        return keep(token);
    }
  }

  void keep(Token token) { list_.tokens.push_back(token); }
  void keep_as(Token token, Tok type) {
    token.type = type;
    if (type != Tok::END) keep(token);
  }
  std::string quoted(const Token& token) const {
    return "'" + std::string(list_.text(token)) + "'";
  }
  const Token& next(std::size_t distance = 1) const {
    return in_[std::min(at_ + distance, in_.size() - 1)];
  }
  bool adjacent(std::size_t distance) const {
    return next(distance).type != Tok::END && next(distance - 1).end == next(distance).begin;
  }
  diagnostics::Diagnostic& report(Kind kind, source::Span span, std::string message) {
    if (++reports_ >= kMaxReports) list_.fatal = true;
    return sink_.emit(kind, span, std::move(message));
  }

  void foreign(const Token& token) {
    if (list_.text(token) == "%" && begins_comment()) return comment(token);
    const Replacement* row = lookup(kForeign, list_.text(token));
    auto& d = report(Kind::ForeignOperator, list_.span(token),
                     quoted(token) + " is not an operator of Hopf");
    const bool per_cent =
        row->meant == Tok::STAR && (next().first_on_line || !begins_value(next()));
    d.help = per_cent ? "write '0.01*' before the number, or \"1%\" where a share is asked for"
                      : "write " + std::string(row->write);
    if (!per_cent) keep_as(token, row->meant);
  }

  /// `% words` of other languages: on a line of its own, or two words side by side after it.
  bool begins_comment() const {
    if (in_[at_].first_on_line) return true;
    const bool words = next().type == Tok::WORD && next(2).type == Tok::WORD;
    return words && !next().first_on_line && !next(2).first_on_line;
  }

  static bool begins_value(const Token& token) {
    return token.type == Tok::NUMBER || token.type == Tok::WORD || token.type == Tok::LPAREN ||
           token.type == Tok::LBRACKET;
  }

  void unknown(const Token& token) {
    const auto text = list_.text(token);
    if (text == "?") return question(token);
    if (text == "|" && bar_line_ == line_) return;  // the other of a pair
    if (text == "|") bar_line_ = line_;
    if (is_double_quote(text)) return typographic_string(token);
    if (text == "#") return comment(token);
    if (raised(text) != '\0') return power(token);
    source::Span span = list_.span(token);
    const Replacement* row = lookup(kCharacters, text);
    if (row == nullptr) {  // a run of them is one error
      while (adjacent(1) && next().type == Tok::UNKNOWN) span.end = in_[++at_].end;
    }
    auto& d = report(Kind::UnknownCharacter, span, describe(span));
    if (row != nullptr) {
      d.help = "write " + std::string(row->write);
      keep_as(token, row->meant);
    }
  }

  std::string describe(source::Span span) const {
    const auto text = list_.sources->text(span);
    const bool visible = static_cast<unsigned char>(text[0]) > 0x20 && text[0] != 0x7f;
    if (!visible || text == "\u00a0" || text == "\u200b" || text == "\u2009" || text == "\u202f") {
      return "an invisible character that is not a space, a tab or a line end";
    }
    if (source::count_code_points(text) > 1) return "characters that the language does not use";
    return "the character '" + std::string(text) + "' has no meaning in Hopf";
  }

  void comment(const Token& token) {
    auto& d = report(Kind::UnknownCharacter, list_.span(token),
                     quoted(token) + " does not begin a comment");
    d.help = "write '//'";
    while (next().type != Tok::END && !next().first_on_line) ++at_;
  }

  /// `x²` and `x⁻¹⁰`: read as a power.
  void power(const Token& token) {
    source::Span span = list_.span(token);
    std::string digits(1, raised(list_.text(token)));
    while (adjacent(1) && raised(list_.text(next())) != '\0') {
      digits += raised(list_.text(next()));
      span.end = in_[++at_].end;
    }
    auto& d = report(Kind::UnknownCharacter, span, "an exponent in raised digits");
    d.help = "write '^" + digits + "'";
    keep_as(Token{.begin = span.begin, .end = span.begin}, Tok::CARET);
    if (digits[0] == '-') keep_as(Token{.begin = span.begin, .end = span.begin}, Tok::MINUS);
    keep_as(Token{.begin = span.begin, .end = span.end}, Tok::NUMBER);
  }

  /// `c ? a : b`: what stands after the sign, up to the end of its line or bracket, goes with it.
  void question(const Token& token) {
    auto& d = report(Kind::ForeignOperator, list_.span(token), "'?' is not an operator of Hopf");
    d.help = "write 'if condition then value else value'";
    for (int depth = 0; next().type != Tok::END && !next().first_on_line; ++at_) {
      const Tok type = next().type;
      if (type == Tok::LPAREN || type == Tok::LBRACKET || type == Tok::LBRACE) ++depth;
      const bool closes = type == Tok::RPAREN || type == Tok::RBRACKET || type == Tok::RBRACE;
      if (depth == 0 && (closes || type == Tok::COMMA)) return;
      if (closes) --depth;
    }
  }

  /// `'text'`: an apostrophe where a value begins, and another on its line.
  void apostrophe(const Token& token) {
    const bool derivative = at_ > 0 && in_[at_ - 1].end == token.begin &&
                            (in_[at_ - 1].type == Tok::WORD || in_[at_ - 1].type == Tok::RBRACKET ||
                             in_[at_ - 1].type == Tok::RPAREN || in_[at_ - 1].type == Tok::PRIME);
    std::size_t closing = at_ + 1;
    while (closing < in_.size() && in_[closing].type != Tok::PRIME && !in_[closing].first_on_line &&
           in_[closing].type != Tok::END)
      ++closing;
    if (derivative && continues_expression(next().type)) return transposition(token);
    if (derivative || closing >= in_.size() || in_[closing].type != Tok::PRIME ||
        in_[closing].first_on_line)
      return keep(token);
    Token whole = token;
    whole.end = in_[closing].end;
    at_ = closing;
    auto& d =
        report(Kind::UnknownCharacter, list_.span(whole), "a string has double quotation marks");
    d.help = "write \"...\"";
    keep_as(whole, Tok::STRING);
  }

  static bool continues_expression(Tok type) {
    constexpr Tok kAfterOperand[] = {Tok::STAR,  Tok::PLUS,  Tok::MINUS,  Tok::SLASH,
                                     Tok::CARET, Tok::COMMA, Tok::RPAREN, Tok::RBRACKET};
    return std::find(std::begin(kAfterOperand), std::end(kAfterOperand), type) !=
           std::end(kAfterOperand);
  }

  /// `x'*Q*x` of other languages; the rest is read without it.
  void transposition(const Token& token) {
    auto& d = report(Kind::ForeignOperator, list_.span(token), "an apostrophe does not transpose");
    d.help = "write 'transpose(...)', or 'dot(x, Q*x)' for a quadratic form";
  }

  void typographic_string(const Token& token) {
    Token whole = token;
    while (next().type != Tok::END && !next().first_on_line) {
      whole.end = in_[++at_].end;
      const auto text = list_.text(in_[at_]);
      if (is_double_quote(text) || text == "\"") break;
    }
    auto& d = report(Kind::UnknownCharacter, list_.span(token),
                     "a typographic quotation mark does not begin a string");
    d.help = "write \"...\" with straight quotation marks";
    keep_as(whole, Tok::STRING);
  }

  void open_string(const Token& token) {
    auto& d = report(Kind::UnterminatedString, list_.span(token),
                     "this string has no closing quotation mark on its line");
    d.primary_label = "the string begins here";
    d.help = "write '\"' where it ends";
    list_.open_strings.push_back(token.begin);
    keep_as(token, Tok::STRING);
  }

  void check_escapes(const Token& token) {
    const auto text = list_.text(token);
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
      if (text[i] != '\\') continue;
      ++i;
      if (std::string_view("nt\"\\").find(text[i]) != std::string_view::npos) continue;
      const auto at = token.begin + static_cast<std::uint32_t>(i);
      auto& d = report(Kind::UnknownEscape, {list_.file, at - 1, at + 1},
                       "a backslash does not change this character");
      d.help = "write '\\\\' for a backslash; \\n, \\t and \\\" are the other escapes";
    }
  }

  void malformed(std::uint32_t begin, std::uint32_t end, std::string message, std::string help) {
    report(Kind::MalformedNumber, {list_.file, begin, end}, std::move(message)).help =
        std::move(help);
  }

  void number(const Token& token) {
    const auto text = std::string(list_.text(token));
    keep(token);
    if (text.back() == '_') {
      malformed(token.begin, token.end, "the number '" + text + "' ends in '_'",
                "write '_' between digits only");
    }
    if (adjacent(1) && next().type == Tok::WORD) return number_and_word(token, text);
    if (adjacent(1) && next().type == Tok::DOT) return number_and_dot(token, text);
    std::string digits;
    for (const char c : text) digits += c == '_' ? "" : std::string(1, c);
    if (std::isinf(std::strtod(digits.c_str(), nullptr))) {
      malformed(token.begin, token.end, "the number '" + text + "' is beyond the largest double",
                "write 'inf' for infinity");
    }
  }

  void number_and_word(const Token& token, const std::string& text) {
    const auto word = std::string(list_.text(next()));
    const auto end = next().end;
    if (word == "e" || word == "E") {
      malformed(token.begin, end, "the number '" + text + word + "' has no digits in its exponent",
                "write '" + text + "e3', or '" + text + "*e' for a product");
      ++at_;
    } else if (text == "0" && std::string_view("xXbBoO").find(word[0]) != std::string_view::npos) {
      malformed(token.begin, end, "numbers are decimal", "write the number in base ten");
      ++at_;
    } else {
      auto& d = report(Kind::MissingOperator, {list_.file, token.begin, end},
                       "no operator between '" + text + "' and '" + word + "'");
      d.help = "write '" + text + "*" + word + "'";
      keep_as(Token{.begin = end, .end = end}, Tok::STAR);
    }
  }

  void number_and_dot(const Token& token, const std::string& text) {
    const bool exponent = adjacent(2) && next(2).type == Tok::WORD;
    const bool digits = adjacent(2) && next(2).type == Tok::NUMBER;
    const auto end = exponent || digits ? next(2).end : next().end;
    const auto written = std::string(list_.sources->text({list_.file, token.begin, end}));
    malformed(token.begin, end, "'" + written + "' is not a number",
              digits ? "write one '.' only" : "write '" + text + ".0' or '" + text + "'");
    at_ += exponent || digits ? 2 : 1;
  }

  /// `.5` where a value begins; `x.5` is left to the parser.
  void dot(const Token& token) {
    const Tok before = at_ > 0 ? in_[at_ - 1].type : Tok::END;
    const bool value = before == Tok::WORD || before == Tok::NUMBER || before == Tok::RPAREN ||
                       before == Tok::RBRACKET || before == Tok::RBRACE || before == Tok::STRING;
    const bool after_value = value && in_[at_ - 1].end == token.begin;
    if (!after_value && adjacent(1) && next().type == Tok::NUMBER) {
      const auto digits = std::string(list_.text(next()));
      malformed(token.begin, next().end, "'." + digits + "' has no digit before the point",
                "write '0." + digits + "'");
      keep({.type = Tok::NUMBER,
            .first_on_line = token.first_on_line,
            .begin = token.begin,
            .end = next().end});
      ++at_;
      return;
    }
    keep(token);
  }

  TokenList& list_;
  Sink& sink_;
  std::vector<Token> in_;
  std::size_t at_ = 0;
  std::size_t reports_ = 0;
  std::size_t line_ = 0, bar_line_ = 0;  // of lines with tokens: this one, that of the last '|'
};

}  // namespace

void mend_symbols(TokenList& list, Sink& sink) { Mender(list, sink).run(); }

}  // namespace hopf::syntax
