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
std::vector<std::vector<double>> row_inputs() {
  std::vector<std::vector<double>> in(kInputs, std::vector<double>(kNodes, 0.0));
  for (std::size_t i = 0; i < kNodes; ++i) in[0][i] = -8 + kStep * double(i);
  in[1].assign(kNodes, kStep);
  in[2].assign(kNodes, kStep);
  for (std::size_t k = 5; k < 9; ++k) in[k] = bench::spread(kNodes, -1, 1, 0.2 * double(k));
  for (double& d : in[7]) d *= 0.1;
  for (double& d : in[8]) d *= 0.1;
  in[9] = bench::spread(kNodes, -2, 2);
  return in;
}

using Fields = std::vector<std::vector<double>>;

rival::Coefficients coefficients(Fields& out) {
  return {out[1].data(), out[2].data(), out[3].data(), out[4].data(),
          out[5].data(), out[6].data(), out[7].data()};
}

double difference(const Fields& a, const Fields& b) {
  double worst = 0;
  for (std::size_t k = 0; k < kOutputs; ++k)
    worst = std::max(worst, bench::largest_difference(a[k], b[k]));
  return worst;
}

bool run(const runtime::PointProblem& problem) {
  const double h = 2 * 3.14159265358979323846 / 201;
  const double gravity = 9.81 * std::sin(kAngle), potential = 10 * (1 - std::cos(kAngle));
  // Time; then of theta: its value, steps, flags and the tables of what depends on it alone.
  const double uniforms[] = {0, kAngle, h, h, 0, 0, gravity, potential};
  const Fields in = row_inputs();
  std::vector<const void*> inputs;
  for (const auto& field : in) inputs.push_back(field.data());
  const rival::Row row{h,
                       h,
                       gravity,
                       potential,
                       in[0].data(),
                       in[1].data(),
                       in[2].data(),
                       in[3].data(),
                       in[4].data(),
                       in[5].data(),
                       in[6].data(),
                       in[7].data(),
                       in[8].data(),
                       in[9].data()};
  Fields ours(kOutputs, std::vector<double>(kNodes, 0.0)), theirs = ours;
  std::vector<void*> outputs;
  for (auto& field : ours) outputs.push_back(field.data());
  const hopf_point_call improve{kNodes, uniforms, inputs.data(), outputs.data()};
  const hopf_point_call apply{kNodes, uniforms, inputs.data(), outputs.data() + 1};
  const rival::Coefficients out = coefficients(theirs);
  const bench::Pace applied = bench::compare(
      kNodes, [&] { problem.apply[0](apply); }, [&] { rival::pendulum_apply(kNodes, row, out); });
  const bool same = bench::report("pendulum, coefficients", applied, difference(ours, theirs));
  const bench::Pace improved = bench::compare(
      kNodes, [&] { problem.improve[0](improve); },
      [&] { rival::pendulum_improve(kNodes, row, theirs[0].data(), out); });
  return bench::report("pendulum, improvement", improved, difference(ours, theirs)) && same;
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
