#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plan/internal.hpp"

namespace hopf::plan {

namespace {

using diagnostics::Kind;

constexpr double kMostStretch = 20;  // beyond, neighbouring nodes are the same number

// Parts of the language that the first solvers do not treat: refused by name, never ignored.
bool refuse_unbuilt(const model::Model& model, diagnostics::Sink& sink) {
  const auto refuse = [&](source::Span span, const std::string& what) {
    sink.emit(Kind::NotBuiltYet, span, fmt::format("solving with {} is not built yet", what));
    return true;
  };
  bool refused = false;
  for (const auto& group : model.groups) {
    if (group.disturbance)
      refused = refuse(group.span, fmt::format("the disturbance '{}'", group.name));
  }
  for (const auto& jump : model.jumps)
    refused = refuse(jump.span, fmt::format("the jumps of '{}'", jump.name));
  if (model.average) refused = refuse(model.span, "a long-run average");
  if (model.density) refused = refuse(model.span, "a density in the equations");
  for (const auto& constraint : model.constraints)
    refused = refuse(constraint.span, "'subject to'");
  if (model.initial && model.final_)
    refused = refuse(model.final_->span, "the law of the state given at both ends");
  return refused;
}

bool check_cost(const model::Model& model, const Options& options, diagnostics::Sink& sink) {
  if (model.has_cost || (model.initial && model.final_)) return true;
  auto& d = sink.emit(Kind::NoCost, options.span,
                      fmt::format("'{}' has no cost, so it has no value to solve for", model.name));
  d.labels.push_back({model.span, "neither 'lagrangian' nor 'reward' nor 'terminal' here"});
  const bool pays = std::any_of(model.states.begin(), model.states.end(), [](const auto& state) {
    return state.boundary == model::Boundary::Absorb;
  });
  d.help = pays ? "add 'lagrangian 0': then V is what the ends pay"
                : "add one of them, or ask for 'simulate' or 'derive'";
  return false;
}

bool check_options(const Options& options, diagnostics::Sink& sink) {
  if (options.method != "auto" && options.method != "riccati" && options.method != "fd") {
    sink.emit(Kind::UnknownMethod, options.span,
              fmt::format("there is no method '{}'", options.method))
        .help = "write method = \"auto\", \"riccati\" or \"fd\"";
    return false;
  }
  if (options.steps < 0 || options.tolerance < 0 || !std::isfinite(options.tolerance)) {
    sink.emit(Kind::InvalidSolverOption, options.span,
              options.steps < 0 ? fmt::format("{} time steps", options.steps)
                                : fmt::format("a tolerance of {}", options.tolerance));
    return false;
  }
  for (const double stretch : options.stretch) {
    if (std::abs(stretch) <= kMostStretch) continue;
    sink.emit(Kind::InvalidSolverOption, options.span, fmt::format("a stretch of {:g}", stretch))
        .help = fmt::format(
        "write one between -{0} and {0}: the last interval is e^stretch times the first",
        kMostStretch);
    return false;
  }
  return true;
}

std::string riccati_refusal(const derive::Equations& equations) {
  if (equations.lq.empty()) return equations.lq_refusal;
  return equations.has_riccati() ? "" : "a control is bounded, and the bound may bind";
}

void explain_others(const derive::Equations& equations, Plan& plan) {
  plan.refusals.push_back(
      {"Hopf-Cole", equations.hopf_cole
                        ? "the linear equation exists, but its solver is not built yet"
                        : equations.hopf_cole_refusal});
  plan.refusals.push_back({"explicit stepping", "an implicit step needs no bound on its length"});
}

void plan_riccati(const model::Model& model, const derive::Equations& equations, Plan& plan) {
  plan.method = Method::Riccati;
  plan.bounds = derive::bounds(model, {.everywhere = true});
  plan.name = "Riccati equation, exact";
  const bool coupled = std::any_of(equations.lq.begin(), equations.lq.end(), [&](const auto& lq) {
    return model.regime || !lq.C.empty() || !lq.D.empty();
  });
  plan.scheme = model.horizon ? "backward from the terminal cost, exact at every time"
                : coupled     ? "Newton's method along falling discounts"
                              : "the limit of doubled horizons, then Newton's method";
  plan.findings.push_back(
      "linear dynamics and quadratic cost without active bounds: the value is quadratic");
  if (model.regime)
    plan.findings.push_back(
        fmt::format("{} regimes, whose Riccati equations are coupled", model.regime->count));
  plan.refusals.push_back(
      {"finite differences", "the exact solution needs no grid; method = \"fd\" asks for one"});
}

// As the squares of spacings, which errors in space go with: steps halve with the grid.
double time_tolerance(const runtime::Grid& grid) {
  double nodes = 0;
  for (const auto& axis : grid.axes)
    nodes = std::max(nodes, static_cast<double>(axis.nodes.size()));
  return std::clamp(0.25 / (nodes * nodes), 2e-6, 1e-3);
}

std::string steps_text(const Plan& plan) {
  if (plan.steps > 0) return fmt::format("{}, graded toward the horizon", plan.steps);
  return fmt::format("as long as V turns by at most {:.1g} of its range in each",
                     plan.time_tolerance);
}

std::string scheme_text(const Plan& plan, bool noisy) {
  std::string text =
      noisy ? "central where the cell Peclet number is at most 1 and upwind elsewhere: monotone"
            : "upwind (Godunov), first order, monotone";
  if (plan.cross_terms)
    text += "; correlated noise along grid directions with nonnegative weights (Selling)";
  return text;
}

// e = C h^p with C of the order of the range of V: no more is known before the solve.
std::string expected_error(const runtime::Grid& grid, bool noisy) {
  std::size_t least = grid.axes.front().asked_nodes();
  for (const auto& axis : grid.axes) least = std::min(least, axis.asked_nodes());
  const double h = 1 / static_cast<double>(least - 1);
  return noisy ? fmt::format(
                     "between {:.1g} (second order) and {:.1g} (first, where it is upwind) of "
                     "the range of V; V.error tells",
                     h * h, h)
               : fmt::format("about {:.1g} of the range of V, first order; V.error tells", h);
}

bool plan_grid(const model::Model& model, const derive::Equations& equations,
               const Options& options, Plan& plan, diagnostics::Sink& sink) {
  if (!choose_grid(model, equations, options, plan, sink)) return false;
  bool noisy = false;
  for (std::size_t i = 0; i < model.dimension(); ++i) {
    noisy = noisy || !model.store->is_zero(equations.covariance[i * model.dimension() + i]);
  }
  plan.scheme = scheme_text(plan, noisy);
  plan.expected_error = expected_error(plan.grid, noisy);
  if (model.horizon) {
    plan.method = Method::ImplicitStepping;
    plan.name = "implicit finite differences, Howard iteration at every step";
    plan.steps = options.steps;
    plan.time_tolerance = time_tolerance(plan.grid);
    plan.scheme += "; in time BDF2, second order, held to the bounds that the costs give";
  } else {
    plan.method = Method::Howard;
    plan.name = "Howard iteration on implicit finite differences";
  }
  if (model.regime)
    plan.findings.push_back(fmt::format("{} regimes, coupled in one system", model.regime->count));
  if (model.stop_pays) plan.findings.push_back("stopping: the obstacle joins the policy");
  plan.findings.push_back(equations.closed_form
                              ? "the Hamiltonian is minimised in closed form"
                              : "the Hamiltonian is minimised numerically at every node");
  return true;
}

}  // namespace

std::optional<Plan> choose(const model::Model& model, const derive::Equations& equations,
                           const Options& options, diagnostics::Sink& sink) {
  if (!check_options(options, sink) || !check_cost(model, options, sink)) return std::nullopt;
  if (!check_stationary(model, sink)) return std::nullopt;
  Plan plan;
  plan.tolerance = options.tolerance > 0 ? options.tolerance : 1e-10;
  plan.bounds = derive::bounds(model);
  const std::string refusal = riccati_refusal(equations);
  if (options.method == "riccati" && !refusal.empty()) {
    auto& d = sink.emit(Kind::MethodNotApplicable, options.span,
                        fmt::format("'{}' has no Riccati equation: {}", model.name, refusal));
    d.help = "leave method out, or write method = \"fd\"";
    return std::nullopt;
  }
  if (refusal.empty() && options.method != "fd") {
    plan_riccati(model, equations, plan);
    explain_others(equations, plan);
    return plan;
  }
  if (refuse_unbuilt(model, sink)) return std::nullopt;
  plan.refusals.push_back(
      {"Riccati", refusal.empty() ? "finite differences were asked for" : refusal});
  if (!plan_grid(model, equations, options, plan, sink)) return std::nullopt;
  explain_others(equations, plan);
  return plan;
}

std::string render(const model::Model& model, const Plan& plan) {
  std::string text =
      fmt::format("{}\n  method      {}\n  scheme      {}\n", model.name, plan.name, plan.scheme);
  for (std::size_t k = 0; k < plan.grid.axes.size(); ++k) {
    const auto& axis = plan.grid.axes[k];
    text += fmt::format("  {:<11} {} nodes on [{:.6g}, {:.6g}], {}\n", k == 0 ? "grid" : "",
                        axis.asked_nodes(), axis.lo, axis.hi,
                        axis.uniform() ? axis.name : axis.name + ", not uniform");
  }
  if (plan.method == Method::ImplicitStepping)
    text += fmt::format("  steps       {}\n", steps_text(plan));
  if (!plan.expected_error.empty()) text += fmt::format("  error       {}\n", plan.expected_error);
  const std::string bounds = derive::bounds_text(model, plan.bounds.at(0));
  const std::string unit = model.has_units ? " " + model::to_string(model.cost_unit) : "";
  if (!bounds.empty())
    text += fmt::format("  bounds      {}{}: {}\n", bounds, unit == " 1" ? "" : unit,
                        derive::bounds_reason(model, plan.bounds));
  for (const std::string& finding : plan.findings)
    text += fmt::format("  found       {}\n", finding);
  for (const Refusal& refusal : plan.refusals) {
    text += fmt::format("  not {:<8} {}\n", refusal.method + ":", refusal.reason);
  }
  return text;
}

}  // namespace hopf::plan
