// Printing: goldens in the three styles, and Hopf text that reads back as the same expression.
#include "expr/expr.hpp"
#include "expr_random.hpp"
#include "expr_reader.hpp"
#include "test.hpp"

using namespace hopf::expr;
using testing::Random;
using testing::read;

namespace {

struct Golden {
  const char *source, *hopf, *unicode, *latex;
};

// clang-format off
const Golden kGoldens[] = {
  {"x + x", "2*x", "2·x", "2 x"},
  {"a - b", "a - b", "a - b", "a - b"},
  {"-b + a*(c - d)", "a*(c - d) - b", "a·(c - d) - b", "a \\left(c - d\\right) - b"},
  {"1 - cos(theta)", "1 - cos(theta)", "1 - cos(θ)", "1 - \\cos\\left(\\theta\\right)"},
  {"x^2 + 1 + 2*x", "x^2 + 2*x + 1", "x² + 2·x + 1", "x^{2} + 2 x + 1"},
  {"x/3 + 0.1*x^2", "0.1*x^2 + x/3", "0.1·x² + x/3", "0.1 x^{2} + \\frac{x}{3}"},
  {"2/3*x", "2*x/3", "2·x/3", "\\frac{2 x}{3}"},
  {"0.5*sigma^2", "0.5*sigma^2", "½·σ²", "\\frac{1}{2} \\sigma^{2}"},
  {"g/l*sin(theta)", "g*sin(theta)/l", "g·sin(θ)/l", "\\frac{g \\sin\\left(\\theta\\right)}{l}"},
  {"(tau - b*omega)/(m*l^2)", "(tau - b*omega)/(l^2*m)", "(τ - b·ω)/(l²·m)",
   "\\frac{\\tau - b \\omega}{l^{2} m}"},
  {"r*(K - S)", "r*(K - S)", "r·(K - S)", "r \\left(K - S\\right)"},
  {"-(x + y)/2", "-0.5*(x + y)", "-½·(x + y)", "-\\frac{1}{2} \\left(x + y\\right)"},
  {"sqrt(x)/y", "sqrt(x)/y", "√x/y", "\\frac{\\sqrt{x}}{y}"},
  {"1/sqrt(x + 1)", "1/sqrt(x + 1)", "1/√(x + 1)", "\\frac{1}{\\sqrt{x + 1}}"},
  {"x^(3/2)", "x^1.5", "x^(3/2)", "x^{3/2}"},
  {"x^(-gamma)", "x^(-gamma)", "x^(-γ)", "x^{-\\gamma}"},
  {"(-2)^x", "(-2)^x", "(-2)^x", "\\left(-2\\right)^{x}"},
  {"sin(x)^2", "sin(x)^2", "sin²(x)", "\\sin^{2}\\left(x\\right)"},
  {"sqrt(6)", "sqrt(6)", "√6", "\\sqrt{6}"},
  {"exp(-r*t)", "exp(-r*t)", "exp(-r·t)", "e^{-r t}"},
  {"abs(x)*floor(y)", "abs(x)*floor(y)", "|x|·⌊y⌋", "\\left|x\\right| \\lfloor y\\rfloor "},
  {"x[2] + A[1,2]", "A[1,2] + x[2]", "A₁₂ + x₂", "A_{1,2} + x_{2}"},
  {"p[theta]*beta0", "beta0*p[theta]", "β₀·p_θ", "\\beta_{0} p_{\\theta}"},
  {"if x <= 0 then -1 else 2*y", "if x <= 0 then -1 else 2*y", "if x ≤ 0 then -1 else 2·y",
   "\\begin{cases} -1 & \\text{if } x \\le 0 \\\\ 2 y & \\text{otherwise} \\end{cases}"},
  {"z*(if x < y then 1 else 2)", "z*(if x < y then 1 else 2)", "z·(if x < y then 1 else 2)",
   "z \\begin{cases} 1 & \\text{if } x < y \\\\ 2 & \\text{otherwise} \\end{cases}"},
  {"not (x < y and y < z) or a == b", "a == b or not (x < y and y < z)", "a = b ∨ ¬(x < y ∧ y < z)",
   "a = b \\lor \\lnot \\left(x < y \\land y < z\\right)"},
  {"max(K - S, 0)", "max(0, K - S)", "max(0, K - S)", "\\max\\left(0, K - S\\right)"},
  {"atan2(y, x)", "atan2(y, x)", "atan2(y, x)", "\\operatorname{atan2}\\left(y, x\\right)"},
  {"2*pi*mass", "2*pi*mass", "2·π·mass", "2 \\pi \\mathrm{mass}"},
  {"-inf", "-inf", "-∞", "-\\infty"},
  {"1e-9*x", "1e-09*x", "10⁻⁹·x", "10^{-9} x"},
};
// clang-format on

}  // namespace

