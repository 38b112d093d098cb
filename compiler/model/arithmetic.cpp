#include "model/arithmetic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hopf::model {

bool require_number(Context& context, const Value& value) {
  if (value.poison()) return false;
  if (value.kind == Value::Kind::Number) return true;
  static constexpr const char* kFound[] = {"", "", "a condition", "a text", "a range"};
  poison(
      context, Kind::NumberExpected, value.span,
      std::string("a number is needed here, but this is ") + kFound[static_cast<int>(value.kind)],
      value.kind == Value::Kind::Condition ? "write 'if ... then 1 else 0'" : "");
  return false;
}

bool require_scalar(Context& context, const Value& value, const std::string& what) {
  if (!require_number(context, value)) return false;
  if (value.scalar()) return true;
  poison(context, Kind::ScalarExpected, value.span,
         what + " must be a scalar, but this is " + describe(value.shape));
  return false;
}

bool require_condition(Context& context, const Value& value, const std::string& what) {
  if (value.poison()) return false;
  if (value.kind == Value::Kind::Condition) return true;
  poison(context, Kind::ConditionExpected, value.span,
         what + " must be a condition, but this is a number", "compare it, as in 'x <= 0'");
  return false;
}

namespace {

bool same_shapes(Context& context, const std::vector<Value>& terms) {
  for (const Value& term : terms) {
    if (term.shape == terms[0].shape) continue;
    auto& diagnostic =
        report(context, Kind::ShapeMismatch, term.span,
               "cannot add " + describe(term.shape) + " to " + describe(terms[0].shape));
    diagnostic.primary_label = "this is " + describe(term.shape);
    diagnostic.labels.push_back({terms[0].span, "this is " + describe(terms[0].shape)});
    return false;
  }
  return true;
}

/// The unit of a sum. In a cost a weighted term adapts to the first term without a weight, e.g.
/// 0.1*omega^2 to x^2; where every term is weighted their common unit stays, or the unit is open.
bool sum_unit(Context& context, const Frame& frame, const std::vector<Value>& terms,
              Value& result) {
  if (!context.check_units) return true;
  const Value* anchor = nullptr;
  bool all_weighted = true;
  for (const Value& term : terms) {
    bool adapts = frame.cost && (term.weighted || term.literal);
    if (term.any_unit || adapts) continue;
    all_weighted = false;
    if (anchor == nullptr) {
      anchor = &term;
    } else if (!require_same(context, *anchor, term, "a sum of", result.span)) {
      return false;
    }
  }
  if (anchor != nullptr) {
    result.unit = anchor->unit;
    return true;
  }
  for (const Value& term : terms) {
    if (term.any_unit) continue;
    if (anchor == nullptr) {
      anchor = &term;
    } else if (context.units.resolve(anchor->unit) != context.units.resolve(term.unit)) {
      result.unit = context.units.fresh("cost", result.span);
      result.weighted = true;
      return true;
    }
  }
  result.any_unit = anchor == nullptr;
  result.weighted = all_weighted && anchor != nullptr;
  if (anchor != nullptr) result.unit = anchor->unit;
  return true;
}

/// Beside a vector a matrix of one column is one: [[1], [2]]*u + x.
std::vector<Value> columns_as_vectors(std::vector<Value> terms) {
  const bool beside = std::any_of(terms.begin(), terms.end(), [](auto& t) { return t.vector(); });
  for (Value& term : terms) {
    if (beside && term.matrix() && term.columns() == 1) term.shape = Shape{term.rows()};
  }
  return terms;
}

}  // namespace

