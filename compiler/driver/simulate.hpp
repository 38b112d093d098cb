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
  double step = 0;       // 0: chosen; without noise the longest one
  double tolerance = 0;  // without noise: of a step's error, relative; 0: 1e-8
  int records = 101;     // recorded times
  bool keep = false;     // keep the recorded states of all paths, however many
  bool bias = true;      // estimate what the step adds to the mean cost
  int threads = 0;
  std::string method = "auto";  // "euler": also where there is no noise
  source::Span span;
};

/// `value` gives the policy (its nodes or its closed form); `policy` gives it by expressions;
/// neither: no controls.
std::optional<runtime::Ensemble> simulate(const model::Model&, const runtime::ValueFunction* value,
                                          const Policy* policy, const SimulateOptions&,
                                          const Progress&, diagnostics::Sink&, Phases* = nullptr);

}  // namespace hopf::driver
