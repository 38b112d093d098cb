// The stationary value of a linear-quadratic problem.
//
// The value is the limit of ever longer horizons without a terminal cost. States that no cost ever
// sees are worth nothing, whatever they do; on the rest the Riccati equation has one nonnegative
// solution, and its policy is stable (Wonham 1968; with noise that multiplies, Damm & Hinrichsen
// 2001). Where the unseen states grow, the stabilising solution of the whole equation is another:
// it pays for bringing them to rest.
#include <algorithm>
#include <cmath>
#include <limits>

#include "value/lyapunov.hpp"
#include "value/observable.hpp"
#include "value/scattering.hpp"

namespace hopf::runtime {

namespace quadratic {
namespace {

const char* unbounded_above(const System& system) {
  return system.m() == 0 ? "the discounted cost is infinite"
                         : "no linear policy keeps the discounted cost finite";
}
constexpr const char* kUnboundedBelow = "the discounted cost has no lower bound";

/// The same problem for v, where u = v - R^-1 N'x: without a product of state and control.
struct Completed {
  System system;
  Policy shift;  // K = -R^-1 N'
};

std::optional<Completed> complete_squares(const System& system) {
  Completed result{system, {}};
  for (Mode& mode : result.system.modes) {
    Gains shift{Matrix::Zero(mode.m, mode.n), Vector::Zero(mode.m)};
    if (mode.m > 0) {
      const Eigen::LLT<Matrix> R(mode.R);
      if (R.info() != Eigen::Success) return std::nullopt;
      shift.K = -R.solve(mode.N.transpose());
      mode.A += mode.B * shift.K;
      mode.Q += mode.N * shift.K;
      mode.Q = 0.5 * (mode.Q + mode.Q.transpose()).eval();
      mode.N.setZero();
      for (Mode::Multiplicative& noise : mode.noise) noise.C += noise.D * shift.K;
    }
    result.shift.push_back(std::move(shift));
  }
  return result;
}

/// Quadratic parts only, for states x = V y.
System projected(const System& system, const Matrix& V) {
  System result = system;
  for (Mode& mode : result.modes) {
    mode.n = static_cast<int>(V.cols());
    mode.A = V.transpose() * mode.A * V;
    mode.B = V.transpose() * mode.B;
    mode.Q = V.transpose() * mode.Q * V;
    mode.N = V.transpose() * mode.N;
    mode.S = Matrix::Zero(mode.n, 0);
    mode.b = mode.q = Vector::Zero(mode.n);
    mode.r = Vector::Zero(mode.m);
    mode.constant = 0;
    mode.covariance = Matrix();
    for (Mode::Multiplicative& noise : mode.noise) {
      const Matrix rows = V(noise.rows, Eigen::all).transpose();
      noise.C = rows * noise.C * V;
      noise.D = rows * noise.D;
      noise.s = Vector::Zero(mode.n);
      noise.rows.resize(static_cast<std::size_t>(mode.n));
      for (int i = 0; i < mode.n; ++i) noise.rows[static_cast<std::size_t>(i)] = i;
    }
  }
  return result;
}

Matrix whole(const Mode::Multiplicative& noise, int n) {
  Matrix C = Matrix::Zero(n, n);
  for (std::size_t i = 0; i < noise.rows.size(); ++i)
    C.row(noise.rows[i]) = noise.C.row(static_cast<Eigen::Index>(i));
  return C;
}

/// A basis of the states that some cost sees, sooner or later. Each state is told in the unit in
/// which it costs, or in which what it drives does, so that no choice of units hides one.
Matrix seen_states(const System& system) {
  const int n = system.n();
  std::vector<Matrix> costs, operators;
  for (const Mode& mode : system.modes) {
    costs.push_back(mode.Q);
    operators.emplace_back(mode.A.transpose());
    for (const auto& noise : mode.noise) operators.emplace_back(whole(noise, n).transpose());
  }
  const Vector unit = units_of_cost(costs, operators);
  const auto to_units = unit.cwiseInverse().asDiagonal();
  Matrix start(n, 0);
  for (const Matrix& Q : costs) {
    start.conservativeResize(n, start.cols() + n);
    start.rightCols(n) = to_units * Q * to_units;
  }
  for (Matrix& each : operators) each = (to_units * each * unit.asDiagonal()).eval();
  const Matrix basis = unit.asDiagonal() * invariant_space(start, operators);
  if (basis.cols() == 0 || basis.cols() == n) return basis;
  const Matrix Q = Eigen::HouseholderQR<Matrix>(basis).householderQ();
  return Q.leftCols(basis.cols());
}

std::vector<Matrix> no_gains(const System& system) {
  return std::vector<Matrix>(system.size(), Matrix::Zero(system.m(), system.n()));
}

/// The same problem with another discount.
System discounted(const System& system, double more) {
  System result = system;
  for (Mode& mode : result.modes) mode.rho += more;
  return result;
}

/// P alone, one regime after the other.
struct Solution {
  std::string failure;
  bool cancelled = false;
  std::vector<Matrix> P;
  int iterations = 0;
};

class Solver {
 public:
  explicit Solver(const QuadraticStop& stop) : stop_(stop) {}

