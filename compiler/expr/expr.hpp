// The symbolic DAG: hash-consed, addressed by ids, canonical by construction. Equality is id
// equality.
//
// Every constructor returns the canonical form: sums and products are flat, sorted, with exact
// rational coefficients collected (x + x -> 2*x, x*x -> x^2), a - b is a + (-1)*b, a/b is a*b^-1,
// sqrt(a) is a^(1/2). Nothing here recurses on the depth of an expression.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.hpp"

namespace hopf::expr {

using ExprId = base::Id<struct ExprTag>;
using SymbolId = base::Id<struct SymbolTag>;

/// One enumerator a row of ops.def.
enum class Op : std::uint8_t {
#define HOPF_OP(id, ...) id,
#include "expr/ops.def"
#undef HOPF_OP
};

/// Exact rational; arithmetic that would overflow 64 bits falls back to a floating constant.
struct Rational {
  std::int64_t num = 0;
  std::int64_t den = 1;  // > 0, lowest terms
  bool operator==(const Rational&) const = default;
  double value() const { return static_cast<double>(num) / static_cast<double>(den); }
};

struct Interval {
  double lo, hi;  // [-inf, inf] when nothing is known
  bool operator==(const Interval&) const = default;
};

class Store {
 public:
  Store();
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // ---- leaves
  ExprId integer(std::int64_t n);
  ExprId rational(std::int64_t num, std::int64_t den);
  /// Exact when `value` is a short decimal or integer (0.1 is 1/10), else a floating constant.
  ExprId number(double value);
  /// Exact decimal from source text such as "1.5e-3".
  ExprId decimal(std::string_view text);
  ExprId pi();
  ExprId infinity();
  /// The symbol with this name, made when new. Names are unique in a store: the same name is the
  /// same symbol. Components are written "x[2]" or "A[1,2]"; derived ones e.g. "V", "V_theta",
  /// "p_x".
  SymbolId symbol_id(std::string_view name);
  ExprId symbol(std::string_view name);
  ExprId symbol(SymbolId);
  const std::string& name(SymbolId) const;
  std::size_t symbol_count() const;

  // ---- canonicalising constructors
  ExprId apply(Op op, std::span<const ExprId> args);
  ExprId apply(Op op, std::initializer_list<ExprId> args) {
    return apply(op, std::span(args.begin(), args.size()));
  }
  ExprId add(std::span<const ExprId> terms);
  ExprId add(ExprId a, ExprId b);
  ExprId sub(ExprId a, ExprId b);
  ExprId neg(ExprId a);
  ExprId mul(std::span<const ExprId> factors);
  ExprId mul(ExprId a, ExprId b);
  ExprId div(ExprId a, ExprId b);
  ExprId pow(ExprId base, ExprId exponent);
  ExprId sqrt(ExprId a);
  ExprId min(ExprId a, ExprId b);
  ExprId max(ExprId a, ExprId b);
  ExprId select(ExprId condition, ExprId then, ExprId otherwise);

  // ---- inspection
  Op op(ExprId) const;
  std::span<const ExprId> args(ExprId) const;            // stays valid as long as the store
  std::optional<Rational> rational_value(ExprId) const;  // exact constants only
  /// Value of a constant leaf (Number, Float, Pi, Infinity); constant trees are not folded.
  std::optional<double> constant_value(ExprId) const;
  SymbolId symbol_of(ExprId) const;  // op == Symbol
  /// The symbol with this name if there is one, without making it.
  std::optional<SymbolId> find_symbol(std::string_view name) const;
  /// States that a symbol is positive wherever it is used (a state in [0.05, 20]), so that
  /// sqrt(x^2) is x and (c*x)^a splits. Say it before building expressions with the symbol:
  /// existing ones keep their form.
  void assume_positive(SymbolId);
  /// States that a symbol is the unknown of an equation (V, a costate, a density), which printing
  /// shows after its coefficients.
  void mark_unknown(SymbolId);
  bool is_unknown(SymbolId) const;
  bool is_nonnegative(ExprId) const;  // for all values of the symbols, by its structure
  bool is_positive(ExprId) const;
  bool is_zero(ExprId) const;
  bool is_one(ExprId) const;
  std::size_t size() const;

