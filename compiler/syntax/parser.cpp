// The passes from text to AST in order, and ANTLR's parser with our way of going on after an error:
// a statement or declaration with an error is left out, and reading resumes at the next one.
#include "syntax/parser.hpp"

#include <array>
#include <deque>

#include "syntax/antlr.hpp"

namespace hopf::syntax {

namespace {

using diagnostics::Sink;
using grammar::HopfParser;

constexpr std::size_t kMaxErrors = 50;

/// Hands our tokens to ANTLR; their positions there are indices of our list.
class ListSource : public antlr4::TokenSource {
 public:
  explicit ListSource(const TokenList& list) : list_(list) {}

  std::unique_ptr<antlr4::Token> nextToken() override {
    const auto at = std::min(next_, list_.tokens.size() - 1);
    ++next_;
    const Tok type = list_.tokens[at].type;
    auto token = std::make_unique<antlr4::CommonToken>(antlr_type(type));
    token->setStartIndex(at);
    token->setStopIndex(at);
    return token;
  }
  size_t getLine() const override { return 0; }
  size_t getCharPositionInLine() override { return 0; }
  antlr4::CharStream* getInputStream() override { return nullptr; }
  std::string getSourceName() override { return "tokens"; }
  antlr4::TokenFactory<antlr4::CommonToken>* getTokenFactory() override {
    return antlr4::CommonTokenFactory::DEFAULT.get();
  }

 private:
  const TokenList& list_;
  std::size_t next_ = 0;
};

bool begins(Tok type, bool in_model) {
  if (type == Tok::BEGIN) return true;
  const Keyword* keyword = find_keyword(type);
  if (keyword == nullptr) return false;
  return in_model ? keyword->place == Place::Model
                  : keyword->place == Place::File || type == Tok::FOR;
}

class Recovery : public antlr4::DefaultErrorStrategy {
 public:
  Recovery(const TokenList& list, Sink& sink) : list_(list), sink_(sink) {}

  std::size_t errors() const { return errors_; }
  bool at_end() const { return at_end_; }

  void reportError(antlr4::Parser* parser, const antlr4::RecognitionException& e) override {
    if (inErrorRecoveryMode(parser)) return;
    beginErrorCondition(parser);
    const auto* offending = e.getOffendingToken();
    explain(parser, offending != nullptr ? offending->getTokenIndex()
                                         : parser->getCurrentToken()->getTokenIndex());
  }

  /// Called by each rule that the error unwinds through: only statements and declarations stop it.
  void recover(antlr4::Parser* parser, std::exception_ptr e) override {
    const auto rule = parser->getContext()->getRuleIndex();
    if (rule != HopfParser::RuleItem && rule != HopfParser::RuleDeclaration &&
        rule != HopfParser::RuleFile) {
      std::rethrow_exception(e);
    }
    const auto first = parser->getContext()->getStart()->getTokenIndex();
    if (parser->getCurrentToken()->getTokenIndex() <= first) parser->consume();
    skip(parser, rule == HopfParser::RuleDeclaration);
  }

  antlr4::Token* recoverInline(antlr4::Parser* parser) override {
    throw antlr4::InputMismatchException(parser);
  }

  /// Before each item and declaration of a block: is there one, or the block's end?
  void sync(antlr4::Parser* parser) override {
    const auto rule = parser->getContext()->getRuleIndex();
    const bool in_model = rule == HopfParser::RuleModelItem;
    if (!in_model && rule != HopfParser::RuleFile && rule != HopfParser::RuleForItem) return;
    const auto here = parser->getCurrentToken()->getTokenIndex();
    const Tok type = list_.tokens[here].type;
    const bool end = type == (rule == HopfParser::RuleFile ? Tok::END : Tok::RBRACE);
    if (end || type == Tok::END || begins(type, in_model)) return;
    if (!inErrorRecoveryMode(parser)) {
      beginErrorCondition(parser);
      explain(parser, here);
    }
    parser->consume();
    skip(parser, in_model);
  }

 private:
  void explain(antlr4::Parser* parser, std::size_t found) {
    ++errors_;
    found = std::min(found, list_.tokens.size() - 1);
    at_end_ = at_end_ || list_.tokens[found].type == Tok::END;
    if (errors_ > kMaxErrors) return;
    const auto place = list_.tokens[found].begin;
    for (const auto& stretch : list_.doubtful) {
      if (stretch.begin <= place && place <= stretch.end) return;
    }
    Situation situation{.rules = {}, .found = found};
    bool block = false;
    for (auto* context = parser->getContext(); context != nullptr && !block;
         context = dynamic_cast<antlr4::ParserRuleContext*>(context->parent)) {
      const auto rule = context->getRuleIndex();
      situation.rules.push_back(parser->getRuleNames()[rule]);
      situation.statement = context->getStart()->getTokenIndex();
      block = rule == HopfParser::RuleItem || rule == HopfParser::RuleDeclaration;
    }
    explain_syntax_error(list_, situation, sink_);
  }

