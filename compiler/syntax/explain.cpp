// Syntax errors in the user's terms: recognises the usual situations and looks the words up in
// grammar/messages.txt.
#include <algorithm>
#include <array>
#include <cctype>

#include "syntax/messages.hpp"
#include "syntax/token.hpp"

namespace hopf::syntax {

namespace {

using diagnostics::Kind;
using diagnostics::Sink;

bool one_of(std::string_view text, std::initializer_list<std::string_view> set) {
  return std::find(set.begin(), set.end(), text) != set.end();
}

bool ends_value(Tok type) {
  switch (type) {
    case Tok::NUMBER:
    case Tok::STRING:
    case Tok::WORD:
    case Tok::TRUE:
    case Tok::FALSE:
    case Tok::RPAREN:
    case Tok::RBRACKET:
    case Tok::RBRACE:
    case Tok::OPEN_STRING:
      return true;
    default:
      return false;
  }
}

/// The keyword for what other languages, and people, call otherwise.
std::string other_word(std::string_view word) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"cost", "lagrangian"},       {"minimize", "lagrangian"}, {"minimise", "lagrangian"},
      {"loss", "lagrangian"},       {"maximize", "reward"},     {"maximise", "reward"},
      {"utility", "reward"},        {"payoff", "reward"},       {"parameter", "param"},
      {"parameters", "param"},      {"const", "param"},         {"constant", "param"},
      {"input", "control"},         {"action", "control"},      {"decision", "control"},
      {"variable", "state"},        {"var", "state"},           {"brownian", "noise"},
      {"wiener", "noise"},          {"poisson", "jump"},        {"constraint", "subject to"},
      {"constraints", "subject to"}};
  for (const auto& [name, keyword] : kWords)
    if (name == word) return std::string(keyword);
  return {};
}

/// The boundary that is called otherwise elsewhere.
std::string boundary_word(std::string_view word) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"neumann", "reflect"},
      {"reflecting", "reflect"},
      {"noflux", "reflect"},
      {"zeroflux", "reflect"},
      {"dirichlet", "absorb(value)"},
      {"absorbing", "absorb(value)"},
      {"outflow", "extrapolate"},
      {"free", "extrapolate"},
      {"open", "extrapolate"},
      {"wrap", "periodic"},
      {"cyclic", "periodic"},
      {"circular", "periodic"},
      {"state_constraint", "constrain"}};
  std::string lower(word);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const auto& [name, keyword] : kWords)
    if (name == lower) return std::string(keyword);
  return {};
}

bool begins_value(Tok type) {
  return ends_value(type) ? type != Tok::RPAREN && type != Tok::RBRACKET && type != Tok::RBRACE
                          : type == Tok::LPAREN || type == Tok::LBRACKET || type == Tok::LBRACE ||
                                type == Tok::NOT;
}

class Explainer {
 public:
  Explainer(const TokenList& list, const Situation& situation)
      : list_(list), situation_(situation), rule_(situation.rules.front()) {
    found_ = situation.found;
    if (at(found_).type == Tok::BEGIN) ++found_;
    before_ = situation.found;
    do {
      before_ = before_ == 0 ? 0 : before_ - 1;
    } while (before_ > 0 && at(before_).type == Tok::BEGIN);
    statement_ = situation.statement + (at(situation.statement).type == Tok::BEGIN ? 1 : 0);
  }

  void emit(Sink& sink) {
    const auto where = situation();
    std::vector<std::string_view> keys{where};
    if (where.empty()) keys = situation_.rules;
    const Message& message = find_message(keys, found_class());
    auto& d = sink.emit(message.kind, place(where), fill(message.text));
    d.primary_label = fill(message.label);
    d.help = fill(message.help);
  }

 private:
  const Token& at(std::size_t i) const {
    return list_.tokens[std::min(i, list_.tokens.size() - 1)];
  }
  Tok found() const { return at(found_).type; }
  Tok previous() const { return found_ == 0 ? Tok::END : at(before_).type; }
  bool starts_line() const { return at(found_).first_on_line; }
  bool at_block() const { return one_of(rule_, {"file", "modelItem", "forItem"}); }

