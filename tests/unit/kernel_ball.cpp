// The candidates over a ball against the discrete Hamiltonian sampled all over it.
#include <algorithm>
#include <cmath>
#include <random>

#include "kernel/ball_candidates.hpp"
#include "test.hpp"

using namespace hopf;
using kernel::BallAxis;
using kernel::BallCost;

namespace {

/// One axis in numbers: f = slope.u + rest, differences below and above, and the noise's size
/// (kinks at +-size; without noise at 0).
struct Axis {
  std::vector<double> slope;
  double rest, backward, forward, size;

  /// The drift along the difference that the scheme takes, and for noise the hybrid's central one.
  double term(const std::vector<double>& u) const {
    double f = rest;
    for (std::size_t k = 0; k < u.size(); ++k) f += slope[k] * u[k];
    const double diffusion = 0.5 * size * (forward - backward);
    if (std::abs(f) <= size) return f * (forward + backward) / 2 + diffusion;
    return f > 0 ? f * forward : f * backward;
  }
};

struct Problem {
  double radius, curvature;
  std::vector<double> linear;
  std::vector<Axis> axes;

  double operator()(const std::vector<double>& u) const {
    double sum = 0;
    for (std::size_t k = 0; k < u.size(); ++k)
      sum += linear[k] * u[k] + 0.5 * curvature * u[k] * u[k];
    for (const Axis& axis : axes) sum += axis.term(u);
    return sum;
  }
};

Problem random_problem(std::mt19937& random, std::size_t controls, bool noise, bool curved) {
  std::uniform_real_distribution<double> number(-1, 1);
  Problem p{0.5 + std::abs(number(random)), curved ? 0.5 + std::abs(number(random)) : 0.0, {}, {}};
  for (std::size_t k = 0; k < controls; ++k) p.linear.push_back(0.3 * number(random));
  for (int axis = 0; axis < 2; ++axis) {
    Axis a{{}, 0.4 * number(random), number(random), number(random), 0};
    if (noise) a.size = 0.2 + 0.2 * number(random);
    for (std::size_t k = 0; k < controls; ++k) a.slope.push_back(number(random));
    p.axes.push_back(a);
  }
  return p;
}

std::vector<std::vector<double>> candidates(const Problem& p) {
  expr::Store s;
  const auto numbers = [&](const std::vector<double>& values) {
    std::vector<expr::ExprId> result;
    for (const double v : values) result.push_back(s.number(v));
    return result;
  };
  std::vector<BallAxis> axes;
  for (const Axis& a : p.axes) {
    BallAxis axis{numbers(a.slope), s.number(a.rest), numbers({a.backward, a.forward}),
                  numbers({0.0})};
    if (a.size > 0) {
      axis.gradients.push_back(s.number((a.backward + a.forward) / 2));
      axis.kinks = numbers({a.size, -a.size});
    }
    axes.push_back(axis);
  }
  const BallCost cost{s.number(p.curvature), numbers(p.linear)};
  std::vector<std::vector<double>> result;
  for (const auto& point : kernel::ball_candidates(s, p.radius, cost, axes)) {
    result.emplace_back();
    for (const expr::ExprId e : point) result.back().push_back(expr::evaluate(s, e, {}));
  }
  return result;
}

double norm(const std::vector<double>& u) {
  double square = 0;
  for (const double v : u) square += v * v;
  return std::sqrt(square);
}

void check(std::size_t controls, bool noise, bool curved) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int round = 0; round < 40; ++round) {
    const Problem p = random_problem(random, controls, noise, curved);
    double best = std::numeric_limits<double>::infinity();
    for (const auto& u : candidates(p)) {
      if (!std::isfinite(norm(u))) continue;
      REQUIRE(norm(u) <= p.radius * (1 + 1e-9));
      best = std::min(best, p(u));
    }
    double sampled = std::numeric_limits<double>::infinity();
    for (int sample = 0; sample < 4000; ++sample) {
      std::vector<double> u(controls);
      for (double& v : u) v = normal(random);
      const double length = sample % 2 == 0 ? 1.0 : uniform(random);
      const double scale = p.radius * length / norm(u);
      for (double& v : u) v *= scale;
      sampled = std::min(sampled, p(u));
    }
    CHECK(best <= sampled + 1e-12);
    CHECK(best >= sampled - 0.1 * p.radius);  // and near it, so no candidate cheats
  }
}

}  // namespace

TEST_CASE("the candidates over a ball hold the minimum of the discrete Hamiltonian") {
  for (const std::size_t controls : {1, 2, 3}) {
    for (const bool noise : {false, true}) {
      for (const bool curved : {false, true}) {
        CAPTURE(controls, noise, curved);
        check(controls, noise, curved);
      }
    }
  }
}
