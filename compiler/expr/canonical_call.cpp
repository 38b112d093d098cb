// Everything that is not arithmetic: elementary functions, extrema, conditions.
#include <algorithm>
#include <array>
#include <cmath>

#include "expr/op_info.hpp"
#include "expr/store_impl.hpp"

namespace hopf::expr {

namespace {

using Args = std::span<const ExprId>;

ExprId raw(Store& store, Op op, Args args) { return StoreAccess::impl(store).intern(op, args); }

bool closed(const Store::Impl& impl, ExprId e) { return impl.node(e).facts & kClosed; }

/// Orders two closed values, leaving alone those too near to tell apart: -1, 1, 0 when equal ids,
/// or nothing.
std::optional<int> compare_closed(const Store::Impl& impl, ExprId a, ExprId b) {
  if (a == b) return 0;
  if (!closed(impl, a) || !closed(impl, b)) return std::nullopt;
  const double x = impl.node(a).value, y = impl.node(b).value;
  const bool numbers = impl.node(a).op == Op::Number && impl.node(b).op == Op::Number;
  if (numbers) {
    const Rational p = impl.rationals[impl.node(a).payload],
                   q = impl.rationals[impl.node(b).payload];
    const __int128 left = __int128(p.num) * q.den, right = __int128(q.num) * p.den;
    return left < right ? -1 : left > right ? 1 : 0;
  }
  const double margin = 1e-12 * std::max(std::fabs(x), std::fabs(y));
  const bool leaves = impl.node(a).count == 0 && impl.node(b).count == 0;
  if (x < y && (leaves || y - x > margin)) return -1;
  if (x > y && (leaves || x - y > margin)) return 1;
  return std::nullopt;
}

// ---- elementary functions

/// f(x) for a constant x: exact where the value is one that can only be exact (sin 0, exp 0, log 1,
/// sigmoid 0), a double where x is one, and left as it stands (sin(1), log(2)) otherwise.
ExprId of_constant(Store& store, Op op, ExprId x) {
  const Store::Impl& impl = StoreAccess::impl(store);
  const auto value = numeric_value(impl, x);
  if (!value) return ExprId();
  const double result = info(op).evaluate(std::array{value->value()});
  if (std::isnan(result)) return ExprId();
  if (!value->exact) return store.number(result);
  const bool plain = value->is(0) || value->is(1) || value->is(-1);
  if (!plain) return ExprId();
  if (result == 0 || result == 1 || result == -1 || result == 0.5) return store.number(result);
  return ExprId();
}

/// sin(q*pi) for the multiples of pi/6 and pi/4.
ExprId sine_of_turn(Store& store, Rational q) {
  const auto twelfths = times(q, Rational{12, 1});
  if (!twelfths || twelfths->den != 1) return ExprId();
  const std::int64_t k = ((twelfths->num % 24) + 24) % 24;
  const std::int64_t sign = k > 12 ? -1 : 1;
  const std::int64_t quarter = k > 12 ? k - 12 : k;
  switch (quarter > 6 ? 12 - quarter : quarter) {
    case 0:
      return store.integer(0);
    case 2:
      return store.rational(sign, 2);
    case 3:
      return store.mul(store.rational(sign, 2), store.sqrt(store.integer(2)));
    case 4:
      return store.mul(store.rational(sign, 2), store.sqrt(store.integer(3)));
    case 6:
      return store.integer(sign);
    default:
      return ExprId();
  }
}

/// The rational q in q*pi, when e is that.
std::optional<Rational> turns(const Store::Impl& impl, ExprId e) {
  if (impl.node(e).core != impl.pi) return std::nullopt;
  const Numeric factor = e == impl.pi ? Numeric::of(1) : coefficient(impl, e);
  return factor.exact ? std::optional(factor.r) : std::nullopt;
}

/// Splits x + k*pi/2 (k integer, not 0) into x and k.
std::optional<std::pair<ExprId, std::int64_t>> split_quarter_turns(Store& store, ExprId e) {
  const Store::Impl& impl = StoreAccess::impl(store);
  const Node node = impl.node(e);
  if (node.op != Op::Add) return std::nullopt;
  for (std::uint32_t i = 0; i < node.count; ++i) {
    const auto q = turns(impl, node.arguments[i]);
    if (!q || q->den > 2) continue;
    std::vector<ExprId> rest(node.arguments, node.arguments + node.count);
    rest.erase(rest.begin() + i);
    return std::pair(store.add(rest), q->den == 2 ? q->num : 2 * q->num);
  }
  return std::nullopt;
}

ExprId trigonometric(Store& store, Op op, ExprId x) {
  const Store::Impl& impl = StoreAccess::impl(store);
  if (const auto q = turns(impl, x)) {
    if (op == Op::Sin) return sine_of_turn(store, *q);
    if (op == Op::Cos) {
      if (const auto shifted = plus(*q, Rational{1, 2})) return sine_of_turn(store, *shifted);
    }
    if (op == Op::Tan && q->den == 1) return store.integer(0);
  }
  const auto split = split_quarter_turns(store, x);
  if (!split) return ExprId();
  const auto [rest, quarters] = *split;
  const std::int64_t k = ((quarters % 4) + 4) % 4;
  if (op == Op::Tan) return k % 2 == 0 ? store.apply(op, {rest}) : ExprId();
  // sin: 0 sin, 1 cos, 2 -sin, 3 -cos; cos is a quarter turn ahead of it.
  const std::int64_t phase = op == Op::Sin ? k : (k + 1) % 4;
  const ExprId value = store.apply(phase % 2 == 0 ? Op::Sin : Op::Cos, {rest});
  return phase >= 2 ? store.neg(value) : value;
}

ExprId logarithm(Store& store, ExprId x) {
  const Node node = StoreAccess::impl(store).node(x);
  if (node.op == Op::Exp) return node.arguments[0];
  if (node.op != Op::Pow) return ExprId();
  const auto exponent = store.rational_value(node.arguments[1]);
  if (!exponent) return ExprId();
  // log(x^2) = 2*log(abs(x)); odd and fractional powers need x > 0 already.
  const bool even = exponent->den == 1 && exponent->num % 2 == 0;
  const ExprId base = even ? store.apply(Op::Abs, {node.arguments[0]}) : node.arguments[0];
  return store.mul(node.arguments[1], store.apply(Op::Log, {base}));
}

/// exp(c*log(x)) = x^c.
ExprId exponential(Store& store, ExprId x) {
  const Node node = StoreAccess::impl(store).node(x);
  if (node.op == Op::Log) return node.arguments[0];
  if (node.op != Op::Mul) return ExprId();
  std::optional<std::uint32_t> at;
  for (std::uint32_t i = 0; i < node.count; ++i) {
    if (store.op(node.arguments[i]) != Op::Log) continue;
    if (at) return ExprId();
    at = i;
  }
  if (!at) return ExprId();
  std::vector<ExprId> rest(node.arguments, node.arguments + node.count);
  rest.erase(rest.begin() + *at);
  return store.pow(store.args(node.arguments[*at])[0], store.mul(rest));
}

/// abs and sign see through what is known: the sign of constants and of nonnegative factors.
ExprId absolute(Store& store, ExprId x) {
  const Store::Impl& impl = StoreAccess::impl(store);
  const Node node = impl.node(x);
  if (node.facts & kNonnegative) return x;
  if (closed(impl, x) && node.value < 0) return store.neg(x);
  if (node.op == Op::Pow) {
    const auto n = store.rational_value(node.arguments[1]);
    if (n && n->den == 1)
      return store.pow(store.apply(Op::Abs, {node.arguments[0]}), node.arguments[1]);
  }
  if (node.op != Op::Mul) return ExprId();
  std::vector<ExprId> outside, inside;
  for (std::uint32_t i = 0; i < node.count; ++i) {
    const ExprId factor = node.arguments[i];
    const auto value = numeric_value(impl, factor);
    if (impl.node(factor).facts & kNonnegative)
      outside.push_back(factor);
    else if (value)
      outside.push_back(numeric(store, value->value() < 0 ? -*value : *value));
    else
      inside.push_back(factor);
  }
  if (outside.empty()) return ExprId();
  outside.push_back(store.apply(Op::Abs, {store.mul(inside)}));
  return store.mul(outside);
}

ExprId signum(Store& store, ExprId x) {
  const Store::Impl& impl = StoreAccess::impl(store);
  const Node node = impl.node(x);
  if (node.facts & kPositive) return store.integer(1);
  if (x == impl.zero) return x;
  if (closed(impl, x) && node.value < 0) return store.integer(-1);
  if (node.op == Op::Sign) return x;
  if (node.op != Op::Mul) return ExprId();
  std::vector<ExprId> kept;
  bool flip = false;
  for (std::uint32_t i = 0; i < node.count; ++i) {
    const Node factor = impl.node(node.arguments[i]);
    if (factor.facts & kPositive) continue;
    if (factor.facts & kClosed && factor.value < 0)
      flip = !flip;
    else
      kept.push_back(node.arguments[i]);
  }
  if (kept.size() == node.count) return ExprId();
  const ExprId rest = store.apply(Op::Sign, {store.mul(kept)});
  return flip ? store.neg(rest) : rest;
}

ExprId specific(Store& store, Op op, ExprId x) {
  switch (op) {
    case Op::Sin:
    case Op::Cos:
    case Op::Tan:
      return trigonometric(store, op, x);
    case Op::Log:
      return logarithm(store, x);
    case Op::Exp:
      return exponential(store, x);
    case Op::Abs:
      return absolute(store, x);
    case Op::Sign:
      return signum(store, x);
    case Op::Floor: {
      if (const auto r = store.rational_value(x)) return store.integer(floor_of(*r));
      return StoreAccess::impl(store).node(x).facts & kInteger ? x : ExprId();
    }
    default:
      return ExprId();
  }
}

ExprId unary(Store& store, Op op, ExprId x) {
  if (const ExprId value = of_constant(store, op, x); value.valid()) return value;
  if (const ExprId value = specific(store, op, x); value.valid()) return value;
  const Parity parity = info(op).parity;
  if (parity != Parity::None && starts_negative(StoreAccess::impl(store), x)) {
    const ExprId mirrored = raw(store, op, std::array{store.neg(x)});
    return parity == Parity::Odd ? store.neg(mirrored) : mirrored;
  }
  return raw(store, op, std::array{x});
}

// ---- extrema

/// Flat operands of an associative, commutative, idempotent operation, each once.
std::vector<ExprId> flat_set(const Store& store, Op op, Args args) {
  std::vector<ExprId> flat;
  for (const ExprId arg : args) {
    if (store.op(arg) == op) {
      const auto inner = store.args(arg);
      flat.insert(flat.end(), inner.begin(), inner.end());
    } else {
      flat.push_back(arg);
    }
  }
  const Store::Impl& impl = StoreAccess::impl(store);
  std::sort(flat.begin(), flat.end(), [&](ExprId a, ExprId b) { return precedes(impl, a, b); });
  flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
  return flat;
}

/// max(0, e) is e and min(0, e) is 0 where e is nonnegative by its structure.
void drop_decided(const Store::Impl& impl, Op op, std::vector<ExprId>& operands) {
  const auto is_low = [&](ExprId e) { return closed(impl, e) && impl.node(e).value <= 0; };
  const auto is_high = [&](ExprId e) {
    return !closed(impl, e) && impl.node(e).facts & kNonnegative;
  };
  const bool low = std::any_of(operands.begin(), operands.end(), is_low);
  const bool high = std::any_of(operands.begin(), operands.end(), is_high);
  if (!low || !high) return;
  if (op == Op::Max)
    std::erase_if(operands, is_low);
  else
    std::erase_if(operands, is_high);
}

/// A closed operand that another closed one beats is dropped.
void drop_beaten(const Store::Impl& impl, Op op, std::vector<ExprId>& operands) {
  const int wanted = op == Op::Min ? -1 : 1;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    for (std::size_t j = operands.size(); j-- > i + 1;) {
      const auto order = compare_closed(impl, operands[i], operands[j]);
      if (!order) continue;
      const std::size_t loser = *order == wanted ? j : i;
      operands.erase(operands.begin() + static_cast<std::ptrdiff_t>(loser));
      if (loser == i) j = operands.size();  // the next operand is at i now
    }
  }
}

/// max(a, -a) is abs(a), which a or -a beside it does not change; min(a, -a) is -abs(a).
bool fold_mirrored(Store& store, Op op, std::vector<ExprId>& operands) {
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const ExprId a = operands[i];
    if (StoreAccess::impl(store).node(a).facts & kClosed) continue;
    const ExprId size = store.apply(Op::Abs, {a});
    const ExprId whole = op == Op::Max ? size : store.neg(size);
    const auto holds = [&](ExprId e) {
      return e != a && std::find(operands.begin(), operands.end(), e) != operands.end();
    };
    const ExprId mirrored = store.neg(a);
    if (!holds(mirrored) && !holds(whole)) continue;
    std::erase_if(operands, [&](ExprId e) { return e == a || e == mirrored || e == whole; });
    operands.push_back(whole);
    return true;
  }
  return false;
}

