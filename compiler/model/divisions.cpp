#include "model/divisions.hpp"

#include <cmath>
#include <set>

namespace hopf::model {

namespace {

struct Body {
  ExprId value;
  Span span;
  std::string what;
};

std::vector<Body> bodies(const Model& model) {
  std::vector<Body> all;
  const auto add = [&](ExprId value, Span span, const std::string& what) {
    if (value.valid()) all.push_back({value, span, "the " + what});
  };
  add(model.lagrangian.value, model.lagrangian.span, model.reward ? "reward" : "running cost");
  if (model.terminal) add(model.terminal->value, model.terminal->span, "terminal amount");
  if (model.discount) add(model.discount->value, model.discount->span, "discount");
  if (model.stop_pays) add(model.stop_pays->value, model.stop_pays->span, "amount at the stop");
  if (model.until && model.until->pay)
    add(model.until->pay->value, model.until->pay->span, "amount at the end");
  const std::size_t noises = model.noises.size();
  for (std::size_t i = 0; i < model.states.size(); ++i) {
    const State& state = model.states[i];
    add(model.drift[i], state.span, "drift of '" + state.name + "'");
    for (std::size_t k = 0; k < noises; ++k)
      add(model.diffusion[i * noises + k], state.span, "noise of '" + state.name + "'");
  }
  return all;
}

/// "g = 1, r = 0.03": the parameters of an expression.
std::string with_values(Context& context, ExprId e) {
  std::string text;
  for (const SymbolId symbol : free_symbols(context.store(), e)) {
    char number[32];
    std::snprintf(number, sizeof number, "%.10g", context.bindings.at(symbol));
    text += (text.empty() ? "" : ", ") + context.store().name(symbol) + " = " + number;
  }
  return text;
}

void report_divisor(Context& context, const Body& body, ExprId divisor) {
  const std::string text = print(context.store(), divisor);
  const std::string values = with_values(context, divisor);
  auto& diagnostic = report(context, Kind::DivisionByZero, body.span,
                            body.what + " divides by '" + text + "', which is zero" +
                                (values.empty() ? "" : " for " + values));
  diagnostic.help =
      "choose other values, or write the limit as a case of its own: 'if ... == ... then ... else "
      "...'";
}

/// Zero, or what rounding leaves of a sum that is.
bool is_zero(Context& context, ExprId e) {
  const auto value = constant(context, e);
  if (!value) return false;
  double size = 0;
  const expr::Store& store = context.store();
  if (store.op(e) == expr::Op::Add)
    for (const ExprId part : store.args(e)) size += std::fabs(constant(context, part).value_or(0));
  return std::fabs(*value) <= 1e-15 * size;
}

/// The divisor of a power with a negative exponent, where it is zero.
bool is_zero_divisor(Context& context, ExprId e) {
  const expr::Store& store = context.store();
  if (store.op(e) != expr::Op::Pow) return false;
  const auto exponent = constant(context, store.args(e)[1]);
  if (!exponent || !(*exponent < 0)) return false;
  return is_zero(context, store.args(e)[0]);
}

/// The parts of e that are evaluated; of a choice that the parameters decide, one branch.
std::vector<ExprId> evaluated_parts(Context& context, ExprId e) {
  const expr::Store& store = context.store();
  const auto args = store.args(e);
  if (store.op(e) == expr::Op::Select)
    if (const auto decided = constant(context, args[0])) return {args[*decided != 0 ? 1 : 2]};
  return {args.begin(), args.end()};
}

/// `seen` and `told` are what was looked at and reported before.
void refuse_in(Context& context, const Body& body, std::set<ExprId>& seen, std::set<ExprId>& told) {
  std::vector<ExprId> pending{body.value};
  while (!pending.empty()) {
    const ExprId e = pending.back();
    pending.pop_back();
    if (!seen.insert(e).second) continue;
    const bool zero = is_zero_divisor(context, e);
    if (zero && told.insert(context.store().args(e)[0]).second)
      report_divisor(context, body, context.store().args(e)[0]);
    for (const ExprId part : evaluated_parts(context, e)) pending.push_back(part);
  }
}

}  // namespace

void refuse_zero_divisors(Context& context) {
  std::set<ExprId> seen, told;
  for (const Body& body : bodies(context.model)) refuse_in(context, body, seen, told);
}

void refuse_zero_divisors(Context& context, ExprId e, Span span, const std::string& what) {
  std::set<ExprId> seen, told;
  refuse_in(context, {e, span, what}, seen, told);
}

}  // namespace hopf::model
