// What an expression of a model evaluates to while it is taken apart: scalar expressions in a
// shape, with a unit.
#pragma once

#include <string>
#include <vector>

#include "expr/expr.hpp"
#include "model/unit_system.hpp"
#include "source/source.hpp"

namespace hopf::model {

using expr::ExprId;
using expr::SymbolId;
using source::Span;

/// {} is a scalar, {n} a column vector, {n, m} a matrix; entries are row-major.
using Shape = std::vector<int>;

struct Value {
  /// Poison stands for a value whose error has been reported: it silences everything that uses it.
  enum class Kind : std::uint8_t { Poison, Number, Condition, Text, Range };

  Kind kind = Kind::Poison;
  Shape shape;
  std::vector<ExprId> entries;
  UnitTerm unit;          // one unit for all entries
  bool literal = false;   // built from numerals only
  bool any_unit = false;  // 0 or inf, which are the same in every unit
  bool weighted = false;  // carries a numeric factor, which in a cost takes whatever unit is needed
  Span span;
  std::string text;         // Text
  int first = 1, last = 0;  // Range

  bool poison() const { return kind == Kind::Poison; }
  bool scalar() const { return shape.empty(); }
  bool vector() const { return shape.size() == 1; }
  bool matrix() const { return shape.size() == 2; }
  int rows() const { return shape.empty() ? 1 : shape[0]; }
  int columns() const { return shape.size() < 2 ? 1 : shape[1]; }
  ExprId at(int row, int column) const { return entries[row * columns() + column]; }
};

/// "a scalar", "a vector of length 2", "a 2x3 matrix".
std::string describe(const Shape&);
std::size_t entry_count(const Shape&);
/// "x", "x[2]", "A[1,2]": the name of one entry.
std::string component_name(const std::string& base, const Shape&, std::size_t entry);

Value number_value(ExprId entry, Span);
Value shaped_value(Shape, std::vector<ExprId> entries, Span);

}  // namespace hopf::model
