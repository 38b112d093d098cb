// Inside of the store: nodes, interning, and the caches that passes keep there.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/id_map.hpp"
#include "expr/expr.hpp"
#include "expr/rational.hpp"

namespace hopf::expr {

/// What is known of a node's value for every real value of its symbols.
enum Fact : std::uint8_t {
  kNonnegative = 1,
  kPositive = 2,
  kClosed = 4,  // holds no symbol: `value` is its value
  kTruth = 8,   // 0 or 1
  kInteger = 16,
};

/// The bit of a symbol in Node::symbols. Symbols 64 apart share one: where a bit is absent the
/// symbol is, where it is present the symbol may be, and only Dependence tells.
inline std::uint64_t symbol_bit(SymbolId x) { return 1ull << (x.value % 64); }

struct Node {
  Op op;
  std::uint8_t facts = 0;
  std::uint32_t count = 0;            // arguments
  const ExprId* arguments = nullptr;  // into the arena, whose blocks never move
  std::uint64_t hash = 0;     // of the structure and the symbols' names: the same in every run
  std::uint64_t symbols = 0;  // symbol_bit of each symbol below, together
  std::uint32_t payload = 0;  // Number, Float, Symbol: index into its table
  ExprId core;                // the node without its numeric coefficient; itself when it has none
  double value = 0;           // closed nodes
};

/// Argument lists in blocks that never move.
class Arena {
 public:
  const ExprId* copy(std::span<const ExprId> ids);

 private:
  static constexpr std::size_t kBlock = 1 << 14;
  std::vector<std::unique_ptr<ExprId[]>> blocks_;
  std::size_t used_ = kBlock;
};

struct Store::Impl {
  std::vector<Node> nodes;
  std::vector<Rational> rationals;
  std::vector<double> floats;
  std::vector<std::string> names;
  std::vector<bool> positive;  // symbols assumed positive
  std::vector<bool> unknown;   // symbols that an equation is about
  std::unordered_map<std::string, SymbolId> symbols;
  std::vector<ExprId> table;  // open addressing by Node::hash
  Arena arena;
  ExprId zero, one, minus_one, half, pi, infinity;
  std::unordered_map<std::uint64_t, ExprId> derivatives;  // (expression, symbol) -> derivative
  std::unordered_map<ExprId, ExprId> simplified;  // by `simplify`, operands simplified before
  std::unordered_map<ExprId, ExprId> negated;     // sums, by products that they stand in
  std::function<void()> watch;                    // of Watched
  std::uint32_t asked = 0;                        // expressions, since the store was made

  const Node& node(ExprId id) const { return nodes[id.index()]; }
  /// The node with this op, arguments and payload, made when new. No simplification.
  ExprId intern(Op op, std::span<const ExprId> arguments, std::uint32_t payload = 0);
  ExprId intern_number(Rational r);
  ExprId intern_float(double value);

 private:
  bool same(const Node& node, Op op, std::span<const ExprId> arguments,
            std::uint32_t payload) const;
  ExprId make(Op op, std::span<const ExprId> arguments, std::uint32_t payload, std::uint64_t hash);
  ExprId* slot(std::uint64_t hash, Op op, std::span<const ExprId> arguments, std::uint32_t payload);
  void grow();
  std::uint8_t facts_of(const Node& node) const;
  double value_of(const Node& node) const;
};

/// The only door from the passes of this folder into a store.
class StoreAccess {
 public:
  static Store::Impl& impl(Store& store) { return *store.impl_; }
  static const Store::Impl& impl(const Store& store) { return *store.impl_; }
};

// ---- canonical forms (canonical_*.cpp)

/// Numbers before pi before symbols before everything that has operands.
int leaf_rank(Op op);
/// Total order of operands: numbers, then symbols by name, then everything else by structure.
bool precedes(const Store::Impl&, ExprId a, ExprId b);
/// x[2] before x[10].
bool natural_less(std::string_view a, std::string_view b);

std::optional<Numeric> numeric_value(const Store::Impl&, ExprId e);
ExprId numeric(Store&, const Numeric& value);
/// The numeric coefficient of a term: 3 for 3*x, 1 for x.
Numeric coefficient(const Store::Impl&, ExprId term);
/// Whether a sum or term begins with a minus sign; exactly one of e and -e does, unless e is zero.
bool starts_negative(const Store::Impl&, ExprId e);

ExprId canonical_sum(Store&, std::span<const ExprId> terms);
ExprId canonical_product(Store&, std::span<const ExprId> factors);
ExprId canonical_power(Store&, ExprId base, ExprId exponent);
ExprId canonical_call(Store&, Op op, std::span<const ExprId> arguments);

}  // namespace hopf::expr
