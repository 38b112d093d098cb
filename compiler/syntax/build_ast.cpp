// Statements and declarations of the parse tree as AST.
#include "syntax/build_ast.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace hopf::syntax {

using diagnostics::Kind;

namespace {

/// Functions without an effect: a statement that calls one is the rest of a product.
constexpr auto kElementary = std::to_array<std::string_view>(
    {"sin",  "cos",   "tan",   "asin", "acos",    "atan",    "atan2", "sinh",
     "cosh", "tanh",  "exp",   "log",  "sqrt",    "abs",     "sign",  "min",
     "max",  "clamp", "floor", "erf",  "sigmoid", "softplus"});

}  // namespace

bool is_elementary(std::string_view name) {
  return std::find(kElementary.begin(), kElementary.end(), name) != kElementary.end();
}

namespace {

BoundaryKind boundary_kind(Tok type) {
  switch (type) {
    case Tok::PERIODIC:
      return BoundaryKind::Periodic;
    case Tok::REFLECT:
      return BoundaryKind::Reflect;
    case Tok::ABSORB:
      return BoundaryKind::Absorb;
    case Tok::CONSTRAIN:
      return BoundaryKind::Constrain;
    default:
      return BoundaryKind::Extrapolate;
  }
}

/// The lines of a comment without white space at their ends.
std::string without_trailing_blanks(std::string_view comment) {
  std::string out;
  for (const char c : comment) {
    if (c == '\n') out.resize(out.find_last_not_of(" \t\r") + 1);
    out += c;
  }
  out.resize(out.find_last_not_of(" \t\r") + 1);
  return out;
}

}  // namespace

Ast build_ast(const TokenList& list, grammar::HopfParser::FileContext* tree,
              diagnostics::Sink& sink) {
  return Builder(list, sink).build(tree);
}

Ast Builder::build(P::FileContext* file) {
  ast_.file = list_.file;
  used_comments_.assign(list_.comments.size(), false);
  ast_.items = items(file->item());
  std::vector<const Tree*> read;
  for (auto* c : file->item())
    if (is_read(c)) read.push_back(c);
  ast_.left_out = left_out(0, list_.tokens.size() - 1, read);
  if (too_deep_) {  // no later pass may meet it
    Ast nothing;
    nothing.file = list_.file;
    return nothing;
  }
  for (std::size_t i = 0; i < list_.comments.size(); ++i) {
    if (used_comments_[i]) continue;
    const Span where{list_.file, list_.comments[i].begin, list_.comments[i].end};
    ast_.comments.push_back({where, without_trailing_blanks(list_.sources->text(where))});
  }
  return std::move(ast_);
}

Span Builder::span(const Tree* c) const {
  auto first = c->start->getTokenIndex();
  const auto last = c->stop != nullptr ? c->stop->getTokenIndex() : first;
  if (list_.tokens[first].type == Tok::BEGIN && first < last) ++first;
  return {list_.file, list_.tokens[first].begin, list_.tokens[last].end};
}

Tok Builder::type(antlr4::tree::ParseTree* child) const {
  return token(static_cast<Terminal*>(child)).type;
}

std::string Builder::string_value(Span where) const {
  const auto text = list_.sources->text(where);
  const bool closed = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  const auto inner = closed ? text.substr(1, text.size() - 2) : text.substr(1);
  std::string out;
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] != '\\' || i + 1 == inner.size()) {
      out += inner[i];
      continue;
    }
    const char c = inner[++i];
    out += c == 'n' ? '\n' : c == 't' ? '\t' : c;
  }
  return out;
}