Value add(Context& context, const Frame& frame, const std::vector<Value>& given,
          const std::vector<bool>& negative, Span span) {
  Value result;
  result.span = span;
  for (const Value& term : given)
    if (!require_number(context, term)) return result;
  const std::vector<Value> terms = columns_as_vectors(given);
  if (!same_shapes(context, terms)) return result;
  result = shaped_value(terms[0].shape, {}, span);
  if (!sum_unit(context, frame, terms, result)) return Value{.span = span};
  expr::Store& store = context.store();
  std::vector<ExprId> summands(terms.size());
  for (std::size_t entry = 0; entry < terms[0].entries.size(); ++entry) {
    for (std::size_t i = 0; i < terms.size(); ++i)
      summands[i] = negative[i] ? store.neg(terms[i].entries[entry]) : terms[i].entries[entry];
    result.entries.push_back(store.add(summands));
  }
  result.literal = true;
  for (const Value& term : terms) result.literal = result.literal && term.literal;
  return result;
}

Value negate(Context& context, const Value& value, Span span) {
  if (!require_number(context, value)) return Value{.span = span};
  Value result = value;
  for (ExprId& entry : result.entries) entry = context.store().neg(entry);
  result.span = span;
  return result;
}

namespace {

Value scale_by(Context& context, const Value& scalar, const Value& value, Span span) {
  return map_entries(value, span,
                     [&](ExprId entry) { return context.store().mul(scalar.entries[0], entry); });
}

Value matrix_product(Context& context, const Value& a, const Value& b, Span span) {
  expr::Store& store = context.store();
  Shape shape = b.vector() ? Shape{a.rows()} : Shape{a.rows(), b.columns()};
  Value result = shaped_value(shape, {}, span);
  std::vector<ExprId> terms(a.columns());
  for (int i = 0; i < a.rows(); ++i) {
    for (int j = 0; j < b.columns(); ++j) {
      for (int k = 0; k < a.columns(); ++k) terms[k] = store.mul(a.at(i, k), b.at(k, j));
      result.entries.push_back(store.add(terms));
    }
  }
  return result;
}

Value product_mismatch(Context& context, const Value& a, const Value& b, Span span) {
  auto& diagnostic = report(context, Kind::ProductMismatch, span,
                            "cannot multiply " + describe(a.shape) + " by " + describe(b.shape));
  diagnostic.labels = {{a.span, "this is " + describe(a.shape)},
                       {b.span, "this is " + describe(b.shape)}};
  if (a.vector() && b.vector()) diagnostic.help = "write 'dot(a, b)' for the scalar product";
  if (a.vector() && b.matrix() && a.rows() == b.rows())
    diagnostic.help = "a vector is a column: write 'transpose(A)*x'";
  if (a.matrix() && a.columns() != b.rows() && a.rows() == b.rows())
    diagnostic.help = "write 'transpose(A)*x', or exchange rows and columns of the matrix";
  return Value{.span = span};
}

void product_flags(const Value& a, const Value& b, Value& result) {
  result.literal = a.literal && b.literal;
  result.any_unit = a.any_unit || b.any_unit;
  result.weighted = !result.literal && (a.literal || b.literal || a.weighted || b.weighted);
}

/// Is this a scaled angle or share, converted to a number once more? In formulas 'a', declared in
/// deg, is in rad; 'a*pi/180' would be a 57th of it. Shares are looked at in quotients only:
/// 0.01*share may be a weight.
bool converts_again(Context& context, const Value& result, const std::string& operation) {
  if (!context.check_units || !result.scalar() || result.poison()) return false;
  expr::Store& store = context.store();
  for (const auto& [name, entry] : context.names) {
    if (!entry.declared || !entry.declared->dimensionless() || entry.scale == 1) continue;
    if (entry.value.poison() || !entry.value.scalar()) continue;
    const bool decimal =
        std::abs(std::log10(entry.scale) - std::round(std::log10(entry.scale))) < 1e-9;
    if (decimal && operation != "/") continue;
    const auto symbols = expr::free_symbols(store, result.entries[0]);
    if (symbols.size() != 1 || symbols != expr::free_symbols(store, entry.value.entries[0]))
      continue;
    const auto twice = [&](double at) {
      const expr::Binding here{{symbols[0], at}};
      const double once = expr::evaluate(store, entry.value.entries[0], here);
      return std::abs(expr::evaluate(store, result.entries[0], here) / (once * entry.scale) - 1) <
             1e-9;
    };
    if (!twice(1) || !twice(2.5)) continue;
    auto& error = report(context, Kind::UnitMismatch, result.span,
                         fmt::format("'{}' is declared in {}, and this converts it once more", name,
                                     entry.declared->text));
    error.help = fmt::format("write '{}': formulas are in SI, where {} is {:.6g}", name,
                             entry.declared->text, entry.scale);
    return true;
  }
  return false;
}

}  // namespace

