// From the model to kernels, and from compiled kernels to the functions of grid points that the
// solver calls.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "driver/native.hpp"
#include "driver/solve_internal.hpp"
#include "driver/time_jumps.hpp"
#include "kernel/ball_candidates.hpp"

namespace hopf::driver {

namespace {

using expr::ExprId;

// Values of a finite set that are tried in the kernel, one after the other; of larger sets the
// search at run time takes care, so that code does not grow with them.
constexpr std::size_t kMostFiniteValues = 32;

bool is_finite(const model::ControlGroup& group) {
  return group.set == model::ControlGroup::Set::Finite;
}
bool is_large(const model::ControlGroup& group) {
  return is_finite(group) && group.values.size() > kMostFiniteValues;
}

std::vector<ExprId> numeric(const model::Model& model, const std::vector<ExprId>& list) {
  std::vector<ExprId> result;
  for (const ExprId e : list) result.push_back(driver::numeric(model, e));
  return result;
}

void add_controls(const SolveTask& task, kernel::HjbInput& input) {
  const model::Model& model = task.model;
  using Set = model::ControlGroup::Set;
  for (const auto& control : model.controls) {
    const Set set = model.groups[control.group].set;
    input.controls.push_back(
        {control.symbol, control.lo, control.hi, set == Set::Free || set == Set::Interval});
  }
  for (const auto& group : model.groups) {
    if (!is_finite(group) || is_large(group)) continue;
    input.finite.push_back({group.components, group.values});
  }
  for (const auto& law : task.equations.laws) {
    const auto& group = model.groups[law.group];
    const bool complete =
        law.law.size() == group.components.size() &&
        std::all_of(law.law.begin(), law.law.end(), [](ExprId e) { return e.valid(); });
    // A single set all of whose values are tried needs no law.
    const bool alone = is_finite(group) && model.groups.size() == 1;
    if (law.form == derive::ControlLaw::Form::Numerical || !complete || alone) continue;
    if (is_large(group)) continue;
    input.laws.push_back({group.components, numeric(model, law.law)});
  }
  if (!task.policy) return;
  for (const auto& control : model.controls)
    input.policy.push_back(driver::numeric(model, task.policy->at(control.name)));
}

// Covariance free of controls is split by Selling's reduction in the runtime; otherwise the kernels
// use the diagonal neighbours of each pair.
void add_covariance(const SolveTask& task, kernel::HjbInput& input) {
  const std::size_t n = task.model.dimension();
  bool fixed = true;
  for (const ExprId e : input.covariance)
    fixed = fixed && !depends_on_control_or_time(task.model, e);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      if (task.model.store->is_zero(input.covariance[i * n + j])) continue;
      if (fixed) {
        input.given_diffusion = true;
      } else {
        input.cross.push_back({static_cast<int>(i), static_cast<int>(j)});
      }
    }
  }
}

/// Machine code of all specs, kept alive by the functions made from it.
class Compiled {
 public:
  Compiled(expr::Store& store, const std::vector<const kernel::Spec*>& specs, Phases* phases)
      : program_(std::make_shared<jit::Program>(compile_kernels(store, specs, phases))) {}
  runtime::PointFunction function(const kernel::Spec& spec) const {
    if (spec.outputs.empty()) return {};
    const hopf_point_kernel code = program_->point(spec.name);
    return [program = program_, code](const hopf_point_call& call) { code(&call); };
  }
  std::vector<runtime::PointFunction> functions(const std::vector<kernel::Spec>& specs) const {
    std::vector<runtime::PointFunction> result;
    for (const kernel::Spec& spec : specs) result.push_back(function(spec));
    return result;
  }

 private:
  std::shared_ptr<jit::Program> program_;
};

runtime::ControlSet control_set(const model::Model& model, const model::ControlGroup& group) {
  using Set = model::ControlGroup::Set;
  using Kind = runtime::ControlSet::Kind;
  runtime::ControlSet set;
  set.kind = group.set == Set::Ball      ? Kind::Ball
             : group.set == Set::Simplex ? Kind::Simplex
             : group.set == Set::Finite  ? Kind::Finite
                                         : Kind::Box;
  set.controls = group.components;
  for (const int c : group.components) {
    set.lo.push_back(model.controls[c].lo);
    set.hi.push_back(model.controls[c].hi);
  }
  set.radius = group.radius;
  set.values = group.values;
  return set;
}

// Balls whose law is closed, and over which the discrete Hamiltonian can be minimised exactly too.
void add_balls(const SolveTask& task, kernel::HjbInput& input) {
  for (const auto& law : task.equations.laws) {
    const auto& group = task.model.groups[law.group];
    if (group.set != model::ControlGroup::Set::Ball ||
        law.form == derive::ControlLaw::Form::Numerical)
      continue;
    kernel::HjbBall ball{group.components, group.radius};
    if (kernel::has_ball_candidates(*task.model.store, input, ball))
      input.balls.push_back(std::move(ball));
  }
}

