#include "kernel/path_kernels.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "kernel/path_ends.hpp"
#include "kernel/path_quiet_ends.hpp"

namespace hopf::kernel {
namespace {

using expr::ExprId;
using expr::Op;
using expr::Store;
using expr::Substitution;
using expr::SymbolId;
using model::Model;

/// A set in which paths stop, {phi <= 0}, and what is due there. Without `phi` only `condition` is
/// known.
struct StoppingSet {
  ExprId phi, condition;
  ExprId pay;
};

/// Names that no model can declare: user names cannot hold '$'.
struct Symbols {
  ExprId dt, sqrt_dt, factor, next_factor, cost, discount, alive, left;
  explicit Symbols(Store& s)
      : dt(s.symbol("$dt")),
        sqrt_dt(s.symbol("$sqrt_dt")),
        factor(s.symbol("$factor")),
        next_factor(s.symbol("$next_factor")),
        cost(s.symbol("$cost")),
        discount(s.symbol("$discount")),
        alive(s.symbol("$alive")),
        left(s.symbol("$left")) {}
};

class PathBuilder {
 public:
  PathBuilder(const Model& model, const PathPolicy& policy, bool corrected)
      : model_(model),
        corrected_(corrected),
        policy_(policy),
        store_(*model.store),
        symbols_(store_),
        n_(model.states.size()),
        noises_(model.noise_count()),
        substitution_(model.parameter_values()) {}

  PathKernels build(bool with_terminal) {
    choose_registers();
    bind_scalars();
    bind_registers();
    bind_policy();
    bind_transitions();
    find_stopping_sets();
    out_.advance = spec("advance", advance_outputs());
    out_.start = spec("start", start_outputs());
    out_.start.hot = false;
    out_.finish = spec("finish", finish_outputs(with_terminal));
    out_.finish.hot = false;
    for (std::uint32_t k = 0; k < out_.longer.size(); ++k) {
      out_.longer[k] = out_.advance;
      out_.longer[k].summed = 2u << k;
      out_.longer[k].name += "_" + std::to_string(2u << k);
      out_.longer[k].hot = false;
    }
    if (normals_.empty()) add_ordinary();
    return std::move(out_);
  }

 private:
  // ---- inputs

  void choose_registers() {
    PathRegisters& r = out_.registers;
    r.states = static_cast<int>(n_);
    r.cost = r.states;
    r.count = r.cost + 1;
    if (discount_varies()) r.discount = r.count++;
    bool stops = model_.until.has_value(), bounded = false;
    for (const model::State& state : model_.states) {
      stops = stops || state.boundary == model::Boundary::Absorb;
      bounded = bounded || (state.lo && state.boundary != model::Boundary::Periodic);
    }
    if (stops) r.alive = r.count++;
    if (bounded) r.left = r.count++;
    if (model_.regime) r.regime = r.count++;
  }

  bool discount_varies() {
    if (!model_.discount) return false;
    const ExprId rate = prepared(model_.discount->value);
    return !expr::free_symbols(store_, rate).empty();
  }

  void bind(ExprId symbol, InputBinding::From from, std::uint32_t slot) {
    bindings_.push_back({store_.symbol_of(symbol), from, slot});
  }

  void bind_scalars() {
    bind(symbols_.dt, InputBinding::From::Uniform, PathScalars::kDt);
    bind(symbols_.sqrt_dt, InputBinding::From::Uniform, PathScalars::kSqrtDt);
    bind(store_.symbol(model_.time), InputBinding::From::Step, PathScalars::kTime);
    bind(symbols_.factor, InputBinding::From::Step, PathScalars::kFactor);
    bind(symbols_.next_factor, InputBinding::From::Step, PathScalars::kNextFactor);
    out_.scalars.uniforms = PathScalars::kFirstAxis;
    out_.scalars.per_step = PathScalars::kAffine;
  }

  void bind_registers() {
    using From = InputBinding::From;
    const PathRegisters& r = out_.registers;
    for (std::size_t i = 0; i < n_; ++i) bind(x(i), From::Carried, static_cast<std::uint32_t>(i));
    bind(symbols_.cost, From::Carried, static_cast<std::uint32_t>(r.cost));
    if (r.discount >= 0)
      bind(symbols_.discount, From::Carried, static_cast<std::uint32_t>(r.discount));
    if (r.alive >= 0) bind(symbols_.alive, From::Carried, static_cast<std::uint32_t>(r.alive));
    if (r.left >= 0) bind(symbols_.left, From::Carried, static_cast<std::uint32_t>(r.left));
    if (r.regime >= 0) bind(regime(), From::Carried, static_cast<std::uint32_t>(r.regime));
  }

