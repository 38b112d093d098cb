// Objects that no session filled: every question has an answer, and every verb refuses them in
// words.
#include <cmath>
#include <hopf/hopf.hpp>

#include "test.hpp"

TEST_CASE("default-constructed objects of the interface do no harm") {
  const hopf::Model model;
  CHECK(model.name().empty());
  CHECK(model.states().empty());
  const hopf::Solution solution;
  CHECK(std::isnan(solution.value({0.5})));
  CHECK(std::isnan(solution.error({0.5})));
  CHECK(solution.policy({0.5}).empty());
  CHECK(solution.gradient({0.5}).empty());
  CHECK(std::isnan(solution.residual()));
  CHECK(solution.report().empty());
  CHECK_FALSE(solution.has_warning());
  const hopf::Ensemble ensemble;
  CHECK(ensemble.times().empty());
  CHECK(ensemble.mean().empty());
  CHECK(std::isnan(ensemble.cost()));
  CHECK(std::isnan(ensemble.cost_standard_error()));
  CHECK(std::isnan(ensemble.quantile("x", 0.5)));
  CHECK(ensemble.values("x", 0).empty());
}

TEST_CASE("verbs refuse default-constructed objects") {
  hopf::Session session;
  const auto refused = [&](bool done) { return !done && session.diagnostics().size() == 1; };
  CHECK(refused(session.solve({}).has_value()));
  CHECK(refused(session.derive({}).has_value()));
  CHECK(refused(session.save(hopf::Solution(), "/nowhere/a.nc")));
  CHECK(refused(session.plot(hopf::Ensemble(), "/nowhere/a.svg")));
  const auto model = session.compile(
      "model m {\n  state x in [-1, 1] reflect\n  control u\n  dx = u*dt\n  lagrangian x^2 + u^2\n"
      "  discount 1\n}\n");
  REQUIRE(model);
  CHECK(refused(session.simulate(*model, hopf::Solution(), {.until = 1}).has_value()));
}
