// Generated kernels beside hand-written C++ of the same arithmetic, and the time to compile them.
//
// Both run in turn, many times, on data that stays in the first-level cache; the fastest of each
// counts, so that other work on the machine disturbs neither. The ratio is ours over theirs: below
// 1 is faster than by hand.
#include <algorithm>
#include <vector>

#include "jit/jit.hpp"
#include "kernel/kernel.hpp"
#include "kernel_rival.hpp"
#include "timing.hpp"

namespace {

using namespace hopf;
using namespace bench;
using expr::ExprId;
using expr::Op;
using From = kernel::InputBinding::From;

kernel::Spec drift_spec(expr::Store& st) {
  kernel::Spec spec;
  spec.name = "drift";
  std::vector<ExprId> in;
  for (const char* name : {"s", "c", "omega", "tau"}) {
    in.push_back(st.symbol(name));
    spec.bindings.push_back(
        {st.symbol_of(in.back()), From::Input, static_cast<std::uint32_t>(in.size() - 1)});
  }
  const auto times = [&](double a, ExprId b) { return st.mul(st.number(a), b); };
  spec.outputs = {st.add({{times(9.81, in[0]), in[3], times(-0.1, in[2])}}),
                  st.add({{st.integer(10), times(-10, in[1]), times(0.1, st.mul(in[2], in[2])),
                           times(0.01, st.mul(in[3], in[3]))}})};
  return spec;
}

kernel::Spec trigonometric_spec(expr::Store& st) {
  kernel::Spec spec;
  spec.name = "trigonometric";
  const ExprId x = st.symbol("x"), y = st.symbol("y");
  spec.bindings = {{st.symbol_of(x), From::Input, 0}, {st.symbol_of(y), From::Input, 1}};
  spec.outputs = {st.add(st.mul(st.apply(Op::Sin, {x}), st.apply(Op::Cos, {y})),
                         st.apply(Op::Exp, {st.neg(st.mul(x, x))}))};
  return spec;
}

kernel::Spec path_spec(expr::Store& st) {
  kernel::Spec spec;
  spec.name = "paths";
  spec.path = true;
  const ExprId x = st.symbol("x"), y = st.symbol("y"), dt = st.symbol("dt"), sd = st.symbol("sd");
  const ExprId z0 = st.symbol("z0"), z1 = st.symbol("z1");
  spec.bindings = {{st.symbol_of(x), From::Carried, 0},  {st.symbol_of(y), From::Carried, 1},
                   {st.symbol_of(dt), From::Uniform, 0}, {st.symbol_of(sd), From::Uniform, 1},
                   {st.symbol_of(z0), From::Normal, 0},  {st.symbol_of(z1), From::Normal, 1}};
  const ExprId fx = st.sub(st.apply(Op::Sin, {x}), st.mul(st.rational(1, 2), x));
  const ExprId fy = st.add(st.apply(Op::Cos, {y}), st.mul(st.rational(1, 5), x));
  spec.outputs = {st.add({{x, st.mul(fx, dt), st.mul(sd, z0)}}),
                  st.add({{y, st.mul(fy, dt), st.mul(sd, z1)}})};
  return spec;
}

constexpr std::size_t kCount = 512;

bool bench_points(const jit::Program& program) {
  const auto s = spread(kCount, -1, 1), c = spread(kCount, -1, 1), w = spread(kCount, -8, 8),
             t = spread(kCount, -2, 2);
  std::vector<double> a(kCount), b(kCount), a2(kCount), b2(kCount);
  const void* in[] = {s.data(), c.data(), w.data(), t.data()};
  void* out[] = {a.data(), b.data()};
  const hopf_point_call call{kCount, nullptr, in, out};
  const auto drift = program.point("drift");
  const auto theirs = [&] {
    rival::drift(kCount, s.data(), c.data(), w.data(), t.data(), a2.data(), b2.data());
  };
  const Pace pace = compare(kCount, [&] { drift(&call); }, theirs);
  const bool same = report("pendulum drift and cost", pace,
                           std::max(largest_difference(a, a2), largest_difference(b, b2)));

  const void* angles[] = {w.data(), t.data()};
  const hopf_point_call trig_call{kCount, nullptr, angles, out};
  const auto trigonometric = program.point("trigonometric");
  const auto by_hand = [&] { rival::trigonometric(kCount, w.data(), t.data(), a2.data()); };
  const Pace trigonometry = compare(kCount, [&] { trigonometric(&trig_call); }, by_hand);
  return report("sin x cos y + exp(-x^2)", trigonometry, largest_difference(a, a2)) && same;
}

bool bench_paths(const jit::Program& program) {
  constexpr std::int64_t kSteps = 16;
  constexpr std::uint64_t kSeed = 0x0123456789abcdef;
  const double uniforms[] = {0.01, 0.05};
  const auto start = spread(kCount, -1, 1);
  std::vector<double> x, y, x2, y2;
  const auto ours = [&] {
    x = y = start;
    void* carried[] = {x.data(), y.data()};
    const hopf_path_call call{kCount, 0, 0, kSteps, kSeed, uniforms, nullptr, nullptr, carried};
    program.path("paths")(&call);
  };
  const auto theirs = [&] {
    x2 = y2 = start;
    rival::paths(kCount, kSteps, kSeed, uniforms[0], uniforms[1], x2.data(), y2.data());
  };
  const Pace pace = compare(double(kCount) * kSteps, ours, theirs);
  return report("SDE path step, two states", pace,
                std::max(largest_difference(x, x2), largest_difference(y, y2)));
}

}  // namespace

int main() {
  expr::Store store;
  const std::vector<kernel::Kernel> kernels{kernel::lower(store, drift_spec(store)),
                                            kernel::lower(store, trigonometric_spec(store)),
                                            kernel::lower(store, path_spec(store))};
  jit::Options options;
  options.cache = false;
  auto start = Clock::now();
  const jit::Program program = jit::load(kernels, options);
  std::printf("compiled three kernels in %.1f ms", milliseconds_since(start));
  options.cache = true;
  (void)jit::load(kernels, options);
  start = Clock::now();
  const jit::Program warm = jit::load(kernels, options);
  std::printf("; from the cache (%s) in %.1f ms\n", warm.from_cache() ? "hit" : "miss",
              milliseconds_since(start));
  std::printf("%-28s %11s %11s\n", "per element", "generated", "by hand");
  const bool points = bench_points(program), paths = bench_paths(program);
  return points && paths ? 0 : 1;
}