ExprId extremum(Store& store, Op op, Args args) {
  const Store::Impl& impl = StoreAccess::impl(store);
  std::vector<ExprId> operands = flat_set(store, op, args);
  while (fold_mirrored(store, op, operands)) operands = flat_set(store, op, operands);
  drop_beaten(impl, op, operands);
  drop_decided(impl, op, operands);
  if (operands.size() > 1 && closed(impl, operands[0]) &&
      std::isinf(impl.node(operands[0]).value)) {
    const bool decides = (impl.node(operands[0]).value > 0) == (op == Op::Max);
    if (decides) return operands[0];
    operands.erase(operands.begin());
  }
  return operands.size() == 1 ? operands[0] : raw(store, op, operands);
}

// ---- conditions

/// c < min(c, e) and max(c, e) < c never hold, whatever e is: neither for a NaN.
bool never_less(const Store& store, ExprId a, ExprId b) {
  const Store::Impl& impl = StoreAccess::impl(store);
  const auto at_least = [&](ExprId x, ExprId y) {
    return compare_closed(impl, x, y).value_or(-1) >= 0;
  };
  for (const ExprId entry : store.op(b) == Op::Min ? store.args(b) : Args())
    if (at_least(a, entry)) return true;
  for (const ExprId entry : store.op(a) == Op::Max ? store.args(a) : Args())
    if (at_least(entry, b)) return true;
  return false;
}

