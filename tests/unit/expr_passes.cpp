// Differentiation, substitution, expansion, simplification, structure; and their behaviour on deep
// expressions.
#include <cmath>

#include "expr/expr.hpp"
#include "expr/interval.hpp"
#include "expr_random.hpp"
#include "test.hpp"

using namespace hopf::expr;
using testing::Random;
using testing::random_expression;

namespace {

struct Fixture {
  Store s;
  ExprId x = s.symbol("x"), y = s.symbol("y"), a = s.symbol("a"), b = s.symbol("b"),
         c = s.symbol("c");
  SymbolId xs = s.symbol_id("x"), ys = s.symbol_id("y");
  ExprId n(std::int64_t v) { return s.integer(v); }
  ExprId f(Op op, ExprId e) { return s.apply(op, {e}); }
  ExprId sq(ExprId e) { return s.pow(e, n(2)); }
};

/// Two values that agree up to rounding amplified by cancellation.
bool close(double u, double v) {
  if (std::isnan(u) || std::isnan(v)) return true;
  return std::fabs(u - v) <= 1e-7 * (1 + std::fabs(u) + std::fabs(v));
}

}  // namespace

TEST_CASE_METHOD(Fixture, "derivatives in closed form") {
  CHECK(differentiate(s, s.pow(x, n(3)), xs) == s.mul(n(3), sq(x)));
  CHECK(differentiate(s, f(Op::Sin, s.mul(a, x)), xs) == s.mul(a, f(Op::Cos, s.mul(a, x))));
  CHECK(differentiate(s, s.pow(x, a), xs) == s.mul(a, s.pow(x, s.sub(a, n(1)))));
  CHECK(differentiate(s, s.pow(a, x), xs) == s.mul(s.pow(a, x), f(Op::Log, a)));
  CHECK(differentiate(s, f(Op::Abs, x), xs) == f(Op::Sign, x));
  CHECK(differentiate(s, f(Op::Sign, x), xs) == n(0));
  CHECK(differentiate(s, s.mul(x, y), ys) == x);
  CHECK(differentiate(s, f(Op::Exp, s.neg(s.mul(a, x))), xs) ==
        s.neg(s.mul(a, f(Op::Exp, s.neg(s.mul(a, x))))));
  const ExprId cond = s.apply(Op::Less, {x, y});
  CHECK(differentiate(s, s.select(cond, sq(x), y), xs) == s.select(cond, s.mul(n(2), x), n(0)));
  const ExprId j = s.symbol("j");
  CHECK(differentiate(s, s.apply(Op::Choose, {j, sq(x), s.mul(a, x)}), xs) ==
        s.apply(Op::Choose, {j, s.mul(n(2), x), a}));
  const ExprId D = s.apply(Op::Derivative, {s.mul(y, s.symbol("m")), x});
  CHECK(differentiate(s, s.mul(a, D), ys) ==
        s.mul(a, s.apply(Op::Derivative, {s.mul(y, s.symbol("m")), x, y})));
}

TEST_CASE_METHOD(Fixture, "substitution is simultaneous and canonical") {
  CHECK(substitute(s, s.sub(x, y), {{xs, y}, {ys, x}}) == s.sub(y, x));
  CHECK(substitute(s, s.mul(x, f(Op::Sin, y)), {{ys, n(0)}}) == n(0));
  CHECK(substitute(s, s.sqrt(x), {{xs, n(9)}}) == n(3));
  CHECK(substitute(s, s.add(a, b), {{xs, y}}) == s.add(a, b));
}

TEST_CASE_METHOD(Fixture, "symbols of an expression") {
  CHECK(free_symbols(s, s.add(s.mul(x, y), x)) == std::vector<SymbolId>{xs, ys});
  CHECK(depends_on(s, f(Op::Sin, s.mul(a, x)), xs));
  CHECK_FALSE(depends_on(s, f(Op::Sin, s.mul(a, x)), ys));
  // More symbols than bits in the mask that answers quickly.
  ExprId sum = n(0);
  for (int i = 0; i < 100; ++i) sum = s.add(sum, s.symbol("v" + std::to_string(i)));
  CHECK_FALSE(depends_on(s, sum, ys));
  CHECK(depends_on(s, sum, s.symbol_id("v77")));
}

