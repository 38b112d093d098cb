// The Bellman equation of the discrete-time problem with step dt, and its Riccati form.
//
//   V(x) = inf_u { L(x, u) dt + e^{-rho dt} E[V(x + f dt + sigma sqrt(dt) xi)] }   (Kushner &
//   Dupuis 2001, 4.1, 5.1)
// Where the problem is LQ with additive noise the transition under a control held over the step is
// exact.
#include <fmt/format.h>

#include <Eigen/Dense>
#include <cmath>

#include "derive/internal.hpp"

namespace hopf::derive {

using expr::Store;
using LQ = Equations::LinearQuadratic;
using Dense = Eigen::MatrixXd;

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Dense matrix(const std::vector<double>& entries, Eigen::Index rows, Eigen::Index columns) {
  return Eigen::Map<const RowMajor>(entries.data(), rows, columns);
}

std::vector<double> entries(const Dense& m) {
  const RowMajor rows = m;
  return {rows.data(), rows.data() + rows.size()};
}

/// exp(M) by scaling and squaring of its Taylor series: the norm is brought under 1/8, where 14
/// terms are exact to rounding.
Dense exponential(const Dense& M) {
  const double size = M.cwiseAbs().rowwise().sum().maxCoeff();
  const int squarings = size > 0.125 ? static_cast<int>(std::ceil(std::log2(size / 0.125))) : 0;
  const Dense X = M / std::ldexp(1.0, squarings);
  Dense term = Dense::Identity(M.rows(), M.cols()), result = term;
  for (int k = 1; k <= 14; ++k) {
    term = term * X / k;
    result += term;
  }
  for (int k = 0; k < squarings; ++k) result = result * result;
  return result;
}

struct Discrete {
  Dense A, B, Q, N, R;  // discount folded in: P = Q + A'PA - (A'PB + N)(R + B'PB)^-1(B'PA + N')
};

/// exp([[A, B], [0, 0]] dt) holds the exact transition under a held control in its upper blocks
/// (Van Loan 1978).
Discrete discretise(const LQ& lq, std::size_t states, std::size_t controls, double dt) {
  const auto n = static_cast<Eigen::Index>(states), m = static_cast<Eigen::Index>(controls);
  Dense block = Dense::Zero(n + m, n + m);
  block.topLeftCorner(n, n) = matrix(lq.A, n, n) * dt;
  block.topRightCorner(n, m) = matrix(lq.B, n, m) * dt;
  const Dense transition = exponential(block);
  const double root = std::exp(-0.5 * lq.rho * dt);
  return {root * transition.topLeftCorner(n, n), root * transition.topRightCorner(n, m),
          matrix(lq.Q, n, n) * dt, matrix(lq.N, n, m) * dt, matrix(lq.R, m, m) * dt};
}

/// Whether P solves the equation and its feedback brings the (discounted) state to rest: where
/// nothing damps an uncontrolled part, doubling runs away.
bool stabilises(const Discrete& d, const Dense& P) {
  const Dense coupling = d.B.transpose() * P * d.A + d.N.transpose();
  const Dense gain = (d.R + d.B.transpose() * P * d.B).ldlt().solve(coupling);
  const Dense residual = d.Q + d.A.transpose() * P * d.A - coupling.transpose() * gain - P;
  if (!(residual.norm() <= 1e-9 * (d.Q.norm() + P.norm()))) return false;
  const Dense closed = d.A - d.B * gain;
  return closed.eigenvalues().cwiseAbs().maxCoeff() < 1;
}

/// Structure-preserving doubling (Chu, Fan, Lin & Wang 2004): quadratic convergence to the
/// stabilising solution.
std::optional<Dense> solve_discrete(const Discrete& d) {
  const Eigen::LDLT<Dense> R(d.R);
  if (R.info() != Eigen::Success || !R.isPositive()) return std::nullopt;
  const Dense feedback = R.solve(d.N.transpose());
  const auto n = d.A.rows();
  const Dense I = Dense::Identity(n, n);
  Dense A = d.A - d.B * feedback, G = d.B * R.solve(d.B.transpose()), H = d.Q - d.N * feedback;
  for (int iteration = 0; iteration < 100; ++iteration) {
    const Eigen::PartialPivLU<Dense> W(I + G * H);
    const Dense WA = W.solve(A);
    const Dense change = A.transpose() * H * WA;
    G = (G + A * W.solve(G) * A.transpose()).eval();
    A = (A * WA).eval();
    H += change;
    if (!H.allFinite()) return std::nullopt;
    if (change.norm() > 1e-15 * H.norm()) continue;
    const Dense P = 0.5 * (H + H.transpose());
    return stabilises(d, P) ? std::optional(P) : std::nullopt;
  }
  return std::nullopt;
}

bool additive(const LQ& lq) {
  for (const auto* blocks : {&lq.C, &lq.D}) {
    for (double value : *blocks)
      if (value != 0) return false;
  }
  return true;
}

bool has_exact_step(const Equations& eqs) {
  return eqs.has_riccati() && eqs.lq.size() == 1 && additive(eqs.lq.front());
}

void add_next_state(Context& context, Step& step) {
  Store& store = context.store;
  const auto& model = context.model;
  const ExprId dt = store.symbol(context.names.step);
  const std::size_t count = model.noise_count();
  for (std::size_t i = 0; i < model.dimension(); ++i) {
    std::vector<ExprId> terms{store.symbol(model.states[i].symbol), store.mul(model.drift[i], dt)};
    for (std::size_t k = 0; k < count; ++k) {
      const ExprId xi =
          store.symbol(fmt::format("{}[{}]", context.names.normal, model.noises[k].name));
      terms.push_back(store.mul(model.diffusion[i * count + k], store.mul(store.sqrt(dt), xi)));
    }
    Equation next{store.symbol(fmt::format("next[{}]", model.states[i].name)), store.add(terms)};
    step.equations.push_back(next);
  }
}

std::string normal_words(const Context& context) {
  if (context.model.noises.empty()) return "";
  return fmt::format(", and {} are {}standard normals{}", context.names.normal,
                     is_correlated(context.model) ? "" : "independent ",
                     is_correlated(context.model) ? " with the declared correlation" : "");
}

/// What else may happen in the step, or instead of it.
void add_step_notes(const Context& context, const std::string& next, Step& step) {
  const auto& model = context.model;
  const Names& names = context.names;
  if (model.stop_pays)
    step.notes.push_back(
        fmt::format("where stopping is better {} is what stopping pays", names.value));
  if (model.until)
    step.notes.push_back(fmt::format("where {} the value {} is what is paid there",
                                     text(context, model.until->condition), names.value));
  if (model.horizon)
    step.notes.push_back(
        fmt::format("{} is at t + {}; at the horizon it is the terminal amount", next, names.step));
  if (model.regime)
    step.notes.push_back(fmt::format(
        "in the step the regime moves from j to k with probability q_jk {} (k not j)", names.step));
  if (!model.jumps.empty())
    step.notes.push_back("a jump happens in the step with probability rate times its length");
}

}  // namespace