  struct Impl;  // opaque outside of expr/

 private:
  friend class StoreAccess;  // passes of expr/ reach nodes and caches through it
  std::unique_ptr<Impl> impl_;
};

// ---- passes (one .cpp each)

/// d(e)/d(x). Results are cached in the store.
ExprId differentiate(Store&, ExprId e, SymbolId x);

using Substitution = std::unordered_map<SymbolId, ExprId>;
/// Simultaneous replacement of symbols; the result is canonical.
ExprId substitute(Store&, ExprId e, const Substitution&);

/// Expands products and small integer powers over sums (a*(b + c) -> a*b + a*c), collecting like
/// terms.
ExprId expand(Store&, ExprId e);
/// A form that is nice to read: common factors out, expanded or not, whichever is shorter.
ExprId simplify(Store&, ExprId e);

/// All symbols that occur, in order of their ids.
std::vector<SymbolId> free_symbols(const Store&, ExprId e);
bool depends_on(const Store&, ExprId e, SymbolId x);

/// IEEE evaluation by the reference evaluators of ops.def. Symbols not bound are NaN.
using Binding = std::unordered_map<SymbolId, double>;
double evaluate(const Store&, ExprId e, const Binding&);

/// Sound enclosure of the range of e over a box; symbols not bound range over the reals.
using Box = std::unordered_map<SymbolId, Interval>;
Interval enclose(const Store&, ExprId e, const Box&);

// ---- structure

/// e = sum_i linear[i]*vars[i] + constant with coefficients free of vars; nullopt when not affine.
struct Affine {
  std::vector<ExprId> linear;
  ExprId constant;
};
std::optional<Affine> as_affine(Store&, ExprId e, std::span<const SymbolId> vars);

/// e = 1/2 vars' Q vars + linear' vars + constant (Q symmetric, row-major n*n); nullopt when not
/// quadratic.
struct Quadratic {
  std::vector<ExprId> Q;
  std::vector<ExprId> linear;
  ExprId constant;
};
std::optional<Quadratic> as_quadratic(Store&, ExprId e, std::span<const SymbolId> vars);

/// e = sum of groups, each depending on one variable only, plus rest free of vars; nullopt when not
/// separable.
struct Separable {
  std::vector<ExprId> parts;
  ExprId rest;
};
std::optional<Separable> as_separable(Store&, ExprId e, std::span<const SymbolId> vars);

/// Solves A x = b symbolically (A row-major n*n); nullopt when singular. For small n.
std::optional<std::vector<ExprId>> solve_linear(Store&, std::span<const ExprId> A,
                                                std::span<const ExprId> b);

// ---- printing

enum class Style : std::uint8_t { Hopf, Unicode, Latex };
/// The whole expression as one text. Where writing out shared parts would explode (more than about
/// a million nodes), the parts come first as abbreviations, a line `let r1 = ...` each.
std::string print(const Store&, ExprId e, Style style = Style::Hopf);

/// Text with shared subexpressions named: `lets` in order of dependence, then `body`.
struct Abbreviated {
  struct Let {
    std::string name, value;
  };
  std::vector<Let> lets;
  std::string body;
};
/// Names every subexpression that occurs more than once and has at least `min_nodes` nodes.
Abbreviated print_with_abbreviations(const Store&, ExprId e, Style style = Style::Hopf,
                                     std::size_t min_nodes = 6);
/// A name as mathematics: "theta" is θ, "x[2]" x₂, "D(V,theta)" ∂V/∂θ,
/// "d(q,t)" dq/dt, "p[theta]" p_θ.
std::string print_name(std::string_view name, Style style);

}  // namespace hopf::expr
