// What the passes of derive/ share: the model, its store, a box of known ranges, and small algebra.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "derive/equations.hpp"
#include "derive/names.hpp"

namespace hopf::derive {

/// Stands for an unbounded end of a control set, so that every law is finite.
inline constexpr double kFar = 1e30;

/// Everything a pass needs. `box` holds parameters as points, states in their domains, controls in
/// their sets and time in the horizon, so that `enclose` can settle signs "with the values given".
struct Context {
  const model::Model& model;
  expr::Store& store;
  diagnostics::Sink& sink;
  expr::Box box;
  expr::Substitution values;  // parameter symbols -> numbers
  Names names;
  expr::Substitution flip;  // of a reward model: V and its derivatives -> their negatives
};

Context make_context(const model::Model&, diagnostics::Sink&);

// ---- signs

enum class Sign : std::uint8_t { Zero, Positive, NonNegative, Negative, NonPositive, Unknown };

/// The sign of e over the context's box with parameter values; sound, possibly Unknown.
Sign sign_of(const Context&, ExprId e);
inline bool is_nonnegative(Sign s) {
  return s == Sign::Positive || s == Sign::NonNegative || s == Sign::Zero;
}
inline bool is_nonpositive(Sign s) {
  return s == Sign::Negative || s == Sign::NonPositive || s == Sign::Zero;
}
/// The value of e when parameters and numbers are all it depends on.
std::optional<double> constant_of(const Context&, ExprId e);

// ---- algebra

bool depends_on_any(const expr::Store&, ExprId e, const std::vector<SymbolId>& symbols);
/// Top-level summands of e (e itself when it is no sum).
std::vector<ExprId> summands(const expr::Store&, ExprId e);
ExprId sum(expr::Store&, const std::vector<ExprId>& terms);
ExprId half(expr::Store&, ExprId e);
/// lo <= e <= hi, leaving out infinite ends.
ExprId clamp(expr::Store&, ExprId e, double lo, double hi);
ExprId less(expr::Store&, ExprId a, ExprId b);
/// `simplify` where the expression is small enough for it to pay, else e.
ExprId tidy(expr::Store&, ExprId e);
/// e with every occurrence of the node `from` replaced by `to`.
ExprId replace_node(expr::Store&, ExprId e, ExprId from, ExprId to);

std::vector<SymbolId> state_symbols(const model::Model&);
std::vector<SymbolId> control_symbols(const model::Model&);
/// Whether the control belongs to a disturbance, so that it maximises.
bool is_disturbance(const model::Model&, int control);
/// A symbol that the equations are about: printed after its coefficients.
SymbolId unknown(expr::Store&, const std::string& name);
/// Entry (k, l) of the correlation of the noises.
double correlation(const model::Model&, std::size_t k, std::size_t l);
bool is_correlated(const model::Model&);

// ---- regimes

/// "V[2]" of "V", the field in regime 2.
std::string regime_field(const std::string& field, int j);
/// Makes an equation in these fields that of regime j.
expr::Substitution into_regime(Context&, const std::vector<std::string>& fields, int j);
/// Entry (from, to) of the generator matrix.
ExprId rate(const Context&, int from, int to);
/// sum_k q_jk (V_k - V_j).
ExprId switching_gain(Context&, const std::string& field, int j);
/// sum_k (q_kj m_k - q_jk m_j).
ExprId switching_flow(Context&, const std::string& density, int j);
std::string regime_words(const Context&, int j);

// ---- jumps

/// "V_after_N", the mean of V after a jump of process k.
std::string after_jump(const Context&, const std::string& field, std::size_t k);
/// sum of rate (V_after_N - V), with a note for each process.
ExprId jump_terms(Context&, const std::string& field, Step&);

// ---- words

std::string number(double value);                                       // "0.02", "-2", "inf"
std::string text(const Context&, ExprId e);                             // Unicode, for sentences
std::string set_text(const model::Model&, const model::ControlGroup&);  // "[-2, 2]"
/// "with gamma = 2, sigma = 0.2": the parameters that e depends on; empty when none.
std::string with_values(const Context&, const std::vector<ExprId>& expressions);
std::string join(const std::vector<std::string>& words, const std::string& separator);

// ---- reward models: from the cost convention to the user's terms

/// For a reward model the user's value is W = -V: replaces V and its derivatives by their
/// negatives.
ExprId in_user_terms(const Context&, ExprId e);
/// The same for an amount (Hamiltonian, running cost): negated as well.
ExprId amount_in_user_terms(const Context&, ExprId e);
/// e with conditions as one writes them: what is surely positive is dropped (0 < -s^2*V_xx is
/// V_xx < 0), then simplified.
ExprId readable(const Context&, ExprId e);
/// A law, already in the user's terms, as it is printed; an invalid id where it is too long.
ExprId on_paper(const Context&, ExprId law);

// ---- passes

/// Symbols, a = sigma C sigma', L + p.f + 1/2 tr(a M).
void build_integrand(Context&, Equations&);
/// Laws, minimised Hamiltonian. False when an error was emitted.
bool minimise(Context&, Equations&);
void detect_linear_quadratic(Context&, Equations&);
void detect_hopf_cole(Context&, Equations&);
/// Fills `flip`: the user's V of a reward model is the negative of the cost's.
void note_signs(Context&, const Equations&);

/// f.D(phi) + 1/2 tr(a D2(phi)) with symbols D(phi,x), D(phi,x,y).
ExprId generator_of(Context&, const Equations&, const std::string& function);
/// d/dx_i along the policy: controls are functions of the state, so their derivatives D(u,x)
/// appear.
ExprId total_derivative(Context&, ExprId e, std::size_t i);
/// Its adjoint on a density, expanded, with symbols m, D(m,x), D(m,x,y).
ExprId adjoint_of(Context&, const Equations&, const std::string& density);

void add_hamiltonian(Context&, Equations&);
void add_control_law(Context&, Equations&);
void add_hjb(Context&, Equations&);
void add_generator(Context&, Equations&);
void add_fokker_planck(Context&, Equations&);
void add_costate(Context&, Equations&);
void add_mechanics(Context&, Equations&);
void add_riccati(Context&, Equations&);
void add_hopf_cole(Context&, Equations&);
void add_bounds(Context&, Equations&);
void add_reversal(Context&, Equations&);
/// Shows the steps with the model's own abbreviations where they are coefficients.
void abbreviate(const Context&, Equations&);
/// Does an equation of the step use the symbol?
bool mentions(const expr::Store&, const Step&, SymbolId);
/// The derivation of a rewritten copy of a model that was derived before, whose structure it keeps.
std::optional<Equations> equations_again(Context&, const Equations& first);

}  // namespace hopf::derive