Value multiply(Context& context, const Value& a, const Value& b, Span span) {
  if (!require_number(context, a) || !require_number(context, b)) return Value{.span = span};
  Value result;
  if (a.scalar()) {
    result = scale_by(context, a, b, span);
  } else if (b.scalar()) {
    result = scale_by(context, b, a, span);
  } else if (a.columns() == b.rows()) {  // a vector is a column: b*u with one control u[1]
    result = matrix_product(context, a, b, span);
  } else {
    return product_mismatch(context, a, b, span);
  }
  product_flags(a, b, result);
  if (context.check_units) result.unit = times(a.unit, b.unit);
  return converts_again(context, result, "*") ? Value{.span = span} : result;
}

Value divide(Context& context, const Value& a, const Value& b, Span span) {
  if (!require_number(context, a) || !require_number(context, b)) return Value{.span = span};
  if (!b.scalar())
    return poison(context, Kind::DivisionByVector, b.span, "cannot divide by " + describe(b.shape),
                  b.matrix() ? "write 'inv(A)*x'" : "");
  Value result =
      map_entries(a, span, [&](ExprId entry) { return context.store().div(entry, b.entries[0]); });
  product_flags(a, b, result);
  result.any_unit = a.any_unit;
  if (context.check_units) result.unit = over(a.unit, b.unit);
  return converts_again(context, result, "/") ? Value{.span = span} : result;
}

namespace {

/// The unit of base^exponent: a power of the base's unit where the exponent is a rational constant.
bool power_unit(Context& context, const Value& base, const Value& exponent, Value& result) {
  if (!context.check_units) return true;
  if (!require_dimensionless(context, exponent, "an exponent")) return false;
  if (base.any_unit || context.units.resolve(base.unit).is_one()) return true;
  auto number = constant(context, exponent.entries[0]);
  auto rational = number ? small_rational(*number, 1000) : std::nullopt;
  if (rational && std::abs(*number) <= 100) {
    result.unit = raised(base.unit, *rational);
    return true;
  }
  if (context.units.equate(base.unit, {}, base.span)) return true;
  auto& diagnostic = report(context, Kind::VariableExponent, exponent.span,
                            "a quantity in " + describe(context, base.unit) +
                                " has a power only when the exponent is a rational constant");
  diagnostic.labels.push_back({base.span, "this is in " + describe(context, base.unit)});
  diagnostic.help = "divide the base by a reference value of the same unit";
  return false;
}

}  // namespace

Value raise(Context& context, const Value& base, const Value& exponent, Span span) {
  if (!require_number(context, base)) return Value{.span = span};
  if (!base.scalar())
    return poison(context, Kind::VectorPower, span,
                  "a power of " + describe(base.shape) + " is not defined",
                  base.vector() ? "write 'norm2(x)' for the squared length, or a comprehension "
                                  "'[x[i]^2 for i in 1..n]' for each entry"
                                : "write 'A*A'");
  if (!require_scalar(context, exponent, "an exponent")) return Value{.span = span};
  Value result = number_value(context.store().pow(base.entries[0], exponent.entries[0]), span);
  result.literal = base.literal && exponent.literal;
  result.weighted = base.weighted;
  if (!power_unit(context, base, exponent, result)) return Value{.span = span};
  return result;
}

}  // namespace hopf::model
