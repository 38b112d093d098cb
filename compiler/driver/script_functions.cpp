// Functions of numbers, vectors and lists in scripts.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "driver/lu.hpp"
#include "driver/script.hpp"

namespace hopf::driver {
namespace {

using diagnostics::Kind;

struct Elementary {
  std::string_view name;
  double (*function)(double);
};

double normal_pdf(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi); }
double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }
double sigmoid(double x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}
/// log(1 + e^x) without overflow: max(x, 0) + log(1 + e^-|x|).
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
double sign(double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; }

constexpr Elementary kElementary[] = {
    {"sin", [](double x) { return std::sin(x); }},
    {"cos", [](double x) { return std::cos(x); }},
    {"tan", [](double x) { return std::tan(x); }},
    {"asin", [](double x) { return std::asin(x); }},
    {"acos", [](double x) { return std::acos(x); }},
    {"atan", [](double x) { return std::atan(x); }},
    {"sinh", [](double x) { return std::sinh(x); }},
    {"cosh", [](double x) { return std::cosh(x); }},
    {"tanh", [](double x) { return std::tanh(x); }},
    {"exp", [](double x) { return std::exp(x); }},
    {"log", [](double x) { return std::log(x); }},
    {"sqrt", [](double x) { return std::sqrt(x); }},
    {"abs", [](double x) { return std::abs(x); }},
    {"sign", sign},
    {"floor", [](double x) { return std::floor(x); }},
    {"erf", [](double x) { return std::erf(x); }},
    {"normal_pdf", normal_pdf},
    {"normal_cdf", normal_cdf},
    {"sigmoid", sigmoid},
    {"softplus", softplus},
};

std::nullopt_t wrong_type(Script& s, std::string_view name, std::string_view wanted,
                          const Value& found, source::Span span) {
  auto& error = s.error(Kind::WrongArgumentType, span, fmt::format("'{}' takes {}", name, wanted));
  error.primary_label = fmt::format("this is given {}", describe(found));
  return std::nullopt;
}

std::optional<Matrix> matrix_of(const Value& value) {
  const auto numeric = numeric_of(value);
  if (!numeric || numeric->shape.size() != 2) return {};
  return Matrix(
      Eigen::Map<const Matrix>(numeric->data.data(), numeric->shape[0], numeric->shape[1]));
}

Value from_matrix(const Matrix& m) {
  return from_numeric({{static_cast<int>(m.rows()), static_cast<int>(m.cols())},
                       std::vector<double>(m.data(), m.data() + m.size())});
}

std::optional<std::vector<double>> vector_of(const Value& value) {
  auto numeric = numeric_of(value);
  if (!numeric || numeric->shape.size() > 1) return {};
  return std::move(numeric->data);
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

std::optional<Value> vector_function(Script& s, std::string_view name,
                                     const std::vector<Value>& arguments, source::Span span) {
  const auto a = vector_of(arguments[0]);
  if (!a) return wrong_type(s, name, "a vector", arguments[0], span);
  if (name == "norm") return Value{std::sqrt(dot(*a, *a))};
  if (name == "norm2") return Value{dot(*a, *a)};
  const auto b = vector_of(arguments[1]);
  if (!b) return wrong_type(s, name, "two vectors", arguments[1], span);
  if (a->size() == b->size()) return Value{dot(*a, *b)};
  s.error(Kind::OperandMismatch, span,
          fmt::format("'dot' of vectors of {} and {}", a->size(), b->size()));
  return {};
}

std::optional<Value> square_matrix_function(Script& s, std::string_view name, const Value& argument,
                                            source::Span span) {
  auto m = matrix_of(argument);
  if (!m || (m->rows() != m->cols() && name != "transpose"))
    return wrong_type(s, name, name == "transpose" ? "a matrix" : "a square matrix", argument,
                      span);
  if (name == "transpose") return from_matrix(m->transpose());
  if (name == "trace") return Value{m->trace()};
  if (name == "det") return Value{determinant(std::move(*m), s.context.watch())};
  if (const auto inverted = inverse(std::move(*m), s.context.watch()))
    return from_matrix(*inverted);
  s.error(Kind::OutsideFunctionDomain, span, "'inv' of a singular matrix");
  return {};
}

/// eye(n), zeros(n), zeros(n, m), ones(n), ones(n, m), diag(v).
std::optional<Value> make_matrix(Script& s, std::string_view name,
                                 const std::vector<Value>& arguments, source::Span span) {
  if (name == "diag") {
    const auto v = vector_of(arguments[0]);
    if (!v) return wrong_type(s, name, "a vector", arguments[0], span);
    return from_matrix(
        Eigen::Map<const Eigen::VectorXd>(v->data(), static_cast<Eigen::Index>(v->size()))
            .asDiagonal());
  }
  std::vector<int> shape;
  for (const Value& argument : arguments) {
    const auto size = number_of(argument);
    if (!size || *size < 1 || *size > 1e4 || std::floor(*size) != *size)
      return wrong_type(s, name, "whole numbers from 1 to 10000", argument, span);
    shape.push_back(static_cast<int>(*size));
  }
  const int columns = name == "eye" ? shape[0] : shape.size() == 2 ? shape[1] : 1;
  if (!room_for(s, static_cast<double>(shape[0]) * columns, span)) return {};
  if (name == "eye") return from_matrix(Matrix::Identity(shape[0], shape[0]));
  const std::size_t count = static_cast<std::size_t>(shape[0]) * static_cast<std::size_t>(columns);
  return from_numeric({shape, std::vector<double>(count, name == "ones" ? 1.0 : 0.0)});
}

/// The numbers that sum, min, max and the rest run over: one list, or the arguments themselves.
std::optional<std::vector<double>> numbers_of(const std::vector<Value>& arguments) {
  if (arguments.size() == 1 && arguments[0].as<List>()) return vector_of(arguments[0]);
  std::vector<double> numbers;
  for (const Value& argument : arguments) {
    const auto number = number_of(argument);
    if (!number) return {};
    numbers.push_back(*number);
  }
  return numbers;
}

double standard_deviation(const std::vector<double>& numbers) {
  double mean = 0, squares = 0;
  for (double x : numbers) mean += x / static_cast<double>(numbers.size());
  for (double x : numbers) squares += (x - mean) * (x - mean);
  return std::sqrt(squares / static_cast<double>(numbers.size() - 1));
}

}  // namespace

