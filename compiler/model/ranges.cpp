#include "model/ranges.hpp"

#include <algorithm>
#include <cmath>

namespace hopf::model {

namespace {

using Candidates = std::vector<std::vector<double>>;  // values of one group

constexpr double kFar = 1e6;  // stands for an infinite end of a control set

Candidates box_candidates(const Model& model, const ControlGroup& group) {
  std::vector<std::vector<double>> ends;
  std::vector<double> rest;
  for (int component : group.components) {
    const Control& control = model.controls[component];
    double lo = std::isfinite(control.lo) ? control.lo : std::min(control.hi, 0.0) - kFar;
    double hi = std::isfinite(control.hi) ? control.hi : std::max(control.lo, 0.0) + kFar;
    double zero = std::clamp(0.0, lo, hi);
    rest.push_back(zero);
    ends.push_back({zero, lo, hi, std::clamp(zero + 1, lo, hi), std::clamp(zero - 1, lo, hi)});
  }
  Candidates result = {rest};
  if (rest.size() <= 3) {
    for (std::size_t i = 0; i < rest.size(); ++i) {
      Candidates grown;
      for (const auto& base : result)
        for (double end : ends[i]) {
          grown.push_back(base);
          grown.back()[i] = end;
        }
      result = std::move(grown);
    }
    return result;
  }
  for (std::size_t i = 0; i < rest.size(); ++i)
    for (double end : ends[i]) {
      result.push_back(rest);
      result.back()[i] = end;
    }
  return result;
}

}  // namespace

std::vector<std::vector<double>> sample_controls(const Model& model, const ControlGroup& group) {
  std::size_t m = group.components.size();
  switch (group.set) {
    case ControlGroup::Set::Finite:
      return group.values;
    case ControlGroup::Set::Free:
    case ControlGroup::Set::Interval:
      return box_candidates(model, group);
    case ControlGroup::Set::Ball:
    case ControlGroup::Set::Simplex:
      break;
  }
  bool is_ball = group.set == ControlGroup::Set::Ball;
  Candidates result = {std::vector<double>(m, is_ball ? 0.0 : 1.0 / static_cast<double>(m))};
  for (std::size_t i = 0; i < m; ++i) {
    std::vector<double> value(m, 0.0);
    value[i] = is_ball ? group.radius : 1.0;
    result.push_back(value);
    value[i] = -group.radius;
    if (is_ball) result.push_back(value);
  }
  return result;
}

expr::Box whole_box(const Model& model) {
  expr::Box box;
  for (const auto& [symbol, value] : model.bindings()) box[symbol] = {value, value};
  for (const State& state : model.states)
    if (state.lo && state.hi) box[state.symbol] = {*state.lo, *state.hi};
  for (const Control& control : model.controls) box[control.symbol] = {control.lo, control.hi};
  if (model.regime) box[model.regime->symbol] = {1, static_cast<double>(model.regime->count)};
  box[model.time] = {0, model.horizon.value_or(INFINITY)};
  return box;
}

expr::Interval drift_at_end(const Model& model, std::size_t k, bool upper, expr::Box box) {
  const State& state = model.states[k];
  const double end = upper ? *state.hi : *state.lo;
  box[state.symbol] = {end, end};
  return expr::enclose(*model.store, model.drift[k], box);
}

}  // namespace hopf::model
