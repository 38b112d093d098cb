#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "base/hash.hpp"
#include "expr/op_info.hpp"
#include "expr/store_impl.hpp"

namespace hopf::expr {

const ExprId* Arena::copy(std::span<const ExprId> ids) {
  if (ids.empty()) return nullptr;
  if (ids.size() > kBlock / 4) {
    blocks_.insert(blocks_.begin(), std::make_unique<ExprId[]>(ids.size()));
    std::copy(ids.begin(), ids.end(), blocks_.front().get());
    return blocks_.front().get();
  }
  if (used_ + ids.size() > kBlock) {
    blocks_.push_back(std::make_unique<ExprId[]>(kBlock));
    used_ = 0;
  }
  ExprId* place = blocks_.back().get() + used_;
  std::copy(ids.begin(), ids.end(), place);
  used_ += ids.size();
  return place;
}

// ---- interning

bool Store::Impl::same(const Node& node, Op op, std::span<const ExprId> arguments,
                       std::uint32_t payload) const {
  return node.op == op && node.payload == payload && node.count == arguments.size() &&
         std::equal(arguments.begin(), arguments.end(), node.arguments);
}

ExprId* Store::Impl::slot(std::uint64_t hash, Op op, std::span<const ExprId> arguments,
                          std::uint32_t payload) {
  const std::size_t mask = table.size() - 1;
  std::size_t at = hash & mask;
  while (table[at].valid()) {
    const Node& found = node(table[at]);
    if (found.hash == hash && same(found, op, arguments, payload)) break;
    at = (at + 1) & mask;
  }
  return &table[at];
}

void Store::Impl::grow() {
  const std::size_t mask = table.size() * 2 - 1;
  std::vector<ExprId> larger(mask + 1);
  for (const ExprId id : table) {
    if (!id.valid()) continue;
    std::size_t at = node(id).hash & mask;
    while (larger[at].valid()) at = (at + 1) & mask;
    larger[at] = id;
  }
  table = std::move(larger);
}

ExprId Store::Impl::make(Op op, std::span<const ExprId> arguments, std::uint32_t payload,
                         std::uint64_t hash) {
  Node fresh{op};
  fresh.count = static_cast<std::uint32_t>(arguments.size());
  fresh.arguments = arena.copy(arguments);
  fresh.hash = hash;
  fresh.payload = payload;
  bool closed = op != Op::Symbol && op != Op::Derivative;
  for (const ExprId argument : arguments) {
    fresh.symbols |= node(argument).symbols;
    closed = closed && (node(argument).facts & kClosed);
  }
  if (op == Op::Symbol) fresh.symbols = symbol_bit(SymbolId(payload));
  if (closed) {
    fresh.value = value_of(fresh);
    fresh.facts |= kClosed;
  }
  fresh.facts |= facts_of(fresh);
  nodes.push_back(fresh);
  return ExprId(static_cast<std::uint32_t>(nodes.size() - 1));
}

ExprId Store::Impl::intern(Op op, std::span<const ExprId> arguments, std::uint32_t payload) {
  constexpr std::uint32_t kBetweenLooks = 4096;
  if (++asked % kBetweenLooks == 0 && watch) watch();
  std::uint64_t hash = base::mix(0x51ed270b, static_cast<std::uint64_t>(op));
  if (op == Op::Symbol) hash = base::hash_bytes(names[payload], hash);
  if (op == Op::Float) hash = base::mix(hash, std::bit_cast<std::uint64_t>(floats[payload]));
  if (op == Op::Number) {
    hash = base::mix(hash, static_cast<std::uint64_t>(rationals[payload].num));
    hash = base::mix(hash, static_cast<std::uint64_t>(rationals[payload].den));
  }
  for (const ExprId argument : arguments) hash = base::mix(hash, node(argument).hash);
  ExprId* place = slot(hash, op, arguments, payload);
  if (place->valid()) return *place;
  if ((nodes.size() + 1) * 2 > table.size()) {
    grow();
    place = slot(hash, op, arguments, payload);
  }
  if (nodes.size() >= ExprId::kNone - 1) throw std::length_error("expression store is full");
  const ExprId id = make(op, arguments, payload, hash);
  *place = id;
  // The coefficient is the first argument of a product, so what remains is canonical as well.
  ExprId core = id;
  if (op == Op::Mul && numeric_value(*this, nodes[id.index()].arguments[0])) {
    const std::span<const ExprId> rest(nodes[id.index()].arguments + 1,
                                       nodes[id.index()].count - 1);
    core = rest.size() == 1 ? rest[0] : intern(Op::Mul, rest);
  }
  nodes[id.index()].core = core;
  return id;
}

ExprId Store::Impl::intern_number(Rational r) {
  // Equal rationals must share a payload: look among the nodes with the same hash first.
  std::uint64_t hash = base::mix(0x51ed270b, static_cast<std::uint64_t>(Op::Number));
  hash = base::mix(base::mix(hash, static_cast<std::uint64_t>(r.num)),
                   static_cast<std::uint64_t>(r.den));
  const std::size_t mask = table.size() - 1;
  for (std::size_t at = hash & mask; table[at].valid(); at = (at + 1) & mask) {
    const Node& found = node(table[at]);
    if (found.op == Op::Number && rationals[found.payload] == r) return table[at];
  }
  rationals.push_back(r);
  return intern(Op::Number, {}, static_cast<std::uint32_t>(rationals.size() - 1));
}

ExprId Store::Impl::intern_float(double value) {
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const std::uint64_t hash =
      base::mix(base::mix(0x51ed270b, static_cast<std::uint64_t>(Op::Float)), bits);
  const std::size_t mask = table.size() - 1;
  for (std::size_t at = hash & mask; table[at].valid(); at = (at + 1) & mask) {
    const Node& found = node(table[at]);
    if (found.op == Op::Float && std::bit_cast<std::uint64_t>(floats[found.payload]) == bits)
      return table[at];
  }
  floats.push_back(value);
  return intern(Op::Float, {}, static_cast<std::uint32_t>(floats.size() - 1));
}

double Store::Impl::value_of(const Node& node) const {
  if (node.op == Op::Number) return rationals[node.payload].value();
  if (node.op == Op::Float) return floats[node.payload];
  double small[8];
  std::vector<double> large;
  double* values = small;
  if (node.count > 8) {
    large.resize(node.count);
    values = large.data();
  }
  for (std::uint32_t i = 0; i < node.count; ++i) values[i] = nodes[node.arguments[i].index()].value;
  return info(node.op).evaluate({values, node.count});
}

// ---- leaves

Store::Store() : impl_(std::make_unique<Impl>()) {
  impl_->table.resize(256);
  impl_->zero = impl_->intern_number({0, 1});
  impl_->one = impl_->intern_number({1, 1});
  impl_->minus_one = impl_->intern_number({-1, 1});
  impl_->half = impl_->intern_number({1, 2});
  impl_->pi = impl_->intern(Op::Pi, {});
  impl_->infinity = impl_->intern(Op::Infinity, {});
}

Store::~Store() = default;

ExprId Store::integer(std::int64_t n) { return rational(n, 1); }

ExprId Store::rational(std::int64_t num, std::int64_t den) {
  if (const auto r = make_rational(num, den)) return impl_->intern_number(*r);
  return number(static_cast<double>(num) / static_cast<double>(den));
}

ExprId Store::number(double value) {
  if (value == HUGE_VAL) return impl_->infinity;
  if (std::isfinite(value)) {
    char text[64];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    // Only a short literal is taken at its word; all others are the double they are.
    const bool integral = std::fabs(value) < 9007199254740992.0 && std::floor(value) == value;
    if (integral) return integer(static_cast<std::int64_t>(value));
    const std::string_view shortest(text, static_cast<std::size_t>(end - text));
    const bool marked = shortest.find_first_of(".e") != std::string_view::npos;
    if (marked) {
      if (const auto r = parse_decimal(shortest)) return impl_->intern_number(*r);
    }
  }
  return impl_->intern_float(value);
}

ExprId Store::decimal(std::string_view text) {
  if (const auto r = parse_decimal(text)) return impl_->intern_number(*r);
  std::string digits;
  for (const char c : text) {
    if (c != '_') digits += c;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range)
    value = std::strtod(digits.c_str(), nullptr);
  else if (error != std::errc() || end != digits.data() + digits.size()) {
    throw std::invalid_argument("not a decimal number: " + digits);
  }
  return number(value);
}

ExprId Store::pi() { return impl_->pi; }
ExprId Store::infinity() { return impl_->infinity; }

SymbolId Store::symbol_id(std::string_view name) {
  const auto [entry, fresh] = impl_->symbols.try_emplace(
      std::string(name), SymbolId(static_cast<std::uint32_t>(impl_->names.size())));
  if (fresh) {
    impl_->names.emplace_back(name);
    impl_->positive.push_back(false);
  }
  return entry->second;
}

std::optional<SymbolId> Store::find_symbol(std::string_view name) const {
  const auto entry = impl_->symbols.find(std::string(name));
  if (entry == impl_->symbols.end()) return std::nullopt;
  return entry->second;
}

ExprId Store::symbol(std::string_view name) { return symbol(symbol_id(name)); }
ExprId Store::symbol(SymbolId id) { return impl_->intern(Op::Symbol, {}, id.value); }
const std::string& Store::name(SymbolId id) const { return impl_->names[id.index()]; }
std::size_t Store::symbol_count() const { return impl_->names.size(); }

void Store::assume_positive(SymbolId id) {
  impl_->positive[id.index()] = true;
  impl_->nodes[symbol(id).index()].facts |= kPositive | kNonnegative;
}

void Store::mark_unknown(SymbolId id) {
  if (impl_->unknown.size() <= id.index()) impl_->unknown.resize(id.index() + 1);
  impl_->unknown[id.index()] = true;
}

bool Store::is_unknown(SymbolId id) const {
  return id.index() < impl_->unknown.size() && impl_->unknown[id.index()];
}

// ---- inspection

Op Store::op(ExprId e) const { return impl_->node(e).op; }

std::span<const ExprId> Store::args(ExprId e) const {
  const Node& node = impl_->node(e);
  return {node.arguments, node.count};
}

std::optional<Rational> Store::rational_value(ExprId e) const {
  const Node& node = impl_->node(e);
  if (node.op != Op::Number) return std::nullopt;
  return impl_->rationals[node.payload];
}

std::optional<double> Store::constant_value(ExprId e) const {
  const Node& node = impl_->node(e);
  const bool leaf = node.count == 0 && (node.facts & kClosed);
  return leaf ? std::optional(node.value) : std::nullopt;
}

SymbolId Store::symbol_of(ExprId e) const {
  if (op(e) != Op::Symbol) throw std::logic_error("symbol_of: not a symbol");
  return SymbolId(impl_->node(e).payload);
}

bool Store::is_zero(ExprId e) const { return e == impl_->zero; }
bool Store::is_one(ExprId e) const { return e == impl_->one; }
bool Store::is_nonnegative(ExprId e) const { return impl_->node(e).facts & kNonnegative; }
bool Store::is_positive(ExprId e) const { return impl_->node(e).facts & kPositive; }
std::size_t Store::size() const { return impl_->nodes.size(); }

// ---- constructors

ExprId Store::apply(Op op, std::span<const ExprId> args) {
  const int arity = info(op).arity;
  if (arity >= 0 ? args.size() != static_cast<std::size_t>(arity) : false) {
    throw std::logic_error(std::string("wrong number of arguments to ") + info(op).name);
  }
  switch (op) {
    case Op::Pi:
      return pi();
    case Op::Infinity:
      return infinity();
    case Op::Add:
      return canonical_sum(*this, args);
    case Op::Mul:
      return canonical_product(*this, args);
    case Op::Pow:
      return canonical_power(*this, args[0], args[1]);
    case Op::Number:
    case Op::Float:
    case Op::Symbol:
      throw std::logic_error("apply: leaves have constructors of their own");
    default:
      return canonical_call(*this, op, args);
  }
}

ExprId Store::add(std::span<const ExprId> terms) { return canonical_sum(*this, terms); }
ExprId Store::mul(std::span<const ExprId> factors) { return canonical_product(*this, factors); }
ExprId Store::pow(ExprId base, ExprId exponent) { return canonical_power(*this, base, exponent); }

ExprId Store::add(ExprId a, ExprId b) {
  const ExprId terms[] = {a, b};
  return add(terms);
}

ExprId Store::mul(ExprId a, ExprId b) {
  const ExprId factors[] = {a, b};
  return mul(factors);
}

ExprId Store::neg(ExprId a) { return mul(impl_->minus_one, a); }
ExprId Store::sub(ExprId a, ExprId b) { return add(a, neg(b)); }
ExprId Store::div(ExprId a, ExprId b) { return mul(a, pow(b, impl_->minus_one)); }
ExprId Store::sqrt(ExprId a) { return pow(a, impl_->half); }
ExprId Store::min(ExprId a, ExprId b) { return apply(Op::Min, {a, b}); }
ExprId Store::max(ExprId a, ExprId b) { return apply(Op::Max, {a, b}); }

ExprId Store::select(ExprId condition, ExprId then, ExprId otherwise) {
  return apply(Op::Select, {condition, then, otherwise});
}

}  // namespace hopf::expr
