#include "derive/internal.hpp"

#include <fmt/format.h>

#include <cmath>

#include "expr/print_parts.hpp"
#include "expr/traverse.hpp"

namespace hopf::derive {

using expr::Op;
using expr::Store;

namespace {
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr std::size_t kTidyLimit = 400;  // summands beyond which a nicer form is not looked for
constexpr double kLongestInWords = 150;  // nodes of an expression within a sentence
}  // namespace

Context make_context(const model::Model& model, diagnostics::Sink& sink) {
  Context context{model, *model.store, sink, {}, model.parameter_values(), choose_names(model)};
  for (const auto& [symbol, value] : model.bindings()) context.box[symbol] = {value, value};
  for (const auto& state : model.states) {
    if (state.lo && state.hi) context.box[state.symbol] = {*state.lo, *state.hi};
  }
  for (const auto& control : model.controls) context.box[control.symbol] = {control.lo, control.hi};
  if (model.time.valid()) context.box[model.time] = {0.0, model.horizon.value_or(kInf)};
  if (model.regime) {
    context.box[model.regime->symbol] = {1.0, static_cast<double>(model.regime->count)};
  }
  return context;
}

Sign sign_of(const Context& context, ExprId e) {
  if (context.store.is_zero(e)) return Sign::Zero;
  const expr::Interval range = expr::enclose(context.store, e, context.box);
  if (range.lo == 0 && range.hi == 0) return Sign::Zero;
  if (range.lo > 0) return Sign::Positive;
  if (range.hi < 0) return Sign::Negative;
  if (range.lo >= 0) return Sign::NonNegative;
  if (range.hi <= 0) return Sign::NonPositive;
  return Sign::Unknown;
}

std::optional<double> constant_of(const Context& context, ExprId e) {
  if (auto value = context.store.constant_value(e)) return value;
  for (SymbolId symbol : expr::free_symbols(context.store, e)) {
    if (!context.values.contains(symbol)) return std::nullopt;
  }
  const double value = expr::evaluate(context.store, e, context.model.bindings());
  if (std::isnan(value)) return std::nullopt;
  return value;
}

bool depends_on_any(const Store& store, ExprId e, const std::vector<SymbolId>& symbols) {
  return expr::Dependence(store, e, symbols)(e);
}

std::vector<ExprId> summands(const Store& store, ExprId e) {
  if (store.op(e) != Op::Add) return {e};
  const auto args = store.args(e);
  return {args.begin(), args.end()};
}

ExprId sum(Store& store, const std::vector<ExprId>& terms) { return store.add(terms); }

ExprId half(Store& store, ExprId e) { return store.mul(store.rational(1, 2), e); }

ExprId clamp(Store& store, ExprId e, double lo, double hi) {
  if (lo > -kInf) e = store.max(e, store.number(lo));
  if (hi < kInf) e = store.min(e, store.number(hi));
  return e;
}

ExprId less(Store& store, ExprId a, ExprId b) { return store.apply(Op::Less, {a, b}); }

ExprId tidy(Store& store, ExprId e) {
  if (summands(store, e).size() > kTidyLimit) return e;
  return expr::simplify(store, e);
}

ExprId replace_node(Store& store, ExprId e, ExprId from, ExprId to) {
  std::unordered_map<ExprId, ExprId> done{{from, to}};
  std::vector<ExprId> pending{e};
  while (!pending.empty()) {
    const ExprId node = pending.back();
    if (done.contains(node)) {
      pending.pop_back();
      continue;
    }
    const std::vector<ExprId> args(store.args(node).begin(), store.args(node).end());
    bool ready = true;
    for (ExprId arg : args) {
      if (done.contains(arg)) continue;
      pending.push_back(arg);
      ready = false;
    }
    if (!ready) continue;
    std::vector<ExprId> replaced;
    for (ExprId arg : args) replaced.push_back(done.at(arg));
    done[node] = args.empty() || replaced == args ? node : store.apply(store.op(node), replaced);
    pending.pop_back();
  }
  return done.at(e);
}

std::vector<SymbolId> state_symbols(const model::Model& model) {
  std::vector<SymbolId> symbols;
  for (const auto& state : model.states) symbols.push_back(state.symbol);
  return symbols;
}

std::vector<SymbolId> control_symbols(const model::Model& model) {
  std::vector<SymbolId> symbols;
  for (const auto& control : model.controls) symbols.push_back(control.symbol);
  return symbols;
}

bool is_disturbance(const model::Model& model, int control) {
  return model.groups[model.controls[control].group].disturbance;
}

SymbolId unknown(Store& store, const std::string& name) {
  const SymbolId symbol = store.symbol_id(name);
  store.mark_unknown(symbol);
  return symbol;
}

double correlation(const model::Model& model, std::size_t k, std::size_t l) {
  const std::size_t count = model.noise_count();
  if (model.correlation.size() != count * count) return k == l ? 1.0 : 0.0;
  return model.correlation[k * count + l];
}

bool is_correlated(const model::Model& model) {
  const std::size_t count = model.noise_count();
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t l = 0; l < k; ++l)
      if (correlation(model, k, l) != 0) return true;
  }
  return false;
}

// ---- words

std::string number(double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const std::string shortest = fmt::format("{}", value);
  return shortest.size() <= 8 ? shortest : fmt::format("{:.6g}", value);
}

std::string text(const Context& context, ExprId e) {
  if (expr::written_nodes(context.store, std::span(&e, 1)) > kLongestInWords)
    return "an expression too long to print";
  return expr::print(context.store, e, expr::Style::Unicode);
}

std::string set_text(const model::Model& model, const model::ControlGroup& group) {
  using Set = model::ControlGroup::Set;
  switch (group.set) {
    case Set::Free:
      return "the whole space";
    case Set::Ball:
      return fmt::format("the ball of radius {}", number(group.radius));
    case Set::Simplex:
      return "the simplex";
    case Set::Interval: {
      const auto& first = model.controls[group.components.front()];
      return fmt::format("[{}, {}]", number(first.lo), number(first.hi));
    }
    case Set::Finite:
      break;
  }
  std::vector<std::string> items;
  for (const auto& value : group.values) {
    std::vector<std::string> entries;
    for (double entry : value) entries.push_back(number(entry));
    items.push_back(value.size() == 1 ? entries[0] : "[" + join(entries, ", ") + "]");
  }
  return "{" + join(items, ", ") + "}";
}

std::string with_values(const Context& context, const std::vector<ExprId>& expressions) {
  std::vector<std::string> words;
  for (const auto& param : context.model.params) {
    if (!param.symbol.valid() || param.value.empty()) continue;
    for (ExprId e : expressions) {
      if (!expr::depends_on(context.store, e, param.symbol)) continue;
      words.push_back(fmt::format("{} = {}", param.name, number(param.value[0])));
      break;
    }
  }
  return words.empty() ? "" : "with " + join(words, ", ");
}

std::string join(const std::vector<std::string>& words, const std::string& separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

// ---- reward models

ExprId in_user_terms(const Context& context, ExprId e) {
  if (!context.model.reward || !e.valid()) return e;
  return expr::substitute(context.store, e, context.flip);
}

ExprId amount_in_user_terms(const Context& context, ExprId e) {
  if (!context.model.reward || !e.valid()) return e;
  return context.store.neg(in_user_terms(context, e));
}

}  // namespace hopf::derive
