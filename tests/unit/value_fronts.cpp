// Complete factors by fronts, and what happens where they need row exchanges.
#include <cmath>
#include <vector>

#include "test.hpp"
#include "value/fronts.hpp"
#include "value/sparse.hpp"

namespace {

using hopf::runtime::FrontalFactor;
using hopf::runtime::LinearSolver;
using hopf::runtime::SparseMatrix;

/// Reproducible numbers in (0, 1).
class Numbers {
 public:
  double operator()() {
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    return (static_cast<double>(state_ >> 11) + 0.5) * 0x1p-53;
  }

 private:
  std::uint64_t state_ = 1;
};

/// A discounted random walk on a torus of n x n nodes: the first column of a row is its diagonal.
SparseMatrix torus(int n, Numbers& numbers, double discount) {
  SparseMatrix A;
  A.start.push_back(0);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      const std::size_t diagonal = A.value.size();
      const auto add = [&](int row, int column, double value) {
        A.column.push_back((row + n) % n * n + (column + n) % n);
        A.value.push_back(value);
      };
      add(i, j, discount);
      const int sides[][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
      for (const auto& side : sides) {
        const double weight = numbers() < 0.3 ? 0 : numbers();
        add(i + side[0], j + side[1], -weight);
        A.value[diagonal] += weight;
      }
      A.start.push_back(static_cast<std::int64_t>(A.value.size()));
    }
  }
  return A;
}

double largest_gap(const std::vector<double>& a, const std::vector<double>& b) {
  double gap = 0;
  for (std::size_t i = 0; i < a.size(); ++i) gap = std::max(gap, std::abs(a[i] - b[i]));
  return gap;
}

}  // namespace

TEST_CASE("fronts solve what a walk on a torus asks for, for every matrix of the pattern") {
  Numbers numbers;
  FrontalFactor factor;
  for (const int n : {3, 10, 31}) {
    for (int round = 0; round < 3; ++round) {
      const SparseMatrix A = torus(n, numbers, 0.01);
      std::vector<double> x(A.rows()), b(A.rows()), got(A.rows()), again(A.rows());
      for (double& v : x) v = numbers() - 0.5;
      A.multiply(x, b);
      REQUIRE(factor.factorise(A));
      factor.solve(b, got);
      CHECK(largest_gap(x, got) < 1e-11);
      REQUIRE(factor.factorise(A));
      factor.solve(b, again);
      CHECK(got == again);
    }
  }
}

TEST_CASE("a matrix that needs row exchanges gets them") {
  Numbers numbers;
  SparseMatrix A = torus(12, numbers, 0.5);
  for (std::size_t row = 0; row < A.rows(); ++row) A.value[A.start[row]] = 0;
  FrontalFactor factor;
  CHECK_FALSE(factor.factorise(A));
  // Two rows that exchange their unknowns, beside a diagonal.
  SparseMatrix B = torus(12, numbers, 0.5);
  const int n = 12;
  for (std::size_t row = 0; row < 2 * n; ++row) {
    for (std::int64_t k = B.start[row]; k < B.start[row + 1]; ++k) B.value[k] = 0;
    B.value[B.start[row] + (row < n ? 1 : 2)] = 1;
  }
  std::vector<double> x(B.rows()), b(B.rows()), got(B.rows(), 0.0);
  for (double& v : x) v = numbers();
  B.multiply(x, b);
  std::vector<std::int32_t> order(B.rows());
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = static_cast<std::int32_t>(k);
  LinearSolver solver(order, true);
  CHECK(solver.solve(B, b, got, 1e-13).ok);
  CHECK(largest_gap(x, got) < 1e-9);
}

TEST_CASE("a vanishing matrix has no factors") {
  SparseMatrix A;
  A.start = {0, 1, 2};
  A.column = {0, 1};
  A.value = {1, 0};
  FrontalFactor factor;
  CHECK_FALSE(factor.factorise(A));
}
