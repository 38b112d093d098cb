// Riccati equations: V = 1/2 x'P x + p'x + c put into the HJB equation, coefficient by coefficient.
//
// With K(P) = R + sum D'PD and G(P) = PB + N + sum C'PD (Yong & Zhou 1999, 6.3; discount moved to
// the left):
//   -P_t + rho P = Q + A'P + PA + sum C'PC - G K^-1 G',
// in regime j with sum_k q_jk P_k on the right (Mariton 1990; Costa, Fragoso & Todorov 2013).
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "derive/internal.hpp"

namespace hopf::derive {

using expr::Store;

namespace {

constexpr std::size_t kEntryLimit = 10;  // entries of P that are printed one by one

struct Ansatz {
  std::vector<ExprId> P, p;  // n*n symmetric, n
  ExprId c;
};

/// Of regime j; 0 where there is none.
Ansatz make_ansatz(Context& context, int j) {
  Store& store = context.store;
  const Names& names = context.names;
  const std::size_t n = context.model.dimension();
  auto symbol = [&store, j](const std::string& name) {
    return store.symbol(unknown(store, j > 0 ? regime_field(name, j) : name));
  };
  Ansatz ansatz{std::vector<ExprId>(n * n), {}, symbol(names.constant)};
  for (std::size_t i = 0; i < n; ++i) {
    ansatz.p.push_back(symbol(n == 1 ? names.linear : fmt::format("{}[{}]", names.linear, i + 1)));
    for (std::size_t j = i; j < n; ++j) {
      const std::string name =
          n == 1 ? names.quadratic : fmt::format("{}[{},{}]", names.quadratic, i + 1, j + 1);
      ansatz.P[i * n + j] = ansatz.P[j * n + i] = symbol(name);
    }
  }
  return ansatz;
}

/// What switching adds to the equation of a coefficient: sum_k q_jk (its regime k - its regime j).
ExprId switching_of(Context& context, int j,
                    const std::function<ExprId(const Ansatz&)>& coefficient) {
  Store& store = context.store;
  std::vector<ExprId> terms;
  for (int k = 1; k <= context.model.regime->count; ++k) {
    if (k == j) continue;
    const ExprId there = coefficient(make_ansatz(context, k));
    const ExprId here = coefficient(make_ansatz(context, j));
    terms.push_back(store.mul(rate(context, j, k), store.sub(there, here)));
  }
  return store.add(terms);
}

void add_switching(Context& context, int j, expr::Quadratic& z) {
  Store& store = context.store;
  const std::size_t n = context.model.dimension(), size = n + context.model.controls.size();
  const auto add = [&](ExprId& to, const std::function<ExprId(const Ansatz&)>& coefficient) {
    to = store.add(to, switching_of(context, j, coefficient));
  };
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t l = 0; l < n; ++l)
      add(z.Q[i * size + l], [&](const Ansatz& a) { return a.P[i * n + l]; });
    add(z.linear[i], [&](const Ansatz& a) { return a.p[i]; });
  }
  add(z.constant, [](const Ansatz& a) { return a.c; });
}

/// L + f.D(V) + 1/2 tr(a D2(V)) at V = 1/2 x'Px + p'x + c, quadratic in states and controls.
std::optional<expr::Quadratic> integrand_of(Context& context, const Equations& eqs,
                                            const Ansatz& ansatz, int j) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::size_t n = model.dimension();
  expr::Substitution gradient;
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<ExprId> slope{ansatz.p[i]};
    for (std::size_t j = 0; j < n; ++j) {
      slope.push_back(store.mul(ansatz.P[i * n + j], store.symbol(model.states[j].symbol)));
      gradient[eqs.M[i * n + j]] = ansatz.P[i * n + j];
    }
    gradient[eqs.p[i]] = store.add(slope);
  }
  if (j > 0) gradient[model.regime->symbol] = store.integer(j);
  auto z = state_symbols(model);
  for (SymbolId u : control_symbols(model)) z.push_back(u);
  auto result =
      expr::as_quadratic(store, expr::substitute(store, eqs.hamiltonian_integrand, gradient), z);
  if (result && j > 0) add_switching(context, j, *result);
  return result;
}

/// The integrand with the controls minimised out, h - 1/2 g'K^-1 g in blocks: K the weight of the
/// controls, G their coupling to the states, g their linear terms.
class Minimised {
 public:
  Minimised(Context& context, const expr::Quadratic& z)
      : store_(context.store),
        n_(context.model.dimension()),
        m_(context.model.controls.size()),
        z_(z) {}

