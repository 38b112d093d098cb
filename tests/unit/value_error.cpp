// The estimated error on nested grids, on fields whose errors are known.
#include <cmath>
#include <limits>

#include "grid/grid.hpp"
#include "grid/widen.hpp"
#include "test.hpp"
#include "value/error_estimate.hpp"

using namespace hopf::runtime;

namespace {

Grid line(int n) { return {{uniform_axis("x", "", Boundary::Constrain, 0, 1, n)}}; }

// sin(3 x) + C(x) h^p at the nodes.
std::vector<double> disturbed(const Grid& grid, double p) {
  std::vector<double> result;
  const double h = 1 / static_cast<double>(grid.axes[0].nodes.size() - 1);
  for (const double x : grid.axes[0].nodes)
    result.push_back(std::sin(3 * x) + (1 + x) * std::pow(h, p));
  return result;
}

ErrorEstimate estimate(double p, double upwind) {
  const Grid fine = line(81), half = line(41), quarter = line(21);
  const auto V1 = disturbed(fine, p), V2 = disturbed(half, p), V4 = disturbed(quarter, p);
  const std::vector<double> shares(V1.size(), upwind);
  return estimate_error({&fine, &half, &quarter, &quarter, V1, V2, V4, shares, {}, 1});
}

}  // namespace

TEST_CASE("an error of first or second order is found and covered, within a factor of two") {
  for (const double p : {1.0, 2.0}) {
    const ErrorEstimate found = estimate(p, 2 - p);
    CHECK(found.regular);
    CHECK(std::abs(found.order - p) < 0.01);
    for (std::size_t i = 0; i < found.error.size(); ++i) {
      const double truth = (1 + static_cast<double>(i) / 80) * std::pow(1.0 / 80, p);
      CHECK(found.error[i] >= truth);
      CHECK(found.error[i] <= 2 * truth + 1e-8);
    }
  }
}

TEST_CASE("an order above that of the scheme is not believed") {
  const ErrorEstimate low = estimate(1.6, 1), high = estimate(1.6, 0);
  CHECK(low.error[40] > 1.9 * high.error[40]);
  CHECK_FALSE(estimate(2.9, 0).regular);
}

TEST_CASE("infinite values are equal to themselves, and their edge is in doubt") {
  const Grid fine = line(81), half = line(41), quarter = line(21);
  const double inf = std::numeric_limits<double>::infinity();
  const auto step = [&](const Grid& grid, double edge) {
    std::vector<double> result;
    for (const double x : grid.axes[0].nodes) result.push_back(x < edge ? x : inf);
    return result;
  };
  const auto V1 = step(fine, 0.72), V2 = step(half, 0.68), V4 = step(quarter, 0.68);
  const std::vector<double> shares(V1.size(), 1.0);
  const auto found = estimate_error({&fine, &half, &quarter, &quarter, V1, V2, V4, shares, {}, 1});
  CHECK(found.error[20] < 1e-6);
  CHECK(found.error[56] == inf);
  CHECK(found.error[78] < 1e-6);
}

TEST_CASE("a smeared jump is known to the order of its smearing") {
  // Upwind differences smear a jump over the root of the spacing.
  const auto smeared = [](const Grid& grid) {
    std::vector<double> result;
    const double h = 1 / static_cast<double>(grid.axes[0].nodes.size() - 1);
    for (const double x : grid.axes[0].nodes)
      result.push_back(0.5 * std::erfc((x - 0.5) / std::sqrt(2 * h)));
    return result;
  };
  const Grid fine = line(81), half = line(41), quarter = line(21);
  const auto V1 = smeared(fine), V2 = smeared(half), V4 = smeared(quarter);
  const std::vector<double> shares(V1.size(), 1.0);
  const auto found = estimate_error({&fine, &half, &quarter, &quarter, V1, V2, V4, shares, {}, 1});
  const auto wrong = [&](std::size_t i) {
    return std::abs(V1[i] - (i < 40 ? 1.0 : i > 40 ? 0.0 : 0.5)) > found.error[i] + 1e-3;
  };
  // On the jump itself nothing can tell where it is.
  for (std::size_t i = 0; i < V1.size(); ++i) CHECK((!wrong(i) || (i > 34 && i < 46)));
  CHECK(found.error[30] > 0.05);
}

TEST_CASE("finer and wider axes keep their nodes") {
  for (const Axis& axis : {uniform_axis("x", "", Boundary::Constrain, -1, 2, 11),
                           geometric_axis("x", "", Boundary::Constrain, 0.1, 10, 12),
                           stretched_axis("x", "", Boundary::Constrain, 0, 1, 13, 2),
                           uniform_axis("x", "", Boundary::Periodic, 0, 6, 9)}) {
    const Axis finer = refined(axis), back = coarsened(finer);
    const double inf = std::numeric_limits<double>::infinity();
    const Axis wide = widened(Grid{{axis}}, {true}, {{-inf, inf}}, 0.25).grid.axes[0];
    CHECK(back.nodes == axis.nodes);
    CHECK(finer.asked_nodes() == 2 * axis.asked_nodes() - 1);
    const std::size_t more = axis.periodic() ? 0 : (axis.nodes.size() + 2) / 4;
    CHECK(wide.nodes.size() == axis.nodes.size() + 2 * more);
    for (std::size_t i = 0; i < axis.nodes.size(); ++i)
      CHECK(wide.nodes[i + more] == axis.nodes[i]);
    for (std::size_t i = 1; i < finer.nodes.size(); ++i) CHECK(finer.nodes[i] > finer.nodes[i - 1]);
  }
}
