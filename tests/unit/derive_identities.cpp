// Identities between derived equations: adjointness, Riccati, Hopf-Cole, mechanics, reversal,
// Bellman limits.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <random>

#include "derive/internal.hpp"
#include "derive_models.hpp"
#include "test.hpp"

using derive_test::derive_one;
using namespace hopf;
using expr::ExprId;

namespace {

/// The exact integral over [-1, 1]^2 of a polynomial in x and y, by Gauss quadrature with 8 nodes
/// an axis.
double integral(const expr::Store& store, ExprId e, expr::SymbolId x, expr::SymbolId y) {
  const double nodes[] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267,
                          0.9602898564975363};
  const double weights[] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745,
                            0.1012285362903763};
  double total = 0;
  for (int i = 0; i < 8; ++i) {
    for (int j = 0; j < 8; ++j) {
      const double a = (i % 2 ? 1 : -1) * nodes[i / 2], b = (j % 2 ? 1 : -1) * nodes[j / 2];
      total += weights[i / 2] * weights[j / 2] * expr::evaluate(store, e, {{x, a}, {y, b}});
    }
  }
  return total;
}

/// Replaces phi, D(phi,x), ... by a function of the states.
ExprId with_function(derive_test::Derived& d, ExprId e, const std::string& name, ExprId f) {
  auto& store = *d.model->store;
  expr::Substitution into{{store.symbol_id(name), f}};
  const auto& states = d.model->states;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const ExprId first = expr::differentiate(store, f, states[i].symbol);
    into[store.symbol_id(fmt::format("D({},{})", name, states[i].name))] = first;
    for (std::size_t j = i; j < states.size(); ++j) {
      into[store.symbol_id(fmt::format("D({},{},{})", name, states[i].name, states[j].name))] =
          expr::differentiate(store, first, states[j].symbol);
    }
  }
  return expr::substitute(store, e, into);
}

}  // namespace

TEST_CASE("the Fokker-Planck operator is the adjoint of the generator") {
  auto d = derive_one(
      "model m { state x\nstate y\nnoise w[2] correlated [[1, 0.3], [0.3, 1]]\n"
      "dx = (y - x*y)*dt + (1 + 0.5*x)*dw[1]\ndy = (x - y^2)*dt + x*dw[1] + 0.4*dw[2]\nhorizon 1 "
      "}");
  REQUIRE(d->equations);
  auto& store = *d->model->store;
  diagnostics::Sink sink;
  auto context = derive::make_context(*d->model, sink);
  const auto x = d->model->states[0].symbol, y = d->model->states[1].symbol;
  const ExprId X = store.symbol(x), Y = store.symbol(y), one = store.integer(1);
  // Test functions that vanish to second order on the edge of the square, so no boundary term is
  // left.
  auto bump = [&](ExprId u) {
    return store.pow(store.sub(one, store.mul(u, u)), store.integer(2));
  };
  const ExprId phi = store.mul(bump(X), store.mul(bump(Y), store.add(one, X)));
  const ExprId m =
      store.mul(bump(X), store.mul(bump(Y), store.add(store.integer(2), store.mul(X, Y))));
  const ExprId forward =
      with_function(*d, derive::generator_of(context, *d->equations, "phi"), "phi", phi);
  const ExprId backward =
      with_function(*d, derive::adjoint_of(context, *d->equations, "m"), "m", m);
  const double left = integral(store, store.mul(m, forward), x, y);
  const double right = integral(store, store.mul(phi, backward), x, y);
  CHECK(std::abs(left) > 1e-3);
  CHECK(left == Approx(right).epsilon(1e-11));
}

TEST_CASE("discrete Bellman limits of the learning benchmark") {
  auto d = derive_one(
      "model s1 { state x\ncontrol a\nnoise w\ndx = (-0.5*x + a)*dt + 0.3*dw\n"
      "reward -(x^2 + 0.1*a^2)/2\ndiscount 0.1 }");
  REQUIRE(d->equations);
  const double cases[][2] = {{.5, .6074462529},
                             {.1, .3205753271},
                             {.05, .2922688760},
                             {.01, .2710710095},
                             {.001, .2664809953}};
  for (const auto& [dt, expected] : cases) {
    const auto P = derive::bellman_riccati(*d->model, *d->equations, dt);
    REQUIRE(P);
    CHECK(std::abs((*P)[0] - expected) < 1e-9);
  }
}

TEST_CASE("LQ data is exact and the law closes the loop") {
  auto d = derive_one(
      "model m { state x[2]\ncontrol u\nnoise w\ndx[1] = x[2]*dt\ndx[2] = (u - 0.5*x[2] + "
      "1)*dt + (0.2 + 0.1*x[1] + 0.3*u)*dw\n"
      "lagrangian x[1]^2 + 0.2*x[1]*u + u^2 + 0.4*x[2] + 3\ndiscount 0.1 }");
  REQUIRE(d->equations);
  REQUIRE(d->equations->has_riccati());
  const auto& lq = d->equations->lq.front();
  CHECK(lq.A == std::vector<double>{0, 1, 0, -0.5});
  CHECK(lq.B == std::vector<double>{0, 1});
  CHECK(lq.c == std::vector<double>{0, 1});
  CHECK(lq.S == std::vector<double>{0, 0.2});
  CHECK(lq.C == std::vector<double>{0, 0.1, 0, 0});
  CHECK(lq.D == std::vector<double>{0, 0.3});
  CHECK(lq.Q == std::vector<double>{2, 0, 0, 0});
  CHECK(lq.N == std::vector<double>{0.2, 0});
  CHECK(lq.R == std::vector<double>{2});
  CHECK(lq.q == std::vector<double>{0, 0.4});
  CHECK(lq.constant == 3);
}

