// Arithmetic and comparison of script values: numbers, vectors and matrices.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "driver/script.hpp"

namespace hopf::driver {
namespace {

using diagnostics::Kind;
using source::Span;
using syntax::ChainOp;
using syntax::CompareOp;

std::string_view symbol(ChainOp op) {
  switch (op) {
    case ChainOp::Add:
      return "+";
    case ChainOp::Sub:
      return "-";
    case ChainOp::Mul:
      return "*";
    case ChainOp::Div:
      return "/";
    case ChainOp::And:
      return "and";
    case ChainOp::Or:
      return "or";
  }
  return "";
}

std::string_view symbol(CompareOp op) {
  switch (op) {
    case CompareOp::Less:
      return "<";
    case CompareOp::LessEqual:
      return "<=";
    case CompareOp::Greater:
      return ">";
    case CompareOp::GreaterEqual:
      return ">=";
    case CompareOp::Equal:
      return "==";
    case CompareOp::NotEqual:
      return "!=";
  }
  return "";
}

std::optional<Value> mismatch(Script& s, std::string_view op, const Value& left, const Value& right,
                              source::Span span, std::string help = "") {
  auto& error = s.error(
      Kind::OperandMismatch, span,
      fmt::format("'{}' is not defined between {} and {}", op, describe(left), describe(right)));
  error.help = std::move(help);
  return {};
}

double apply(ChainOp op, double a, double b) {
  switch (op) {
    case ChainOp::Add:
      return a + b;
    case ChainOp::Sub:
      return a - b;
    case ChainOp::Mul:
      return a * b;
    default:
      return a / b;
  }
}

/// Row-major product of an n x k by a k x m matrix.
std::vector<double> product(const std::vector<double>& a, const std::vector<double>& b,
                            std::size_t n, std::size_t k, std::size_t m,
                            const runtime::Watch& watch) {
  std::vector<double> c(n * m, 0.0);
  for (std::size_t i = 0; i < n; ++i, watch())
    for (std::size_t l = 0; l < k; ++l)
      for (std::size_t j = 0; j < m; ++j) c[i * m + j] += a[i * k + l] * b[l * m + j];
  return c;
}

/// Matrix times vector or matrix; nothing when the inner sizes differ or there is no matrix on the
/// left.
std::optional<Numeric> matrix_product(const Numeric& a, const Numeric& b,
                                      const runtime::Watch& watch) {
  if (a.shape.size() != 2 || b.shape.empty() || a.shape[1] != b.shape[0]) return {};
  const int columns = b.shape.size() == 2 ? b.shape[1] : 1;
  Numeric c;
  c.shape =
      b.shape.size() == 2 ? std::vector<int>{a.shape[0], columns} : std::vector<int>{a.shape[0]};
  c.data = product(a.data, b.data, static_cast<std::size_t>(a.shape[0]),
                   static_cast<std::size_t>(a.shape[1]), static_cast<std::size_t>(columns), watch);
  return c;
}

std::optional<Numeric> combine(ChainOp op, const Numeric& a, const Numeric& b,
                               const runtime::Watch& watch) {
  if (op == ChainOp::Mul && !a.shape.empty() && !b.shape.empty())
    return matrix_product(a, b, watch);
  const bool scale = op == ChainOp::Mul || (op == ChainOp::Div && b.shape.empty());
  if (a.shape != b.shape && !scale) return {};
  if (op == ChainOp::Div && !b.shape.empty()) return {};
  Numeric result = a.shape.empty() ? b : a;
  for (std::size_t i = 0; i < result.data.size(); ++i)
    result.data[i] = apply(op, a.data[a.shape.empty() ? 0 : i], b.data[b.shape.empty() ? 0 : i]);
  return result;
}

bool has_nan(const std::vector<double>& numbers) {
  return std::any_of(numbers.begin(), numbers.end(), [](double x) { return std::isnan(x); });
}

/// inf - inf, 0*inf and inf/inf are no numbers; what is none already stays so.
std::optional<Value> no_number(Script& s, ChainOp op, const Value& left, const Value& right,
                               Span span) {
  const auto a = number_of(left), b = number_of(right);
  s.error(
      Kind::OutsideFunctionDomain, span,
      a && b ? fmt::format("{} {} {} is not a number", number_text(*a), symbol(op), number_text(*b))
             : fmt::format("'{}' gives an entry that is not a number", symbol(op)));
  return {};
}

bool divides_by_zero(ChainOp op, const Numeric& b) {
  return op == ChainOp::Div && b.shape.empty() && b.data[0] == 0;
}

bool equal(const Value& a, const Value& b) {
  if (const auto x = number_of(a), y = number_of(b); x && y) return *x == *y;
  if (a.as<bool>() && b.as<bool>()) return *a.as<bool>() == *b.as<bool>();
  if (a.as<std::string>() && b.as<std::string>())
    return *a.as<std::string>() == *b.as<std::string>();
  const auto *x = a.as<List>(), *y = b.as<List>();
  if (!x || !y || x->items->size() != y->items->size()) return false;
  for (std::size_t i = 0; i < x->items->size(); ++i)
    if (!equal((*x->items)[i], (*y->items)[i])) return false;
  return true;
}

}  // namespace

std::optional<Value> arithmetic(Script& s, ChainOp op, const Value& left, const Value& right,
                                source::Span span) {
  const auto *a = left.as<double>(), *b = right.as<double>();
  if (a && b && !(op == ChainOp::Div && *b == 0)) {
    const double result = apply(op, *a, *b);
    if (!std::isnan(result) || std::isnan(*a) || std::isnan(*b)) return Value{result};
    return no_number(s, op, left, right, span);
  }
  const auto *first = left.as<std::string>(), *second = right.as<std::string>();
  if (op == ChainOp::Add && first && second) {
    const auto size = static_cast<double>(first->size() + second->size());
    if (!room_for(s, size / sizeof(Value), span)) return {};
    return Value{*first + *second};
  }
  const auto x = numeric_of(left), y = numeric_of(right);
  if (!x || !y) return mismatch(s, symbol(op), left, right, span);
  if (!room_for(s, static_cast<double>(x->data.size() + y->data.size()), span)) return {};
  if (divides_by_zero(op, *y)) {
    s.error(Kind::DivisionByZero, span, "division by zero");
    return {};
  }
  const auto result = combine(op, *x, *y, s.context.watch());
  if (result && has_nan(result->data) && !has_nan(x->data) && !has_nan(y->data))
    return no_number(s, op, left, right, span);
  if (result) return from_numeric(*result);
  const bool vectors = op == ChainOp::Mul && x->shape.size() == 1 && x->shape == y->shape;
  return mismatch(s, symbol(op), left, right, span,
                  vectors ? "write 'dot(a, b)' for the scalar product" : "");
}

std::optional<Value> power(Script& s, const Value& base, const Value& exponent, source::Span span) {
  const auto a = number_of(base), b = number_of(exponent);
  if (!a || !b) return mismatch(s, "^", base, exponent, span);
  if (*a == 0 && *b < 0) {
    s.error(Kind::DivisionByZero, span, "zero to a negative power");
    return {};
  }
  const double result = std::pow(*a, *b);
  if (!std::isnan(result) || std::isnan(*a) || std::isnan(*b)) return Value{result};
  s.error(Kind::OutsideFunctionDomain, span,
          fmt::format("{} to the power {} is not a real number", number_text(*a), number_text(*b)));
  return {};
}

std::optional<Value> negate(Script& s, const Value& value, source::Span span) {
  auto numeric = numeric_of(value);
  if (!numeric) {
    s.error(Kind::OperandMismatch, span, fmt::format("'-' is not defined for {}", describe(value)));
    return {};
  }
  for (double& number : numeric->data) number = -number;
  if (const auto* estimate = value.as<Estimate>())
    return Value{Estimate{-estimate->mean, estimate->standard_error, -estimate->bias}};
  return from_numeric(*numeric);
}

std::optional<bool> compare(Script& s, CompareOp op, const Value& left, const Value& right,
                            source::Span span) {
  if (op == CompareOp::Equal) return equal(left, right);
  if (op == CompareOp::NotEqual) return !equal(left, right);
  const auto a = number_of(left), b = number_of(right);
  if (!a || !b) {
    mismatch(s, symbol(op), left, right, span);
    return {};
  }
  switch (op) {
    case CompareOp::Less:
      return *a < *b;
    case CompareOp::LessEqual:
      return *a <= *b;
    case CompareOp::Greater:
      return *a > *b;
    default:
      return *a >= *b;
  }
}

}  // namespace hopf::driver
