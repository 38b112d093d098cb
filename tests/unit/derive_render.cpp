// What a derivation says: its letters, its reasons, its conditions; and that its Hopf text is Hopf.
#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "derive_models.hpp"
#include "test.hpp"

using derive_test::derive_all;
using derive_test::derive_one;
using namespace hopf;

namespace {

std::string shown(const derive_test::Derived& d, const std::string& field,
                  expr::Style style = expr::Style::Unicode) {
  REQUIRE(d.equations);
  return derive::render(*d.model, *d.equations, style, field);
}

/// Holds where the text of the field, its lines joined, has all of these.
void check_says(const derive_test::Derived& d, const std::string& field,
                std::initializer_list<const char*> wanted) {
  std::string text = shown(d, field), joined;
  std::stringstream words(text);
  for (std::string word; words >> word;) joined += (joined.empty() ? "" : " ") + word;
  for (const char* part : wanted) {
    INFO(joined);
    CHECK(joined.find(part) != std::string::npos);
  }
}

bool parses(const std::string& text) {
  source::SourceSet sources;
  diagnostics::Sink sink;
  syntax::parse(sources, sources.add("back.hopf", "r = " + text + "\n"), sink);
  return sink.error_count() == 0;
}

std::string models_of_tests() {
  std::ifstream file(HOPF_SOURCE_DIR "/tests/sympy/models.hopf");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("the letters of a derivation avoid the names of the model") {
  auto d = derive_one(
      "model clash { param H = 2, m = 1\nstate V\nstate phi\nstate p\nstate q\ncontrol u\n"
      "noise w\n"
      "dV = phi*dt\ndphi = u*dt + 0.5*dw\ndp = q*dt\ndq = -p*dt\n"
      "lagrangian V^2 + m*u^2 + H*p^2\nhorizon 1 }");
  check_says(*d, "hjb", {"W is the least", "-∂W/∂t = ", "φ·∂W/∂V", "W = 0 at t = 1"});
  check_says(*d, "hamiltonian", {"F = inf u {"});
  check_says(*d, "generator", {"smooth function f", "𝓛f ="});
  check_says(*d, "fokker_planck", {"n is the density", "∂n/∂t"});
  check_says(*d, "costate", {"dλ_V = -2·V dt", "λ_q = 0 at t = 1"});
  check_says(*d, "riccati", {"W = 1/2 x'P x + s'x + c"});
}

TEST_CASE("every reason is given, the most telling first") {
  auto d = derive_one(
      "model pendulum { state theta in [-3, 3] periodic\nstate omega\ncontrol tau in [-2, 2]\n"
      "noise w\ndtheta = omega*dt\ndomega = (sin(theta) + tau)*dt + 0.5*dw\n"
      "lagrangian 1 - cos(theta) + tau^2\ndiscount 0.5 }");
  REQUIRE(d->equations);
  CHECK(
      d->equations->lq_refusal ==
      "the drift of omega is not linear in the states and controls (sin(θ)); the running cost is "
      "not quadratic in the states and controls (-cos(θ)); theta has a boundary condition; tau is "
      "bounded");
  CHECK(d->equations->hopf_cole_refusal ==
        "tau is bounded, so the minimiser is not linear in the gradient; the discount leaves the "
        "term rho psi log psi, which is not linear");
}

TEST_CASE("laws are printed without their guards, with where they hold") {
  auto d = derive_one(
      "model merton { param r = 0.03, mu = 0.08, sigma = 0.2, gamma = 2, rho = 0.05\n"
      "state x in [0.05, 20]\ncontrol k\ncontrol c in [0, inf]\nnoise w\n"
      "dx = x*(r + k*(mu - r) - c)*dt + k*sigma*x*dw\n"
      "reward (c*x)^(1 - gamma)/(1 - gamma)\ndiscount rho }");
  check_says(*d, "control_law",
             {"k* = (r - μ)·∂V/∂x/(σ²·x·(∂²V/∂x²))", "k: the maximum is attained where ∂²V/∂x² < 0",
              "c* = (∂V/∂x)^(-1/γ)/x", "c: the maximum is attained where 0 < ∂V/∂x"});
  const std::string all = shown(*d, "");
  CHECK(all.find("1e") == std::string::npos);
  CHECK(all.find("choose") == std::string::npos);
  // The log of an unbounded consumption has the same form.
  auto log = derive_one(
      "model m { state x in [0.1, 5]\ncontrol c in [0, inf]\ndx = (x - c)*dt\nreward log(c)\n"
      "discount 0.1 }");
  check_says(*log, "control_law", {"c* = 1/(∂V/∂x)"});
}

TEST_CASE("regimes have equations of their own in every step") {
  auto d = derive_one(
      "model saving { param z = [0.1, 0.2]\nstate a in [0, 3] constrain\ncontrol c in [0, 2]\n"
      "regime j in 1..2 rates [[-1.5, 1.5], [1 + a, -1 - a]]\nda = (z[j] + 0.03*a - c)*dt\n"
      "reward log(c)\ndiscount 0.05\nstop pays -a }");
  check_says(*d, "hjb",
             {"0 = sup c∈[0, 2] { max(", "1.5·(V₂ - V₁)", "in regime j = 2",
              "the player stops where V is what stopping pays"});
  check_says(*d, "generator", {"𝓛φ₁ = 1.5·(φ₂ - φ₁)"});
  check_says(*d, "fokker_planck", {"∂m₁/∂t =", "(a + 1)·m₂", "1.5·m₁"});
  // p_1' = rho p_1 - H_a - 1.5 (p_2 - p_1); the rate of regime 2 depends on a.
  const auto& store = *d->model->store;
  const auto* costate = d->equations->find("costate");
  REQUIRE(costate);
  int found = 0;
  for (const auto& equation : costate->equations) {
    const std::string left = store.name(store.symbol_of(equation.left));
    const auto value = [&](double V1, double V2) {
      return expr::evaluate(store, equation.right,
                            {{d->model->store->symbol_id("p[a,1]"), 2},
                             {d->model->store->symbol_id("p[a,2]"), 5},
                             {d->model->store->symbol_id("V[1]"), V1},
                             {d->model->store->symbol_id("V[2]"), V2},
                             {d->model->store->symbol_id("a"), 0.5}});
    };
    if (left == "p[a,1]" && equation.form == derive::Equation::Form::Rate)
      found += value(0, 0) == Approx((0.05 - 0.03) * 2 - 1.5 * (5 - 2));
    if (left == "p[a,2]" && equation.form == derive::Equation::Form::Rate)
      found += value(7, 3) == Approx((0.05 - 0.03) * 5 - 1.5 * (2 - 5) - (7 - 3));
  }
  CHECK(found == 2);
}

TEST_CASE("end conditions of the costate are those of the problem") {
  const std::string head = "model m { state x in [-2, 2] extrapolate\ncontrol u in [-1, 1]\n";
  check_says(*derive_one(head + "dx = u*dt\n lagrangian 1\n until x^2 <= 0.01 pay 0 }"), "costate",
             {"on entering the set, p equals the gradient of what is paid there",
              "the optimised Hamiltonian is 0 along the path"});
  check_says(*derive_one(head + "dx = u*dt\n lagrangian x^2\n discount 1 }"), "costate",
             {"the discounted p stays bounded"});
  check_says(*derive_one(head + "noise w\ndx = u*dt + dw\n lagrangian x^2\n average }"), "costate",
             {"p is the gradient of the relative value V"});
}

TEST_CASE("mechanics: sign conventions, discounts and singular Lagrangians") {
  auto kepler = derive_one(
      "model kepler { param m = 1, k = 1\nstate r in [0.1, 10] extrapolate\nstate phi\n"
      "control vr, vphi\ndr = vr*dt\ndphi = vphi*dt\n"
      "lagrangian 0.5*m*(vr^2 + r^2*vphi^2) + k/r\nhorizon 1 }");
  check_says(*kepler, "canonical", {"H_mech = ½·p_r²/m - k/r + ½·p_φ²/(m·r²)", "p_φ' = 0"});
  check_says(*kepler, "euler_lagrange", {"d²φ/dt² = -2·dφ/dt·dr/dt/r"});
  // Damped by the discount: q'' = rho q' + q for the cost (q'^2 + q^2)/2.
  auto damped =
      derive_one("model m { state q\ncontrol v\ndq = v*dt\nreward -(v^2 + q^2)/2\ndiscount 0.5 }");
  check_says(*damped, "euler_lagrange", {"d²q/dt² = q + ½·dq/dt"});
  auto singular = derive_one(
      "model m { state x\nstate y\ncontrol v, w\ndx = v*dt\ndy = w*dt\n"
      "lagrangian 0.5*(v + w)^2 - x^2\nhorizon 1 }");
  CHECK(singular->has(diagnostics::Kind::HamiltonianUnbounded));
  CHECK(singular->messages().find("it is singular, flat along (1, -1)") != std::string::npos);
}

TEST_CASE("every equation printed as Hopf source parses") {
  const auto all = derive_all(models_of_tests());
  CHECK(all.size() >= 20);
  for (const auto& d : all) {
    REQUIRE(d->equations);
    const auto& store = *d->model->store;
    auto steps = d->equations->steps;
    steps.push_back(derive::bellman(*d->model, *d->equations, 0.1));
    for (const auto& step : steps) {
      for (const auto& equation : step.equations) {
        std::vector<expr::ExprId> sides{equation.left, equation.right};
        if (equation.condition.valid()) sides.push_back(equation.condition);
        for (const auto& term : equation.noise) sides.push_back(term.coefficient);
        for (const auto side : sides) {
          const std::string text = expr::print(store, side);
          INFO(d->model->name << ", " << step.field << ": " << text);
          CHECK(parses(text));
        }
      }
    }
  }
}

TEST_CASE("a discrete Bellman matrix is given only where it is the value") {
  auto free = derive_one(
      "model m { state x\nstate y\nstate z\ncontrol u\ndx = y*dt\ndy = -x*dt\n"
      "dz = u*dt\nlagrangian x^2 + z^2 + u^2\ndiscount 0.01 }");
  REQUIRE(free->equations);
  CHECK(derive::bellman_riccati(*free->model, *free->equations, 0.1));
  auto finite =
      derive_one("model m { state z\ncontrol u\ndz = u*dt\nlagrangian z^2 + u^2\nhorizon 1 }");
  REQUIRE(finite->equations);
  CHECK_FALSE(derive::bellman_riccati(*finite->model, *finite->equations, 0.1));
}