  /// The situation by name; empty where the grammar rule says enough.
  std::string_view situation() {
    if (const auto where = habit(); !where.empty()) return where;
    if (one_of(rule_, {"dynamicsDecl", "dynamicsTarget"})) return dynamics();
    if (const auto where = declaration(); !where.empty()) return where;
    if (found() == Tok::ASSIGN) return equals();
    const bool defines = one_of(rule_, {"paramItem", "letItem", "functionItem", "markDecl"});
    if (found() == Tok::EQUAL && defines) return "define-double";
    if (one_of(rule_, {"importItem"})) return "import";
    if (rule_ == "suffix" && previous() == Tok::DOT) return "field-name";
    const bool record = one_of(rule_, {"field", "fields", "braces"}) && previous() == Tok::COMMA;
    if (record && begins_value(found())) return "record";
    if (needs_name()) return "name";
    if (at_block() && !(rule_ == "forItem" && previous() != Tok::RBRACE)) {
      if (const auto where = between_statements(); !where.empty()) return where;
    }
    if (rule_ == "expression" && ends_value(previous())) return "condition";
    return in_expression();
  }

  bool within(std::string_view rule) const {
    return std::find(situation_.rules.begin(), situation_.rules.end(), rule) !=
           situation_.rules.end();
  }

  std::size_t first_of_line() const {
    std::size_t first = before_;
    while (first > 0 && !at(first).first_on_line) --first;
    return at(first).type == Tok::BEGIN ? first + 1 : first;
  }

  /// The keyword that begins the declaration before the error; END where there is none.
  Tok declaring_keyword() const {
    for (std::size_t i = found_; i > 0; --i) {
      const Keyword* keyword = find_keyword(at(i - 1).type);
      if (keyword != nullptr && keyword->place == Place::Model) return keyword->token;
    }
    return Tok::END;
  }

  /// Words with which other languages begin what is written differently here.
  std::string_view habit() {
    const std::size_t first = first_of_line();
    const auto word = list_.text(at(first));
    const bool beside = at(first + 1).type == Tok::BEGIN || at(first + 1).type == Tok::WORD;
    if (!starts_line() && beside && at(first).type == Tok::WORD) {
      statement_ = first;
      name_ = std::string(word);
      show_statement_ = one_of(word, {"def", "function", "func", "from", "while"});
      if (one_of(word, {"def", "function", "func"})) return "habit-function";
      if (word == "from") return "habit-import";
      if (word == "while") return "habit-while";
    }
    for (std::size_t i = first; i < found_; ++i) {
      if (list_.text(at(i)) != "lambda" || at(i).type != Tok::WORD) continue;
      statement_ = i;
      show_statement_ = true;
      return "habit-function";
    }
    if (list_.text(at(found_)) == "elif") return "habit-elif";
    return {};
  }

  /// Signs that other languages use in declarations.
  std::string_view declaration() const {
    const Tok next = at(found_ + 1).type;
    const bool state = within("stateItem"), control = within("controlItem");
    const Tok first = declaring_keyword();
    if (found() == Tok::ASSIGN && first == Tok::STATE) return "state-equals";
    if (found() == Tok::THEN && first == Tok::UNTIL) return "until-then";
    if (found() == Tok::LPAREN && previous() == Tok::FOR) return "for-parentheses";
    if (within("unitFactor") && found() == Tok::LBRACKET) return "set-as-unit";
    if (found() == Tok::COMMA && within("count") && (state || control)) return "domain-without-in";
    if (found() == Tok::COMMA && previous() == Tok::NUMBER && next == Tok::NUMBER &&
        at(before_).end == at(found_).begin && at(found_).end == at(found_ + 1).begin)
      return "decimal-comma";
    const Keyword* keyword = find_keyword(previous());
    const bool plain = keyword != nullptr && keyword->place == Place::Model;
    if (found() == Tok::COLON && plain && within("declaration")) return "extra-colon";
    if (found() == Tok::COLON && at(before_).type == Tok::STRING && within("braces"))
      return "quoted-field";
    return {};
  }

