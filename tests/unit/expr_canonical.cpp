// Canonical forms: two expressions that must be the same are the same id.
#include <cmath>

#include "expr/expr.hpp"
#include "test.hpp"

using namespace hopf::expr;

namespace {

struct Fixture {
  Store s;
  ExprId x = s.symbol("x"), y = s.symbol("y"), z = s.symbol("z"), a = s.symbol("a"),
         b = s.symbol("b");
  ExprId n(std::int64_t v) { return s.integer(v); }
  ExprId q(std::int64_t p, std::int64_t d) { return s.rational(p, d); }
  ExprId f(Op op, ExprId e) { return s.apply(op, {e}); }
  ExprId pow(ExprId e, ExprId k) { return s.pow(e, k); }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "sums collect like terms exactly") {
  CHECK(s.add(x, x) == s.mul(n(2), x));
  CHECK(s.sub(x, x) == n(0));
  CHECK(s.add(s.mul(q(1, 3), x), s.mul(q(1, 6), x)) == s.mul(q(1, 2), x));
  CHECK(s.add(s.add(x, y), z) == s.add(z, s.add(y, x)));
  CHECK(s.sub(x, s.add(x, y)) == s.neg(y));
  CHECK(s.add(s.mul(n(3), s.add(x, y)), s.mul(n(-2), s.add(x, y))) == s.add(x, y));
  CHECK(s.add(s.number(0.1), s.number(0.2)) == s.number(0.3));
  CHECK(s.add({}) == n(0));
  CHECK(s.add(s.mul(x, y), s.mul(n(-1), s.mul(y, x))) == n(0));
}

TEST_CASE_METHOD(Fixture, "products collect powers exactly") {
  CHECK(s.mul(x, x) == pow(x, n(2)));
  CHECK(s.div(x, x) == n(1));
  CHECK(s.mul(n(0), x) == n(0));
  CHECK(s.mul(s.mul(x, y), z) == s.mul(z, s.mul(y, x)));
  CHECK(s.div(s.mul(x, y), x) == y);
  CHECK(s.mul(pow(x, a), pow(x, b)) == pow(x, s.add(a, b)));
  CHECK(s.mul(s.sub(x, y), s.sub(y, x)) == s.neg(pow(s.sub(x, y), n(2))));
  CHECK(s.neg(s.neg(s.sub(x, y))) == s.sub(x, y));
  CHECK(s.neg(s.sub(x, y)) == s.sub(y, x));
  CHECK(s.mul(z, s.sub(x, y)) == s.neg(s.mul(z, s.sub(y, x))));
  CHECK(s.mul(f(Op::Exp, x), f(Op::Exp, y)) == f(Op::Exp, s.add(x, y)));
  CHECK(s.div(f(Op::Exp, x), f(Op::Exp, x)) == n(1));
  CHECK(s.mul(s.integer(INT64_MAX), s.integer(INT64_MAX)) ==
        s.number(std::pow(9223372036854775807.0, 2)));
}

TEST_CASE_METHOD(Fixture, "powers keep to what is sound for reals") {
  CHECK(pow(x, n(0)) == n(1));
  CHECK(pow(x, n(1)) == x);
  CHECK(s.sqrt(pow(x, n(2))) == f(Op::Abs, x));
  CHECK(pow(s.sqrt(x), n(2)) == x);
  CHECK(pow(pow(x, n(3)), n(2)) == pow(x, n(6)));
  CHECK(pow(pow(x, n(4)), q(1, 2)) == pow(x, n(2)));
  CHECK(pow(pow(x, n(2)), q(1, 4)) == s.sqrt(f(Op::Abs, x)));
  CHECK(pow(s.mul(x, y), n(3)) == s.mul(pow(x, n(3)), pow(y, n(3))));
  CHECK(s.sqrt(s.mul(n(4), x)) == s.mul(n(2), s.sqrt(x)));
  CHECK(s.sqrt(s.mul(pow(x, n(2)), y)) == s.mul(f(Op::Abs, x), s.sqrt(y)));
  CHECK(s.sqrt(s.mul(x, y)) != s.mul(s.sqrt(x), s.sqrt(y)));
  CHECK(pow(f(Op::Exp, x), y) == f(Op::Exp, s.mul(x, y)));
  CHECK(pow(s.sub(y, x), n(2)) == pow(s.sub(x, y), n(2)));
  CHECK(pow(s.sub(y, x), n(-1)) == s.neg(pow(s.sub(x, y), n(-1))));
  CHECK(pow(f(Op::Abs, x), n(2)) == pow(x, n(2)));
  CHECK(s.op(pow(n(0), n(-1))) == Op::Pow);
  CHECK(s.op(s.sqrt(n(-4))) == Op::Pow);
}

TEST_CASE_METHOD(Fixture, "powers of numbers are exact") {
  CHECK(s.sqrt(n(4)) == n(2));
  CHECK(pow(n(8), q(-1, 3)) == q(1, 2));
  CHECK(pow(q(4, 9), q(3, 2)) == q(8, 27));
  CHECK(s.sqrt(n(12)) == s.mul(n(2), s.sqrt(n(3))));
  CHECK(s.mul(s.sqrt(n(2)), s.sqrt(n(3))) == s.sqrt(n(6)));
  CHECK(s.mul(s.sqrt(n(2)), s.sqrt(n(2))) == n(2));
  CHECK(s.sqrt(q(1, 2)) == s.div(s.sqrt(n(2)), n(2)));
  CHECK(pow(n(2), n(-3)) == q(1, 8));
  CHECK(s.mul(pow(n(3), q(3, 10)), pow(n(3), q(7, 10))) == n(3));
  CHECK(pow(n(32), q(1, 5)) == n(2));
  CHECK(s.constant_value(pow(n(10), n(40))) == 1e40);
}

TEST_CASE_METHOD(Fixture, "elementary functions at known places") {
  CHECK(f(Op::Sin, n(0)) == n(0));
  CHECK(f(Op::Exp, n(0)) == n(1));
  CHECK(f(Op::Log, n(1)) == n(0));
  CHECK(f(Op::Sigmoid, n(0)) == q(1, 2));
  CHECK(f(Op::Sin, s.pi()) == n(0));
  CHECK(f(Op::Cos, s.pi()) == n(-1));
  CHECK(f(Op::Cos, s.div(s.pi(), n(3))) == q(1, 2));
  CHECK(f(Op::Sin, s.div(s.pi(), n(4))) == s.div(s.sqrt(n(2)), n(2)));
  CHECK(f(Op::Sin, s.add(x, s.pi())) == s.neg(f(Op::Sin, x)));
  CHECK(f(Op::Cos, s.sub(x, s.div(s.pi(), n(2)))) == f(Op::Sin, x));
  CHECK(f(Op::Cos, s.add(x, s.mul(n(6), s.pi()))) == f(Op::Cos, x));
  CHECK(f(Op::Exp, f(Op::Log, x)) == x);
  CHECK(f(Op::Log, f(Op::Exp, x)) == x);
  CHECK(f(Op::Exp, s.mul(a, f(Op::Log, x))) == pow(x, a));
  CHECK(f(Op::Log, pow(x, n(2))) == s.mul(n(2), f(Op::Log, f(Op::Abs, x))));
  CHECK(f(Op::Sin, s.neg(x)) == s.neg(f(Op::Sin, x)));
  CHECK(f(Op::Cos, s.sub(x, y)) == f(Op::Cos, s.sub(y, x)));
  CHECK(f(Op::Abs, s.mul(n(-3), x)) == s.mul(n(3), f(Op::Abs, x)));
  CHECK(f(Op::Sign, s.mul(n(-3), x)) == s.neg(f(Op::Sign, x)));
  CHECK(f(Op::Floor, q(-7, 2)) == n(-4));
  CHECK(s.op(f(Op::Sin, n(1))) == Op::Sin);
  CHECK(s.op(f(Op::Sin, s.number(1.0 / 3))) == Op::Float);
}

TEST_CASE_METHOD(Fixture, "extrema and conditions") {
  CHECK(s.min(x, s.min(y, x)) == s.min(y, x));
  CHECK(s.max(s.max(n(1), x), n(3)) == s.max(x, n(3)));
  CHECK(s.min(x, x) == x);
  CHECK(s.min(x, s.infinity()) == x);
  CHECK(s.max(x, s.infinity()) == s.infinity());
  CHECK(s.max(s.pi(), n(3)) == s.pi());
  CHECK(s.select(n(1), x, y) == x);
  CHECK(s.select(n(0), x, y) == y);
  CHECK(s.select(a, x, x) == x);
  CHECK(s.apply(Op::Less, {n(1), n(2)}) == n(1));
  CHECK(s.apply(Op::Less, {x, x}) == n(0));
  CHECK(s.apply(Op::LessEqual, {s.sqrt(n(2)), q(3, 2)}) == n(1));
  CHECK(s.apply(Op::Equal, {x, y}) == s.apply(Op::Equal, {y, x}));
  const ExprId c = s.apply(Op::Less, {x, y}), d = s.apply(Op::Less, {y, z});
  CHECK(s.apply(Op::And, {c, d, c}) == s.apply(Op::And, {d, c}));
  CHECK(s.apply(Op::And, {c, n(0)}) == n(0));
  CHECK(s.apply(Op::Or, {c, s.apply(Op::Not, {c})}) == n(1));
  CHECK(s.apply(Op::Not, {s.apply(Op::Not, {c})}) == c);
  CHECK(s.apply(Op::Choose, {n(2), x, y, z}) == y);
  CHECK(s.apply(Op::Choose, {a, x, x}) == x);
}

TEST_CASE_METHOD(Fixture, "numbers are what was written") {
  CHECK(s.number(0.1) == q(1, 10));
  CHECK(s.decimal("1.5e-3") == q(3, 2000));
  CHECK(s.decimal("10_000") == n(10000));
  CHECK(s.decimal("9.81") == q(981, 100));
  CHECK(s.number(4.0) == n(4));
  CHECK(s.op(s.number(1.0 / 3)) == Op::Float);
  CHECK(s.number(1.0 / 3) == s.number(1.0 / 3));
  CHECK(s.decimal("1e300") == s.number(1e300));
  CHECK(s.constant_value(s.decimal("6.62607015e-34")) == 6.62607015e-34);
  CHECK(s.constant_value(s.neg(s.infinity())) == -HUGE_VAL);
  CHECK_FALSE(s.rational_value(s.pi()));
}

TEST_CASE_METHOD(Fixture, "a symbol assumed positive frees roots and powers") {
  s.assume_positive(s.symbol_id("w"));
  const ExprId w = s.symbol("w");
  CHECK(s.sqrt(pow(w, n(2))) == w);
  CHECK(f(Op::Abs, w) == w);
  CHECK(f(Op::Sign, w) == n(1));
  CHECK(pow(s.mul(w, x), q(1, 2)) == s.mul(s.sqrt(w), s.sqrt(x)));
  CHECK(pow(pow(w, a), b) == pow(w, s.mul(a, b)));
}

TEST_CASE("the order of operands depends on names, not on which was made first") {
  const auto text = [](std::vector<std::string> order) {
    Store s;
    for (const auto& name : order) s.apply(Op::Sin, {s.symbol(name)});
    std::vector<ExprId> terms;
    for (const char* name : {"x[10]", "x[2]", "b", "a"}) {
      terms.push_back(s.mul(s.symbol(name), s.apply(Op::Sin, {s.symbol(name)})));
    }
    std::string listing;
    for (const ExprId term : s.args(s.add(terms))) listing += print(s, term) + ";";
    return listing;
  };
  CHECK(text({"a", "b", "x[2]", "x[10]"}) == text({"x[10]", "x[2]", "b", "a"}));
}
