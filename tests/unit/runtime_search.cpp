// The numerical minimisation over control sets, against minima known in closed form.
#include <cmath>
#include <functional>

#include "test.hpp"
#include "value/policy_search.hpp"

using namespace hopf::runtime;

namespace {

using Vector = std::vector<double>;
using Function = std::function<double(const Vector&)>;
constexpr double kInf = std::numeric_limits<double>::infinity();

ControlSet box(std::vector<int> controls, Vector lo, Vector hi) {
  ControlSet set;
  set.controls = std::move(controls);
  set.lo = std::move(lo);
  set.hi = std::move(hi);
  return set;
}

ControlSet of_kind(ControlSet::Kind kind, int count, double radius = 0) {
  ControlSet set;
  set.kind = kind;
  set.radius = radius;
  for (int k = 0; k < count; ++k) set.controls.push_back(k);
  return set;
}

/// The minimiser of f at one node, from the start u.
Vector minimiser(std::vector<ControlSet> sets, Vector u, const Function& f) {
  PolicySearch search(std::move(sets));
  PolicySearch::Controls spans;
  for (double& x : u) spans.emplace_back(&x, 1);
  search.minimise(spans, [&](std::span<double> out) { out[0] = f(u); });
  return u;
}

}  // namespace

TEST_CASE("the least of many valleys on an interval", "[search]") {
  const Function f = [](const Vector& u) { return 0.05 * u[0] * u[0] + std::sin(5 * u[0] + 1); };
  const double found = minimiser({box({0}, {-4}, {4})}, {3.5}, f)[0];
  double least = 4;
  for (int k = 0; k <= 800'000; ++k) least = std::min(least, f({-4 + 1e-5 * k}));
  CHECK(f({found}) <= least);
}

TEST_CASE("ends, kinks and far minima of intervals", "[search]") {
  CHECK(minimiser({box({0}, {-1}, {2})}, {0}, [](const Vector& u) { return u[0]; })[0] == -1);
  const auto kink = [](const Vector& u) { return std::abs(u[0] - std::sqrt(2.0)); };
  CHECK(minimiser({box({0}, {-1}, {2})}, {0}, kink)[0] == Approx(std::sqrt(2.0)).epsilon(1e-8));
  const auto far = [](const Vector& u) { return std::pow(u[0] / 1e5 - 1, 2); };
  CHECK(minimiser({box({0}, {-kInf}, {kInf})}, {0}, far)[0] == Approx(1e5).epsilon(1e-6));
  CHECK(minimiser({box({0}, {0}, {kInf})}, {0}, far)[0] == Approx(1e5).epsilon(1e-6));
  CHECK(minimiser({box({0}, {-kInf}, {7})}, {0}, far)[0] == 7);
  // c^-1 + 1e6 c: the minimum at 1e-3 is close to where the function ends.
  const auto near = [](const Vector& u) { return 1 / u[0] + 1e6 * u[0]; };
  CHECK(minimiser({box({0}, {0}, {kInf})}, {1}, near)[0] == Approx(1e-3).epsilon(1e-6));
}

TEST_CASE("without a minimum the search ends far out", "[search]") {
  const auto falls = [](const Vector& u) { return -u[0]; };
  CHECK(minimiser({box({0}, {0}, {kInf})}, {1}, falls)[0] >= 0.5 * kFarthest);
}

TEST_CASE("the minimum on a ball is inside it or on its sphere", "[search]") {
  const std::vector<ControlSet> ball{of_kind(ControlSet::Kind::Ball, 2, 2)};
  const auto linear = [](const Vector& u) { return 3 * u[0] - 4 * u[1]; };
  const Vector edge = minimiser(ball, {0, 0}, linear);
  CHECK(edge[0] == Approx(-1.2).epsilon(1e-7));
  CHECK(edge[1] == Approx(1.6).epsilon(1e-7));
  // Coupled and ill-conditioned, with its minimum at (0.5, -0.5).
  const auto valley = [](const Vector& u) {
    return 100 * std::pow(u[0] + u[1], 2) + std::pow(u[0] - u[1] - 1, 2);
  };
  const Vector inner = minimiser(ball, {0, 0}, valley);
  CHECK(inner[0] == Approx(0.5).epsilon(1e-6));
  CHECK(inner[1] == Approx(-0.5).epsilon(1e-6));
  // Not convex: the lower of two valleys, x = -1 + small, where the tilt helps.
  const auto two = [](const Vector& u) {
    return std::pow(u[0] * u[0] - 1, 2) + 0.1 * u[0] + u[1] * u[1];
  };
  CHECK(minimiser(ball, {1, 0}, two)[0] < -0.9);
  const auto sphere = [](const Vector& u) { return u[0] + 2 * u[1] - 2 * u[2]; };
  const Vector deep = minimiser({of_kind(ControlSet::Kind::Ball, 3, 3)}, {0, 0, 0}, sphere);
  CHECK(sphere(deep) == Approx(-9).epsilon(1e-10));
}

TEST_CASE("a portfolio on the simplex", "[search]") {
  const auto simplex = of_kind(ControlSet::Kind::Simplex, 3);
  // 1/2 u'Su - m'u with S = [[2,1,0],[1,2,0],[0,0,4]], m = (1,1,1): 2a + b = 4c, a = b, 2a + c = 1.
  const auto risk = [](const Vector& u) {
    return u[0] * u[0] + u[1] * u[1] + u[0] * u[1] + 2 * u[2] * u[2];
  };
  const Vector weights = minimiser({simplex}, {1, 0, 0}, risk);
  CHECK(weights[0] == Approx(4.0 / 11).epsilon(1e-6));
  CHECK(weights[2] == Approx(3.0 / 11).epsilon(1e-6));
  CHECK(weights[0] + weights[1] + weights[2] == Approx(1).epsilon(1e-14));
  const auto vertex = [](const Vector& u) { return u[0] + 0.5 * u[1] + 2 * u[2]; };
  const Vector corner = minimiser({simplex}, {1. / 3, 1. / 3, 1. / 3}, vertex);
  CHECK(corner == Vector{0, 1, 0});
}

TEST_CASE("finite and continuous controls that act together", "[search]") {
  ControlSet gear;
  gear.kind = ControlSet::Kind::Finite;
  gear.controls = {0};
  gear.values = {{1}, {2}, {3}};
  // Gear 3 pays only with u near -1, which no change of one control alone finds from (1, 1).
  const auto f = [](const Vector& u) {
    return std::pow(u[1] - (u[0] == 3 ? -1.0 : 1.0), 2) * 10 - (u[0] == 3 ? 1 : 0);
  };
  const Vector found = minimiser({gear, box({1}, {-2}, {2})}, {1, 1}, f);
  CHECK(found[0] == 3);
  CHECK(found[1] == Approx(-1).epsilon(1e-7));
}

TEST_CASE("a kink that no axis follows", "[search]") {
  const auto f = [](const Vector& u) {
    return 5 * std::abs(2 * u[0] + u[1]) + std::pow(u[0] - 1, 2) + std::pow(u[1] - 0.5, 2);
  };
  // On u1 = -2 u0: (u0 - 1)^2 + (2 u0 + 0.5)^2 is least at u0 = 0, where it is 1.25.
  const Vector found = minimiser({box({0, 1}, {-2, -2}, {2, 3})}, {1, 1}, f);
  CHECK(f(found) == Approx(1.25).epsilon(1e-6));
  // In space the nearest point of 2 u0 + u1 + u2 = 0 to (1, 0.5, 0), at the distance 2.5/sqrt 6.
  const auto g = [&](const Vector& u) {
    return 5 * std::abs(2 * u[0] + u[1] + u[2]) + std::pow(u[0] - 1, 2) + std::pow(u[1] - 0.5, 2) +
           u[2] * u[2];
  };
  const Vector deep = minimiser({box({0, 1, 2}, {-2, -2, -2}, {2, 3, 2})}, {1, 1, 1}, g);
  CHECK(g(deep) == Approx(6.25 / 6).epsilon(1e-4));
}