TEST_CASE("goldens of the printers") {
  for (const Golden& golden : kGoldens) {
    Store s;
    const ExprId e = read(s, golden.source);
    CHECK(print(s, e, Style::Hopf) == golden.hopf);
    CHECK(print(s, e, Style::Unicode) == golden.unicode);
    CHECK(print(s, e, Style::Latex) == golden.latex);
    CHECK(read(s, print(s, e)) == e);
  }
}

TEST_CASE("derivatives of the value function print as such") {
  Store s;
  const ExprId d = s.symbol("D(V,theta)"), d2 = s.symbol("D(V,theta,omega)"),
               d3 = s.symbol("D(V,x[1],x[1])");
  CHECK(print(s, d, Style::Unicode) == "∂V/∂θ");
  CHECK(print(s, d2, Style::Unicode) == "∂²V/∂θ∂ω");
  CHECK(print(s, d3, Style::Unicode) == "∂²V/∂x₁²");
  CHECK(print(s, d, Style::Latex) == "\\frac{\\partial V}{\\partial \\theta}");
  CHECK(print(s, d3, Style::Latex) == "\\frac{\\partial^{2} V}{\\partial x_{1}^{2}}");
  CHECK(print(s, s.pow(d, s.integer(2)), Style::Unicode) == "(∂V/∂θ)²");
  CHECK(print(s, s.mul(s.symbol("omega"), d), Style::Unicode) == "ω·∂V/∂θ");
  const ExprId hamiltonian =
      s.add({{s.mul(s.symbol("omega"), d), s.pow(s.symbol("omega"), s.integer(2)),
              s.mul(s.mul(s.rational(1, 2), s.pow(s.symbol("sigma"), s.integer(2))), d3)}});
  CHECK(print(s, hamiltonian, Style::Unicode) == "ω² + ω·∂V/∂θ + ½·σ²·∂²V/∂x₁²");
  CHECK(print(s, s.symbol("V[j=2]"), Style::Unicode) == "V₂");
  CHECK(print(s, s.symbol("V[j=2]"), Style::Latex) == "V_{j=2}");
  CHECK(print(s, s.symbol("θ"), Style::Latex) == "\\theta");
  const ExprId flux =
      s.apply(Op::Derivative, {s.mul(s.symbol("x"), s.symbol("m")), s.symbol("x"), s.symbol("x")});
  CHECK(print(s, flux) == "D(m*x, x, x)");
  CHECK(print(s, flux, Style::Unicode) == "∂²(m·x)/∂x²");
  CHECK(print(s, flux, Style::Latex) == "\\frac{\\partial^{2}}{\\partial x^{2}}\\left(m x\\right)");
}

TEST_CASE("random expressions read back as themselves") {
  for (int seed = 0; seed < 1000; ++seed) {
    Random random(static_cast<std::uint64_t>(seed) + 5000);
    Store s;
    const std::vector<ExprId> leaves{s.symbol("x"), s.symbol("y[2]"), s.symbol("sigma"),
                                     s.number(1.0 / 3)};
    const ExprId e = random_expression(s, random, leaves, 5, true);
    const std::string text = print(s, e);
    INFO("seed " << seed << ": " << text);
    CHECK(read(s, text) == e);
  }
}

TEST_CASE("shared parts are abbreviated") {
  Store s;
  const ExprId r = read(s, "sqrt(x^2 + y^2 + z^2)");
  const ExprId e = s.add(s.apply(Op::Sin, {r}), s.apply(Op::Cos, {r}));
  const Abbreviated parts = print_with_abbreviations(s, e);
  REQUIRE(parts.lets.size() == 1);
  CHECK(parts.lets[0].name == "r1");
  CHECK(parts.lets[0].value == "sqrt(x^2 + y^2 + z^2)");
  CHECK(parts.body == "sin(r1) + cos(r1)");
}
