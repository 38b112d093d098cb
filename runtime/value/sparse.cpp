#include "value/sparse.hpp"

#include <klu.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "value/fronts.hpp"
#include "value/ilu.hpp"

namespace hopf::runtime {

void SparseMatrix::multiply(std::span<const double> x, std::span<double> y) const {
  for (std::size_t row = 0; row < rows(); ++row) {
    double sum = 0;
    for (std::int64_t k = start[row]; k < start[row + 1]; ++k) sum += value[k] * x[column[k]];
    y[row] = sum;
  }
}

SparseMatrix SparseMatrix::transposed() const {
  SparseMatrix result;
  result.start.assign(rows() + 1, 0);
  for (const std::int32_t c : column) ++result.start[c + 1];
  for (std::size_t i = 0; i < rows(); ++i) result.start[i + 1] += result.start[i];
  result.column.resize(column.size());
  result.value.resize(value.size());
  std::vector<std::int64_t> next(result.start.begin(), result.start.end() - 1);
  for (std::size_t row = 0; row < rows(); ++row) {
    for (std::int64_t k = start[row]; k < start[row + 1]; ++k) {
      const std::int64_t at = next[column[k]]++;
      result.column[at] = static_cast<std::int32_t>(row);
      result.value[at] = value[k];
    }
  }
  return result;
}

namespace {

constexpr int kWidestBand = 24;
constexpr int kMostIterations = 400;
constexpr int kFewIterations = 12;  // that are cheaper than complete factors
constexpr double kClearly = 0.02;   // of the diagonal: what it exceeds the rest of its row by
constexpr double kLargestError = 1e-6;
constexpr std::size_t kMostRowsDirect = 200'000;  // complete factors of larger 3-D grids do not fit

// Largest |b - A x|_i / (|A| |x| + |b|)_i, the backward error of x by rows (Oettli & Prager 1964):
// it does not mind rows of very different size, as a policy with huge controls has them. Rows that
// are all but zero are held to a small share of the largest, or their rounding would count as an
// error of order one.
double backward_error(const SparseMatrix& A, std::span<const double> b, std::span<const double> x) {
  constexpr double kNegligible = 1e-8, kTiny = 1e-290;  // below, numbers have few digits
  std::vector<double> residual(A.rows()), size(A.rows());
  for (std::size_t row = 0; row < A.rows(); ++row) {
    residual[row] = b[row];
    size[row] = std::abs(b[row]);
    for (std::int64_t k = A.start[row]; k < A.start[row + 1]; ++k) {
      const double term = A.value[k] * x[A.column[k]];
      residual[row] -= term;
      size[row] += std::abs(term);
    }
    if (std::isnan(residual[row])) return residual[row];
  }
  const double least = std::max(
      kTiny, kNegligible * (size.empty() ? 0 : *std::max_element(size.begin(), size.end())));
  double worst = 0;
  for (std::size_t row = 0; row < A.rows(); ++row) {
    if (residual[row] != 0)
      worst = std::max(worst, std::abs(residual[row]) / std::max(size[row], least));
  }
  return worst;
}

// LU with partial pivoting of a band matrix stored by rows: row i holds columns i - width .. i + 2
// width, so that row exchanges have room (Golub & Van Loan 2013, 4.3.5). The multipliers take the
// place of the entries that they eliminate.
class BandFactor {
 public:
  BandFactor(std::size_t rows, int width) : rows_(rows), width_(width), stride_(3 * width + 1) {
    band_.resize(rows * stride_);
    exchanged_.resize(rows);
  }

  double* row(std::size_t i) {
    return band_.data() + i * stride_ + width_;
  }  // indexed by column - i

  void clear() { std::fill(band_.begin(), band_.end(), 0.0); }

  // False when singular.
  bool factorise() {
    for (std::size_t i = 0; i < rows_; ++i) {
      const std::size_t last = std::min(rows_ - 1, i + width_);
      pivot(i, last);
      const double* top = row(i);
      if (!(std::abs(top[0]) > 0)) return false;
      for (std::size_t r = i + 1; r <= last; ++r) eliminate(i, r, top);
    }
    return true;
  }