/// The `///` lines between the token before `begin` and `begin`.
std::string Builder::doc_before(std::uint32_t begin) {
  const auto& tokens = list_.tokens;
  auto at = std::lower_bound(tokens.begin(), tokens.end(), begin,
                             [](const Token& t, std::uint32_t b) { return t.begin < b; });
  const std::uint32_t after = at == tokens.begin() ? 0 : (at - 1)->end;
  const auto& comments = list_.comments;
  auto comment =
      std::lower_bound(comments.begin(), comments.end(), after,
                       [](const CommentToken& c, std::uint32_t b) { return c.begin < b; });
  std::string doc;
  bool first = true;
  for (; comment != comments.end() && comment->begin < begin; ++comment) {
    if (!comment->doc) continue;
    used_comments_[static_cast<std::size_t>(comment - comments.begin())] = true;
    auto text = list_.sources->text({list_.file, comment->begin + 3, comment->end});
    if (!text.empty() && text[0] == ' ') text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    doc += (first ? "" : "\n") + std::string(text);
    first = false;
  }
  return doc;
}

// ---- file level

std::vector<Item> Builder::items(const std::vector<P::ItemContext*>& contexts) {
  std::vector<Item> out;
  bool after_good = false;  // the item before was read without an error
  for (auto* c : contexts) {
    auto next = item(c);
    if (next && after_good) check_side_by_side(out.back(), c->start->getTokenIndex(), *next);
    after_good = next.has_value();
    if (next) out.push_back(std::move(*next));
  }
  return out;
}

/// `y = 2 x` reads as two statements; where nothing parts them it can only be a forgotten '*'.
void Builder::check_side_by_side(const Item& before, std::size_t at, const Item& now) {
  const Token& first = list_.tokens[at];
  if (first.type != Tok::BEGIN || first.parted) return;
  if (sink_.has_error_in(join(before.span, now.span))) return;  // it is a consequence
  const Name* function = called_name(before);
  if (std::holds_alternative<ImportItem>(before.value)) {
    auto& other = sink_.emit(Kind::SyntaxError, now.span, "an import ends with the module's name");
    other.primary_label = "a module has no other name here";
    other.help = "leave this out: what the module declares is used by its own names";
    return;
  }
  if (function != nullptr && function->text == "from") {
    sink_.emit(Kind::UnknownDeclaration, before.span, "'from' begins no import").help =
        "write 'import std.units' or 'import \"file.hopf\"'";
    return;
  }
  if (function != nullptr) {
    auto& call = sink_.emit(Kind::MissingOperator, now.span,
                            "no parentheses around the argument of '" + function->text + "'");
    call.help = "write '" + function->text + "(...)'";
    return;
  }
  auto& d = sink_.emit(Kind::MissingOperator, now.span, "no operator before this value");
  d.primary_label = "a value beside a value is not a product";
  d.help = "write '*' between them, or begin a new line for a new statement";
}

/// The name that is a whole statement: before a value on its line it is a function's.
const Name* Builder::called_name(const Item& item) const {
  const auto* expression = std::get_if<ExpressionItem>(&item.value);
  return expression == nullptr ? nullptr : std::get_if<Name>(&ast_[expression->value].value);
}

/// With a bracket that was put in, or with an error right behind it, which skipped the rest.
bool Builder::is_doubtful(const Tree* c) const {
  const Tok after = list_.tokens[c->stop->getTokenIndex() + 1].type;
  const Keyword* keyword = find_keyword(after);
  const bool begins = after == Tok::BEGIN || after == Tok::RBRACE || after == Tok::END ||
                      (keyword != nullptr && keyword->place == Place::Model) ||
                      (keyword != nullptr && keyword->place == Place::File) || after == Tok::FOR;
  if (!begins) return true;
  const Span own = span(c);
  return std::any_of(list_.doubtful.begin(), list_.doubtful.end(), [&](const Span& stretch) {
    return own.begin <= stretch.begin && stretch.begin < own.end;
  });
}

bool Builder::is_read(P::ItemContext* c) const {
  const bool block = c->modelItem() != nullptr || c->forItem() != nullptr;
  return is_read(static_cast<const Tree*>(c)) && (block || !is_doubtful(c));
}

