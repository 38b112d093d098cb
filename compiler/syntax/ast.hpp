// The abstract syntax tree: plain structs in variants, addressed by ids, each with its span.
// Chains of one precedence level are flat (a + b - c is one node), so depth is bounded by nesting.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/store.hpp"
#include "source/source.hpp"

namespace hopf::syntax {

using source::Span;
using NodeId = base::Id<struct NodeTag>;

/// A name where it is written.
struct Ident {
  std::string text;
  Span span;
};

// ---- expressions

enum class ChainOp : std::uint8_t { Add, Sub, Mul, Div, And, Or };
enum class CompareOp : std::uint8_t { Less, LessEqual, Greater, GreaterEqual, Equal, NotEqual };
enum class UnaryOp : std::uint8_t { Negate, Plus, Not };

/// `text` as written, without '_', so that exact decimals stay exact; `written` with it.
struct Number {
  double value;
  std::string text;
  std::string written = {};
};
struct String {
  std::string value;
};
struct Boolean {
  bool value;
};
/// Also the constants pi and inf.
struct Name {
  std::string text;
};
/// Left-associative, one level.
struct Chain {
  std::vector<NodeId> operands;
  std::vector<ChainOp> ops;
};
/// a < b <= c means both.
struct Compare {
  std::vector<NodeId> operands;
  std::vector<CompareOp> ops;
};
struct Unary {
  UnaryOp op;
  NodeId operand;
};
/// Right-associative.
struct Power {
  NodeId base;
  NodeId exponent;
};
struct If {
  NodeId condition, then, otherwise;
};
struct Argument {
  std::optional<Ident> name;
  NodeId value;
};
struct Call {
  NodeId callee;
  std::vector<Argument> arguments;
};
struct Index {
  NodeId base;
  std::vector<NodeId> indices;
};
struct Field {
  NodeId base;
  Ident name;
};
struct Range {
  NodeId first, last;
};
/// [a, b]; a matrix is a list of lists.
struct ListLiteral {
  std::vector<NodeId> items;
};
/// {v1, v2}.
struct SetLiteral {
  std::vector<NodeId> items;
};
struct RecordField {
  Ident name;
  NodeId value;
};
/// {k: 0.3, c: 0.06}.
struct Record {
  std::vector<RecordField> fields;
};
/// [body for i in range] when `list`, else the bare `body for i in range` inside a call's
/// parentheses.
struct Comprehension {
  NodeId body;
  Ident variable;
  NodeId range;
  bool list;
};

struct Node {
  Span span;
  std::variant<Number, String, Boolean, Name, Chain, Compare, Unary, Power, If, Call, Index, Field,
               Range, ListLiteral, SetLiteral, Record, Comprehension>
      value;
};

/// A unit as written: product of name^(p/q). `1` alone has no factors. `kg*m^2/s`.
struct UnitFactor {
  Ident name;
  int numerator = 1;
  int denominator = 1;
};
struct UnitExpr {
  Span span;
  std::vector<UnitFactor> factors;
};

// ---- model declarations

enum class BoundaryKind : std::uint8_t {
  Default,
  Periodic,
  Reflect,
  Absorb,
  Constrain,
  Extrapolate
};

/// The word that the user writes for it; "default" stands for none.
inline const char* word(BoundaryKind kind) {
  constexpr const char* kWords[] = {"default", "periodic",  "reflect",
                                    "absorb",  "constrain", "extrapolate"};
  return kWords[static_cast<int>(kind)];
}

/// One item of a `param` line.
struct ParamDecl {
  Ident name;
  std::optional<UnitExpr> unit;
  NodeId value;
};
struct StateDecl {
  Ident name;
  std::optional<NodeId> count;
  std::optional<UnitExpr> unit;
  std::optional<NodeId> domain;  // ListLiteral of two
  BoundaryKind boundary = BoundaryKind::Default;
  Span boundary_span;
  std::optional<NodeId> absorb_value;
};
/// `set` is a ListLiteral [a, b], a SetLiteral, a Call ball(r), a Name simplex, or absent.
struct ControlDecl {
  bool disturbance = false;
  Ident name;
  std::optional<NodeId> count;
  std::optional<UnitExpr> unit;
  std::optional<NodeId> set;
};
struct NoiseDecl {
  Ident name;
  std::optional<NodeId> count;
  std::optional<NodeId> correlation;
};
struct JumpDecl {
  Ident name;
  NodeId rate;
};
struct MarkDecl {
  Ident name;
  NodeId distribution;
};
struct RegimeDecl {
  Ident name;
  NodeId range;
  NodeId rates;
};
struct DensityDecl {
  Ident name;
};
struct LetDecl {
  Ident name;
  NodeId value;
};
/// `dx = ...`, `x' = ...`, `dx[i] = ... for i in 1..n`. `target` is the name as written ("dx" or
/// "x").
struct DynamicsDecl {
  bool stratonovich = false;
  bool prime = false;
  Ident target;
  std::vector<NodeId> indices;
  NodeId value;
  std::optional<Ident> loop_variable;
  std::optional<NodeId> loop_range;
};
enum class CostKind : std::uint8_t { Lagrangian, Reward, Terminal };
struct CostDecl {
  CostKind kind;
  NodeId value;
};
struct HorizonDecl {
  NodeId value;
};
struct DiscountDecl {
  NodeId value;
};
struct UntilDecl {
  NodeId condition;
  std::optional<NodeId> pay;
};
struct StopDecl {
  NodeId pays;
};
struct SubjectDecl {
  NodeId condition;
};
struct AverageDecl {};
struct EndpointDecl {
  bool final = false;
  NodeId distribution;
};

struct Declaration {
  Span span;
  std::string doc;         // text of the `///` lines before it
  bool continues = false;  // a later item of one line: `y` in `state x, y`
  std::variant<ParamDecl, StateDecl, ControlDecl, NoiseDecl, JumpDecl, MarkDecl, RegimeDecl,
               DensityDecl, LetDecl, DynamicsDecl, CostDecl, HorizonDecl, DiscountDecl, UntilDecl,
               StopDecl, SubjectDecl, AverageDecl, EndpointDecl>
      value;
};

// ---- file level

/// `std.units`, or "relative/file.hopf".
struct ImportItem {
  std::string path;
  bool quoted = false;
};
struct FunctionItem {
  Ident name;
  std::vector<Ident> parameters;
  NodeId body;
};
/// What was left out for a syntax error: the words in it may be names that it declares, so that
/// nothing is said of them.
struct LeftOut {
  bool any = false;
  std::vector<std::string> words = {};
};
struct ModelItem {
  Ident name;
  std::vector<Declaration> declarations;
  LeftOut left_out = {};
};
/// `V = solve(...)`.
struct AssignItem {
  Ident name;
  NodeId value;
};
/// `derive(pendulum)`.
struct ExpressionItem {
  NodeId value;
};
struct AssertItem {
  NodeId condition;
};
struct Item;
struct ForItem {
  Ident variable;
  NodeId list;
  std::vector<Item> body;
};

struct Item {
  Span span;
  std::string doc;
  std::variant<ImportItem, FunctionItem, ModelItem, AssignItem, ExpressionItem, AssertItem, ForItem>
      value;
};

struct Comment {
  Span span;
  std::string text;  // with its // or /* */
};

/// One parsed file (or one REPL input).
struct Ast {
  source::FileId file;
  base::Store<NodeId, Node> nodes;
  std::vector<Item> items;
  std::vector<Comment>
      comments;           // ordinary comments, in order; doc comments are on their declarations
  LeftOut left_out = {};  // of statements

  const Node& operator[](NodeId id) const { return nodes[id]; }
};

}  // namespace hopf::syntax