  Solution operator()(const System& system) {
    if (system.n() == 0) return {{}, false, std::vector<Matrix>(system.size()), 0};
    if (system.plain() && definite(system)) return plain(system);
    const auto start = stable_gains(system);
    if (stopped()) return cancelled();
    if (!start) return {unbounded_above(system), false, {}, 0};
    return newton(system, *start);
  }

 private:
  static bool definite(const System& system) {
    return system.m() == 0 || Eigen::LLT<Matrix>(system.modes[0].R).info() == Eigen::Success;
  }
  bool stopped() const { return stop_ && stop_(); }
  static Solution cancelled() { return {{}, true, {}, 0}; }

  Solution plain(const System& system) {
    const Mode& mode = system.modes[0];
    const Matrix A = mode.A - 0.5 * mode.rho * Matrix::Identity(mode.n, mode.n);
    const Matrix G = mode.m == 0 ? Matrix(Matrix::Zero(mode.n, mode.n))
                                 : Matrix(mode.B * mode.R.llt().solve(mode.B.transpose()));
    const ScatteringLimit limit = scattering_limit(A, G, mode.Q, stop_);
    switch (limit.end) {
      case ScatteringLimit::End::Cancelled:
        return cancelled();
      case ScatteringLimit::End::Unbounded:
        return {unbounded_above(system), false, {}, limit.doublings};
      case ScatteringLimit::End::NoLowerBound:
        return {kUnboundedBelow, false, {}, limit.doublings};
      case ScatteringLimit::End::Found:
        break;
    }
    Values V = zero_values(system);
    V[0].P = limit.P;
    const std::vector<Matrix> K{minimiser(hamiltonian(system, 0, V)).K};
    // A policy that is not stable has no Lyapunov equation to refine P by.
    if (!Lyapunov(system, K, stop_).stable()) return {{}, false, {limit.P}, limit.doublings};
    return newton(system, K);
  }

  /// Kleinman's iteration (1968): every step is the value of the last step's policy.
  Solution newton(const System& system, std::vector<Matrix> K) {
    Solution result;
    double change = 1;
    Values V = zero_values(system);
    for (int iteration = 1; iteration <= 60; ++iteration) {
      const Lyapunov lyapunov(system, K, stop_);
      std::vector<Matrix> W;
      for (std::size_t j = 0; j < K.size(); ++j) {
        const Gains gains{K[j], Vector::Zero(system.m())};
        W.push_back(closed(hamiltonian(system, j, zero_values(system)), gains).P);
      }
      const auto P = lyapunov.solve(W);
      if (stopped()) return cancelled();
      if (!P) return {unbounded_above(system), false, {}, iteration};
      double difference = 0, size = 0;
      for (std::size_t j = 0; j < K.size(); ++j) {
        difference += ((*P)[j] - V[j].P).squaredNorm();
        size += (*P)[j].squaredNorm();
        V[j].P = (*P)[j];
      }
      for (std::size_t j = 0; j < K.size(); ++j) K[j] = minimiser(hamiltonian(system, j, V)).K;
      result.iterations = iteration;
      if (!std::isfinite(size) || !all_finite(K)) return {kUnboundedBelow, false, {}, iteration};
      const double before = change;
      change = size > 0 ? std::sqrt(difference / size) : 0.0;
      // Newton's quadratic convergence ends in rounding: then the change stops falling.
      if (change == 0 || (change < 1e-12 && change >= 0.5 * before)) break;
    }
    for (const Value& value : V) result.P.push_back(value.P);
    if (change > 1e-6) result.failure = kUnboundedBelow;
    return result;
  }

