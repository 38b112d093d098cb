#include "expr/store_impl.hpp"
#include "expr/traverse.hpp"

namespace hopf::expr {

namespace {

/// The one variable that `term` depends on: its index, vars.size() for none, or nothing when there
/// are several.
std::optional<std::size_t> only_variable(const Store& store, ExprId term,
                                         std::span<const SymbolId> vars) {
  std::size_t found = vars.size();
  for (std::size_t i = 0; i < vars.size(); ++i) {
    if (!depends_on(store, term, vars[i])) continue;
    if (found != vars.size()) return std::nullopt;
    found = i;
  }
  return found;
}

std::optional<Separable> split_terms(Store& store, ExprId e, std::span<const SymbolId> vars,
                                     bool may_expand) {
  std::vector<std::vector<ExprId>> groups(vars.size() + 1);
  const bool is_sum = store.op(e) == Op::Add;
  const std::span<const ExprId> terms = is_sum ? store.args(e) : std::span<const ExprId>(&e, 1);
  for (const ExprId term : terms) {
    if (const auto group = only_variable(store, term, vars)) {
      groups[*group].push_back(term);
      continue;
    }
    const ExprId expanded = may_expand ? expand(store, term) : term;
    if (expanded == term) return std::nullopt;
    const auto inner = split_terms(store, expanded, vars, false);
    if (!inner) return std::nullopt;
    for (std::size_t i = 0; i < vars.size(); ++i) groups[i].push_back(inner->parts[i]);
    groups.back().push_back(inner->rest);
  }
  Separable result;
  for (std::size_t i = 0; i < vars.size(); ++i) result.parts.push_back(store.add(groups[i]));
  result.rest = store.add(groups.back());
  return result;
}

}  // namespace

std::optional<Separable> as_separable(Store& store, ExprId e, std::span<const SymbolId> vars) {
  if (auto direct = split_terms(store, e, vars, true)) return direct;
  // Terms that depend on several variables may still cancel one another.
  const ExprId expanded = expand(store, e);
  return expanded == e ? std::nullopt : split_terms(store, expanded, vars, false);
}

}  // namespace hopf::expr