std::optional<Item> Builder::item(P::ItemContext* c) {
  if (!is_read(c)) return std::nullopt;
  Item out;
  out.span = span(c);
  out.doc = doc_before(out.span.begin);
  if (auto* x = c->importItem()) out.value = import_item(x);
  if (auto* x = c->functionItem()) out.value = function_item(x);
  if (auto* x = c->modelItem()) out.value = model_item(x);
  if (auto* x = c->forItem()) out.value = for_item(x);
  if (auto* x = c->assertItem()) out.value = AssertItem{expression(x->expression())};
  if (auto* x = c->assignItem())
    out.value = AssignItem{ident(x->WORD()), expression(x->expression())};
  if (auto* x = c->expressionItem()) out.value = ExpressionItem{expression(x->expression())};
  return out;
}

ImportItem Builder::import_item(P::ImportItemContext* c) {
  if (c->STRING() != nullptr) return {string_value(span(c->STRING())), true};
  std::string path;
  for (auto* word : c->WORD()) {
    path += (path.empty() ? "" : ".") + std::string(list_.text(token(word)));
  }
  return {path, false};
}

FunctionItem Builder::function_item(P::FunctionItemContext* c) {
  FunctionItem out{ident(c->WORD()), {}, {}};
  for (auto* word : c->parameters()->WORD()) out.parameters.push_back(ident(word));
  out.body = expression(c->expression());
  return out;
}

ModelItem Builder::model_item(P::ModelItemContext* c) {
  ModelItem out{ident(c->modelName()->WORD()), {}};
  std::vector<const Tree*> read;
  for (auto* d : c->declaration()) {
    if (!is_read(d) || is_doubtful(d)) continue;
    declaration(d, out.declarations);
    read.push_back(d);
  }
  const std::size_t open = c->LBRACE()->getSymbol()->getTokenIndex();
  out.left_out = left_out(open + 1, c->RBRACE()->getSymbol()->getTokenIndex(), read);
  const std::uint32_t brace = list_.tokens[open].begin;
  for (const Span& stretch : list_.doubtful)
    out.left_out.any = out.left_out.any || stretch.begin == brace;  // its end is a guess
  return out;
}

LeftOut Builder::left_out(std::size_t first, std::size_t last,
                          const std::vector<const Tree*>& read) const {
  LeftOut out;
  const auto take = [&](std::size_t end) {
    for (; first < end; ++first) {
      out.any = true;
      const Token& token = list_.tokens[first];
      if (token.type == Tok::WORD) out.words.emplace_back(list_.text(token));
    }
  };
  for (const Tree* part : read) {
    take(part->start->getTokenIndex());
    first = std::max(first, part->stop->getTokenIndex() + 1);
  }
  take(last);
  return out;
}

ForItem Builder::for_item(P::ForItemContext* c) {
  ForItem out{ident(c->WORD()), expression(c->expression()), {}};
  out.body = items(c->item());
  return out;
}

// ---- declarations

template <class Items, class Make>
void Builder::several(const Items& parts, Tree* whole, std::vector<Declaration>& out, Make make) {
  bool first = true;
  const Span start = span(whole);
  const std::string doc = doc_before(start.begin);
  for (auto* part : parts) {
    Declaration d;
    d.span = span(part);
    if (first) d.span = join({start.file, start.begin, start.begin}, d.span);
    d.doc = first ? doc : doc_before(d.span.begin);
    d.continues = !first;
    d.value = make(part);
    out.push_back(std::move(d));
    first = false;
  }
}

