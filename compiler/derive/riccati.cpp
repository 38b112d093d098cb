// Riccati equations: V = 1/2 x'P x + p'x + c put into the HJB equation, coefficient by coefficient.
//
// With K(P) = R + sum D'PD and G(P) = PB + N + sum C'PD (Yong & Zhou 1999, 6.3; discount moved to
// the left):
//   -P_t + rho P = Q + A'P + PA + sum C'PC - G K^-1 G'.
#include <fmt/format.h>

#include "derive/internal.hpp"

namespace hopf::derive {

using expr::Store;

namespace {

constexpr std::size_t kEntryLimit = 4;  // states up to which single entries are printed

struct Ansatz {
  std::vector<ExprId> P, p;  // n*n symmetric, n
  ExprId c;
};

Ansatz make_ansatz(Context& context) {
  Store& store = context.store;
  const Names& names = context.names;
  const std::size_t n = context.model.dimension();
  auto symbol = [&store](const std::string& name) { return store.symbol(unknown(store, name)); };
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

/// L + f.D(V) + 1/2 tr(a D2(V)) at V = 1/2 x'Px + p'x + c, quadratic in states and controls.
std::optional<expr::Quadratic> integrand_of(Context& context, const Equations& eqs,
                                            const Ansatz& ansatz) {
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
  auto z = state_symbols(model);
  for (SymbolId u : control_symbols(model)) z.push_back(u);
  return expr::as_quadratic(store, expr::substitute(store, eqs.hamiltonian_integrand, gradient), z);
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

ExprId left_of(Context& context, ExprId coefficient) {
  Store& store = context.store;
  const auto& model = context.model;
  std::vector<ExprId> terms;
  if (model.horizon) {
    const std::string name = store.name(store.symbol_of(coefficient));
    terms.push_back(store.neg(store.symbol(fmt::format("d({},t)", name))));
  }
  if (model.discount) terms.push_back(store.mul(model.discount->value, coefficient));
  return store.add(terms);
}

void add_entries(Context& context, const Equations& eqs, Step& step) {
  const std::size_t n = context.model.dimension();
  const Ansatz ansatz = make_ansatz(context);
  const auto z = integrand_of(context, eqs, ansatz);
  if (!z) return;
  Minimised H(context, *z);
  if (!H.solve()) return;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i; j < n; ++j)
      step.equations.push_back({left_of(context, ansatz.P[i * n + j]), H.quadratic(i, j)});
  }
  for (std::size_t i = 0; i < n; ++i)
    step.equations.push_back({left_of(context, ansatz.p[i]), H.linear(i)});
  step.equations.push_back({left_of(context, ansatz.c), H.constant()});
}

bool nonzero(const std::vector<double>& values) {
  for (double value : values)
    if (value != 0) return true;
  return false;
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

void add_matrices(const Context& context, const Equations::LinearQuadratic& lq, const Letters& l,
                  Step& step) {
  const int n = static_cast<int>(context.model.dimension());
  const int m = static_cast<int>(context.model.controls.size());
  const int k = static_cast<int>(context.model.noise_count());
  auto add = [&](const std::string& name, int rows, int columns,
                 const std::vector<double>& entries) {
    if (rows > 0 && columns > 0 && nonzero(entries))
      step.matrices.push_back({name, rows, columns, entries});
  };
  auto add_each = [&](const std::string& name, int count, const std::vector<double>& blocks) {
    const auto size = static_cast<std::ptrdiff_t>(n) * k;
    for (int i = 0; i < count; ++i)
      add(fmt::format("{}[{}]", name, i + 1), n, k,
          {blocks.begin() + i * size, blocks.begin() + (i + 1) * size});
  };
  add(l.A, n, n, lq.A);
  add(l.B, n, m, lq.B);
  add(l.b, n, 1, lq.c);
  add(l.S, n, k, lq.S);
  add_each(l.C, n, lq.C);
  add_each(l.D, m, lq.D);
  add(l.Q, n, n, lq.Q);
  add(l.N, n, m, lq.N);
  add(l.R, m, m, lq.R);
  add(l.q, n, 1, lq.q);
  add(l.r, m, 1, lq.r);
  if (context.model.terminal) add(context.names.quadratic + "(T)", n, n, lq.P_T);
}

/// "dx = (A x + B u + b) dt + (S + sum C[i] x[i] + sum D[j] u[j]) dw".
std::string dynamics_words(const Context& context, const Equations::LinearQuadratic& lq,
                           const Letters& l) {
  std::string noise;
  if (context.model.noise_count() > 0) {
    noise = l.S;
    if (nonzero(lq.C)) noise += fmt::format(" + sum {}[i] x[i]", l.C);
    if (nonzero(lq.D)) noise += fmt::format(" + sum {}[j] u[j]", l.D);
    noise = noise.size() > l.S.size() ? fmt::format(" + ({}) dw", noise)
                                      : fmt::format(" + {} dw", noise);
  }
  return fmt::format("dx = ({} x{}{}) dt{}", l.A,
                     context.model.controls.empty() ? "" : fmt::format(" + {} u", l.B),
                     nonzero(lq.c) ? fmt::format(" + {}", l.b) : "", noise);
}

std::string form_words(const Context& context, const Equations::LinearQuadratic& lq,
                       const Letters& l) {
  const Names& names = context.names;
  const std::string form =
      fmt::format("1/2 x'{} x + {}'x + {}", names.quadratic, names.linear, names.constant);
  const std::string value = context.model.reward ? fmt::format("-({})", form) : form;
  std::string cost = fmt::format("1/2 x'{} x", l.Q);
  if (!context.model.controls.empty()) cost += fmt::format(" + x'{} u + 1/2 u'{} u", l.N, l.R);
  cost += fmt::format(" + {}'x", l.q);
  if (!context.model.controls.empty()) cost += fmt::format(" + {}'u", l.r);
  return fmt::format(
      "Linear dynamics and a quadratic {}: {} = {} solves the HJB equation when its coefficients "
      "solve these. {} that of {} with the {} {} + constant{}.",
      context.model.reward ? "reward" : "cost", names.value, value,
      lq.time_varying ? "The data, which depends on time, is" : "The data below is",
      dynamics_words(context, lq, l), context.model.reward ? "cost (minus the reward)" : "cost",
      cost, lq.time_varying ? "" : "; what is not listed is 0");
}

void add_notes(const Context& context, const Equations::LinearQuadratic& lq, const Letters& l,
               Step& step) {
  const std::string& P = context.names.quadratic;
  std::string left = context.model.horizon ? fmt::format("-d{}/dt", P) : "";
  if (context.model.discount) {
    const std::string rho = text(context, context.model.discount->value);
    left += fmt::format("{}{} {}", left.empty() ? "" : " + ", rho, P);
  }
  const bool in_state = nonzero(lq.C), in_control = nonzero(lq.D);
  const std::string noise = in_state ? fmt::format(" + sum {}'{}{}", l.C, P, l.C) : "";
  std::string gain;
  if (!context.model.controls.empty()) {
    const std::string weight =
        in_control ? fmt::format("({} + sum {}'{}{})", l.R, l.D, P, l.D) : l.R;
    const std::string coupling =
        fmt::format("({}{} + {}{})", P, l.B, l.N,
                    in_state && in_control ? fmt::format(" + sum {}'{}{}", l.C, P, l.D) : "");
    gain = fmt::format(" - {} {}^-1 {}'", coupling, weight, coupling);
    step.notes.push_back(
        fmt::format("the optimal control is u = -{}^-1 ({}' x + {}'{} + {}{})", weight, coupling,
                    l.B, context.names.linear, l.r,
                    in_control && nonzero(lq.S) ? fmt::format(" + sum {}'{}{}", l.D, P, l.S) : ""));
  }
  step.notes.insert(step.notes.begin(),
                    fmt::format("as matrices: {} = {} + {}'{} + {}{}{}{}",
                                left.empty() ? "0" : left, l.Q, l.A, P, P, l.A, noise, gain));
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
  if (!eqs.lq || !eqs.lq->unconstrained) {
    step.words = "The problem is not linear-quadratic: " + eqs.lq_refusal + ".";
    eqs.steps.push_back(std::move(step));
    return;
  }
  const Letters letters = choose_letters(context);
  step.words = form_words(context, *eqs.lq, letters);
  if (context.model.dimension() <= kEntryLimit) add_entries(context, eqs, step);
  if (!eqs.lq->time_varying) add_matrices(context, *eqs.lq, letters, step);
  add_notes(context, *eqs.lq, letters, step);
  eqs.steps.push_back(std::move(step));
}

}  // namespace hopf::derive
