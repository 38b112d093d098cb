#include "model/context.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "model/functions.hpp"
#include "model/unit_names.hpp"

namespace hopf::model {

std::string role_name(Role role) {
  switch (role) {
    case Role::Param:
      return "parameter";
    case Role::State:
      return "state";
    case Role::Control:
      return "control";
    case Role::Disturbance:
      return "disturbance";
    case Role::Noise:
      return "noise";
    case Role::Jump:
      return "jump";
    case Role::Mark:
      return "mark";
    case Role::Regime:
      return "regime";
    case Role::Density:
      return "density";
    case Role::Let:
      return "abbreviation";
    case Role::Time:
      return "time";
  }
  return "name";
}

Diagnostic& report(Context& context, Kind kind, Span span, std::string message) {
  return context.sink->emit(kind, span, std::move(message));
}

Value poison(Context& context, Kind kind, Span span, std::string message, std::string help) {
  report(context, kind, span, std::move(message)).help = std::move(help);
  Value value;
  value.span = span;
  return value;
}

Entry* find(Context& context, const std::string& name) {
  auto found = context.names.find(name);
  return found == context.names.end() ? nullptr : &found->second;
}

bool left_out(const Context& context, const std::string& name) {
  const auto has = [&](const syntax::LeftOut& part) {
    return std::find(part.words.begin(), part.words.end(), name) != part.words.end();
  };
  return has(context.ast->left_out) || (context.item != nullptr && has(context.item->left_out));
}

bool incomplete(const Context& context) {
  return context.item != nullptr && context.item->left_out.any;
}

std::vector<std::string> visible_names(Context& context, const Frame& frame) {
  std::vector<std::string> names = {"pi", "inf"};
  for (const auto& [name, value] : frame.locals) names.push_back(name);
  if (frame.model_names) {
    for (const auto& [name, entry] : context.names) {
      names.push_back(name);
      bool has_differential =
          entry.role == Role::Noise || entry.role == Role::Jump || entry.role == Role::Time;
      if (frame.differentials && has_differential) names.push_back("d" + name);
    }
  }
  for (const auto& [name, function] : context.scope->functions) names.push_back(name);
  for (const std::string& name : builtin_names()) names.push_back(name);
  return names;
}

std::optional<double> constant(Context& context, ExprId e) {
  if (auto value = context.store().constant_value(e)) return value;
  for (SymbolId symbol : free_symbols(context.store(), e))
    if (!context.bindings.contains(symbol)) return std::nullopt;
  return evaluate(context.store(), e, context.bindings);
}

namespace {

/// The rational that a factor between units is meant to be, such as 5/18; not one that happens to
/// be near it.
std::optional<Rational> simple_rational(double factor) {
  auto exact = small_rational(factor, 1000000000);
  bool simple =
      exact && static_cast<double>(std::abs(exact->num)) * static_cast<double>(exact->den) <= 1e10;
  return simple ? exact : std::nullopt;
}

}  // namespace

ExprId scaled(Context& context, ExprId e, double factor) {
  if (factor == 1) return e;
  expr::Store& store = context.store();
  if (auto exact = simple_rational(factor))
    return store.mul(store.rational(exact->num, exact->den), e);
  if (auto exact = simple_rational(factor / std::numbers::pi)) {  // degrees
    ExprId parts[] = {store.rational(exact->num, exact->den), store.pi(), e};
    return store.mul(parts);
  }
  if (auto exact = simple_rational(factor * std::numbers::pi)) {
    ExprId parts[] = {store.rational(exact->num, exact->den),
                      store.pow(store.pi(), store.integer(-1)), e};
    return store.mul(parts);
  }
  return store.mul(store.number(factor), e);
}

// ---- units

UnitTerm seconds(Rational exponent) {
  UnitTerm result;
  result.known[2] = exponent;
  return result;
}

namespace {

/// The symbol of a unit that is written as a word; empty for other words.
std::string_view unit_symbol(std::string_view word) {
  constexpr std::pair<std::string_view, std::string_view> kSymbols[] = {
      {"metre", "m"},      {"meter", "m"},      {"second", "s"},    {"sec", "s"},
      {"minute", "min"},   {"hour", "h"},       {"hr", "h"},        {"gram", "g"},
      {"ampere", "A"},     {"kelvin", "K"},     {"newton", "N"},    {"joule", "J"},
      {"watt", "W"},       {"volt", "V"},       {"pascal", "Pa"},   {"hertz", "Hz"},
      {"radian", "rad"},   {"degree", "deg"},   {"kilogram", "kg"}, {"kilo", "kg"},
      {"kilometer", "km"}, {"kilometre", "km"}, {"dollar", "USD"},  {"euro", "EUR"},
      {"mole", "mol"}};
  for (const auto& [name, symbol] : kSymbols)
    if ((word == name || word == std::string(name) + "s") && find_unit(std::string(symbol)))
      return symbol;
  return {};
}

std::optional<Unit> read_factor(Context& context, const syntax::UnitFactor& factor, Span span) {
  std::optional<Unit> unit = find_unit(factor.name.text);
  if (!unit) {
    std::vector<std::string> known = unit_names();
    auto& diagnostic = report(context, Kind::UnknownUnit, factor.name.span,
                              "'" + factor.name.text + "' is not a known unit");
    if (const std::string_view symbol = unit_symbol(factor.name.text); !symbol.empty()) {
      diagnostic.help = "write '" + std::string(symbol) + "'";
    } else if (factor.name.text == "degC" || factor.name.text == "celsius") {
      diagnostic.help = "temperatures are in K; 'from_celsius' of std.units converts";
    } else if (auto guess = diagnostics::did_you_mean(factor.name.text, known)) {
      diagnostic.help = "did you mean '" + *guess + "'?";
    }
    return std::nullopt;
  }
  auto exponent = make_rational(factor.numerator, factor.denominator);
  if (!exponent) {
    report(context, Kind::UnknownUnit, span, "a unit to a power with denominator 0");
    return std::nullopt;
  }
  if (is_currency(factor.name.text)) {
    if (!context.currency.empty() && context.currency != factor.name.text)
      report(context, Kind::TwoCurrencies, factor.name.span,
             "the model counts in both " + context.currency + " and " + factor.name.text)
          .help = "convert by a parameter, and use one currency in all units";
    context.currency = factor.name.text;
  }
  return power(*unit, *exponent);
}

}  // namespace

UnitTerm declared_unit(Context& context, Entry& entry,
                       const std::optional<syntax::UnitExpr>& annotation) {
  if (!context.check_units) return {};
  if (!annotation) return context.units.fresh(entry.name, entry.span);
  Unit unit;
  std::string text;
  for (const syntax::UnitFactor& factor : annotation->factors) {
    auto read = read_factor(context, factor, annotation->span);
    if (!read) return context.units.fresh(entry.name, entry.span);
    unit = multiply(unit, *read);
    bool below = factor.numerator < 0;
    text += below ? (text.empty() ? "1/" : "/") : (text.empty() ? "" : "*");
    text += factor_text(factor.name.text, {std::abs(factor.numerator), factor.denominator});
  }
  unit.text = text.empty() ? "1" : text;
  entry.declared = unit;
  entry.scale = unit.scale;
  return term(unit);
}

std::string describe(Context& context, const UnitTerm& unresolved) {
  UnitTerm resolved = context.units.resolve(unresolved);
  Unit known;
  known.exponents = resolved.known;
  std::string text;
  for (const auto& [index, exponent] : resolved.unknown)
    text += (text.empty() ? "" : "*") +
            factor_text("[" + context.units.unknown(index).name + "]", exponent);
  std::string rest = to_string(known);
  if (text.empty()) return rest;
  if (rest[0] == '1') return text + rest.substr(1);  // 1/s
  return rest + "*" + text;
}

void explain_inference(Context& context, Diagnostic& diagnostic, const UnitTerm& unit) {
  for (const auto& [index, exponent] : unit.unknown) {
    const UnitSystem::Unknown& unknown = context.units.unknown(index);
    if (!unknown.definition || !unknown.determined.valid()) continue;
    diagnostic.labels.push_back({unknown.determined, "here '" + unknown.name + "' gets the unit " +
                                                         describe(context, *unknown.definition)});
  }
}

bool require_same(Context& context, const Value& a, const Value& b, const std::string& operation,
                  Span span) {
  if (!context.check_units || a.any_unit || b.any_unit || a.poison() || b.poison()) return true;
  if (context.units.equate(a.unit, b.unit, span)) return true;
  std::string left = describe(context, a.unit), right = describe(context, b.unit);
  auto& diagnostic = report(context, Kind::UnitMismatch, b.span,
                            operation + " a quantity in " + left + " and one in " + right);
  diagnostic.primary_label = "this is in " + right;
  diagnostic.labels.push_back({a.span, "this is in " + left});
  explain_inference(context, diagnostic, a.unit);
  explain_inference(context, diagnostic, b.unit);
  return false;
}

bool require_dimensionless(Context& context, const Value& value, const std::string& what) {
  return require_unit(context, value, {}, Kind::NotDimensionless, what);
}

bool require_unit(Context& context, const Value& value, const UnitTerm& unit, Kind kind,
                  const std::string& what) {
  if (!context.check_units || value.any_unit || value.poison()) return true;
  if (context.units.equate(value.unit, unit, value.span)) return true;
  std::string found = describe(context, value.unit), needed = describe(context, unit);
  auto& diagnostic = report(context, kind, value.span,
                            what + (needed == "1" ? " must be dimensionless, not in " + found
                                                  : " must be in " + needed + ", not in " + found));
  diagnostic.primary_label = "this is in " + found;
  explain_inference(context, diagnostic, value.unit);
  return false;
}

}  // namespace hopf::model
