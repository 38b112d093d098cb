// Expressions of the parse tree as AST nodes.
#include <cstdlib>

#include "syntax/build_ast.hpp"

namespace hopf::syntax {

using diagnostics::Kind;

namespace {

/// Raised digits, which are an error, are read as what they mean.
std::string plain_digits(std::string text) {
  constexpr std::string_view kRaised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  if (static_cast<unsigned char>(text[0]) < 0x80) return text;
  for (std::size_t digit = 0; digit < 10; ++digit) {
    for (std::size_t at; (at = text.find(kRaised[digit])) != std::string::npos;)
      text.replace(at, kRaised[digit].size(), std::to_string(digit));
  }
  return text.substr(text.find_first_of("0123456789"));
}

}  // namespace

NodeId Builder::expression(P::ExpressionContext* c) {
  NodeId value = disjunction(c->disjunction());
  const auto ifs = c->IF();
  const auto parts = c->expression();  // condition and value of each branch but the last
  for (std::size_t i = parts.size(); i >= 2; i -= 2) {
    const NodeId condition = expression(parts[i - 2]);
    const NodeId then = expression(parts[i - 1]);
    const Span whole = join(span(ifs[i / 2 - 1]), ast_[value].span);
    value = add(whole, If{condition, then, value}, {condition, then, value});
  }
  return value;
}

NodeId Builder::disjunction(P::DisjunctionContext* c) {
  const auto parts = c->conjunction();
  if (parts.size() == 1) return conjunction(parts[0]);
  Chain chain;
  for (auto* part : parts) chain.operands.push_back(conjunction(part));
  chain.ops.assign(parts.size() - 1, ChainOp::Or);
  const auto children = chain.operands;
  return add_over(span(c), std::move(chain), children);
}

NodeId Builder::conjunction(P::ConjunctionContext* c) {
  const auto parts = c->negation();
  if (parts.size() == 1) return negation(parts[0]);
  Chain chain;
  for (auto* part : parts) chain.operands.push_back(negation(part));
  chain.ops.assign(parts.size() - 1, ChainOp::And);
  const auto children = chain.operands;
  return add_over(span(c), std::move(chain), children);
}

NodeId Builder::negation(P::NegationContext* c) {
  NodeId value = comparison(c->comparison());
  const auto nots = c->NOT();
  for (std::size_t i = nots.size(); i-- > 0;) {
    const Span whole = join(span(nots[i]), ast_[value].span);
    value = add(whole, Unary{UnaryOp::Not, value}, {value});
  }
  return value;
}

NodeId Builder::comparison(P::ComparisonContext* c) {
  const auto parts = c->range();
  if (parts.size() == 1) return range(parts[0]);
  Compare compare;
  for (auto* part : parts) compare.operands.push_back(range(part));
  for (auto* op : c->compareOp()) {
    switch (type(op->children[0])) {
      case Tok::LESS:
        compare.ops.push_back(CompareOp::Less);
        break;
      case Tok::LESSEQ:
        compare.ops.push_back(CompareOp::LessEqual);
        break;
      case Tok::GREATER:
        compare.ops.push_back(CompareOp::Greater);
        break;
      case Tok::GREATEREQ:
        compare.ops.push_back(CompareOp::GreaterEqual);
        break;
      case Tok::EQUAL:
        compare.ops.push_back(CompareOp::Equal);
        break;
      default:
        compare.ops.push_back(CompareOp::NotEqual);
        break;
    }
  }
  const auto children = compare.operands;
  return add_over(span(c), std::move(compare), children);
}

NodeId Builder::range(P::RangeContext* c) {
  const auto parts = c->sum();
  const NodeId first = sum(parts[0]);
  if (parts.size() == 1) return first;
  const NodeId last = sum(parts[1]);
  return add(span(c), Range{first, last}, {first, last});
}

NodeId Builder::sum(P::SumContext* c) {
  const auto& children = c->children;  // operand, operator, operand, ...
  const NodeId first = product(static_cast<P::ProductContext*>(children[0]));
  if (children.size() == 1) return first;
  Chain chain{.operands = {first}, .ops = {}};
  for (std::size_t i = 1; i + 1 < children.size(); i += 2) {
    chain.ops.push_back(type(children[i]) == Tok::PLUS ? ChainOp::Add : ChainOp::Sub);
    chain.operands.push_back(product(static_cast<P::ProductContext*>(children[i + 1])));
  }
  const auto operands = chain.operands;
  return add_over(span(c), std::move(chain), operands);
}

NodeId Builder::product(P::ProductContext* c) {
  const auto& children = c->children;
  const NodeId first = power(static_cast<P::PowerContext*>(children[0]));
  if (children.size() == 1) return first;
  Chain chain{.operands = {first}, .ops = {}};
  for (std::size_t i = 1; i + 1 < children.size(); i += 2) {
    chain.ops.push_back(type(children[i]) == Tok::STAR ? ChainOp::Mul : ChainOp::Div);
    chain.operands.push_back(power(static_cast<P::PowerContext*>(children[i + 1])));
  }
  const auto operands = chain.operands;
  return add_over(span(c), std::move(chain), operands);
}

/// sign* postfix (^ sign* postfix)*, folded from the right.
NodeId Builder::power(P::PowerContext* c) {
  const auto& children = c->children;
  NodeId value;
  std::vector<NodeId> parts;
  parts.reserve(2);
  for (auto* part : c->postfix()) parts.push_back(postfix(part));
  std::size_t next = parts.size();
  for (std::size_t i = children.size(); i-- > 0;) {
    auto* rule = dynamic_cast<Tree*>(children[i]);
    if (rule == nullptr) continue;  // '^': its left operand comes next
    if (rule->getRuleIndex() == P::RulePostfix) {
      const NodeId base = parts[--next];
      const Span whole = value.valid() ? join(ast_[base].span, ast_[value].span) : Span{};
      value = value.valid() ? add(whole, Power{base, value}, {base, value}) : base;
    } else {
      const auto op = type(rule->children[0]) == Tok::MINUS ? UnaryOp::Negate : UnaryOp::Plus;
      value = add(join(span(rule), ast_[value].span), Unary{op, value}, {value});
    }
  }
  return value;
}

NodeId Builder::postfix(P::PostfixContext* c) {
  NodeId value = atom(c->atom());
  const Span start = span(c->atom());  // with the parentheses that an AST node does not have
  for (auto* part : c->suffix()) value = suffix(part, value, join(start, span(part)));
  return value;
}

NodeId Builder::suffix(P::SuffixContext* c, NodeId base, Span whole) {
  if (c->callSuffix() != nullptr) return call(c->callSuffix(), base, whole);
  if (c->indices() != nullptr) {
    Index index{base, expressions(c->indices()->expression())};
    auto children = index.indices;
    children.push_back(base);
    return add_over(whole, std::move(index), children);
  }
  return add(whole, Field{base, ident(c->WORD())}, {base});
}

NodeId Builder::call(P::CallSuffixContext* c, NodeId callee, Span whole) {
  const auto& value = ast_[callee].value;
  if (std::holds_alternative<Number>(value) || std::holds_alternative<Chain>(value)) {
    auto& d = sink_.emit(Kind::MissingOperator, whole, "no operator before this parenthesis");
    d.primary_label = "a value followed by '(' is not a product";
    d.help = "write '*' before '('";
  }
  Call out{callee, {}};
  std::vector<NodeId> children{callee};
  bool named = false;
  for (auto* a : c->argument()) {
    Argument argument;
    argument.value = expression(a->expression(0));
    if (a->FOR() != nullptr) {
      const Ident variable = ident(a->WORD().back());
      const NodeId over = expression(a->expression(1));
      argument.value = add(span(a), Comprehension{argument.value, variable, over, false},
                           {argument.value, over});
    }
    if (a->ASSIGN() != nullptr) argument.name = ident(a->WORD(0));
    children.push_back(argument.value);
    if (named && !argument.name) {
      auto& d = sink_.emit(Kind::PositionalAfterNamed, span(a),
                           "an argument without a name after one with a name");
      d.help = "give it its name, or put it before the named ones";
    }
    named = named || argument.name.has_value();
    out.arguments.push_back(std::move(argument));
  }
  return add_over(whole, std::move(out), children);
}

NodeId Builder::atom(P::AtomContext* c) {
  const Span whole = span(c);
  if (c->NUMBER() != nullptr) return number(whole);
  if (c->STRING() != nullptr) return add(whole, String{string_value(whole)});
  if (c->TRUE() != nullptr) return add(whole, Boolean{true});
  if (c->FALSE() != nullptr) return add(whole, Boolean{false});
  if (c->WORD() != nullptr) {
    const std::string text(list_.sources->text(whole));
    return add(whole, Name{text == "∞" ? "inf" : text});
  }
  if (c->list() != nullptr) return list(c->list());
  if (c->braces() != nullptr) return braces(c->braces());
  return expression(c->expression());
}

NodeId Builder::number(Span whole) {
  std::string written(list_.sources->text(whole)), text = plain_digits(written);
  std::erase(text, '_');
  const double value = std::strtod(text.c_str(), nullptr);
  return add(whole, Number{value, std::move(text), std::move(written)});
}

NodeId Builder::list(P::ListContext* c) {
  if (c->FOR() != nullptr) {
    const NodeId body = expression(c->expression(0)), over = expression(c->expression(1));
    return add(span(c), Comprehension{body, ident(c->WORD()), over, true}, {body, over});
  }
  ListLiteral out{expressions(c->expression())};
  const auto children = out.items;
  return add_over(span(c), std::move(out), children);
}

NodeId Builder::braces(P::BracesContext* c) {
  if (c->fields() != nullptr) {
    Record out;
    std::vector<NodeId> children;
    for (auto* f : c->fields()->field()) {
      children.push_back(expression(f->expression()));
      out.fields.push_back({ident(f->WORD()), children.back()});
    }
    return add_over(span(c), std::move(out), children);
  }
  SetLiteral out;
  if (c->elements() != nullptr) out.items = expressions(c->elements()->expression());
  const auto children = out.items;
  return add_over(span(c), std::move(out), children);
}

std::vector<NodeId> Builder::expressions(const std::vector<P::ExpressionContext*>& parts) {
  std::vector<NodeId> out;
  out.reserve(parts.size());
  for (auto* part : parts) out.push_back(expression(part));
  return out;
}

int Builder::check_depth(int depth, Span span) {
  if (depth <= kMaxDepth) return depth;
  if (!too_deep_) {
    auto& d = sink_.emit(Kind::NestingTooDeep, span,
                         "this expression has more than " + std::to_string(kMaxDepth) +
                             " operations inside each other");
    d.help = "name the inner parts with 'let'";
  }
  too_deep_ = true;
  return depth;
}

}  // namespace hopf::syntax
