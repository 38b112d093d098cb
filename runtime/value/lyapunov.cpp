#include "value/lyapunov.hpp"

#include <cmath>

namespace hopf::runtime::quadratic {

namespace {

/// The geometric mean of the eigenvalues' sizes: it treats the slowest and the fastest alike.
double geometric_mean(const Matrix& F) {
  const Eigen::PartialPivLU<Matrix> lu(F);
  const double log_det = lu.matrixLU().diagonal().cwiseAbs().array().log().sum();
  return std::exp(log_det / static_cast<double>(F.rows()));
}

}  // namespace

Smith::Smith(const Matrix& F, const QuadraticStop& stop) : F_(F) {
  if (F.rows() == 0) {
    stable_ = true;
    return;
  }
  constexpr int kSquarings = 60;
  shift_ = geometric_mean(F);
  if (!(shift_ > 0) || !std::isfinite(shift_)) return;
  const Matrix I = Matrix::Identity(F.rows(), F.cols());
  resolvent_ = Eigen::PartialPivLU<Matrix>(F.transpose() - shift_ * I);
  powers_.push_back(resolvent_.solve(F.transpose() + shift_ * I));
  while (static_cast<int>(powers_.size()) < kSquarings) {
    const double size = powers_.back().norm();
    if (!(size < 1e100) || (stop && stop())) return;
    if (size < 1e-9) break;  // what is left out is its square
    powers_.push_back(powers_.back() * powers_.back());
  }
  stable_ = powers_.back().norm() < 1e-9;
}

Matrix Smith::sum(const Matrix& W) const {
  const Matrix half = resolvent_.solve(W);
  Matrix P = 2 * shift_ * resolvent_.solve(half.transpose());
  for (const Matrix& power : powers_) P += (power * P * power.transpose()).eval();
  return 0.5 * (P + P.transpose());
}

// Two steps of iterative refinement take the rounding of the squarings away.
Matrix Smith::solve(const Matrix& W) const {
  if (F_.rows() == 0) return W;
  Matrix P = sum(W);
  for (int step = 0; step < 2; ++step) {
    const Matrix PF = P * F_;
    P += sum(W + PF + PF.transpose());
  }
  return P;
}

Lyapunov::Lyapunov(const System& system, const std::vector<Matrix>& K, const QuadraticStop& stop)
    : n_(system.n()), coupled_(!system.plain()), rates_(system.rates), stop_(stop) {
  const Matrix I = Matrix::Identity(n_, n_);
  for (std::size_t j = 0; j < system.size(); ++j) {
    const Mode& mode = system.modes[j];
    const double stays = rates_(static_cast<int>(j), static_cast<int>(j));
    modes_.emplace_back(mode.A + mode.B * K[j] - 0.5 * (mode.rho - stays) * I, stop);
    noise_.emplace_back();
    for (const Mode::Multiplicative& noise : mode.noise)
      noise_.back().push_back({noise.rows, noise.C + noise.D * K[j]});
  }
}

std::vector<Matrix> Lyapunov::coupling(const std::vector<Matrix>& X) const {
  std::vector<Matrix> result;
  for (std::size_t j = 0; j < X.size(); ++j) {
    Matrix sum = Matrix::Zero(n_, n_);
    for (const Noise& noise : noise_[j])
      sum += noise.E.transpose() * X[j](noise.rows, noise.rows) * noise.E;
    for (std::size_t i = 0; i < X.size(); ++i) {
      const double rate = rates_(static_cast<int>(j), static_cast<int>(i));
      if (i != j && rate != 0) sum += rate * X[i];
    }
    result.push_back(std::move(sum));
  }
  return result;
}

std::vector<Matrix> Lyapunov::precondition(const std::vector<Matrix>& W) const {
  std::vector<Matrix> result;
  for (std::size_t j = 0; j < W.size(); ++j) result.push_back(modes_[j].solve(W[j]));
  return result;
}

Vector Lyapunov::stacked(const std::vector<Matrix>& X) const {
  const auto size = static_cast<Eigen::Index>(n_) * n_;
  Vector result(size * static_cast<Eigen::Index>(X.size()));
  for (std::size_t j = 0; j < X.size(); ++j)
    result.segment(size * static_cast<Eigen::Index>(j), size) = X[j].reshaped();
  return result;
}

std::vector<Matrix> Lyapunov::unstacked(const Vector& x) const {
  const auto size = static_cast<Eigen::Index>(n_) * n_;
  std::vector<Matrix> result;
  for (std::size_t j = 0; j < modes_.size(); ++j)
    result.push_back(x.segment(size * static_cast<Eigen::Index>(j), size).reshaped(n_, n_));
  return result;
}

Vector Lyapunov::apply(const Vector& x) const {
  return x - stacked(precondition(coupling(unstacked(x))));
}

/// One cycle of GMRES: the step that lowers the residual most within its Krylov space.
std::optional<Vector> Lyapunov::krylov_step(const Vector& residual, double smallest) const {
  constexpr int kDimension = 60;
  const double norm = residual.norm();
  std::vector<Vector> basis{residual / norm};
  Matrix H = Matrix::Zero(kDimension + 1, kDimension);
  Vector y;
  for (int k = 0; k < kDimension; ++k) {
    if (stop_ && stop_()) return std::nullopt;
    Vector next = apply(basis.back());
    for (int pass = 0; pass < 2; ++pass) {
      for (int i = 0; i <= k; ++i) {
        const double h = basis[static_cast<std::size_t>(i)].dot(next);
        next -= h * basis[static_cast<std::size_t>(i)];
        H(i, k) += h;
      }
    }
    H(k + 1, k) = next.norm();
    const Matrix active = H.topLeftCorner(k + 2, k + 1);
    const Vector e = norm * Vector::Unit(k + 2, 0);
    y = active.colPivHouseholderQr().solve(e);
    if ((active * y - e).norm() <= 1e-13 * norm || H(k + 1, k) <= smallest) break;
    basis.push_back(next / H(k + 1, k));
  }
  Vector step = Vector::Zero(residual.size());
  for (Eigen::Index i = 0; i < y.size(); ++i) step += y(i) * basis[static_cast<std::size_t>(i)];
  return step;
}

// X - S(coupling X) = right, where S is the preconditioner; restarted on the residual.
std::optional<Vector> Lyapunov::gmres(const Vector& right) const {
  constexpr int kRestarts = 8;
  const double scale = right.norm();
  double before = 2 * scale;
  Vector x = Vector::Zero(right.size());
  for (int restart = 0; restart <= kRestarts; ++restart) {
    const Vector residual = right - apply(x);
    const double norm = residual.norm(), size = scale + x.norm();
    if (!std::isfinite(norm)) return std::nullopt;
    const bool still = norm > 0.5 * before || restart == kRestarts;
    if (norm <= 1e-14 * size || (still && norm <= 1e-12 * size)) return x;
    if (norm > 0.9 * before || restart == kRestarts) return std::nullopt;
    before = norm;
    const auto step = krylov_step(residual, 1e-15 * scale);
    if (!step) return std::nullopt;
    x += *step;
  }
  return std::nullopt;
}

std::optional<std::vector<Matrix>> Lyapunov::solve(const std::vector<Matrix>& W) const {
  for (const Smith& mode : modes_) {
    if (!mode.stable()) return std::nullopt;
  }
  std::vector<Matrix> first = precondition(W);
  if (!coupled_) return first;
  const auto x = gmres(stacked(first));
  if (!x) return std::nullopt;
  std::vector<Matrix> result = unstacked(*x);
  for (Matrix& P : result) P = 0.5 * (P + P.transpose()).eval();
  return result;
}

bool Lyapunov::stable() const {
  for (const Smith& mode : modes_) {
    if (!mode.stable()) return false;
  }
  if (!coupled_ || n_ == 0) return true;
  const auto X = solve(std::vector<Matrix>(modes_.size(), Matrix::Identity(n_, n_)));
  if (!X) return false;
  for (const Matrix& P : *X) {
    if (Eigen::LLT<Matrix>(P).info() != Eigen::Success) return false;
  }
  return true;
}

}  // namespace hopf::runtime::quadratic
