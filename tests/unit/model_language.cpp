// The models that the language was designed around check, and mean what they should.
#include <cmath>

#include "model/print.hpp"
#include "model_sources.hpp"
#include "model_support.hpp"

using namespace hopf;

namespace {

std::string source_of(const std::string& name) {
  for (const auto& [found, text] : test::kModels)
    if (name == found) return text;
  return "";
}

}  // namespace

TEST_CASE("every model checks") {
  for (const auto& [name, text] : test::kModels) {
    auto checked = test::check(text);
    INFO(name << "\n" << checked->text());
    CHECK(checked->model.has_value());
    if (checked->model)
      CHECK(model::print(*checked->model).starts_with(std::string("model ") + name));
  }
}

TEST_CASE("the pendulum's units are inferred") {
  auto checked = test::check(source_of("pendulum"));
  INFO(checked->text());
  REQUIRE(checked->model);
  const auto& model = *checked->model;
  CHECK(checked->kinds().empty());
  CHECK(model.has_units);
  CHECK(model.params[4].name == "sigma");
  CHECK(model::to_string(model.params[4].unit) == "1/s^(3/2)");
  CHECK(model::to_string(model.states[1].unit) == "rad/s");
  CHECK(model::to_string(model.controls[0].unit) == "N*m");
  CHECK(checked->at(model.drift[1], {{"theta", 1}, {"omega", 2}, {"tau", 0.5}}) ==
        Approx(9.81 * std::sin(1.0) + 0.5 - 0.2));
  CHECK(model.diffusion[0] == checked->store->integer(0));
  CHECK(checked->at(model.diffusion[1]) == 0.5);
  CHECK(*model.states[0].lo == Approx(-M_PI));
  CHECK(model.states[0].boundary == model::Boundary::Periodic);
}

TEST_CASE("merton is a reward model kept inside its domain") {
  auto checked = test::check(source_of("merton"));
  INFO(checked->text());
  REQUIRE(checked->model);
  const auto& model = *checked->model;
  CHECK(checked->kinds().empty());
  CHECK(model.reward);
  // U(cx) = (cx)^(1 - gamma)/(1 - gamma) = -1/(cx) with gamma = 2; stored as a cost.
  CHECK(checked->at(model.lagrangian.value, {{"c", 0.5}, {"x", 2}}) == Approx(1.0));
  CHECK(model.states[0].boundary == model::Boundary::Constrain);
  CHECK(model.states[0].boundary_defaulted);
}

TEST_CASE("matrices of the regulator are multiplied out") {
  auto checked = test::check(source_of("lqr"));
  INFO(checked->text());
  REQUIRE(checked->model);
  const auto& model = *checked->model;
  auto& store = *checked->store;
  CHECK(model.drift[0] == store.symbol("x[2]"));
  CHECK(model.drift[1] == store.symbol("u[1]"));
  REQUIRE(model.diffusion.size() == 4);
  CHECK(checked->at(model.diffusion[0]) == Approx(0.1));
  CHECK(store.is_zero(model.diffusion[1]));
  CHECK(checked->at(model.lagrangian.value, {{"x[1]", 2}, {"x[2]", 3}, {"u[1]", 4}}) == 29);
  CHECK(checked->kinds() == std::vector<std::string>{"defaulted-boundary"});
}

TEST_CASE("scalar coefficients times vector noise, and laws at both ends") {
  auto vp = test::check(source_of("vp"));
  INFO(vp->text());
  REQUIRE(vp->model);
  CHECK(vp->model->diffusion[0] == vp->model->diffusion[3]);
  CHECK(vp->at(vp->model->diffusion[0], {{"t", 0.5}}) == Approx(std::sqrt(0.1 + 0.5 * 19.9)));
  CHECK(vp->store->is_zero(vp->model->diffusion[1]));
  CHECK(vp->model->lets.size() == 1);

  auto bridge = test::check(source_of("bridge"));
  INFO(bridge->text());
  REQUIRE(bridge->model);
  REQUIRE(bridge->model->initial);
  CHECK(bridge->model->initial->mean == std::vector<double>{-1, 0});
  CHECK(bridge->model->final_->covariance == std::vector<double>{0.2, 0, 0, 0.2});
  CHECK(bridge->at(bridge->model->lagrangian.value, {{"v[1]", 2}, {"v[2]", 4}}) == 10);
}

TEST_CASE("overriding a parameter may change shapes") {
  auto checked = test::check(source_of("vp"), {{"n", {}, {3}, {}}});
  INFO(checked->text());
  REQUIRE(checked->model);
  CHECK(checked->model->states.size() == 3);
  CHECK(checked->model->diffusion.size() == 9);
  auto merton = test::check(source_of("merton"), {{"gamma", {}, {5}, {}}});
  REQUIRE(merton->model);
  CHECK(merton->at(merton->model->lagrangian.value, {{"c", 1}, {"x", 2}}) ==
        Approx(std::pow(2.0, -4) / 4));
}

TEST_CASE("games have a disturbance, and stopping has a payoff") {
  auto checked = test::check(source_of("air3d"));
  INFO(checked->text());
  REQUIRE(checked->model);
  CHECK(checked->model->groups[1].disturbance);
  REQUIRE(checked->model->stop_pays);
  CHECK(checked->at(checked->model->stop_pays->value, {{"x", 3}, {"y", 4}}) == 0);
  CHECK(checked->model->horizon == 2.8);
}
