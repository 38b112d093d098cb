// Value functions with known answers, through the compiled kernels (PROBLEMS: S1, S3 to S6, F1,
// P2).
#include <cmath>
#include <hopf/hopf.hpp>
#include <string>

#include "test.hpp"

namespace {

struct Solved {
  hopf::Session session;
  std::optional<hopf::Solution> V;
  explicit Solved(const std::string& text, hopf::SolveOptions options = {}) {
    const auto model = session.compile(text);
    if (model) V = session.solve(*model, options);
    INFO(session.diagnostics_text());
    REQUIRE(V);
  }
  double operator()(double x, int regime = 1) const { return V->value({x}, 0, regime); }
};

const char* kRegulator = R"(model regulator {
  state X in [-4, 4] extrapolate
  control a %
  noise w
  dX = (-0.5*X + a)*dt + 0.3*dw
  reward -(X^2 + 0.1*a^2)/2
  discount 0.1
})";

std::string regulator(const std::string& set) {
  std::string text = kRegulator;
  return text.replace(text.find('%'), 1, set);
}

const char* kSaving = R"(model saving {
  param s = 1.2, r = 0.035, rho = 0.05, z = [0.1, 0.2]
  regime j in 1..2 rates [[-1.5, 1.5], [1, -1]]
  state a in [-0.02, 3] constrain
  control c in [0, inf]
  da = (z[j] + r*a - c)*dt
  reward c^(1 - s)/(1 - s)
  discount rho
})";

}  // namespace

TEST_CASE("the regulator on a grid, free and bounded") {
  const Solved unbounded(regulator(""), {.method = "fd", .grid = {801}});
  CHECK(std::abs(unbounded(1) + 0.252676323068377) < 1e-3);
  CHECK(std::abs(unbounded(1.5) + 0.418910746139678) < 1e-3);
  const Solved bounded(regulator("in [-5, 5]"), {.grid = {801}});
  CHECK(std::abs(bounded(2) + 0.651680) < 1e-3);
  CHECK(std::abs(bounded(3) + 1.343010) < 1e-3);
}

TEST_CASE("consumption and saving at the borrowing limit") {
  const Solved coarse(kSaving, {.grid = {500}});
  CHECK(std::abs(coarse(-0.02, 1) + 145.2529847426) < 1e-8);
  CHECK(std::abs(coarse(-0.02, 2) + 144.8043462000) < 1e-8);
  CHECK(std::abs(coarse(1, 1) + 138.0928516455) < 1e-8);
  for (const int nodes : {4000, 8000})
    CHECK(Solved(kSaving, {.grid = {nodes}}).V->residual() < 1e-10);
  const Solved fine(kSaving, {.grid = {16000}});
  CHECK(std::abs(fine(-0.02, 1) + 145.2034113880) < 1e-8);
  CHECK(std::abs(fine(-0.02, 2) + 144.7531204001) < 1e-8);
}

TEST_CASE("bounded control: second order over four grids") {
  const std::string text =
      R"(model keep { state X in [-6, 6] extrapolate  control u in [-1, 1]  noise w
    dX = u*dt + dw  lagrangian X^2  discount 1 })";
  double before = 0;
  for (const int nodes : {251, 501, 1001, 2001}) {
    const double error = std::abs(Solved(text, {.grid = {nodes}})(2) - 2.368115766461936);
    if (before > 0 && error > 1e-6) CHECK(std::log2(before / error) > 1.5);
    before = error;
  }
  CHECK(before < 1e-3);
}

TEST_CASE("Merton's problem converges to its closed form") {
  const std::string text =
      R"(model merton { state x in [0.002, 500]  control k in [0, 3]  control c in [0.001, 5]
    noise w;  dx = x*(0.03 + k*0.05 - c)*dt + 0.2*k*x*dw  reward -1/(c*x)  discount 0.05 })";
  double before = 0;
  for (const int nodes : {201, 401, 801, 1601}) {
    const double error = std::abs(Solved(text, {.grid = {nodes}})(1) / -437.438591994532 - 1);
    if (before > 0) CHECK(std::log2(before / error) > 0.9);
    before = error;
  }
  CHECK(before < 5e-3);
}

TEST_CASE("firm investment needs no boundary condition") {
  const Solved firm(R"(model firm { state k in [0, 10]  control i;  dk = (i - 0.1*k)*dt
    reward 0.2*k - i - i^2/2  discount 0.05 })",
                    {.method = "fd", .grid = {201}});
  CHECK(std::abs(firm(1) - 2.4444444) < 1e-3);
}

TEST_CASE("finite horizons on a grid") {
  const Solved parabola(R"(model f1 { state x in [-2, 2] extrapolate  control u;  dx = u*dt
    lagrangian (x^2 + u^2)/2  horizon 1 })",
                        {.method = "fd", .grid = {1001}});
  CHECK(std::abs(parabola(1) - std::tanh(1.0) / 2) < 1e-3);
  const Solved well(R"(model well { state X in [-2.5, 2.5] reflect  control u  noise w
    dX = (-20*X*(X^2 - 1) + u)*dt + dw  lagrangian u^2/2  terminal 3*(X^2 - 1)^2  horizon 1 })",
                    {.grid = {801}});
  CHECK(std::abs(well(0) - 0.13665183974) < 1e-3);
}

TEST_CASE("two and three states, any number of threads") {
  const std::string plane =
      R"(model corr { state x in [-3, 3] reflect, y in [-3, 3] reflect  control u in [-1, 1]
    noise w[2] correlated [[1, 0.8], [0.8, 1]];  dx = (u - x)*dt + dw[1];  dy = -y*dt + 0.5*dw[2]
    lagrangian x^2 + x*y + y^2  discount 1 })";
  const Solved one(plane, {.grid = {41}, .threads = 1}), two(plane, {.grid = {41}, .threads = 2});
  CHECK(one.V->value({0.3, 0.2}) == two.V->value({0.3, 0.2}));
  const Solved space(R"(model car { state x in [-2, 2] extrapolate, y in [-2, 2] extrapolate
    state h in [-pi, pi] periodic  control u in [-1, 1];  x' = cos(h);  y' = sin(h);  h' = u
    lagrangian 1  until x^2 + y^2 <= 0.25 pay 0 })",
                     {.grid = {21}});
  CHECK(space.V->value({-1.5, 0, 0}) == Approx(1).epsilon(0.3));
}
