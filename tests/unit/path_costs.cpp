// Simulated costs against known values.
#include "derive/equations.hpp"
#include "driver/solve.hpp"
#include "path_support.hpp"

using namespace hopf;
using namespace hopf::test;

namespace {

/// Three standard errors and what the step may add.
void check_cost(const runtime::Ensemble& e, double exact, double bias) {
  INFO("cost " << e.mean_cost() << " +- " << e.cost_standard_error() << ", exact " << exact);
  CHECK(std::abs(e.mean_cost() - exact) < 3 * e.cost_standard_error() + bias);
}

struct Solved {
  std::unique_ptr<Checked> source;
  diagnostics::Sink sink;
  runtime::ValueFunction value;
};

Solved solve(const std::string& body, const plan::Options& options) {
  Solved result;
  result.source = check_model(body);
  INFO(result.source->text());
  REQUIRE(result.source->model);
  const auto equations = derive::equations(*result.source->model, result.sink);
  REQUIRE(equations);
  auto value = driver::solve(*result.source->model, *equations, options, {}, result.sink);
  REQUIRE(value);
  result.value = std::move(*value);
  return result;
}

runtime::Ensemble under(Solved& s, const driver::SimulateOptions& options) {
  auto e = driver::simulate(*s.source->model, &s.value, nullptr, options, {}, s.sink);
  REQUIRE(e);
  return std::move(*e);
}

// The LQR of the continuous-time reinforcement-learning literature.
const char* const kLinearQuadratic =
    "state x\ncontrol a\nnoise w\ndx = (-0.5*x + a)*dt + 0.3*dw\nreward -(x^2 + "
    "0.1*a^2)/2\ndiscount 0.1\n";

runtime::ValueFunction linear_quadratic_answer() {
  runtime::ValueFunction v;
  v.model = "m";
  v.states = {{"x", ""}};
  v.controls = {{"a", ""}};
  v.reward = true;
  v.control_is_discrete = {0};
  v.quadratic = {{0, {-0.265975076914081}, {0}, -0.119688784611336, {-2.65975076914080}, {0}}};
  return v;
}

}  // namespace

