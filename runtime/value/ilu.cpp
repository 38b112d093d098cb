#include "value/ilu.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/sum.hpp"

namespace hopf::runtime {

void IncompleteFactor::permute(const SparseMatrix& A, std::span<const std::int32_t> order,
                               std::span<const std::int32_t> place) {
  const std::size_t n = A.rows();
  order_.assign(order.begin(), order.end());
  start_.assign(n + 1, 0);
  diagonal_.assign(n, 0);
  column_.clear();
  source_.clear();
  std::vector<std::pair<std::int32_t, std::int64_t>> row;
  for (std::size_t i = 0; i < n; ++i) {
    row.clear();
    for (std::int64_t k = A.start[order[i]]; k < A.start[order[i] + 1]; ++k)
      row.push_back({place[A.column[k]], k});
    std::sort(row.begin(), row.end());
    for (const auto& [column, from] : row) {
      if (column == static_cast<std::int32_t>(i))
        diagonal_[i] = static_cast<std::int64_t>(column_.size());
      column_.push_back(column);
      source_.push_back(from);
    }
    start_[i + 1] = static_cast<std::int64_t>(column_.size());
  }
  value_.resize(column_.size());
  work_.resize(n);
}

void IncompleteFactor::factorise(const SparseMatrix& A, std::span<const std::int32_t> order,
                                 std::span<const std::int32_t> place) {
  if (source_.size() != A.value.size()) permute(A, order, place);
  for (std::size_t k = 0; k < source_.size(); ++k) value_[k] = A.value[source_[k]];
  std::vector<std::int64_t> where(A.rows(), -1);
  for (std::size_t i = 0; i < A.rows(); ++i) {
    for (std::int64_t k = start_[i]; k < start_[i + 1]; ++k) where[column_[k]] = k;
    for (std::int64_t k = start_[i]; k < diagonal_[i]; ++k) {
      const std::int32_t j = column_[k];
      const double factor = value_[k] *= value_[diagonal_[j]];  // diagonals are stored inverted
      for (std::int64_t l = diagonal_[j] + 1; l < start_[j + 1]; ++l) {
        const std::int64_t target = where[column_[l]];
        if (target >= 0) value_[target] -= factor * value_[l];
      }
    }
    double& pivot = value_[diagonal_[i]];
    pivot = pivot != 0 ? 1 / pivot : 1;
    for (std::int64_t k = start_[i]; k < start_[i + 1]; ++k) where[column_[k]] = -1;
  }
}

void IncompleteFactor::apply(std::span<const double> x, std::span<double> y) const {
  const std::size_t n = order_.size();
  for (std::size_t i = 0; i < n; ++i) {
    double sum = x[order_[i]];
    for (std::int64_t k = start_[i]; k < diagonal_[i]; ++k) sum -= value_[k] * work_[column_[k]];
    work_[i] = sum;
  }
  for (std::size_t i = n; i-- > 0;) {
    double sum = work_[i];
    for (std::int64_t k = diagonal_[i] + 1; k < start_[i + 1]; ++k)
      sum -= value_[k] * work_[column_[k]];
    work_[i] = sum * value_[diagonal_[i]];
  }
  for (std::size_t i = 0; i < n; ++i) y[order_[i]] = work_[i];
}

namespace {

constexpr int kFew = 12;  // iterations that are worth it only if they are fast

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// What rounding alone leaves of a residual: a few units of the last place of the largest row of |A|
// |x|.
double rounding_of(const SparseMatrix& A, std::span<const double> x) {
  double worst = 0;
  for (std::size_t row = 0; row < A.rows(); ++row) {
    double size = 0;
    for (std::int64_t k = A.start[row]; k < A.start[row + 1]; ++k)
      size += std::abs(A.value[k] * x[A.column[k]]);
    worst = std::max(worst, size);
  }
  return 4 * std::numeric_limits<double>::epsilon() * worst;
}

}  // namespace

int bicgstab(const SparseMatrix& A, const Preconditioner& M, std::span<const double> b,
             std::span<double> x, double tolerance, int limit, const std::function<bool()>& stop) {
  const std::size_t n = b.size();
  std::vector<double> r(n), p(n, 0.0), v(n, 0.0), y(n), s(n), z(n), t(n);
  A.multiply(x, r);
  for (std::size_t i = 0; i < n; ++i) r[i] = b[i] - r[i];
  const std::vector<double> shadow = r;
  double goal = std::max(tolerance * std::max(largest(b), 1e-300), rounding_of(A, x));
  double rho = 1, alpha = 1, omega = 1;
  const double first = largest(r);
  if (first <= goal) return 0;
  for (int iteration = 1; iteration <= limit; ++iteration) {
    if (stop && stop()) return -1;
    const double rho_next = dot(shadow, r);
    const double beta = rho_next / rho * (alpha / omega);
    rho = rho_next;
    for (std::size_t i = 0; i < n; ++i) p[i] = r[i] + beta * (p[i] - omega * v[i]);
    M(p, y);
    A.multiply(y, v);
    alpha = rho / dot(shadow, v);
    for (std::size_t i = 0; i < n; ++i) s[i] = r[i] - alpha * v[i];
    M(s, z);
    A.multiply(z, t);
    const double tt = dot(t, t);
    omega = tt > 0 ? dot(t, s) / tt : 0;
    for (std::size_t i = 0; i < n; ++i) x[i] += alpha * y[i] + omega * z[i];
    for (std::size_t i = 0; i < n; ++i) r[i] = s[i] - omega * t[i];
    const double size = largest(r);
    if (!std::isfinite(size)) return -1;
    if (iteration % 10 == 0) goal = std::max(goal, rounding_of(A, x));
    if (size <= goal) return iteration;
    if (omega == 0) return -1;
    // A few iterations that fall behind half of the pace they need will not arrive.
    const double pace = 0.5 * iteration / limit;
    if (limit <= kFew && size > first * std::pow(goal / first, pace)) return -1;
  }
  return -1;
}

}  // namespace hopf::runtime
