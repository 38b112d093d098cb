// Lowering: what code expressions become, and that it means what they mean.
#include <algorithm>

#include "kernel_support.hpp"
#include "test.hpp"

using namespace hopf;
using namespace hopf::kernel_test;
using expr::ExprId;
using expr::Op;
using From = kernel::InputBinding::From;

namespace {

/// Expressions over inputs x, y, z and the uniform p.
struct Scene {
  expr::Store store;
  ExprId x = store.symbol("x"), y = store.symbol("y"), z = store.symbol("z"), p = store.symbol("p");

  kernel::Spec spec(std::vector<ExprId> outputs) {
    kernel::Spec out;
    out.name = "scene";
    std::uint32_t slot = 0;
    for (ExprId e : {x, y, z}) out.bindings.push_back({store.symbol_of(e), From::Input, slot++});
    out.bindings.push_back({store.symbol_of(p), From::Uniform, 0});
    out.outputs = std::move(outputs);
    return out;
  }
  Kernel lower(ExprId e) { return kernel::lower(store, spec({e})); }
  ExprId call(Op op, std::initializer_list<ExprId> args) { return store.apply(op, args); }
};

std::size_t count(const Kernel& k, Opcode op, kernel::Rate rate = kernel::Rate::Varying) {
  return static_cast<std::size_t>(
      std::count_if(k.body.begin(), k.body.end(),
                    [&](const kernel::Instruction& i) { return i.op == op && i.rate == rate; }));
}

}  // namespace

TEST_CASE("products in sums become fused multiply-adds", "[kernel]") {
  Scene s;
  const Kernel k = s.lower(s.store.add(s.store.mul(s.x, s.y), s.z));
  CHECK(count(k, Opcode::Fma) == 1);
  CHECK(count(k, Opcode::Mul) == 0);
  const Kernel difference = s.lower(s.store.sub(s.z, s.store.mul(s.x, s.y)));
  CHECK(count(difference, Opcode::Fma) == 1);
  CHECK(run(difference, {{3}, {5}, {2}}, {0})[0][0] == -13);
}

TEST_CASE("a product that is used twice is computed once", "[kernel]") {
  Scene s;
  const ExprId xy = s.store.mul(s.x, s.y);
  const Kernel k = s.lower(s.store.mul(s.call(Op::Sin, {xy}), s.store.add(xy, s.z)));
  CHECK(count(k, Opcode::Mul) == 2);
  CHECK(count(k, Opcode::Fma) == 0);
}

TEST_CASE("small powers become products, roots and one division", "[kernel]") {
  Scene s;
  const auto power = [&](std::int64_t num, std::int64_t den) {
    return s.lower(s.store.pow(s.x, s.store.rational(num, den)));
  };
  CHECK(count(power(2, 1), Opcode::Mul) == 1);
  CHECK(count(power(8, 1), Opcode::Mul) == 3);
  CHECK(count(power(1, 2), Opcode::Sqrt) == 1);
  CHECK(count(power(3, 2), Opcode::Mul) == 1);
  CHECK(count(power(-3, 2), Opcode::Div) == 1);
  CHECK(count(power(1, 3), Opcode::Pow) == 1);
  CHECK(run(power(-5, 2), {{4}, {0}, {0}}, {0})[0][0] == 1.0 / 32);
  CHECK(run(power(7, 1), {{2}, {0}, {0}}, {0})[0][0] == 128);
}

TEST_CASE("quotients divide once, and reciprocals of uniform values are computed once",
          "[kernel]") {
  Scene s;
  const Kernel k = s.lower(s.store.div(s.z, s.store.mul(s.x, s.y)));
  CHECK(count(k, Opcode::Div) == 1);
  const Kernel uniform = s.lower(s.store.div(s.x, s.p));
  CHECK(count(uniform, Opcode::Div) == 0);
  CHECK(count(uniform, Opcode::Div, kernel::Rate::Uniform) == 1);
  const Kernel hoisted = s.lower(s.store.mul({{s.x, s.p, s.call(Op::Exp, {s.p})}}));
  CHECK(count(hoisted, Opcode::Mul) == 1);
  CHECK(count(hoisted, Opcode::Exp) == 0);
}

TEST_CASE("constants fold and unused code goes", "[kernel]") {
  Scene s;
  const Kernel k = s.lower(s.call(Op::Sin, {s.store.rational(1, 2)}));
  CHECK(k.body.size() == 1);
  CHECK(run(k, {{0}, {0}, {0}}, {0})[0][0] == std::sin(0.5));
}

TEST_CASE("min and max of the language pass a NaN on", "[kernel]") {
  Scene s;
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (ExprId e :
       {s.store.min(s.x, s.y), s.store.max(s.x, s.y), s.store.max(s.x, s.store.integer(0)),
        s.store.max(s.store.min(s.x, s.store.integer(1)), s.store.integer(-1))}) {
    const Kernel k = s.lower(e);
    CHECK(std::isnan(run(k, {{kNan}, {1}, {0}}, {0})[0][0]));
  }
  const Kernel both = s.lower(s.store.max(s.x, s.y));
  CHECK(std::isnan(run(both, {{1}, {kNan}, {0}}, {0})[0][0]));
  CHECK(run(both, {{1}, {3}, {0}}, {0})[0][0] == 3);
  CHECK(count(s.lower(s.store.max(s.x, s.store.integer(0))), Opcode::Select) == 0);
}

