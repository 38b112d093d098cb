// What the passes of model::check share: the model that grows, the names, the units, and the sink.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.hpp"
#include "model/check.hpp"
#include "model/value.hpp"
#include "syntax/ast.hpp"

namespace hopf::model {

using diagnostics::Diagnostic;
using diagnostics::Kind;
using syntax::NodeId;

enum class Role : std::uint8_t {
  Param,
  State,
  Control,
  Disturbance,
  Noise,
  Jump,
  Mark,
  Regime,
  Density,
  Let,
  Time
};
/// "parameter", "state", ...: the word for it in messages.
std::string role_name(Role);

/// One declared name.
struct Entry {
  enum class Status : std::uint8_t { Pending, Active, Done };

  Role role = Role::Param;
  std::string name;
  Span span;
  const syntax::Declaration* declaration = nullptr;
  Status status = Status::Pending;
  Value value;                   // how the name reads in an expression, in SI
  std::optional<Value> in_cost;  // Let: its value under the rules of cost terms
  double scale = 1;              // declared unit -> SI
  UnitTerm unit;                 // of the declared thing
  std::optional<Unit> declared;  // as annotated
  int first = 0, count = 0;      // into Model::params / states / controls / noises / jumps
  bool used = false;
};

/// Where an expression is read: its syntax tree, its local names, and what is allowed in it.
struct Frame {
  const syntax::Ast* ast = nullptr;
  std::map<std::string, Value> locals;
  bool model_names = true;     // a function's body sees its parameters only
  bool differentials = false;  // dt, dw and dN may appear
  bool cost = false;           // numeric weights take the unit that makes a cost
};

struct Context {
  const syntax::Ast* ast;
  const Scope* scope;
  diagnostics::Sink* sink;
  const std::vector<Override>* overrides = nullptr;
  const syntax::ModelItem* item = nullptr;  // null for a policy
  Model model;
  std::map<std::string, Entry> names;
  std::vector<std::string> order;  // names as declared
  UnitSystem units;
  bool check_units = false;
  std::string currency;               // the one currency that the model names
  UnitTerm cost;                      // the unit of V
  std::vector<std::string> inlining;  // functions that are being inlined, outermost first
  std::string defining;               // the definition that is being evaluated
  int depth = 0;                      // of nested evaluation
  std::size_t steps = 0;              // evaluated nodes
  expr::Binding bindings;             // scalar parameters
  std::size_t errors_before = 0;

  expr::Store& store() { return *model.store; }
};

/// Emits and returns the diagnostic, to which labels and help can be added.
Diagnostic& report(Context&, Kind, Span, std::string message);
/// Emits and gives the value that silences what follows from it.
Value poison(Context&, Kind, Span, std::string message, std::string help = "");

Entry* find(Context&, const std::string& name);
/// May a declaration or statement with a syntax error be what declares this name? Nothing is said
/// of such a name, nor of what the model lacks (`incomplete`).
bool left_out(const Context&, const std::string& name);
bool incomplete(const Context&);
/// All names an expression of the model may use.
std::vector<std::string> visible_names(Context&, const Frame&);

/// The number that an expression of parameters alone stands for.
std::optional<double> constant(Context&, ExprId);
ExprId scaled(Context&, ExprId, double factor);

// ---- units: no-ops while the model declares none

UnitTerm seconds(Rational exponent);
UnitTerm declared_unit(Context&, Entry&, const std::optional<syntax::UnitExpr>&);
/// "kg*m/s"; open unknowns appear as "[name]".
std::string describe(Context&, const UnitTerm&);
/// Labels that say where the unit of an unannotated name was inferred.
void explain_inference(Context&, Diagnostic&, const UnitTerm&);
/// a and b have one unit, or a UnitMismatch that says what `operation` does not join.
bool require_same(Context&, const Value& a, const Value& b, const std::string& operation, Span);
bool require_dimensionless(Context&, const Value&, const std::string& what);
/// The value has this unit, or a diagnostic of the given kind.
bool require_unit(Context&, const Value&, const UnitTerm&, Kind, const std::string& what);

}  // namespace hopf::model
