#include "kernel/hjb_kernels.hpp"

#include <algorithm>
#include <cmath>

#include "kernel/hjb_builder.hpp"

namespace hopf::kernel {

namespace {

using expr::Op;

constexpr double kImpossible = 1e300;  // the score of a control that gives NaN or infinity
constexpr double kPenalty = 1e30;      // per unit of outward drift where a state must stay inside
constexpr double kZeroDrift = 1e-12;   // relative to the axis: what counts as not leaving

}  // namespace

void HjbBuilder::make_symbols() {
  for (std::size_t k = 0; k < n_; ++k) {
    axes_.push_back({s_.symbol(in_.axes[k].symbol), named("h-", k), named("h+", k),
                     named("at_lower", k), named("at_upper", k), named("p-", k), named("p+", k),
                     named("a", k)});
  }
  for (std::size_t k = 0; k < 4 * in_.cross.size(); ++k) pair_d_.push_back(named("pair", k));
  for (const HjbControl& control : in_.controls) old_.push_back(s_.symbol(control.symbol));
}

// Specialises the model to regime j and moves what depends on one axis only into tables.
void HjbBuilder::make_regime(int j) {
  regime_ = j;
  std::vector<ExprId> roots = in_.drift;
  const auto append = [&](const std::vector<ExprId>& more) {
    roots.insert(roots.end(), more.begin(), more.end());
  };
  append(in_.diffusion);
  append(in_.covariance);
  append(in_.rates);
  roots.push_back(in_.cost);
  roots.push_back(in_.discount);
  append(in_.policy);
  for (const HjbLaw& law : in_.laws) append(law.law);
  if (in_.regime) {
    for (ExprId& root : roots) root = substitute(s_, root, {{*in_.regime, s_.integer(j)}});
  }
  std::vector<SymbolId> axis_symbols;
  for (const HjbAxis& axis : in_.axes) axis_symbols.push_back(axis.symbol);
  tables_.tables.resize(n_);
  if (in_.tabulate) roots = hoist_axis_tables(s_, axis_symbols, roots, tables_);
  auto next = roots.begin();
  const auto take = [&](std::vector<ExprId>& into, std::size_t count) {
    into.assign(next, next + static_cast<std::ptrdiff_t>(count));
    next += static_cast<std::ptrdiff_t>(count);
  };
  take(drift_, in_.drift.size());
  take(diffusion_, in_.diffusion.size());
  take(covariance_, in_.covariance.size());
  take(rates_, in_.rates.size());
  cost_ = *next++;
  discount_ = *next++;
  take(policy_, in_.policy.size());
  laws_ = in_.laws;
  for (HjbLaw& law : laws_) take(law.law, law.law.size());
}

void HjbBuilder::bind_block(std::vector<InputBinding>& out, std::size_t k, From from,
                            std::uint32_t& slot) {
  const AxisSymbols& axis = axes_[k];
  for (const ExprId e : {axis.x, axis.lower, axis.upper, axis.at_lower, axis.at_upper}) {
    const bool elsewhere = in_.cut && (e == axis.lower || e == axis.upper);
    if (!elsewhere) out.push_back({s_.symbol_of(e), from, slot});
    ++slot;
  }
  for (const auto& [symbol, value] : tables_.tables[k]) out.push_back({symbol, from, slot++});
}

// The order is that of runtime/value/point_problem.hpp.
std::vector<InputBinding> HjbBuilder::bindings() {
  std::vector<InputBinding> result{{in_.time, From::Uniform, 0}};
  std::uint32_t uniform = 1, input = 0;
  for (std::size_t k = 0; k + 1 < n_; ++k) bind_block(result, k, From::Uniform, uniform);
  bind_block(result, n_ - 1, From::Input, input);
  for (const AxisSymbols& axis : axes_) {
    result.push_back({s_.symbol_of(axis.backward), From::Input, input++});
    result.push_back({s_.symbol_of(axis.forward), From::Input, input++});
  }
  for (const ExprId e : pair_d_) result.push_back({s_.symbol_of(e), From::Input, input++});
  for (const ExprId e : old_) result.push_back({s_.symbol_of(e), From::Input, input++});
  if (in_.given_diffusion) {
    for (const AxisSymbols& axis : axes_)
      result.push_back({s_.symbol_of(axis.given), From::Input, input++});
  }
  if (in_.cut) {
    for (const AxisSymbols& axis : axes_) {
      result.push_back({s_.symbol_of(axis.lower), From::Input, input++});
      result.push_back({s_.symbol_of(axis.upper), From::Input, input++});
    }
  }
  return result;
}

expr::ExprId HjbBuilder::at(ExprId e, const Controls& u) {
  Substitution values;
  for (std::size_t c = 0; c < u.size(); ++c) values[in_.controls[c].symbol] = u[c];
  return substitute(s_, e, values);
}

expr::ExprId HjbBuilder::axis_diffusion(std::size_t k, const Controls& u) {
  if (in_.given_diffusion) return axes_[k].given;
  return at(covariance_[k * n_ + k], u);
}

// 1/2 a_ij (V_xy + V_yx) through the diagonal that has the sign of a_ij: with b = |a_ij|/(h_i h_j)
// its two neighbours get b/2 each and the axes lose b h_i^2 and b h_j^2 (the seven-point scheme;
// Kushner & Dupuis 2001, 5.3).
void HjbBuilder::pair_weights(const Controls& u, std::vector<ExprId>& reduction, Weights& out) {
  for (const auto& [i, j] : in_.cross) {
    const ExprId a =
        at(covariance_[static_cast<std::size_t>(i) * n_ + static_cast<std::size_t>(j)], u);
    const ExprId area = s_.mul(axes_[i].upper, axes_[j].upper);
    const ExprId up = s_.div(s_.max(a, s_.integer(0)), area),
                 down = s_.div(s_.max(s_.neg(a), s_.integer(0)), area);
    const ExprId half = s_.rational(1, 2), size = s_.add(up, down);
    for (const ExprId w : {up, up, down, down}) out.pair.push_back(s_.mul(half, w));
    for (const int k : {i, j}) {
      reduction[k] = s_.add(reduction[k], s_.mul(size, s_.mul(axes_[k].upper, axes_[k].upper)));
    }
  }
}

Weights HjbBuilder::weights(const Controls& u) {
  Weights result;
  const ExprId zero = s_.integer(0);
  std::vector<ExprId> reduction(n_, zero);
  pair_weights(u, reduction, result);
  for (std::size_t k = 0; k < n_; ++k) {
    const AxisSymbols& axis = axes_[k];
    const ExprId f = at(drift_[k], u), a = s_.sub(axis_diffusion(k, u), reduction[k]);
    const ExprId up = s_.div(s_.max(f, zero), axis.upper),
                 down = s_.neg(s_.div(s_.min(f, zero), axis.lower));
    if (s_.is_zero(a)) {
      result.axis.insert(result.axis.end(), {down, up});
      continue;
    }
    const ExprId width = s_.add(axis.lower, axis.upper);
    const ExprId plus = s_.add(a, s_.mul(f, axis.lower)), minus = s_.sub(a, s_.mul(f, axis.upper));
    const ExprId central = s_.apply(
        Op::And, {s_.apply(Op::LessEqual, {zero, plus}), s_.apply(Op::LessEqual, {zero, minus})});
    // A negative `a` (covariance not dominated by its diagonal) stays in the formula and is counted
    // by the runtime.
    const ExprId use_central =
        reduction[k] == zero ? central : s_.apply(Op::Or, {central, s_.apply(Op::Less, {a, zero})});
    result.axis.push_back(s_.select(use_central, s_.div(minus, s_.mul(axis.lower, width)), down));
    result.axis.push_back(s_.select(use_central, s_.div(plus, s_.mul(axis.upper, width)), up));
  }
  return result;
}

// L + sum_k w_k (V_k - V).
expr::ExprId HjbBuilder::hamiltonian(const Controls& u, const Weights& w) {
  std::vector<ExprId> terms{at(cost_, u)};
  for (std::size_t k = 0; k < n_; ++k) {
    terms.push_back(s_.mul(s_.mul(w.axis[2 * k + 1], axes_[k].upper), axes_[k].forward));
    terms.push_back(s_.neg(s_.mul(s_.mul(w.axis[2 * k], axes_[k].lower), axes_[k].backward)));
  }
  for (std::size_t k = 0; k < w.pair.size(); ++k) terms.push_back(s_.mul(w.pair[k], pair_d_[k]));
  return s_.add(terms);
}

bool HjbBuilder::depends_on_controls(ExprId e) const {
  return std::any_of(in_.controls.begin(), in_.controls.end(),
                     [&](const HjbControl& c) { return depends_on(s_, e, c.symbol); });
}

// Outward drift at an end where the state must stay inside, and noise there when a control could
// switch it off. What no control changes is no control's fault: there the state waits at the end,
// and pays on.
expr::ExprId HjbBuilder::leaving(const Controls& u) {
  std::vector<ExprId> terms;
  const ExprId zero = s_.integer(0);
  for (std::size_t k = 0; k < n_; ++k) {
    if (!in_.axes[k].constrain && !(holding_ && in_.axes[k].held)) continue;
    if (depends_on_controls(drift_[k])) {
      const ExprId f = at(drift_[k], u), slack = num(kZeroDrift * in_.axes[k].length);
      const ExprId outward = s_.max(s_.mul(axes_[k].at_lower, s_.sub(s_.neg(f), slack)),
                                    s_.mul(axes_[k].at_upper, s_.sub(f, slack)));
      terms.push_back(s_.max(outward, zero));
    }
    if (!depends_on_controls(covariance_[k * n_ + k])) continue;
    const ExprId noise =
        s_.sub(axis_diffusion(k, u), num(kZeroDrift * in_.axes[k].length * in_.axes[k].length));
    terms.push_back(s_.max(s_.mul(s_.max(axes_[k].at_lower, axes_[k].at_upper), noise), zero));
  }
  return terms.empty() ? zero : s_.add(terms);
}

// For searches, which need one number: the penalty is finite and grows with the violation, so that
// where nothing is feasible the least is taken.
expr::ExprId HjbBuilder::penalised(const Controls& u) {
  return s_.add(hamiltonian(u, weights(u)), s_.mul(num(kPenalty), leaving(u)));
}

expr::ExprId HjbBuilder::finite_or(const ExprId& total) {
  const ExprId finite = s_.apply(Op::LessEqual, {s_.apply(Op::Abs, {total}), num(kLargest)});
  return s_.select(finite, total, num(kImpossible));
}

expr::ExprId HjbBuilder::score(const Controls& u) { return finite_or(penalised(u)); }

std::vector<expr::ExprId> HjbBuilder::coefficients(const Controls& u) {
  const Weights w = weights(u);
  std::vector<ExprId> out{hamiltonian(u, w), at(cost_, u), at(discount_, u)};
  out.insert(out.end(), w.axis.begin(), w.axis.end());
  out.insert(out.end(), w.pair.begin(), w.pair.end());
  if (in_.regimes > 1) {
    for (int q = 0; q < in_.regimes; ++q) {
      const auto entry = static_cast<std::size_t>((regime_ - 1) * in_.regimes + q);
      out.push_back(q == regime_ - 1 ? s_.integer(0) : rates_[entry]);
    }
  }
  return out;
}

std::vector<expr::ExprId> HjbBuilder::condition_outputs() {
  const ExprId zero = s_.integer(0);
  std::vector<ExprId> out{in_.until, in_.pay, in_.terminal};
  for (const HjbAxis& axis : in_.axes)
    out.insert(out.end(), {axis.absorb_value, axis.absorb_value});
  out.push_back(in_.stop);
  for (ExprId& e : out) {
    if (!e.valid()) e = zero;
    if (in_.regime) e = substitute(s_, e, {{*in_.regime, s_.integer(regime_)}});
  }
  out[0] = s_.select(out[0], s_.integer(1), zero);
  return out;
}

Spec HjbBuilder::spec(const std::string& name, std::vector<ExprId> outputs) {
  Spec result;
  result.name = in_.name + "." + name;
  result.outputs = std::move(outputs);
  return result;
}

/// The best controls and the coefficients under them.
Spec HjbBuilder::improvement(const std::string& name) {
  const Best best = minimise();
  std::vector<ExprId> outputs = best.u;
  const std::vector<ExprId> rest = coefficients(best.u);
  outputs.insert(outputs.end(), rest.begin(), rest.end());
  return spec(name, std::move(outputs));
}

/// The same where ends are held that later are open.
void HjbBuilder::add_held(HjbKernels& result, const std::string& suffix) {
  if (std::none_of(in_.axes.begin(), in_.axes.end(), [](const HjbAxis& a) { return a.held; }))
    return;
  holding_ = true;
  result.held_improve.push_back(improvement("held_improve" + suffix));
  result.held_improve.back().hot = false;
  if (in_.searched) result.held_score.push_back(spec("held_score" + suffix, {score(old_)}));
  holding_ = false;
}

HjbKernels HjbBuilder::build() {
  HjbKernels result;
  for (int j = 1; j <= in_.regimes; ++j) {
    const std::string suffix = in_.regimes > 1 ? "." + std::to_string(j) : "";
    make_regime(j);
    if (in_.policy.empty()) {
      result.improve.push_back(improvement("improve" + suffix));
      result.apply.push_back(spec("apply" + suffix, coefficients(old_)));
      if (in_.searched) result.score.push_back(spec("score" + suffix, {score(old_)}));
      add_held(result, suffix);
    } else {
      std::vector<ExprId> outputs = policy_;
      const std::vector<ExprId> rest = coefficients(policy_);
      outputs.insert(outputs.end(), rest.begin(), rest.end());
      result.improve.push_back(spec("policy" + suffix, outputs));
      result.apply.push_back(spec("apply" + suffix, rest));
    }
    result.conditions.push_back(spec("conditions" + suffix, condition_outputs()));
    result.conditions.back().hot = false;
    if (j == 1 && in_.given_diffusion) {
      std::vector<ExprId> entries;
      for (std::size_t a = 0; a < n_; ++a) {
        for (std::size_t b = a; b < n_; ++b) entries.push_back(covariance_[a * n_ + b]);
      }
      result.covariance = spec("covariance", std::move(entries));
    }
  }
  const std::vector<InputBinding> all = bindings();  // after the last regime: all tables are known
  for (auto* group : {&result.improve, &result.apply, &result.score, &result.conditions,
                      &result.held_improve, &result.held_score}) {
    for (Spec& each : *group) each.bindings = all;
  }
  if (result.covariance) result.covariance->bindings = all;
  add_tables(result);
  return result;
}

/// What depends on one axis alone, one kernel an axis.
void HjbBuilder::add_tables(HjbKernels& result) {
  for (std::size_t k = 0; k < n_; ++k) {
    std::vector<ExprId> outputs;
    for (const auto& [symbol, value] : tables_.tables[k]) outputs.push_back(value);
    result.table_counts.push_back(static_cast<int>(outputs.size()));
    result.tables.push_back(spec("table" + std::to_string(k), std::move(outputs)));
    result.tables.back().hot = false;
    result.tables.back().bindings = {{in_.time, From::Uniform, 0},
                                     {in_.axes[k].symbol, From::Input, 0}};
  }
}

HjbKernels hjb_kernels(expr::Store& store, const HjbInput& input) {
  return HjbBuilder(store, input).build();
}

}  // namespace hopf::kernel
