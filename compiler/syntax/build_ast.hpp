// The builder of the AST: one function a grammar rule. Recursion follows brackets and conditions
// only, whose depth pair_brackets has bounded; everything else is a loop.
#pragma once

#include <unordered_map>

#include "syntax/antlr.hpp"

namespace hopf::syntax {

class Builder {
 public:
  Builder(const TokenList& list, diagnostics::Sink& sink) : list_(list), sink_(sink) {}

  Ast build(grammar::HopfParser::FileContext*);

 private:
  using P = grammar::HopfParser;
  using Tree = antlr4::ParserRuleContext;
  using Terminal = antlr4::tree::TerminalNode;

  // Statements and declarations (build_ast.cpp).
  std::vector<Item> items(const std::vector<P::ItemContext*>&);
  std::optional<Item> item(P::ItemContext*);
  const Name* called_name(const Item&) const;
  void check_side_by_side(const Item& before, std::size_t token, const Item& now);
  ImportItem import_item(P::ImportItemContext*);
  FunctionItem function_item(P::FunctionItemContext*);
  /// Without a syntax error, as far as the parser saw.
  static bool is_read(const Tree* c) {
    return c->exception == nullptr && !c->children.empty() && c->stop != nullptr;
  }
  bool is_read(P::ItemContext*) const;
  bool is_doubtful(const Tree*) const;
  ModelItem model_item(P::ModelItemContext*);
  /// The words between two tokens that no part among `read` holds.
  LeftOut left_out(std::size_t first, std::size_t last, const std::vector<const Tree*>& read) const;
  ForItem for_item(P::ForItemContext*);
  void declaration(P::DeclarationContext*, std::vector<Declaration>&);
  template <class Items, class Make>
  void several(const Items&, Tree* whole, std::vector<Declaration>&, Make);
  ParamDecl param(P::ParamItemContext*);
  StateDecl state(P::StateItemContext*);
  ControlDecl control(P::ControlItemContext*, bool disturbance);
  NoiseDecl noise(P::NoiseItemContext*);
  DynamicsDecl dynamics(P::DynamicsDeclContext*);
  bool simple_declaration(P::DeclarationContext*, Declaration&);
  std::optional<NodeId> count(P::CountContext*);
  std::optional<UnitExpr> unit(P::UnitContext*);
  void unit_factors(P::UnitContext*, int numerator, int denominator, std::vector<UnitFactor>&);
  void unit_factor(P::UnitFactorContext*, int numerator, int denominator, std::vector<UnitFactor>&);
  bool unit_exponent(P::UnitExponentContext*, int& numerator, int& denominator);

  // Expressions (build_expression.cpp).
  NodeId expression(P::ExpressionContext*);
  NodeId disjunction(P::DisjunctionContext*);
  NodeId conjunction(P::ConjunctionContext*);
  NodeId negation(P::NegationContext*);
  NodeId comparison(P::ComparisonContext*);
  NodeId range(P::RangeContext*);
  NodeId sum(P::SumContext*);
  NodeId product(P::ProductContext*);
  NodeId power(P::PowerContext*);
  NodeId postfix(P::PostfixContext*);
  NodeId suffix(P::SuffixContext*, NodeId base, Span span);
  NodeId call(P::CallSuffixContext*, NodeId callee, Span span);
  NodeId atom(P::AtomContext*);
  NodeId number(Span);
  NodeId list(P::ListContext*);
  NodeId braces(P::BracesContext*);
  std::vector<NodeId> expressions(const std::vector<P::ExpressionContext*>&);

  template <class T>
  NodeId add(Span span, T value, std::initializer_list<NodeId> children = {}) {
    return add_over(span, std::move(value), children.begin(), children.end());
  }
  template <class T>
  NodeId add_over(Span span, T value, const std::vector<NodeId>& children) {
    return add_over(span, std::move(value), children.data(), children.data() + children.size());
  }
  template <class T>
  NodeId add_over(Span span, T value, const NodeId* first, const NodeId* last) {
    int depth = 0;
    for (; first != last; ++first) depth = std::max(depth, depths_[first->index()] + 1);
    depths_.push_back(check_depth(depth, span));
    return ast_.nodes.add(Node{span, std::move(value)});
  }
  int check_depth(int depth, Span span);

  Span span(const Tree*) const;
  Span span(Terminal* terminal) const { return list_.span(token(terminal)); }
  const Token& token(Terminal* terminal) const {
    return list_.tokens[terminal->getSymbol()->getTokenIndex()];
  }
  Tok type(antlr4::tree::ParseTree* child) const;
  Ident ident(Terminal* terminal) const {
    return {std::string(list_.text(token(terminal))), span(terminal)};
  }
  std::string string_value(Span) const;
  std::string doc_before(std::uint32_t begin);

  const TokenList& list_;
  diagnostics::Sink& sink_;
  Ast ast_;
  std::vector<int> depths_;  // of each node
  bool too_deep_ = false;
  std::vector<bool> used_comments_;  // doc comments that found their declaration
  std::size_t next_comment_ = 0;
};

}  // namespace hopf::syntax
