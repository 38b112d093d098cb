// Time reversal of a diffusion with density m and covariance a (Anderson 1982; Haussmann & Pardoux
// 1986):
// - reverse-time SDE: dx = (f - div a - a score) dt + sigma dw, run from T back to 0, w a motion of
//   reversed time;
// - probability-flow ODE: x' = f - 1/2 div a - 1/2 a score (Song et al. 2021);
// where score = grad log m.
#include <fmt/format.h>

#include <array>

#include "derive/internal.hpp"

namespace hopf::derive {

using expr::Store;

namespace {

ExprId score_of(Context& context, std::size_t i) {
  const std::string& name = context.model.states[i].name;
  return context.store.symbol(
      unknown(context.store, fmt::format("{}[{}]", context.names.score, name)));
}

/// f_i - weight * sum_j (d_j a_ij + a_ij score_j).
ExprId reversed_drift(Context& context, const Equations& eqs, std::size_t i, ExprId weight) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::size_t n = model.dimension();
  std::vector<ExprId> divergence, terms{model.drift[i]};
  for (std::size_t j = 0; j < n; ++j) {
    const ExprId a = eqs.covariance[i * n + j];
    divergence.push_back(total_derivative(context, a, j));
    terms.push_back(store.neg(store.mul(std::array{weight, a, score_of(context, j)})));
  }
  terms.push_back(store.neg(store.mul(weight, tidy(store, store.add(divergence)))));
  return store.add(terms);
}

std::string refusal(const Context& context) {
  if (!context.model.jumps.empty())
    return "the process jumps, and its reversal needs the density at other points";
  if (context.model.regime) return "the process switches between regimes";
  return "";
}

Step start(const char* field, const char* title, const char* source) {
  Step step;
  step.field = field;
  step.title = title;
  step.source = source;
  return step;
}

void add_score(const Context& context, Step& step) {
  step.notes.push_back(
      fmt::format("{}[x] is the derivative by x of log {}, with {} the density at time t",
                  context.names.score, context.names.density, context.names.density));
  if (!context.model.controls.empty())
    step.notes.push_back("the controls stand for their policy, a function of the state");
}

}  // namespace

void add_reversal(Context& context, Equations& eqs) {
  const auto& model = context.model;
  if (model.noises.empty()) {
    for (const char* field : {"reverse", "probability_flow"})
      eqs.absent.emplace_back(field,
                              "there is no noise: run backward, the dynamics are themselves");
    return;
  }
  Store& store = context.store;
  Step reverse =
      start("reverse", "Reverse-time equation", "Anderson 1982; Haussmann & Pardoux 1986");
  Step flow =
      start("probability_flow", "Probability-flow equation", "Song et al. 2021, appendix D.1");
  const std::string why_not = refusal(context);
  if (!why_not.empty()) {
    reverse.words = flow.words = "Not available: " + why_not + ".";
  } else {
    reverse.words =
        "Run from the horizon back to 0 (dt < 0) with a Brownian motion of reversed time, it has "
        "the same densities.";
    flow.words = "A noiseless motion with the same densities at every time, forward and backward.";
    const std::size_t count = model.noise_count();
    for (std::size_t i = 0; i < model.dimension(); ++i) {
      const ExprId x = store.symbol(model.states[i].symbol);
      Equation back{x, reversed_drift(context, eqs, i, store.integer(1)),
                    Equation::Form::Differential};
      for (std::size_t k = 0; k < count; ++k) {
        const ExprId sigma = model.diffusion[i * count + k];
        if (!store.is_zero(sigma)) back.noise.push_back({sigma, model.noises[k].name});
      }
      reverse.equations.push_back(std::move(back));
      flow.equations.push_back(
          {x, reversed_drift(context, eqs, i, store.rational(1, 2)), Equation::Form::Rate});
    }
    add_score(context, reverse);
    add_score(context, flow);
  }
  eqs.steps.push_back(std::move(reverse));
  eqs.steps.push_back(std::move(flow));
}

}  // namespace hopf::derive