  void solve(std::span<double> b) {
    for (std::size_t i = 0; i < rows_; ++i) {
      std::swap(b[i], b[exchanged_[i]]);
      const std::size_t last = std::min(rows_ - 1, i + width_);
      for (std::size_t r = i + 1; r <= last; ++r) b[r] -= entry(r, i) * b[i];
    }
    for (std::size_t i = rows_; i-- > 0;) {
      const double* top = row(i);
      const std::size_t last = std::min(rows_ - 1, i + 2 * width_);
      double sum = b[i];
      for (std::size_t c = i + 1; c <= last; ++c) sum -= top[c - i] * b[c];
      b[i] = sum / top[0];
    }
  }

 private:
  double& entry(std::size_t r, std::size_t c) {
    return row(r)[static_cast<std::ptrdiff_t>(c) - static_cast<std::ptrdiff_t>(r)];
  }

  void pivot(std::size_t i, std::size_t last) {
    std::size_t best = i;
    double size = std::abs(row(i)[0]);
    for (std::size_t r = i + 1; r <= last; ++r) {
      const double candidate = std::abs(entry(r, i));
      if (candidate > size) size = candidate, best = r;
    }
    exchanged_[i] = best;
    if (best == i) return;
    const std::ptrdiff_t shift = static_cast<std::ptrdiff_t>(i) - static_cast<std::ptrdiff_t>(best);
    for (int c = 0; c <= 2 * width_; ++c) std::swap(row(i)[c], row(best)[c + shift]);
  }

  void eliminate(std::size_t i, std::size_t r, const double* top) {
    double* below = &entry(r, i);
    if (below[0] == 0) return;
    const double factor = below[0] / top[0];
    for (int c = 1; c <= 2 * width_; ++c) below[c] -= factor * top[c];
    below[0] = factor;
  }

  std::size_t rows_;
  int width_, stride_;
  std::vector<double> band_;
  std::vector<std::size_t> exchanged_;
};

// KLU reads columns, so our rows are its transpose and we ask for transposed solves. The ordering
// is found once.
class ExchangingFactor {
 public:
  ExchangingFactor() { klu_defaults(&common_); }
  ~ExchangingFactor() {
    klu_free_numeric(&numeric_, &common_);
    klu_free_symbolic(&symbolic_, &common_);
  }
  ExchangingFactor(const ExchangingFactor&) = delete;
  ExchangingFactor& operator=(const ExchangingFactor&) = delete;

  bool factorise(const SparseMatrix& A) {
    if (!analysed(A)) return false;
    std::vector<double> value = A.value;
    klu_free_numeric(&numeric_, &common_);
    numeric_ = klu_factor(start_.data(), column_.data(), value.data(), symbolic_, &common_);
    return numeric_ && common_.status == KLU_OK;
  }
  bool solve(std::span<const double> b, std::span<double> x) {
    std::copy(b.begin(), b.end(), x.begin());
    return klu_tsolve(symbolic_, numeric_, static_cast<int>(b.size()), 1, x.data(), &common_) != 0;
  }

 private:
  bool analysed(const SparseMatrix& A) {
    if (symbolic_ && A.column.size() == column_.size()) return true;
    klu_free_numeric(&numeric_, &common_);
    klu_free_symbolic(&symbolic_, &common_);
    start_.assign(A.start.begin(), A.start.end());
    column_.assign(A.column.begin(), A.column.end());
    symbolic_ = klu_analyze(static_cast<int>(A.rows()), start_.data(), column_.data(), &common_);
    return symbolic_ != nullptr;
  }

