// Minimisers of one block of coupled control components, one file a form.
//
// A block's objective is the part of the Hamiltonian that depends on it, sign-turned for a
// disturbance so that every rule minimises. Each rule returns nothing where it does not apply; the
// first that applies gives the law.
#pragma once

#include "derive/internal.hpp"

namespace hopf::derive {

using Form = ControlLaw::Form;

struct Block {
  std::vector<int> components;    // into Model::controls
  std::vector<SymbolId> symbols;  // their symbols
  std::vector<double> lo, hi;     // bounds; of a ball with one component, [-r, r]
  const model::ControlGroup*
      group;  // the only group when the set is no product; else that of the first
  ExprId objective;
};

struct BlockLaw {
  Form form;
  std::vector<ExprId> law;
  std::vector<ExprId> stationary;  // before clamping; entries may be invalid
  std::vector<ExprId> shown;       // as it is read; empty where the law is read as it is
  ExprId exists;                   // where the minimum is attained; invalid for everywhere
  ExprId minimum;                  // of the objective, where it has no cases
  ExprId switching;
  std::string reason;
  /// Set where no minimum exists: the kind and words of the error.
  std::optional<diagnostics::Kind> fault;
};

/// What a block could not be given, so that the numerical fallback can say why.
using Attempt = std::optional<BlockLaw>;

// Each applies to blocks of the form it names (see docs/derivations.md, section 3).
Attempt constant_law(Context&, const Block&);
Attempt linear_law(Context&, const Block&);
Attempt quadratic_law(Context&, const Block&);
Attempt heading_law(Context&, const Block&);
Attempt convex_law(Context&, const Block&);
Attempt kinked_law(Context&, const Block&);
Attempt simplex_law(Context&, const Block&);
Attempt ball_law(Context&, const Block&);

/// The point of the simplex nearest to y, for a few components.
std::vector<ExprId> project_to_simplex(expr::Store&, const std::vector<ExprId>& y);

bool is_product_set(const Block&);
/// The point of [lo, hi] nearest to zero: what a tie settles on.
double nearest_zero(double lo, double hi);
/// 1/2 q u^2 + b u at u, as an expression.
ExprId quadratic_value(expr::Store&, ExprId q, ExprId b, ExprId u);
/// argmin of 1/2 q u^2 + b u over [lo, hi], for any sign of q.
ExprId interval_quadratic(Context&, ExprId q, ExprId b, double lo, double hi);
/// Bound as an expression, +-1e30 for an infinite end.
ExprId bound(expr::Store&, double value);
std::string component_name(const Context&, const Block&, std::size_t i);
/// "[-2, 2]" or "the whole line".
std::string interval_text(double lo, double hi);
/// Whether the user sees the block maximised: a control of a reward, or a disturbance of a cost.
bool maximises(const Context&, const Block&);
/// A coefficient of the block's objective with the sign that the user sees.
ExprId coefficient_in_user_terms(const Context&, const Block&, ExprId e);

}  // namespace hopf::derive
