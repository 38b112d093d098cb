// What happens at bounds and stopping sets, and what is refused.
#include "path_support.hpp"

using namespace hopf;
using namespace hopf::test;

namespace {

/// |mean - exact| within four standard errors and a bias that the step allows.
void check_cost(const runtime::Ensemble& e, double exact, double bias) {
  INFO("cost " << e.mean_cost() << " +- " << e.cost_standard_error() << ", exact " << exact);
  CHECK(std::abs(e.mean_cost() - exact) < 4 * e.cost_standard_error() + bias);
}

}  // namespace

TEST_CASE("a periodic state wraps and keeps its law", "[path]") {
  const auto e = ensemble("state x in [-1, 1] periodic\nnoise w\ndx = 3*dt + 0.1*dw\n",
                          {.from = {1}, .until = 1, .paths = 500, .step = 0.01});
  CHECK(e.values(0, 0)[0] == -1);
  for (const double x : e.recorded[0]) CHECK((x >= -1 && x <= 1));
  CHECK(e.left_domain == 0);
  CHECK(std::abs(e.quantile(0, 100, 0.5)) < 0.05);  // 1 + 3 = 4 = 0 modulo 2
}

TEST_CASE("a reflected Brownian motion becomes uniform", "[path]") {
  const auto e = ensemble("state x in [0, 1] reflect\nnoise w\ndx = dw\n",
                          {.from = {0.2}, .until = 3, .paths = 8'000, .seed = 8, .step = 0.005});
  CHECK(std::abs(e.mean(100)[0] - 0.5) < 4 * standard_error(1.0 / 12, 8'000));
  CHECK(e.variance(100)[0] == Approx(1.0 / 12).epsilon(0.05));
  for (const double x : e.recorded[0]) CHECK((x >= 0 && x <= 1));
}

TEST_CASE("a constrained state stays, an extrapolated one may leave and is counted", "[path]") {
  const driver::SimulateOptions options{.from = {0.5}, .until = 1, .paths = 100, .step = 0.01};
  const auto held = ensemble("state x in [0, 1] constrain\ndx = dt\n", options);
  CHECK(held.mean(100)[0] == 1);
  CHECK(held.left_domain == 100);
  const auto free = ensemble("state x in [0, 1] extrapolate\ndx = dt\n", options);
  CHECK(free.mean(100)[0] == Approx(1.5));
  CHECK(free.left_domain == 100);
  CHECK(ensemble("state x in [0, 2] extrapolate\ndx = dt\n", options).left_domain == 0);
}

TEST_CASE("absorbing bounds: time to exit and where, with no bias of order sqrt(dt)", "[path]") {
  // Without looking between grid times the mean exit time would be too long by 0.58 sqrt(dt) (about
  // 0.03 here).
  const driver::SimulateOptions options{
      .from = {0.3}, .until = 6, .paths = 6'000, .seed = 12, .step = 0.004};
  const auto time =
      ensemble("state x in [0, 1] absorb(0)\nnoise w\ndx = dw\nlagrangian 1\n", options);
  check_cost(time, 0.3 * 0.7, 0.003);
  CHECK(time.stopped == 6'000);
  const auto place = ensemble("state x in [0, 1] absorb(x)\nnoise w\ndx = dw\n", options);
  check_cost(place, 0.3, 0.001);
  for (const double x : place.values(0, place.times.size() - 1))
    CHECK((x == 0 || std::abs(x - 1) < 1e-12));
}

TEST_CASE("until: Brownian motion leaves the disc, and pays where it does", "[path]") {
  const driver::SimulateOptions options{
      .from = {0.4, 0}, .until = 4, .paths = 6'000, .seed = 13, .step = 0.004};
  const auto time = ensemble(
      "state x, y\nnoise w[2]\ndx = dw[1]\ndy = dw[2]\nlagrangian 1\n"
      "until x^2 + y^2 >= 1 pay 0\n",
      options);
  check_cost(time, (1 - 0.16) / 2, 0.005);
  // x^2 - y^2 is harmonic: the expected payment is its value at the start.
  const auto pay = ensemble(
      "state x, y\nnoise w[2]\ndx = dw[1]\ndy = dw[2]\n"
      "until x^2 + y^2 >= 1 pay x^2 - y^2\n",
      options);
  check_cost(pay, 0.16, 0.005);
}

TEST_CASE("until with several conditions, discounted, and from inside", "[path]") {
  // E exp(-tau/2) for the exit of (-1, 1) from 0 is 1/cosh(1).
  const auto e =
      ensemble("state x\nnoise w\ndx = dw\nuntil x >= 1 or x <= -1 pay 1\ndiscount 0.5\n",
               {.from = {0}, .until = 12, .paths = 6'000, .seed = 14, .step = 0.005});
  check_cost(e, 1 / std::cosh(1.0), 0.004);
  const auto inside = ensemble("state x\ndx = dt\nlagrangian 1\nuntil x >= 1 pay 7\n",
                               {.from = {2}, .until = 1, .paths = 3});
  CHECK(inside.mean_cost() == 7);
  CHECK(inside.values(0, inside.times.size() - 1)[0] == 2);
}

TEST_CASE("a noiseless path is charged to the middle of the step in which it arrives", "[path]") {
  const auto e =
      ensemble("state x\ndx = -1*dt\nlagrangian 1\nuntil x <= 0 pay 0\n",
               {.from = {1.003}, .until = 2, .paths = 1, .step = 0.01, .method = "euler"});
  CHECK(std::abs(e.mean_cost() - 1.003) < 0.005);
}

TEST_CASE("a path that becomes NaN is named with its time and state", "[path]") {
  const auto some = simulate("state x\nnoise w\ndx = 0.5*sqrt(x)*dw\n",
                             {.from = {0.02}, .until = 1, .paths = 100, .seed = 1, .step = 0.01});
  REQUIRE(some.ensemble);
  CHECK(some.ensemble->failed > 0);
  CHECK(some.ensemble->failed < 100);
  CHECK(some.ensemble->final_values[0].size() ==
        static_cast<std::size_t>(100 - some.ensemble->failed));
  CHECK(some.kind() == "paths-failed");
  CHECK(some.message().find("of 100 paths leave where the model is defined: 'x' becomes NaN") !=
        std::string::npos);
  const auto bad = simulate("state x\nnoise w\ndx = -dt + 0.1*sqrt(x)*dw\n",
                            {.from = {0.5}, .until = 1, .paths = 100, .seed = 1, .step = 0.01});
  CHECK_FALSE(bad.ensemble);
  CHECK(bad.kind() == "not-finite-on-path");
  CHECK(bad.message().find("'x' becomes NaN on path") == 0);
  const auto cost = simulate("state x\ndx = -dt\nlagrangian log(x)\n",
                             {.from = {0.5}, .until = 1, .paths = 2, .step = 0.01});
  CHECK(cost.message().find("the cost becomes") == 0);
  CHECK(cost.message().find("on path 1 at t = 0.5") != std::string::npos);
}

TEST_CASE("what cannot be simulated is refused in words", "[path]") {
  const auto kind = [](const char* body, const driver::SimulateOptions& options) {
    const auto result = simulate(body, options);
    CHECK_FALSE(result.ensemble);
    return result.kind();
  };
  const char* walk = "state x in [-1, 1] reflect\nnoise w\ndx = dw\n";
  CHECK(kind(walk, {.from = {2}, .until = 1}) == "start-outside-domain");
  CHECK(kind(walk, {.from = {0, 0}, .until = 1}) == "wrong-number-of-coordinates");
  CHECK(kind(walk, {.until = 1}) == "missing-argument");
  CHECK(kind(walk, {.from = {0}}) == "invalid-times");
  CHECK(kind(walk, {.from = {0}, .until = -1}) == "invalid-times");
  CHECK(kind(walk, {.from = {0}, .until = 1, .step = 2}) == "invalid-times");
  CHECK(kind(walk, {.from = {0}, .until = 1, .step = -0.1}) == "invalid-times");
  CHECK(kind(walk, {.from = {0}, .until = 1, .paths = 100'000'000'000}) == "ensemble-too-large");
  CHECK(kind(walk, {.from = {0}, .until = 1, .method = "milstein"}) == "not-built-yet");
  CHECK(kind("state x\nnoise w\ndx = dw\nhorizon 1\n", {.from = {0}, .until = 2}) ==
        "invalid-times");
  CHECK(kind("state x\ncontrol u\ndx = u*dt\n", {.from = {0}, .until = 2}) == "missing-argument");
  CHECK(kind("state x\njump N rate 1\ndx = dN\n", {.from = {0}, .until = 2}) == "not-built-yet");
}