  /// Controls become table look-ups bound to their own symbols, or expressions put in their place.
  void bind_policy() {
    if (policy_.from == PathPolicy::From::Tables) bind_tables();
    if (policy_.from == PathPolicy::From::Affine) substitute_affine();
    if (policy_.from != PathPolicy::From::Expressions) return;
    for (std::size_t k = 0; k < model_.controls.size(); ++k) {
      const ExprId law =
          expr::substitute(store_, policy_.expressions[k], model_.parameter_values());
      substitution_[model_.controls[k].symbol] = clamped(k, law);
    }
  }

  void bind_tables() {
    PathScalars& scalars = out_.scalars;
    scalars.axes = static_cast<std::uint32_t>(n_) + (model_.regime ? 1 : 0);
    for (std::size_t k = 0; k < model_.controls.size(); ++k) {
      Table table;
      if (model_.regime) table.at.push_back(regime());
      for (std::size_t i = 0; i < n_; ++i) table.at.push_back(x(i));
      table.first_uniform = PathScalars::kFirstAxis;
      table.nearest = policy_.nearest[k];
      const PathPolicy::Turn turn =
          k < policy_.turns.size() ? policy_.turns[k] : PathPolicy::Turn{};
      table.period = turn.period;
      tables_.push_back(std::move(table));
      ExprId control = store_.symbol(model_.controls[k].symbol);
      if (turn.period > 0) {  // interpolated in no particular turn: its own is that of its set
        const ExprId direction = store_.symbol("$direction" + std::to_string(k));
        substitution_[model_.controls[k].symbol] =
            clamped(k, wrapped(store_, direction, turn.origin, turn.period));
        control = direction;
      }
      bind(control, InputBinding::From::Interpolated, static_cast<std::uint32_t>(k));
    }
    out_.tables = static_cast<std::uint32_t>(tables_.size());
    scalars.uniforms += 5 * scalars.axes;
  }

  /// u = K(t) x + k(t), its coefficients read from the per-step table; those of the regime that the
  /// path is in.
  void substitute_affine() {
    const std::size_t controls = model_.controls.size();
    const std::size_t regimes = model_.regime ? static_cast<std::size_t>(model_.regime->count) : 1;
    const std::size_t width = controls * (n_ + 1);  // of a regime's coefficients
    const auto coefficient = [&](std::size_t entry) {
      std::vector<ExprId> choices;
      if (model_.regime) choices.push_back(regime());
      for (std::size_t j = 0; j < regimes; ++j) {
        const std::size_t slot = PathScalars::kAffine + j * width + entry;
        choices.push_back(store_.symbol("$affine" + std::to_string(slot)));
        bind(choices.back(), InputBinding::From::Step, static_cast<std::uint32_t>(slot));
      }
      return model_.regime ? store_.apply(Op::Choose, choices) : choices[0];
    };
    for (std::size_t k = 0; k < controls; ++k) {
      std::vector<ExprId> terms;
      for (std::size_t i = 0; i < n_; ++i)
        terms.push_back(store_.mul(coefficient(k * n_ + i), x(i)));
      terms.push_back(coefficient(controls * n_ + k));
      substitution_[model_.controls[k].symbol] = clamped(k, store_.add(terms));
    }
    out_.scalars.per_step = static_cast<std::uint32_t>(PathScalars::kAffine + regimes * width);
  }

  ExprId clamped(std::size_t control, ExprId u) {
    const model::Control& c = model_.controls[control];
    if (std::isfinite(c.lo)) u = store_.max(u, store_.number(c.lo));
    if (std::isfinite(c.hi)) u = store_.min(u, store_.number(c.hi));
    return u;
  }

  void bind_transitions() {
    if (!model_.regime) return;
    for (const ExprId rate : model_.regime->rates) {
      if (!expr::free_symbols(store_, prepared(rate)).empty()) return;
    }
    PathScalars& scalars = out_.scalars;
    scalars.transitions = scalars.uniforms;
    for (std::size_t k = 0; k < model_.regime->rates.size(); ++k) {
      bind(store_.symbol("$P" + std::to_string(k)), InputBinding::From::Uniform,
           scalars.uniforms++);
    }
  }

  // ---- pieces

