// Every row of ops.def: derivative against central differences, value against its enclosure.
#include <array>
#include <cmath>
#include <set>
#include <string>

#include "expr/expr.hpp"
#include "expr/interval.hpp"
#include "expr/op_info.hpp"
#include "expr_random.hpp"
#include "test.hpp"

using namespace hopf::expr;
using testing::Random;

namespace {

constexpr std::array kOps{
#define HOPF_OP(id, ...) Op::id,
#include "expr/ops.def"
#undef HOPF_OP
};

bool is_leaf(Op op) { return op <= Op::Symbol; }

/// The op applied to symbols a, b, c, as many as it takes.
ExprId sample(Store& s, Op op) {
  const ExprId a = s.symbol("a"), b = s.symbol("b"), c = s.symbol("c");
  const int arity = info(op).arity;
  if (op == Op::Select) return s.select(s.apply(Op::Less, {a, b}), c, a);
  if (arity == 1) return s.apply(op, {a});
  if (arity == 2) return s.apply(op, {a, b});
  return s.apply(op, {a, b, c});
}

/// A point where the op is smooth and inside its domain.
Binding point(Store& s, Op op, Random& r) {
  const bool positive = op == Op::Pow || op == Op::Log;
  const bool unit = op == Op::Asin || op == Op::Acos;
  const double lo = positive ? 0.2 : unit ? -0.9 : -1.4, hi = unit ? 0.9 : 1.4;
  Binding at;
  for (const char* name : {"a", "b", "c"}) at[s.symbol_id(name)] = r.uniform(lo, hi);
  if (op == Op::Choose) at[s.symbol_id("a")] = 1 + r.below(2);
  return at;
}

double central_difference(const Store& s, ExprId e, Binding at, SymbolId x) {
  const double h = 1e-5, here = at[x];
  at[x] = here + h;
  const double above = evaluate(s, e, at);
  at[x] = here - h;
  return (above - evaluate(s, e, at)) / (2 * h);
}

bool near_a_jump(const Store& s, ExprId e, const Binding& at, SymbolId x) {
  Binding left = at, right = at;
  left[x] -= 2e-5;
  right[x] += 2e-5;
  const double l = evaluate(s, e, left), m = evaluate(s, e, at), r = evaluate(s, e, right);
  return std::fabs((r - m) - (m - l)) > 1e-6;
}

}  // namespace

TEST_CASE("every operation's derivative agrees with central differences") {
  Random random(1);
  for (const Op op : kOps) {
    if (is_leaf(op) || op == Op::Derivative) continue;
    Store s;
    const ExprId e = sample(s, op);
    for (const SymbolId x : free_symbols(s, e)) {
      if (op == Op::Choose && s.name(x) == "a") continue;
      const ExprId d = differentiate(s, e, x);
      for (int i = 0; i < 20; ++i) {
        const Binding at = point(s, op, random);
        if (near_a_jump(s, e, at, x)) continue;
        const double exact = evaluate(s, d, at), approximate = central_difference(s, e, at, x);
        INFO(info(op).name << " d/d" << s.name(x) << " = " << print(s, d));
        CHECK(exact == Approx(approximate).epsilon(1e-6).margin(1e-6));
      }
    }
  }
}

TEST_CASE("every operation's enclosure holds its values") {
  Random random(2);
  for (const Op op : kOps) {
    if (is_leaf(op) || op == Op::Derivative) continue;
    Store s;
    const ExprId e = sample(s, op);
    for (int i = 0; i < 60; ++i) {
      Box box;
      Binding middle;
      for (const SymbolId x : free_symbols(s, e)) {
        const double scale = i % 3 == 0 ? 10 : 1, centre = random.uniform(-scale, scale);
        const double radius = random.uniform(0, i % 4 == 0 ? 0 : scale);
        box[x] = {centre - radius, centre + radius};
      }
      if (op == Op::Choose) box[s.symbol_id("a")] = {1, 2};
      const Interval range = enclose(s, e, box);
      REQUIRE(range.lo <= range.hi);
      for (int k = 0; k < 20; ++k) {
        Binding at;
        for (const auto& [x, side] : box) {
          at[x] = k == 0 ? side.lo : k == 1 ? side.hi : random.uniform(side.lo, side.hi);
        }
        const double value = evaluate(s, e, at);
        INFO(info(op).name << " " << value << " in [" << range.lo << ", " << range.hi << "]");
        if (!std::isnan(value)) CHECK(contains(range, value));
      }
    }
  }
}

TEST_CASE("enclosures are tight where they can be") {
  Store s;
  const ExprId x = s.symbol("x");
  const auto range = [&](ExprId e, double lo, double hi) {
    return enclose(s, e, {{s.symbol_id("x"), {lo, hi}}});
  };
  CHECK(range(s.pow(x, s.integer(2)), -1, 2).lo == 0);
  CHECK(range(s.apply(Op::Sin, {x}), 0, 10) == Interval{-1, 1});
  CHECK(range(s.apply(Op::Sin, {x}), 0.1, 0.2).hi < 0.1987);
  CHECK(range(s.apply(Op::Cos, {x}), -0.1, 0.1).hi == 1);
  CHECK(range(s.apply(Op::Log, {x}), -1, 1) == entire());
  CHECK(range(s.apply(Op::Less, {x, s.integer(3)}), 0, 2) == Interval{1, 1});
  CHECK(range(s.div(s.integer(1), x), 1, 2).lo > 0.4999);
  CHECK(range(s.apply(Op::Exp, {s.neg(s.pow(x, s.integer(2)))}), -1e3, 1e3).lo == 0);
  CHECK(range(s.symbol("unknown"), 0, 1) == entire());
}

TEST_CASE("composed operations equal their definitions") {
  Store s;
  const ExprId x = s.symbol("x");
  for (const Op op : {Op::NormalPdf, Op::Sigmoid, Op::Softplus}) {
    CHECK(info(op).opcode == nullptr);
    const ExprId args[] = {x};
    const ExprId definition = compose(s, op, args);
    for (const double v : {-30.0, -2.5, 0.0, 0.3, 40.0}) {
      const Binding at{{s.symbol_id("x"), v}};
      CHECK(evaluate(s, definition, at) ==
            Approx(evaluate(s, s.apply(op, {x}), at)).epsilon(1e-14).margin(1e-15));
    }
  }
  const ExprId args[] = {x};
  CHECK_FALSE(compose(s, Op::Sin, args).valid());
}

TEST_CASE("every operation names its way to a kernel") {
  const std::set<std::string> opcodes{
#define HOPF_KERNEL_OP(id, ...) #id,
#include "kernel/opcodes.def"
#undef HOPF_KERNEL_OP
  };
  for (const Op op : kOps) {
    Store s;
    const ExprId x = s.symbol("x"), args[] = {x};
    const bool folded = is_leaf(op) || op == Op::Derivative;
    const char* opcode = info(op).opcode;
    if (info(op).arity == 1) {
      CHECK((opcode != nullptr) != compose(s, op, args).valid());
    } else {
      CHECK((opcode == nullptr) == folded);
    }
    if (opcode) CHECK(opcodes.contains(opcode));
  }
}
