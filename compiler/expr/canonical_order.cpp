// The order of operands inside sums and products. It depends on names and structure only, never on
// addresses or on which expression was built first, so the same model gives the same code in every
// run.
#include "expr/store_impl.hpp"

namespace hopf::expr {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

int leaf_rank(Op op) {
  switch (op) {
    case Op::Number:
    case Op::Float:
    case Op::Infinity:
      return 0;
    case Op::Pi:
      return 1;
    case Op::Symbol:
      return 2;
    default:
      return 3;
  }
}

bool natural_less(std::string_view a, std::string_view b) {
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      std::size_t i_end = i, j_end = j;
      while (i_end < a.size() && is_digit(a[i_end])) ++i_end;
      while (j_end < b.size() && is_digit(b[j_end])) ++j_end;
      if (i_end - i != j_end - j) return i_end - i < j_end - j;
      const int order = a.substr(i, i_end - i).compare(b.substr(j, j_end - j));
      if (order != 0) return order < 0;
      i = i_end;
      j = j_end;
      continue;
    }
    if (a[i] != b[j]) return a[i] < b[j];
    ++i;
    ++j;
  }
  return a.size() - i < b.size() - j;
}

bool precedes(const Store::Impl& impl, ExprId a, ExprId b) {
  if (a == b) return false;
  const Node& x = impl.node(a);
  const Node& y = impl.node(b);
  if (leaf_rank(x.op) != leaf_rank(y.op)) return leaf_rank(x.op) < leaf_rank(y.op);
  if (x.op == Op::Symbol) {
    const std::string& m = impl.names[x.payload];
    const std::string& n = impl.names[y.payload];
    if (natural_less(m, n)) return true;
    if (natural_less(n, m)) return false;
  }
  if (x.hash != y.hash) return x.hash < y.hash;
  return a < b;
}

std::optional<Numeric> numeric_value(const Store::Impl& impl, ExprId e) {
  const Node& node = impl.node(e);
  if (node.op == Op::Number) return Numeric::of(impl.rationals[node.payload]);
  if (node.op == Op::Float || node.op == Op::Infinity) return Numeric::of(node.value);
  return std::nullopt;
}

ExprId numeric(Store& store, const Numeric& value) {
  return value.exact ? store.rational(value.r.num, value.r.den) : store.number(value.f);
}

Numeric coefficient(const Store::Impl& impl, ExprId term) {
  const Node& node = impl.node(term);
  if (node.core == term || node.op != Op::Mul) return Numeric::of(1);
  return *numeric_value(impl, node.arguments[0]);
}

bool starts_negative(const Store::Impl& impl, ExprId e) {
  const Node& node = impl.node(e);
  const ExprId lead = node.op == Op::Add ? node.arguments[0] : e;
  if (const auto value = numeric_value(impl, lead)) return value->value() < 0;
  return coefficient(impl, lead).value() < 0;
}

}  // namespace hopf::expr