Step bellman(const model::Model& model, const Equations& eqs, double dt) {
  diagnostics::Sink unused;
  Context context = make_context(model, unused);
  Store& store = context.store;
  const Names& names = context.names;
  const std::string next = names.value + "_next";
  Step step;
  step.field = "bellman";
  step.title = "Bellman equation in discrete time";
  step.source = "Kushner & Dupuis 2001, 4.1 and 5.1; Bertsekas 2017, ch. 3";
  step.words = fmt::format(
      "One Euler-Maruyama step of length {} = {} with the control held, the running amount paid at "
      "its start; {} is the mean of {} after the step, next[x] the state there{}.",
      names.step, number(dt), next, names.value, normal_words(context));
  const ExprId step_symbol = store.symbol(names.step), V = store.symbol(eqs.V);
  const ExprId L = model.lagrangian.value.valid() ? model.lagrangian.value : store.integer(0);
  const ExprId mean = store.symbol(unknown(store, next));
  const ExprId rho = model.discount ? model.discount->value : store.integer(0);
  const ExprId factor = store.apply(expr::Op::Exp, {store.neg(store.mul(rho, step_symbol))});
  Equation equation{V, store.add(store.mul(model.reward ? store.neg(L) : L, step_symbol),
                                 store.mul(factor, mean))};
  for (std::size_t g = 0; g < model.groups.size(); ++g)
    equation.over.push_back(static_cast<int>(g));
  step.equations.push_back(equation);
  add_step_notes(context, next, step);
  add_next_state(context, step);
  step.equations.push_back({step_symbol, store.number(dt)});
  if (const auto P = bellman_riccati(model, eqs, dt)) {
    const int n = static_cast<int>(model.dimension());
    step.matrices.push_back({"P_dt", n, n, *P});
    step.notes.push_back(fmt::format(
        "P_dt: {} = {}1/2 x'P_dt x + ..., with the transition exact under a held control "
        "(zero-order hold), solved by structure-preserving doubling",
        names.value, model.reward ? "-" : ""));
  }
  return step;
}

std::optional<std::vector<double>> bellman_riccati(const model::Model& model, const Equations& eqs,
                                                   double dt) {
  if (!has_exact_step(eqs) || model.controls.empty() || model.horizon || !(dt > 0))
    return std::nullopt;
  const auto P =
      solve_discrete(discretise(eqs.lq.front(), model.dimension(), model.controls.size(), dt));
  if (!P) return std::nullopt;
  return entries(*P);
}

}  // namespace hopf::derive
