#include "model/value.hpp"

namespace hopf::model {

std::string describe(const Shape& shape) {
  if (shape.empty()) return "a scalar";
  if (shape.size() == 1) return "a vector of length " + std::to_string(shape[0]);
  return "a " + std::to_string(shape[0]) + "x" + std::to_string(shape[1]) + " matrix";
}

std::size_t entry_count(const Shape& shape) {
  std::size_t count = 1;
  for (int extent : shape) count *= static_cast<std::size_t>(extent);
  return count;
}

std::string component_name(const std::string& base, const Shape& shape, std::size_t entry) {
  if (shape.empty()) return base;
  if (shape.size() == 1) return base + "[" + std::to_string(entry + 1) + "]";
  std::size_t columns = static_cast<std::size_t>(shape[1]);
  return base + "[" + std::to_string(entry / columns + 1) + "," +
         std::to_string(entry % columns + 1) + "]";
}

Value number_value(ExprId entry, Span span) { return shaped_value({}, {entry}, span); }

Value shaped_value(Shape shape, std::vector<ExprId> entries, Span span) {
  Value value;
  value.kind = Value::Kind::Number;
  value.shape = std::move(shape);
  value.entries = std::move(entries);
  value.span = span;
  return value;
}

}  // namespace hopf::model
