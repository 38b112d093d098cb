// The values of a script: numbers and lists, and the objects that verbs return.
#pragma once

#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "driver/module.hpp"
#include "path/ensemble.hpp"
#include "plan/plan.hpp"

namespace hopf::driver {

struct Value;

struct Nothing {};

/// A number that is known up to an error: a value from a grid with its estimated error, or a mean
/// of random numbers with its standard error. Printed as 12.34 ± 0.05; in arithmetic it is its
/// mean.
struct Estimate {
  double mean = 0, standard_error = 0;
  double bias = std::numeric_limits<double>::quiet_NaN();  // of simulated costs: the time step's
  /// Both together: what `.error` gives and what is printed.
  double error() const {
    return std::isnan(bias) ? standard_error : std::hypot(standard_error, bias);
  }
};

struct List {
  std::shared_ptr<const std::vector<Value>> items;
};

struct Record {
  std::shared_ptr<const std::vector<std::pair<std::string, Value>>> fields;
};

/// `fn f(x) = ...` together with the file that it was written in.
struct Function {
  const syntax::Ast* ast;
  const syntax::FunctionItem* item;
};

/// A function of the language, such as `sin` or `solve`, named without a call.
struct Builtin {
  std::string name;
};

struct ModelValue {
  std::shared_ptr<ModelHandle> handle;
};

/// The result of `derive`: all of it, one field, or one step that was made on request (bellman).
struct Derivation {
  std::shared_ptr<ModelHandle> handle;
  expr::Style style = expr::Style::Unicode;
  std::string field;
  std::shared_ptr<const derive::Step> step;
};

struct PlanValue {
  std::shared_ptr<ModelHandle> handle;
  std::shared_ptr<const plan::Plan> plan;
};

struct Solution {
  std::shared_ptr<ModelHandle> handle;
  std::shared_ptr<const runtime::ValueFunction> value;
};

struct EnsembleValue {
  std::shared_ptr<ModelHandle> handle;
  std::shared_ptr<const runtime::Ensemble> paths;
};

/// One state of an ensemble, `S.theta`.
struct StateSeries {
  EnsembleValue ensemble;
  std::size_t state = 0;
};

/// Something that waits for its arguments: `V.policy`, `V.policy.c`, `V.gradient`, `V.error`,
/// `S.quantile`,
/// `d.bellman`.
struct Method {
  std::shared_ptr<const Value> object;
  std::string name;
  std::vector<std::size_t> components;  // of a policy: those asked for; empty: all
};

struct Value {
  std::variant<Nothing, double, Estimate, bool, std::string, List, Record, Function, Builtin,
               ModelValue, Derivation, PlanValue, Solution, EnsembleValue, StateSeries, Method>
      data;

  template <class T>
  const T* as() const {
    return std::get_if<T>(&data);
  }
};

Value make_list(std::vector<Value> items);
Value make_list(const std::vector<double>& items);
Value make_record(std::vector<std::pair<std::string, Value>> fields);

/// What sampling and the time step leave of a statistic; a number where they leave nothing open.
Value estimate_of(const runtime::Ensemble::Estimated&);

/// The number of a number or of an estimate.
std::optional<double> number_of(const Value&);

/// A number, vector or matrix as a row-major array with its shape; nothing for ragged lists and
/// other values.
struct Numeric {
  std::vector<int> shape;
  std::vector<double> data;
};
std::optional<Numeric> numeric_of(const Value&);
Value from_numeric(const Numeric&);

/// "a number", "a list of 3", "a model": what a message says was found.
std::string describe(const Value&);

/// The shortest text that reads well: 10 significant digits, `inf` and `-inf`.
std::string number_text(double);
/// 12.34 ± 0.05: one digit of the error (two where the first is 1), rounded up, and as many
/// decimals of the mean; "12 ± ?" where the error is not known.
std::string estimate_text(const Estimate&);
/// What `print` shows.
std::string to_text(const Value&);

}  // namespace hopf::driver