  ExprId x(std::size_t i) { return store_.symbol(model_.states[i].symbol); }
  ExprId regime() { return store_.symbol(model_.regime->symbol); }
  ExprId zero() { return store_.integer(0); }
  ExprId one() { return store_.integer(1); }
  ExprId alive() {
    return out_.registers.alive >= 0 ? store_.apply(Op::Less, {zero(), symbols_.alive}) : one();
  }

  /// Parameters and policy put in.
  ExprId prepared(ExprId e) { return expr::substitute(store_, e, substitution_); }

  /// `e` at the end of the step: states there, time t + dt.
  ExprId at_end(ExprId e, const std::vector<ExprId>& states) {
    Substitution next;
    for (std::size_t i = 0; i < n_; ++i) next[model_.states[i].symbol] = states[i];
    next[model_.time] = store_.add(store_.symbol(model_.time), symbols_.dt);
    return expr::substitute(store_, e, next);
  }

  ExprId if_alive(ExprId then, ExprId otherwise) {
    return out_.registers.alive >= 0 ? store_.select(alive(), then, otherwise) : then;
  }

  ExprId factor() { return out_.registers.discount >= 0 ? symbols_.discount : symbols_.factor; }
  ExprId next_factor() {
    if (out_.registers.discount < 0) return symbols_.next_factor;
    const ExprId decay = store_.neg(store_.mul(prepared(model_.discount->value), symbols_.dt));
    return store_.mul(symbols_.discount, store_.apply(Op::Exp, {decay}));
  }

  ExprId normal(std::size_t index) {
    const ExprId symbol = store_.symbol("$Z" + std::to_string(index));
    for (const std::size_t known : normals_) {
      if (known == index) return symbol;
    }
    normals_.push_back(index);
    bind(symbol, InputBinding::From::Normal, static_cast<std::uint32_t>(index));
    return symbol;
  }
  /// The normal of an index above the model's noises, as a uniform on (0, 1).
  ExprId uniform(std::size_t extra) {
    return store_.apply(Op::NormalCdf, {normal(noises_ + extra)});
  }

  /// sigma C, n * K: independent noises.
  std::vector<ExprId> independent_diffusion() {
    const std::vector<double> factor = cholesky(model_.correlation, noises_).value();
    std::vector<ExprId> result;
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t k = 0; k < noises_; ++k) {
        ExprId sum = zero();
        for (std::size_t l = k; l < noises_; ++l) {
          const ExprId weight = store_.number(factor[l * noises_ + k]);
          sum = store_.add(
              sum, store_.mul(weight, at_middle(prepared(model_.diffusion[i * noises_ + l]))));
        }
        result.push_back(sum);
      }
    }
    return result;
  }

  ExprId at_middle(ExprId e) { return at_middle_of_step(store_, model_, symbols_.dt, e); }

  std::vector<ExprId> mean_drift() {
    std::vector<ExprId> drift;
    for (std::size_t i = 0; i < n_; ++i) drift.push_back(at_middle(prepared(model_.drift[i])));
    return corrected_ ? corrected(store_, model_, symbols_.dt, drift) : drift;
  }

  std::vector<ExprId> euler_step() {
    diffusion_ = independent_diffusion();
    const std::vector<ExprId> drift = mean_drift();
    std::vector<ExprId> next;
    for (std::size_t i = 0; i < n_; ++i) {
      std::vector<ExprId> noise;
      for (std::size_t k = 0; k < noises_; ++k) {
        const ExprId sigma = diffusion_[i * noises_ + k];
        if (!store_.is_zero(sigma)) noise.push_back(store_.mul(sigma, normal(k)));
      }
      ExprId moved = store_.add(x(i), store_.mul(drift[i], symbols_.dt));
      const std::vector<ExprId> row = diffusion_of(i);
      const QuietEnds ends = quiet_ends(store_, model_, model_.states[i], row);
      if (ends.any()) {
        const ExprId size = store_.sqrt(sum_of_squares(store_, row));
        const ExprId z = store_.div(store_.add(noise), store_.max(size, store_.number(1e-300)));
        moved = kept_inside(store_, model_.states[i], ends,
                            {x(i), moved, store_.mul(size, symbols_.sqrt_dt), z});
      } else if (!noise.empty()) {
        moved = store_.add(moved, store_.mul(symbols_.sqrt_dt, store_.add(noise)));
      }
      next.push_back(moved);
    }
    return next;
  }