  /// False where K is singular.
  bool solve() {
    if (m_ == 0) return true;
    std::vector<ExprId> K(m_ * m_);
    for (std::size_t i = 0; i < m_; ++i)
      for (std::size_t j = 0; j < m_; ++j) K[i * m_ + j] = weight(n_ + i, n_ + j);
    for (std::size_t column = 0; column <= n_; ++column) {
      std::vector<ExprId> right;
      for (std::size_t k = 0; k < m_; ++k) right.push_back(coupling(k, column));
      auto y = expr::solve_linear(store_, K, right);
      if (!y) return false;
      solved_.push_back(std::move(*y));
    }
    return true;
  }

  ExprId quadratic(std::size_t i, std::size_t j) { return reduce(weight(i, j), i, j, false); }
  ExprId linear(std::size_t i) { return reduce(z_.linear[i], i, n_, false); }
  ExprId constant() { return reduce(z_.constant, n_, n_, true); }

 private:
  ExprId weight(std::size_t i, std::size_t j) const { return z_.Q[i * (n_ + m_) + j]; }
  /// What multiplies control k: state `column`, or for column n nothing.
  ExprId coupling(std::size_t k, std::size_t column) const {
    return column == n_ ? z_.linear[n_ + k] : weight(column, n_ + k);
  }
  /// free - G_i K^-1 G_j, halved for the constant.
  ExprId reduce(ExprId free, std::size_t i, std::size_t j, bool halved) {
    if (m_ == 0) return free;
    std::vector<ExprId> terms;
    for (std::size_t k = 0; k < m_; ++k) terms.push_back(store_.mul(coupling(k, i), solved_[j][k]));
    const ExprId gain = m_ == 1 ? terms[0] : tidy(store_, store_.add(terms));
    return store_.sub(expr::expand(store_, free), halved ? half(store_, gain) : gain);
  }

  Store& store_;
  std::size_t n_, m_;
  const expr::Quadratic& z_;
  std::vector<std::vector<ExprId>> solved_;  // K^-1 G_j, the last K^-1 g
};

ExprId left_of(Context& context, ExprId coefficient, int j) {
  Store& store = context.store;
  const auto& model = context.model;
  std::vector<ExprId> terms;
  if (model.horizon) {
    const std::string name = store.name(store.symbol_of(coefficient));
    terms.push_back(store.neg(store.symbol(fmt::format("d({},t)", name))));
  }
  if (model.discount) {
    ExprId rho = model.discount->value;
    if (j > 0) rho = expr::substitute(store, rho, {{model.regime->symbol, store.integer(j)}});
    terms.push_back(store.mul(rho, coefficient));
  }
  return store.add(terms);
}

/// The equations of all coefficients; of regime j, or 0 where there is none.
void add_entries(Context& context, const Equations& eqs, int j, Step& step) {
  const std::size_t n = context.model.dimension();
  const Ansatz ansatz = make_ansatz(context, j);
  const auto z = integrand_of(context, eqs, ansatz, j);
  if (!z) return;
  Minimised H(context, *z);
  if (!H.solve()) return;
  const auto add = [&](ExprId coefficient, ExprId right) {
    Equation equation{left_of(context, coefficient, j), right};
    if (j > 0) equation.where = regime_words(context, j);
    step.equations.push_back(equation);
  };
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = i; k < n; ++k) add(ansatz.P[i * n + k], H.quadratic(i, k));
  }
  for (std::size_t i = 0; i < n; ++i) add(ansatz.p[i], H.linear(i));
  add(ansatz.c, H.constant());
}

void add_all_entries(Context& context, const Equations& eqs, Step& step) {
  const std::size_t n = context.model.dimension();
  if (n * (n + 1) / 2 * eqs.lq.size() > kEntryLimit) return;
  if (!context.model.regime) return add_entries(context, eqs, 0, step);
  for (int j = 1; j <= context.model.regime->count; ++j) add_entries(context, eqs, j, step);
}

bool nonzero(const std::vector<double>& values) {
  for (double value : values)
    if (value != 0) return true;
  return false;
}

/// In some regime.
bool nonzero(const Equations& eqs, std::vector<double> Equations::LinearQuadratic::* part) {
  return std::any_of(eqs.lq.begin(), eqs.lq.end(),
                     [part](const auto& lq) { return nonzero(lq.*part); });
}

/// Letters of the matrix data, none of which is a name of the model.
struct Letters {
  std::string A, B, b, S, C, D, Q, N, R, q, r;
};