  std::string_view in_expression() {
    const bool bracket = one_of(rule_, {"atom", "callSuffix", "list", "braces", "indices", "count",
                                        "argument", "elements", "fields", "parameters"});
    if (!bracket && !one_of(rule_, {"expression", "postfix", "power"})) return {};
    if (!ends_value(previous())) return rule_ == "parameters" ? "" : "operand";
    if (found() == Tok::IF) return "bare-if";
    if (rule_ == "atom" && found() == Tok::COMMA) return "pair";
    if (!begins_value(found())) return {};
    const bool item = starts_line() || found() == Tok::STRING || previous() == Tok::STRING ||
                      previous() == Tok::RBRACKET || previous() == Tok::RBRACE ||
                      (previous() == Tok::NUMBER && found() == Tok::NUMBER);
    if (!item && called_without_parentheses(before_)) return "call";
    return item && rule_ != "atom" ? "missing-comma" : "side-by-side";
  }

  bool called_without_parentheses(std::size_t i) {
    if (at(i).type != Tok::WORD || !is_elementary(list_.text(at(i)))) return false;
    name_ = std::string(list_.text(at(i)));
    return true;
  }

  /// A statement that starts with a name inside a model and is no equation of motion.
  std::string_view dynamics() {
    const Token& word = at(statement_);
    if (word.type != Tok::WORD) return needs_name() ? "name" : "";
    name_ = std::string(list_.text(word));
    if (found() == Tok::EQUAL) return "define-double";
    const Tok second = at(statement_ + 1).type;
    if (second == Tok::PRIME && found() == Tok::PRIME) return "second-derivative";
    if (second == Tok::SLASH && list_.text(at(statement_ + 2)) == "dt") return "quotient";
    const bool assigned = second == Tok::PRIME || second == Tok::LBRACKET;
    if (assigned) return {};
    const bool beside =
        !word.first_on_line && statement_ >= 2 && ends_value(at(statement_ - 2).type);
    if (beside) guess_ = boundary_word(name_);
    if (guess_.empty()) guess(keyword_names(Place::Model));
    if (guess_.empty()) guess_ = other_word(name_);
    if (guess_.empty() && beside) guess(keyword_names(Place::Clause));
    show_statement_ = true;
    if (!guess_.empty()) return "typo";
    if (beside && called_without_parentheses(statement_ - 2)) return "call";
    return beside ? "beside-name" : "no-declaration";
  }

  std::string_view equals() const {
    if (const Keyword* keyword = find_keyword(previous());
        keyword != nullptr && keyword->place != Place::Anywhere && !needs_name()) {
      return "extra-equals";
    }
    if (needs_name()) return "name";
    if (rule_ == "parameters") return {};
    if (!ends_value(previous())) return "operand";
    const bool assert = at(first_of_line()).type == Tok::ASSERT;
    return at_block() && previous() == Tok::RPAREN && rule_ == "file" && !assert ? "assign-target"
                                                                                 : "compare-equals";
  }

  bool needs_name() const {
    const bool item =
        one_of(rule_, {"modelName", "paramItem", "stateItem", "controlItem", "noiseItem",
                       "jumpDecl", "markDecl", "regimeDecl", "densityDecl", "letItem",
                       "functionItem", "dynamicsTarget", "forItem"});
    const Keyword* keyword = find_keyword(previous());
    const bool expects = previous() == Tok::COMMA || keyword != nullptr;
    return item && expects && previous() != Tok::IN && previous() != Tok::RATE;
  }

  /// Between two statements of a block, at something that begins none.
  std::string_view between_statements() {
    const Keyword* keyword = find_keyword(found());
    const bool model = rule_ == "modelItem";
    if (model && at(situation_.statement).type == Tok::MODEL && before_ <= statement_ + 1) {
      return "no-body";
    }
    if (model && keyword != nullptr && (keyword->place == Place::File || found() == Tok::FOR)) {
      return "misplaced-statement";
    }
    const bool clause =
        keyword != nullptr && (keyword->place == Place::Clause || found() == Tok::IN);
    if (model && clause) return found() == Tok::PAYS ? "pays-for-pay" : "misplaced-clause";
    if (found() == Tok::PRIME) return "misplaced-dynamics";
    if (found() == Tok::LBRACE) return before_brace();
    if (found() == Tok::IF) return "bare-if";
    if (ends_value(previous()) && begins_value(found())) return "side-by-side";
    return {};
  }

