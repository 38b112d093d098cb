// Names, shapes, control sets, dynamics, laws and conflicts.
#include <cmath>

#include "model_support.hpp"

using namespace hopf;
using Kinds = std::vector<std::string>;

namespace {

Kinds kinds(const std::string& body) { return test::check_model(body)->kinds(); }

const std::string kState = "state x in [-1, 1] extrapolate\n";

}  // namespace

TEST_CASE("names: unknown, twice, reserved, recursive") {
  CHECK(kinds(kState + "x' = -k*x") == Kinds{"unknown-name"});
  CHECK(kinds(kState + "param x = 1\nx' = -x") == Kinds{"duplicate-name"});
  CHECK(kinds("state sin in [-1, 1] reflect\nsin' = 0") == Kinds{"reserved-name"});
  CHECK(kinds(kState + "let a = b\nlet b = a\nx' = a") == Kinds{"recursive-definition"});
  CHECK(kinds("param a = b, b = a\n" + kState + "x' = a") == Kinds{"recursive-definition"});
  CHECK(
      test::check("fn f(y) = f(y - 1)\nmodel m { state x in [0,1] reflect; x' = f(x) }")->kinds() ==
      Kinds{"recursive-definition"});
}

TEST_CASE("a mistyped differential suggests the state") {
  auto checked = test::check_model("state omega in [-1, 1] reflect\ndomeag = omega*dt");
  REQUIRE(checked->kinds() == Kinds{"unknown-state"});
  CHECK(checked->text().find("did you mean 'domega'?") != std::string::npos);
  CHECK(kinds(kState + "x = -x*dt") == Kinds{"not-a-differential"});
  CHECK(kinds(kState + "control u\ndu = x*dt\nx' = u") == Kinds{"unknown-state"});
  CHECK(kinds("state x in [0, 1] reflect\nstate y in [0, 1] reflect\nx' = y") ==
        Kinds{"missing-dynamics"});
  CHECK(kinds(kState + "x' = 0\ndx = x*dt") == Kinds{"duplicate-dynamics"});
}

TEST_CASE("equations are linear in their differentials") {
  CHECK(kinds(kState + "noise w\ndx = x*dt*dw") == Kinds{"not-affine-in-differentials"});
  CHECK(kinds(kState + "dx = x*dt^2") == Kinds{"not-affine-in-differentials"});
  CHECK(kinds(kState + "noise w\ndx = x + dw") == Kinds{"term-without-differential"});
  CHECK(kinds(kState + "noise w\ndx = x*dt + w") == Kinds{"noise-without-differential"});
  CHECK(kinds(kState + "noise w\nx' = dw") == Kinds{"misplaced-differential"});
  auto good = test::check_model(kState + "noise w\ndx = x*(2*dt + 3*dw) - dt/2");
  REQUIRE(good->model);
  CHECK(good->at(good->model->drift[0], {{"x", 2}}) == 3.5);
  CHECK(good->at(good->model->diffusion[0], {{"x", 2}}) == 6);
}

TEST_CASE("dynamics by component, by loop, and several states of one noise") {
  auto loop = test::check_model(
      "param n = 3\nstate x[n] in [-1, 1] extrapolate\nnoise w\n"
      "dx[i] = i*x[i]*dt + i^2*dw for i in 1..n");
  INFO(loop->text());
  REQUIRE(loop->model);
  CHECK(loop->at(loop->model->drift[2], {{"x[3]", 2}}) == 6);
  CHECK(loop->at(loop->model->diffusion[2]) == 9);
  CHECK(kinds("state x[2] in [0, 1] reflect\ndx[1] = dt") == Kinds{"missing-dynamics"});
  CHECK(kinds("state x[2] in [0, 1] reflect\ndx = [1, 2, 3]*dt") == Kinds{"dynamics-shape"});
}

