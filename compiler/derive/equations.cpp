// All that follows from a model, in the order in which it is read.
#include "derive/equations.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "derive/internal.hpp"

namespace hopf::derive {

using diagnostics::Kind;

namespace {

bool is_bridge(const model::Model& model) { return model.initial && model.final_; }

bool absorbs(const model::Model& model) {
  for (const auto& state : model.states) {
    if (state.boundary == model::Boundary::Absorb) return true;
  }
  return false;
}

bool ends(const model::Model& model) {
  return model.horizon || model.until || model.stop_pays || absorbs(model);
}

void check_cost(Context& context) {
  const auto& model = context.model;
  if (model.groups.empty() || model.has_cost || is_bridge(model)) return;
  auto& diagnostic =
      context.sink.emit(Kind::NoCost, model.groups[0].span,
                        fmt::format("'{}' is a control, but '{}' has no cost to choose it by",
                                    model.groups[0].name, model.name));
  diagnostic.primary_label = "declared here";
  diagnostic.help = "add 'lagrangian ...', 'reward ...' or 'terminal ...'";
}

/// Switching adds rate times differences of V between regimes; a law over gradients alone cannot
/// weigh those.
void check_rates(Context& context) {
  const auto& model = context.model;
  if (!model.regime) return;
  for (ExprId rate : model.regime->rates) {
    for (const auto& control : model.controls) {
      if (!expr::depends_on(context.store, rate, control.symbol)) continue;
      auto& diagnostic =
          context.sink.emit(Kind::ControlInRates, model.regime->span,
                            fmt::format("the control '{}' changes the switching rates of '{}'",
                                        control.name, model.regime->name));
      diagnostic.primary_label = "these rates must not depend on a control";
      diagnostic.labels.push_back({model.groups[control.group].span, "the control"});
      return;
    }
  }
}

/// Without a discount a linear-quadratic cost may be finite: where a policy brings to rest whatever
/// state costs (Anderson & Moore 1990, 3.2). The Riccati solver tells. Noise that does not vanish
/// with the state rules it out where every state costs.
enum class Rest : std::uint8_t { Unknown, Possible, Noise };

Rest rest_of(const Equations& eqs) {
  if (!eqs.has_riccati() || eqs.lq_varies()) return Rest::Unknown;
  if (eqs.lq.size() > 1) return Rest::Possible;  // the last regime may be without noise
  const auto& lq = eqs.lq.front();
  const std::size_t n = lq.c.size(), noises = n ? lq.S.size() / n : 0;
  for (std::size_t k = 0; k < noises; ++k) {
    double cost = 0;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j)
        cost += lq.S[i * noises + k] * lq.Q[i * n + j] * lq.S[j * noises + k];
    if (cost > 0 && std::all_of(lq.N.begin(), lq.N.end(), [](double v) { return v == 0; }))
      return Rest::Noise;
  }
  return Rest::Possible;
}

bool check_finite(Context& context, Rest rest) {
  const auto& model = context.model;
  const auto span = model.lagrangian.span.valid() ? model.lagrangian.span : model.span;
  auto& diagnostic = context.sink.emit(
      Kind::NoDiscountOrHorizon, span,
      rest == Rest::Noise
          ? fmt::format("the cost of '{}' runs for ever without a discount, and its noise never "
                        "lets the state rest: its value is infinite",
                        model.name)
          : fmt::format(
                "the cost of '{}' runs for ever without a discount, so its value may be infinite",
                model.name));
  diagnostic.primary_label = "paid without end";
  diagnostic.notes.push_back(
      "a value is finite with a horizon, a discount, an 'until' set, 'stop pays' or 'average'");
  diagnostic.help = "add 'discount 0.1', 'horizon 1' or 'average'";
  return false;
}

bool check_discount(Context& context, const Equations& eqs) {
  const auto& model = context.model;
  if (!model.has_cost || ends(model) || model.average || is_bridge(model)) return true;
  const Sign sign = model.discount ? sign_of(context, model.discount->value) : Sign::Zero;
  if (!is_nonpositive(sign)) return true;
  const Rest rest = rest_of(eqs);
  if (rest == Rest::Possible) return true;
  if (!model.discount) return check_finite(context, rest);
  auto& diagnostic =
      context.sink.emit(Kind::DiscountNotPositive, model.discount->span,
                        "the discount rate is not positive and nothing else ends the problem");
  diagnostic.primary_label = fmt::format("{} here", sign == Sign::Zero ? "zero" : "never positive");
  if (rest == Rest::Noise)
    diagnostic.notes.push_back("the noise does not let the state rest, so its cost has no end");
  diagnostic.help = "give a positive rate, or a 'horizon', or ask for the long-run 'average'";
  return false;
}

bool has_value(const model::Model& model) { return model.has_cost || is_bridge(model); }

void add_steps(Context& context, Equations& eqs) {
  if (has_value(context.model)) {
    add_hamiltonian(context, eqs);
    add_control_law(context, eqs);
    add_hjb(context, eqs);
  }
  add_generator(context, eqs);
  add_fokker_planck(context, eqs);
  if (has_value(context.model)) {
    add_costate(context, eqs);
    add_mechanics(context, eqs);
    add_riccati(context, eqs);
    add_hopf_cole(context, eqs);
    add_bounds(context, eqs);
  }
  add_reversal(context, eqs);
  if (has_value(context.model)) {
    if (context.model.controls.empty())
      eqs.absent.emplace_back("control_law", "the model has no control");
    return;
  }
  for (const char* field : {"hamiltonian", "control_law", "hjb", "costate", "canonical",
                            "euler_lagrange", "riccati", "hopf_cole", "bounds"})
    eqs.absent.emplace_back(field, "the model has no cost to optimise");
}

}  // namespace