  std::vector<ExprId> diffusion_of(std::size_t i) {
    const auto row = diffusion_.begin() + static_cast<std::ptrdiff_t>(i * noises_);
    return {row, row + static_cast<std::ptrdiff_t>(noises_)};
  }

  // ---- bounds

  ExprId left_domain(const std::vector<ExprId>& moved) {
    std::vector<ExprId> outside;
    for (std::size_t i = 0; i < n_; ++i) {
      const model::State& state = model_.states[i];
      if (!state.lo || state.boundary == model::Boundary::Periodic) continue;
      outside.push_back(store_.apply(Op::Less, {moved[i], store_.number(*state.lo)}));
      outside.push_back(store_.apply(Op::Less, {store_.number(*state.hi), moved[i]}));
    }
    const ExprId any = outside.size() == 1 ? outside[0] : store_.apply(Op::Or, outside);
    return if_alive(store_.select(any, one(), symbols_.left), symbols_.left);
  }

  // ---- stopping

  void find_stopping_sets() {
    for (std::size_t i = 0; i < n_; ++i) {
      const model::State& state = model_.states[i];
      if (state.boundary != model::Boundary::Absorb || !state.lo) continue;
      const ExprId pay = prepared(state.absorb_value);
      stopping_.push_back({store_.sub(x(i), store_.number(*state.lo)), {}, pay});
      stopping_.push_back({store_.sub(store_.number(*state.hi), x(i)), {}, pay});
    }
    if (!model_.until) return;
    const ExprId pay = model_.until->pay ? prepared(model_.until->pay->value) : zero();
    const ExprId condition = prepared(model_.until->condition);
    std::vector<ExprId> alternatives{condition};
    if (store_.op(condition) == Op::Or) {
      const auto args = store_.args(condition);
      alternatives.assign(args.begin(), args.end());
    }
    for (const ExprId alternative : alternatives)
      stopping_.push_back(stopping_set(alternative, pay));
  }

  /// `a <= b` stops where a - b <= 0; of any other condition only its truth is known.
  StoppingSet stopping_set(ExprId condition, ExprId pay) {
    if (store_.op(condition) != Op::LessEqual && store_.op(condition) != Op::Less)
      return {{}, condition, pay};
    const ExprId a = store_.args(condition)[0], b = store_.args(condition)[1];
    return {store_.sub(a, b), {}, pay};
  }

  ExprId inside(const StoppingSet& set) {
    return set.phi.valid() ? store_.apply(Op::LessEqual, {set.phi, zero()}) : set.condition;
  }

  std::vector<ExprId> gradient(ExprId phi) {
    std::vector<ExprId> result;
    for (std::size_t i = 0; i < n_; ++i) {
      result.push_back(expr::differentiate(store_, phi, model_.states[i].symbol));
    }
    return result;
  }

  /// Inside at the end of the step, or crossed between (the bridge's probability against one
  /// uniform).
  ExprId stops(const StoppingSet& set, std::size_t index, const std::vector<ExprId>& end) {
    const ExprId now = at_end(inside(set), end);
    if (!set.phi.valid()) return now;
    const std::vector<ExprId> slope = gradient(set.phi);
    std::vector<ExprId> spread;  // (sigma C)' grad phi
    for (std::size_t k = 0; k < noises_; ++k) {
      ExprId sum = zero();
      for (std::size_t i = 0; i < n_; ++i) {
        sum = store_.add(sum, store_.mul(slope[i], diffusion_[i * noises_ + k]));
      }
      spread.push_back(sum);
    }
    const ExprId variance = sum_of_squares(store_, spread);
    if (store_.is_zero(variance)) return now;
    const ExprId product = store_.mul(set.phi, at_end(set.phi, end));
    // Where the noise vanishes the floor makes the exponent -inf, hence no crossing.
    const ExprId scale = store_.max(store_.mul(variance, symbols_.dt), store_.number(1e-300));
    const ExprId exponent = store_.div(store_.mul(store_.integer(-2), product), scale);
    const ExprId crossed =
        store_.apply(Op::Less, {uniform(index), store_.apply(Op::Exp, {exponent})});
    return store_.apply(Op::Or, {now, crossed});
  }

  /// The end state put back on phi = 0: x - phi grad phi / |grad phi|^2.
  std::vector<ExprId> on_boundary(const StoppingSet& set, const std::vector<ExprId>& end) {
    if (!set.phi.valid()) return end;
    const std::vector<ExprId> slope = gradient(set.phi);
    const ExprId length = store_.max(sum_of_squares(store_, slope), store_.number(1e-300));
    const ExprId step = at_end(store_.div(set.phi, length), end);
    std::vector<ExprId> result;
    for (std::size_t i = 0; i < n_; ++i) {
      result.push_back(store_.sub(end[i], store_.mul(step, at_end(slope[i], end))));
    }
    return result;
  }

