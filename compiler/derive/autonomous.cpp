#include "derive/autonomous.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hopf::derive {

namespace {

struct Collector {
  const model::Model& model;
  std::vector<TimedPart> parts;

  void add(expr::ExprId e, const std::string& what, source::Span span) {
    if (!e.valid() || !expr::depends_on(*model.store, e, model.time)) return;
    const bool told = std::any_of(parts.begin(), parts.end(),
                                  [&](const TimedPart& part) { return part.what == what; });
    if (!told) parts.push_back({what, span});
  }
  void add(const std::optional<model::Amount>& amount, const std::string& what) {
    if (amount) add(amount->value, what, amount->span);
  }
};

void add_state(Collector& into, std::size_t i) {
  const auto& model = into.model;
  const auto& state = model.states[i];
  into.add(model.drift[i], fmt::format("the drift of '{}'", state.name), state.dynamics_span);
  for (std::size_t k = 0; k < model.noise_count(); ++k)
    into.add(model.diffusion[i * model.noise_count() + k],
             fmt::format("the noise of '{}'", state.name), state.dynamics_span);
  for (std::size_t k = 0; k < model.jumps.size(); ++k)
    into.add(model.jump_size[i * model.jumps.size() + k],
             fmt::format("the jump of '{}'", state.name), state.dynamics_span);
  into.add(state.absorb_value, fmt::format("what is paid at the ends of '{}'", state.name),
           state.span);
}

}  // namespace

std::vector<TimedPart> timed_parts(const model::Model& model) {
  if (!model.time.valid()) return {};
  Collector found{model, {}};
  for (std::size_t i = 0; i < model.dimension(); ++i) add_state(found, i);
  for (const auto& jump : model.jumps)
    found.add(jump.rate, fmt::format("the rate of '{}'", jump.name), jump.span);
  if (model.regime) {
    for (const expr::ExprId rate : model.regime->rates)
      found.add(rate, fmt::format("a switching rate of '{}'", model.regime->name),
                model.regime->span);
  }
  found.add(model.lagrangian.value, model.reward ? "the reward" : "the running cost",
            model.lagrangian.span);
  found.add(model.discount, "the discount rate");
  if (model.until) {
    found.add(model.until->condition, "the set of 'until'", model.until->span);
    found.add(model.until->pay, "what 'until' pays");
  }
  found.add(model.stop_pays, "what stopping pays");
  for (const auto& constraint : model.constraints)
    found.add(constraint.value, "the set of 'subject to'", constraint.span);
  return std::move(found.parts);
}

}  // namespace hopf::derive