ExprId comparison(Store& store, Op op, ExprId a, ExprId b) {
  const Store::Impl& impl = StoreAccess::impl(store);
  if (const auto order = compare_closed(impl, a, b)) {
    const bool holds = op == Op::Less        ? *order < 0
                       : op == Op::LessEqual ? *order <= 0
                                             : *order == 0;
    return store.integer(holds ? 1 : 0);
  }
  if (op == Op::Less && never_less(store, a, b)) return impl.zero;
  if (a == store.neg(b)) (starts_negative(impl, a) ? a : b) = impl.zero;  // -x < x is 0 < x
  if (op == Op::Equal && precedes(impl, b, a)) std::swap(a, b);
  return raw(store, op, std::array{a, b});
}

ExprId connective(Store& store, Op op, Args args) {
  const Store::Impl& impl = StoreAccess::impl(store);
  const bool decides = op == Op::Or;  // the operand that settles the result
  std::vector<ExprId> operands;
  for (const ExprId operand : flat_set(store, op, args)) {
    const bool constant = closed(impl, operand);
    if (constant && (impl.node(operand).value != 0) == decides) return store.integer(decides);
    if (!constant) operands.push_back(operand);
  }
  for (const ExprId operand : operands) {
    if (store.op(operand) != Op::Not) continue;
    const ExprId opposite = store.args(operand)[0];
    if (std::find(operands.begin(), operands.end(), opposite) != operands.end()) {
      return store.integer(decides);
    }
  }
  if (operands.empty()) return store.integer(!decides);
  if (operands.size() == 1 && impl.node(operands[0]).facts & kTruth) return operands[0];
  return raw(store, op, operands);
}

