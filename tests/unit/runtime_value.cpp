// The pieces under the grid solvers: splitting of covariances, ghosts, linear solvers.
#include <cmath>
#include <numeric>

#include "test.hpp"
#include "value/sparse.hpp"
#include "value/stencil.hpp"

using namespace hopf::runtime;

namespace {

// Second-difference matrix with drift on n nodes, `ring` closes it; plus a discount.
SparseMatrix chain(int n, bool ring) {
  SparseMatrix A;
  A.start.push_back(0);
  for (int i = 0; i < n; ++i) {
    double diagonal = 0.1;
    const std::size_t at = A.column.size();
    A.column.push_back(i), A.value.push_back(0);
    for (const int side : {-1, 1}) {
      const int j = ring ? (i + side + n) % n : i + side;
      if (j < 0 || j >= n) continue;
      const double weight = 1 + 0.3 * side;
      A.column.push_back(j), A.value.push_back(-weight);
      diagonal += weight;
    }
    A.value[at] = diagonal;
    A.start.push_back(static_cast<std::int64_t>(A.column.size()));
  }
  return A;
}

}  // namespace

TEST_CASE("a covariance is split along directions with nonnegative weights") {
  const std::vector<double> planes[] = {
      {1, 0.9, 0.9, 1}, {4, -1.9, -1.9, 1}, {1, 0, 0, 2}, {9, 2.9, 2.9, 1}};
  for (const auto& D : planes) {
    const Splitting splitting = split_covariance(D, 2, 6);
    std::vector<double> sum(4, 0.0);
    for (const auto& [e, w] : splitting.directions) {
      CHECK(w >= 0);
      for (int i = 0; i < 4; ++i) sum[i] += w * e[i / 2] * e[i % 2];
    }
    CHECK(splitting.exact);
    for (int i = 0; i < 4; ++i) CHECK(sum[i] == Approx(D[i]).margin(1e-12));
  }
  const std::vector<double> space{2, 0.7, -0.5, 0.7, 1, 0.3, -0.5, 0.3, 1.5};
  std::vector<double> sum(9, 0.0);
  for (const auto& [e, w] : split_covariance(space, 3, 6).directions) {
    CHECK(w >= 0);
    for (int i = 0; i < 9; ++i) sum[i] += w * e[i / 3] * e[i % 3];
  }
  for (int i = 0; i < 9; ++i) CHECK(sum[i] == Approx(space[i]).margin(1e-12));
}

TEST_CASE("a degenerate covariance is not split beyond reach") {
  const double s = std::sqrt(2.0);
  CHECK_FALSE(split_covariance(std::vector<double>{2, s, s, 1 + 1e-9}, 2, 4).exact);
}

TEST_CASE("neighbours outside the grid follow the boundary's rule") {
  Grid grid{{uniform_axis("x", "", Boundary::Extrapolate, 0, 1, 5)}};
  const auto outside = [&](Boundary rule) {
    const std::vector<double> V{3, 5, 9, 9, 9};
    double sum = 0;
    for (const Term& term : resolve(grid, std::vector{rule}, 0, {-1, 0, 0}))
      sum += term.coefficient * V[term.node];
    return sum;
  };
  CHECK(outside(Boundary::Extrapolate) == 3);
  CHECK(outside(Boundary::Reflect) == 5);
  CHECK(outside(Boundary::Periodic) == 9);
  CHECK(outside(Boundary::Constrain) == 3);
}

TEST_CASE("bands, rings and wide matrices are solved to rounding") {
  for (const bool ring : {false, true}) {
    const SparseMatrix A = chain(500, ring);
    std::vector<std::int32_t> order(500);
    for (int k = 0; k < 500; ++k) order[k] = !ring ? k : k % 2 == 0 ? k / 2 : 499 - k / 2;
    std::vector<double> b(500), x(500, 0.0), y(500);
    for (int i = 0; i < 500; ++i) b[i] = std::sin(0.1 * i);
    LinearSolver solver(order, false);
    CHECK(solver.direct(A));
    CHECK(solver.solve(A, b, x, 1e-12).ok);
    A.multiply(x, y);
    for (int i = 0; i < 500; ++i) CHECK(y[i] == Approx(b[i]).margin(1e-11));
  }
  // A ring in its natural order is too wide for a band: the iterative and the sparse solvers take
  // it.
  for (const bool planar : {false, true}) {
    const SparseMatrix A = chain(500, true);
    std::vector<std::int32_t> order(500);
    std::iota(order.begin(), order.end(), 0);
    std::vector<double> b(500, 1.0), x(500, 0.0);
    LinearSolver solver(order, planar);
    CHECK_FALSE(solver.direct(A));
    CHECK(solver.solve(A, b, x, 1e-13).ok);
    for (const double v : x) CHECK(v == Approx(10).epsilon(1e-10));
  }
}

TEST_CASE("the Fokker-Planck matrix is the transpose of the generator and keeps mass") {
  const SparseMatrix A = chain(50, true), F = A.transposed();
  // Hand-assembled conservative scheme: what leaves node j for j + 1 arrives there.
  for (int i = 0; i < 50; ++i) {
    double row = 0;
    for (std::int64_t k = F.start[i]; k < F.start[i + 1]; ++k) {
      const int j = F.column[k];
      const double expected = j == i ? 2.1 : j == (i + 49) % 50 ? -1.3 : -0.7;
      CHECK(F.value[k] == Approx(expected).epsilon(1e-14));
      row += A.value[k];
    }
    CHECK(row == Approx(0.1).epsilon(1e-12));
  }
}