Letters choose_letters(const Context& context) {
  auto fresh = [&context](const char* wanted) { return fresh_name(context.model, wanted); };
  return {fresh("A"), fresh("B"), fresh("b"), fresh("S"), fresh("C"), fresh("D"),
          fresh("Q"), fresh("N"), fresh("R"), fresh("q"), fresh("r")};
}

/// The data as numbers; what differs between regimes has their number beside its name.
class MatrixList {
 public:
  MatrixList(const Equations& eqs, Step& step) : eqs_(eqs), step_(step) {}

  using Part = std::vector<double> Equations::LinearQuadratic::*;
  /// `size` entries from `first` on.
  void add(const std::string& name, int rows, int columns, Part part, std::size_t first = 0) {
    const std::size_t size = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
    std::vector<std::vector<double>> entries;
    for (const auto& lq : eqs_.lq) {
      const std::vector<double>& all = lq.*part;
      entries.emplace_back(size, 0.0);
      if (first + size > all.size()) continue;  // nothing of the kind
      const auto from = all.begin() + static_cast<std::ptrdiff_t>(first);
      std::copy_n(from, size, entries.back().begin());
    }
    const bool same = std::all_of(entries.begin(), entries.end(),
                                  [&](const auto& each) { return each == entries[0]; });
    for (std::size_t j = 0; j < (same ? 1 : entries.size()); ++j) {
      if (!nonzero(entries[j])) continue;
      step_.matrices.push_back({same ? name : regime_field(name, static_cast<int>(j) + 1), rows,
                                columns, std::move(entries[j])});
    }
  }
  void add_each(const std::string& name, int count, int rows, int columns, Part part) {
    const std::size_t size = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
    for (int i = 0; i < count && nonzero(eqs_, part); ++i)
      add(fmt::format("{}[{}]", name, i + 1), rows, columns, part,
          size * static_cast<std::size_t>(i));
  }

 private:
  const Equations& eqs_;
  Step& step_;
};

void add_matrices(const Context& context, const Equations& eqs, const Letters& l, Step& step) {
  using LQ = Equations::LinearQuadratic;
  const int n = static_cast<int>(context.model.dimension());
  const int m = static_cast<int>(context.model.controls.size());
  const int k = static_cast<int>(context.model.noise_count());
  MatrixList list(eqs, step);
  list.add(l.A, n, n, &LQ::A);
  list.add(l.B, n, m, &LQ::B);
  list.add(l.b, n, 1, &LQ::c);
  list.add(l.S, n, k, &LQ::S);
  list.add_each(l.C, n, n, k, &LQ::C);
  list.add_each(l.D, m, n, k, &LQ::D);
  list.add(l.Q, n, n, &LQ::Q);
  list.add(l.N, n, m, &LQ::N);
  list.add(l.R, m, m, &LQ::R);
  list.add(l.q, n, 1, &LQ::q);
  list.add(l.r, m, 1, &LQ::r);
  if (context.model.terminal) list.add(context.names.quadratic + "(T)", n, n, &LQ::P_T);
}

/// "dx = (A x + B u + b) dt + (S + sum C[i] x[i] + sum D[j] u[j]) dw".
std::string dynamics_words(const Context& context, const Equations& eqs, const Letters& l) {
  using LQ = Equations::LinearQuadratic;
  std::string noise;
  if (context.model.noise_count() > 0) {
    noise = l.S;
    if (nonzero(eqs, &LQ::C)) noise += fmt::format(" + sum {}[i] x[i]", l.C);
    if (nonzero(eqs, &LQ::D)) noise += fmt::format(" + sum {}[j] u[j]", l.D);
    noise = noise.size() > l.S.size() ? fmt::format(" + ({}) dw", noise)
                                      : fmt::format(" + {} dw", noise);
  }
  return fmt::format("dx = ({} x{}{}) dt{}", l.A,
                     context.model.controls.empty() ? "" : fmt::format(" + {} u", l.B),
                     nonzero(eqs, &LQ::c) ? fmt::format(" + {}", l.b) : "", noise);
}

/// "P" and "p", "P[j]" and "p[j]" with a regime j.
struct Unknowns {
  std::string P, p, c;
  explicit Unknowns(const Context& context) {
    const Names& names = context.names;
    const std::string j =
        context.model.regime ? fmt::format("[{}]", context.model.regime->name) : "";
    P = names.quadratic + j, p = names.linear + j, c = names.constant + j;
  }
};