ExprId negation(Store& store, ExprId x) {
  const Node node = StoreAccess::impl(store).node(x);
  if (node.facts & kClosed) return store.integer(node.value == 0);
  if (node.op == Op::Not && StoreAccess::impl(store).node(node.arguments[0]).facts & kTruth) {
    return node.arguments[0];
  }
  return raw(store, Op::Not, std::array{x});
}

ExprId selection(Store& store, ExprId condition, ExprId then, ExprId otherwise) {
  const Node node = StoreAccess::impl(store).node(condition);
  if (then == otherwise) return then;
  if (node.facts & kClosed && !std::isnan(node.value)) return node.value != 0 ? then : otherwise;
  if (node.op == Op::Not) return store.select(node.arguments[0], otherwise, then);
  if (node.facts & kTruth && store.is_one(then) && store.is_zero(otherwise)) return condition;
  return raw(store, Op::Select, std::array{condition, then, otherwise});
}

ExprId choice(Store& store, Args args) {
  if (args.size() < 2) throw std::logic_error("choose needs an index and at least one value");
  const auto j = store.rational_value(args[0]);
  if (j && j->den == 1 && j->num >= 1 && j->num < static_cast<std::int64_t>(args.size())) {
    return args[static_cast<std::size_t>(j->num)];
  }
  const bool same =
      std::all_of(args.begin() + 1, args.end(), [&](ExprId e) { return e == args[1]; });
  return same ? args[1] : raw(store, Op::Choose, args);
}

}  // namespace

ExprId canonical_call(Store& store, Op op, Args args) {
  switch (op) {
    case Op::Min:
    case Op::Max:
      if (args.empty()) throw std::logic_error("min and max need an operand");
      return extremum(store, op, args);
    case Op::Less:
    case Op::LessEqual:
    case Op::Equal:
      return comparison(store, op, args[0], args[1]);
    case Op::And:
    case Op::Or:
      return connective(store, op, args);
    case Op::Not:
      return negation(store, args[0]);
    case Op::Select:
      return selection(store, args[0], args[1], args[2]);
    case Op::Choose:
      return choice(store, args);
    case Op::Atan2:
      if (store.is_zero(args[0]) && store.is_positive(args[1])) return args[0];
      return raw(store, op, args);
    case Op::Derivative:
      return raw(store, op, args);
    default:
      return unary(store, op, args[0]);
  }
}

}  // namespace hopf::expr
