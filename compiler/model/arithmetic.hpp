// Sums, products and powers of shaped values, with their shapes and units checked.
#pragma once

#include <vector>

#include "model/context.hpp"

namespace hopf::model {

/// A number, or a poison after saying that a condition or a text is not one.
bool require_number(Context&, const Value&);
bool require_scalar(Context&, const Value&, const std::string& what);
bool require_condition(Context&, const Value&, const std::string& what);

/// Sum of all terms; `negative[i]` subtracts the i-th. In a cost, weighted terms take the unit of
/// the others.
Value add(Context&, const Frame&, const std::vector<Value>& terms,
          const std::vector<bool>& negative, Span);
Value multiply(Context&, const Value&, const Value&, Span);
Value divide(Context&, const Value&, const Value&, Span);
Value raise(Context&, const Value& base, const Value& exponent, Span);
Value negate(Context&, const Value&, Span);

/// f applied to each entry; keeps the shape, not the unit.
template <class F>
Value map_entries(const Value& value, Span span, F f) {
  Value result = shaped_value(value.shape, {}, span);
  result.entries.reserve(value.entries.size());
  for (ExprId entry : value.entries) result.entries.push_back(f(entry));
  result.literal = value.literal;
  return result;
}

}  // namespace hopf::model
