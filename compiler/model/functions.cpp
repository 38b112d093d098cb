#include "model/functions.hpp"

#include <cmath>
#include <span>

#include "model/arithmetic.hpp"
#include "model/matrix.hpp"

namespace hopf::model {

namespace {

using Arguments = std::vector<Value>;
using expr::Op;

constexpr int kMaxSize = 10000;  // components of one vector, rows of one matrix

struct Call {
  Context& context;
  const Frame& frame;
  const std::string& name;
  Span span;
  Op op;

  Value failed() const { return Value{.span = span}; }
};

// ---- entry by entry

Value apply_to_entries(const Call& call, const Value& x) {
  return map_entries(x, call.span,
                     [&](ExprId entry) { return call.context.store().apply(call.op, {entry}); });
}

/// sin, exp, log, ...: of a pure number, and entry by entry of a vector.
Value transcendental(const Call& call, const Arguments& x) {
  if (!require_dimensionless(call.context, x[0], "the argument of '" + call.name + "'"))
    return call.failed();
  return apply_to_entries(call, x[0]);
}

Value absolute(const Call& call, const Arguments& x) {
  Value result = apply_to_entries(call, x[0]);
  result.unit = x[0].unit;
  result.any_unit = x[0].any_unit;
  result.weighted = x[0].weighted;
  return result;
}

Value sign(const Call& call, const Arguments& x) { return apply_to_entries(call, x[0]); }

Value square_root(const Call& call, const Arguments& x) {
  Value result =
      map_entries(x[0], call.span, [&](ExprId entry) { return call.context.store().sqrt(entry); });
  result.unit = raised(x[0].unit, {1, 2});
  result.any_unit = x[0].any_unit;
  result.weighted = x[0].weighted;
  return result;
}

// ---- several scalars

/// All arguments are scalars of one unit, which the result has; in a cost, bare numbers adapt to
/// it.
bool one_unit(const Call& call, const Arguments& x, Value& result) {
  const Value* anchor = nullptr;
  for (const Value& argument : x) {
    if (!require_scalar(call.context, argument, "an argument of '" + call.name + "'")) return false;
    if (argument.any_unit || (call.frame.cost && argument.literal)) continue;
    if (anchor == nullptr) {
      anchor = &argument;
    } else if (!require_same(call.context, *anchor, argument, "'" + call.name + "' of",
                             call.span)) {
      return false;
    }
    result.weighted = result.weighted || argument.weighted;
  }
  if (anchor != nullptr) result.unit = anchor->unit;
  result.any_unit = anchor == nullptr;
  return true;
}

Value extremum(const Call& call, const Arguments& x) {
  Arguments entries = x;
  if (x.size() == 1) {  // of the entries of a vector
    entries.clear();
    for (ExprId entry : x[0].entries) {
      entries.push_back(x[0]);
      entries.back().shape.clear();
      entries.back().entries = {entry};
    }
  }
  Value result = number_value({}, call.span);
  result.weighted = false;
  if (!one_unit(call, entries, result)) return call.failed();
  std::vector<ExprId> parts;
  for (const Value& entry : entries) parts.push_back(entry.entries[0]);
  result.entries = {parts.size() == 1 ? parts[0] : call.context.store().apply(call.op, parts)};
  return result;
}

Value clamp(const Call& call, const Arguments& x) {
  Value result = number_value({}, call.span);
  if (!one_unit(call, x, result)) return call.failed();
  expr::Store& store = call.context.store();
  result.entries = {store.min(store.max(x[0].entries[0], x[1].entries[0]), x[2].entries[0])};
  return result;
}

Value arc_tangent(const Call& call, const Arguments& x) {
  Value result = number_value({}, call.span);
  if (!one_unit(call, x, result)) return call.failed();
  result.unit = {};
  result.any_unit = false;
  result.entries = {call.context.store().apply(call.op, {x[0].entries[0], x[1].entries[0]})};
  return result;
}

// ---- vectors

Value dot(const Call& call, const Arguments& x) {
  if (!x[0].vector() || x[0].shape != x[1].shape) {
    auto& diagnostic = report(call.context, Kind::ProductMismatch, call.span,
                              "'dot' joins two vectors of one length, not " + describe(x[0].shape) +
                                  " and " + describe(x[1].shape));
    diagnostic.labels = {{x[0].span, "this is " + describe(x[0].shape)},
                         {x[1].span, "this is " + describe(x[1].shape)}};
    return call.failed();
  }
  expr::Store& store = call.context.store();
  std::vector<ExprId> terms;
  for (int i = 0; i < x[0].rows(); ++i)
    terms.push_back(store.mul(x[0].entries[i], x[1].entries[i]));
  Value result = number_value(store.add(terms), call.span);
  result.unit = times(x[0].unit, x[1].unit);
  result.any_unit = x[0].any_unit || x[1].any_unit;
  result.literal = x[0].literal && x[1].literal;
  result.weighted =
      !result.literal && (x[0].literal || x[1].literal || x[0].weighted || x[1].weighted);
  return result;
}

ExprId sum_of_squares(const Call& call, const Value& x) {
  expr::Store& store = call.context.store();
  std::vector<ExprId> terms;
  for (ExprId entry : x.entries) terms.push_back(store.pow(entry, store.integer(2)));
  return store.add(terms);
}

Value squared_norm(const Call& call, const Arguments& x) {
  Value result = number_value(sum_of_squares(call, x[0]), call.span);
  result.unit = raised(x[0].unit, {2, 1});
  result.weighted = x[0].weighted;
  return result;
}

Value norm(const Call& call, const Arguments& x) {
  Value result = number_value(call.context.store().sqrt(sum_of_squares(call, x[0])), call.span);
  result.unit = x[0].unit;
  result.weighted = x[0].weighted;
  return result;
}

Value total(const Call& call, const Arguments& x) {
  Value result = number_value(call.context.store().add(x[0].entries), call.span);
  result.unit = x[0].unit;
  result.any_unit = x[0].any_unit;
  result.weighted = x[0].weighted;
  return result;
}

// ---- matrices

bool require_square(const Call& call, const Value& x) {
  if (x.matrix() && x.rows() == x.columns()) return true;
  poison(call.context, Kind::SquareExpected, x.span,
         "'" + call.name + "' needs a square matrix, but this is " + describe(x.shape));
  return false;
}

Value transpose(const Call& call, const Arguments& x) {
  if (x[0].scalar()) return x[0];
  Value result = x[0];
  result.span = call.span;
  result.shape = {x[0].columns(), x[0].rows()};
  for (int i = 0; i < x[0].rows(); ++i)
    for (int j = 0; j < x[0].columns(); ++j) result.entries[j * x[0].rows() + i] = x[0].at(i, j);
  return result;
}

Value trace(const Call& call, const Arguments& x) {
  if (!require_square(call, x[0])) return call.failed();
  std::vector<ExprId> terms;
  for (int i = 0; i < x[0].rows(); ++i) terms.push_back(x[0].at(i, i));
  Value result = number_value(call.context.store().add(terms), call.span);
  result.unit = x[0].unit;
  result.any_unit = x[0].any_unit;
  return result;
}

Value det(const Call& call, const Arguments& x) {
  if (!require_square(call, x[0])) return call.failed();
  int n = x[0].rows();
  if (n > 10)
    return poison(call.context, Kind::TooLarge, call.span,
                  "a determinant of " + describe(x[0].shape) + " is too large to write out");
  Value result = number_value(determinant(call.context.store(), x[0].entries, n), call.span);
  result.unit = raised(x[0].unit, {n, 1});
  return result;
}

Value inv(const Call& call, const Arguments& x) {
  if (!require_square(call, x[0])) return call.failed();
  auto entries = inverse(call.context.store(), x[0].entries, x[0].rows());
  if (!entries)
    return poison(call.context, Kind::SingularMatrix, x[0].span, "this matrix has no inverse");
  Value result = shaped_value(x[0].shape, std::move(*entries), call.span);
  result.unit = raised(x[0].unit, {-1, 1});
  result.literal = x[0].literal;
  return result;
}

/// A size argument: a positive whole constant.
std::optional<int> size_argument(const Call& call, const Value& x) {
  if (!require_scalar(call.context, x, "a size")) return std::nullopt;
  auto number = constant(call.context, x.entries[0]);
  if (number && *number >= 1 && *number <= kMaxSize && *number == std::floor(*number))
    return static_cast<int>(*number);
  poison(call.context, Kind::InvalidCount, x.span,
         "the size given to '" + call.name + "' must be a positive whole constant");
  return std::nullopt;
}

Value diagonal_matrix(const Call& call, int n, const std::vector<ExprId>& diagonal) {
  ExprId zero = call.context.store().integer(0);
  std::vector<ExprId> entries(static_cast<std::size_t>(n) * n, zero);
  for (int i = 0; i < n; ++i) entries[static_cast<std::size_t>(i) * n + i] = diagonal[i];
  return shaped_value({n, n}, std::move(entries), call.span);
}

Value eye(const Call& call, const Arguments& x) {
  auto n = size_argument(call, x[0]);
  if (!n) return call.failed();
  Value result = diagonal_matrix(call, *n, std::vector(*n, call.context.store().integer(1)));
  result.literal = true;
  return result;
}

/// diag of a vector is a matrix; diag of a matrix is its diagonal.
Value diag(const Call& call, const Arguments& x) {
  Value result;
  if (x[0].vector()) {
    result = diagonal_matrix(call, x[0].rows(), x[0].entries);
  } else {
    if (!require_square(call, x[0])) return call.failed();
    std::vector<ExprId> entries;
    for (int i = 0; i < x[0].rows(); ++i) entries.push_back(x[0].at(i, i));
    result = shaped_value({x[0].rows()}, std::move(entries), call.span);
  }
  result.unit = x[0].unit;
  result.literal = x[0].literal;
  return result;
}

Value filled(const Call& call, const Arguments& x, int number) {
  Shape shape;
  for (const Value& argument : x) {
    auto size = size_argument(call, argument);
    if (!size) return call.failed();
    shape.push_back(*size);
  }
  if (entry_count(shape) > 1000000)
    return poison(call.context, Kind::TooLarge, call.span, describe(shape) + " is too large");
  std::vector<ExprId> entries(entry_count(shape), call.context.store().integer(number));
  Value result = shaped_value(std::move(shape), std::move(entries), call.span);
  result.literal = true;
  result.any_unit = number == 0;
  return result;
}

Value zeros(const Call& call, const Arguments& x) { return filled(call, x, 0); }
Value ones(const Call& call, const Arguments& x) { return filled(call, x, 1); }

// ---- the table

struct Builtin {
  const char* name;
  int least, most;  // number of arguments; -1 for any
  Value (*evaluate)(const Call&, const Arguments&);
  Op op = Op::Number;
};

constexpr Builtin kBuiltins[] = {
    {"sin", 1, 1, transcendental, Op::Sin},
    {"cos", 1, 1, transcendental, Op::Cos},
    {"tan", 1, 1, transcendental, Op::Tan},
    {"asin", 1, 1, transcendental, Op::Asin},
    {"acos", 1, 1, transcendental, Op::Acos},
    {"atan", 1, 1, transcendental, Op::Atan},
    {"atan2", 2, 2, arc_tangent, Op::Atan2},
    {"sinh", 1, 1, transcendental, Op::Sinh},
    {"cosh", 1, 1, transcendental, Op::Cosh},
    {"tanh", 1, 1, transcendental, Op::Tanh},
    {"exp", 1, 1, transcendental, Op::Exp},
    {"log", 1, 1, transcendental, Op::Log},
    {"sqrt", 1, 1, square_root},
    {"abs", 1, 1, absolute, Op::Abs},
    {"sign", 1, 1, sign, Op::Sign},
    {"min", 1, -1, extremum, Op::Min},
    {"max", 1, -1, extremum, Op::Max},
    {"clamp", 3, 3, clamp},
    {"floor", 1, 1, transcendental, Op::Floor},
    {"erf", 1, 1, transcendental, Op::Erf},
    {"normal_pdf", 1, 1, transcendental, Op::NormalPdf},
    {"normal_cdf", 1, 1, transcendental, Op::NormalCdf},
    {"sigmoid", 1, 1, transcendental, Op::Sigmoid},
    {"softplus", 1, 1, transcendental, Op::Softplus},
    {"dot", 2, 2, dot},
    {"norm", 1, 1, norm},
    {"norm2", 1, 1, squared_norm},
    {"sum", 1, 1, total},
    {"transpose", 1, 1, transpose},
    {"trace", 1, 1, trace},
    {"det", 1, 1, det},
    {"inv", 1, 1, inv},
    {"eye", 1, 1, eye},
    {"diag", 1, 1, diag},
    {"zeros", 1, 2, zeros},
    {"ones", 1, 2, ones},
};

const Builtin* find_builtin(const std::string& name) {
  for (const Builtin& builtin : kBuiltins)
    if (name == builtin.name) return &builtin;
  return nullptr;
}

std::string expected(const Builtin& builtin) {
  std::string count = std::to_string(builtin.least);
  if (builtin.most < 0) return "at least " + count + " argument";
  if (builtin.most != builtin.least) count += " or " + std::to_string(builtin.most);
  return count + (builtin.most == 1 ? " argument" : " arguments");
}

}  // namespace

std::vector<std::string> builtin_names() {
  std::vector<std::string> names;
  for (const Builtin& builtin : kBuiltins) names.emplace_back(builtin.name);
  return names;
}

bool is_builtin(const std::string& name) { return find_builtin(name) != nullptr; }

bool is_declaration_word(const std::string& name) {
  static constexpr const char* kWords[] = {"ball",    "simplex", "load",        "gaussian",
                                           "normal",  "uniform", "exponential", "lognormal",
                                           "samples", "dirac"};
  for (const char* word : kWords)
    if (name == word) return true;
  return false;
}

Value call_builtin(Context& context, const Frame& frame, const std::string& name,
                   const std::vector<Value>& arguments, Span span) {
  const Builtin& builtin = *find_builtin(name);
  Value failed{.span = span};
  for (const Value& argument : arguments)
    if (argument.poison()) return failed;
  int count = static_cast<int>(arguments.size());
  if (count < builtin.least || (builtin.most >= 0 && count > builtin.most))
    return poison(context, Kind::WrongArguments, span,
                  "'" + name + "' takes " + expected(builtin) + ", not " + std::to_string(count));
  for (const Value& argument : arguments)
    if (!require_number(context, argument)) return failed;
  return builtin.evaluate(Call{context, frame, name, span, builtin.op}, arguments);
}

}  // namespace hopf::model
