// What the compiler derives from a model, each equation with the steps that led to it.
//
// Symbols used in equations: "V" the value, "D(V,x)" its partial derivative, "D(V,x,y)" second
// derivatives, "D(V,t)", "p[x]" the costate of state x, "m" the density, "V[2]" the value in a
// regime; another letter where the model has taken one (names.hpp). The printers of expr/ show
// "D(V,x)" as the Unicode or LaTeX partial derivative.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.hpp"
#include "model/model.hpp"

namespace hopf::derive {

using expr::ExprId;
using expr::SymbolId;

/// A term `coefficient dw` of a stochastic differential.
struct NoiseTerm {
  ExprId coefficient;
  std::string noise;
};

/// `left = right`, printed in any style. `over` names the control groups whose infimum (supremum,
/// for a disturbance or a reward) stands before the right side; `where` is a condition in words,
/// `condition` in symbols.
struct Equation {
  /// How the left side is written: x = .., x' = .., dx = .. dt + noise, u* = .., generator applied
  /// to phi = ..
  enum class Form : std::uint8_t { Equals, Rate, Differential, Optimal, Generator };
  ExprId left, right;
  Form form = Form::Equals;
  std::vector<int> over;
  std::string where;
  ExprId condition;
  std::vector<NoiseTerm> noise;
};

/// A numeric matrix shown under a step, row-major.
struct Matrix {
  std::string name;
  int rows = 0, columns = 0;
  std::vector<double> entries;
};

/// A named result: a word on each step, its equations, and the source of its formula.
struct Step {
  std::string title;   // "Hamiltonian"
  std::string words;   // one or two sentences: what was done and why it is allowed
  std::string source;  // "Fleming & Soner 2006, IV.3"
  std::vector<Equation> equations;
  std::string field;               // "hamiltonian": what `.hamiltonian` and `find` ask for
  std::vector<Matrix> matrices;    // numeric data of the step, where it is constant
  std::vector<std::string> notes;  // one sentence a line: conditions, ties, boundaries
};

/// How one control group is minimised in the Hamiltonian.
struct ControlLaw {
  enum class Form : std::uint8_t {
    None,
    Quadratic,
    Convex,
    BangBang,
    Finite,
    Ball,
    Simplex,
    Heading,
    Numerical
  };
  int group = -1;
  Form form = Form::Numerical;
  std::string reason;  // words: "quadratic in tau with curvature 0.02, clamped to [-2, 2]"
  /// One per component, over states, t, parameters, D(V,.) and D(V,.,.): the exact minimiser over
  /// the set. Total: finite for every finite value of its symbols. An unbounded end stands as 1e30.
  std::vector<ExprId> law;
  /// The stationary point before clamping, for display; invalid entries where there is none.
  std::vector<ExprId> stationary;
  /// The law as it is read: without the guards that keep it finite outside of `exists`.
  std::vector<ExprId> shown;
  /// Where the minimum is attained, a condition; invalid where that is everywhere.
  ExprId exists;
  /// One per component, BangBang: the coefficient whose sign decides, in the user's terms.
  std::vector<ExprId> switching;
};

struct Equations {
  /// Gradient and Hessian symbols by state index: p[i] is "D(V,x_i)", M[i*n+j] is "D(V,x_i,x_j)"
  /// (symmetric: one symbol).
  SymbolId V, V_t;
  std::vector<SymbolId> p, M;
  std::vector<ExprId> covariance;  // a = sigma C sigma', n*n
  ExprId hamiltonian_integrand;    // L + p.f + 1/2 tr(a M), before minimisation
  std::vector<ControlLaw> laws;  // one per control group, in the order in which they are eliminated
  ExprId hamiltonian;            // minimised, when every law is closed; invalid otherwise
  ExprId hamiltonian_shown;      // the same where it needs no cases, as it is read
  bool closed_form = false;

  // LQ structure of one regime: dx = (A x + B u + c) dt + (S + sum_i C_i x_i + sum_j D_j u_j) dw, L
  // = 1/2 z'Wz + w'z + w0 with z = (x, u).
  struct LinearQuadratic {
    std::vector<double> A, B, c;        // n*n, n*m, n
    std::vector<double> S, C, D;        // n*K, n*(n*K), m*(n*K); C and D empty where they vanish
    std::vector<double> Q, N, R, q, r;  // L = 1/2 x'Qx + x'N u + 1/2 u'R u + q'x + r'u + constant
    double constant = 0;
    std::vector<double> P_T, p_T;
    double c_T = 0;             // terminal 1/2 x'P_T x + p_T'x + c_T
    double rho = 0;             // the discount rate
    std::vector<double> rates;  // with regimes: of switching to each, and minus their sum to itself
    /// Coefficients that are functions of t, with a horizon: the entry stands as 0 in the data
    /// above.
    struct Varying {
      std::vector<double> LinearQuadratic::* part = nullptr;  // null with a `number`
      double LinearQuadratic::* number = nullptr;
      std::size_t entry = 0;
      ExprId value;
    };
    std::vector<Varying> varying;
    bool time_varying = false;
    bool unconstrained = true;  // every control set is the whole space
  };
  std::vector<LinearQuadratic> lq;  // one a regime; empty where the problem is not LQ
  std::string lq_refusal;           // why not LQ, in words: every reason
  /// Linear-quadratic without a bound that may bind: V is quadratic.
  bool has_riccati() const { return !lq.empty() && lq.front().unconstrained; }
  /// A coefficient of the linear-quadratic problem is a function of t.
  bool lq_varies() const;
  bool hopf_cole = false;
  std::string hopf_cole_refusal;

  std::vector<Step> steps;                                  // everything `derive` prints, in order
  std::vector<std::pair<std::string, std::string>> absent;  // fields without a step, and why
  const Step* find(
      const std::string& field) const;  // by field name: "hamiltonian", "control_law", "hjb", ...
  /// Why there is no step for a field, in words; empty where there is one.
  std::string why_absent(const std::string& field) const;
};

/// What solving a model needs: all but the steps that are read. Errors (unbounded Hamiltonian, no
/// discount or horizon) go to the sink.
std::optional<Equations> structure(const model::Model&, diagnostics::Sink&);
/// The steps of a structure, where they are not there yet: large models take longer to write than
/// to solve.
void write_steps(const model::Model&, Equations&);
/// Everything that follows from a model: its structure and the steps.
std::optional<Equations> equations(const model::Model&, diagnostics::Sink&);

/// The data of a linear-quadratic problem at time t, as numbers.
Equations::LinearQuadratic linear_quadratic_at(const model::Model&,
                                               const Equations::LinearQuadratic&, double t);

/// The discrete-time Bellman equation for a step dt, `.bellman(dt)`.
Step bellman(const model::Model&, const Equations&, double dt);

/// P of the discrete-time Bellman equation of an LQ problem, V = 1/2 x'P x + ..., for the
/// transition that is exact under a control held over the step (zero-order hold) and the running
/// cost L dt taken at the start of the step. Nothing where the problem is not LQ, has
/// multiplicative noise or a horizon, or no stabilising solution was found.
std::optional<std::vector<double>> bellman_riccati(const model::Model&, const Equations&,
                                                   double dt);

/// Text of all steps, or of one field, in the style asked for.
std::string render(const model::Model&, const Equations&, expr::Style,
                   const std::string& field = "");
/// Text of one step, e.g. of `bellman`.
std::string render(const model::Model&, const Step&, expr::Style);

}  // namespace hopf::derive