  /// `modle m {`: a brace after names at file level; inside a model, a model without one.
  std::string_view before_brace() {
    std::size_t first = before_;
    while (first > 0 && !at(first).first_on_line) --first;
    if (at(first).type == Tok::BEGIN) ++first;
    if (at(first).type != Tok::WORD) return {};
    name_ = std::string(list_.text(at(first)));
    statement_ = first;
    auto candidates = keyword_names(Place::File);
    candidates.push_back("for");
    guess(candidates);
    show_statement_ = !guess_.empty();
    return guess_.empty() ? "" : "typo-statement";
  }

  void guess(const std::vector<std::string>& candidates) {
    guess_ = diagnostics::did_you_mean(name_, candidates).value_or("");
  }

  std::string found_class() const {
    const Tok type = found();
    if (type == Tok::END) return "end";
    if (type == Tok::WORD || type == Tok::NUMBER || type == Tok::STRING) {
      return type == Tok::WORD ? "word" : type == Tok::NUMBER ? "number" : "string";
    }
    const std::string text(list_.text(at(found_)));
    if (one_of(text, {"*", "/", "^", "<", "<=", ">", ">=", "==", "!=", "and", "or", ".."})) {
      return "operator";
    }
    if (type == Tok::IF || find_keyword(type) == nullptr) return text;
    return "keyword";
  }

  /// A missing value is shown after what needs it when the next line has already begun.
  source::Span place(std::string_view where) const {
    if (show_statement_) return list_.span(at(statement_));
    const bool far = found() == Tok::END || starts_line();
    const bool missing = one_of(where, {"operand", "name", "condition"}) || found() == Tok::END;
    if (far && found_ > 0 && missing) {
      return list_.span(at(before_));
    }
    return list_.span(at(found_));
  }

  std::string describe(std::size_t i) const {
    if (at(i).type == Tok::END) return "the end of the file";
    std::string text(list_.text(at(i)));
    if (text.empty()) text = "a missing bracket";
    return text.front() == '"' ? text : "'" + text + "'";
  }

  /// The word after the nearest keyword or comma before the error.
  std::string declared_name() const {
    if (!name_.empty()) return name_;
    for (std::size_t i = found_; i > statement_; --i) {
      const Tok type = at(i - 1).type;
      if ((type == Tok::COMMA || find_keyword(type) != nullptr) && at(i).type == Tok::WORD) {
        return std::string(list_.text(at(i)));
      }
    }
    return std::string(list_.text(at(statement_)));
  }

  std::string keyword() const {
    for (std::size_t i = found_; i > 0; --i) {
      if (find_keyword(at(i - 1).type) != nullptr) return std::string(list_.text(at(i - 1)));
    }
    return std::string(list_.text(at(statement_)));
  }

  std::string fill(std::string_view text) const {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto close = text[i] == '{' ? text.find('}', i) : std::string_view::npos;
      const auto slot = close == std::string_view::npos ? "" : text.substr(i + 1, close - i - 1);
      std::string value;
      if (slot == "found")
        value = describe(found_);
      else if (slot == "previous")
        value = describe(before_);
      else if (slot == "name")
        value = declared_name();
      else if (slot == "keyword")
        value = keyword();
      else if (slot == "guess")
        value = guess_;
      else {
        out += text[i];
        continue;
      }
      out += value;
      i = close;
    }
    return out;
  }

  const TokenList& list_;
  const Situation& situation_;
  std::string_view rule_;
  std::size_t found_ = 0, before_ = 0, statement_ = 0;
  std::string name_, guess_;
  bool show_statement_ = false;
};

}  // namespace

void explain_syntax_error(const TokenList& list, const Situation& situation, Sink& sink) {
  Explainer(list, situation).emit(sink);
}

}  // namespace hopf::syntax