  klu_common common_;
  klu_symbolic* symbolic_ = nullptr;
  klu_numeric* numeric_ = nullptr;
  std::vector<int> start_, column_;
};

// Complete factors, without row exchanges as long as the answer shows that none are needed. Factors
// of an earlier matrix serve as the preconditioner for later ones as long as a few iterations
// suffice: between two policies the matrix changes at few nodes only.
class SparseFactor {
 public:
  explicit SparseFactor(ThreadPool* pool) : fronts_(pool) {}
  bool solve(const SparseMatrix& A, std::span<const double> b, std::span<double> x,
             double tolerance) {
    // Iterations with held factors are judged by the whole vector; where x is small its rows may
    // still be wrong, as those beside a target that moved are.
    const double allowed = std::max(kLargestError, 1e4 * tolerance);
    if (held_ != Held::None && iterate(A, b, x, tolerance) && backward_error(A, b, x) < allowed)
      return true;
    held_ = Held::None;
    if (fronts_.factorise(A)) {
      fronts_.solve(b, x);
      held_ = Held::Fronts;
      // Rows that continue V through an open end cost a few digits, which corrections bring back.
      if (backward_error(A, b, x) < kAccurate || iterate(A, b, x, kRounding)) return true;
    }
    if (!exchanging_.factorise(A) || !exchanging_.solve(b, x)) return false;
    held_ = Held::Exchanging;
    return true;
  }

 private:
  enum class Held { None, Fronts, Exchanging };
  bool iterate(const SparseMatrix& A, std::span<const double> b, std::span<double> x,
               double tolerance) {
    const std::vector<double> start(x.begin(), x.end());
    const auto apply = [&](std::span<const double> in, std::span<double> out) {
      held_ == Held::Fronts ? fronts_.solve(in, out) : void(exchanging_.solve(in, out));
    };
    const int iterations = bicgstab(A, apply, b, x, tolerance, kMostCorrections);
    if (iterations >= 0 || backward_error(A, b, x) < kRounding) return true;
    std::copy(start.begin(), start.end(), x.begin());
    return false;
  }

  static constexpr int kMostCorrections = 4;
  static constexpr double kRounding = 1e-15, kAccurate = 1e-12;
  Held held_ = Held::None;
  FrontalFactor fronts_;
  ExchangingFactor exchanging_;
};

// Positive off-diagonal entries moved to the diagonal. Rows that continue V beyond an open end are
// not monotone, and their incomplete factors would not be stable; without them they precondition
// well, as these rows are few.
SparseMatrix monotone_part(const SparseMatrix& A) {
  SparseMatrix result = A;
  for (std::size_t row = 0; row < A.rows(); ++row) {
    double moved = 0, *diagonal = nullptr;
    for (std::int64_t k = A.start[row]; k < A.start[row + 1]; ++k) {
      if (static_cast<std::size_t>(A.column[k]) == row)
        diagonal = &result.value[k];
      else if (A.value[k] > 0)
        moved += A.value[k], result.value[k] = 0;
    }
    if (diagonal) *diagonal += moved;
  }
  return result;
}

// Is every row's diagonal clearly larger than all else in it, as that of a short step in time? Then
// a few iterations with incomplete factors cost less than complete ones, whose fill grows with the
// reach of the rows. Rows that continue V beyond an open end are few and not asked.
bool clearly_dominant(const SparseMatrix& A) {
  for (std::size_t row = 0; row < A.rows(); ++row) {
    double diagonal = 0, others = 0;
    bool monotone = true;
    for (std::int64_t k = A.start[row]; k < A.start[row + 1]; ++k) {
      if (static_cast<std::size_t>(A.column[k]) == row)
        diagonal = A.value[k];
      else
        others += std::abs(A.value[k]), monotone = monotone && A.value[k] <= 0;
    }
    if (monotone && others > (1 - kClearly) * diagonal) return false;
  }
  return true;
}

}  // namespace

struct LinearSolver::Impl {
  explicit Impl(ThreadPool* pool) : sparse(pool) {}

  std::vector<std::int32_t> order,
      place;       // order[k] is the k-th row eliminated; place is its inverse
  int width = -1;  // half bandwidth in that order, once known
  std::unique_ptr<BandFactor> band;
  IncompleteFactor incomplete;
  SparseFactor sparse;
  bool planar = false;
  bool complete = false;    // factors of the last matrix
  bool few_suffice = true;  // iterations for all dominant matrices so far
  std::vector<double> work;

  // Complete factors have at most the band's width in every row: on a line with many regimes, too,
  // they grow in proportion to the nodes.
  bool moderate(const SparseMatrix& A) const {
    return planar ||
           static_cast<std::size_t>(width) * static_cast<std::size_t>(width) <= 4 * A.rows();
  }