  /// To the next statement of this block or the block's closing brace, over inner blocks.
  void skip(antlr4::Parser* parser, bool in_model) {
    int depth = 0;
    for (;; parser->consume()) {
      const auto here = parser->getCurrentToken()->getTokenIndex();
      const Tok type = list_.tokens[here].type;
      if (type == Tok::END) return;
      if (type == Tok::LBRACE) ++depth;
      if (type == Tok::RBRACE && depth-- == 0) return;
      if (depth == 0 && begins(type, in_model) && resumes(here)) return;
    }
  }

  /// A name in the middle of a line is more likely a part of what was wrong than a new statement.
  bool resumes(std::size_t here) const {
    const Token& token = list_.tokens[here];
    if (token.type != Tok::BEGIN || token.parted) return true;
    const auto after = list_.tokens[std::min(here + 2, list_.tokens.size() - 1)].type;
    return after == Tok::ASSIGN || after == Tok::PRIME;
  }

  const TokenList& list_;
  Sink& sink_;
  std::size_t errors_ = 0;
  bool at_end_ = false;
};

struct Outcome {
  Ast ast;
  bool at_end = false;  // a syntax error at the end of the text: more text might mend it
};

/// Most texts parse in the fast mode of prediction (SLL); only one that fails is parsed again in
/// the full one, which decides whether it is wrong (Parr, Harwell & Fisher, OOPSLA 2014).
Outcome parse_tokens(const TokenList& list, Sink& sink) {
  ListSource source(list);
  antlr4::CommonTokenStream stream(&source);
  HopfParser parser(&stream);
  parser.removeErrorListeners();
  for (const auto mode : {antlr4::atn::PredictionMode::SLL, antlr4::atn::PredictionMode::LL}) {
    Sink errors;
    const auto recovery = std::make_shared<Recovery>(list, errors);
    stream.seek(0);
    parser.reset();
    parser.setErrorHandler(recovery);
    parser.getInterpreter<antlr4::atn::ParserATNSimulator>()->setPredictionMode(mode);
    auto* tree = parser.file();
    const bool last = mode == antlr4::atn::PredictionMode::LL;
    if (recovery->errors() > 0 && !last) continue;
    for (const auto& d : errors.sorted()) sink.add(d);
    return {build_ast(list, tree, sink), recovery->at_end()};
  }
  return {};
}

Outcome parse_all(const source::SourceSet& sources, source::FileId file, Sink& sink) {
  TokenList list;
  Outcome out;
  lex(sources, file, list, sink);
  if (!list.fatal) mend_symbols(list, sink);
  if (!list.fatal) pair_brackets(list, sink);
  if (!list.fatal) settle_keywords(list, sink);
  if (!list.fatal) out = parse_tokens(list, sink);
  out.ast.file = file;
  return out;
}

}  // namespace

std::size_t antlr_type(Tok type) {
  switch (type) {
#define HOPF_SYMBOL(id) \
  case Tok::id:         \
    return HopfParser::id;
    HOPF_SYMBOLS(HOPF_SYMBOL)
#undef HOPF_SYMBOL
#define HOPF_KEYWORD(id, text, place) \
  case Tok::id:                       \
    return HopfParser::id;
#include "../../grammar/keywords.def"
#undef HOPF_KEYWORD
    case Tok::END:
      break;
  }
  return antlr4::Token::EOF;
}

Ast parse(const source::SourceSet& sources, source::FileId file, Sink& sink) {
  return parse_all(sources, file, sink).ast;
}

bool is_incomplete(std::string_view text) {
  using diagnostics::Kind;
  source::SourceSet sources;
  const auto file = sources.add("<input>", std::string(text));
  Sink sink;
  const auto outcome = parse_all(sources, file, sink);
  bool open = outcome.at_end;
  for (const auto& d : sink.sorted()) {
    switch (d.kind) {
      case Kind::UnclosedBracket:
      case Kind::UnclosedBlock:
        // Only when it was the end of the text that was missing the bracket.
        open = open || (!d.labels.empty() && d.labels[0].span.begin == text.size());
        break;
      case Kind::UnterminatedComment:
        return true;
      case Kind::UnexpectedClosing:
      case Kind::MismatchedBracket:
      case Kind::UnterminatedString:
      case Kind::UnknownCharacter:
      case Kind::MalformedNumber:
      case Kind::ForeignOperator:
      case Kind::UnknownEscape:
      case Kind::NestingTooDeep:
      case Kind::FileTooLarge:
      case Kind::InvalidUtf8:
        return false;  // more text does not mend it
      default:
        if (!outcome.at_end) return false;
    }
  }
  return open;
}

}  // namespace hopf::syntax