std::string cost_words(const Context& context, const Letters& l) {
  const bool control = !context.model.controls.empty();
  return fmt::format("1/2 x'{} x{} + {}'x{}", l.Q,
                     control ? fmt::format(" + x'{} u + 1/2 u'{} u", l.N, l.R) : "", l.q,
                     control ? fmt::format(" + {}'u", l.r) : "");
}

std::string form_words(const Context& context, const Equations& eqs, const Letters& l) {
  const bool regimes = context.model.regime.has_value(), varies = eqs.lq_varies();
  const Unknowns unknowns(context);
  const std::string form =
      fmt::format("1/2 x'{} x + {}'x + {}", unknowns.P, unknowns.p, unknowns.c);
  const char* amount = context.model.reward ? "reward" : "cost";
  return fmt::format(
      "Linear dynamics and a quadratic {}{}: {} = {} solves the HJB equation{} when its "
      "coefficients solve these. {} that of {} with the {} {} + constant{}.",
      amount, regimes ? " in every regime" : "", context.names.value,
      context.model.reward ? fmt::format("-({})", form) : form,
      regimes ? fmt::format(" of regime {}", context.model.regime->name) : "",
      varies ? "The data, which depends on time, is" : "The data below is",
      dynamics_words(context, eqs, l), context.model.reward ? "cost (minus the reward)" : "cost",
      cost_words(context, l), varies ? "" : "; what is not listed is 0");
}

std::string switching_words(const Context& context) {
  if (!context.model.regime) return "";
  const std::string& j = context.model.regime->name;
  const std::string k = fresh_name(context.model, "k");
  return fmt::format(" + sum over {0} of rates[{1},{0}] {2}[{0}]", k, j, context.names.quadratic);
}

std::string left_words(const Context& context, const std::string& P) {
  std::string left = context.model.horizon ? fmt::format("-d{}/dt", P) : "";
  if (context.model.discount) {
    const std::string rho = text(context, context.model.discount->value);
    left += fmt::format("{}{} {}", left.empty() ? "" : " + ", rho, P);
  }
  return left.empty() ? "0" : left;
}

void add_notes(const Context& context, const Equations& eqs, const Letters& l, Step& step) {
  using LQ = Equations::LinearQuadratic;
  const Unknowns unknowns(context);
  const std::string& P = unknowns.P;
  const bool in_state = nonzero(eqs, &LQ::C), in_control = nonzero(eqs, &LQ::D);
  const std::string noise = in_state ? fmt::format(" + sum {}'{}{}", l.C, P, l.C) : "";
  std::string gain;
  if (!context.model.controls.empty()) {
    const std::string weight =
        in_control ? fmt::format("({} + sum {}'{}{})", l.R, l.D, P, l.D) : l.R;
    const std::string coupling =
        fmt::format("({}{} + {}{})", P, l.B, l.N,
                    in_state && in_control ? fmt::format(" + sum {}'{}{}", l.C, P, l.D) : "");
    gain = fmt::format(" - {} {}^-1 {}'", coupling, weight, coupling);
    step.notes.push_back(fmt::format(
        "the optimal control is u = -{}^-1 ({}' x + {}'{} + {}{})", weight, coupling, l.B,
        unknowns.p, l.r,
        in_control && nonzero(eqs, &LQ::S) ? fmt::format(" + sum {}'{}{}", l.D, P, l.S) : ""));
  }
  const std::string where =
      context.model.regime ? fmt::format(", in regime {}", context.model.regime->name) : "";
  step.notes.insert(step.notes.begin(), fmt::format("as matrices{}: {} = {} + {}'{} + {}{}{}{}{}",
                                                    where, left_words(context, P), l.Q, l.A, P, P,
                                                    l.A, noise, gain, switching_words(context)));
  if (is_correlated(context.model))
    step.notes.push_back(
        "the correlation of the noises is folded into their coefficients, so that "
        "dw is standard");
}

}  // namespace

void add_riccati(Context& context, Equations& eqs) {
  Step step;
  step.field = "riccati";
  step.title = "Riccati equations";
  step.source = "Yong & Zhou 1999, 6.2-6.4; Anderson & Moore 1990, ch. 2";
  if (!eqs.has_riccati()) {
    step.words = "The problem is not linear-quadratic: " + eqs.lq_refusal + ".";
    eqs.steps.push_back(std::move(step));
    return;
  }
  const Letters letters = choose_letters(context);
  step.words = form_words(context, eqs, letters);
  add_all_entries(context, eqs, step);
  if (!eqs.lq_varies()) add_matrices(context, eqs, letters, step);
  add_notes(context, eqs, letters, step);
  eqs.steps.push_back(std::move(step));
}

}  // namespace hopf::derive