TEST_CASE("Stratonovich equations become Ito equations") {
  // dX = s X o dw is dX = s^2 X/2 dt + s X dw.
  auto one = test::check_model("param s = 0.4\n" + kState + "noise w\nstratonovich dx = s*x*dw");
  INFO(one->text());
  REQUIRE(one->model);
  CHECK(one->at(one->model->drift[0], {{"x", 3}}) == Approx(0.5 * 0.16 * 3));
  // Two correlated noises: 1/2 sum C_kl (d sigma_k/dx) sigma_l with sigma = (x, x): (1 + rho) x.
  auto two = test::check_model(
      kState + "noise w[2] correlated [[1, 0.5], [0.5, 1]]\nstratonovich dx = x*dw[1] + x*dw[2]");
  INFO(two->text());
  REQUIRE(two->model);
  CHECK(two->at(two->model->drift[0], {{"x", 2}}) == Approx(1.5 * 2));
  CHECK(kinds(kState + "control u\nnoise w\nstratonovich dx = u*x*dw") ==
        Kinds{"stratonovich-control"});
}

TEST_CASE("control sets: forms and emptiness") {
  std::string rest = "\n" + kState + "x' = ";
  auto sets = test::check_model(
      "param a = 2\ncontrol u in [-a, inf]\ncontrol v in {0, 1, 3}\n"
      "control b[2] in ball(a)\ncontrol s[3] in simplex" +
      rest + "u + v + b[1] + s[3]");
  INFO(sets->text());
  REQUIRE(sets->model);
  const auto& model = *sets->model;
  CHECK(model.controls[0].lo == -2);
  CHECK(std::isinf(model.controls[0].hi));
  CHECK(model.groups[1].values.size() == 3);
  CHECK(model.groups[2].radius == 2);
  CHECK(model.groups[3].set == model::ControlGroup::Set::Simplex);
  CHECK(kinds("control u in [1, 0]" + rest + "u") == Kinds{"empty-control-set"});
  CHECK(kinds("control u in {}" + rest + "u") == Kinds{"empty-control-set"});
  CHECK(kinds("control u[2] in ball(-1)" + rest + "u[1]") == Kinds{"empty-control-set"});
  CHECK(kinds("control u in simplex" + rest + "u") == Kinds{"invalid-control-set"});
  CHECK(kinds("control u in [x, 2]" + rest + "u") == Kinds{"not-constant"});
}

TEST_CASE("domains and default boundaries") {
  CHECK(kinds("state x in [1, 0] reflect\nx' = 0") == Kinds{"empty-domain"});
  CHECK(kinds("state x in [0, inf] reflect\nx' = 0") == Kinds{"infinite-domain"});
  CHECK(kinds("state x periodic\nx' = 0") == Kinds{"boundary-without-domain"});
  auto boundary = [](const std::string& body) {
    auto checked = test::check_model(body);
    INFO(checked->text());
    REQUIRE(checked->model);
    return checked->model->states[0].boundary;
  };
  CHECK(boundary("state x in [-1, 1]\nx' = -x") == model::Boundary::Constrain);
  CHECK(boundary("state x in [-1, 1]\nx' = x") == model::Boundary::Extrapolate);
  CHECK(boundary("state x in [-1, 1]\ncontrol u\nx' = u + x") == model::Boundary::Constrain);
  CHECK(boundary("state x in [-1, 1]\nnoise w\ndx = -x*dt + dw") == model::Boundary::Extrapolate);
  CHECK(boundary("state x in [0, 1]\nnoise w\ndx = x*(1 - x)*dw") == model::Boundary::Constrain);
  CHECK(boundary("state k in [0, 5]\ncontrol i\nk' = i - 0.1*k") == model::Boundary::Constrain);
  // The control has to follow the other state.
  CHECK(boundary("state x in [-1, 1]\nstate y in [-1, 1]\ncontrol u in [-2, 2]\n"
                 "x' = u + 1.5*y\ny' = -y") == model::Boundary::Constrain);
}

