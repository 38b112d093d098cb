#include <unordered_map>

#include "kernel/hjb_kernels.hpp"

namespace hopf::kernel {

namespace {

using expr::ExprId;
using expr::Op;

constexpr std::uint32_t kOther = 1u << 31;  // depends on something that is no axis

struct Facts {
  std::uint32_t axes = 0;
  bool heavy = false;  // worth a table
};

bool is_heavy(const expr::Store& store, ExprId e) {
  const Op op = store.op(e);
  if (op == Op::Pow) {
    const auto exponent = store.rational_value(store.args(e)[1]);
    return !exponent || exponent->den > 2;
  }
  return (op >= Op::Sin && op <= Op::Softplus);
}

class Hoister {
 public:
  Hoister(expr::Store& store, const std::vector<expr::SymbolId>& axes, AxisTables& out)
      : store_(store), out_(out) {
    for (std::size_t k = 0; k < axes.size(); ++k) axis_of_[axes[k]] = k;
    out_.tables.resize(axes.size());
  }

  ExprId rewrite(ExprId root) {
    collect(root);
    return rebuild(root);
  }

 private:
  // Post-order with an explicit stack: expressions may be deeper than the machine's.
  template <class Seen, class Descend, class Finish>
  void post_order(ExprId root, Seen seen, Descend descend, Finish finish) {
    std::vector<std::pair<ExprId, bool>> stack{{root, false}};
    while (!stack.empty()) {
      auto [e, expanded] = stack.back();
      stack.pop_back();
      if (seen(e)) continue;
      if (expanded || !descend(e)) {
        finish(e);
        continue;
      }
      stack.push_back({e, true});
      for (const ExprId arg : store_.args(e)) stack.push_back({arg, false});
    }
  }

  void collect(ExprId root) {
    post_order(
        root, [&](ExprId e) { return facts_.contains(e); }, [](ExprId) { return true; },
        [&](ExprId e) {
          Facts facts;
          if (store_.op(e) == Op::Symbol) {
            const auto axis = axis_of_.find(store_.symbol_of(e));
            facts.axes = axis == axis_of_.end() ? kOther : 1u << axis->second;
          }
          facts.heavy = is_heavy(store_, e);
          for (const ExprId arg : store_.args(e)) {
            facts.axes |= facts_[arg].axes;
            facts.heavy = facts.heavy || facts_[arg].heavy;
          }
          facts_[e] = facts;
        });
  }

  bool tabulated(ExprId e) const {
    const Facts& facts = facts_.at(e);
    return facts.heavy && facts.axes != 0 && (facts.axes & (facts.axes - 1)) == 0 &&
           facts.axes != kOther;
  }

  ExprId table_symbol(ExprId e) {
    std::size_t axis = 0;
    while (facts_.at(e).axes != 1u << axis) ++axis;
    auto& table = out_.tables[axis];
    for (const auto& [symbol, value] : table) {
      if (value == e) return store_.symbol(symbol);  // another regime has it already
    }
    const std::string name =
        "hjb.table" + std::to_string(axis) + "." + std::to_string(table.size());
    table.push_back({store_.symbol_id(name), e});
    return store_.symbol(name);
  }

  ExprId rebuild(ExprId root) {
    post_order(
        root, [&](ExprId e) { return rebuilt_.contains(e); },
        [&](ExprId e) { return !tabulated(e) && facts_.at(e).heavy; },
        [&](ExprId e) {
          if (tabulated(e)) {
            rebuilt_[e] = table_symbol(e);
            return;
          }
          const auto span = store_.args(e);
          std::vector<ExprId> args(span.begin(), span.end());
          if (args.empty() || !facts_.at(e).heavy) {
            rebuilt_[e] = e;
            return;
          }
          for (ExprId& arg : args) arg = rebuilt_.at(arg);
          rebuilt_[e] = store_.apply(store_.op(e), args);
        });
    return rebuilt_.at(root);
  }

  expr::Store& store_;
  AxisTables& out_;
  std::unordered_map<expr::SymbolId, std::size_t> axis_of_;
  std::unordered_map<ExprId, Facts> facts_;
  std::unordered_map<ExprId, ExprId> rebuilt_;
};

}  // namespace

std::vector<ExprId> hoist_axis_tables(expr::Store& store, const std::vector<expr::SymbolId>& axes,
                                      const std::vector<ExprId>& roots, AxisTables& out) {
  Hoister hoister(store, axes, out);
  std::vector<ExprId> result;
  for (const ExprId root : roots) result.push_back(root.valid() ? hoister.rewrite(root) : root);
  return result;
}

}  // namespace hopf::kernel
