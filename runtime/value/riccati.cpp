#include "value/riccati.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace hopf::runtime {

namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Matrix matrix(const std::vector<double>& v, int rows, int cols, std::size_t offset = 0) {
  if (v.empty()) return Matrix::Zero(rows, cols);
  return Eigen::Map<const RowMajor>(v.data() + offset, rows, cols);
}
Vector vector(const std::vector<double>& v, int n) {
  if (v.empty()) return Vector::Zero(n);
  return Eigen::Map<const Vector>(v.data(), n);
}
std::vector<double> flat(const Matrix& m) {
  std::vector<double> result(static_cast<std::size_t>(m.size()));
  Eigen::Map<RowMajor>(result.data(), m.rows(), m.cols()) = m;
  return result;
}

struct Value {
  Matrix P;
  Vector p;
  double c = 0;
};
struct Gains {
  Matrix K;
  Vector k;
};

// The coefficients of H(x, u) = 1/2 x'Qx + x'Nu + 1/2 u'Ru + q'x + r'u + c for a value V, discount
// included.
struct Hamiltonian {
  Matrix Q, N, R;
  Vector q, r;
  double c = 0;
};

class Problem {
 public:
  explicit Problem(const QuadraticProblem& in)
      : n(in.n),
        m(in.m),
        rho(in.rho),
        constant(in.constant),
        A(matrix(in.A, n, n)),
        B(matrix(in.B, n, m)),
        S(matrix(in.S, n, in.noises)),
        Q(matrix(in.Q, n, n)),
        N(matrix(in.N, n, m)),
        R(matrix(in.R, m, m)),
        b(vector(in.b, n)),
        q(vector(in.q, n)),
        r(vector(in.r, m)) {
    const auto stride = static_cast<std::size_t>(n) * static_cast<std::size_t>(in.noises);
    for (int i = 0; i < n; ++i) C.push_back(matrix(in.C, n, in.noises, i * stride));
    for (int j = 0; j < m; ++j) D.push_back(matrix(in.D, n, in.noises, j * stride));
    for (const auto* group : {&C, &D}) {
      for (const Matrix& each : *group)
        multiplicative = multiplicative || each.cwiseAbs().sum() > 0;
    }
  }

  // tr(X'P Y) with noise matrices: what the Ito term 1/2 tr(sigma sigma' P) contributes.
  static double product(const Matrix& X, const Matrix& P, const Matrix& Y) {
    return (P * Y).cwiseProduct(X).sum();
  }

  Hamiltonian hamiltonian(const Value& V) const {
    Hamiltonian H;
    const Matrix PA = V.P * A;
    H.Q = Q + PA + PA.transpose() - rho * V.P;
    H.N = N + V.P * B;
    H.R = R;
    H.q = q + A.transpose() * V.p + V.P * b - rho * V.p;
    H.r = r + B.transpose() * V.p;
    H.c = constant + V.p.dot(b) + 0.5 * product(S, V.P, S) - rho * V.c;
    if (multiplicative) add_noise(V.P, H);
    return H;
  }

  Gains minimiser(const Hamiltonian& H) const {
    if (m == 0) return {Matrix::Zero(0, n), Vector::Zero(0)};
    const Eigen::PartialPivLU<Matrix> lu(H.R);
    return {-lu.solve(H.N.transpose()), -lu.solve(H.r)};
  }

  // The quadratic H(x, K x + k).
  static Value closed(const Hamiltonian& H, const Gains& g) {
    Value out;
    const Matrix NK = H.N * g.K;
    out.P = H.Q + NK + NK.transpose() + g.K.transpose() * H.R * g.K;
    out.P = 0.5 * (out.P + out.P.transpose()).eval();
    out.p = H.q + H.N * g.k + g.K.transpose() * (H.r + H.R * g.k);
    out.c = H.c + H.r.dot(g.k) + 0.5 * g.k.dot(H.R * g.k);
    return out;
  }

  int n, m;
  double rho, constant;
  Matrix A, B, S, Q, N, R;
  Vector b, q, r;
  std::vector<Matrix> C, D;
  bool multiplicative = false;

 private:
  void add_noise(const Matrix& P, Hamiltonian& H) const {
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) H.Q(i, j) += product(C[i], P, C[j]);
      for (int j = 0; j < m; ++j) H.N(i, j) += product(C[i], P, D[j]);
      H.q(i) += product(S, P, C[i]);
    }
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < m; ++j) H.R(i, j) += product(D[i], P, D[j]);
      H.r(i) += product(S, P, D[i]);
    }
  }
};