  void measure(const SparseMatrix& A) {
    width = 0;
    for (std::size_t row = 0; row < A.rows(); ++row) {
      for (std::int64_t k = A.start[row]; k < A.start[row + 1]; ++k) {
        width = std::max(width, std::abs(place[row] - place[A.column[k]]));
      }
    }
  }

  bool solve_band(const SparseMatrix& A, std::span<const double> b, std::span<double> x) {
    if (!band) band = std::make_unique<BandFactor>(A.rows(), width);
    band->clear();
    work.resize(A.rows());
    for (std::size_t row = 0; row < A.rows(); ++row) {
      const std::int32_t i = place[row];
      double* target = band->row(static_cast<std::size_t>(i));
      for (std::int64_t k = A.start[row]; k < A.start[row + 1]; ++k)
        target[place[A.column[k]] - i] = A.value[k];
      work[i] = b[row];
    }
    if (!band->factorise()) return false;
    band->solve(work);
    for (std::size_t row = 0; row < A.rows(); ++row) x[row] = work[place[row]];
    return true;
  }

  void again_band(std::span<const double> b, std::span<double> x) {
    for (std::size_t row = 0; row < b.size(); ++row) work[place[row]] = b[row];
    band->solve(work);
    for (std::size_t row = 0; row < b.size(); ++row) x[row] = work[place[row]];
  }
};

LinearSolver::LinearSolver(std::vector<std::int32_t> order, bool planar, ThreadPool* pool)
    : impl_(std::make_unique<Impl>(pool)) {
  impl_->planar = planar;
  impl_->place.resize(order.size());
  for (std::size_t k = 0; k < order.size(); ++k)
    impl_->place[order[k]] = static_cast<std::int32_t>(k);
  impl_->order = std::move(order);
}
LinearSolver::~LinearSolver() = default;

bool LinearSolver::direct(const SparseMatrix& A) const {
  if (impl_->width < 0) impl_->measure(A);
  return impl_->width <= kWidestBand;
}

bool LinearSolver::again(const SparseMatrix& A, std::span<const double> b, std::span<double> x,
                         double tolerance) {
  if (direct(A)) {
    impl_->again_band(b, x);
    return true;
  }
  if (impl_->complete) return impl_->sparse.solve(A, b, x, tolerance);
  const auto apply = [&](std::span<const double> in, std::span<double> out) {
    impl_->incomplete.apply(in, out);
  };
  return bicgstab(A, apply, b, x, tolerance, kMostIterations) >= 0;
}

LinearOutcome LinearSolver::solve(const SparseMatrix& A, std::span<const double> b,
                                  std::span<double> x, double tolerance,
                                  const std::function<bool()>& stop) {
  LinearOutcome outcome;
  bool stopped = false;
  const auto finish = [&](bool ok) {
    outcome.residual = backward_error(A, b, x);
    // An early, inexact solve was asked for: its error is that of the tolerance.
    outcome.ok = ok && outcome.residual < std::max(kLargestError, 1e4 * tolerance);
    return outcome.ok;
  };
  if (direct(A)) {
    finish(impl_->solve_band(A, b, x));
    return outcome;
  }
  const bool fits = impl_->moderate(A);
  const bool quick = fits && impl_->few_suffice && clearly_dominant(A);
  const bool moderate = fits && !quick;
  impl_->complete = moderate && finish(impl_->sparse.solve(A, b, x, tolerance));
  if (impl_->complete) return outcome;
  impl_->incomplete.factorise(monotone_part(A), impl_->order, impl_->place);
  const auto apply = [&](std::span<const double> in, std::span<double> out) {
    impl_->incomplete.apply(in, out);
  };
  const auto ask = [&] { return stopped = stop && stop(); };
  const int most = quick ? kFewIterations : kMostIterations;
  outcome.iterations = bicgstab(A, apply, b, x, tolerance, most, ask);
  if (stopped) return outcome;
  impl_->few_suffice = impl_->few_suffice && (!quick || outcome.iterations >= 0);
  if (finish(outcome.iterations >= 0) || moderate || A.rows() > kMostRowsDirect) return outcome;
  outcome.iterations = 0;
  impl_->complete = finish(impl_->sparse.solve(A, b, x, tolerance));
  return outcome;
}

}  // namespace hopf::runtime