  /// What the end of a step becomes when it may be stopped there.
  struct Stopped {
    ExprId due, alive;
    std::vector<ExprId> place;
  };

  /// The sets are tried from the last to the first, so that the first one has the last word.
  Stopped apply_stopping(const std::vector<ExprId>& end) {
    Stopped result{zero(), one(), end};
    for (std::size_t s = stopping_.size(); s-- > 0;) {
      const ExprId stop = stops(stopping_[s], s, end);
      const std::vector<ExprId> place = on_boundary(stopping_[s], end);
      const ExprId due = store_.mul(next_factor(), at_end(stopping_[s].pay, place));
      result.due = store_.select(stop, due, result.due);
      result.alive = store_.select(stop, zero(), result.alive);
      for (std::size_t i = 0; i < n_; ++i) {
        result.place[i] = store_.select(stop, place[i], result.place[i]);
      }
    }
    return result;
  }

  // ---- regimes

  /// P(j -> k) cumulated over k, as an expression in j: by uniforms when the rates are constant.
  ExprId next_regime(std::size_t uniform_index) {
    const auto count = static_cast<std::size_t>(model_.regime->count);
    const ExprId u = uniform(uniform_index);
    ExprId next = one();
    for (std::size_t k = 0; k + 1 < count; ++k) {
      std::vector<ExprId> choices{regime()};
      for (std::size_t j = 0; j < count; ++j) choices.push_back(cumulative(j, k));
      const ExprId threshold = store_.apply(Op::Choose, choices);
      next = store_.add(next,
                        store_.select(store_.apply(Op::LessEqual, {threshold, u}), one(), zero()));
    }
    return next;
  }

  ExprId cumulative(std::size_t j, std::size_t k) {
    const auto count = static_cast<std::size_t>(model_.regime->count);
    if (out_.scalars.transitions) return store_.symbol("$P" + std::to_string(j * count + k));
    std::vector<ExprId> rates;
    for (std::size_t to = 0; to < count; ++to)
      rates.push_back(prepared(model_.regime->rates[j * count + to]));
    return switched_by(store_, rates, j, k, symbols_.dt);
  }

  // ---- the three kernels

  /// Registers as they are, to be overwritten one by one.
  std::vector<ExprId> unchanged() {
    const PathRegisters& r = out_.registers;
    std::vector<ExprId> outputs(static_cast<std::size_t>(r.count));
    for (std::size_t i = 0; i < n_; ++i) outputs[i] = x(i);
    const auto set = [&](int slot, ExprId value) {
      if (slot >= 0) outputs[static_cast<std::size_t>(slot)] = value;
    };
    set(r.cost, symbols_.cost);
    set(r.discount, symbols_.discount);
    set(r.alive, symbols_.alive);
    set(r.left, symbols_.left);
    if (r.regime >= 0) set(r.regime, regime());
    return outputs;
  }

  ExprId running() { return prepared(model_.lagrangian.value); }

  std::vector<ExprId> advance_outputs() {
    const PathRegisters& r = out_.registers;
    std::vector<ExprId> outputs = unchanged();
    std::vector<ExprId> moved = euler_step();
    std::vector<ExprId> end;
    for (std::size_t i = 0; i < n_; ++i) end.push_back(bounded(store_, model_.states[i], moved[i]));
    const Stopped stopped = apply_stopping(end);
    ExprId charge = store_.mul(factor(), store_.mul(symbols_.dt, running()));
    charge = store_.add(charge, stopped.due);
    for (std::size_t i = 0; i < n_; ++i) outputs[i] = if_alive(stopped.place[i], x(i));
    set(outputs, r.cost, if_alive(store_.add(symbols_.cost, charge), symbols_.cost));
    if (r.discount >= 0) set(outputs, r.discount, next_factor());
    if (r.alive >= 0) set(outputs, r.alive, if_alive(stopped.alive, zero()));
    if (r.left >= 0) set(outputs, r.left, left_domain(moved));
    if (r.regime >= 0) set(outputs, r.regime, if_alive(next_regime(stopping_.size()), regime()));
    return outputs;
  }