void Builder::declaration(P::DeclarationContext* c, std::vector<Declaration>& out) {
  if (auto* x = c->paramDecl()) {
    return several(x->paramItem(), x, out, [this](auto* i) { return param(i); });
  }
  if (auto* x = c->stateDecl()) {
    return several(x->stateItem(), x, out, [this](auto* i) { return state(i); });
  }
  if (auto* x = c->controlDecl()) {
    const bool disturbance = x->DISTURBANCE() != nullptr;
    return several(x->controlItem(), x, out, [&](auto* i) { return control(i, disturbance); });
  }
  if (auto* x = c->noiseDecl()) {
    return several(x->noiseItem(), x, out, [this](auto* i) { return noise(i); });
  }
  if (auto* x = c->letDecl()) {
    return several(x->letItem(), x, out, [this](auto* i) {
      return LetDecl{ident(i->WORD()), expression(i->expression())};
    });
  }
  Declaration d;
  d.span = span(c);
  d.doc = doc_before(d.span.begin);
  if (simple_declaration(c, d)) out.push_back(std::move(d));
}

bool Builder::simple_declaration(P::DeclarationContext* c, Declaration& d) {
  if (auto* x = c->dynamicsDecl()) {
    d.value = dynamics(x);
  } else if (auto* x = c->jumpDecl()) {
    d.value = JumpDecl{ident(x->WORD()), expression(x->expression())};
  } else if (auto* x = c->markDecl()) {
    d.value = MarkDecl{ident(x->WORD()), expression(x->expression())};
  } else if (auto* x = c->regimeDecl()) {
    const NodeId over = expression(x->expression(0));
    d.value = RegimeDecl{ident(x->WORD()), over, expression(x->expression(1))};
  } else if (auto* x = c->densityDecl()) {
    d.value = DensityDecl{ident(x->WORD())};
  } else if (auto* x = c->costDecl()) {
    const auto kind = x->LAGRANGIAN() != nullptr ? CostKind::Lagrangian
                      : x->REWARD() != nullptr   ? CostKind::Reward
                                                 : CostKind::Terminal;
    d.value = CostDecl{kind, expression(x->expression())};
  } else if (auto* x = c->timeDecl()) {
    const NodeId value = expression(x->expression());
    if (x->HORIZON() != nullptr)
      d.value = HorizonDecl{value};
    else
      d.value = DiscountDecl{value};
  } else if (auto* x = c->untilDecl()) {
    UntilDecl until{expression(x->expression(0)), {}};
    if (x->PAY() != nullptr) until.pay = expression(x->expression(1));
    d.value = until;
  } else if (auto* x = c->stopDecl()) {
    d.value = StopDecl{expression(x->expression())};
  } else if (auto* x = c->subjectDecl()) {
    d.value = SubjectDecl{expression(x->expression())};
  } else if (auto* x = c->endpointDecl()) {
    d.value = EndpointDecl{x->FINAL() != nullptr, expression(x->expression())};
  } else if (c->averageDecl() != nullptr) {
    d.value = AverageDecl{};
  } else {
    return false;
  }
  return true;
}

ParamDecl Builder::param(P::ParamItemContext* c) {
  return {ident(c->WORD()), unit(c->unit()), expression(c->expression())};
}

StateDecl Builder::state(P::StateItemContext* c) {
  StateDecl out{.name = ident(c->WORD()),
                .count = count(c->count()),
                .unit = unit(c->unit()),
                .domain = {},
                .boundary_span = {},
                .absorb_value = {}};
  if (c->expression() != nullptr) out.domain = expression(c->expression());
  if (auto* b = c->boundary()) {
    out.boundary = boundary_kind(type(b->children[0]));
    out.boundary_span = span(b);
    if (b->expression() != nullptr) out.absorb_value = expression(b->expression());
  }
  return out;
}

ControlDecl Builder::control(P::ControlItemContext* c, bool disturbance) {
  ControlDecl out{disturbance, ident(c->WORD()), count(c->count()), unit(c->unit()), {}};
  if (c->expression() != nullptr) out.set = expression(c->expression());
  return out;
}

NoiseDecl Builder::noise(P::NoiseItemContext* c) {
  NoiseDecl out{ident(c->WORD()), count(c->count()), {}};
  if (c->expression() != nullptr) out.correlation = expression(c->expression());
  return out;
}

