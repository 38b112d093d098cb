// Time reversal of a diffusion with density m and covariance a (Anderson 1982; Haussmann & Pardoux
// 1986):
// - reverse-time SDE: dx = (f - div a - a score) dt + sigma dw, run from T back to 0, w a motion of
//   reversed time;
// - probability-flow ODE: x' = f - 1/2 div a - 1/2 a score (Song et al. 2021);
// where score = grad log m.
// Jumps and regimes run backward with the rates that carry the same flux (Kelly 1979, 1.7; Conforti
// & Leonard 2022): from j to k at q_kj m_k / m_j, and from x back to y, with y + h(y) = x, at
// lambda(y) m(y) / (m(x) |det(1 + h'(y))|).
#include <fmt/format.h>

#include <array>

#include "derive/jumps_back.hpp"
#include "derive/regimes.hpp"

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
  const bool jumps = !context.model.jumps.empty();
  if (!jumps && !context.model.regime) return "";
  return fmt::format("the process {}, and what that moves is no flow along a path of the state",
                     jumps ? "jumps" : "switches between regimes");
}

Step start(const char* field, const char* title, const char* source) {
  Step step;
  step.field = field;
  step.title = title;
  step.source = source;
  return step;
}

void add_score(const Context& context, Step& step) {
  if (!context.model.noises.empty())
    step.notes.push_back(
        fmt::format("{}[x] is the derivative by x of log {}, with {} the density at time t",
                    context.names.score, context.names.density, context.names.density));
  if (!context.model.controls.empty())
    step.notes.push_back("the controls stand for their policy, a function of the state");
}

/// In each regime, or as they are.
void add_for_regimes(Context& context, const std::vector<Equation>& generic,
                     const std::vector<std::string>& fields, Step& step) {
  const auto& regime = context.model.regime;
  if (!regime) step.equations.insert(step.equations.end(), generic.begin(), generic.end());
  for (int j = 1; regime && j <= regime->count; ++j) {
    for (const Equation& equation : generic)
      step.equations.push_back(into_regime(context, equation, fields, j));
  }
}

void add_diffusion(Context& context, const Equations& eqs, Step& step) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::size_t count = model.noise_count();
  std::vector<std::string> fields;
  std::vector<Equation> equations;
  for (std::size_t i = 0; i < model.dimension(); ++i) {
    Equation back{store.symbol(model.states[i].symbol),
                  reversed_drift(context, eqs, i, store.integer(1)),
                  count == 0 ? Equation::Form::Rate : Equation::Form::Differential};
    for (std::size_t k = 0; k < count; ++k) {
      const ExprId sigma = model.diffusion[i * count + k];
      if (!store.is_zero(sigma)) back.noise.push_back({sigma, model.noises[k].name});
    }
    fields.push_back(fmt::format("{}[{}]", context.names.score, model.states[i].name));
    equations.push_back(std::move(back));
  }
  add_for_regimes(context, equations, fields, step);
}

/// The rate at which a jump is undone, for each mark under its law.
void add_jumps(Context& context, Step& step) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::string& m = context.names.density;
  for (std::size_t k = 0; k < model.jumps.size(); ++k) {
    const std::string& process = model.jumps[k].name;
    const auto back = jump_back(context, k);
    if (!back) {
      step.notes.push_back(fmt::format(
          "jumps of {} land on a set without volume: backward they leave it at once", process));
      continue;
    }
    const std::string name = fresh_name(model, fmt::format("back_{}", process));
    const ExprId ratio = store.div(back->density, store.symbol(unknown(store, m)));
    std::vector<Equation> equations{{store.symbol(name), store.mul(back->weight, ratio)}};
    equations.insert(equations.end(), back->places.begin(), back->places.end());
    std::vector<std::string> fields = back->fields;
    fields.insert(fields.end(), {name, m});
    add_for_regimes(context, equations, fields, step);
    const std::vector<std::string> to(back->fields.begin(), back->fields.end() - 1);
    step.notes.push_back(fmt::format("jumps of {} are undone, to {}, at the rate {}{}", process,
                                     join(to, ", "), name,
                                     back->mean.empty() ? "" : ", in all " + back->mean));
    step.notes.push_back(back->words);
  }
}

/// The reversed chain: from j to k at the rate q_kj m_k / m_j.
void add_switches(Context& context, Step& step) {
  Store& store = context.store;
  const auto& model = context.model;
  if (!model.regime) return;
  const std::string &m = context.names.density, name = fresh_name(model, "back");
  const auto mass = [&](int j) { return store.symbol(unknown(store, regime_field(m, j))); };
  for (int j = 1; j <= model.regime->count; ++j) {
    for (int k = 1; k <= model.regime->count; ++k) {
      if (k == j || store.is_zero(rate(context, k, j))) continue;
      const ExprId ratio = store.div(mass(k), mass(j));
      step.equations.push_back({store.symbol(fmt::format("{}[{},{}]", name, j, k)),
                                store.mul(rate(context, k, j), ratio)});
    }
  }
  step.notes.push_back(
      fmt::format("{}[j,k] is the rate backward from regime j to k: that of the process from k to "
                  "j, times the ratio of their densities",
                  name));
}

}  // namespace

void add_reversal(Context& context, Equations& eqs) {
  const auto& model = context.model;
  const bool moves_at_random = !model.noises.empty() || !model.jumps.empty() || model.regime;
  if (!moves_at_random) {
    for (const char* field : {"reverse", "probability_flow"})
      eqs.absent.emplace_back(field,
                              "there is no noise: run backward, the dynamics are themselves");
    return;
  }
  const bool switches = !model.jumps.empty() || model.regime;
  Step reverse = start("reverse", "Reverse-time equation",
                       switches ? "Anderson 1982; Haussmann & Pardoux 1986; Kelly 1979, 1.7; "
                                  "Conforti & Leonard 2022"
                                : "Anderson 1982; Haussmann & Pardoux 1986");
  Step flow =
      start("probability_flow", "Probability-flow equation", "Song et al. 2021, appendix D.1");
  reverse.words =
      model.noises.empty()
          ? "Run from the horizon back to 0 (dt < 0), it has the same densities."
          : "Run from the horizon back to 0 (dt < 0) with a Brownian motion of reversed "
            "time, it has the same densities.";
  if (switches) reverse.words += " Jumps and switches have rates of their own, per unit of |dt|.";
  add_diffusion(context, eqs, reverse);
  add_jumps(context, reverse);
  add_switches(context, reverse);
  add_score(context, reverse);
  const std::string why_not = refusal(context);
  if (!why_not.empty()) {
    flow.words = "Not available: " + why_not + ".";
  } else {
    flow.words = "A noiseless motion with the same densities at every time, forward and backward.";
    for (std::size_t i = 0; i < model.dimension(); ++i)
      flow.equations.push_back({context.store.symbol(model.states[i].symbol),
                                reversed_drift(context, eqs, i, context.store.rational(1, 2)),
                                Equation::Form::Rate});
    add_score(context, flow);
  }
  eqs.steps.push_back(std::move(reverse));
  eqs.steps.push_back(std::move(flow));
}

}  // namespace hopf::derive
