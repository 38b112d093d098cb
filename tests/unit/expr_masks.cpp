// Nodes carry a mask of 64 bits for the symbols below them, and symbols 64 apart share a bit. What
// the passes say must not depend on it: a store whose symbols all share bits must give the answers
// of a store that has few symbols, and those of sets computed plainly.
#include <map>
#include <set>

#include "expr/expr.hpp"
#include "expr_random.hpp"
#include "test.hpp"

using namespace hopf::expr;
using testing::Random;
using testing::random_expression;

namespace {

constexpr int kLeaves = 12, kOthers = 4;

/// Twelve symbols "a0".."a11" and four that no expression holds. Crowded: `distance` apart in the
/// store, so that at 64 all of them share one bit and at 16 four.
struct Ground {
  explicit Ground(bool crowded, int distance = 0) {
    int fillers = 0;
    for (int i = 0; i < kLeaves + kOthers; ++i) {
      const std::string name = (i < kLeaves ? "a" : "b") + std::to_string(i);
      symbols.push_back(store.symbol_id(name));
      leaves.push_back(store.symbol(name));
      for (int k = 1; crowded && k < distance; ++k)
        store.symbol("filler" + std::to_string(fillers++));
    }
    leaves.resize(kLeaves);
  }

  Store store;
  std::vector<SymbolId> symbols;
  std::vector<ExprId> leaves;
};

std::set<SymbolId> plain_symbols(const Store& s, ExprId root) {
  std::set<SymbolId> found;
  std::set<ExprId> seen;
  std::vector<ExprId> pending{root};
  while (!pending.empty()) {
    const ExprId e = pending.back();
    pending.pop_back();
    if (!seen.insert(e).second) continue;
    if (s.op(e) == Op::Symbol) found.insert(s.symbol_of(e));
    for (const ExprId part : s.args(e)) pending.push_back(part);
  }
  return found;
}

/// What every pass that asks for dependence makes of e, as text.
std::vector<std::string> answers(Ground& g, ExprId e) {
  std::vector<std::string> out{print(g.store, e)};
  for (const SymbolId x : g.symbols) out.push_back(print(g.store, differentiate(g.store, e, x)));
  const ExprId sum = g.store.add(g.leaves[0], g.leaves[1]);
  out.push_back(print(g.store, substitute(g.store, e, {{g.symbols[2], sum}, {g.symbols[13], e}})));
  const std::vector<SymbolId> vars{g.symbols[0], g.symbols[5], g.symbols[12]};
  if (const auto affine = as_affine(g.store, e, vars)) {
    for (const ExprId part : affine->linear) out.push_back("affine " + print(g.store, part));
    out.push_back(print(g.store, affine->constant));
  }
  if (const auto quadratic = as_quadratic(g.store, e, vars))
    for (const ExprId part : quadratic->Q) out.push_back("quadratic " + print(g.store, part));
  if (const auto separable = as_separable(g.store, e, vars)) {
    for (const ExprId part : separable->parts) out.push_back("part " + print(g.store, part));
    out.push_back("rest " + print(g.store, separable->rest));
  }
  return out;
}

}  // namespace

TEST_CASE("symbols that share a bit of the mask change no answer of any pass") {
  for (int seed = 0; seed < 400; ++seed) {
    Ground plain(false), crowded(true, seed % 2 == 0 ? 64 : 16);
    Random first(static_cast<std::uint64_t>(seed) + 31),
        second(static_cast<std::uint64_t>(seed) + 31);
    const int depth = 1 + seed % 5;
    const ExprId a = random_expression(plain.store, first, plain.leaves, depth, true);
    const ExprId b = random_expression(crowded.store, second, crowded.leaves, depth, true);
    INFO("seed " << seed << ": " << print(plain.store, a));
    CHECK(answers(plain, a) == answers(crowded, b));
  }
}

TEST_CASE("free symbols and dependence are those of plain sets, with 200 symbols in the store") {
  for (int seed = 0; seed < 400; ++seed) {
    Ground g(true, 64);
    Random random(static_cast<std::uint64_t>(seed) + 500);
    const ExprId e = random_expression(g.store, random, g.leaves, 4, true);
    const std::set<SymbolId> truth = plain_symbols(g.store, e);
    INFO("seed " << seed << ": " << print(g.store, e));
    CHECK(free_symbols(g.store, e) == std::vector<SymbolId>(truth.begin(), truth.end()));
    for (const SymbolId x : g.symbols) {
      CHECK(depends_on(g.store, e, x) == truth.contains(x));
      if (!truth.contains(x)) CHECK(g.store.is_zero(differentiate(g.store, e, x)));
    }
  }
}
