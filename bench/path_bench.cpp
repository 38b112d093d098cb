// A whole ensemble beside hand-written C++ of the same arithmetic: dx = (sin x - x/2) dt + 0.3 dw1,
// dy = (cos y + x/5) dt + 0.3 dw2 from (0.1, 0.2), 20,000 paths of 1000 steps on one thread.
//
// The rival is written as one would for speed: blocks of paths in arrays, loops that the compiler
// can turn into vectors with the vector mathematics library, the same Philox counters and the same
// Box–Muller pairs.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <vector>

#include "core/philox.hpp"
#include "driver/simulate.hpp"
#include "model/check.hpp"
#include "path_rival.hpp"
#include "syntax/parser.hpp"

namespace {

using namespace hopf;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kPaths = 20'000, kSteps = 1000;
constexpr double kStep = 0.001;
constexpr int kRounds = 5;

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

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
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
  double ours = 1e9, theirs = 1e9, gap = 0;
  for (int round = 0; round < kRounds; ++round) {  // the first round also fills the object cache
    auto start = Clock::now();
    const auto ensemble = driver::simulate(*model, nullptr, nullptr, options, {}, sink);
    ours = std::min(ours, seconds_since(start));
    if (!ensemble) return 1;
    std::vector<double> x(kPaths, 0.1), y(kPaths, 0.2);
    start = Clock::now();
    bench::rival_paths(x.data(), y.data(), kPaths, kSteps, kStep, options.seed);
    theirs = std::min(theirs, seconds_since(start));
    for (std::size_t i = 0; i < x.size(); ++i)
      gap = std::max(gap, std::abs(x[i] - ensemble->values(0, 1)[i]));
  }
  const double unit = 1e9 / static_cast<double>(kPaths * kSteps);
  fmt::print(
      "ensemble, 2 states: hopf {:.2f} ns, C++ {:.2f} ns a path-step, ratio {:.2f}; largest gap "
      "{:.1e}\n",
      ours * unit, theirs * unit, ours / theirs, gap);
  return gap < 1e-9 ? 0 : 1;
}
