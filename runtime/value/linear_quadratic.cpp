#include "value/linear_quadratic.hpp"

#include <limits>

namespace hopf::runtime::quadratic {

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Vector vector(const std::vector<double>& v, int n) {
  if (v.empty()) return Vector::Zero(n);
  return Eigen::Map<const Vector>(v.data(), n);
}

/// Column k of each of the `count` blocks n*K of a list, side by side: n*count.
Matrix by_noise(const std::vector<double>& blocks, int count, int n, int noises, int k) {
  Matrix result = Matrix::Zero(n, count);
  if (blocks.empty()) return result;
  for (int block = 0; block < count; ++block) {
    for (int i = 0; i < n; ++i)
      result(i, block) = blocks[static_cast<std::size_t>((block * n + i) * noises + k)];
  }
  return result;
}

void add_noise(const Mode& mode, const Matrix& P, Hamiltonian& H) {
  for (const Mode::Multiplicative& noise : mode.noise) {
    const Matrix inner = P(noise.rows, noise.rows);
    const Vector Ps = P(noise.rows, Eigen::all) * noise.s;
    H.Q += noise.C.transpose() * inner * noise.C;
    H.q += noise.C.transpose() * Ps;
    if (mode.m == 0) continue;
    H.N += noise.C.transpose() * inner * noise.D;
    H.R += noise.D.transpose() * inner * noise.D;
    H.r += noise.D.transpose() * Ps;
  }
}

}  // namespace

Matrix matrix(const std::vector<double>& v, int rows, int cols, std::size_t offset) {
  if (v.empty()) return Matrix::Zero(rows, cols);
  return Eigen::Map<const RowMajor>(v.data() + offset, rows, cols);
}

std::vector<double> flat(const Matrix& m) {
  std::vector<double> result(static_cast<std::size_t>(m.size()));
  Eigen::Map<RowMajor>(result.data(), m.rows(), m.cols()) = m;
  return result;
}

Mode::Mode(const QuadraticProblem& in)
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
  if (!S.isZero(0)) covariance = S * S.transpose();
  const bool additive = in.C.empty() && in.D.empty();
  for (int k = 0; k < (additive ? 0 : in.noises); ++k) {
    const Matrix C_k = by_noise(in.C, n, n, in.noises, k);
    const Matrix D_k = by_noise(in.D, m, n, in.noises, k);
    Multiplicative each;
    for (int i = 0; i < n; ++i) {
      if (!C_k.row(i).isZero(0) || !D_k.row(i).isZero(0)) each.rows.push_back(i);
    }
    if (each.rows.empty()) continue;
    each.C = C_k(each.rows, Eigen::all);
    each.D = D_k(each.rows, Eigen::all);
    each.s = S.col(k);
    noise.push_back(std::move(each));
  }
}

System::System(const QuadraticSystem& in) {
  for (const QuadraticProblem& regime : in.regimes) modes.emplace_back(regime);
  const int count = static_cast<int>(modes.size());
  rates = matrix(in.rates, count, count);
}

double noise_cost(const Mode& mode, const Matrix& P) {
  return mode.covariance.size() == 0 ? 0.0 : 0.5 * P.cwiseProduct(mode.covariance).sum();
}

Hamiltonian hamiltonian(const System& system, std::size_t regime, const Values& values) {
  const Mode& mode = system.modes[regime];
  const Value& V = values[regime];
  Hamiltonian H;
  const Matrix PA = V.P * mode.A;
  H.Q = mode.Q + PA + PA.transpose() - mode.rho * V.P;
  H.N = mode.N + V.P * mode.B;
  H.R = mode.R;
  H.q = mode.q + mode.A.transpose() * V.p + V.P * mode.b - mode.rho * V.p;
  H.r = mode.r + mode.B.transpose() * V.p;
  H.c = mode.constant + V.p.dot(mode.b) + noise_cost(mode, V.P) - mode.rho * V.c;
  add_noise(mode, V.P, H);
  if (system.size() == 1) return H;
  for (std::size_t other = 0; other < system.size(); ++other) {
    const double rate = system.rates(static_cast<int>(regime), static_cast<int>(other));
    if (rate == 0) continue;
    H.Q += rate * values[other].P;
    H.q += rate * values[other].p;
    H.c += rate * values[other].c;
  }
  return H;
}

Gains minimiser(const Hamiltonian& H) {
  const auto m = H.R.rows(), n = H.Q.rows();
  if (m == 0) return {Matrix::Zero(0, n), Vector::Zero(0)};
  const Eigen::LLT<Matrix> R(H.R);
  if (R.info() != Eigen::Success) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return {Matrix::Constant(m, n, nan), Vector::Constant(m, nan)};
  }
  return {-R.solve(H.N.transpose()), -R.solve(H.r)};
}

Value minimum(const Hamiltonian& H, const Gains& g) {
  Value out{H.Q + H.N * g.K, H.q + H.N * g.k, H.c + 0.5 * H.r.dot(g.k)};
  out.P = 0.5 * (out.P + out.P.transpose()).eval();
  return out;
}

Value closed(const Hamiltonian& H, const Gains& g) {
  Value out;
  const Matrix NK = H.N * g.K;
  out.P = H.Q + NK + NK.transpose() + g.K.transpose() * H.R * g.K;
  out.P = 0.5 * (out.P + out.P.transpose()).eval();
  out.p = H.q + H.N * g.k + g.K.transpose() * (H.r + H.R * g.k);
  out.c = H.c + H.r.dot(g.k) + 0.5 * g.k.dot(H.R * g.k);
  return out;
}

Values zero_values(const System& system) {
  const int n = system.n();
  return Values(system.size(), Value{Matrix::Zero(n, n), Vector::Zero(n), 0});
}

}  // namespace hopf::runtime::quadratic
