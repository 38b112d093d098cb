// Powers. Real arithmetic: b^e with a fractional e is real for b >= 0 only, and a rewrite may
// extend that domain (sqrt(x)^2 is x) but never change a value inside it: sqrt(x^2) is abs(x), not
// x.
#include <cmath>

#include "expr/store_impl.hpp"

namespace hopf::expr {

namespace {

using Base =
    std::pair<std::int64_t, std::int64_t>;  // prime (or unfactored rest) and its multiplicity

/// Prime factors by trial division up to 1000; a larger rest stays whole unless it is a perfect
/// power.
std::vector<Base> factorise(std::int64_t n) {
  std::vector<Base> factors;
  for (std::int64_t p = 2; p <= 1000 && p * p <= n; p += p == 2 ? 1 : 2) {
    std::int64_t times = 0;
    for (; n % p == 0; n /= p) ++times;
    if (times > 0) factors.emplace_back(p, times);
  }
  if (n == 1) return factors;
  for (std::int64_t k = 4; k >= 2; --k) {
    if (const auto root = exact_root(n, k)) {
      factors.emplace_back(*root, k);
      return factors;
    }
  }
  factors.emplace_back(n, 1);
  return factors;
}

ExprId raw_power(Store& store, ExprId base, ExprId exponent) {
  const ExprId args[] = {base, exponent};
  return StoreAccess::impl(store).intern(Op::Pow, args);
}

/// n^e for an integer n > 1 and 0 < e < 1: roots of small order are split into primes so that
/// sqrt(8) is 2*sqrt(2); others stay as they are unless exact.
bool integer_root(Store& store, std::int64_t n, Rational e, std::vector<ExprId>& factors) {
  if (n == 1) return true;
  if (e.den > 4) {
    if (const auto root = exact_root(n, e.den)) {
      const auto value = power(Rational{*root, 1}, e.num);
      if (!value) return false;
      factors.push_back(numeric(store, Numeric::of(*value)));
    } else {
      factors.push_back(raw_power(store, store.integer(n), store.rational(e.num, e.den)));
    }
    return true;
  }
  for (const auto& [prime, times] : factorise(n)) {
    const auto scaled = expr::times(e, Rational{times, 1});
    if (!scaled) return false;
    const std::int64_t whole = floor_of(*scaled);
    const auto outside = power(Rational{prime, 1}, whole);
    if (!outside) return false;
    factors.push_back(numeric(store, Numeric::of(*outside)));
    const Rational rest = *plus(*scaled, Rational{-whole, 1});
    if (rest.num == 0) continue;
    factors.push_back(raw_power(store, store.integer(prime), store.rational(rest.num, rest.den)));
  }
  return true;
}

/// base^exponent for rationals, exactly where it fits; an invalid id when it is not real or is a
/// division by zero.
ExprId rational_power(Store& store, Rational base, Rational exponent) {
  if (base.num == 0) return exponent.num > 0 ? store.integer(0) : ExprId();
  if (exponent.den == 1) {
    if (const auto exact = power(base, exponent.num)) return numeric(store, Numeric::of(*exact));
    return store.number(std::pow(base.value(), exponent.value()));
  }
  if (base.num < 0) return ExprId();
  const ExprId floating = store.number(std::pow(base.value(), exponent.value()));
  // (p/q)^(k + f) = (p/q)^k * p^f * q^(1 - f) / q with 0 < f < 1: only positive roots of integers
  // remain.
  const std::int64_t whole = floor_of(exponent);
  const auto fraction = plus(exponent, Rational{-whole, 1});
  const auto outside = power(base, whole);
  if (!fraction || !outside) return floating;
  std::vector<ExprId> factors{numeric(store, Numeric::of(*outside))};
  if (!integer_root(store, base.num, *fraction, factors)) return floating;
  if (base.den > 1) {
    factors.push_back(store.rational(1, base.den));
    if (!integer_root(store, base.den, Rational{fraction->den - fraction->num, fraction->den},
                      factors)) {
      return floating;
    }
  }
  return store.mul(factors);
}

ExprId numeric_power(Store& store, const Numeric& base, const Numeric& exponent) {
  if (base.exact && exponent.exact) return rational_power(store, base.r, exponent.r);
  return store.number(std::pow(base.value(), exponent.value()));
}

/// (x^a)^b, or an invalid id when it does not simplify.
ExprId power_of_power(Store& store, ExprId x, ExprId a, ExprId b) {
  const Store::Impl& impl = StoreAccess::impl(store);
  const auto outer = store.rational_value(b);
  const auto inner = store.rational_value(a);
  const bool integer_outer = outer && outer->den == 1;
  const bool inner_even = inner && inner->den == 1 && inner->num % 2 == 0;
  if (integer_outer || (inner && !inner_even) || (impl.node(x).facts & kNonnegative && inner) ||
      impl.node(x).facts & kPositive) {
    return store.pow(x, store.mul(a, b));
  }
  // An even power forgets the sign of its base.
  if (inner_even) return store.pow(store.apply(Op::Abs, {x}), store.mul(a, b));
  return ExprId();
}

/// (c*x*y)^b: over all factors for an integer b; otherwise nonnegative factors come out of the
/// power.
ExprId power_of_product(Store& store, ExprId base, ExprId b) {
  const Store::Impl& impl = StoreAccess::impl(store);
  const auto exponent = store.rational_value(b);
  const std::span<const ExprId> args = store.args(base);
  std::vector<ExprId> factors;
  if (exponent && exponent->den == 1) {
    for (const ExprId factor : args) factors.push_back(store.pow(factor, b));
    return store.mul(factors);
  }
  const std::uint8_t needed = exponent ? kNonnegative : kPositive;
  std::vector<ExprId> inside;
  for (const ExprId factor : args) {
    const auto value = numeric_value(impl, factor);
    if (impl.node(factor).facts & needed && !(value && !exponent)) {
      factors.push_back(store.pow(factor, b));
    } else if (value && exponent && value->value() < 0 && !value->is(-1)) {
      factors.push_back(store.pow(numeric(store, -*value), b));
      inside.push_back(store.integer(-1));
    } else {
      inside.push_back(factor);
    }
  }
  if (factors.empty()) return ExprId();
  if (!inside.empty()) {
    // What stays inside cannot be split further.
    const ExprId rest = store.mul(inside);
    factors.push_back(store.op(rest) == Op::Mul ? raw_power(store, rest, b) : store.pow(rest, b));
  }
  return store.mul(factors);
}

/// Integer powers of sums and absolute values do not depend on a sign that the base may carry.
ExprId integer_power(Store& store, ExprId base, ExprId b, std::int64_t n) {
  const Store::Impl& impl = StoreAccess::impl(store);
  const Op op = impl.node(base).op;
  if (op == Op::Abs && n % 2 == 0) return store.pow(store.args(base)[0], b);
  if (op != Op::Add || !starts_negative(impl, base)) return ExprId();
  const ExprId flipped = raw_power(store, store.neg(base), b);
  return n % 2 == 0 ? flipped : store.neg(flipped);
}

ExprId rewritten(Store& store, ExprId base, ExprId b) {
  const Node node = StoreAccess::impl(store).node(base);
  switch (node.op) {
    case Op::Exp:
      return store.apply(Op::Exp, {store.mul(node.arguments[0], b)});
    case Op::Pow:
      return power_of_power(store, node.arguments[0], node.arguments[1], b);
    case Op::Mul:
      return power_of_product(store, base, b);
    default:
      break;
  }
  const auto exponent = store.rational_value(b);
  if (exponent && exponent->den == 1) return integer_power(store, base, b, exponent->num);
  return ExprId();
}

}  // namespace

ExprId canonical_power(Store& store, ExprId base, ExprId exponent) {
  Store::Impl& impl = StoreAccess::impl(store);
  if (exponent == impl.zero || base == impl.one) return impl.one;
  if (exponent == impl.one) return base;
  const auto b = numeric_value(impl, base);
  const auto e = numeric_value(impl, exponent);
  ExprId simpler;
  if (b && e)
    simpler = numeric_power(store, *b, *e);
  else
    simpler = rewritten(store, base, exponent);
  return simpler.valid() ? simpler : raw_power(store, base, exponent);
}

}  // namespace hopf::expr
