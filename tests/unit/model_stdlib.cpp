// The standard library: every function is called in a model, some against known values.
#include <cmath>
#include <fstream>
#include <sstream>

#include "model_support.hpp"

using namespace hopf;

namespace {

std::string module_text(const std::string& name) {
  std::ifstream in(std::string(HOPF_SOURCE_DIR) + "/stdlib/" + name + ".hopf");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// The value of a call of a module's function.
double value(const std::string& module, const std::string& call) {
  auto checked = test::check(module_text(module) +
                             "\nmodel m { state x in [0, 1] extrapolate; x' = x*(" + call + ") }");
  INFO(checked->text());
  REQUIRE(checked->model);
  return checked->at(checked->model->drift[0], {{"x", 1}});
}

}  // namespace

TEST_CASE("every module parses and defines documented functions only") {
  for (const char* name :
       {"units", "distributions", "mechanics", "control", "finance", "diffusion"}) {
    auto checked = test::check(module_text(name));
    INFO(name << checked->text());
    CHECK_FALSE(checked->sink.has_errors());
    CHECK(checked->ast.items.size() >= 9);
    for (const auto& item : checked->ast.items)
      CHECK(std::holds_alternative<syntax::FunctionItem>(item.value));
  }
}

TEST_CASE("finance") {
  // S = K = 100, r = 5 %, sigma = 20 %, one year.
  CHECK(value("finance", "black_scholes_call(100, 100, 0.05, 0.2, 1)") ==
        Approx(10.450583572185565));
  CHECK(value("finance", "black_scholes_put(100, 100, 0.05, 0.2, 1)") == Approx(5.573526022256971));
  CHECK(value("finance", "perpetual_put_boundary(100, 0.05, 0.2)") == Approx(71.42857142857143));
  CHECK(value("finance", "perpetual_put(100, 100, 0.05, 0.2)") == Approx(12.32003286776263));
  CHECK(value("finance", "merton_fraction(0.08, 0.03, 0.2, 2)") == Approx(0.625));
  CHECK(value("finance", "crra_inverse(crra(3, 2), 2)") == Approx(3));
  CHECK(value("finance", "crra_inverse_marginal(crra_marginal(3, 1.5), 1.5)") == Approx(3));
  CHECK(value("finance", "cara(0, 2) + black_scholes_delta(100, 100, 0, 0.2, 1)") ==
        Approx(-0.5 + 0.539827837277029));
}

TEST_CASE("distributions") {
  CHECK(value("distributions", "gaussian_log_pdf(1.5, 2, 0.5)") ==
        Approx(std::log(std::exp(-0.5) / (0.5 * std::sqrt(2 * M_PI)))));
  CHECK(value("distributions", "log(gaussian_pdf(1, 2, 0.5)) - gaussian_log_pdf(1, 2, 0.5)") ==
        Approx(0).margin(1e-14));
  CHECK(value("distributions", "isotropic_log_pdf([1, 2], [0, 0], 4, 2)") ==
        Approx(-5.0 / 8 - std::log(8 * M_PI)));
  CHECK(value("distributions", "exp(mixture_log_pdf(0, 0.5, -1, 1, 1, 1))") ==
        Approx(std::exp(-0.5) / std::sqrt(2 * M_PI)));
  CHECK(value("distributions", "gaussian_kl(0, 1, 1, 1)") == Approx(0.5));
  CHECK(value("distributions", "gaussian_wasserstein2(0, 1, 3, 2)") == Approx(10));
  CHECK(value("distributions", "logistic_pdf(0, 0, 1) + exponential_pdf(1, 2)") ==
        Approx(0.25 + 2 * std::exp(-2.0)));
  CHECK(value("distributions", "lognormal_pdf(1, 0, 1)") == Approx(1 / std::sqrt(2 * M_PI)));
}

TEST_CASE("mechanics, control, diffusion and units") {
  CHECK(value("mechanics", "kinetic_energy(2, 3) + spring_energy(2, 1)") == Approx(10));
  CHECK(value("mechanics", "kepler_potential(1, 5, [3, 4])") == Approx(-1));
  CHECK(value("mechanics", "double_well(0, 1, 2) + pendulum_energy(1, 1, 1, pi)") == Approx(4));
  CHECK(value("control", "quadratic([1, 2], [[1, 0], [0, 3]])") == Approx(13));
  CHECK(value("control", "wrap_angle(3*pi/2)") == Approx(-M_PI / 2));
  CHECK(value("control", "huber(3, 1) + dead_zone(3, 1) + saturate(-3, 1)") == Approx(3.5));
  CHECK(value("control", "ball_distance([3, 4], [0, 0], 2)") == Approx(3));
  CHECK(value("diffusion", "vp_mean(1, 0.1, 20)^2 + vp_variance(1, 0.1, 20)") == Approx(1));
  CHECK(value("diffusion", "ve_sigma(1, 0.01, 50)") == Approx(50));
  CHECK(value("diffusion", "cosine_signal(0, 0.008)") == Approx(1));
  CHECK(value("units", "to_degrees(from_degrees(30)) + from_kmh(36)") == Approx(40));
}
