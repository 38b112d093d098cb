// Each closed-form control law against dense sampling of its set, at random states, gradients and
// Hessians.
#include <cmath>
#include <random>

#include "derive_models.hpp"
#include "test.hpp"

using derive_test::derive_one;
using hopf::derive::ControlLaw;
using hopf::derive::Equations;
using hopf::expr::Binding;

namespace {

std::string with_controls(const std::string& declarations, const std::string& dynamics,
                          const std::string& cost) {
  return "model m { state x in [0.5, 2] extrapolate\nstate y in [-1, 1] extrapolate\nnoise w\n" +
         declarations + "\n" + dynamics + "\nlagrangian " + cost + "\ndiscount 1 }";
}

struct Sampler {
  std::mt19937_64 random{7};
  double uniform(double lo, double hi) {
    return std::uniform_real_distribution<double>(lo, hi)(random);
  }
};

/// A random point: states in their domains, gradient and Hessian entries of both signs and many
/// sizes, zeros too.
Binding random_point(Sampler& sampler, const hopf::model::Model& model, const Equations& eqs) {
  Binding point = model.bindings();
  for (const auto& state : model.states)
    point[state.symbol] = sampler.uniform(*state.lo, *state.hi);
  auto derivative = [&] {
    const double choice = sampler.uniform(0, 1);
    if (choice < 0.1) return 0.0;
    return sampler.uniform(-1, 1) * std::pow(10.0, sampler.uniform(-2, 1.5));
  };
  for (auto p : eqs.p) point[p] = derivative();
  for (auto m : eqs.M) point[m] = derivative();
  return point;
}

double cost_at(const derive_test::Derived& d, Binding point, const std::vector<double>& u) {
  for (std::size_t c = 0; c < u.size(); ++c) point[d.model->controls[c].symbol] = u[c];
  return hopf::expr::evaluate(*d.model->store, d.equations->hamiltonian_integrand, point);
}

std::vector<double> law_at(const derive_test::Derived& d, const Binding& point) {
  std::vector<double> u(d.model->controls.size(), NAN);
  for (const auto& law : d.equations->laws) {
    const auto& group = d.model->groups[law.group];
    for (std::size_t i = 0; i < law.law.size(); ++i) {
      u[group.components[i]] = hopf::expr::evaluate(*d.model->store, law.law[i], point);
    }
  }
  return u;
}

/// No sampled point of the set may be better than the law; `draw` samples one vector of all
/// controls.
template <class Draw>
void check_minimiser(const std::string& text, ControlLaw::Form form, Draw draw) {
  auto d = derive_one(text);
  INFO(text << d->messages());
  REQUIRE(d->equations);
  REQUIRE(d->equations->closed_form);
  REQUIRE(d->equations->laws[0].form == form);
  Sampler sampler;
  for (int k = 0; k < 60; ++k) {
    const auto point = random_point(sampler, *d->model, *d->equations);
    const auto u = law_at(*d, point);
    for (double value : u) REQUIRE(std::isfinite(value));
    const double best = cost_at(*d, point, u);
    for (int j = 0; j < 400; ++j) {
      const double other = cost_at(*d, point, draw(sampler));
      if (std::isnan(other)) continue;
      REQUIRE(best <= other + 1e-9 * (1 + std::abs(other)));
    }
  }
}

auto interval(double lo, double hi) {
  return [=](Sampler& s) {
    const double choice = s.uniform(0, 1);
    return std::vector<double>{choice < 0.1 ? lo : choice < 0.2 ? hi : s.uniform(lo, hi)};
  };
}

std::string one_control(const std::string& set, const std::string& drift, const std::string& cost,
                        const std::string& noise = "0.1") {
  return with_controls("control u " + set, "dx = (" + drift + ")*dt + " + noise + "*dw\ndy = 0*dt",
                       cost);
}

}  // namespace

using Form = ControlLaw::Form;

TEST_CASE("bang-bang controls take the end that the switching function names") {
  check_minimiser(one_control("in [-1, 2]", "u*x", "x^2 + 0.3*u"), Form::BangBang, interval(-1, 2));
}

TEST_CASE("quadratic controls are clamped, whatever the sign of the curvature") {
  check_minimiser(one_control("in [-1, 2]", "u*x", "x^2 + 0.3*u^2"), Form::Quadratic,
                  interval(-1, 2));
  check_minimiser(one_control("in [-1, 2]", "u", "-u^2"), Form::Quadratic, interval(-1, 2));
  check_minimiser(one_control("in [-1, 2]", "u", "y*u^2"), Form::Quadratic, interval(-1, 2));
  check_minimiser(one_control("in [0, 3]", "0.05*x*u", "x^2", "0.2*x*u"), Form::Quadratic,
                  interval(0, 3));
}

TEST_CASE("coupled quadratic controls are minimised over the faces of their box") {
  const auto draw = [](Sampler& s) {
    return std::vector<double>{s.uniform(-1, 1), s.uniform(0, 2)};
  };
  const std::string dynamics = "dx = (u + v)*dt + 0.1*dw\ndy = v*dt";
  check_minimiser(
      with_controls("control u in [-1, 1]\ncontrol v in [0, 2]", dynamics, "u^2 + u*v + v^2"),
      Form::Quadratic, draw);
  check_minimiser(
      with_controls("control u in [-1, 1]\ncontrol v in [0, 2]", dynamics, "u^2 + 3*u*v + v^2"),
      Form::Quadratic, draw);
  check_minimiser(with_controls("control u in [-1, 1]\ncontrol v in [0, 2]",
                                "dx = u*dt + (u + 0.5*v)*dw\ndy = v*dt", "u^2"),
                  Form::Quadratic, draw);
}