TEST_CASE("regimes choose, and their rates are a generator") {
  auto checked = test::check_model(
      "param z = [0.1, 0.2], r = 0.035\nregime j in 1..2 rates [[-1.5, 1.5], [1, -1]]\n"
      "state a in [-0.02, 3]\ncontrol c in [0.001, inf]\na' = z[j] + r*a - c\n"
      "reward -c^(-0.2)/0.2\ndiscount 0.05");
  INFO(checked->text());
  REQUIRE(checked->model);
  CHECK(checked->kinds().empty());
  CHECK(checked->at(checked->model->drift[0], {{"j", 2}, {"a", 1}, {"c", 0.1}}) == Approx(0.135));
  CHECK(checked->model->states[0].boundary == model::Boundary::Constrain);
  std::string rest = "\n" + kState + "x' = j*x";
  CHECK(kinds("regime j in 1..2 rates [[-1, 2], [1, -1]]" + rest) == Kinds{"invalid-rates"});
  CHECK(kinds("regime j in 1..2 rates [[1, -1], [1, -1]]" + rest) == Kinds{"invalid-rates"});
  CHECK(kinds("regime j in 2..3 rates [[-1, 1], [1, -1]]" + rest) == Kinds{"invalid-regime"});
}

TEST_CASE("correlations are correlation matrices") {
  auto with = [](const std::string& matrix) {
    return kinds(kState + "noise w[2] correlated " + matrix + "\ndx = dw[1] + dw[2]");
  };
  CHECK(with("[[1, 0.5], [0.5, 1]]").empty());
  CHECK(with("[[1, 0.5], [0.4, 1]]") == Kinds{"invalid-correlation"});
  CHECK(with("[[2, 0], [0, 1]]") == Kinds{"invalid-correlation"});
  CHECK(with("[[1, 2], [2, 1]]") == Kinds{"invalid-correlation"});
}

TEST_CASE("conflicts and needs") {
  std::string m = kState + "x' = -x\n";
  CHECK(kinds(m + "lagrangian x^2\nreward x") == Kinds{"conflicting-declarations"});
  CHECK(kinds(m + "lagrangian x^2\nlagrangian x") == Kinds{"duplicate-declaration"});
  CHECK(kinds(m + "horizon 1\naverage") == Kinds{"conflicting-declarations"});
  CHECK(kinds(m + "terminal x") == Kinds{"terminal-without-horizon"});
  CHECK(kinds(m + "final gaussian(0, 1)") == Kinds{"final-without-initial"});
  CHECK(kinds(m + "mark z = normal(0, 1)") == Kinds{"mark-without-jump"});
  CHECK(kinds(m + "discount -1") == Kinds{"invalid-discount"});
  CHECK(kinds(m + "horizon 0") == Kinds{"invalid-horizon"});
  CHECK(kinds(m + "until x pay 1") == Kinds{"condition-expected"});
  CHECK(kinds("param a = 1") == Kinds{"empty-model"});
}

TEST_CASE("shapes") {
  std::string m = "param A = [[1, 2], [3, 4]]\nstate x[2] in [-1, 1] extrapolate\ndx = ";
  CHECK(kinds(m + "A*x*dt").empty());
  CHECK(kinds(m + "(x + 1)*dt") == Kinds{"shape-mismatch"});
  CHECK(kinds(m + "x*x*dt") == Kinds{"product-mismatch"});
  CHECK(kinds(m + "x*A*dt") == Kinds{"product-mismatch"});
  CHECK(kinds(m + "A*x^2*dt") == Kinds{"vector-power"});
  CHECK(kinds(m + "A*x/x*dt") == Kinds{"division-by-vector"});
  CHECK(kinds(m + "A*[x[3], 1]*dt") == Kinds{"index-out-of-range"});
  CHECK(kinds(m + "A*[x[x[1]], 1]*dt") == Kinds{"index-not-constant"});
  CHECK(kinds(m + "A*[x[1][1], 1]*dt") == Kinds{"not-indexable"});
  CHECK(kinds(m + "A*[[1, 2], [3]]*dt") == Kinds{"ragged-matrix"});
  CHECK(kinds(m + "A*x*dt\nlagrangian x") == Kinds{"scalar-expected"});
  CHECK(kinds(m + "A*x*det([[1, 2]])*dt") == Kinds{"square-expected"});
  CHECK(kinds(m + "A*inv([[1, 2], [2, 4]])*x*dt") == Kinds{"singular-matrix"});
  CHECK(kinds(m + "A*[x[i] for i in 1..0]*dt") == Kinds{"empty-list"});
}