// The kinks that upwinding makes, f = 0, are tried for one control of an interval that enters the
// drift linearly; any other may have its minimum on a kink that no law knows of.
bool has_hidden_kinks(const model::Model& model, const model::ControlGroup& group) {
  using Set = model::ControlGroup::Set;
  if (is_finite(group)) return false;
  if (group.set == Set::Ball || group.set == Set::Simplex) return true;
  std::vector<expr::SymbolId> symbols;
  for (const int c : group.components) symbols.push_back(model.controls[c].symbol);
  return std::any_of(model.drift.begin(), model.drift.end(),
                     [&](ExprId f) { return !expr::as_affine(*model.store, f, symbols); });
}

// What is minimised numerically at every node: controls without a law over their whole sets, large
// finite sets, and the neighbourhood of laws with hidden kinks; where anything is searched, all
// move along.
std::vector<runtime::ControlSet> searched_controls(const SolveTask& task,
                                                   const kernel::HjbInput& input) {
  std::vector<runtime::ControlSet> result;
  bool needed = false;
  for (const auto& law : task.equations.laws) {
    const auto& group = task.model.groups[law.group];
    const bool sampled = law.form == derive::ControlLaw::Form::Numerical || is_large(group);
    if (is_finite(group) && !sampled) continue;
    const bool exact =
        std::any_of(input.balls.begin(), input.balls.end(),
                    [&](const kernel::HjbBall& ball) { return ball.controls == group.components; });
    needed = needed || sampled || (!exact && has_hidden_kinks(task.model, group));
    result.push_back(control_set(task.model, group));
    result.back().sampled = sampled;
  }
  if (task.policy || !needed) result.clear();
  return result;
}

bool time_dependent(const kernel::HjbInput& input, const expr::Store& store) {
  const std::vector<ExprId> all = timed_expressions(input);
  return std::any_of(all.begin(), all.end(),
                     [&](ExprId e) { return depends_on(store, e, input.time); });
}

void add_axes(const SolveTask& task, const plan::Plan& plan, kernel::HjbInput& input) {
  const model::Model& model = task.model;
  const std::vector<bool> closed = ends_closed_at_once(task, plan.grid);
  for (std::size_t k = 0; k < model.dimension(); ++k) {
    const runtime::Axis& axis = plan.grid.axes[k];
    kernel::HjbAxis& end = input.axes.emplace_back();
    end.symbol = model.states[k].symbol;
    end.constrain = axis.boundary == runtime::Boundary::Constrain || closed[k];
    end.held = axis.boundary == runtime::Boundary::Extrapolate && !closed[k] && !task.policy;
    end.length = axis.hi - axis.lo;
    if (axis.boundary == runtime::Boundary::Absorb)
      end.absorb_value = driver::numeric(model, model.states[k].absorb_value);
  }
}

// Without noise a target may be out of reach. What the transform of V asks for is a running cost
// that is nowhere negative, whose time is bounded by nothing else.
bool may_not_arrive(const SolveTask& task, const kernel::HjbInput& input) {
  const model::Model& model = task.model;
  expr::Store& store = *model.store;
  const bool ends = input.until.valid() ||
                    std::any_of(input.axes.begin(), input.axes.end(),
                                [](const kernel::HjbAxis& a) { return a.absorb_value.valid(); });
  if (model.horizon || input.stop.valid() || input.regimes > 1 || !ends) return false;
  if (!store.is_zero(input.discount)) return false;
  if (!std::all_of(input.covariance.begin(), input.covariance.end(),
                   [&](ExprId e) { return store.is_zero(e); }))
    return false;
  return expr::enclose(store, input.cost, model::whole_box(model)).lo >= 0;
}

// Ends, lower and upper of each axis, which the model says are not crossed. Noise that is there
// whatever the control is reflected.
std::vector<char> kept_ends(const model::Model& model, const kernel::HjbInput& input) {
  expr::Store& store = *model.store;
  std::vector<char> result;
  for (std::size_t k = 0; k < model.dimension(); ++k) {
    const auto& state = model.states[k];
    const ExprId noise = input.covariance[k * model.dimension() + k];
    const bool controlled = depends_on_control(model, noise);
    for (const auto& end : {state.lo, state.hi}) {
      const bool kept = state.boundary == model::Boundary::Constrain && end;
      const bool quiet =
          kept && store.is_zero(substitute(store, noise, {{state.symbol, store.number(*end)}}));
      result.push_back(kept && (controlled || quiet));
    }
  }
  return result;
}

void add_time(const model::Model& model, const kernel::HjbInput& input,
              runtime::PointProblem& problem) {
  expr::Store& store = *model.store;
  problem.moving_target = input.until.valid() && depends_on(store, input.until, input.time);
  problem.time_dependent = time_dependent(input, store);
  problem.horizon = model.horizon.value_or(0);
  if (!problem.time_dependent || !model.horizon) return;
  TimeJumps found = time_jumps(store, input, *model.horizon);
  problem.jumps = std::move(found.jumps);
  problem.jumps_missed = !found.complete;
}

}  // namespace