std::optional<Value> call_elementary(Script& s, std::string_view name,
                                     const std::vector<Value>& arguments, source::Span span) {
  std::vector<double> x;
  for (const Value& argument : arguments) {
    const auto number = number_of(argument);
    if (!number) return wrong_type(s, name, "a number", argument, span);
    x.push_back(*number);
  }
  if (name == "atan2") return Value{std::atan2(x[0], x[1])};
  if (name == "clamp") return Value{std::min(std::max(x[0], x[1]), x[2])};
  for (const Elementary& row : kElementary) {
    if (row.name != name) continue;
    const double result = row.function(x[0]);
    if (!std::isnan(result) && !(name == "log" && x[0] == 0)) return Value{result};
    s.error(Kind::OutsideFunctionDomain, span,
            fmt::format("'{}' of {} is not a real number", name, number_text(x[0])));
    return {};
  }
  return {};
}

std::optional<Value> call_array(Script& s, std::string_view name,
                                const std::vector<Value>& arguments, source::Span span) {
  if (name == "dot" || name == "norm" || name == "norm2")
    return vector_function(s, name, arguments, span);
  if (name == "eye" || name == "zeros" || name == "ones" || name == "diag")
    return make_matrix(s, name, arguments, span);
  return square_matrix_function(s, name, arguments[0], span);
}

std::optional<Value> call_statistics(Script& s, std::string_view name,
                                     const std::vector<Value>& arguments, source::Span span) {
  if (name == "length") {
    if (const auto* list = arguments[0].as<List>())
      return Value{static_cast<double>(list->items->size())};
    return wrong_type(s, name, "a list", arguments[0], span);
  }
  if (name == "sum" && arguments.size() == 1 && arguments[0].as<List>() &&
      !vector_of(arguments[0])) {
    std::optional<Value> total;
    for (const Value& item : *arguments[0].as<List>()->items) {
      total = total ? arithmetic(s, syntax::ChainOp::Add, *total, item, span) : item;
      if (!total) return {};
    }
    return total ? total : Value{0.0};
  }
  const auto numbers = numbers_of(arguments);
  if (!numbers) return wrong_type(s, name, "numbers or a list of numbers", arguments[0], span);
  if (name == "sum") {
    double total = 0;
    for (double x : *numbers) total += x;
    return Value{total};
  }
  const std::size_t needed = name == "std" ? 2 : 1;
  if (numbers->size() < needed) {
    s.error(Kind::OutsideFunctionDomain, span,
            fmt::format("'{}' of a list of {}", name, numbers->size()));
    return {};
  }
  if (name == "min") return Value{*std::min_element(numbers->begin(), numbers->end())};
  if (name == "max") return Value{*std::max_element(numbers->begin(), numbers->end())};
  if (name == "std") return Value{standard_deviation(*numbers)};
  double total = 0;
  for (double x : *numbers) total += x;
  return Value{total / static_cast<double>(numbers->size())};
}

}  // namespace hopf::driver
