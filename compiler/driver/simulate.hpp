// Ensembles under a policy: path kernels for this model and policy, compiled and run.
#pragma once

#include <optional>
#include <vector>

#include "driver/solve.hpp"
#include "path/ensemble.hpp"

namespace hopf::driver {

struct SimulateOptions {
  std::vector<double> from;  // initial state; required unless `initial` is declared
  int regime = 1;
  double until = 0;  // 0: the horizon
  std::int64_t paths = 1000;
  std::uint64_t seed = 0;
  double step = 0;    // 0: chosen
  int records = 101;  // recorded times
  int threads = 0;
  std::string method = "auto";  // "euler"
  source::Span span;
};

/// `value` gives the policy (its nodes or its closed form); `policy` gives it by expressions;
/// neither: no controls.
std::optional<runtime::Ensemble> simulate(const model::Model&, const runtime::ValueFunction* value,
                                          const Policy* policy, const SimulateOptions&,
                                          const Progress&, diagnostics::Sink&, Phases* = nullptr);

}  // namespace hopf::driver