const Step* Equations::find(const std::string& field) const {
  for (const auto& step : steps) {
    if (step.field == field) return &step;
  }
  return nullptr;
}

std::string Equations::why_absent(const std::string& field) const {
  for (const auto& [name, reason] : absent) {
    if (name == field) return reason;
  }
  return "";
}

bool Equations::lq_varies() const {
  return std::any_of(lq.begin(), lq.end(), [](const auto& each) { return each.time_varying; });
}

std::optional<Equations> structure(const model::Model& model, diagnostics::Sink& sink) {
  Context context = make_context(model, sink);
  const std::size_t before = sink.error_count();
  check_cost(context);
  check_rates(context);
  if (sink.error_count() > before) return std::nullopt;
  Equations eqs;
  build_integrand(context, eqs);
  if (has_value(model)) {
    if (!minimise(context, eqs)) return std::nullopt;
    detect_linear_quadratic(context, eqs);
    detect_hopf_cole(context, eqs);
  } else {
    eqs.hamiltonian = ExprId();
    eqs.lq_refusal = "the model has no cost";
    eqs.hopf_cole_refusal = "the model has no cost";
  }
  if (!check_discount(context, eqs)) return std::nullopt;
  return eqs;
}

void write_steps(const model::Model& model, Equations& eqs) {
  if (!eqs.steps.empty()) return;
  diagnostics::Sink ignored;  // what there is to say was said with the structure
  Context context = make_context(model, ignored);
  note_signs(context, eqs);
  add_steps(context, eqs);
  abbreviate(context, eqs);
}

std::optional<Equations> equations(const model::Model& model, diagnostics::Sink& sink) {
  std::optional<Equations> eqs = structure(model, sink);
  if (eqs) write_steps(model, *eqs);
  return eqs;
}

std::optional<Equations> equations_again(Context& context, const Equations& first) {
  Equations eqs;
  build_integrand(context, eqs);
  if (has_value(context.model) && !minimise(context, eqs)) return std::nullopt;
  eqs.lq = first.lq;
  eqs.lq_refusal = first.lq_refusal;
  eqs.hopf_cole_refusal = first.hopf_cole_refusal;
  if (has_value(context.model)) detect_hopf_cole(context, eqs);
  add_steps(context, eqs);
  return eqs;
}

}  // namespace hopf::derive