// F'P + P F + sum_ij e_i e_j' tr(E_i'P E_j) = -W for P, with F = A + BK - rho/2 and E_i = C_i +
// sum_j K_ji D_j.
class Lyapunov {
 public:
  Lyapunov(const Problem& problem, const Matrix& K)
      : n_(problem.n),
        F_(problem.A + problem.B * K - 0.5 * problem.rho * Matrix::Identity(problem.n, problem.n)) {
    if (problem.multiplicative) {
      for (int i = 0; i < n_; ++i) {
        E_.push_back(problem.C[i]);
        for (int j = 0; j < problem.m; ++j) E_.back() += K(j, i) * problem.D[j];
      }
    }
  }

  // Mean-square stability of the discounted closed loop: the spectrum of the operator lies to the
  // left of zero.
  bool stable() const {
    if (E_.empty()) return F_.eigenvalues().real().maxCoeff() < 0;
    return kronecker().eigenvalues().real().maxCoeff() < 0;
  }

  Matrix solve(const Matrix& W) const {
    if (E_.empty()) return solve_schur(W);
    const Vector x =
        kronecker().partialPivLu().solve(-Eigen::Map<const Vector>(W.data(), W.size()));
    const Matrix P = Eigen::Map<const Matrix>(x.data(), n_, n_);
    return 0.5 * (P + P.transpose());
  }

 private:
  Matrix kronecker() const {
    const int size = n_ * n_;
    Matrix L = Matrix::Zero(size, size);
    for (int column = 0; column < size; ++column) {
      Matrix X = Matrix::Zero(n_, n_);
      X(column % n_, column / n_) = 1;
      Matrix Y = F_.transpose() * X + X * F_;
      for (int i = 0; i < n_; ++i) {
        for (int j = 0; j < n_; ++j) Y(i, j) += Problem::product(E_[i], X, E_[j]);
      }
      L.col(column) = Eigen::Map<const Vector>(Y.data(), size);
    }
    return L;
  }

  // Bartels & Stewart 1972 on the complex Schur form F = U T U*: T*Y + Y T = -U*W U, one column
  // after the other; one step of iterative refinement takes the rounding of the transformation
  // away.
  Matrix solve_schur(const Matrix& W) const {
    const Eigen::ComplexSchur<Matrix> schur(F_);
    Matrix P = schur_step(schur, W);
    P += schur_step(schur, W + F_.transpose() * P + P * F_);
    return P;
  }

  Matrix schur_step(const Eigen::ComplexSchur<Matrix>& schur, const Matrix& W) const {
    using Complex = Eigen::MatrixXcd;
    const Complex &U = schur.matrixU(), &T = schur.matrixT();
    Complex Y = -(U.adjoint() * W * U);
    for (int j = 0; j < n_; ++j) {
      Eigen::VectorXcd column = Y.col(j);
      for (int i = 0; i < j; ++i) column -= Y.col(i) * T(i, j);
      Complex left = T.adjoint();
      left.diagonal().array() += T(j, j);
      Y.col(j) = left.triangularView<Eigen::Lower>().solve(column);
    }
    const Matrix P = (U * Y * U.adjoint()).real();
    return 0.5 * (P + P.transpose());
  }

  int n_;
  Matrix F_;
  std::vector<Matrix> E_;
};

// A gain that stabilises the loop without multiplicative noise: eigenvectors of the Hamiltonian
// matrix [F - B R^-1 N', -B R^-1 B'; -(Q - N R^-1 N'), -(F - B R^-1 N')'] for eigenvalues with
// negative real part.
std::optional<Matrix> stabilising_start(const Problem& problem) {
  const int n = problem.n;
  const Eigen::PartialPivLU<Matrix> R(problem.R);
  const Matrix half_discount = 0.5 * problem.rho * Matrix::Identity(n, n);
  const Matrix F = problem.A - half_discount - problem.B * R.solve(problem.N.transpose());
  Matrix Z(2 * n, 2 * n);
  Z << F, -problem.B * R.solve(problem.B.transpose()),
      -(problem.Q - problem.N * R.solve(problem.N.transpose())), -F.transpose();
  const Eigen::EigenSolver<Matrix> eigen(Z);
  Eigen::MatrixXcd stable(2 * n, n);
  int found = 0;
  for (int i = 0; i < 2 * n && eigen.info() == Eigen::Success; ++i) {
    if (eigen.eigenvalues()(i).real() >= 0) continue;
    if (found == n) return std::nullopt;
    stable.col(found++) = eigen.eigenvectors().col(i);
  }
  if (found != n) return std::nullopt;
  const Eigen::MatrixXcd top = stable.topRows(n), bottom = stable.bottomRows(n);
  const Matrix P = top.transpose().fullPivLu().solve(bottom.transpose()).transpose().real();
  if (!P.allFinite()) return std::nullopt;
  return -R.solve(problem.N.transpose() + problem.B.transpose() * P);
}

