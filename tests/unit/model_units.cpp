// Units: their algebra, their inference, and the errors they find.
#include <cmath>

#include "model/unit_system.hpp"
#include "model_support.hpp"

using namespace hopf;
using model::find_unit;
using model::to_string;
using Kinds = std::vector<std::string>;

TEST_CASE("units multiply, and print in base units") {
  auto newton = *find_unit("N"), metre = *find_unit("m");
  CHECK(to_string(model::multiply(newton, metre)) == "kg*m^2/s^2");
  CHECK(to_string(model::power(metre, {1, 2})) == "m^(1/2)");
  CHECK(to_string(model::Unit{}) == "1");
  CHECK(find_unit("km")->scale == 1000);
  CHECK(find_unit("h")->scale == 3600);
  CHECK(find_unit("deg")->dimensionless());
  CHECK_FALSE(find_unit("parsecs"));
  CHECK_FALSE(find_unit("kkg"));
  CHECK(find_unit("mmol")->scale == 1e-3);
}

TEST_CASE("unknown units are found by elimination") {
  model::UnitSystem system;
  auto a = system.fresh("a", {}), b = system.fresh("b", {});
  auto metre = model::term(*find_unit("m"));
  CHECK(system.equate(model::times(model::raised(a, {2, 1}), b), metre, {}));
  CHECK(system.equate(b, model::raised(metre, {-1, 1}), {}));
  CHECK(to_string(system.settle(a)) == "m");
  CHECK_FALSE(system.equate(a, b, {}));
}

namespace {

std::unique_ptr<test::Checked> particle(const std::string& rest) {
  return test::check_model(
      "param m: kg = 1\nstate q: m in [-1, 1] extrapolate\nstate v: m/s in [-1, 1] extrapolate\n"
      "control F: N in [-1, 1]\n" +
      rest);
}

}  // namespace

TEST_CASE("a particle's equations agree with their units") {
  auto good = particle("dq = v*dt\nv' = F/m\nlagrangian q^2 + 0.1*F^2\ndiscount 1");
  INFO(good->text());
  REQUIRE(good->model);
  CHECK(to_string(good->model->cost_unit) == "m^2*s");
  CHECK(good->kinds().empty());
}

TEST_CASE("contradictions show both sides") {
  CHECK(particle("dq = v*dt + q*dt\nv' = F/m")->kinds() == Kinds{"unit-mismatch"});
  CHECK(particle("dq = v*dt\nv' = F")->kinds() == Kinds{"dynamics-unit"});
  CHECK(particle("dq = v*dt\nv' = F/m*sin(q)")->kinds() == Kinds{"not-dimensionless"});
  CHECK(particle("dq = v*dt\nv' = F/m\nlagrangian q^2 + v^2")->kinds() == Kinds{"unit-mismatch"});
  CHECK(particle("dq = v*dt\nv' = F/m\nlagrangian q^2\nterminal q\nhorizon 1")->kinds() ==
        Kinds{"cost-unit"});
  CHECK(particle("dq = v*dt\nv' = F/m\nlagrangian q^F")->kinds() == Kinds{"not-dimensionless"});
  CHECK(particle("dq = v*dt\nv' = F/m\ndiscount m")->kinds() == Kinds{"rate-unit"});
  auto text = particle("dq = v*dt + q*dt\nv' = F/m")->text();
  CHECK(text.find("this is in m*s") != std::string::npos);
}

TEST_CASE("a numeric weight makes a cost of anything, but only in a cost") {
  auto good = particle("dq = v*dt\nv' = F/m\nlagrangian 0.5*(q^2 + 0.1*v^2) + 3*F^2");
  INFO(good->text());
  CHECK(good->model.has_value());
  CHECK(particle("dq = (v + 2*q)*dt\nv' = F/m")->kinds() == Kinds{"unit-mismatch"});
  auto through_let =
      particle("let effort = 0.1*F^2 + 3*v^2\ndq = v*dt\nv' = F/m\nlagrangian effort");
  INFO(through_let->text());
  CHECK(through_let->model.has_value());
}

TEST_CASE("unannotated names get their units, also through one another") {
  auto checked = particle("param k = 3, s = 1\nnoise w\ndq = v*dt\ndv = (F - k*q)/m*dt + s*dw");
  INFO(checked->text());
  REQUIRE(checked->model);
  CHECK(to_string(checked->model->params[1].unit) == "kg/s^2");
  CHECK(to_string(checked->model->params[2].unit) == "m/s^(3/2)");
}

TEST_CASE("a declared unit with a scale is converted in formulas") {
  auto checked = test::check_model(
      "param v: km/h = 36\nstate q: km in [0, 2] extrapolate\nq' = v\nuntil q >= 1*q pay 0");
  INFO(checked->text());
  REQUIRE(checked->model);
  // 36 km/h is 10 m/s, so q in km grows by 0.01 in a second.
  CHECK(checked->at(checked->model->drift[0]) == Approx(0.01));
  CHECK(*checked->model->states[0].hi == 2);
}

TEST_CASE("degrees are exact, and money is named") {
  auto checked = test::check_model(
      "param K: USD = 2, a = 1\nstate phi: deg in [-90, 90] extrapolate\nstate om: rad/s in [-1, "
      "1] "
      "extrapolate\nphi' = om\nom' = 0\nterminal K*a*cos(phi)\nterminal_rate' = 0\nstate "
      "terminal_rate: 1 in [0, 1] constrain\nhorizon 1\nlagrangian 0");
  INFO(checked->text());
  REQUIRE(checked->model);
  CHECK(checked->shown(checked->model->drift[0]) == "180*om/pi");
  CHECK(checked->at(checked->model->terminal->value, {{"phi", 60}}) == Approx(1));
}

TEST_CASE("unknown units and two currencies are refused") {
  CHECK(test::check_model("state x: metre in [0, 1] reflect\nx' = 0")->kinds() ==
        Kinds{"unknown-unit"});
  auto two = test::check_model("param a: USD = 1, b: EUR = 1\nstate x in [0,1] reflect\nx' = 0");
  CHECK(two->kinds() == Kinds{"two-currencies"});
}

TEST_CASE("policies are checked against their control") {
  auto checked = particle("dq = v*dt\nv' = F/m\nlagrangian q^2\ndiscount 1");
  REQUIRE(checked->model);
  auto policy = [&](const std::string& text) {
    auto file = checked->sources.add("policy.hopf", "y = " + text + "\n");
    auto ast = std::make_unique<syntax::Ast>(syntax::parse(checked->sources, file, checked->sink));
    auto node = std::get<syntax::AssignItem>(ast->items[0].value).value;
    return model::check_policy(*checked->model, "F", *ast, node, {}, checked->sink).has_value();
  };
  CHECK(policy("-3*q - 2*v"));
  CHECK(policy("0.5"));
  CHECK(policy("-m*v/t"));
  CHECK_FALSE(policy("q"));
  CHECK_FALSE(policy("sin(nothing)"));
}
