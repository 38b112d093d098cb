#include "driver/policy_sets.hpp"

#include <cmath>

#include "derive/control_law.hpp"

namespace hopf::driver {
namespace {

using expr::ExprId;
using expr::Op;
using expr::Store;

constexpr std::size_t kMostProjected =
    10;  // components of a simplex: their subsets are written out

ExprId distance(Store& store, const std::vector<ExprId>& u, const std::vector<double>& value) {
  std::vector<ExprId> terms;
  for (std::size_t k = 0; k < u.size(); ++k) {
    const ExprId gap = store.sub(u[k], store.number(value[k]));
    terms.push_back(store.mul(gap, gap));
  }
  return store.add(terms);
}

std::vector<ExprId> nearest_value(Store& store, const model::ControlGroup& group,
                                  const std::vector<ExprId>& u) {
  std::vector<ExprId> best;
  ExprId least;
  for (const std::vector<double>& value : group.values) {
    const ExprId gap = distance(store, u, value);
    const ExprId closer = best.empty() ? ExprId() : store.apply(Op::Less, {gap, least});
    for (std::size_t k = 0; k < u.size(); ++k) {
      const ExprId entry = store.number(value[k]);
      if (k == best.size())
        best.push_back(entry);
      else
        best[k] = store.select(closer, entry, best[k]);
    }
    least = closer.valid() ? store.min(gap, least) : gap;
  }
  return best;
}

std::vector<ExprId> within_ball(Store& store, double radius, std::vector<ExprId> u) {
  const ExprId size = store.sqrt(distance(store, u, std::vector<double>(u.size(), 0.0)));
  const ExprId r = store.number(radius);
  const ExprId factor = store.div(r, store.max(size, r));
  for (ExprId& e : u) e = store.mul(factor, e);
  return u;
}

}  // namespace

std::vector<ExprId> nearest_in_set(const model::Model& model, const model::ControlGroup& group,
                                   std::vector<ExprId> u) {
  Store& store = *model.store;
  using Set = model::ControlGroup::Set;
  if (group.set == Set::Finite) return nearest_value(store, group, u);
  if (group.set == Set::Ball) return within_ball(store, group.radius, std::move(u));
  if (group.set == Set::Simplex)
    return u.size() > kMostProjected ? u : derive::project_to_simplex(store, u);
  for (std::size_t k = 0; k < u.size(); ++k) {
    const auto& control = model.controls[static_cast<std::size_t>(group.components[k])];
    if (std::isfinite(control.lo)) u[k] = store.max(u[k], store.number(control.lo));
    if (std::isfinite(control.hi)) u[k] = store.min(u[k], store.number(control.hi));
  }
  return u;
}

}  // namespace hopf::driver
