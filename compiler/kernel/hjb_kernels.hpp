// The discrete HJB equation as point kernels: what runtime/value/point_problem.hpp lays out, as
// kernel Specs.
//
// At a node with spacings h-, h+ on an axis, drift f and diffusion a = a_kk, the operator is
//   w- (V(-) - V) + w+ (V(+) - V),   w+ = (a + f h-)/(h+ (h+ + h-)),  w- = (a - f h+)/(h- (h+ +
//   h-)),
// second order, as long as both weights are nonnegative (cell Peclet number at most 1); beyond that
// upwind, w+ = max(f, 0)/h+, w- = max(-f, 0)/h-, to which the first form joins continuously (the
// hybrid scheme, Spalding 1972; Patankar 1980, 5.2). So every row is monotone; with a = 0 the
// scheme is Godunov's upwind scheme.
//
// The minimum over the controls is taken of this discrete expression itself: candidates are the
// closed-form law at backward, central and forward differences, controls where a weight's formula
// switches (f = 0, or f = +-a/h), where noise vanishes, all values of a finite set, and the old
// control. Each is scored with its own weights.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "expr/expr.hpp"
#include "kernel/kernel.hpp"

namespace hopf::kernel {

struct HjbAxis {
  expr::SymbolId symbol;
  bool constrain = false;     // no control may leave where an end's flag says so
  bool held = false;          // the same while the iteration starts
  double length = 1;          // of the domain: the scale of "zero drift"
  expr::ExprId absorb_value;  // valid with an absorbing boundary
};

struct HjbControl {
  expr::SymbolId symbol;
  double lo = -std::numeric_limits<double>::infinity();
  double hi = std::numeric_limits<double>::infinity();
  bool interval = true;  // a free component or one of an interval: may be set by itself
};

/// A closed-form law: one expression per control of the group, over states, t, D(V,.) and other
/// groups' controls.
struct HjbLaw {
  std::vector<int> controls;
  std::vector<expr::ExprId> law;
};

struct HjbFiniteSet {
  std::vector<int> controls;
  std::vector<std::vector<double>> values;
};

/// A ball over which the kernels find the minimum themselves (kernel/ball_candidates.hpp).
struct HjbBall {
  std::vector<int> controls;
  double radius = 1;
};

/// All expressions have their parameters substituted by numbers.
struct HjbInput {
  std::string name;
  expr::SymbolId time;
  std::vector<HjbAxis> axes;
  std::vector<HjbControl> controls;
  std::vector<HjbLaw> laws;
  std::vector<HjbFiniteSet> finite;
  std::vector<HjbBall> balls;
  std::vector<expr::SymbolId> p, M;      // gradient, Hessian (n*n)
  std::vector<expr::ExprId> drift;       // n
  std::vector<expr::ExprId> diffusion;   // n*K
  std::vector<expr::ExprId> covariance;  // n*n
  expr::ExprId cost, discount, terminal;
  expr::ExprId until, pay, stop;  // each may be invalid
  std::optional<expr::SymbolId> regime;
  int regimes = 1;
  std::vector<expr::ExprId> rates;         // regimes*regimes
  std::vector<std::pair<int, int>> cross;  // pairs whose covariance depends on a control or on time
  bool given_diffusion = false;            // the runtime splits the covariance; kernels read a_kk
  bool cut = false;                        // spacings end at a target's edge: inputs of every node
  bool searched = false;                   // some control has no law: the runtime searches for it
  std::vector<expr::ExprId> policy;        // a given policy: no minimisation; one per control
  bool tabulate = true;                    // what depends on one axis only is a table of that axis
};

struct HjbKernels {
  std::vector<int> table_counts;                        // per axis
  std::vector<Spec> tables;                             // per axis; no outputs where the count is 0
  std::vector<Spec> improve, apply, score, conditions;  // per regime
  std::vector<Spec> held_improve, held_score;  // with the ends held that are; empty where none is
  std::optional<Spec> covariance;
};

HjbKernels hjb_kernels(expr::Store&, const HjbInput&);

/// Subexpressions of `roots` that depend on one axis only and hold a transcendental function,
/// replaced by table symbols: sin(theta) is a row, not a field. `tables[k]` receives what axis k
/// tabulates, with its symbols.
struct AxisTables {
  std::vector<std::vector<std::pair<expr::SymbolId, expr::ExprId>>> tables;
};
std::vector<expr::ExprId> hoist_axis_tables(expr::Store&, const std::vector<expr::SymbolId>& axes,
                                            const std::vector<expr::ExprId>& roots, AxisTables&);

}  // namespace hopf::kernel
