#include <fmt/format.h>

#include <cmath>

#include "driver/ahead.hpp"
#include "driver/simulate_job.hpp"

namespace hopf::driver {
namespace {

using diagnostics::Kind;
using model::Model;
using Job = SimulationJob;

bool refuse(Job& job, source::Span span, const std::string& message) {
  job.sink.emit(Kind::NotBuiltYet, span.valid() ? span : job.options.span, message);
  return false;
}

bool supported(Job& job) {
  const Model& m = job.model;
  if (!m.jumps.empty()) {
    return refuse(job, m.jumps[0].span,
                  fmt::format("paths with jumps ('{}') are not built yet", m.jumps[0].name));
  }
  if (m.density)
    return refuse(job, m.span, "paths that feel the population's density are not built yet");
  if (m.stop_pays)
    return refuse(job, m.stop_pays->span, "paths that may be stopped by choice are not built yet");
  const std::string& method = job.options.method;
  if (method != "auto" && method != "euler") {
    return refuse(
        job, {},
        fmt::format("simulation by method '{}' is not built yet: there is \"euler\"", method));
  }
  if (m.initial && job.options.from.empty() && m.initial->family != "gaussian") {
    return refuse(job, m.initial->span,
                  fmt::format("starting from '{}' is not built yet", m.initial->family));
  }
  return true;
}

/// Every control needs a law.
bool check_policy(Job& job) {
  const Model& m = job.model;
  if (job.value) return true;
  for (const model::Control& control : m.controls) {
    if (job.policy && job.policy->count(control.name)) continue;
    job.sink
        .emit(Kind::MissingArgument, job.options.span,
              fmt::format("'simulate' needs a policy for '{}', a control of '{}'", control.name,
                          m.name))
        .labels.push_back(
            {m.groups[static_cast<std::size_t>(control.group)].span, "declared here"});
    return false;
  }
  return true;
}

bool check_place(const Model& m, const SimulateOptions& options, diagnostics::Sink& sink) {
  for (std::size_t i = 0; i < options.from.size(); ++i) {
    const model::State& state = m.states[i];
    const double at = options.from[i];
    const bool bounded = state.lo && state.boundary != model::Boundary::Periodic;
    if (std::isfinite(at) && (!bounded || (at >= *state.lo && at <= *state.hi))) continue;
    const std::string domain =
        bounded ? fmt::format("its domain [{}, {}]", *state.lo, *state.hi) : "the real line";
    auto& d = sink.emit(Kind::StartOutsideDomain, options.span,
                        fmt::format("the start {} = {} is outside of {}", state.name, at, domain));
    d.labels.push_back({state.span, "declared here"});
    return false;
  }
  return true;
}

bool check_start(const Model& m, const SimulateOptions& options, diagnostics::Sink& sink) {
  if (options.from.empty() && m.initial) return true;
  if (options.from.size() != m.dimension()) {
    const bool none = options.from.empty();
    sink.emit(none ? Kind::MissingArgument : Kind::WrongCoordinateCount, options.span,
              none ? "'simulate' needs 'from', the state to start at"
                   : fmt::format("'{}' has {} states, and the start has {} coordinates", m.name,
                                 m.dimension(), options.from.size()));
    return false;
  }
  if (!check_place(m, options, sink)) return false;
  const int regimes = m.regime ? m.regime->count : 1;
  if (options.regime >= 1 && options.regime <= regimes) return true;
  sink.emit(Kind::OutsideSolution, options.span,
            fmt::format("regime {} is none of 1..{}", options.regime, regimes));
  return false;
}

/// The time at which paths end; nothing after an error.
std::optional<double> last_time(const Model& m, const SimulateOptions& options,
                                diagnostics::Sink& sink) {
  const double until = options.until != 0 ? options.until : m.horizon.value_or(0);
  const auto reject = [&](const std::string& message) {
    sink.emit(Kind::InvalidTimes, options.span, message);
    return std::nullopt;
  };
  if (!(until > 0) || !std::isfinite(until)) {
    return reject(
        options.until != 0
            ? fmt::format("'until' is {}, and must be a positive time", options.until)
            : fmt::format("'simulate' needs 'until', because '{}' has no horizon", m.name));
  }
  if (m.horizon && until > *m.horizon * (1 + 1e-12)) {
    return reject(
        fmt::format("'until' is {}, and '{}' ends at its horizon {}", until, m.name, *m.horizon));
  }
  const double step = options.step;
  if (step != 0 && !(step > 0 && step <= until)) {
    return reject(fmt::format("'step' is {}, and must be between 0 and 'until' = {}", step, until));
  }
  if (step > 0 && until / step > 1e12)
    return reject(fmt::format("{:g} steps of {} are more than can be counted", until / step, step));
  return until;
}

/// Under V's own policy a path from where V is infinite would run for ever.
bool check_arrival(Job& job) {
  if (!job.value || job.options.from.size() != job.model.dimension()) return true;
  if (!std::isinf((*job.value)(job.options.from))) return true;
  std::string place;
  for (std::size_t k = 0; k < job.options.from.size(); ++k)
    place +=
        fmt::format("{}{} = {:g}", k ? ", " : "", job.model.states[k].name, job.options.from[k]);
  auto& d = job.sink.emit(Kind::StartOutsideDomain, job.options.span,
                          fmt::format("no control leads from {} to the end: V is {} there", place,
                                      job.model.reward ? "-inf" : "inf"));
  if (job.model.until) d.labels.push_back({job.model.until->span, "where it would end"});
  d.help = "start where V is finite, or give a policy by hand";
  return false;
}

}  // namespace

bool can_simulate(Job& job) {
  return supported(job) && check_policy(job) && check_start(job.model, job.options, job.sink) &&
         check_arrival(job);
}

bool choose_until(Job& job) {
  const auto until = last_time(job.model, job.options, job.sink);
  if (!until) return false;
  job.until = *until;
  job.at_horizon = job.model.horizon && *until >= *job.model.horizon * (1 - 1e-12);
  return true;
}

bool check_settings(const Model& m, const SimulateOptions& options, diagnostics::Sink& sink) {
  const bool starts = check_start(m, options, sink);
  return last_time(m, options, sink).has_value() && starts;
}

}  // namespace hopf::driver
