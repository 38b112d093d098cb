// Walking a DAG without recursion. Operands are always older than what is built of them, so
// increasing ids are a topological order.
#pragma once

#include <algorithm>
#include <vector>

#include "base/id_map.hpp"
#include "expr/expr.hpp"

namespace hopf::expr {

/// Every node reachable from `roots` without passing below a node for which `stop` holds (which is
/// itself included), operands before users; operands for which `outside` holds are left out.
template <class Stop, class Outside>
std::vector<ExprId> topological(const Store& store, std::span<const ExprId> roots, Stop stop,
                                Outside outside) {
  std::vector<ExprId> found, pending(roots.begin(), roots.end());
  base::IdSet<ExprId> seen;
  while (!pending.empty()) {
    const ExprId e = pending.back();
    pending.pop_back();
    if (!seen.insert(e)) continue;
    found.push_back(e);
    if (stop(e)) continue;
    for (const ExprId argument : store.args(e)) {
      if (!outside(argument) && !seen.contains(argument)) pending.push_back(argument);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

template <class Stop>
std::vector<ExprId> topological(const Store& store, std::span<const ExprId> roots, Stop stop) {
  return topological(store, roots, stop, [](ExprId) { return false; });
}

inline std::vector<ExprId> topological(const Store& store, ExprId root) {
  return topological(store, std::span(&root, 1), [](ExprId) { return false; });
}

/// Nodes that hold any of `symbols`, found over one DAG.
class Dependence {
 public:
  Dependence(const Store& store, ExprId root, std::span<const SymbolId> symbols);
  bool operator()(ExprId e) const { return dependent_.contains(e); }

 private:
  base::IdSet<ExprId> dependent_;
};

/// Rebuilds the DAG below `root`: operands first, each node through `visit(node, new operands)`.
/// Nodes for which `keep` holds stay as they are and are not entered.
template <class Keep, class Visit>
ExprId rebuild(Store& store, ExprId root, Keep keep, Visit visit) {
  base::IdMap<ExprId, ExprId> image;
  std::vector<ExprId> args;
  for (const ExprId e : topological(store, std::span(&root, 1), keep)) {
    if (keep(e)) {
      image.insert(e, e);
      continue;
    }
    args.clear();
    for (const ExprId argument : store.args(e)) args.push_back(*image.find(argument));
    const ExprId result = visit(e, std::span<const ExprId>(args));
    image.insert(e, result);
  }
  return *image.find(root);
}

}  // namespace hopf::expr
