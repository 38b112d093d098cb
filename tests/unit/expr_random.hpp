// Random expressions from a seed, the same on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "expr/expr.hpp"
#include "expr/op_info.hpp"

namespace hopf::expr::testing {

/// SplitMix64.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  int below(int n) { return static_cast<int>(next() % static_cast<std::uint64_t>(n)); }
  double uniform(double lo, double hi) { return lo + (hi - lo) * (double(next() >> 11) * 0x1p-53); }

 private:
  std::uint64_t state_;
};

/// An expression over `leaves`, of smooth operations only unless `branches`.
inline ExprId random_expression(Store& s, Random& r, const std::vector<ExprId>& leaves, int depth,
                                bool branches) {
  if (depth == 0 || r.below(8) == 0) {
    const int kind = r.below(10);
    if (kind < 7) return leaves[static_cast<std::size_t>(r.below(static_cast<int>(leaves.size())))];
    return s.rational(r.below(9) - 4, 1 + r.below(4));
  }
  const auto part = [&] { return random_expression(s, r, leaves, depth - 1, branches); };
  switch (r.below(branches ? 16 : 12)) {
    case 0:
    case 1:
      return s.add(part(), part());
    case 2:
      return s.sub(part(), part());
    case 3:
    case 4:
      return s.mul(part(), part());
    case 5:
      return s.div(part(), s.add(s.integer(2), s.pow(part(), s.integer(2))));
    case 6:
      return s.pow(part(), s.integer(r.below(3) + 1));
    case 7:
      return s.apply(Op::Sin, {part()});
    case 8:
      return s.apply(Op::Cos, {part()});
    case 9:
      return s.apply(Op::Exp, {s.apply(Op::Tanh, {part()})});
    case 10:
      return s.apply(Op::Log, {s.add(s.integer(1), s.pow(part(), s.integer(2)))});
    case 11:
      return s.sqrt(s.add(s.integer(1), s.pow(part(), s.integer(2))));
    case 12:
      return s.apply(Op::Abs, {part()});
    case 13:
      return s.min(part(), part());
    case 14:
      return s.max(part(), part());
    default:
      return s.select(s.apply(Op::Less, {part(), part()}), part(), part());
  }
}

}  // namespace hopf::expr::testing