TEST_CASE("the optimal affine policy earns the value, with the value's tail", "[path]") {
  const auto v = linear_quadratic_answer();
  const auto e =
      ensemble(kLinearQuadratic, {.from = {1}, .until = 5, .paths = 20'000, .seed = 1}, {}, &v);
  CHECK(e.reward);
  CHECK(e.tail_from_value);
  CHECK(e.tail_bound == Approx(std::exp(-0.5)));
  check_cost(e, -0.252676323068377, 1e-3);
}

TEST_CASE("the same policy by expression, run until the tail is negligible", "[path]") {
  const auto law = [](expr::Store& s) {
    return driver::Policy{{"a", s.mul(s.number(-2.6597507691408), s.symbol("x"))}};
  };
  const auto e =
      ensemble(kLinearQuadratic, {.from = {1}, .until = 60, .paths = 2000, .seed = 2}, law);
  CHECK_FALSE(e.tail_from_value);
  CHECK(e.tail_bound == Approx(std::exp(-6)));
  check_cost(e, -0.252676323068377, 1.5e-3);
}

TEST_CASE("bounded control by its closed form", "[path]") {
  // u = -sign x is optimal for dX = u dt + dW, cost X^2, rho = 1: V(0) = 2 - sqrt 3.
  const auto law = [](expr::Store& s) {
    return driver::Policy{{"u", s.neg(s.apply(expr::Op::Sign, {s.symbol("x")}))}};
  };
  const char* body =
      "state x\ncontrol u in [-1, 1]\nnoise w\ndx = u*dt + dw\nlagrangian x^2\ndiscount 1\n";
  const auto e =
      ensemble(body, {.from = {0}, .until = 12, .paths = 4000, .seed = 3, .step = 0.005}, law);
  check_cost(e, 2 - std::sqrt(3.0), 2e-3);
}

TEST_CASE("a policy by expression is held to its control set", "[path]") {
  const auto law = [](expr::Store& s) { return driver::Policy{{"u", s.integer(5)}}; };
  const auto e = ensemble("state x\ncontrol u in [-1, 1]\ndx = u*dt\n",
                          {.from = {0}, .until = 1, .paths = 1}, law);
  CHECK(e.mean(e.times.size() - 1)[0] == Approx(1));
}

TEST_CASE("the running cost of a known curve is right to second order", "[path]") {
  // x = t exactly, so int_0^1 exp(-t) t^2 dt + exp(-1) = 2 - 4/e.
  std::vector<double> errors;
  for (const double step : {0.1, 0.05, 0.025, 0.0125}) {
    const auto e = ensemble("state x\ndx = dt\nlagrangian x^2\nterminal x\ndiscount 1\nhorizon 1\n",
                            {.from = {0}, .paths = 1, .step = step, .method = "euler"});
    errors.push_back(std::abs(e.mean_cost() - (2 - 4 * std::exp(-1.0))));
  }
  for (std::size_t i = 1; i < errors.size(); ++i) CHECK(std::log2(errors[i - 1] / errors[i]) > 1.9);
}

TEST_CASE("a discount rate that depends on the state is accumulated along the path", "[path]") {
  // x = 1 + t, rate x: the factor at t is exp(-t - t^2/2); int_0^1 x exp(-t - t^2/2) dt = 1 -
  // exp(-3/2).
  const auto e = ensemble("state x\ndx = dt\nlagrangian x\ndiscount x\nhorizon 1\n",
                          {.from = {1}, .paths = 1, .step = 0.0005});
  CHECK(e.mean_cost() == Approx(1 - std::exp(-1.5)).margin(1e-3));
}

TEST_CASE("a finite horizon through its Riccati solution", "[path]") {
  auto s = solve(
      "state x\ncontrol u\nnoise w\ndx = (0.5*x + u)*dt + 0.4*dw\nlagrangian (x^2 + 0.5*u^2)/2\n"
      "terminal x^2\nhorizon 2\n",
      {});
  const auto e = under(s, {.from = {1}, .paths = 10'000, .seed = 4, .step = 0.005});
  CHECK_FALSE(e.tail_from_value);
  check_cost(e, 0.681137708932, 3e-3);
}

TEST_CASE("a gridded policy: bounded control", "[path]") {
  auto s = solve(
      "state x in [-6, 6]\ncontrol u in [-1, 1]\nnoise w\ndx = u*dt + dw\nlagrangian x^2\ndiscount "
      "1\n",
      {.method = "fd", .grid = {401}});
  const auto e = under(s, {.from = {0.5}, .until = 6, .paths = 10'000, .seed = 5, .step = 0.005});
  check_cost(e, 0.3553632434587201, 4e-3);
}

TEST_CASE("a gridded policy in two regimes with a borrowing limit", "[path]") {
  const char* body =
      "param s = 1.2, r = 0.035\nregime j in 1..2 rates [[-1.5, 1.5], [1, -1]]\nlet z = [0.1, "
      "0.2]\n"
      "state a in [-0.02, 3] constrain\ncontrol c in [0.001, inf]\nda = (z[j] + r*a - c)*dt\n"
      "reward c^(1 - s)/(1 - s)\ndiscount 0.05\n";
  auto s = solve(body, {.grid = {500}});
  const auto e =
      under(s, {.from = {1}, .regime = 1, .until = 20, .paths = 2000, .seed = 6, .step = 0.02});
  check_cost(e, s.value(std::vector<double>{1}, 0, 1), 0.15);
}

TEST_CASE("a gridded finite-horizon policy changes with time", "[path]") {
  auto s = solve(
      "state x in [-4, 4]\ncontrol u in [-3, 3]\nnoise w\ndx = u*dt + 0.5*dw\nlagrangian u^2/2\n"
      "terminal 2*x^2\nhorizon 1\n",
      {.method = "fd", .grid = {161}});
  const auto e = under(s, {.from = {1}, .paths = 10'000, .seed = 7, .step = 0.005});
  check_cost(e, s.value(std::vector<double>{1}, 0, 1), 0.01);
}
