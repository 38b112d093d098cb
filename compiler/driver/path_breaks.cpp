#include "driver/path_breaks.hpp"

#include <algorithm>
#include <cmath>

#include "driver/time_jumps.hpp"
#include "expr/traverse.hpp"

namespace hopf::driver {
namespace {

using expr::ExprId;
using expr::Interval;
using Break = runtime::PathRun::Ordinary::Break;

constexpr int kParts = 64;    // of the time, each looked at
constexpr int kSplits = 512;  // of one coefficient's parts, at most
constexpr double kShare = 4;  // of a part's share in the integral that may be uncertain

/// What moves a path, with its parameters and the policy given by hand.
kernel::HjbInput moving_parts(const SimulationJob& job) {
  const model::Model& m = job.model;
  expr::Substitution known = m.parameter_values();
  if (!job.value && job.policy) {
    for (const model::Control& control : m.controls)
      known[control.symbol] =
          expr::substitute(*m.store, job.policy->at(control.name), m.parameter_values());
  }
  const auto prepared = [&](ExprId e) { return expr::substitute(*m.store, e, known); };
  kernel::HjbInput input;
  input.time = m.time;
  for (const ExprId e : m.drift) input.drift.push_back(prepared(e));
  for (const ExprId e : m.diffusion) input.diffusion.push_back(prepared(e));
  input.cost = prepared(m.lagrangian.value);
  if (m.discount) input.discount = prepared(m.discount->value);
  if (m.until) input.until = prepared(m.until->condition);
  if (m.until && m.until->pay) input.pay = prepared(m.until->pay->value);
  if (!m.regime) return input;
  input.regime = m.regime->symbol;
  input.regimes = m.regime->count;
  for (const ExprId e : m.regime->rates) input.rates.push_back(prepared(e));
  return input;
}

/// A part of the time, and the range of a coefficient in it.
struct Part {
  double begin, end;
  Interval range;
  double most() const { return std::max(std::abs(range.lo), std::abs(range.hi)) * (end - begin); }
  double uncertain() const { return (range.hi - range.lo) * (end - begin); }
  bool known() const { return std::isfinite(most()); }
};

class Pulses {
 public:
  Pulses(const SimulationJob& job, std::vector<double> edges)
      : job_(job), edges_(std::move(edges)) {
    const std::vector<double>& from = job.options.from;
    for (std::size_t i = 0; i < job.model.dimension(); ++i) {
      const double x = from.empty() ? job.model.initial->mean[i] : from[i];
      box_[job.model.states[i].symbol] = {x, x};
    }
    if (job.model.regime)
      box_[job.model.regime->symbol] = {1, static_cast<double>(job.model.regime->count)};
  }

  /// The ends of the parts to which the coefficient confines its integral.
  void find(ExprId e, std::vector<double>& found) {
    std::vector<Part> parts;
    for (std::size_t i = 0; i + 1 < edges_.size(); ++i)
      parts.push_back(part(e, edges_[i], edges_[i + 1]));
    for (int split = 0; split < kSplits; ++split) {
      double whole = 0;
      std::size_t worst = 0;
      for (std::size_t i = 0; i < parts.size(); ++i) {
        if (!parts[i].known()) continue;
        whole += parts[i].most();
        if (!parts[worst].known() || parts[i].uncertain() > parts[worst].uncertain()) worst = i;
      }
      const Part p = parts[worst];
      const double middle = 0.5 * (p.begin + p.end);
      const bool fine = !(p.uncertain() > kShare / kParts * whole) || !(p.begin < middle);
      if (!p.known() || fine) return;
      parts[worst] = part(e, p.begin, middle);
      parts.push_back(part(e, middle, p.end));
      for (const double edge : {p.begin, middle, p.end}) found.push_back(edge);
    }
  }

 private:
  Part part(ExprId e, double begin, double end) {
    const model::Model& m = job_.model;
    box_[m.time] = {begin, end};
    if (job_.value) {
      std::vector<double> x;
      for (const model::State& state : m.states) x.push_back(box_[state.symbol].lo);
      const auto u = job_.value->control(x, 0.5 * (begin + end), 1);
      for (const model::Control& control : m.controls)
        for (std::size_t k = 0; k < job_.value->controls.size(); ++k)
          if (job_.value->controls[k].name == control.name) box_[control.symbol] = {u[k], u[k]};
    }
    return {begin, end, expr::enclose(*m.store, e, box_)};
  }

  const SimulationJob& job_;
  std::vector<double> edges_;
  expr::Box box_;
};

}  // namespace

std::vector<Break> path_breaks(const SimulationJob& job) {
  const model::Model& m = job.model;
  const kernel::HjbInput input = moving_parts(job);
  std::vector<Break> breaks;
  // Where some may be missing (`complete` is false) steps are as they would be without them, and
  // what that adds is seen by the longer steps of the bias.
  for (const runtime::TimeJump& jump : time_jumps(*m.store, input, job.until).jumps)
    if (jump.after < job.until) breaks.push_back({jump.before, jump.after});
  std::vector<double> edges;
  for (int i = 0; i <= kParts; ++i) edges.push_back(job.until * i / kParts);
  for (const Break& jump : breaks) edges.insert(edges.end(), {jump.before, jump.after});
  std::sort(edges.begin(), edges.end());
  std::vector<double> found;
  Pulses pulses(job, edges);
  for (const auto* list : {&input.drift, &input.diffusion})
    for (const ExprId e : *list)
      if (expr::depends_on(*m.store, e, m.time)) pulses.find(e, found);
  if (expr::depends_on(*m.store, input.cost, m.time)) pulses.find(input.cost, found);
  for (const double t : found)
    if (t > 0 && t < job.until) breaks.push_back({t, t});
  std::sort(breaks.begin(), breaks.end(),
            [](const Break& a, const Break& b) { return a.before < b.before; });
  std::vector<Break> result;
  for (const Break& b : breaks) {
    const double least = result.empty() ? 0 : result.back().after;
    if (b.before - least > 1e-12 * job.until) result.push_back(b);
  }
  return result;
}

}  // namespace hopf::driver