TEST_CASE_METHOD(Fixture, "expansion multiplies out") {
  CHECK(expand(s, sq(s.add(x, y))) == s.add({{sq(x), s.mul(n(2), s.mul(x, y)), sq(y)}}));
  CHECK(expand(s, s.mul(a, s.add(b, c))) == s.add(s.mul(a, b), s.mul(a, c)));
  CHECK(expand(s, s.sub(sq(s.add(x, y)), sq(s.sub(x, y)))) == s.mul(n(4), s.mul(x, y)));
}

TEST_CASE_METHOD(Fixture, "simplification finds the short form") {
  CHECK(simplify(s, s.add(sq(f(Op::Sin, x)), sq(f(Op::Cos, x)))) == n(1));
  CHECK(simplify(s, s.sub(n(1), sq(f(Op::Sin, x)))) == sq(f(Op::Cos, x)));
  CHECK(simplify(s, s.add(s.mul(a, sq(f(Op::Sin, x))), s.mul(a, sq(f(Op::Cos, x))))) == a);
  CHECK(simplify(s, s.add(s.mul(a, x), s.mul(b, x))) == s.mul(x, s.add(a, b)));
  CHECK(simplify(s, s.sub(sq(s.add(x, y)), s.add(sq(x), sq(y)))) == s.mul(n(2), s.mul(x, y)));
  CHECK(simplify(s, s.div(s.sub(sq(x), sq(y)), s.sub(x, y))) == s.add(x, y));
  CHECK(simplify(s, s.add(s.div(x, s.add(x, y)), s.div(y, s.add(x, y)))) == n(1));
  CHECK(simplify(s, s.add(s.mul(n(2), x), s.mul(n(2), y))) == s.mul(n(2), s.add(x, y)));
  const ExprId q = s.sub(s.div(n(1), x), s.div(n(1), s.add(x, n(1))));
  CHECK(simplify(s, s.sub(q, s.div(n(1), s.mul(x, s.add(x, n(1)))))) == n(0));
}

TEST_CASE_METHOD(Fixture, "affine and quadratic structure") {
  const std::vector<SymbolId> vars{xs, ys};
  const auto affine =
      as_affine(s, s.add({{s.mul(a, s.add(x, s.mul(n(2), y))), s.mul(b, x), c}}), vars);
  REQUIRE(affine);
  CHECK(affine->linear[0] == s.add(a, b));
  CHECK(affine->linear[1] == s.mul(n(2), a));
  CHECK(affine->constant == c);
  CHECK_FALSE(as_affine(s, s.mul(x, y), vars));
  CHECK_FALSE(as_affine(s, f(Op::Sin, x), vars));
  CHECK(as_affine(s, s.sub(sq(s.add(x, n(1))), sq(x)), vars));
  const auto quadratic =
      as_quadratic(s, s.add({{sq(s.add(x, s.mul(a, y))), s.mul(b, x), s.div(c, n(3))}}), vars);
  REQUIRE(quadratic);
  CHECK(quadratic->Q ==
        std::vector<ExprId>{n(2), s.mul(n(2), a), s.mul(n(2), a), s.mul(n(2), sq(a))});
  CHECK(quadratic->linear == std::vector<ExprId>{b, n(0)});
  CHECK(quadratic->constant == s.div(c, n(3)));
  CHECK_FALSE(as_quadratic(s, s.mul(sq(x), y), vars));
  CHECK_FALSE(as_quadratic(s, f(Op::Abs, x), vars));
  CHECK(as_quadratic(s, s.sub(s.pow(s.add(x, n(1)), n(3)), s.pow(x, n(3))), vars));
}

TEST_CASE_METHOD(Fixture, "forty variables are collected by structure") {
  std::vector<SymbolId> vars;
  std::vector<ExprId> x40;
  for (int i = 0; i < 40; ++i) {
    vars.push_back(s.symbol_id("z[" + std::to_string(i + 1) + "]"));
    x40.push_back(s.symbol(vars.back()));
  }
  std::vector<ExprId> terms;
  for (int i = 0; i < 40; ++i) {
    std::vector<ExprId> row;
    for (int j = 0; j < 40; ++j)
      row.push_back(s.mul(s.rational((i * 7 + j * 3) % 11 - 5, 4), x40[size_t(j)]));
    terms.push_back(s.mul(x40[size_t(i)], s.add(row)));
  }
  const auto quadratic = as_quadratic(s, s.add(terms), vars);
  REQUIRE(quadratic);
  for (int i = 0; i < 40; ++i) {
    for (int j = 0; j < 40; ++j) {
      const int expected = (i * 7 + j * 3) % 11 - 5 + (j * 7 + i * 3) % 11 - 5;
      REQUIRE(quadratic->Q[size_t(i * 40 + j)] == s.rational(expected, 4));
    }
  }
}