// Without a discount the cost that is paid at rest has to vanish; rounding alone is no cost.
double undiscounted_rest(const Problem& problem, const Value& V, const Gains& g, double running) {
  const double terms = std::abs(problem.constant) + V.p.cwiseAbs().dot(problem.b.cwiseAbs()) +
                       g.k.cwiseAbs().dot(problem.R.cwiseAbs() * g.k.cwiseAbs()) +
                       problem.r.cwiseAbs().dot(g.k.cwiseAbs());
  const bool rests = problem.S.isZero(0) && std::abs(running) <= 1e-12 * terms;
  return rests ? 0.0 : std::copysign(std::numeric_limits<double>::infinity(), running);
}

// V of the policy (stationary): P from Lyapunov, then p and c, linear in turn.
Value value_of(const Problem& problem, const Gains& g) {
  const Lyapunov lyapunov(problem, g.K);
  const int n = problem.n;
  Value zero{Matrix::Zero(n, n), Vector::Zero(n), 0};
  Value V = zero;
  V.P = lyapunov.solve(Problem::closed(problem.hamiltonian(zero), g).P);
  const Vector source = Problem::closed(problem.hamiltonian(V), g).p;
  const Matrix F = (problem.A + problem.B * g.K).transpose() - problem.rho * Matrix::Identity(n, n);
  V.p = source.isZero(0) ? Vector(Vector::Zero(n)) : Vector(F.fullPivLu().solve(-source));
  const double running = Problem::closed(problem.hamiltonian(V), g).c;
  V.c = problem.rho > 0 ? running / problem.rho : undiscounted_rest(problem, V, g, running);
  return V;
}

QuadraticLevel level_of(double t, const Value& V, const Gains& g) {
  return {t, flat(V.P), flat(V.p), V.c, flat(g.K), flat(g.k)};
}

double relative_residual(const Problem& problem, const Value& V, const Gains& g) {
  const Value left = Problem::closed(problem.hamiltonian(V), g);
  const double scale = 1 + V.P.cwiseAbs().maxCoeff() + problem.Q.cwiseAbs().maxCoeff();
  return std::max(left.P.cwiseAbs().maxCoeff(), left.p.cwiseAbs().maxCoeff()) / scale;
}

std::string check_finite(const Value& V) {
  if (!V.P.allFinite() || !V.p.allFinite()) return "the value is not finite";
  if (!std::isfinite(V.c))
    return "without a discount the cost of rest, or of noise, is paid for ever";
  return {};
}

// -dV/dt = closed(V): one interval of Gragg's modified midpoint rule with Richardson extrapolation.
template <class Slope>
Value bulirsch_stoer(const Value& start, double h, Slope slope) {
  constexpr int kColumns = 6;
  const auto advance = [](const Value& a, double s, const Value& d) {
    return Value{a.P + s * d.P, a.p + s * d.p, a.c + s * d.c};
  };
  std::vector<Value> row;
  for (int j = 0; j < kColumns; ++j) {
    const int steps = 2 * (j + 1);
    const double dt = h / steps;
    Value before = start, now = advance(start, dt, slope(start));
    for (int k = 1; k < steps; ++k) {
      Value next = advance(before, 2 * dt, slope(now));
      before = std::move(now);
      now = std::move(next);
    }
    const Value end = slope(now);
    Value estimate{0.5 * (now.P + before.P + dt * end.P), 0.5 * (now.p + before.p + dt * end.p),
                   0.5 * (now.c + before.c + dt * end.c)};
    std::vector<Value> next_row{std::move(estimate)};
    for (int k = 1; k <= j; ++k) {
      const double ratio = static_cast<double>(j + 1) / (j + 1 - k);
      const double factor = 1 / (ratio * ratio - 1);
      const Value &fine = next_row[k - 1], &coarse = row[k - 1];
      next_row.push_back({fine.P + factor * (fine.P - coarse.P),
                          fine.p + factor * (fine.p - coarse.p),
                          fine.c + factor * (fine.c - coarse.c)});
    }
    row = std::move(next_row);
  }
  return row.back();
}

