// The pendulum's kernels of a row of its grid beside hand-written C++ of the same arithmetic: the
// coefficients of a given policy, and their improvement.
#include <memory>
#include <vector>

#include "derive/equations.hpp"
#include "driver/solve_internal.hpp"
#include "grid_rival.hpp"
#include "model/check.hpp"
#include "syntax/parser.hpp"
#include "timing.hpp"

namespace {

using namespace hopf;

constexpr const char* kModel = R"(model pendulum {
  param m = 1, l = 1, g = 9.81, b = 0.1, sigma = 0.5
  state theta in [-pi, pi] periodic
  state omega in [-8, 8] extrapolate
  control tau in [-2, 2]
  noise w
  dtheta = omega*dt
  domega = (g/l*sin(theta) + (tau - b*omega)/(m*l^2))*dt + sigma*dw
  lagrangian 10*(1 - cos(theta)) + 0.1*omega^2 + 0.01*tau^2
  discount 0.5
}
)";

constexpr std::size_t kNodes = 200, kInputs = 10, kOutputs = 8;
constexpr double kStep = 16.0 / (kNodes - 1), kAngle = 0.3;

/// The kernels, with what they refer to.
struct Pendulum {
  diagnostics::Sink sink;
  std::optional<model::Model> model;
  std::optional<derive::Equations> equations;
  std::optional<plan::Plan> plan;
  plan::Options options{.grid = {201, static_cast<int>(kNodes)}};
  driver::Progress progress;
  runtime::PointProblem problem;

  bool compile() {
    source::SourceSet sources;
    const syntax::Ast ast = syntax::parse(sources, sources.add("bench.hopf", kModel), sink);
    if (sink.has_errors()) return false;
    const auto& item = std::get<syntax::ModelItem>(ast.items.front().value);
    model = model::check(std::make_shared<expr::Store>(), ast, item, {}, {}, sink);
    if (model) equations = derive::equations(*model, sink);
    if (equations) plan = plan::choose(*model, *equations, options, sink);
    if (!plan) return false;
    const driver::SolveTask task{*model, *equations, options, progress, sink};
    problem = driver::point_problem(task, *plan, driver::hjb_input(task, *plan));
    return true;
  }
};

/// A row of the grid as the kernels read it: omega, its steps, flags of closed ends, differences of
/// V to both sides of theta and of omega, and the present torque.
bench::Arrays row_inputs() {
  bench::Arrays in(kInputs, kNodes);
  for (std::size_t i = 0; i < kNodes; ++i) {
    in[0][i] = -8 + kStep * double(i);
    in[1][i] = in[2][i] = kStep;
  }
  for (std::size_t k = 5; k < 9; ++k) in.set(k, bench::spread(kNodes, -1, 1, 0.2 * double(k)));
  for (std::size_t i = 0; i < kNodes; ++i) in[7][i] *= 0.1, in[8][i] *= 0.1;
  in.set(9, bench::spread(kNodes, -2, 2));
  return in;
}

bool run(const runtime::PointProblem& problem) {
  const double h = 2 * 3.14159265358979323846 / 201;
  const double gravity = 9.81 * std::sin(kAngle), potential = 10 * (1 - std::cos(kAngle));
  // Time; then of theta: its value, steps, flags and the tables of what depends on it alone.
  const double uniforms[] = {0, kAngle, h, h, 0, 0, gravity, potential};
  bench::Arrays in = row_inputs(), out(kOutputs, kNodes);
  std::vector<const void*> inputs;
  std::vector<void*> outputs;
  for (std::size_t k = 0; k < kInputs; ++k) inputs.push_back(in[k]);
  for (std::size_t k = 0; k < kOutputs; ++k) outputs.push_back(out[k]);
  const rival::Row row{h,     h,     gravity, potential, in[0], in[1], in[2],
                       in[3], in[4], in[5],   in[6],     in[7], in[8], in[9]};
  const rival::Coefficients coefficients{out[1], out[2], out[3], out[4], out[5], out[6], out[7]};
  const hopf_point_call improve{kNodes, uniforms, inputs.data(), outputs.data()};
  const hopf_point_call apply{kNodes, uniforms, inputs.data(), outputs.data() + 1};
  const auto compare = [&](const char* name, const auto& ours, const auto& theirs) {
    const bench::Pace pace = bench::compare(kNodes, ours, theirs);
    const auto by_hand = out.content(kOutputs, kNodes);
    ours();
    return bench::report(name, pace,
                         bench::largest_difference(out.content(kOutputs, kNodes), by_hand));
  };
  const bool applied = compare(
      "pendulum, coefficients", [&] { problem.apply[0](apply); },
      [&] { rival::pendulum_apply(kNodes, row, coefficients); });
  const bool improved = compare(
      "pendulum, improvement", [&] { problem.improve[0](improve); },
      [&] { rival::pendulum_improve(kNodes, row, out[0], coefficients); });
  return applied && improved;
}

}  // namespace

int main() {
  Pendulum pendulum;
  if (!pendulum.compile()) {
    std::fprintf(stderr, "the pendulum does not compile\n");
    return 1;
  }
  return run(pendulum.problem) ? 0 : 1;
}
