// The typed model: every name resolved, every shape and unit checked, vectors and matrices taken
// apart into scalar components, every body an ExprId over the symbols listed here.
//
// Scalar parameters stay symbols (derivations show `g/l`), with their values in `Param::value`;
// entries of vector and matrix parameters are replaced by their exact values. `reward` and every
// other amount of a reward model (terminal, pay, stop) are stored negated, as costs, with `reward =
// true`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "expr/expr.hpp"
#include "model/units.hpp"
#include "source/source.hpp"
#include "syntax/ast.hpp"

namespace hopf::model {

using expr::ExprId;
using expr::SymbolId;
using source::Span;

struct Param {
  std::string name;
  SymbolId symbol;  // scalars only
  Unit unit;
  std::vector<int> shape;     // {} scalar, {n} vector, {n, m} matrix
  std::vector<double> value;  // row-major
  Span span;
};

using Boundary = syntax::BoundaryKind;

/// One scalar state component.
struct State {
  std::string name;  // "theta", or "x[2]"
  std::string base;  // "x"
  SymbolId symbol;
  Unit unit;
  std::optional<double> lo, hi;  // the domain; both or neither
  Boundary boundary =
      Boundary::Default;  // resolved by model::check, never Default where a domain is given
  bool boundary_defaulted = false;
  ExprId absorb_value;  // with Absorb: the Dirichlet cost, over the states and t
  Span span;            // the declaration
  Span dynamics_span;
};

/// A declared control or disturbance (possibly a vector): the set applies to the whole of it.
struct ControlGroup {
  enum class Set : std::uint8_t { Free, Interval, Finite, Ball, Simplex };
  std::string name;
  bool disturbance = false;
  Set set = Set::Free;
  std::vector<int> components;              // into Model::controls
  std::vector<std::vector<double>> values;  // Finite: each value, one entry per component
  double radius = 0;                        // Ball
  Span span;
};

/// One scalar control component. Bounds are +-inf when free; they may depend on parameters only.
struct Control {
  std::string name;  // "tau", "u[1]"
  SymbolId symbol;
  Unit unit;
  double lo, hi;
  int group;  // into Model::groups
};

struct Noise {
  std::string name;  // "w", "w[2]"
  Span span;
};

struct Jump {
  std::string name;
  ExprId rate;
  Span span;
};

struct Mark {
  std::string name;
  SymbolId symbol;
  std::string family;  // "normal", ...
  std::vector<double> parameters;
};

struct Regime {
  std::string name;
  SymbolId symbol;
  int count = 1;              // values 1..count
  std::vector<ExprId> rates;  // generator matrix, row-major count*count, rows sum to zero
  Span span;
};

/// The law of the state at an end of the horizon.
struct Endpoint {
  std::string family;                    // "gaussian", "samples", ...
  std::vector<double> mean, covariance;  // gaussian
  Span span;
};

struct Let {
  std::string name;
  ExprId value;
};

/// A running or terminal amount with the place it came from.
struct Amount {
  ExprId value;
  Span span;
};

/// `until COND pay expr`; condition is 0/1 valued.
struct Stop {
  ExprId condition;
  std::optional<Amount> pay;
  Span span;
};

struct Model {
  std::string name;
  std::string doc;
  Span span;
  std::shared_ptr<expr::Store> store;

  std::vector<Param> params;
  std::vector<State> states;
  std::vector<ControlGroup> groups;
  std::vector<Control> controls;
  std::vector<Noise> noises;
  std::vector<double> correlation;  // K*K, identity unless declared
  std::vector<Jump> jumps;
  std::vector<Mark> marks;
  std::optional<Regime> regime;
  std::optional<std::string> density;
  std::vector<Let> lets;  // already inlined everywhere; kept for printing
  SymbolId time;          // `t`

  // Ito form, always: Stratonovich drifts have been corrected. dx_i = drift[i] dt + sum_k
  // diffusion[i*K+k] dw_k + ...
  std::vector<ExprId> drift;
  std::vector<ExprId> diffusion;  // n*K, row-major
  std::vector<ExprId> jump_size;  // n*J, row-major

  Amount lagrangian;      // cost; zero when absent
  bool has_cost = false;  // a lagrangian, reward, terminal, pay or stop was given
  bool reward = false;
  std::optional<Amount> terminal;
  std::optional<double> horizon;
  std::optional<Amount> discount;  // expression (usually a constant or parameter)
  std::optional<Stop> until;
  std::optional<Amount> stop_pays;
  std::vector<Amount> constraints;  // `subject to`, 0/1 valued conditions
  bool average = false;
  std::optional<Endpoint> initial, final_;

  bool has_units = false;  // some declaration carries a unit, so units were checked
  Unit cost_unit;          // unit of V when it could be inferred
  std::size_t dimension() const { return states.size(); }
  std::size_t noise_count() const { return noises.size(); }
  /// Parameter symbols with their values, for numeric evaluation.
  expr::Binding bindings() const;
  expr::Substitution parameter_values() const;
};

}  // namespace hopf::model
