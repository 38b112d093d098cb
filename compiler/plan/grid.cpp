#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "plan/internal.hpp"

namespace hopf::plan {

namespace {

using diagnostics::Kind;

constexpr int kDefaultNodes[] = {501, 101, 41};
constexpr double kGeometricRatio =
    20;  // hi/lo from which a proportional state gets a geometric axis

source::Span grid_span(const Options& options, std::size_t k) {
  return k < options.grid_spans.size() ? options.grid_spans[k] : options.span;
}

/// Squares of the ends must be numbers, and the nodes between them different ones.
bool check_range(const model::State& state, diagnostics::Sink& sink) {
  constexpr double kLargest = 1e100, kResolved = 1e-9;
  const double lo = *state.lo, hi = *state.hi, size = std::max(std::abs(lo), std::abs(hi));
  if (size <= kLargest && hi - lo > kResolved * size) return true;
  auto& d =
      sink.emit(Kind::DomainMissing, state.span,
                fmt::format("no grid spans the domain [{:g}, {:g}] of '{}'", lo, hi, state.name));
  d.help = size > kLargest
               ? fmt::format("measure '{}' in a larger unit, or end its domain sooner", state.name)
               : fmt::format("measure '{}' from a point inside its domain", state.name);
  return false;
}

bool check_dimension(const model::Model& model, diagnostics::Sink& sink) {
  if (model.dimension() > 3) {
    auto& d = sink.emit(Kind::NotBuiltYet, model.span,
                        fmt::format("a grid for the {} states of '{}' is not built yet",
                                    model.dimension(), model.name));
    d.notes.push_back("finite differences serve 1 to 3 states");
    return false;
  }
  const model::State* told = nullptr;  // of a vector's components one is enough
  for (const auto& state : model.states) {
    if (state.lo && state.hi && check_range(state, sink)) continue;
    if (state.lo && state.hi) return false;
    if (told && told->base == state.base) continue;
    told = &state;
    sink.emit(Kind::DomainMissing, state.span,
              fmt::format("'{}' has no domain to put a grid on", state.base))
        .help = state.name == state.base
                    ? fmt::format("write 'state {} in [a, b]'", state.name)
                    : fmt::format("add 'in [a, b]' to the declaration of '{}'", state.base);
  }
  return told == nullptr;
}

bool read_counts(const model::Model& model, const Options& options, std::vector<int>& counts,
                 diagnostics::Sink& sink) {
  const std::size_t n = model.dimension();
  counts = options.grid;
  if (counts.empty()) counts.assign(n, kDefaultNodes[n - 1]);
  if (counts.size() == 1) counts.assign(n, counts[0]);
  if (counts.size() != n) {
    sink.emit(Kind::GridCountMismatch,
              options.grid_spans.empty() ? options.span : options.grid_spans[0],
              fmt::format("the grid has {} entries and '{}' has {} state{}", counts.size(),
                          model.name, n, n == 1 ? "" : "s"));
    return false;
  }
  for (std::size_t k = 0; k < n; ++k) {
    const int least = model.states[k].boundary == model::Boundary::Periodic ? 4 : 3;
    if (counts[k] >= least) continue;
    auto& d = sink.emit(Kind::GridTooSmall, grid_span(options, k),
                        fmt::format("a grid with {} node{} along '{}'", counts[k],
                                    counts[k] == 1 ? "" : "s", model.states[k].name));
    d.help = fmt::format("write at least {}", least);
    return false;
  }
  return true;
}

runtime::Boundary boundary_of(model::Boundary kind) {
  switch (kind) {
    case model::Boundary::Periodic:
      return runtime::Boundary::Periodic;
    case model::Boundary::Reflect:
      return runtime::Boundary::Reflect;
    case model::Boundary::Absorb:
      return runtime::Boundary::Absorb;
    case model::Boundary::Extrapolate:
      return runtime::Boundary::Extrapolate;
    case model::Boundary::Constrain:
    case model::Boundary::Default:
      break;
  }
  return runtime::Boundary::Constrain;
}

// True when drift and noise of a positive state are proportional to it, as for wealth or a price;
// what controls alone add to the drift, such as consumption, does not count.
bool proportional(const model::Model& model, std::size_t k) {
  expr::Store& store = *model.store;
  const auto& state = model.states[k];
  if (!(*state.lo > 0) || *state.hi / *state.lo < kGeometricRatio) return false;
  const expr::ExprId x = store.symbol(state.symbol);
  bool noisy = false;
  const auto free_of_x = [&](expr::ExprId e) {
    if (store.is_zero(e)) return true;
    noisy = true;
    return !expr::depends_on(store, expr::expand(store, store.div(expr::expand(store, e), x)),
                             state.symbol);
  };
  for (std::size_t j = 0; j < model.noise_count(); ++j) {
    if (!free_of_x(model.diffusion[k * model.noise_count() + j])) return false;
  }
  expr::Substitution at_rest;
  for (const auto& control : model.controls) at_rest[control.symbol] = store.integer(0);
  return noisy &&
         (free_of_x(model.drift[k]) || free_of_x(expr::substitute(store, model.drift[k], at_rest)));
}

void add_axis(const model::Model& model, const Options& options, std::size_t k, int count,
              Plan& plan) {
  const auto& state = model.states[k];
  const auto boundary = boundary_of(state.boundary);
  const double stretch = k < options.stretch.size() ? options.stretch[k] : 0;
  const bool geometric = options.stretch.empty() && !plan.cross_terms &&
                         boundary != runtime::Boundary::Periodic && proportional(model, k);
  const std::string& unit = state.unit.text;
  if (geometric) {
    plan.grid.axes.push_back(
        runtime::geometric_axis(state.name, unit, boundary, *state.lo, *state.hi, count));
    plan.findings.push_back(fmt::format(
        "'{}' moves in proportion to itself: nodes in geometric progression", state.name));
  } else {
    plan.grid.axes.push_back(
        runtime::stretched_axis(state.name, unit, boundary, *state.lo, *state.hi, count, stretch));
  }
}

bool has_cross_terms(const model::Model& model, const derive::Equations& equations) {
  const std::size_t n = model.dimension();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      if (!model.store->is_zero(equations.covariance[i * n + j])) return true;
    }
  }
  return false;
}

}  // namespace

bool choose_grid(const model::Model& model, const derive::Equations& equations,
                 const Options& options, Plan& plan, diagnostics::Sink& sink) {
  std::vector<int> counts;
  if (!check_dimension(model, sink) || !read_counts(model, options, counts, sink)) return false;
  plan.cross_terms = has_cross_terms(model, equations);
  if (plan.cross_terms && std::any_of(options.stretch.begin(), options.stretch.end(),
                                      [](double s) { return s != 0; })) {
    sink.emit(Kind::InvalidSolverOption, options.span, "a stretched grid with correlated noise")
        .help = "leave stretch out: directions of correlated noise need uniform axes";
    return false;
  }
  if (options.stretch.size() > model.dimension()) {
    sink.emit(Kind::InvalidSolverOption, options.span,
              fmt::format("stretch has {} entries and '{}' has {} state{}", options.stretch.size(),
                          model.name, model.dimension(), model.dimension() == 1 ? "" : "s"));
    return false;
  }
  const std::int64_t regimes = model.regime ? model.regime->count : 1;
  if (!check_memory(model, counts, regimes, options, sink)) return false;
  for (std::size_t k = 0; k < model.dimension(); ++k) add_axis(model, options, k, counts[k], plan);
  return true;
}

}  // namespace hopf::plan