bool depends_on_control(const model::Model& model, ExprId e) {
  return std::any_of(model.controls.begin(), model.controls.end(), [&](const model::Control& c) {
    return depends_on(*model.store, e, c.symbol);
  });
}

bool depends_on_control_or_time(const model::Model& model, ExprId e) {
  return depends_on(*model.store, e, model.time) || depends_on_control(model, e) ||
         (model.regime && depends_on(*model.store, e, model.regime->symbol));
}

double first_value(const model::Model& model, const model::Control& control) {
  const auto& group = model.groups[control.group];
  if (group.set == model::ControlGroup::Set::Simplex)
    return 1.0 / static_cast<double>(group.components.size());
  if (group.set == model::ControlGroup::Set::Finite) {
    const auto place = std::find(group.components.begin(), group.components.end(),
                                 static_cast<int>(&control - model.controls.data()));
    const auto size = [](const std::vector<double>& value) {
      return std::inner_product(value.begin(), value.end(), value.begin(), 0.0);
    };
    const auto nearest =
        std::min_element(group.values.begin(), group.values.end(),
                         [&](const auto& a, const auto& b) { return size(a) < size(b); });
    return (*nearest)[static_cast<std::size_t>(place - group.components.begin())];
  }
  return std::clamp(0.0, control.lo, control.hi);
}

kernel::HjbInput hjb_input(const SolveTask& task, const plan::Plan& plan) {
  const model::Model& model = task.model;
  const auto value = [&](ExprId e) { return driver::numeric(model, e); };
  kernel::HjbInput input;
  input.name = model.name;
  input.time = model.time;
  input.tabulate = !task.phases || task.phases->enabled("tables");
  add_axes(task, plan, input);
  input.p = task.equations.p;
  input.M = task.equations.M;
  input.drift = numeric(model, model.drift);
  input.diffusion = numeric(model, model.diffusion);
  input.covariance = numeric(model, task.equations.covariance);
  const ExprId zero = model.store->integer(0);
  input.cost = model.lagrangian.value.valid() ? value(model.lagrangian.value) : zero;
  input.discount = model.discount ? value(model.discount->value) : zero;
  if (model.terminal) input.terminal = value(model.terminal->value);
  if (model.until) {
    input.until = value(model.until->condition);
    input.pay = model.until->pay ? value(model.until->pay->value) : zero;
  }
  if (model.stop_pays) input.stop = value(model.stop_pays->value);
  if (model.regime) {
    input.regime = model.regime->symbol;
    input.regimes = model.regime->count;
    input.rates = numeric(model, model.regime->rates);
  }
  add_controls(task, input);
  add_covariance(task, input);
  add_balls(task, input);
  input.searched = !searched_controls(task, input).empty();
  input.cut = input.until.valid();
  return input;
}

runtime::PointProblem point_problem(const SolveTask& task, const plan::Plan& plan,
                                    const kernel::HjbInput& input) {
  expr::Store& store = *task.model.store;
  const kernel::HjbKernels specs = kernel::hjb_kernels(store, input);
  std::vector<const kernel::Spec*> all;
  for (const auto* group : {&specs.tables, &specs.improve, &specs.apply, &specs.score,
                            &specs.conditions, &specs.held_improve, &specs.held_score}) {
    for (const kernel::Spec& spec : *group) all.push_back(&spec);
  }
  if (specs.covariance) all.push_back(&*specs.covariance);
  const Compiled compiled(store, all, task.phases);
  runtime::PointProblem problem;
  problem.grid = plan.grid;
  problem.regimes = input.regimes;
  problem.controls = static_cast<int>(input.controls.size());
  problem.cross = input.cross;
  problem.given_diffusion = input.given_diffusion;
  problem.table_counts = specs.table_counts;
  problem.tables = compiled.functions(specs.tables);
  problem.improve = compiled.functions(specs.improve);
  problem.apply = compiled.functions(specs.apply);
  problem.score = compiled.functions(specs.score);
  problem.held_improve = compiled.functions(specs.held_improve);
  problem.held_score = compiled.functions(specs.held_score);
  problem.conditions = compiled.functions(specs.conditions);
  if (specs.covariance) problem.covariance = compiled.function(*specs.covariance);
  problem.has_until = input.until.valid();
  problem.has_stop = input.stop.valid();
  add_time(task.model, input, problem);
  problem.cut = input.cut;
  problem.may_not_arrive = may_not_arrive(task, input);
  problem.stays = kept_ends(task.model, input);
  for (const auto& control : task.model.controls) {
    problem.first_control.push_back(first_value(task.model, control));
    problem.control_range.emplace_back(control.lo, control.hi);
  }
  problem.fixed_policy = task.policy != nullptr;
  problem.searched = searched_controls(task, input);
  return problem;
}

}  // namespace hopf::driver