template <class GainsOf>
QuadraticAnswer march(const QuadraticProblem& in, const Problem& problem, double horizon,
                      int levels, GainsOf gains) {
  QuadraticAnswer answer;
  Value V{matrix(in.P_T, in.n, in.n), vector(in.p_T, in.n), in.c_T};
  V.P = 0.5 * (V.P + V.P.transpose()).eval();
  const auto slope = [&](const Value& at) {
    const Hamiltonian H = problem.hamiltonian(at);
    return Problem::closed(H, gains(H));
  };
  const double h = horizon / (levels - 1);
  answer.levels.push_back(level_of(horizon, V, gains(problem.hamiltonian(V))));
  for (int k = 1; k < levels; ++k) {
    const double t = k + 1 == levels ? 0.0 : horizon - k * h;
    V = bulirsch_stoer(V, h, slope);
    if (!V.P.allFinite() || V.P.cwiseAbs().maxCoeff() > 1e12) {
      answer.failure =
          "the Riccati equation leaves every bound " + std::to_string(horizon - t) +
          " before the horizon: past that the cost has no lower bound (a conjugate point)";
      return answer;
    }
    answer.levels.push_back(level_of(t, V, gains(problem.hamiltonian(V))));
    ++answer.iterations;
  }
  std::reverse(answer.levels.begin(), answer.levels.end());
  return answer;
}

}  // namespace

QuadraticAnswer solve_riccati(const QuadraticProblem& in) {
  QuadraticAnswer answer;
  const Problem problem(in);
  std::optional<Matrix> start =
      in.m == 0 ? Matrix(Matrix::Zero(0, in.n)) : stabilising_start(problem);
  if (!start || !Lyapunov(problem, *start).stable()) {
    answer.failure = "no linear policy keeps the discounted cost finite";
    return answer;
  }
  Gains gains{*start, Vector::Zero(in.m)};
  Value V;
  double change = 1;
  for (int iteration = 1; iteration <= 50; ++iteration) {
    const Matrix old = V.P;
    V = value_of(problem, gains);
    gains = problem.minimiser(problem.hamiltonian(V));
    answer.iterations = iteration;
    if (!V.P.allFinite()) break;
    if (iteration == 1) continue;
    const double next = (V.P - old).norm() / (1e-300 + V.P.norm());
    // Newton's quadratic convergence ends in rounding: then the change stops falling.
    if (next == 0 || (next < 1e-12 && next >= 0.5 * change)) break;
    change = next;
  }
  V = value_of(problem, gains);
  gains = problem.minimiser(problem.hamiltonian(V));
  answer.failure = check_finite(V);
  answer.residual = relative_residual(problem, V, gains);
  answer.levels.push_back(level_of(0, V, gains));
  return answer;
}

QuadraticAnswer solve_riccati(const QuadraticProblem& in, double horizon, int levels) {
  const Problem problem(in);
  return march(in, problem, horizon, levels,
               [&](const Hamiltonian& H) { return problem.minimiser(H); });
}

QuadraticAnswer evaluate_affine_policy(const QuadraticProblem& in, const std::vector<double>& K,
                                       const std::vector<double>& k, double horizon, int levels) {
  const Problem problem(in);
  const Gains gains{matrix(K, in.m, in.n), vector(k, in.m)};
  if (horizon > 0)
    return march(in, problem, horizon, levels, [&](const Hamiltonian&) { return gains; });
  QuadraticAnswer answer;
  if (!Lyapunov(problem, gains.K).stable()) {
    answer.failure = "under this policy the discounted cost is infinite";
    return answer;
  }
  const Value V = value_of(problem, gains);
  answer.failure = check_finite(V);
  answer.iterations = 1;
  answer.residual = relative_residual(problem, V, gains);
  answer.levels.push_back(level_of(0, V, gains));
  return answer;
}

}  // namespace hopf::runtime