TEST_CASE_METHOD(Fixture, "separable structure") {
  const std::vector<SymbolId> vars{xs, ys};
  const auto parts = as_separable(
      s, s.add({{f(Op::Exp, x), s.mul(a, s.sqrt(y)), b, s.mul(c, s.add(x, y))}}), vars);
  REQUIRE(parts);
  CHECK(parts->parts[0] == s.add(f(Op::Exp, x), s.mul(c, x)));
  CHECK(parts->parts[1] == s.add(s.mul(a, s.sqrt(y)), s.mul(c, y)));
  CHECK(parts->rest == b);
  CHECK_FALSE(as_separable(s, s.mul(x, y), vars));
}

TEST_CASE_METHOD(Fixture, "linear systems") {
  const ExprId A[] = {a, b, b, c}, rhs[] = {x, y};
  const auto v = solve_linear(s, A, rhs);
  REQUIRE(v);
  CHECK(expand(s, simplify(s, s.sub(s.add(s.mul(a, (*v)[0]), s.mul(b, (*v)[1])), x))) == n(0));
  CHECK(expand(s, simplify(s, s.sub(s.add(s.mul(b, (*v)[0]), s.mul(c, (*v)[1])), y))) == n(0));
  const ExprId singular[] = {a, b, s.mul(n(2), a), s.mul(n(2), b)};
  CHECK_FALSE(solve_linear(s, singular, rhs));
  const ExprId swapped[] = {n(0), n(2), n(3), n(0)};
  CHECK(*solve_linear(s, swapped, rhs) == std::vector<ExprId>{s.div(y, n(3)), s.div(x, n(2))});
}

TEST_CASE_METHOD(Fixture, "linear systems of numbers that are not exact") {
  const double A[] = {1e-17, std::sqrt(2.0), 1, 1, std::sqrt(3.0), 0, std::sqrt(5.0), 1, 1};
  std::vector<ExprId> entries;
  for (const double entry : A) entries.push_back(s.number(entry));
  const ExprId rhs[] = {s.sub(s.mul(n(2), x), y), s.add(x, n(1)), s.mul(a, b)};
  const auto v = solve_linear(s, entries, rhs);
  REQUIRE(v);
  const Binding at{{xs, 0.3}, {ys, -2.0}, {s.symbol_id("a"), 1.5}, {s.symbol_id("b"), 0.7}};
  for (std::size_t i = 0; i < 3; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < 3; ++j) sum += A[3 * i + j] * evaluate(s, (*v)[j], at);
    CHECK(std::abs(sum - evaluate(s, rhs[i], at)) < 1e-14);
  }
  for (std::size_t j = 0; j < 3; ++j) entries[6 + j] = s.number(2 * A[j]);
  CHECK_FALSE(solve_linear(s, entries, rhs));
}

TEST_CASE("sums of sines and cosines fold") {
  Store s;
  const ExprId a = s.symbol("a"), b = s.symbol("b"), k = s.symbol("k");
  auto f = [&](Op op, ExprId e) { return s.apply(op, {e}); };
  auto product = [&](Op f1, Op f2) { return s.mul(f(f1, a), f(f2, b)); };
  const ExprId cc = product(Op::Cos, Op::Cos), ss = product(Op::Sin, Op::Sin);
  const ExprId sc = product(Op::Sin, Op::Cos), cs = product(Op::Cos, Op::Sin);
  CHECK(simplify(s, s.add(cc, ss)) == f(Op::Cos, s.sub(a, b)));
  CHECK(simplify(s, s.sub(cc, ss)) == f(Op::Cos, s.add(a, b)));
  CHECK(simplify(s, s.sub(ss, cc)) == s.neg(f(Op::Cos, s.add(a, b))));
  CHECK(simplify(s, s.add(sc, cs)) == f(Op::Sin, s.add(a, b)));
  CHECK(simplify(s, s.sub(sc, cs)) == f(Op::Sin, s.sub(a, b)));
  CHECK(simplify(s, s.sub(cs, sc)) == f(Op::Sin, s.sub(b, a)));
  CHECK(simplify(s, s.add(s.mul(k, cc), s.mul(k, ss))) == s.mul(k, f(Op::Cos, s.sub(a, b))));
  // What is no identity stays.
  CHECK(simplify(s, s.add(s.mul(k, cc), ss)) == s.add(s.mul(k, cc), ss));
  CHECK(simplify(s, s.add(cc, sc)) == s.mul(f(Op::Cos, b), s.add(f(Op::Sin, a), f(Op::Cos, a))));
}