  static bool all_finite(const std::vector<Matrix>& K) {
    return std::all_of(K.begin(), K.end(), [](const Matrix& k) { return k.allFinite(); });
  }

  /// A policy of finite cost, found along falling discounts: at a high one every policy has a
  /// finite cost, and the best one there has a finite cost at a discount that is a little lower.
  std::optional<std::vector<Matrix>> stable_gains(const System& system) {
    std::vector<Matrix> K = no_gains(system);
    if (Lyapunov(system, K, stop_).stable()) return K;
    double high = 0;
    for (const Mode& mode : system.modes) high = std::max(high, mode.A.norm() + std::abs(mode.rho));
    high += 1e-300;
    for (int k = 0; !Lyapunov(discounted(system, high), K, stop_).stable(); ++k) {
      if (k > 60 || stopped()) return std::nullopt;
      high *= 2;
    }
    const double first = high;
    for (int step = 0; step < 200 && !stopped(); ++step) {
      const Solution best = newton(discounted(system, high), K);
      if (!best.failure.empty() || best.cancelled) return std::nullopt;
      Values V = zero_values(system);
      for (std::size_t j = 0; j < K.size(); ++j) V[j].P = best.P[j];
      const System here = discounted(system, high);
      for (std::size_t j = 0; j < K.size(); ++j) K[j] = minimiser(hamiltonian(here, j, V)).K;
      if (Lyapunov(system, K, stop_).stable()) return K;
      double low = 0.1 * high;
      while (!Lyapunov(discounted(system, low), K, stop_).stable()) {
        low = std::sqrt(low * high);
        if (low > 0.999 * high || stopped()) return std::nullopt;
      }
      high = low;
      if (high < 1e-13 * first) return std::nullopt;
    }
    return std::nullopt;
  }

