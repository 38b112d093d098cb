// Manufactured solutions: any smooth V solves the HJB equation of a model whose running cost is
// chosen for it, cost = rho V - V_t - inf_u { L(u) + p.f + 1/2 tr(a M) }. The compiler computes
// that cost, the grid solver must give V back, with the order of its scheme (Roache 2002).
#include <fmt/format.h>

#include <cmath>
#include <hopf/hopf.hpp>
#include <string>
#include <vector>

#include "derive_models.hpp"
#include "expr_reader.hpp"
#include "test.hpp"

namespace {

using namespace hopf;
using expr::ExprId;

/// `model` is the body of a model without state declarations and with the running cost that the
/// controls have of their own, `lagrangian COST`; `domains` are its states, "x in [0, 1]".
struct Manufactured {
  std::string value;  // V over the states and t
  std::vector<std::string> domains;
  std::string dynamics;  // controls, noise, differentials
  std::string cost;      // L(u)
  double discount = 1;
  double horizon = 0;
  std::vector<std::string> boundary = {};  // per state; empty: absorb(V), with V at the end
};

std::string states_text(const Manufactured& m, bool with_boundary) {
  std::string text;
  for (std::size_t k = 0; k < m.domains.size(); ++k) {
    text += "  state " + m.domains[k];
    if (with_boundary) text += m.boundary.empty() ? " absorb(" + m.value + ")" : m.boundary[k];
    text += "\n";
  }
  return text;
}

std::string time_text(const Manufactured& m) {
  return fmt::format("  discount {}\n", m.discount) +
         (m.horizon > 0 ? fmt::format("  horizon {}\n", m.horizon) : std::string());
}

/// The running cost that makes `m.value` the solution, as Hopf source.
std::string source_term(const Manufactured& m) {
  const auto d = derive_test::derive_one("model m {\n" + states_text(m, false) + m.dynamics +
                                         "\n  lagrangian " + m.cost + "\n" + time_text(m) + "}");
  INFO(d->messages());
  REQUIRE(d->equations);
  REQUIRE(d->equations->closed_form);
  auto& store = *d->model->store;
  const ExprId V = expr::testing::read(store, m.value);
  const auto& states = d->model->states;
  expr::Substitution into;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const ExprId first = expr::differentiate(store, V, states[i].symbol);
    into[d->equations->p[i]] = first;
    for (std::size_t j = 0; j < states.size(); ++j) {
      into[d->equations->M[i * states.size() + j]] =
          expr::differentiate(store, first, states[j].symbol);
    }
  }
  const ExprId H = expr::substitute(store, d->equations->hamiltonian, into);
  const ExprId V_t = expr::differentiate(store, V, d->model->time);
  const ExprId left = store.sub(store.mul(store.number(m.discount), V), V_t);
  return expr::print(store, store.sub(left, H), expr::Style::Hopf);
}

std::string model_text(const Manufactured& m) {
  std::string text = "model m {\n" + states_text(m, true) + m.dynamics;
  text += fmt::format("\n  lagrangian {} + ({})\n", m.cost, source_term(m)) + time_text(m);
  if (m.horizon > 0) {
    std::string at_end;
    for (const char c : m.value)
      at_end += c == 't' ? fmt::format("({})", m.horizon) : std::string(1, c);
    text += "  terminal " + at_end + "\n";
  }
  return text + "}\n";
}

/// Largest error at a few points inside, of grids with n nodes an axis.
std::vector<double> errors(const Manufactured& m, const std::vector<int>& nodes,
                           const std::vector<std::vector<double>>& points) {
  const std::string text = model_text(m);
  expr::Store store;
  const ExprId V = expr::testing::read(store, m.value);
  std::vector<double> result;
  for (const int n : nodes) {
    Session session;
    const auto model = session.compile(text);
    INFO(text << session.diagnostics_text());
    REQUIRE(model);
    SolveOptions options;
    options.method = "fd";
    options.grid = {n};
    const auto solution = session.solve(*model, options);
    INFO(session.diagnostics_text());
    REQUIRE(solution);
    double worst = 0;
    for (const auto& x : points) {
      expr::Binding at{{store.symbol_id("t"), 0.0}};
      for (std::size_t k = 0; k < x.size(); ++k) {
        const std::string name = m.domains[k].substr(0, m.domains[k].find(' '));
        at[store.symbol_id(name)] = x[k];
      }
      worst = std::max(worst, std::abs(solution->value(x) - expr::evaluate(store, V, at)));
    }
    result.push_back(worst);
  }
  return result;
}

