// What a solve will take, said before it is taken.
#include "core/memory.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "plan/internal.hpp"

namespace hopf::plan {

// Doubles at a node of the solver: V and its copies, gradients, weights, matrix and its factors
// with their indices, controls, and the stored levels of a finite horizon (at most 101).
double solve_bytes(const model::Model& model, double nodes) {
  const double n = static_cast<double>(model.dimension()),
               controls = static_cast<double>(model.controls.size());
  const double entries = 2 * n + 1 + (n > 1 ? 4 : 0);
  const double levels = model.horizon ? 101 : 1;
  const double factors = n == 1 ? 10 : 2.5 * entries;
  return 8 * nodes *
         (20 + 8 * n + 2 * controls + 2.5 * entries + factors + levels * (1 + controls));
}

bool check_memory(const model::Model& model, const std::vector<int>& counts, std::int64_t regimes,
                  const Options& options, diagnostics::Sink& sink) {
  double nodes = static_cast<double>(regimes);
  std::string size;
  for (const int count : counts) {
    nodes *= count;
    size += fmt::format("{}{}", size.empty() ? "" : " x ", count);
  }
  const double bytes = solve_bytes(model, nodes),
               available = static_cast<double>(runtime::available_memory());
  // Node numbers are 32-bit as well.
  if (bytes <= available && nodes < 2e9) return true;
  auto& d = sink.emit(diagnostics::Kind::GridTooLarge,
                      options.grid_spans.empty() ? options.span : options.grid_spans[0],
                      fmt::format("a grid of {} nodes needs about {}, and {} are free", size,
                                  runtime::format_bytes(bytes), runtime::format_bytes(available)));
  d.help = "ask for fewer nodes";
  return false;
}

}  // namespace hopf::plan