TEST_CASE("passes keep the value of random expressions") {
  for (int seed = 0; seed < 300; ++seed) {
    Random random(static_cast<std::uint64_t>(seed) + 100);
    Store s;
    const std::vector<ExprId> leaves{s.symbol("x"), s.symbol("y"), s.symbol("z")};
    const ExprId e = random_expression(s, random, leaves, 4, seed % 2 == 0);
    const ExprId simple = simplify(s, e), flat = expand(s, e);
    Binding at;
    Box box;
    for (const ExprId leaf : leaves) {
      const double v = random.uniform(-1.5, 1.5);
      at[s.symbol_of(leaf)] = v;
      box[s.symbol_of(leaf)] = {v - 0.1, v + 0.1};
    }
    const double value = evaluate(s, e, at);
    INFO("seed " << seed << ": " << print(s, e) << "\nsimplified: " << print(s, simple));
    CHECK(close(value, evaluate(s, simple, at)));
    CHECK(close(value, evaluate(s, flat, at)));
    CHECK(contains(enclose(s, e, box), value));
    CHECK(simplify(s, s.sub(e, e)) == s.integer(0));
  }
}

TEST_CASE("derivatives of random smooth expressions agree with differences") {
  for (int seed = 0; seed < 200; ++seed) {
    Random random(static_cast<std::uint64_t>(seed) + 1000);
    Store s;
    const std::vector<ExprId> leaves{s.symbol("x"), s.symbol("y")};
    const ExprId e = random_expression(s, random, leaves, 4, false);
    const SymbolId x = s.symbol_id("x");
    const ExprId d = differentiate(s, e, x);
    Binding at{{x, random.uniform(-1, 1)}, {s.symbol_id("y"), random.uniform(-1, 1)}};
    const double h = 1e-5, here = at[x], slope = evaluate(s, d, at);
    at[x] = here + h;
    const double above = evaluate(s, e, at);
    at[x] = here - h;
    const double below = evaluate(s, e, at);
    const double scale = 1 + std::fabs(slope) + (std::fabs(above) + std::fabs(below));
    INFO("seed " << seed << ": " << print(s, e));
    if (std::fabs(slope) < 1e4) CHECK(std::fabs((above - below) / (2 * h) - slope) < 1e-4 * scale);
  }
}

TEST_CASE_METHOD(Fixture, "a hundred thousand levels overflow nothing") {
  ExprId e = x;
  for (int i = 0; i < 100000; ++i) e = f(Op::Sin, s.add(e, n(1)));
  const ExprId d = differentiate(s, e, xs);
  CHECK(std::isfinite(evaluate(s, d, {{xs, 0.3}})));
  CHECK(depends_on(s, e, xs));
  const ExprId moved = substitute(s, d, {{xs, y}});
  CHECK_FALSE(depends_on(s, moved, xs));
  CHECK(contains(enclose(s, e, {{xs, {0, 1}}}), evaluate(s, e, {{xs, 0.5}})));
  CHECK(print(s, e).size() == 900001);
  CHECK(print(s, d).starts_with("let r1 = "));
  CHECK(expand(s, e) == e);
  CHECK(simplify(s, e) == e);
  CHECK_FALSE(as_affine(s, e, std::vector<SymbolId>{xs}));
}

TEST_CASE_METHOD(Fixture, "wide sums and shared graphs stay cheap") {
  std::vector<ExprId> terms;
  for (int i = 0; i < 1000; ++i) terms.push_back(f(Op::Sin, s.mul(n(i + 1), x)));
  const std::size_t before = s.size();
  differentiate(s, s.add(terms), xs);
  CHECK(s.size() - before < 5000);
  // Doubling: 2^200 nodes as a tree.
  ExprId e = x;
  for (int i = 0; i < 200; ++i) e = s.add(f(Op::Sin, e), f(Op::Cos, e));
  CHECK(std::isfinite(evaluate(s, differentiate(s, e, xs), {{xs, 0.1}})));
  CHECK(print(s, e).size() < 20000);
  CHECK(simplify(s, e).valid());
}
