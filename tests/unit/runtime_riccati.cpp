// Linear-quadratic problems with known answers (PROBLEMS: S1, S2, P3, P4, F1).
#include <cmath>

#include "test.hpp"
#include "value/riccati.hpp"

using namespace hopf::runtime;

namespace {

QuadraticProblem regulator() {  // dX = (-0.5 X + a) dt + 0.3 dW, cost (X^2 + 0.1 a^2)/2, rho 0.1
  QuadraticProblem problem{
      .n = 1, .m = 1, .noises = 1, .A = {-0.5}, .B = {1}, .S = {0.3}, .Q = {1}, .R = {0.1}};
  problem.rho = 0.1;
  return problem;
}

}  // namespace

TEST_CASE("the algebraic Riccati equation of one state") {
  const QuadraticAnswer answer = solve_riccati(regulator());
  REQUIRE(answer.failure.empty());
  CHECK(std::abs(answer.levels[0].P[0] - 0.265975076914081) < 1e-13);
  CHECK(std::abs(answer.levels[0].c - 0.119688784611336) < 1e-13);
  CHECK(std::abs(answer.levels[0].K[0] + 2.65975076914080) < 1e-12);
}

TEST_CASE("Howard's iterates from the zero policy are Newton's") {
  const double expected[] = {.90909090909091, .48047661909048, .30893765450916, .26851092756150,
                             .26598501558687, .26597507706795, .26597507691408};
  double gain = 0;
  for (const double P : expected) {
    const QuadraticAnswer answer = solve_riccati(under_policy(regulator(), {{-gain}}, {{0}}));
    REQUIRE(answer.failure.empty());
    CHECK(std::abs(answer.levels[0].P[0] - P) < 1e-13);
    gain = 10 * answer.levels[0].P[0];
  }
}

TEST_CASE("the double integrator, with and without discount") {
  QuadraticProblem problem{.n = 2,
                           .m = 1,
                           .noises = 2,
                           .A = {0, 1, 0, 0},
                           .B = {0, 1},
                           .S = {0, 0, 0, 0.2},
                           .Q = {1, 0, 0, 1},
                           .R = {0.1}};
  problem.rho = 0.1;
  QuadraticAnswer answer = solve_riccati(problem);
  REQUIRE(answer.failure.empty());
  CHECK(std::abs(answer.levels[0].P[0] - 1.1991009899513) < 1e-12);
  CHECK(std::abs(answer.levels[0].P[1] - .2966630919081) < 1e-12);
  CHECK(std::abs(answer.levels[0].P[3] - .3941962153899) < 1e-12);
  CHECK(std::abs(answer.levels[0].c - .0788392430780) < 1e-12);
  problem = {
      .n = 2, .m = 1, .noises = 0, .A = {0, 1, 0, 0}, .B = {0, 1}, .Q = {2, 0, 0, 2}, .R = {2}};
  answer = solve_riccati(problem);
  REQUIRE(answer.failure.empty());
  CHECK(std::abs(answer.levels[0].P[0] - 2 * std::sqrt(3)) < 1e-12);
  CHECK(std::abs(answer.levels[0].P[1] - 2) < 1e-12);
}

TEST_CASE("linear terms shift the optimum") {
  // cost (x - 1)^2/2 + u^2/2 with dx = u dt: V is the regulator's value moved to x = 1.
  QuadraticProblem problem{
      .n = 1, .m = 1, .noises = 0, .A = {0}, .B = {1}, .Q = {1}, .R = {1}, .q = {-1}};
  problem.constant = 0.5;
  const QuadraticAnswer answer = solve_riccati(problem);
  REQUIRE(answer.failure.empty());
  CHECK(answer.levels[0].P[0] == Approx(1).epsilon(1e-13));
  CHECK(answer.levels[0].p[0] == Approx(-1).epsilon(1e-13));
  CHECK(answer.levels[0].k[0] == Approx(1).epsilon(1e-13));
}

TEST_CASE("noise that grows with state and control") {
  // dx = u dt + 0.5 x dw1 + 0.3 u dw2, cost x^2 + u^2, rho 1: P solves 1 + (0.25 - 1) P - P^2/(2 +
  // 0.09 P) = -1 ...
  QuadraticProblem problem{.n = 1,
                           .m = 1,
                           .noises = 2,
                           .A = {0},
                           .B = {1},
                           .C = {0.5, 0},
                           .D = {0, 0.3},
                           .Q = {2},
                           .R = {2}};
  problem.rho = 1;
  const QuadraticAnswer answer = solve_riccati(problem);
  REQUIRE(answer.failure.empty());
  const double P = answer.levels[0].P[0];
  CHECK(std::abs(2 + 0.25 * P - P - P * P / (2 + 0.09 * P)) < 1e-12);
}

TEST_CASE("finite horizons") {
  QuadraticProblem tanh_problem{
      .n = 1, .m = 1, .noises = 0, .A = {0}, .B = {1}, .Q = {1}, .R = {1}};
  QuadraticAnswer answer = solve_riccati(QuadraticHorizon{1.0, tanh_problem, {}});
  REQUIRE(answer.failure.empty());
  CHECK(std::abs(answer.levels[0].P[0] - std::tanh(1.0)) < 1e-13);
  QuadraticProblem terminal{.n = 1,
                            .m = 1,
                            .noises = 1,
                            .A = {0.5},
                            .B = {1},
                            .S = {0.4},
                            .Q = {1},
                            .R = {0.5},
                            .P_T = {2}};
  answer = solve_riccati(QuadraticHorizon{2.0, terminal, {}});
  CHECK(std::abs(answer.levels[0].P[0] - 1.00148872738049) < 1e-12);
  CHECK(std::abs(answer.levels[0].P[0] / 2 + answer.levels[0].c - .681137708932) < 1e-11);
  QuadraticProblem action{.n = 1, .m = 1, .noises = 0, .A = {0}, .B = {1}, .Q = {-1}, .R = {1}};
  CHECK(std::abs(solve_riccati(QuadraticHorizon{1.0, action, {}}).levels[0].P[0] + std::tan(1.0)) <
        1e-12);
  CHECK_FALSE(
      solve_riccati(QuadraticHorizon{2.0, action, {}}).failure.empty());  // past the caustic
}

TEST_CASE("twenty states") {
  QuadraticProblem problem{.n = 20, .m = 20, .noises = 20};
  const auto diagonal = [](double v) {
    std::vector<double> m(400, 0.0);
    for (int i = 0; i < 20; ++i) m[21 * i] = v;
    return m;
  };
  problem.A = problem.B = problem.S = problem.R = problem.P_T = diagonal(1);
  problem.Q = diagonal(2);
  const QuadraticAnswer answer = solve_riccati(QuadraticHorizon{1.0, problem, {}});
  REQUIRE(answer.failure.empty());
  CHECK(std::abs(20 * answer.levels[0].P[0] * 0.125 + answer.levels[0].c - 27.2645273544) < 1e-9);
}
