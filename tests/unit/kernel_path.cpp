// Path kernels from expressions: steps, tables on clamped and periodic axes, nearest nodes.
#include "core/philox.hpp"
#include "kernel_support.hpp"
#include "test.hpp"

using namespace hopf;
using namespace hopf::kernel_test;
using expr::ExprId;
using expr::Op;
using From = kernel::InputBinding::From;

namespace {

/// A table of two axes: a in [0, 2] with 5 nodes, clamped; b in [-1, 1) with 4 nodes, periodic.
struct TableScene {
  expr::Store store;
  std::vector<double> table;
  std::vector<double> uniforms{0, 2, 5, 0, 4, -1, 2, 4, 1, 1};

  TableScene() {
    for (int i = 0; i < 5; ++i) {
      for (int j = 0; j < 4; ++j) table.push_back(std::sin(1.7 * i) + 0.3 * j * j);
    }
  }

  /// Carried: the two coordinates, and the last value read.
  kernel::Spec spec(bool nearest) {
    const ExprId a = store.symbol("a"), b = store.symbol("b"), u = store.symbol("u");
    kernel::Spec out;
    out.name = "look_up";
    out.path = true;
    out.bindings = {{store.symbol_of(a), From::Carried, 0},
                    {store.symbol_of(b), From::Carried, 1},
                    {store.symbol_of(u), From::Interpolated, 0}};
    out.tables = {{{a, b}, 0, nearest}};
    out.outputs = {a, b, u};
    return out;
  }

  double node(double i, double j) const {
    return table[static_cast<std::size_t>(i) * 4 + static_cast<std::size_t>(j) % 4];
  }
  double multilinear(double a, double b) const {
    const double s = std::fmin(std::fmax(a * 2, 0), 4), i = std::fmin(std::floor(s), 3), v = s - i;
    const double turned = (b + 1) * 2 - 4 * std::floor((b + 1) / 2),
                 j = std::fmin(std::floor(turned), 3), w = turned - j;
    return (1 - v) * ((1 - w) * node(i, j) + w * node(i, j + 1)) +
           v * ((1 - w) * node(i + 1, j) + w * node(i + 1, j + 1));
  }
};

Columns run_steps(const Kernel& k, Columns state, const std::vector<double>& uniforms,
                  const std::vector<double>& steps, std::int64_t step_count,
                  std::vector<const void*> tables, hopf_path_kernel native,
                  std::int64_t first_path = 0) {
  std::vector<void*> carried;
  for (auto& column : state) carried.push_back(column.data());
  const hopf_path_call call{static_cast<std::int64_t>(state[0].size()),
                            first_path,
                            3,
                            step_count,
                            42,
                            uniforms.data(),
                            steps.data(),
                            tables.data(),
                            carried.data()};
  native ? native(&call) : kernel::interpret(k, call);
  return state;
}

}  // namespace

TEST_CASE("tables are read multilinearly, clamped and periodic", "[kernel]") {
  TableScene s;
  const Kernel k = kernel::lower(s.store, s.spec(false));
  REQUIRE(kernel::verify(k) == "");
  const auto program = compile(k, jit::Level::O3);
  Columns state(3);
  Random random(5);
  for (int n = 0; n < 60; ++n) {
    state[0].push_back(n < 5 ? 0.5 * n : random.uniform(-1, 3));
    state[1].push_back(n < 8 ? -1 + 0.5 * n : random.uniform(-5, 5));
    state[2].push_back(0);
  }
  const auto expected = run_steps(k, state, s.uniforms, {}, 1, {s.table.data()}, nullptr);
  const auto got =
      run_steps(k, state, s.uniforms, {}, 1, {s.table.data()}, program.path("look_up"));
  CHECK(got == expected);
  for (std::size_t n = 0; n < 60; ++n) {
    CHECK(expected[2][n] == Approx(s.multilinear(state[0][n], state[1][n])).margin(1e-12));
  }
}

TEST_CASE("a NaN or infinite coordinate reads inside the table", "[kernel]") {
  TableScene s;
  const Kernel k = kernel::lower(s.store, s.spec(false));
  const auto program = compile(k, jit::Level::O3);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Columns state{{nan, kInfinity, -kInfinity, 1, 1}, {0, 0, 0, nan, 1e300}, {0, 0, 0, 0, 0}};
  const auto got =
      run_steps(k, state, s.uniforms, {}, 1, {s.table.data()}, program.path("look_up"));
  CHECK(std::isnan(got[2][0]));
  CHECK(got[2][1] == Approx(s.multilinear(2, 0)));
  CHECK(got[2][2] == Approx(s.multilinear(0, 0)));
  CHECK(std::isnan(got[2][3]));
  CHECK(std::isfinite(got[2][4]));
}

TEST_CASE("finite sets take the nearest node", "[kernel]") {
  TableScene s;
  const Kernel k = kernel::lower(s.store, s.spec(true));
  const auto program = compile(k, jit::Level::O3);
  const Columns state{{0.2, 0.3, 9, -9, 1}, {-1, -0.76, -0.7, 0.8, 0.74}, {0, 0, 0, 0, 0}};
  const auto expected = run_steps(k, state, s.uniforms, {}, 1, {s.table.data()}, nullptr);
  CHECK(run_steps(k, state, s.uniforms, {}, 1, {s.table.data()}, program.path("look_up")) ==
        expected);
  CHECK(expected[2] ==
        std::vector<double>{s.node(0, 0), s.node(1, 0), s.node(4, 1), s.node(0, 0), s.node(2, 3)});
}

TEST_CASE("per-step scalars and normals drive the carried state", "[kernel]") {
  expr::Store store;
  const ExprId x = store.symbol("x"), t = store.symbol("t"), p = store.symbol("p"),
               w = store.symbol("w");
  kernel::Spec spec;
  spec.name = "walk";
  spec.path = true;
  spec.bindings = {{store.symbol_of(x), From::Carried, 0},
                   {store.symbol_of(t), From::Step, 1},
                   {store.symbol_of(p), From::Uniform, 0},
                   {store.symbol_of(w), From::Normal, 3}};
  const ExprId decay = store.apply(Op::Exp, {store.neg(t)});  // the same for all paths, once a step
  spec.outputs = {store.add({{x, store.mul(decay, p), store.mul(p, w)}})};
  const Kernel k = kernel::lower(store, spec);
  CHECK(k.normals == std::vector<std::uint32_t>{3});
  const auto program = compile(k, jit::Level::O3);
  const std::vector<double> steps{0, 0.1, 0, 0.2, 0, 0.3};
  const Columns state{std::vector<double>(21, 1.0)};
  const auto expected = run_steps(k, state, {0.5}, steps, 3, {}, nullptr, 100);
  const auto got = run_steps(k, state, {0.5}, steps, 3, {}, program.path("walk"), 100);
  for (std::size_t n = 0; n < 21; ++n) {
    double x_n = 1;
    for (std::uint64_t step = 0; step < 3; ++step) {
      x_n += 0.5 * std::exp(-steps[2 * step + 1]) +
             0.5 * runtime::standard_normal(42, 100 + n, 3 + step, 3);
    }
    CHECK(expected[0][n] == Approx(x_n));
    CHECK(got[0][n] == Approx(expected[0][n]).epsilon(1e-14));
  }
}