TEST_CASE("conditions are truth values inside and numbers outside", "[kernel]") {
  Scene s;
  const ExprId less = s.call(Op::Less, {s.x, s.y});
  const ExprId both = s.call(Op::And, {less, s.call(Op::LessEqual, {s.y, s.z})});
  const Kernel k = s.lower(s.store.add(both, s.store.select(less, s.x, s.z)));
  CHECK(run(k, {{1}, {2}, {2}}, {0})[0][0] == 2);
  CHECK(run(k, {{3}, {2}, {2}}, {0})[0][0] == 2);
  const Kernel chosen = s.lower(s.call(Op::Choose, {s.x, s.y, s.z, s.p}));
  CHECK(run(chosen, {{1, 2, 3, 7}, {10, 10, 10, 10}, {20, 20, 20, 20}}, {30}).front() ==
        std::vector<double>{10, 20, 30, 30});
}

TEST_CASE("composed functions are accurate and stable", "[kernel]") {
  Scene s;
  const Kernel sigmoid = s.lower(s.call(Op::Sigmoid, {s.x})),
               softplus = s.lower(s.call(Op::Softplus, {s.x}));
  const Kernel pdf = s.lower(s.call(Op::NormalPdf, {s.x}));
  for (double x : {-740.0, -40.0, -3.0, -1e-9, 0.0, 0.5, 20.0, 800.0}) {
    const Columns in{{x}, {0}, {0}};
    const long double e = std::exp(static_cast<long double>(-std::fabs(x)));
    const auto exact = static_cast<double>(std::fmax(x, 0.0) + std::log1p(e));
    CHECK(ulps(run(softplus, in, {0})[0][0], exact) <= 4);
    CHECK(ulps(run(sigmoid, in, {0})[0][0], static_cast<double>((x < 0 ? e : 1) / (1 + e))) <= 4);
  }
  for (double x : {-37.0, -10.1, 0.0, 3.3, 38.0}) {
    const long double exact = std::exp(-0.5L * x * x) / std::sqrt(2 * 3.14159265358979323846264L);
    CHECK(ulps(run(pdf, {{x}, {0}, {0}}, {0})[0][0], static_cast<double>(exact)) <= 4);
  }
}

TEST_CASE("lowered code computes what the expression's own evaluation does", "[kernel]") {
  Scene s;
  expr::Store& st = s.store;
  const ExprId e = st.add(
      {{st.mul(st.rational(-3, 7), st.pow(s.x, st.integer(3))),
        st.div(s.call(Op::Sin, {s.y}), st.add(st.integer(2), st.mul(s.p, s.z))),
        st.neg(s.call(Op::Exp, {st.mul(s.x, s.z)})), st.sqrt(st.add(st.mul(s.x, s.x), s.p))}});
  const Kernel k = s.lower(e);
  const auto program = compile(k, jit::Level::O3);
  Random random(3);
  Columns in(3, std::vector<double>(50));
  for (auto& column : in) {
    for (double& v : column) v = random.uniform(-1, 1);
  }
  const auto native = run(k, in, {0.75}, program.point("scene"))[0];
  for (std::size_t n = 0; n < 50; ++n) {
    const expr::Binding at{{st.symbol_of(s.x), in[0][n]},
                           {st.symbol_of(s.y), in[1][n]},
                           {st.symbol_of(s.z), in[2][n]},
                           {st.symbol_of(s.p), 0.75}};
    CHECK(native[n] == Approx(expr::evaluate(st, e, at)).epsilon(1e-13).margin(1e-14));
  }
}

TEST_CASE("a sum of a hundred thousand nested calls lowers", "[kernel]") {
  Scene s;
  ExprId e = s.x;
  for (int n = 0; n < 100000; ++n) e = s.store.add(s.call(Op::Abs, {s.store.mul(e, s.y)}), s.z);
  CHECK(kernel::verify(s.lower(e)) == "");
}

TEST_CASE("a symbol that nothing is bound to is an internal fault", "[kernel]") {
  Scene s;
  CHECK_THROWS_AS(s.lower(s.store.symbol("q")), std::logic_error);
}

TEST_CASE("verify tells each kind of fault", "[kernel]") {
  Scene s;
  const Kernel good = s.lower(s.store.add(s.call(Op::Sin, {s.x}), s.p));
  CHECK(kernel::verify(good) == "");
  const auto broken = [&](auto&& damage) {
    Kernel k = good;
    damage(k);
    return kernel::verify(k);
  };
  const auto last = ValueId(static_cast<std::uint32_t>(good.body.size() - 1));
  CHECK(broken([&](Kernel& k) { k.body[last].a = last; }).find("not defined yet") !=
        std::string::npos);
  CHECK(broken([&](Kernel& k) { k.body[last].type = kernel::Type::Bool; }).find("type") !=
        std::string::npos);
  CHECK(broken([&](Kernel& k) { k.body[last].rate = kernel::Rate::Uniform; }).find("uniform") !=
        std::string::npos);
  CHECK(broken([&](Kernel& k) { k.input_count = 0; }).find("slot") != std::string::npos);
  CHECK(broken([&](Kernel& k) { k.outputs.clear(); }).find("outputs") != std::string::npos);
  CHECK(broken([&](Kernel& k) { k.outputs[0] = ValueId(99); }).find("not defined") !=
        std::string::npos);
}

TEST_CASE("kernels print all that they are", "[kernel]") {
  Scene s;
  const std::string text =
      kernel::print(s.lower(s.store.add(s.store.mul(s.x, s.store.number(0.1)), s.p)));
  CHECK(
      text ==
      "point kernel scene f64 uniforms=1 inputs=3 outputs=1 carried=0 steps=0 tables=0 normals=[]\n"
      "  %0 = real input [0]\n"
      "  %1 = uniform real uniform [0]\n"
      "  %2 = uniform real const 0.1\n"
      "  %3 = real fma %0 %2 %1\n"
      "  out [0] = %3\n");
}