double order(const std::vector<double>& e, double refinement) {
  return std::log(e.front() / e.back()) /
         (std::log(refinement) * static_cast<double>(e.size() - 1));
}

}  // namespace

TEST_CASE("manufactured: one state, noise that a control shapes, clamped quadratic law") {
  const Manufactured m{"sin(x) + 0.3*x^2",
                       {"x in [-1, 2]"},
                       "  control u in [-0.6, 0.4]\n  noise w\n"
                       "  dx = (u - x + sin(x))*dt + (0.8 + 0.2*cos(x))*dw",
                       "0.7*u^2"};
  const auto e = errors(m, {41, 81, 161, 321}, {{-0.5}, {0.25}, {1.0}, {1.5}});
  CAPTURE(e);
  CHECK(e.back() < 2e-4);
  CHECK(order(e, 2) > 1.8);
}

TEST_CASE("manufactured: one state, no noise, upwind") {
  const Manufactured m{
      "sin(x)", {"x in [-1, 1]"}, "  control u in [-1, 1]\n  dx = (u + 0.5*x)*dt", "u^2/2"};
  const auto e = errors(m, {41, 81, 161, 321}, {{-0.5}, {0.25}, {0.75}});
  CAPTURE(e);
  CHECK(e.back() < 5e-3);
  CHECK(order(e, 2) > 0.9);
}

TEST_CASE("manufactured: two states, correlated noise, one axis periodic") {
  Manufactured m{
      "cos(x)*(1 + y^2) + 0.5*sin(x)*y",
      {"x in [-pi, pi]", "y in [-1, 1]"},
      "  control a\n  control b in [-1, 1]\n  noise w[2] correlated [[1, 0.4], [0.4, 1]]\n"
      "  dx = (a + y)*dt + 0.9*dw[1]\n  dy = (b + sin(x))*dt + 0.7*dw[2]",
      "a^2/2 + b^2"};
  m.boundary = {" periodic", " absorb(" + m.value + ")"};
  const auto e = errors(m, {21, 41, 81}, {{0.5, 0.25}, {-2.0, -0.5}, {3.0, 0.5}});
  CAPTURE(e);
  CHECK(e.back() < 2e-2);
  CHECK(order(e, 2) > 0.9);
}

TEST_CASE("manufactured: three states, correlated noise that depends on the state") {
  const Manufactured m{
      "sin(x + y)*exp(z/2)",
      {"x in [-1, 1]", "y in [-1, 1]", "z in [-1, 1]"},
      "  control u\n  noise w[3]\n"
      "  dx = (u - x*y)*dt + 0.8*dw[1]\n  dy = (z - y)*dt + (0.3 + 0.1*x)*dw[1] + 0.6*dw[2]\n"
      "  dz = -x*dt + 0.7*dw[3] - 0.2*dw[2]",
      "u^2"};
  const auto e = errors(m, {9, 17, 33}, {{0.5, 0.25, 0}, {-0.5, -0.5, 0.25}, {0, 0.5, -0.5}});
  CAPTURE(e);
  CHECK(e.back() < 1e-2);
  CHECK(order(e, 2) > 0.9);
}

TEST_CASE("manufactured: a horizon, coefficients and value that depend on time") {
  const Manufactured m{"cos(x)*exp(-t) + 0.2*x*t",
                       {"x in [-1, 1]"},
                       "  control u\n  noise w\n  dx = (u + sin(3*t))*dt + (1 + 0.5*t)*dw",
                       "u^2/2",
                       0.3,
                       0.8};
  const auto e = errors(m, {21, 41, 81}, {{-0.5}, {0.25}, {0.75}});
  CAPTURE(e);
  CHECK(e.back() < 1e-3);
  CHECK(order(e, 2) > 1.7);
}