  const QuadraticStop& stop_;
};

// ---- the linear and the constant part

/// p of the policy: (A + B K - rho)'p + sum over regimes = -source, where what drives it fades.
bool add_linear(const System& system, const Policy& policy, Values& V) {
  const int n = system.n(), count = static_cast<int>(system.size());
  Matrix F = Matrix::Zero(n * count, n * count);
  Vector source(n * count);
  for (int j = 0; j < count; ++j) {
    const Mode& mode = system.modes[static_cast<std::size_t>(j)];
    const Gains& gains = policy[static_cast<std::size_t>(j)];
    F.block(n * j, n * j, n, n) =
        (mode.A + mode.B * gains.K).transpose() - mode.rho * Matrix::Identity(n, n);
    for (int i = 0; i < count; ++i)
      F.block(n * j, n * i, n, n) += system.rates(j, i) * Matrix::Identity(n, n);
    const Hamiltonian H = hamiltonian(system, static_cast<std::size_t>(j), V);
    source.segment(n * j, n) = H.q + gains.K.transpose() * H.r;
  }
  const auto p = integral_of_flow(F, source);
  if (!p) return false;
  for (int j = 0; j < count; ++j) V[static_cast<std::size_t>(j)].p = p->segment(n * j, n);
  return true;
}

/// What a cost of rest is measured against: rounding alone is no cost.
double size_of_rest(const Mode& mode, const Value& V, const Gains& g) {
  return std::abs(mode.constant) + V.p.cwiseAbs().dot(mode.b.cwiseAbs()) +
         g.k.cwiseAbs().dot(mode.R.cwiseAbs() * g.k.cwiseAbs()) +
         mode.r.cwiseAbs().dot(g.k.cwiseAbs());
}

/// c: the discounted cost that is paid whatever the state.
bool add_constant(const System& system, const Policy& policy, Values& V) {
  const int count = static_cast<int>(system.size());
  Vector running(count);
  Matrix F = system.rates;
  for (int j = 0; j < count; ++j) {
    const auto regime = static_cast<std::size_t>(j);
    const Mode& mode = system.modes[regime];
    running(j) = closed(hamiltonian(system, regime, V), policy[regime]).c;
    if (std::abs(running(j)) <= 1e-12 * size_of_rest(mode, V[regime], policy[regime]))
      running(j) = 0;
    F(j, j) -= mode.rho;
  }
  const auto c = integral_of_flow(F, running);
  if (!c) return false;
  for (int j = 0; j < count; ++j) V[static_cast<std::size_t>(j)].c = (*c)(j);
  return true;
}

double relative_residual(const System& system, const Values& V, const Policy& policy) {
  double worst = 0;
  for (std::size_t j = 0; j < system.size(); ++j) {
    const Mode& mode = system.modes[j];
    const Value left = closed(hamiltonian(system, j, V), policy[j]);
    const Matrix PA = V[j].P * mode.A;
    const double quadratic = std::max({mode.Q.cwiseAbs().maxCoeff(), PA.cwiseAbs().maxCoeff(),
                                       std::abs(mode.rho) * V[j].P.cwiseAbs().maxCoeff()});
    const double linear =
        std::max({mode.q.cwiseAbs().maxCoeff(), (V[j].P * mode.b).cwiseAbs().maxCoeff(),
                  (mode.A.transpose() * V[j].p).cwiseAbs().maxCoeff(),
                  std::abs(mode.rho) * V[j].p.cwiseAbs().maxCoeff()});
    if (quadratic > 0) worst = std::max(worst, left.P.cwiseAbs().maxCoeff() / quadratic);
    if (linear > 0) worst = std::max(worst, left.p.cwiseAbs().maxCoeff() / linear);
  }
  return worst;
}

Policy policy_of(const System& system, const Values& V) {
  Policy policy;
  for (std::size_t j = 0; j < system.size(); ++j)
    policy.push_back(minimiser(hamiltonian(system, j, V)));
  return policy;
}

/// The solution whose policy is stable, from the gain at a small cost of every state.
std::optional<QuadraticAnswer::Other> other_solution(const System& system, const Matrix& infimum,
                                                     const QuadraticStop& stop) {
  if (!system.plain()) return {};
  System watched = system;
  Mode& mode = watched.modes[0];
  const double size = std::max(mode.Q.cwiseAbs().maxCoeff(), mode.A.norm());
  mode.Q += 1e-6 * size * Matrix::Identity(mode.n, mode.n);
  const Solution start = Solver(stop)(watched);
  if (!start.failure.empty() || start.cancelled) return {};
  Values V = zero_values(system);
  V[0].P = start.P[0];
  for (int step = 0; step < 20; ++step) {
    const Matrix K = minimiser(hamiltonian(system, 0, V)).K;
    const Lyapunov lyapunov(system, {K}, stop);
    const Gains gains{K, Vector::Zero(mode.m)};
    const auto P = lyapunov.solve({closed(hamiltonian(system, 0, zero_values(system)), gains).P});
    if (!P) return {};
    const double change = ((*P)[0] - V[0].P).norm();
    V[0].P = (*P)[0];
    if (change <= 1e-12 * V[0].P.norm()) break;
  }
  const double more = (V[0].P - infimum).trace();
  if (!(more > 1e-9 * V[0].P.trace())) return {};
  return QuadraticAnswer::Other{V[0].P.trace(), infimum.trace()};
}

}  // namespace
}  // namespace quadratic

namespace {

using namespace quadratic;

bool nonnegative(const System& system) {
  return std::all_of(system.modes.begin(), system.modes.end(), [](const Mode& mode) {
    const Eigen::LDLT<Matrix> ldlt(mode.Q);
    return ldlt.info() == Eigen::Success &&
           ldlt.vectorD().minCoeff() >= -1e-14 * mode.Q.cwiseAbs().maxCoeff();
  });
}

/// P, on the states that a cost sees where the others are not stable by themselves.
Solution quadratic_part(const System& system, const QuadraticStop& stop,
                        std::optional<QuadraticAnswer::Other>& other) {
  const auto completed = complete_squares(system);
  if (!completed || !(nonnegative(completed->system) || system.m() == 0))
    return Solver(stop)(system);
  const Matrix seen = seen_states(completed->system);
  const auto n = static_cast<Eigen::Index>(system.n());
  if (seen.cols() == n) return Solver(stop)(system);
  Matrix unseen = Matrix::Identity(n, n);
  if (seen.cols() > 0)
    unseen = Matrix(Eigen::HouseholderQR<Matrix>(seen).householderQ()).rightCols(n - seen.cols());
  const System free = projected(completed->system, unseen);
  if (Lyapunov(free, no_gains(free), stop).stable()) return Solver(stop)(system);
  Solution result = Solver(stop)(projected(completed->system, seen));
  if (!result.failure.empty() || result.cancelled) return result;
  for (Matrix& P : result.P) P = (seen * P * seen.transpose()).eval();
  if (seen.cols() == 0) result.P.assign(system.size(), Matrix::Zero(n, n));
  if (system.m() > 0) other = other_solution(completed->system, result.P[0], stop);
  return result;
}

}  // namespace

QuadraticAnswer solve_riccati(const QuadraticSystem& in, const QuadraticStop& stop) {
  QuadraticAnswer answer;
  const System system(in);
  const Solution solution = quadratic_part(system, stop, answer.other);
  answer.iterations = solution.iterations;
  answer.failure = solution.failure;
  answer.cancelled = solution.cancelled;
  if (answer.cancelled || !answer.failure.empty()) return answer;
  Values V = zero_values(system);
  for (std::size_t j = 0; j < system.size(); ++j) V[j].P = solution.P[j];
  if (!add_linear(system, policy_of(system, V), V)) {
    answer.failure = "its linear part grows faster than is discounted";
    return answer;
  }
  const Policy policy = policy_of(system, V);
  if (!add_constant(system, policy, V)) {
    answer.failure = "the cost of rest, or of noise, is paid for ever and not discounted";
    return answer;
  }
  answer.residual = relative_residual(system, V, policy);
  for (std::size_t j = 0; j < system.size(); ++j)
    answer.levels.push_back({0,
                             flat(V[j].P),
                             {V[j].p.begin(), V[j].p.end()},
                             V[j].c,
                             flat(policy[j].K),
                             {policy[j].k.begin(), policy[j].k.end()}});
  return answer;
}

namespace {

void close_loop(QuadraticProblem& problem, const std::vector<double>& K_flat,
                const std::vector<double>& k_flat) {
  const int n = problem.n, m = problem.m, noises = problem.noises;
  const Mode mode(problem);
  const Matrix K = matrix(K_flat, m, n);
  const Vector k = matrix(k_flat, m, 1);
  const Gains gains{K, k};
  const Value cost = closed({mode.Q, mode.N, mode.R, mode.q, mode.r, mode.constant}, gains);
  problem.A = flat(mode.A + mode.B * K);
  problem.b = flat(mode.b + mode.B * k);
  problem.Q = flat(cost.P);
  problem.q = flat(cost.p);
  problem.constant = cost.c;
  const auto stride = static_cast<std::size_t>(n) * static_cast<std::size_t>(noises);
  for (int j = 0; j < m && !problem.D.empty(); ++j) {
    for (std::size_t entry = 0; entry < stride; ++entry) {
      const double D = problem.D[static_cast<std::size_t>(j) * stride + entry];
      if (problem.S.empty()) problem.S.assign(stride, 0.0);
      if (problem.C.empty()) problem.C.assign(static_cast<std::size_t>(n) * stride, 0.0);
      problem.S[entry] += D * k(j);
      for (int i = 0; i < n; ++i)
        problem.C[static_cast<std::size_t>(i) * stride + entry] += D * K(j, i);
    }
  }
  problem.m = 0;
  problem.B.clear(), problem.D.clear(), problem.N.clear(), problem.R.clear(), problem.r.clear();
}

}  // namespace

QuadraticSystem under_policy(const QuadraticSystem& system,
                             const std::vector<std::vector<double>>& K,
                             const std::vector<std::vector<double>>& k) {
  QuadraticSystem result = system;
  for (std::size_t j = 0; j < result.regimes.size(); ++j) close_loop(result.regimes[j], K[j], k[j]);
  return result;
}

}  // namespace hopf::runtime
