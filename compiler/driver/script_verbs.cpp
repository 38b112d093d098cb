// The verbs: derive, plan, solve, evaluate, simulate.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "core/parallel.hpp"
#include "driver/arguments.hpp"
#include "driver/pipeline.hpp"
#include "driver/script.hpp"
#include "driver/verbs.hpp"

namespace hopf::driver {
namespace {

using diagnostics::Kind;

std::optional<Value> call_derive(Script& s, const Arguments& arguments) {
  Derivation derivation;
  if (!read_style(arguments, derivation)) return {};
  derivation.handle = arguments.model();
  if (!derivation.handle || !driver::derivation(s.context, *derivation.handle)) return {};
  return Value{derivation};
}

/// What every solver and sampler accepts, as far as this version goes.
bool read_common(Script& s, const Arguments& arguments, int& threads) {
  std::string precision = "f64";
  std::int64_t seed = 0;
  threads = s.context.options.threads;
  if (!arguments.read_whole("threads", 1, threads) || !arguments.read("precision", precision))
    return false;
  if (threads > runtime::kMostThreads) {
    s.error(Kind::InvalidSolverOption, arguments.span_of("threads"),
            fmt::format("'threads' is {}, and at most {} serve", threads, runtime::kMostThreads));
    return false;
  }
  if (!arguments.read_whole("seed", std::int64_t{0}, seed)) return false;
  if (precision != "f64") {
    if (precision == "f32") {
      s.error(Kind::NotBuiltYet, arguments.span_of("precision"),
              "single precision is not built yet");
    } else {
      arguments.wrong_type("precision", "\"f64\" or \"f32\"", Value{precision});
    }
    return false;
  }
  if (arguments.has("checkpoint")) {
    s.error(Kind::NotBuiltYet, arguments.span_of("checkpoint"), "checkpoints are not built yet");
    return false;
  }
  return true;
}

/// Numbers of nodes, with the place of each for messages.
bool read_grid(Script& s, const Arguments& arguments, plan::Options& options) {
  std::vector<double> grid;
  if (!arguments.read("grid", grid)) return false;
  const auto* literal =
      arguments.has("grid")
          ? std::get_if<syntax::ListLiteral>(&(*s.ast)[arguments.node("grid")].value)
          : nullptr;
  for (std::size_t i = 0; i < grid.size(); ++i) {
    const bool placed = literal && i < literal->items.size();
    options.grid_spans.push_back(placed ? (*s.ast)[literal->items[i]].span
                                        : arguments.span_of("grid"));
    if (std::floor(grid[i]) != grid[i] || std::isinf(grid[i])) {
      s.error(
          Kind::WrongArgumentType, options.grid_spans.back(),
          fmt::format("a grid has a whole number of nodes, and this is {}", number_text(grid[i])));
      return false;
    }
    if (std::abs(grid[i]) > std::numeric_limits<int>::max()) {
      s.error(Kind::GridTooLarge, options.grid_spans.back(),
              fmt::format("{} nodes along one axis need {:.0f} GB for V alone",
                          number_text(grid[i]), 8e-9 * std::abs(grid[i])));
      return false;
    }
    options.grid.push_back(static_cast<int>(grid[i]));
  }
  return true;
}

/// `error = 1e-3` in the unit of V, or `error = "1%"` of its size.
bool read_error(const Arguments& arguments, plan::Options& options) {
  if (!arguments.has("error")) return true;
  const auto value = arguments.value("error");
  if (!value) return false;
  if (const auto number = number_of(*value)) {
    options.error = *number;
  } else if (const auto* text = value->as<std::string>()) {
    char* end = nullptr;
    options.error = std::strtod(text->c_str(), &end) / 100;
    options.error_relative = true;
    if (std::string_view(end) != "%") options.error = 0;
  }
  if (options.error > 0 && std::isfinite(options.error)) return true;
  arguments.wrong_type("error", "a positive number, or a share of the size of V as \"1%\"", *value);
  return false;
}

}  // namespace

std::optional<plan::Options> solver_options(Script& s, const Arguments& arguments) {
  plan::Options options;
  options.span = arguments.span();
  if (!arguments.read("method", options.method) || !read_grid(s, arguments, options)) return {};
  if (!arguments.read("stretch", options.stretch) ||
      !arguments.read_whole("steps", 1, options.steps))
    return {};
  if (!arguments.read("tolerance", options.tolerance) || !read_error(arguments, options)) return {};
  if (!read_common(s, arguments, options.threads)) return {};
  return options;
}

namespace {

std::optional<Value> call_plan(Script& s, const Arguments& arguments) {
  const auto options = solver_options(s, arguments);
  if (!options) return {};
  const auto handle = arguments.model();
  if (!handle) return {};
  auto chosen = plan(s.context, *handle, *options);
  if (!chosen) return {};
  return Value{PlanValue{handle, std::make_shared<const plan::Plan>(std::move(*chosen))}};
}

std::optional<Value> finish(Script& s, std::shared_ptr<ModelHandle> handle,
                            std::optional<runtime::ValueFunction> value, source::Span span) {
  if (!value) return {};
  warn_of_checks(s.context, *value, span);
  return Value{Solution{std::move(handle),
                        std::make_shared<const runtime::ValueFunction>(std::move(*value))}};
}

std::optional<Value> call_solve(Script& s, const Arguments& arguments) {
  const auto options = solver_options(s, arguments);
  if (!options) return {};
  const auto handle = arguments.model();
  if (!handle) return {};
  return finish(s, handle, solve(s.context, *handle, *options), arguments.span());
}

std::optional<Value> call_evaluate(Script& s, const Arguments& arguments) {
  const auto options = solver_options(s, arguments);
  if (!options) return {};
  const auto handle = arguments.model();
  if (!handle) return {};
  const auto policy = policy_of(s, *handle->model, arguments.node("policy"));
  if (!policy) return {};
  return finish(s, handle, evaluate(s.context, *handle, *policy, *options), arguments.span());
}

/// The entries of `from = {x: 1, v: 0}` in the order of the states.
bool read_start_record(Script& s, const Arguments& arguments, const model::Model& model,
                       const Record& record, std::vector<double>& from) {
  for (const model::State& state : model.states) {
    const Value* entry = nullptr;
    for (const auto& [name, value] : *record.fields)
      if (name == state.base) entry = &value;
    const auto numeric = entry ? numeric_of(*entry) : std::optional<Numeric>();
    const std::size_t open = state.name.find('[');
    const std::size_t at =
        open == std::string::npos ? 0 : std::stoul(state.name.substr(open + 1)) - 1;
    if (!numeric || at >= numeric->data.size()) {
      s.error(Kind::WrongArgumentType, arguments.span_of("from"),
              fmt::format("no start for the state '{}'", state.name));
      return false;
    }
    from.push_back(numeric->data[at]);
  }
  return true;
}

bool read_start(Script& s, const Arguments& arguments, const model::Model& model,
                std::vector<double>& from) {
  if (!arguments.has("from")) {
    if (model.initial) return true;
    s.error(Kind::MissingArgument, arguments.span(),
            "'simulate' needs 'from', the state to start at");
    return false;
  }
  const auto value = arguments.value("from");
  if (!value) return false;
  if (const auto* record = value->as<Record>())
    return read_start_record(s, arguments, model, *record, from);
  const auto numeric = numeric_of(*value);
  if (!numeric || numeric->shape.size() > 1) {
    arguments.wrong_type("from", "one number a state", *value);
    return false;
  }
  from = numeric->data;
  return check_start(s, arguments, model, from.size());
}

bool read_regime(const Arguments& arguments, const model::Model& model, int& regime) {
  return arguments.read_whole("regime", 1, regime) &&
         (!model.regime || arguments.read_whole(model.regime->name, 1, regime));
}

}  // namespace

std::optional<SimulateOptions> simulate_options(Script& s, const Arguments& arguments,
                                                const model::Model& model) {
  SimulateOptions options;
  options.span = arguments.span();
  std::int64_t seed = 0;
  if (!read_start(s, arguments, model, options.from) || !arguments.read("until", options.until))
    return {};
  if (!arguments.read_whole("paths", std::int64_t{1}, options.paths)) return {};
  if (!arguments.read_whole("seed", std::int64_t{0}, seed) ||
      !arguments.read("method", options.method))
    return {};
  if (!arguments.read("step", options.step) || !arguments.read_whole("records", 2, options.records))
    return {};
  if (!arguments.read("tolerance", options.tolerance) || !arguments.read("keep", options.keep) ||
      !read_common(s, arguments, options.threads))
    return {};
  if (!read_regime(arguments, model, options.regime)) return {};
  options.seed = static_cast<std::uint64_t>(seed);
  if (arguments.has("tolerance") && !(options.tolerance >= 1e-13 && options.tolerance <= 0.1)) {
    s.error(Kind::InvalidSolverOption, arguments.span_of("tolerance"),
            fmt::format("'tolerance' is {}, and must be between 1e-13 and 0.1",
                        number_text(options.tolerance)));
    return {};
  }
  if (arguments.has("until") && options.until == 0) {
    s.error(Kind::InvalidTimes, arguments.span_of("until"),
            "'until' is 0, and must be a positive time");
    return {};
  }
  if (!arguments.has("until") && !model.horizon) {
    s.error(Kind::MissingArgument, arguments.span(),
            fmt::format("'simulate' needs 'until', because '{}' has no horizon", model.name));
    return {};
  }
  return options;
}

bool read_style(const Arguments& arguments, Derivation& derivation) {
  std::string as = "unicode";
  if (!arguments.read("as", as)) return false;
  if (as == "latex") derivation.style = expr::Style::Latex;
  if (as == "hopf") derivation.style = expr::Style::Hopf;
  if (as == "latex" || as == "hopf" || as == "unicode") return true;
  arguments.wrong_type("as", "\"unicode\", \"latex\" or \"hopf\"", Value{as});
  return false;
}

bool check_start(Script& s, const Arguments& arguments, const model::Model& model,
                 std::size_t coordinates) {
  if (coordinates == model.dimension()) return true;
  s.error(Kind::WrongCoordinateCount, arguments.span_of("from"),
          fmt::format("'{}' has {} state{}, and the start has {} coordinate{}", model.name,
                      model.dimension(), model.dimension() == 1 ? "" : "s", coordinates,
                      coordinates == 1 ? "" : "s"));
  return false;
}

bool require_policy(Script& s, const Arguments& arguments, const model::Model& model) {
  if (model.controls.empty()) return true;
  s.error(Kind::MissingArgument, arguments.span(),
          fmt::format("'simulate' needs 'policy', because '{}' has controls", model.name))
      .help = "write 'policy = V.policy' with the solution V, or a record of expressions";
  return false;
}

bool check_policy_model(Script& s, const model::Model& of, const model::Model& with,
                        source::Span span) {
  const auto names = [](const auto& all) {
    std::vector<std::string> result;
    for (const auto& one : all) result.push_back(one.name);
    return result;
  };
  const auto regimes = [](const model::Model& m) { return m.regime ? m.regime->count : 1; };
  if (names(of.states) == names(with.states) && names(of.controls) == names(with.controls) &&
      regimes(of) == regimes(with))
    return true;
  s.error(
      Kind::WrongArgumentType, span,
      fmt::format("the policy is one of '{}', whose states or controls differ from those of '{}'",
                  of.name, with.name));
  return false;
}

namespace {

/// The policy as a solution's, when the argument is `V.policy`.
const Solution* solution_of_policy(const Value& value) {
  const auto* method = value.as<Method>();
  const auto* solution = method ? method->object->as<Solution>() : value.as<Solution>();
  return solution && (!method || (method->name == "policy" && method->components.empty()))
             ? solution
             : nullptr;
}

std::optional<runtime::Ensemble> run_simulation(Script& s, const Arguments& arguments,
                                                ModelHandle& handle,
                                                const SimulateOptions& options) {
  const model::Model& model = *handle.model;
  if (!arguments.has("policy")) {
    if (!require_policy(s, arguments, model)) return {};
    return simulate(s.context, handle, nullptr, nullptr, options);
  }
  const syntax::NodeId node = arguments.node("policy");
  if (std::holds_alternative<syntax::Record>((*s.ast)[node].value)) {
    const auto policy = policy_of(s, model, node);
    return policy ? simulate(s.context, handle, nullptr, &*policy, options) : std::nullopt;
  }
  const auto value = eval(s, node);
  if (!value) return {};
  if (value->as<Record>()) {
    const auto policy = policy_of(s, model, node);
    return policy ? simulate(s.context, handle, nullptr, &*policy, options) : std::nullopt;
  }
  const Solution* solution = solution_of_policy(*value);
  if (!solution) {
    arguments.wrong_type("policy", "a solution's policy or a record of expressions", *value);
    return {};
  }
  if (!fits(s.context, model, *solution->value, arguments.span_of("policy"))) return {};
  return simulate(s.context, handle, solution->value.get(), nullptr, options);
}

std::optional<Value> call_simulate(Script& s, const Arguments& arguments) {
  const auto handle = arguments.model();
  if (!handle) return {};
  const auto options = simulate_options(s, arguments, *handle->model);
  if (!options) return {};
  auto paths = run_simulation(s, arguments, *handle, *options);
  if (!paths) return {};
  return Value{EnsembleValue{handle, std::make_shared<const runtime::Ensemble>(std::move(*paths))}};
}

}  // namespace

void warn_of_checks(Context& c, const runtime::ValueFunction& value, source::Span span) {
  for (const runtime::Check& check : value.report.checks) {
    if (!check.warning) continue;
    auto& warning = c.sink.emit(Kind::QuestionableSolution, span,
                                fmt::format("{}: {}", check.name, check.value));
    if (!check.words.empty()) warning.notes.push_back(check.words);
  }
}

bool fits(Context& c, const model::Model& model, const runtime::ValueFunction& value,
          source::Span span) {
  const auto names = [](const auto& all) {
    std::vector<std::string> result;
    for (const auto& one : all) result.push_back(one.name);
    return result.empty() ? std::vector<std::string>{"none"} : result;
  };
  const auto refuse = [&](const char* what, const std::vector<std::string>& theirs,
                          const std::vector<std::string>& ours) {
    if (theirs == ours) return false;
    c.sink.emit(Kind::WrongArgumentType, span,
                fmt::format("the policy is one of '{}', with the {} {}; '{}' has {}", value.model,
                            what, fmt::join(theirs, ", "), model.name, fmt::join(ours, ", ")));
    return true;
  };
  if (refuse("states", names(value.states), names(model.states)) ||
      refuse("controls", names(value.controls), names(model.controls)))
    return false;
  const int regimes = model.regime ? model.regime->count : 1;
  if (regimes == value.regimes) return true;
  c.sink.emit(Kind::WrongArgumentType, span,
              fmt::format("the policy is one of '{}', with {} regimes; '{}' has {}", value.model,
                          value.regimes, model.name, regimes));
  return false;
}

std::optional<Value> call_verb(Script& s, const Signature& signature, const Arguments& arguments) {
  if (signature.name == "derive") return call_derive(s, arguments);
  if (signature.name == "plan") return call_plan(s, arguments);
  if (signature.name == "solve") return call_solve(s, arguments);
  if (signature.name == "evaluate") return call_evaluate(s, arguments);
  if (signature.name == "simulate") return call_simulate(s, arguments);
  s.error(Kind::NotBuiltYet, arguments.span(),
          fmt::format("'{}' is not built yet", signature.name));
  return {};
}

}  // namespace hopf::driver
