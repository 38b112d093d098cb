// The verbs of the public interface, and its models, solutions and ensembles.
#include <fmt/format.h>

#include <cmath>

#include "driver/files.hpp"
#include "driver/output.hpp"
#include "driver/pipeline.hpp"
#include "driver/report.hpp"
#include "driver/sandbox.hpp"
#include "driver/session_impl.hpp"
#include "driver/simulated_check.hpp"
#include "expr/watched.hpp"

namespace hopf {
namespace {

using diagnostics::Kind;

expr::Style style_of(Style style) {
  switch (style) {
    case Style::Latex:
      return expr::Style::Latex;
    case Style::Hopf:
      return expr::Style::Hopf;
    default:
      return expr::Style::Unicode;
  }
}

plan::Options plan_options(const driver::Context& context, const SolveOptions& options) {
  plan::Options result;
  result.method = options.method;
  result.grid = options.grid;
  result.stretch = options.stretch;
  result.steps = options.steps;
  result.tolerance = options.tolerance;
  result.error = options.error;
  result.error_relative = options.relative_error;
  result.threads = options.threads > 0 ? options.threads : context.options.threads;
  result.grid_spans.resize(options.grid.size());
  return result;
}

template <class Named>
std::vector<std::string> names_of(const std::vector<Named>& all) {
  std::vector<std::string> names;
  for (const auto& one : all) names.push_back(one.name);
  return names;
}

std::optional<Solution> solution(driver::Context& context,
                                 const std::shared_ptr<driver::ModelHandle>& handle,
                                 std::optional<runtime::ValueFunction> value) {
  if (!value || context.sink.has_errors()) return {};
  driver::warn_of_checks(context, *value, {});
  Solution result;
  result.impl = std::make_shared<const Solution::Impl>(
      Solution::Impl{handle, std::make_shared<const runtime::ValueFunction>(std::move(*value))});
  return result;
}

}  // namespace

// ---- models

// An object that no session filled has no names, and no numbers but NaN.

std::string Model::name() const { return impl ? impl->handle->model->name : ""; }
std::vector<std::string> Model::states() const {
  return impl ? names_of(impl->handle->model->states) : std::vector<std::string>();
}
std::vector<std::string> Model::controls() const {
  return impl ? names_of(impl->handle->model->controls) : std::vector<std::string>();
}
std::vector<std::string> Model::parameters() const {
  return impl ? names_of(impl->handle->model->params) : std::vector<std::string>();
}

Model Session::Impl::wrap(std::shared_ptr<driver::ModelHandle> handle) const {
  Model model;
  model.impl = std::make_shared<const Model::Impl>(Model::Impl{std::move(handle), mark});
  return model;
}

std::shared_ptr<driver::ModelHandle> Session::Impl::own(const Model& model) {
  begin();
  if (context.sink.has_errors()) return nullptr;
  if (model.impl && model.impl->owner == mark) return model.impl->handle;
  context.sink.emit(Kind::UnknownModel, {},
                    model.impl ? fmt::format("'{}' is a model of another session", model.name())
                               : std::string("there is no model in this object"));
  return nullptr;
}

std::optional<std::vector<Model>> Session::Impl::models(const driver::Module& module) {
  std::vector<Model> found;
  for (const syntax::Item& item : module.ast.items) {
    const auto* declared = std::get_if<syntax::ModelItem>(&item.value);
    const auto* value =
        declared ? script.globals[declared->name.text].as<driver::ModelValue>() : nullptr;
    if (!value || value->handle->item != declared) continue;
    if (!driver::check(context, *value->handle)) return {};
    found.push_back(wrap(value->handle));
  }
  return found;
}

std::optional<Model> Session::Impl::choose(const driver::Module& module, std::string_view name) {
  auto found = models(module);
  if (!found) return {};
  std::vector<std::string> names;
  for (const Model& model : *found) names.push_back(model.name());
  if (name.empty() && found->size() == 1) return found->front();
  for (const Model& model : *found)
    if (model.name() == name) return model;
  std::string message = fmt::format("'{}' declares no model '{}'", module.path, name);
  if (name.empty())
    message = found->empty() ? fmt::format("'{}' declares no model", module.path)
                             : fmt::format("'{}' declares {} models, and none is chosen",
                                           module.path, found->size());
  auto& error = context.sink.emit(Kind::UnknownModel, {}, message);
  if (!names.empty()) error.notes.push_back(fmt::format("it declares {}", fmt::join(names, ", ")));
  if (const auto meant = diagnostics::did_you_mean(name, names))
    error.help = fmt::format("did you mean '{}'?", *meant);
  return {};
}

std::optional<Model> Session::compile(std::string_view text, std::string_view model_name) {
  return impl_->guarded([&]() -> std::optional<Model> {
    impl_->begin();
    const auto* module =
        driver::add_module(impl_->context, "<input>", std::string(text), impl_->scope);
    if (!module || !driver::prepare(impl_->script, *module)) return {};
    return impl_->choose(*module, model_name);
  });
}

std::optional<Model> Session::model_in_file(const std::string& path, std::string_view model_name) {
  return impl_->guarded([&]() -> std::optional<Model> {
    const auto* module = impl_->open(path);
    return module ? impl_->choose(*module, model_name) : std::nullopt;
  });
}

std::optional<std::vector<Model>> Session::models_in_file(const std::string& path) {
  return impl_->guarded([&]() -> std::optional<std::vector<Model>> {
    const auto* module = impl_->open(path);
    return module ? impl_->models(*module) : std::nullopt;
  });
}

std::optional<Model> Session::with_parameters(const Model& model,
                                              const std::map<std::string, std::string>& values) {
  return impl_->guarded([&]() -> std::optional<Model> {
    const auto base = impl_->own(model);
    if (!base) return {};
    auto handle = std::make_shared<driver::ModelHandle>(*base);
    handle->model.reset();
    handle->equations.reset();
    for (const auto& [name, text] : values) {
      auto value = impl_->read_setting(name, text, "parameter");
      if (!value) return {};
      std::erase_if(handle->overrides, [&](const auto& o) { return o.name == value->name; });
      handle->overrides.push_back(std::move(*value));
    }
    if (!driver::check(impl_->context, *handle)) return {};
    return impl_->wrap(std::move(handle));
  });
}

// ---- verbs

std::optional<std::string> Session::derive(const Model& model, Style style,
                                           std::string_view field) {
  return impl_->guarded([&]() -> std::optional<std::string> {
    const auto handle = impl_->own(model);
    const auto* equations = handle ? driver::derivation(impl_->context, *handle) : nullptr;
    if (!equations) return {};
    const std::string name(field);
    const expr::Watched watched(*handle->model->store, impl_->context.watch());
    if (name.empty() || equations->find(name))
      return render(*handle->model, *equations, style_of(style), name);
    auto& error = impl_->context.sink.emit(
        Kind::NoSuchField, {},
        fmt::format("the derivation of '{}' has no field '{}'", handle->model->name, name));
    std::vector<std::string> known;
    for (const auto& step : equations->steps)
      if (!step.field.empty()) known.push_back(step.field);
    const std::string why = equations->why_absent(name);
    if (!why.empty())
      error.notes.push_back(why);
    else if (const auto meant = diagnostics::did_you_mean(name, known))
      error.help = fmt::format("did you mean '{}'?", *meant);
    else
      error.notes.push_back(fmt::format("it has {}", fmt::join(known, ", ")));
    return {};
  });
}

std::optional<std::string> Session::bellman(const Model& model, double dt, Style style) {
  return impl_->guarded([&]() -> std::optional<std::string> {
    const auto handle = impl_->own(model);
    const auto* equations = handle ? driver::derive(impl_->context, *handle) : nullptr;
    if (!equations) return {};
    if (dt > 0 && std::isfinite(dt))
      return render(*handle->model, derive::bellman(*handle->model, *equations, dt),
                    style_of(style));
    impl_->context.sink.emit(Kind::OutsideFunctionDomain, {}, fmt::format("a time step of {}", dt));
    return {};
  });
}

std::optional<std::string> Session::plan(const Model& model, const SolveOptions& options) {
  return impl_->guarded([&]() -> std::optional<std::string> {
    const auto handle = impl_->own(model);
    if (!handle) return {};
    const auto chosen =
        driver::plan(impl_->context, *handle, plan_options(impl_->context, options));
    if (!chosen) return {};
    return plan::render(*handle->model, *chosen);
  });
}

std::optional<Solution> Session::solve(const Model& model, const SolveOptions& options) {
  return impl_->guarded([&]() -> std::optional<Solution> {
    const auto handle = impl_->own(model);
    if (!handle) return {};
    auto value = driver::solve(impl_->context, *handle, plan_options(impl_->context, options));
    auto& context = impl_->context;
    if (value && options.simulate && !driver::simulation_is_cheap(*value)) {
      const driver::PathRun paths{context.options.threads, context.progress(), &context.phases};
      if (auto check = driver::simulated_check(*handle->model, *value, paths))
        value->report.checks.push_back(std::move(*check));
    }
    return solution(impl_->context, handle, std::move(value));
  });
}

/// The texts are parsed as one record each, so that their expressions are those of a script's
/// `policy = {...}`.
std::optional<driver::Policy> Session::Impl::read_policy(const driver::ModelHandle& handle,
                                                         const Policy& policy) {
  std::string text;
  for (const auto& [name, body] : policy) text += fmt::format("{}: {},\n", name, body);
  const auto* module = driver::add_module(context, "<policy>", "policy = {\n" + text + "}", scope);
  if (!module || context.sink.has_errors()) return {};
  const auto* item = module->ast.items.size() == 1
                         ? std::get_if<syntax::AssignItem>(&module->ast.items[0].value)
                         : nullptr;
  const auto* record =
      item ? std::get_if<syntax::Record>(&module->ast[item->value].value) : nullptr;
  if (record ? record->fields.size() != policy.size() : !policy.empty()) {
    context.sink.emit(Kind::WrongArgumentType, {}, "a policy has one expression a control");
    return {};
  }
  script.ast = &module->ast;
  script.module = module;
  return driver::policy_of(script, *handle.model, item->value);
}

std::optional<Solution> Session::evaluate(const Model& model, const Policy& policy,
                                          const SolveOptions& options) {
  return impl_->guarded([&]() -> std::optional<Solution> {
    const auto handle = impl_->own(model);
    const auto expressions = handle ? impl_->read_policy(*handle, policy) : std::nullopt;
    if (!expressions) return {};
    return solution(impl_->context, handle,
                    driver::evaluate(impl_->context, *handle, *expressions,
                                     plan_options(impl_->context, options)));
  });
}

driver::SimulateOptions Session::Impl::simulate_options(const SimulateOptions& options) const {
  driver::SimulateOptions result;
  result.from = options.from;
  result.regime = options.regime;
  result.until = options.until;
  result.paths = options.paths;
  result.seed = options.seed;
  result.step = options.step;
  result.records = options.records;
  result.tolerance = options.tolerance;
  result.keep = options.keep;
  result.threads = options.threads > 0 ? options.threads : context.options.threads;
  return result;
}

std::optional<Ensemble> Session::Impl::ensemble(std::shared_ptr<driver::ModelHandle> handle,
                                                std::optional<runtime::Ensemble> paths) const {
  if (!paths || context.sink.has_errors()) return {};
  Ensemble result;
  result.impl = std::make_shared<const Ensemble::Impl>(Ensemble::Impl{
      std::move(handle), std::make_shared<const runtime::Ensemble>(std::move(*paths))});
  return result;
}

std::optional<Ensemble> Session::simulate(const Model& model, const Solution& policy,
                                          const SimulateOptions& options) {
  return impl_->guarded([&]() -> std::optional<Ensemble> {
    const auto handle = impl_->own(model);
    if (handle && !policy.impl)
      impl_->context.sink.emit(Kind::WrongArgumentType, {}, "there is no solution in this object");
    if (!handle || !policy.impl ||
        !driver::fits(impl_->context, *handle->model, *policy.impl->value, {}))
      return {};
    return impl_->ensemble(
        handle, driver::simulate(impl_->context, *handle, policy.impl->value.get(), nullptr,
                                 impl_->simulate_options(options)));
  });
}

std::optional<Ensemble> Session::simulate(const Model& model, const Policy& policy,
                                          const SimulateOptions& options) {
  return impl_->guarded([&]() -> std::optional<Ensemble> {
    const auto handle = impl_->own(model);
    if (!handle) return {};
    const auto settings = impl_->simulate_options(options);
    if (policy.empty() && handle->model->controls.empty())
      return impl_->ensemble(handle,
                             driver::simulate(impl_->context, *handle, nullptr, nullptr, settings));
    const auto expressions = impl_->read_policy(*handle, policy);
    if (!expressions) return {};
    return impl_->ensemble(
        handle, driver::simulate(impl_->context, *handle, nullptr, &*expressions, settings));
  });
}

// ---- files out

/// Writes `path` as `text` says; false, after the error, where it is not to be written, or where
/// the object that is to be written was never filled.
template <class Result, class Write>
bool Session::Impl::write(const Result& result, const std::string& path, Write&& write) {
  return guarded([&] {
    begin();
    if (!result.impl) {
      context.sink.emit(Kind::WrongArgumentType, {}, "there is nothing to write in this object");
      return false;
    }
    return driver::allowed(context, path, {}) && driver::written(context, {}, path, write());
  });
}

bool Session::save(const Solution& solution, const std::string& path) {
  return impl_->write(solution, path, [&] {
    const auto origin = driver::provenance(impl_->context, *solution.impl->handle, "hopf solve");
    return runtime::save(*solution.impl->value, origin, path, impl_->context.watch());
  });
}

bool Session::save(const Ensemble& ensemble, const std::string& path) {
  return impl_->write(ensemble, path, [&] {
    const auto origin = driver::provenance(impl_->context, *ensemble.impl->handle, "hopf simulate");
    return runtime::save(*ensemble.impl->paths, origin, path, impl_->context.watch());
  });
}

bool Session::plot(const Solution& solution, const std::string& path) {
  return impl_->write(solution, path, [&] {
    return runtime::plot(*solution.impl->value, path, impl_->context.watch());
  });
}

bool Session::plot(const Ensemble& ensemble, const std::string& path) {
  return impl_->write(ensemble, path, [&] {
    return runtime::plot(*ensemble.impl->paths, path, impl_->context.watch());
  });
}

// ---- solutions

namespace {

/// A point that is not one of the state space has no value: NaN, or nothing.
bool inside(const Solution& solution, const std::vector<double>& x, int regime) {
  if (!solution.impl) return false;
  const runtime::ValueFunction& value = *solution.impl->value;
  return x.size() == value.states.size() && regime >= 1 && regime <= value.regimes;
}

}  // namespace

double Solution::value(const std::vector<double>& x, double t, int regime) const {
  return inside(*this, x, regime) ? (*impl->value)(x, t, regime) : std::nan("");
}
double Solution::error(const std::vector<double>& x, double t, int regime) const {
  return inside(*this, x, regime) ? impl->value->error(x, t, regime) : std::nan("");
}
std::vector<double> Solution::policy(const std::vector<double>& x, double t, int regime) const {
  return inside(*this, x, regime) ? impl->value->control(x, t, regime) : std::vector<double>();
}
std::vector<double> Solution::gradient(const std::vector<double>& x, double t, int regime) const {
  return inside(*this, x, regime) ? impl->value->gradient(x, t, regime) : std::vector<double>();
}
double Solution::residual() const { return impl ? impl->value->report.residual : std::nan(""); }
std::string Solution::report() const { return impl ? driver::report_text(*impl->value) : ""; }
bool Solution::has_warning() const { return impl && impl->value->report.has_warning(); }

// ---- ensembles

std::vector<double> Ensemble::times() const {
  return impl ? impl->paths->times : std::vector<double>();
}
std::vector<double> Ensemble::mean() const {
  return impl ? impl->paths->mean(impl->paths->times.size() - 1) : std::vector<double>();
}
double Ensemble::cost() const { return impl ? impl->paths->mean_cost() : std::nan(""); }
double Ensemble::cost_standard_error() const {
  return impl ? impl->paths->cost_standard_error() : std::nan("");
}
double Ensemble::cost_bias() const { return impl ? impl->paths->cost_bias : std::nan(""); }
double Ensemble::cost_error() const { return impl ? impl->paths->cost_error() : std::nan(""); }
std::int64_t Ensemble::failed() const { return impl ? impl->paths->failed : 0; }

namespace {

std::optional<std::size_t> state_index(const runtime::Ensemble& paths, const std::string& name) {
  for (std::size_t i = 0; i < paths.states.size(); ++i)
    if (paths.states[i].name == name) return i;
  return {};
}

}  // namespace

/// NaN for a state that the model does not have.
double Ensemble::quantile(const std::string& state, double q) const {
  if (!impl) return std::nan("");
  const auto index = state_index(*impl->paths, state);
  return index ? impl->paths->quantile(*index, impl->paths->times.size() - 1, q) : std::nan("");
}

std::vector<double> Ensemble::final_values(const std::string& state) const {
  const auto index = impl ? state_index(*impl->paths, state) : std::nullopt;
  return index ? impl->paths->final_values[*index] : std::vector<double>();
}

std::vector<double> Ensemble::values(const std::string& state, std::size_t time) const {
  if (!impl) return {};
  const auto index = state_index(*impl->paths, state);
  if (!index || time >= impl->paths->times.size()) return {};
  const auto found = impl->paths->values(*index, time);
  return {found.begin(), found.end()};
}

}  // namespace hopf
