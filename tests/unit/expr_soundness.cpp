// What must hold of any expression: equal ones have equal ids, enclosures hold every value, and no
// depth overflows a pass.
#include <algorithm>
#include <array>
#include <cmath>

#include "expr/expr.hpp"
#include "expr/interval.hpp"
#include "expr_random.hpp"
#include "test.hpp"

using namespace hopf::expr;
using testing::Random;
using testing::random_expression;

namespace {

/// The same value built another way: operands in reverse, sums and products regrouped, a - b as
/// a + (-1)*b.
ExprId rebuilt(Store& s, ExprId e) {
  const std::vector<ExprId> args(s.args(e).begin(), s.args(e).end());
  if (args.empty()) return e;
  std::vector<ExprId> parts;
  for (const ExprId arg : args) parts.push_back(rebuilt(s, arg));
  const Op op = s.op(e);
  if (op == Op::Add || op == Op::Mul) {
    ExprId total = parts.back();
    for (std::size_t i = parts.size() - 1; i-- > 0;)
      total = op == Op::Add ? s.add(total, parts[i]) : s.mul(total, parts[i]);
    return total;
  }
  if (op == Op::Min || op == Op::Max) {
    std::reverse(parts.begin(), parts.end());
    return s.apply(op, parts);
  }
  return s.apply(op, parts);
}

}  // namespace

TEST_CASE("equal expressions have equal ids however they were built") {
  for (int seed = 0; seed < 600; ++seed) {
    Random random(static_cast<std::uint64_t>(seed) + 77);
    Store s;
    const std::vector<ExprId> leaves{s.symbol("x"), s.symbol("y"), s.symbol("z"), s.number(0.3)};
    const ExprId a = random_expression(s, random, leaves, 5, true);
    const ExprId b = random_expression(s, random, leaves, 4, true);
    const ExprId c = random_expression(s, random, leaves, 3, true);
    INFO("seed " << seed << ": " << print(s, a));
    CHECK(rebuilt(s, a) == a);
    CHECK(s.add(s.add(a, b), c) == s.add(c, s.add(b, a)));
    CHECK(s.mul(s.mul(a, b), c) == s.mul(c, s.mul(b, a)));
    CHECK(s.sub(a, b) == s.neg(s.sub(b, a)));
    CHECK(s.max(a, s.max(b, c)) == s.max(s.max(c, a), b));
    CHECK(s.is_zero(s.sub(a, a)));
  }
}

TEST_CASE("enclosures of random expressions hold their values on random boxes") {
  for (int seed = 0; seed < 1500; ++seed) {
    Random random(static_cast<std::uint64_t>(seed) + 9000);
    Store s;
    const std::array symbols{s.symbol_id("x"), s.symbol_id("y")};
    const std::vector<ExprId> leaves{s.symbol("x"), s.symbol("y"), s.number(0.7)};
    const ExprId e = random_expression(s, random, leaves, 5, true);
    Box box;
    for (const SymbolId symbol : symbols) {
      const double middle = random.uniform(-3, 3), size = std::pow(10.0, random.uniform(-3, 1));
      box[symbol] = {random.below(6) == 0 ? 0.0 : middle, std::max(0.0, middle) + size};
    }
    const Interval range = enclose(s, e, box);
    INFO("seed " << seed << ": " << print(s, e));
    for (int k = 0; k < 40; ++k) {
      Binding point;
      for (const SymbolId symbol : symbols) {
        const Interval side = box[symbol];
        point[symbol] = k == 0 ? side.lo : k == 1 ? side.hi : random.uniform(side.lo, side.hi);
      }
      const double value = evaluate(s, e, point);
      if (!std::isfinite(value)) continue;
      const double slack = 1e-12 * (1 + std::fabs(value));  // of the point evaluation itself
      CHECK(range.lo <= value + slack);
      CHECK(value - slack <= range.hi);
    }
  }
}

TEST_CASE("negative powers of an interval that begins at zero are nonnegative") {
  Store s;
  const SymbolId c = s.symbol_id("c");
  const Box box{{c, {0, HUGE_VAL}}};
  for (int n : {-1, -2, -3}) {
    const Interval range = enclose(s, s.pow(s.symbol("c"), s.integer(n)), box);
    CHECK(range.lo == 0);
    CHECK(range.hi == HUGE_VAL);
  }
}

TEST_CASE("signs, absolute values and decided comparisons are folded") {
  Store s;
  const ExprId x = s.symbol("x"), y = s.symbol("y"), zero = s.integer(0);
  const ExprId sign = s.apply(Op::Sign, {x}), size = s.apply(Op::Abs, {x});
  CHECK(s.mul(sign, x) == size);
  CHECK(s.mul(sign, s.pow(x, s.integer(3))) == s.mul(size, s.pow(x, s.integer(2))));
  CHECK(s.mul(sign, size) == x);
  CHECK(s.mul(std::array{sign, x, y}) == s.mul(size, y));
  CHECK(s.max(x, s.neg(x)) == size);
  CHECK(s.min(x, s.neg(x)) == s.neg(size));
  CHECK(s.max(zero, s.apply(Op::Exp, {x})) == s.apply(Op::Exp, {x}));
  CHECK(s.min(zero, size) == zero);
  CHECK(s.max(s.integer(1), size) != size);
  CHECK(s.apply(Op::Less, {s.neg(x), x}) == s.apply(Op::Less, {zero, x}));
  CHECK(s.apply(Op::Less, {s.integer(4), s.min(zero, x)}) == zero);
  CHECK(s.apply(Op::Less, {s.max(s.integer(2), x), s.integer(2)}) == zero);
  CHECK(s.op(s.apply(Op::Less, {s.integer(-1), s.min(zero, x)})) == Op::Less);
}

TEST_CASE("every pass takes a hundred thousand levels of every kind") {
  constexpr int kLevels = 100'000;
  using Grow = ExprId (*)(Store&, ExprId, ExprId, int);
  const Grow kinds[] = {
      [](Store& s, ExprId e, ExprId x, int) { return s.apply(Op::Sin, {s.add(e, x)}); },
      [](Store& s, ExprId e, ExprId x, int k) {
        return s.select(s.apply(Op::Less, {x, s.integer(k)}), e, s.mul(e, x));
      },
      [](Store& s, ExprId e, ExprId x, int) { return s.sqrt(s.add(e, x)); },
      // Horner's scheme with alternating signs, as the printer turns sums around.
      [](Store& s, ExprId e, ExprId x, int k) { return s.sub(s.integer(k % 7 + 1), s.mul(x, e)); },
      [](Store& s, ExprId e, ExprId x, int k) {
        return s.max(s.add(e, s.integer(1)), k % 2 ? x : s.neg(e));
      }};
  for (const Grow grow : kinds) {
    Store s;
    const SymbolId xs = s.symbol_id("x");
    const ExprId x = s.symbol(xs);
    ExprId e = x;
    for (int k = 0; k < kLevels; ++k) e = grow(s, e, x, k);
    CHECK(free_symbols(s, e) == std::vector{xs});
    CHECK(depends_on(s, e, xs));
    CHECK(differentiate(s, e, xs).valid());
    CHECK(substitute(s, e, {{xs, s.symbol("y")}}).valid());
    CHECK_FALSE(std::isinf(evaluate(s, e, {{xs, 0.5}})));
    enclose(s, e, {{xs, {0.25, 0.5}}});
    const SymbolId vars[] = {xs};
    as_separable(s, e, vars);
    for (const Style style : {Style::Hopf, Style::Unicode, Style::Latex})
      CHECK_FALSE(print(s, e, style).empty());
  }
}
