#include <fmt/format.h>

#include <cmath>

#include "driver/simulate_job.hpp"

namespace hopf::driver {
namespace {

using diagnostics::Kind;
using Job = SimulationJob;

std::string what_failed(const Job& job, const runtime::PathFault& fault) {
  const model::Model& m = job.model;
  const bool in_state = fault.register_index < m.dimension();
  const std::string what = in_state ? fmt::format("'{}'", m.states[fault.register_index].name)
                                    : std::string(m.reward ? "the reward" : "the cost");
  return fmt::format("{} becomes {} on path {} at t = {:.6g}", what,
                     std::isnan(fault.value) ? "NaN" : "infinite", fault.path + 1, fault.time);
}

void show_place(const Job& job, const runtime::PathFault& fault,
                diagnostics::Diagnostic& diagnostic) {
  const model::Model& m = job.model;
  std::string state;
  for (std::size_t i = 0; i < fault.before.size(); ++i) {
    state += fmt::format("{}{} = {:.6g}", i ? ", " : "", m.states[i].name, fault.before[i]);
  }
  diagnostic.notes.push_back("the state before was " + state);
  if (fault.register_index < m.dimension()) {
    diagnostic.labels.push_back(
        {m.states[fault.register_index].dynamics_span, "by these dynamics"});
  } else if (fault.at_end && job.at_horizon && m.terminal) {
    diagnostic.labels.push_back({m.terminal->span, "by this amount"});
  } else {
    diagnostic.labels.push_back({m.lagrangian.span, "by this amount"});
  }
}

}  // namespace

void report_fault(Job& job, const runtime::PathFault& fault, double step) {
  auto& d = job.sink.emit(Kind::NotFiniteOnPath, job.options.span, what_failed(job, fault));
  show_place(job, fault, d);
  if (step > 0)
    d.help = fmt::format("a smaller 'step' than {:g} may keep the path where the model is defined",
                         step);
}

void warn_of_failed(Job& job, const runtime::PathFault& fault, const runtime::Ensemble& e) {
  const std::string message = fmt::format("{} of {} paths leave where the model is defined: {}",
                                          e.failed, e.paths, what_failed(job, fault));
  auto& d = job.sink.emit(Kind::PathsFailed, job.options.span, message);
  show_place(job, fault, d);
  d.notes.push_back(
      fmt::format("means, quantiles and costs are those of the other {}", e.paths - e.failed));
}

}  // namespace hopf::driver
