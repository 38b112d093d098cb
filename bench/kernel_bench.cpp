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

/// A point kernel and its rival on the same arrays.
template <class Theirs>
bool bench_points(const char* name, hopf_point_kernel kernel, Arrays& in, std::size_t inputs,
                  std::size_t outputs, const Theirs& theirs) {
  Arrays out(outputs, kCount);
  std::vector<const void*> sources;
  std::vector<void*> targets;
  for (std::size_t k = 0; k < inputs; ++k) sources.push_back(in[k]);
  for (std::size_t k = 0; k < outputs; ++k) targets.push_back(out[k]);
  const hopf_point_call call{kCount, nullptr, sources.data(), targets.data()};
  const Pace pace = compare(kCount, [&] { kernel(&call); }, [&] { theirs(in, out); });
  const auto by_hand = out.content(outputs, kCount);
  kernel(&call);
  return report(name, pace, largest_difference(out.content(outputs, kCount), by_hand));
}

bool bench_points(const jit::Program& program) {
  Arrays in(4, kCount), angles(2, kCount);
  for (std::size_t k = 0; k < 2; ++k) in.set(k, spread(kCount, -1, 1));
  in.set(2, spread(kCount, -8, 8));
  in.set(3, spread(kCount, -2, 2));
  angles.set(0, spread(kCount, -8, 8));
  angles.set(1, spread(kCount, -2, 2));
  const bool drift = bench_points(
      "pendulum drift and cost", program.point("drift"), in, 4, 2,
      [](Arrays& x, Arrays& out) { rival::drift(kCount, x[0], x[1], x[2], x[3], out[0], out[1]); });
  const bool trigonometric = bench_points(
      "sin x cos y + exp(-x^2)", program.point("trigonometric"), angles, 2, 1,
      [](Arrays& x, Arrays& out) { rival::trigonometric(kCount, x[0], x[1], out[0]); });
  return drift && trigonometric;
}

bool bench_paths(const jit::Program& program) {
  constexpr std::int64_t kSteps = 16;
  constexpr std::uint64_t kSeed = 0x0123456789abcdef;
  const double uniforms[] = {0.01, 0.05};
  const auto start = spread(kCount, -1, 1);
  Arrays state(2, kCount);
  const auto begin = [&] {
    for (std::size_t k = 0; k < 2; ++k) state.set(k, start);
  };
  void* carried[] = {state[0], state[1]};
  const hopf_path_call call{kCount, 0, 0, kSteps, kSeed, uniforms, nullptr, nullptr, carried};
  const auto kernel = program.path("paths");
  const auto ours = [&] {
    begin();
    kernel(&call);
  };
  const auto theirs = [&] {
    begin();
    rival::paths(kCount, kSteps, kSeed, uniforms[0], uniforms[1], state[0], state[1]);
  };
  const Pace pace = compare(double(kCount) * kSteps, ours, theirs);
  const auto by_hand = state.content(2, kCount);
  ours();
  return report("SDE path step, two states", pace,
                largest_difference(state.content(2, kCount), by_hand));
}

}  // namespace

/// With the argument `llvm` or `asm`, prints that text of the kernels and no figures.
int main(int count, char** words) {
  expr::Store store;
  const std::vector<kernel::Kernel> kernels{kernel::lower(store, drift_spec(store)),
                                            kernel::lower(store, trigonometric_spec(store)),
                                            kernel::lower(store, path_spec(store))};
  jit::Options options;
  options.cache = false;
  if (count > 1) {
    options.dump = words[1];
    std::fputs(jit::load(kernels, options).dump().c_str(), stdout);
    return 0;
  }
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
