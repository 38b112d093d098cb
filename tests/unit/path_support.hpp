// Model text -> ensemble, for tests of simulation.
#pragma once

#include <cmath>
#include <string>

#include "driver/simulate.hpp"
#include "model_support.hpp"

namespace hopf::test {

struct Simulated {
  std::unique_ptr<Checked> source;
  diagnostics::Sink sink;
  std::optional<runtime::Ensemble> ensemble;

  const model::Model& model() const { return *source->model; }
  std::string kind() const {
    const auto all = sink.sorted();
    return all.empty() ? "" : std::string(diagnostics::info(all[0].kind).kebab);
  }
  std::string message() const { return sink.sorted().empty() ? "" : sink.sorted()[0].message; }
};

/// Simulates the model `m { body }`; `policy` maps controls to expressions in Hopf built by the
/// caller.
inline Simulated simulate(const std::string& body, const driver::SimulateOptions& options,
                          const std::function<driver::Policy(expr::Store&)>& policy = {},
                          const runtime::ValueFunction* value = nullptr) {
  Simulated result;
  result.source = check_model(body);
  INFO(result.source->text());
  REQUIRE(result.source->model);
  driver::Policy laws;
  if (policy) laws = policy(*result.source->store);
  result.ensemble =
      driver::simulate(result.model(), value, policy ? &laws : nullptr, options, {}, result.sink);
  return result;
}

/// The ensemble of a simulation that must succeed.
inline runtime::Ensemble ensemble(const std::string& body, const driver::SimulateOptions& options,
                                  const std::function<driver::Policy(expr::Store&)>& policy = {},
                                  const runtime::ValueFunction* value = nullptr) {
  Simulated result = simulate(body, options, policy, value);
  INFO(result.message());
  REQUIRE(result.ensemble);
  return std::move(*result.ensemble);
}

inline double standard_error(double variance, std::int64_t paths) {
  return std::sqrt(variance / static_cast<double>(paths));
}

}  // namespace hopf::test