DynamicsDecl Builder::dynamics(P::DynamicsDeclContext* c) {
  auto* target = c->dynamicsTarget();
  DynamicsDecl out;
  out.stratonovich = c->STRATONOVICH() != nullptr;
  out.prime = target->PRIME() != nullptr;
  out.target = ident(target->WORD());
  if (target->indices() != nullptr) out.indices = expressions(target->indices()->expression());
  out.value = expression(c->expression(0));
  if (c->FOR() != nullptr) {
    out.loop_variable = ident(c->WORD());
    out.loop_range = expression(c->expression(1));
  }
  return out;
}

std::optional<NodeId> Builder::count(P::CountContext* c) {
  if (c == nullptr) return std::nullopt;
  return expression(c->expression());
}

// ---- units: a product of powers, flattened

std::optional<UnitExpr> Builder::unit(P::UnitContext* c) {
  if (c == nullptr) return std::nullopt;
  UnitExpr out{span(c), {}};
  unit_factors(c, 1, 1, out.factors);
  return out;
}

void Builder::unit_factors(P::UnitContext* c, int numerator, int denominator,
                           std::vector<UnitFactor>& out) {
  int sign = 1;
  for (auto* child : c->children) {
    if (auto* factor = dynamic_cast<P::UnitFactorContext*>(child)) {
      unit_factor(factor, sign * numerator, denominator, out);
    } else {
      sign = type(child) == Tok::SLASH ? -1 : 1;
    }
  }
}

void Builder::unit_factor(P::UnitFactorContext* c, int numerator, int denominator,
                          std::vector<UnitFactor>& out) {
  int p = 1, q = 1;
  if (c->unitExponent() != nullptr && !unit_exponent(c->unitExponent(), p, q)) {
    auto& d = sink_.emit(Kind::MalformedUnit, span(c->unitExponent()),
                         "a unit's exponent is a whole number or a fraction of small ones");
    d.help = "write for example 'm^2', 's^-1' or 's^(1/2)'";
    return;
  }
  constexpr int kLargest = 1000;
  if (std::abs(numerator * p) > kLargest || denominator * q > kLargest) {
    auto& d = sink_.emit(Kind::MalformedUnit, span(c), "a unit raised to a power beyond reason");
    d.help = "write the unit without powers of powers";
    return;
  }
  if (c->unit() != nullptr) return unit_factors(c->unit(), numerator * p, denominator * q, out);
  if (c->WORD() != nullptr)
    return out.push_back({ident(c->WORD()), numerator * p, denominator * q});
  if (list_.text(token(c->NUMBER())) == "1") return;
  auto& d =
      sink_.emit(Kind::MalformedUnit, span(c->NUMBER()), "a unit has no number in it other than 1");
  d.help = "declare the quantity in a unit that has a name, and put the number into its value";
}

/// `2`, `-1`, `0.5`, `(1/2)`: small integers and their ratios.
bool Builder::unit_exponent(P::UnitExponentContext* c, int& numerator, int& denominator) {
  constexpr int kLargest = 100;
  const auto numbers = c->NUMBER();
  const double first = std::strtod(std::string(list_.text(token(numbers[0]))).c_str(), nullptr);
  const double second =
      numbers.size() > 1 ? std::strtod(std::string(list_.text(token(numbers[1]))).c_str(), nullptr)
                         : 1.0;
  for (const int scale : {1, 2, 4, 5, 10}) {
    const double p = first * scale, q = second * scale;
    const bool small = p <= kLargest && q >= 1 && q <= kLargest;
    if (!small || p != static_cast<int>(p) || q != static_cast<int>(q)) continue;
    numerator = c->MINUS() != nullptr ? -static_cast<int>(p) : static_cast<int>(p);
    denominator = static_cast<int>(q);
    return true;
  }
  return false;
}

}  // namespace hopf::syntax