TEST_CASE("strictly convex terms are inverted in closed form") {
  check_minimiser(one_control("in [0.1, 4]", "-u*x", "-(u*x)^(-1.5)/(-1.5)"), Form::Convex,
                  interval(0.1, 4));
  check_minimiser(one_control("in [0.1, 4]", "-u", "-log(u)"), Form::Convex, interval(0.1, 4));
  check_minimiser(one_control("in [0.1, 4]", "u", "u*log(u)"), Form::Convex, interval(0.1, 4));
  check_minimiser(one_control("in [-2, 2]", "u", "exp(x*u)"), Form::Convex, interval(-2, 2));
  check_minimiser(one_control("in [-2, 2]", "u", "cosh(u)"), Form::Convex, interval(-2, 2));
  check_minimiser(one_control("in [-2, 2]", "u", "u^4"), Form::Convex, interval(-2, 2));
  check_minimiser(one_control("in [0, 2]", "u", "-sqrt(u)"), Form::Convex, interval(0, 2));
}

TEST_CASE("kinks split the set into pieces") {
  check_minimiser(one_control("in [-2, 2]", "u", "abs(u) + u^2"), Form::Convex, interval(-2, 2));
  check_minimiser(one_control("in [-2, 2]", "u", "max(u, 0)"), Form::Convex, interval(-2, 2));
}

TEST_CASE("finite sets are compared, with continuous controls eliminated first") {
  check_minimiser(one_control("in {-1, 0.5, 2}", "u*x", "u^2"), Form::Finite, [](Sampler& s) {
    const double values[] = {-1, 0.5, 2};
    return std::vector<double>{values[static_cast<int>(s.uniform(0, 3))]};
  });
  auto d =
      derive_one(with_controls("control g in {-1, 0, 2}\ncontrol u in [-1, 1]",
                               "dx = (g*x + u*g)*dt + 0.1*dw\ndy = u*dt", "g^2 + u^2*(1 + g^2)"));
  REQUIRE(d->equations);
  CHECK(d->equations->closed_form);
}

TEST_CASE("balls, simplices and headings") {
  const std::string dynamics = "dx = (u[1] + 0.2)*dt + 0.1*dw\ndy = u[2]*x*dt";
  const auto ball = [](Sampler& s) {
    const double angle = s.uniform(0, 6.283), r = 1.5 * std::sqrt(s.uniform(0, 1));
    return std::vector<double>{r * std::cos(angle), r * std::sin(angle)};
  };
  check_minimiser(with_controls("control u[2] in ball(1.5)", dynamics, "1"), Form::Ball, ball);
  check_minimiser(with_controls("control u[2] in ball(1.5)", dynamics, "0.5*norm2(u)"), Form::Ball,
                  ball);
  const auto simplex = [](Sampler& s) {
    const double a = s.uniform(0, 1);
    return std::vector<double>{a, 1 - a};
  };
  check_minimiser(with_controls("control u[2] in simplex", dynamics, "1"), Form::Simplex, simplex);
  check_minimiser(with_controls("control u[2] in simplex", dynamics, "norm2(u)"), Form::Simplex,
                  simplex);
  check_minimiser(
      with_controls("control u[2] in simplex", dynamics, "0.3*(u[1]*log(u[1]) + u[2]*log(u[2]))"),
      Form::Simplex, simplex);
  check_minimiser(
      with_controls("control h in [0, 2*pi]", "dx = cos(h)*dt + 0.1*dw\ndy = x*sin(h)*dt", "1"),
      Form::Heading, interval(0, 6.283185307179586));
}

TEST_CASE("what has no closed form is left to numerical minimisation, with the reason") {
  auto d = derive_one(one_control("in [-1, 1]", "u*x", "u^2 + exp(u) + sin(3*u)"));
  REQUIRE(d->equations);
  CHECK_FALSE(d->equations->closed_form);
  CHECK(d->equations->laws[0].form == Form::Numerical);
  CHECK(d->equations->laws[0].reason.find("numerically") != std::string::npos);
}

TEST_CASE("faults of a problem are diagnostics") {
  using hopf::diagnostics::Kind;
  CHECK(derive_one(one_control("", "u", "x^2"))->has(Kind::HamiltonianUnbounded));
  CHECK(derive_one(one_control("", "u", "-u^2"))->has(Kind::HamiltonianUnbounded));
  CHECK(derive_one(one_control("", "u", "y^2*u^2"))->has(Kind::CurvatureMayVanish));
  CHECK(derive_one("model m { state x\ncontrol u\nx' = u\nlagrangian x^4 + u^2 }")
            ->has(Kind::NoDiscountOrHorizon));
  CHECK(derive_one("model m { state x\ncontrol u\nx' = u\nhorizon 1 }")->has(Kind::NoCost));
  CHECK(derive_one("model m { state x\ncontrol u in [0, 1]\ndisturbance d in [0, 1]\nx' = u - "
                   "d\nlagrangian (u - d)^2\nhorizon 1 }")
            ->has(Kind::IsaacsConditionLost));
  CHECK(derive_one("model m { state x\ncontrol u in [0, 1]\nregime j in 1..2 rates [[-u, u], [1, "
                   "-1]]\nx' = u\nlagrangian x^2\ndiscount 1 }")
            ->has(Kind::ControlInRates));
  CHECK(derive_one("model m { state x\ncontrol u in [0, 1]\nx' = -x\nlagrangian x^2 + (u + 1)^2 "
                   "- u^2 - 2*u\ndiscount 1 }")
            ->has(Kind::ControlWithoutEffect));
}
