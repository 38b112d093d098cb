// A whole ensemble beside hand-written C++ of the same arithmetic: dx = (sin x - x/2) dt + 0.3 dw1,
// dy = (cos y + x/5) dt + 0.3 dw2 from (0.1, 0.2), 20,000 paths of 1000 steps on one thread.
//
// The rival is the loop of kernel_rival.cpp: eight lanes, two blocks in flight, the same Philox
// counters and the same Box-Muller pairs. Ours also sets up the run, records the ensemble and adds
// up costs.
#include <cmath>
#include <vector>

#include "core/philox.hpp"
#include "driver/simulate.hpp"
#include "kernel_rival.hpp"
#include "model/check.hpp"
#include "syntax/parser.hpp"
#include "timing.hpp"

namespace {

using namespace hopf;

constexpr std::int64_t kPaths = 20'000, kSteps = 1000;
constexpr double kStep = 0.001;

constexpr const char* kModel = R"(model drift {
  state x
  state y
  noise w[2]
  dx = (sin(x) - 0.5*x)*dt + 0.3*dw[1]
  dy = (cos(y) + 0.2*x)*dt + 0.3*dw[2]
}
)";

std::optional<model::Model> compile(diagnostics::Sink& sink) {
  source::SourceSet sources;
  const syntax::Ast ast = syntax::parse(sources, sources.add("bench.hopf", kModel), sink);
  if (sink.has_errors()) return std::nullopt;
  const auto& item = std::get<syntax::ModelItem>(ast.items.front().value);
  return model::check(std::make_shared<expr::Store>(), ast, item, {}, {}, sink);
}

}  // namespace

int main() {
  diagnostics::Sink sink;
  const auto model = compile(sink);
  if (!model) return 1;
  driver::SimulateOptions options;
  options.from = {0.1, 0.2};
  options.until = kStep * kSteps;
  options.paths = kPaths;
  options.seed = 1;
  options.step = kStep;
  options.records = 2;
  options.threads = 1;
  std::vector<double> x, y;
  std::optional<runtime::Ensemble> ensemble;
  const auto ours = [&] {
    ensemble = driver::simulate(*model, nullptr, nullptr, options, {}, sink);
  };
  const auto theirs = [&] {
    x.assign(kPaths, 0.1), y.assign(kPaths, 0.2);
    rival::paths(kPaths, kSteps, options.seed, kStep, 0.3 * std::sqrt(kStep), x.data(), y.data());
  };
  const bench::Pace pace = bench::compare(double(kPaths) * kSteps, ours, theirs,
                                          {.repeats = 1, .patience = 2, .processor_time = true});
  if (!ensemble) return 1;
  double difference = 0;
  const auto our_x = ensemble->values(0, 1), our_y = ensemble->values(1, 1);
  for (std::size_t i = 0; i < our_x.size(); ++i)  // of the paths that are kept
    difference = std::max({difference, std::abs(x[i] - our_x[i]), std::abs(y[i] - our_y[i])});
  if (our_x.empty()) return 1;
  return bench::report("ensemble, two states", pace, difference) ? 0 : 1;
}