TEST_CASE("Hopf-Cole holds exactly where noise and control match") {
  const std::string head = "model m { state x\nstate y\ncontrol u\nnoise w\ndx = y*dt\n";
  const std::string tail = "lagrangian x^2 + u^2\n horizon 1 }";
  CHECK(derive_one(head + "dy = u*dt + 0.5*dw\n" + tail)->equations->hopf_cole);
  const auto varying = derive_one(head + "dy = u*dt + (1 + y^2)*dw\n" + tail);
  CHECK_FALSE(varying->equations->hopf_cole);
  CHECK(varying->equations->hopf_cole_refusal.find("not constant") != std::string::npos);
}

TEST_CASE("the oscillator's canonical equations are Hamilton's") {
  auto d = derive_one(
      "model o { param m = 2, k = 3\nstate q\ncontrol v\ndq = v*dt\nlagrangian 0.5*m*v^2 - "
      "0.5*k*q^2\nhorizon 1 }");
  REQUIRE(d->equations);
  const auto* canonical = d->equations->find("canonical");
  REQUIRE(canonical);
  auto& store = *d->model->store;
  const expr::Binding point{{store.symbol_id("m"), 2},
                            {store.symbol_id("k"), 3},
                            {store.symbol_id("q"), 0.7},
                            {store.symbol_id("p[q]"), 1.1}};
  CHECK(expr::evaluate(store, canonical->equations[0].right, point) ==
        Approx(1.1 * 1.1 / 4 + 1.5 * 0.49));
  CHECK(expr::evaluate(store, canonical->equations[1].right, point) == Approx(1.1 / 2));
  CHECK(expr::evaluate(store, canonical->equations[2].right, point) == Approx(-3 * 0.7));
  REQUIRE(d->equations->find("euler_lagrange"));
}

TEST_CASE("the probability flow keeps an Ornstein-Uhlenbeck process in its stationary law") {
  // dx = -x dt + sqrt(2) dw has N(0, 1), score -x: the flow stands still, the reverse drift is +x.
  auto d = derive_one("model m { state x\nnoise w\ndx = -x*dt + sqrt(2)*dw\nhorizon 1 }");
  REQUIRE(d->equations);
  auto& store = *d->model->store;
  const expr::Binding point{{store.symbol_id("x"), 0.7}, {store.symbol_id("score[x]"), -0.7}};
  CHECK(std::abs(expr::evaluate(store, d->equations->find("probability_flow")->equations[0].right,
                                point)) < 1e-15);
  CHECK(expr::evaluate(store, d->equations->find("reverse")->equations[0].right, point) ==
        Approx(0.7));
}

TEST_CASE("a coupled problem with twenty states derives") {
  std::string rows;
  for (int i = 0; i < 20; ++i) {
    std::string row;
    for (int j = 0; j < 20; ++j)
      row += (j ? ", " : "") + fmt::format("{}", (i * 7 + j * 3) % 11 - 5);
    rows += (i ? ", [" : "[") + row + "]";
  }
  auto d = derive_one("model big { param A = [" + rows +
                      "]\n state x[20]\n control u[20]\n noise w[20]\n"
                      "dx = (A*x + u)*dt + 0.1*dw\n lagrangian norm2(x) + norm2(u) + 0.5*u[1]*u[2] "
                      "+ 0.25*u[2]*u[3]\n discount 0.1 }");
  INFO(d->messages());
  REQUIRE(d->equations);
  CHECK(d->equations->has_riccati());
  CHECK(d->equations->closed_form);
}

TEST_CASE("abbreviations over parameters and time are kept, others and hidden times are not") {
  const auto d = derive_one(
      "model m { param b0 = 0.1, b1 = 20\nlet beta = b0 + t*(b1 - b0)\nlet fade = exp(-beta)\n"
      "let square = x^2\nlet unused = b0 + 1\nstate x\nnoise w\n"
      "dx = -0.5*beta*x*dt + fade*dw\nlagrangian square\nhorizon 1 }");
  REQUIRE(d->equations);
  const auto text = [&](const char* field) {
    return derive::render(*d->model, *d->equations, expr::Style::Hopf, field);
  };
  const std::string definitions = text("abbreviations");
  CHECK(definitions.find("beta = b0 + t*(b1 - b0)") != std::string::npos);
  CHECK(definitions.find("fade = exp(-beta)") != std::string::npos);
  CHECK(definitions.find("square") == std::string::npos);
  CHECK(definitions.find("unused") == std::string::npos);
  CHECK(text("generator").find("0.5*fade^2*D(phi,x,x)") != std::string::npos);
  CHECK(text("generator").find("beta = b0") != std::string::npos);  // alone, it says what beta is
  // d/dt of the momentum m v sees the t in m.
  const auto mechanics = derive_one(
      "model m { let mass = 1 + t\nstate q\ncontrol v\ndq = v*dt\nlagrangian 0.5*mass*v^2\n"
      "horizon 1 }");
  REQUIRE(mechanics->equations);
  CHECK(mechanics->equations->find("abbreviations") == nullptr);
}

TEST_CASE("abbreviations that double within each other derive in bounded work") {
  std::string text = "model m { state x in [-1, 1] reflect\ncontrol u in [-1, 1]\nlet r0 = x + u\n";
  for (int k = 0; k < 60; ++k) text += fmt::format("let r{} = sin(r{})*r{}\n", k + 1, k, k);
  const auto d = derive_one(text + "dx = u*dt\n lagrangian r60\n discount 1 }");
  REQUIRE(d->equations);
  CHECK_FALSE(d->equations->closed_form);
  CHECK(d->model->store->size() < 2'000'000);
}
