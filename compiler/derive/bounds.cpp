// With L in [l, m] and rho in [r, R], V = E[int e^{-int rho} L ds + e^{-int rho} G] has its bounds
// at the ends of these ranges; G is what is paid at the end, whichever comes first. This is the
// comparison principle with constants for sub- and supersolution (Crandall, Ishii & Lions 1992, 3).
#include "derive/bounds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "derive/internal.hpp"
#include "expr/interval.hpp"
#include "expr/traverse.hpp"
#include "model/ranges.hpp"

namespace hopf::derive {

namespace {

using expr::Box;
using expr::Interval;
using model::Boundary;

constexpr double kInf = HUGE_VAL;
constexpr double kRounding = 1e-12;          // of the range in the domain: what counts as zero
constexpr std::size_t kMostConstants = 243;  // constant controls tried
constexpr std::size_t kLargeCost = 5000;     // nodes of a cost for which only one is

/// How far a state may go beyond an open end of its domain.
enum class Beyond : std::uint8_t { Everywhere, OwnSide, Nowhere };

Interval span_of(const model::State& state, Beyond beyond) {
  if (!state.lo || beyond == Beyond::Everywhere) return {-kInf, kInf};
  if (beyond == Beyond::Nowhere) return {*state.lo, *state.hi};
  return {*state.lo >= 0 ? 0 : -kInf, *state.hi <= 0 ? 0 : kInf};
}

bool is_open(const model::State& state, const BoundsOf& of) {
  return !state.lo || of.everywhere || state.boundary == Boundary::Extrapolate ||
         (of.given_policy && state.boundary_defaulted);
}

/// Everything that V is made of.
std::vector<ExprId> amounts(const model::Model& model) {
  std::vector<ExprId> result;
  const auto add = [&](ExprId e) {
    if (e.valid()) result.push_back(e);
  };
  add(model.lagrangian.value);
  if (model.terminal) add(model.terminal->value);
  if (model.discount) add(model.discount->value);
  if (model.until && model.until->pay) add(model.until->pay->value);
  if (model.stop_pays) add(model.stop_pays->value);
  for (const auto& state : model.states) {
    if (state.boundary == Boundary::Absorb) add(state.absorb_value);
  }
  return result;
}

/// A power, root or logarithm that does not exist somewhere in the box.
bool is_singular(const expr::Store& store, ExprId node, const Box& box) {
  const expr::Op op = store.op(node);
  if (op != expr::Op::Pow && op != expr::Op::Log) return false;
  const Interval base = expr::enclose(store, store.args(node)[0], box);
  if (base.lo >= 0) return false;
  if (op != expr::Op::Pow) return true;
  const Interval power = expr::enclose(store, store.args(node)[1], box);
  const bool integer = power.lo == power.hi && std::floor(power.lo) == power.lo;
  return !integer || (power.lo < 0 && base.hi > 0);
}

bool defined(const model::Model& model, const std::vector<ExprId>& roots, const Box& box) {
  const auto all = expr::topological(*model.store, roots, [](ExprId) { return false; });
  return std::none_of(all.begin(), all.end(),
                      [&](ExprId e) { return is_singular(*model.store, e, box); });
}

/// A state that moves in proportion to itself never changes its sign: at 0 it has neither noise nor
/// a drift across.
bool keeps_its_sign(const model::Model& model, std::size_t k, const Box& box) {
  const auto& state = model.states[k];
  if (!state.lo || (*state.lo < 0 && *state.hi > 0)) return false;
  const expr::Substitution zero{{state.symbol, model.store->integer(0)}};
  const Interval drift =
      expr::enclose(*model.store, substitute(*model.store, model.drift[k], zero), box);
  for (std::size_t w = 0; w < model.noise_count(); ++w) {
    const ExprId noise = model.diffusion[k * model.noise_count() + w];
    if (!model.store->is_zero(substitute(*model.store, noise, zero))) return false;
  }
  return *state.lo >= 0 ? drift.lo >= 0 : drift.hi <= 0;
}

/// Without noise a state goes no farther than its speed allows until the horizon.
void limit_by_speed(const model::Model& model, std::size_t k, Box& box) {
  const auto& state = model.states[k];
  if (!model.horizon || !state.lo) return;
  for (std::size_t w = 0; w < model.noise_count(); ++w) {
    if (!model.store->is_zero(model.diffusion[k * model.noise_count() + w])) return;
  }
  const Interval speed = expr::enclose(*model.store, model.drift[k], box);
  Interval& range = box[state.symbol];
  range.lo = std::max(range.lo, *state.lo + std::min(0.0, speed.lo) * *model.horizon);
  range.hi = std::min(range.hi, *state.hi + std::max(0.0, speed.hi) * *model.horizon);
}

/// Where the state can be: beyond open ends as far as the amounts exist.
Box natural_box(const model::Model& model, const BoundsOf& of) {
  const std::vector<ExprId> roots = amounts(model);
  Box box;
  for (const Beyond beyond : {Beyond::Everywhere, Beyond::OwnSide, Beyond::Nowhere}) {
    box = model::whole_box(model);
    for (const auto& state : model.states) {
      if (is_open(state, of)) box[state.symbol] = span_of(state, beyond);
    }
    for (std::size_t k = 0; k < model.dimension(); ++k) {
      const auto& state = model.states[k];
      if (!is_open(state, of)) continue;
      if (keeps_its_sign(model, k, box)) box[state.symbol] = span_of(state, Beyond::OwnSide);
    }
    for (std::size_t k = 0; k < model.dimension(); ++k) {
      if (is_open(model.states[k], of)) limit_by_speed(model, k, box);
    }
    if (defined(model, roots, box)) break;
  }
  return box;
}

/// The range of an amount. Ends within rounding of zero, as that of 1 - cos(x), are zero, and so is
/// what outward rounding makes of zero itself.
Interval range_of(const model::Model& model, ExprId e, const Box& box) {
  Interval range = expr::enclose(*model.store, e, box);
  const Interval inside = expr::enclose(*model.store, e, model::whole_box(model));
  double least = kRounding * (inside.hi - inside.lo);
  if (!std::isfinite(least)) least = 0;
  least = std::max(least, std::numeric_limits<double>::min());
  if (std::abs(range.lo) <= least) range.lo = 0;
  if (std::abs(range.hi) <= least) range.hi = 0;
  return range;
}

bool noisy_at(const model::Model& model, std::size_t k, Box box, double end) {
  box[model.states[k].symbol] = {end, end};
  for (std::size_t j = 0; j < model.noise_count(); ++j) {
    const Interval g =
        expr::enclose(*model.store, model.diffusion[k * model.noise_count() + j], box);
    if (g.lo != 0 || g.hi != 0) return true;
  }
  return false;
}

/// No constant control leads out through an end that must not be crossed, and there is no noise.
bool stays_inside(const model::Model& model, const Box& box) {
  for (std::size_t k = 0; k < model.dimension(); ++k) {
    const auto& state = model.states[k];
    if (state.boundary != Boundary::Constrain) continue;
    if (model::drift_at_end(model, k, false, box).lo < 0 ||
        model::drift_at_end(model, k, true, box).hi > 0)
      return false;
    if (noisy_at(model, k, box, *state.lo) || noisy_at(model, k, box, *state.hi)) return false;
  }
  return true;
}

/// The most that the best of a few constant controls costs a unit of time.
double most_of_constants(const model::Model& model, Box box, double any) {
  const ExprId cost = model.lagrangian.value;
  std::vector<std::vector<std::vector<double>>> choices;
  std::size_t total = 1;
  for (const auto& group : model.groups) {
    if (group.disturbance) continue;
    choices.push_back(model::sample_controls(model, group));
    total = std::min(total * choices.back().size(), kMostConstants);
  }
  if (expr::topological(*model.store, cost).size() > kLargeCost) total = 1;
  double least = any;
  for (std::size_t choice = 0; choice < total; ++choice) {
    std::size_t rest = choice, g = 0;
    for (const auto& group : model.groups) {
      if (group.disturbance) continue;
      const auto& value = choices[g][rest % choices[g].size()];
      rest /= choices[g++].size();
      for (std::size_t i = 0; i < value.size(); ++i)
        box[model.controls[group.components[i]].symbol] = {value[i], value[i]};
    }
    const double most = range_of(model, cost, box).hi;
    if (most < least && stays_inside(model, box)) least = most;
  }
  return least;
}

void add_leaving(const model::Model& model, Box box, Bounds& result) {
  const auto join = [&](Interval pay) {
    result.leaving = result.leaves ? expr::join(result.leaving, pay) : pay;
    result.leaves = true;
  };
  if (model.until)
    join(model.until->pay ? range_of(model, model.until->pay->value, box) : Interval{0, 0});
  for (const auto& state : model.states) {
    if (state.boundary != Boundary::Absorb) continue;
    for (const double end : {*state.lo, *state.hi}) {
      box[state.symbol] = {end, end};
      join(range_of(model, state.absorb_value, box));
    }
    box[state.symbol] = {*state.lo, *state.hi};
  }
  if (!model.stop_pays) return;
  const Interval pay = range_of(model, model.stop_pays->value, box);
  result.stops = true;
  result.stopping = pay.hi;
  join(pay);
}

/// What is paid at least, and how it is discounted.
struct Paid {
  double running, terminal, leaving;
  bool leaves;
};

double product(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

double without_horizon(const Paid& paid, Interval rho) {
  const double end = paid.leaves ? paid.leaving : kInf;
  if (rho.lo > 0)
    return std::min(end, paid.running >= 0 ? paid.running / rho.hi : paid.running / rho.lo);
  if (paid.running < 0 || (rho.lo < 0 && end < 0)) return -kInf;
  return std::min(end, 0.0);
}

/// The integral of e^{-r s} over a time.
double annuity(double r, double time) { return r == 0 ? time : -std::expm1(-r * time) / r; }

double until_horizon(const Paid& paid, Interval rho, double left) {
  const double shortest = paid.leaves ? 0 : annuity(rho.hi, left);
  const double longest = annuity(rho.lo, left);
  const double fades = std::min(std::exp(-rho.hi * left), paid.leaves ? 1.0 : kInf);
  const double stays = std::max(std::exp(-rho.lo * left), paid.leaves ? 1.0 : 0.0);
  const double end = paid.leaves ? std::min(paid.terminal, paid.leaving) : paid.terminal;
  const double least = std::min(product(paid.running, shortest), product(paid.running, longest)) +
                       std::min(product(end, fades), product(end, stays));
  if (!(rho.lo > 0)) return std::isnan(least) ? -kInf : least;
  const double ever = without_horizon({paid.running, 0, end, true}, rho);
  return std::isnan(least) ? ever : std::max(least, ever);
}

double least_value(const Paid& paid, const Bounds& bounds, double t) {
  if (std::isinf(bounds.horizon)) return without_horizon(paid, bounds.discount);
  return until_horizon(paid, bounds.discount, std::max(0.0, bounds.horizon - t));
}

std::string interval_text(const model::Model& model, Interval range) {
  if (model.reward) range = {-range.hi, -range.lo};
  if (range.lo == range.hi) return number(range.lo);
  return fmt::format("{}{}, {}{}", std::isinf(range.lo) ? "(" : "[", number(range.lo + 0.0),
                     number(range.hi + 0.0), std::isinf(range.hi) ? ")" : "]");
}

}  // namespace

Interval Bounds::at(double t) const {
  const double least = least_value({running.lo, terminal.lo, leaving.lo, leaves}, *this, t);
  const double most = -least_value({-running_most, -terminal.hi, -leaving.hi, leaves}, *this, t);
  // Where V is given by an end, nobody stops.
  const double stopped = leaves ? std::max(stopping, leaving.hi) : stopping;
  return {least, stops ? std::min(most, stopped) : most};
}

Bounds bounds(const model::Model& model, const BoundsOf& of) {
  Bounds result{};
  result.horizon = model.horizon.value_or(kInf);
  result.running = result.discount = {0, 0};
  if (!model.jumps.empty() || model.density ||
      model.average) {  // where the state may go is not known
    result.running = result.terminal = result.leaving = expr::entire();
    result.running_most = kInf;
    return result;
  }
  const Box box = natural_box(model, of);
  for (const auto& state : model.states) result.states.push_back(box.at(state.symbol));
  if (model.lagrangian.value.valid()) result.running = range_of(model, model.lagrangian.value, box);
  if (model.discount) result.discount = range_of(model, model.discount->value, box);
  if (model.terminal) result.terminal = range_of(model, model.terminal->value, box);
  add_leaving(model, box, result);
  const bool best = !of.given_policy && model.lagrangian.value.valid();
  result.running_most = best ? most_of_constants(model, box, result.running.hi) : result.running.hi;
  if (of.given_policy) result.stops = false;
  return result;
}

std::string bounds_text(const model::Model& model, Interval range) {
  if (model.reward) range = {-range.hi, -range.lo};
  if (std::isinf(range.lo) && std::isinf(range.hi)) return "";
  if (std::isinf(range.hi)) return fmt::format("V >= {}", number(range.lo + 0.0));
  if (std::isinf(range.lo)) return fmt::format("V <= {}", number(range.hi + 0.0));
  return fmt::format("{} <= V <= {}", number(range.lo + 0.0), number(range.hi + 0.0));
}

std::string bounds_reason(const model::Model& model, const Bounds& bounds) {
  const char* amount = model.reward ? "reward" : "cost";
  std::vector<std::string> words;
  if (bounds.running != Interval{0, 0})
    words.push_back(
        fmt::format("the {} rate is in {}", amount, interval_text(model, bounds.running)));
  else
    words.push_back(fmt::format("there is no running {}", amount));
  if (bounds.running_most < bounds.running.hi)
    words.push_back(fmt::format("a constant control keeps it {} {}",
                                model.reward ? "above" : "below",
                                number(model.reward ? -bounds.running_most : bounds.running_most)));
  if (model.terminal)
    words.push_back(
        fmt::format("the terminal {} in {}", amount, interval_text(model, bounds.terminal)));
  if (bounds.leaves)
    words.push_back(fmt::format("what ends it pays in {}", interval_text(model, bounds.leaving)));
  return join(words, ", ");
}

void add_bounds(Context& context, Equations& eqs) {
  const Bounds found = bounds(context.model, {.everywhere = eqs.has_riccati()});
  const std::string text = bounds_text(context.model, found.at(0));
  if (text.empty()) {
    eqs.absent.emplace_back("bounds", "the ranges of its amounts bound V on neither side");
    return;
  }
  Step step;
  step.title = "Bounds";
  step.field = "bounds";
  step.words = fmt::format("{}: {}.", text, bounds_reason(context.model, found));
  step.source = "the comparison principle with constants; Crandall, Ishii & Lions 1992, 3";
  eqs.steps.push_back(std::move(step));
}

}  // namespace hopf::derive