TEST_CASE("linear algebra and loops") {
  auto value = [](const std::string& expression) {
    auto checked = test::check_model("param A = [[1, 2], [3, 5]], b = [1, 2], n = 3\n" + kState +
                                     "x' = A[1,1]*b[1]*n*" + expression);
    INFO(checked->text());
    REQUIRE(checked->model);
    return checked->at(checked->model->drift[0], {{"x", 0.5}}) / 3;
  };
  CHECK(value("det(A)") == Approx(-1));
  CHECK(value("trace(A)") == Approx(6));
  CHECK(value("dot(b, A*b)") == Approx(31));
  CHECK(value("norm(b)") == Approx(std::sqrt(5.0)));
  CHECK(value("norm2(inv(A)*b)") == Approx(2));
  CHECK(value("sum(i^2 for i in 1..n)") == Approx(14));
  CHECK(value("sum([i*b[i] for i in 1..2])") == Approx(5));
  CHECK(value("(transpose(A)*b)[1]") == Approx(7));
  CHECK(value("trace(diag(b)*eye(2))") == Approx(3));
  CHECK(value("max(b)") == Approx(2));
  CHECK(value("clamp(x, 0, 0.25)") == Approx(0.25));
  CHECK(value("(if 0 < x <= 1 then 2 else 3)") == Approx(2));
  CHECK(value("sum(exp(0*b))") == Approx(2));
}

TEST_CASE("parameters: overrides, files and their errors") {
  std::string body = kState + "x' = a*x";
  auto given = [&](model::Override over) {
    return test::check_model("param a = 1\n" + body, {over})->kinds();
  };
  CHECK(given({"a", {}, {2}, {}}).empty());
  CHECK(given({"b", {}, {2}, {}}) == Kinds{"unknown-parameter"});
  CHECK(given({"a", {2}, {2, 3}, {}}) == Kinds{"override-shape"});
  CHECK(kinds("param a = load(\"none.csv\")\n" + body) == Kinds{"cannot-load"});
  model::Scope files;
  files.load = [](const std::string&, std::string&) {
    return std::optional<model::LoadedArray>({{2}, {3, 4}});
  };
  auto loaded =
      test::check("model m { param a = load(\"a.csv\")\n" + kState + "x' = a[2]*x }", {}, files);
  INFO(loaded->text());
  REQUIRE(loaded->model);
  CHECK(loaded->at(loaded->model->drift[0], {{"x", 1}}) == 4);
}

TEST_CASE("several errors are reported in one run, and a poisoned value is silent") {
  auto checked = test::check_model(kState + "let a = nothing + 1\nx' = a*a + b\nlagrangian c");
  CHECK(checked->kinds() == Kinds{"unknown-name", "unknown-name", "unknown-name"});
}

TEST_CASE("functions that grow without bound are refused") {
  std::string text = "fn f0(x) = x + 1\n";
  for (int i = 1; i <= 40; ++i) {
    std::string before = "f" + std::to_string(i - 1);
    text += "fn f" + std::to_string(i) + "(x) = " + before + "(x) + " + before + "(x + 1)\n";
  }
  auto checked = test::check(text + "model m { state x in [0, 1] reflect; x' = f40(x) }");
  CHECK(checked->kinds() == Kinds{"too-large"});
}