  std::vector<ExprId> start_outputs() {
    std::vector<ExprId> outputs = unchanged();
    const ExprId half = store_.mul(symbols_.dt, store_.rational(-1, 2));
    ExprId charge = store_.mul(factor(), store_.mul(half, running()));
    ExprId begins = one();
    for (std::size_t s = stopping_.size(); s-- > 0;) {
      const ExprId stop = inside(stopping_[s]);
      charge = store_.select(stop, store_.mul(factor(), stopping_[s].pay), charge);
      begins = store_.select(stop, zero(), begins);
    }
    set(outputs, out_.registers.cost, charge);
    if (out_.registers.alive >= 0) set(outputs, out_.registers.alive, begins);
    return outputs;
  }

  std::vector<ExprId> finish_outputs(bool with_terminal) {
    std::vector<ExprId> outputs = unchanged();
    ExprId due = store_.mul(store_.mul(symbols_.dt, store_.rational(1, 2)), running());
    if (with_terminal && model_.terminal) due = store_.add(due, prepared(model_.terminal->value));
    const ExprId total = store_.add(symbols_.cost, store_.mul(factor(), due));
    set(outputs, out_.registers.cost, if_alive(total, symbols_.cost));
    return outputs;
  }

  // ---- without noise

  /// `e` where the registers stand for: between steps a state may be beyond an end that holds it,
  /// or have come round.
  ExprId at_place(ExprId e) { return expr::substitute(store_, e, places_of(store_, model_)); }

  void add_ordinary() {
    const PathRegisters& r = out_.registers;
    const auto first = static_cast<std::uint32_t>(r.count);
    for (InputBinding& binding : bindings_) {
      if (binding.from != InputBinding::From::Step) continue;
      binding.from = InputBinding::From::Carried;
      binding.slot += first;
    }
    const std::size_t width = first + out_.scalars.per_step + stopping_.size();
    std::vector<ExprId> rates(width, zero());
    for (std::size_t i = 0; i < n_; ++i)
      rates[i] = held(store_, model_.states[i], at_place(prepared(model_.drift[i])));
    set(rates, r.cost, store_.mul(factor(), at_place(running())));
    if (r.discount >= 0) {
      const ExprId decay = store_.neg(at_place(prepared(model_.discount->value)));
      set(rates, r.discount, store_.mul(decay, symbols_.discount));
    }
    out_.rate = spec("rate", std::move(rates));
    out_.stopping_sets = static_cast<std::uint32_t>(stopping_.size());
    if (stopping_.empty()) return;
    out_.arrival = spec("arrival", arrival_outputs(width));
    out_.arrival.hot = false;
  }

  std::vector<ExprId> arrival_outputs(std::size_t width) {
    std::vector<ExprId> outputs(width, zero());
    ExprId due = zero(), goes_on = one();
    for (std::size_t s = stopping_.size(); s-- > 0;) {
      const StoppingSet& set = stopping_[s];
      const ExprId stop = at_place(inside(set));
      due = store_.select(stop, store_.mul(factor(), at_place(set.pay)), due);
      goes_on = store_.select(stop, zero(), goes_on);
      outputs[width - stopping_.size() + s] =
          set.phi.valid() ? at_place(set.phi) : store_.select(stop, store_.integer(-1), one());
    }
    set(outputs, out_.registers.cost, due);
    set(outputs, out_.registers.alive, goes_on);
    return outputs;
  }

  static void set(std::vector<ExprId>& outputs, int slot, ExprId value) {
    outputs[static_cast<std::size_t>(slot)] = value;
  }

  Spec spec(const char* name, std::vector<ExprId> outputs) {
    Spec result;
    result.name = std::string("path_") + name;
    result.path = true;
    result.bindings = bindings_;
    result.tables = tables_;
    result.outputs = std::move(outputs);
    return result;
  }

  const Model& model_;
  bool corrected_;
  const PathPolicy& policy_;
  Store& store_;
  Symbols symbols_;
  std::size_t n_, noises_;
  Substitution substitution_;  // parameters and controls
  std::vector<InputBinding> bindings_;
  std::vector<Table> tables_;
  std::vector<std::size_t> normals_;
  std::vector<ExprId> diffusion_;  // sigma C
  std::vector<StoppingSet> stopping_;
  PathKernels out_;
};

}  // namespace

PathKernels path_kernels(const Model& model, const PathPolicy& policy, bool with_terminal,
                         bool corrected) {
  return PathBuilder(model, policy, corrected).build(with_terminal);
}

}  // namespace hopf::kernel
