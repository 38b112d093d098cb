// The verbs of the public interface, and its models, solutions and ensembles.
#include <fmt/format.h>

#include <cmath>

#include "driver/files.hpp"
#include "driver/output.hpp"
#include "driver/pipeline.hpp"
#include "driver/report.hpp"
#include "driver/session_impl.hpp"

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
  result.threads = options.threads > 0 ? options.threads : context.options.threads;
  result.halve = options.halve;
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

std::string Model::name() const { return impl->handle->model->name; }
std::vector<std::string> Model::states() const { return names_of(impl->handle->model->states); }
std::vector<std::string> Model::controls() const { return names_of(impl->handle->model->controls); }
std::vector<std::string> Model::parameters() const { return names_of(impl->handle->model->params); }

std::optional<std::vector<Model>> Session::Impl::models(const driver::Module& module) {
  std::vector<Model> found;
  for (const syntax::Item& item : module.ast.items) {
    const auto* declared = std::get_if<syntax::ModelItem>(&item.value);
    const auto* value =
        declared ? script.globals[declared->name.text].as<driver::ModelValue>() : nullptr;
    if (!value || value->handle->item != declared) continue;
    if (!driver::check(context, *value->handle)) return {};
    Model model;
    model.impl = std::make_shared<const Model::Impl>(Model::Impl{value->handle});
    found.push_back(std::move(model));
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

// ---- verbs

std::optional<std::string> Session::derive(const Model& model, Style style,
                                           std::string_view field) {
  return impl_->guarded([&]() -> std::optional<std::string> {
    impl_->begin();
    driver::ModelHandle& handle = *model.impl->handle;
    const auto* equations = driver::derive(impl_->context, handle);
    if (!equations) return {};
    const std::string name(field);
    if (!name.empty() && !equations->find(name)) {
      impl_->context.sink.emit(
          Kind::NoSuchField, {},
          fmt::format("the derivation of '{}' has no field '{}'", handle.model->name, name));
      return {};
    }
    return render(*handle.model, *equations, style_of(style), name);
  });
}

std::optional<std::string> Session::plan(const Model& model, const SolveOptions& options) {
  return impl_->guarded([&]() -> std::optional<std::string> {
    impl_->begin();
    driver::ModelHandle& handle = *model.impl->handle;
    const auto chosen = driver::plan(impl_->context, handle, plan_options(impl_->context, options));
    if (!chosen) return {};
    return plan::render(*handle.model, *chosen);
  });
}

std::optional<Solution> Session::solve(const Model& model, const SolveOptions& options) {
  return impl_->guarded([&]() -> std::optional<Solution> {
    impl_->begin();
    const auto& handle = model.impl->handle;
    return solution(impl_->context, handle,
                    driver::solve(impl_->context, *handle, plan_options(impl_->context, options)));
  });
}

/// The policy's texts are parsed as one record, so that its expressions are those of a script's
/// `policy = {...}`.
std::optional<Solution> Session::evaluate(const Model& model,
                                          const std::map<std::string, std::string>& policy,
                                          const SolveOptions& options) {
  return impl_->guarded([&]() -> std::optional<Solution> {
    impl_->begin();
    std::string text;
    for (const auto& [name, body] : policy)
      text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", name, body);
    const auto* module =
        driver::add_module(impl_->context, "<policy>", "policy = {" + text + "}", impl_->scope);
    if (!module || module->ast.items.empty()) return {};
    const auto* item = std::get_if<syntax::AssignItem>(&module->ast.items[0].value);
    if (!item) return {};
    impl_->script.ast = &module->ast;
    impl_->script.module = module;
    const auto& handle = model.impl->handle;
    const auto expressions = driver::policy_of(impl_->script, *handle->model, item->value);
    if (!expressions) return {};
    return solution(impl_->context, handle,
                    driver::evaluate(impl_->context, *handle, *expressions,
                                     plan_options(impl_->context, options)));
  });
}

std::optional<Ensemble> Session::simulate(const Model& model, const Solution& policy,
                                          const SimulateOptions& options) {
  return impl_->guarded([&]() -> std::optional<Ensemble> {
    impl_->begin();
    driver::SimulateOptions settings;
    settings.from = options.from;
    settings.regime = options.regime;
    settings.until = options.until;
    settings.paths = options.paths;
    settings.seed = options.seed;
    settings.step = options.step;
    settings.threads = options.threads > 0 ? options.threads : impl_->context.options.threads;
    auto paths = driver::simulate(impl_->context, *model.impl->handle, policy.impl->value.get(),
                                  nullptr, settings);
    if (!paths) return {};
    Ensemble ensemble;
    ensemble.impl = std::make_shared<const Ensemble::Impl>(
        Ensemble::Impl{std::make_shared<const runtime::Ensemble>(std::move(*paths))});
    return ensemble;
  });
}

bool Session::save(const Solution& solution, const std::string& path) {
  return impl_->guarded([&] {
    impl_->begin();
    const auto origin = driver::provenance(*solution.impl->handle, "hopf solve");
    return driver::written(impl_->context, {}, path,
                           runtime::save(*solution.impl->value, origin, path));
  });
}

bool Session::plot(const Solution& solution, const std::string& path) {
  return impl_->guarded([&] {
    impl_->begin();
    return driver::written(impl_->context, {}, path, runtime::plot(*solution.impl->value, path));
  });
}

// ---- solutions

namespace {

/// A point that is not one of the state space has no value: NaN, or nothing.
bool inside(const runtime::ValueFunction& value, const std::vector<double>& x, int regime) {
  return x.size() == value.states.size() && regime >= 1 && regime <= value.regimes;
}

}  // namespace

double Solution::value(const std::vector<double>& x, double t, int regime) const {
  return inside(*impl->value, x, regime) ? (*impl->value)(x, t, regime) : std::nan("");
}
std::vector<double> Solution::policy(const std::vector<double>& x, double t, int regime) const {
  return inside(*impl->value, x, regime) ? impl->value->control(x, t, regime)
                                         : std::vector<double>();
}
std::vector<double> Solution::gradient(const std::vector<double>& x, double t, int regime) const {
  return inside(*impl->value, x, regime) ? impl->value->gradient(x, t, regime)
                                         : std::vector<double>();
}
double Solution::residual() const { return impl->value->report.residual; }
std::string Solution::report() const { return driver::report_text(*impl->value); }
bool Solution::has_warning() const { return impl->value->report.has_warning(); }

// ---- ensembles

std::vector<double> Ensemble::mean() const {
  return impl->paths->mean(impl->paths->times.size() - 1);
}
double Ensemble::cost() const { return impl->paths->mean_cost(); }
double Ensemble::cost_standard_error() const { return impl->paths->cost_standard_error(); }

namespace {

std::optional<std::size_t> state_index(const runtime::Ensemble& paths, const std::string& name) {
  for (std::size_t i = 0; i < paths.states.size(); ++i)
    if (paths.states[i].name == name) return i;
  return {};
}

}  // namespace

/// NaN for a state that the model does not have.
double Ensemble::quantile(const std::string& state, double q) const {
  const auto index = state_index(*impl->paths, state);
  return index ? impl->paths->quantile(*index, impl->paths->times.size() - 1, q) : std::nan("");
}

std::vector<double> Ensemble::final_values(const std::string& state) const {
  const auto index = state_index(*impl->paths, state);
  if (!index) return {};
  const auto& recorded = impl->paths->recorded[*index];
  return {recorded.end() - static_cast<std::ptrdiff_t>(impl->paths->paths), recorded.end()};
}

}  // namespace hopf
