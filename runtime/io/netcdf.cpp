// netCDF-4 after the CF conventions: coordinate variables with units and long names, one variable a
// quantity.
#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <limits>
#include <optional>

#include "io/closed_grid.hpp"
#include "io/formats.hpp"
#include "io/netcdf_file.hpp"

namespace hopf::runtime {
namespace {

std::string unit_or_one(const std::string& unit) { return unit.empty() ? "1" : unit; }

const char* boundary_name(Boundary boundary) {
  switch (boundary) {
    case Boundary::Periodic:
      return "periodic";
    case Boundary::Reflect:
      return "reflect";
    case Boundary::Absorb:
      return "absorb";
    case Boundary::Constrain:
      return "constrain";
    case Boundary::Extrapolate:
      return "extrapolate";
  }
  return "";
}

void describe(NetcdfFile& file, int variable, const std::string& long_name,
              const std::string& unit) {
  file.attribute(variable, "long_name", long_name);
  file.attribute(variable, "units", unit_or_one(unit));
}

void write_provenance(NetcdfFile& file, const Provenance& provenance, const std::string& model) {
  file.global("Conventions", "CF-1.10");
  file.global("title", model);
  file.global("source", "Hopf " + provenance.version);
  file.global("history", provenance.time + ": " + provenance.command);
  file.global("hopf_version", provenance.version);
  file.global("hopf_command", provenance.command);
  file.global("hopf_time", provenance.time);
  file.global("hopf_model", provenance.source);
  file.global("hopf_parameters", provenance.parameters);
}

void write_report(NetcdfFile& file, const ValueFunction& value) {
  file.global("method", value.report.method);
  file.global("scheme", value.report.scheme);
  file.global("iterations", static_cast<double>(value.report.iterations));
  file.global("residual", value.report.residual);
  file.global("seconds", value.report.seconds);
  std::string checks;
  for (const Check& check : value.report.checks) {
    checks += fmt::format("{}: {}; {}\n", check.name, check.value, check.words);
  }
  file.global("checks", checks);
  file.global("sense", value.reward ? "V is the maximised reward" : "V is the minimised cost");
  if (value.horizon) file.global("horizon", *value.horizon);
}

// ---- on a grid

/// The dimensions of V in order, with the ids of their coordinate variables.
struct GridLayout {
  std::vector<int> dimensions, axes;
  int time = -1, regime = -1;
};

GridLayout define_grid(NetcdfFile& file, const ValueFunction& value, const Grid& grid) {
  GridLayout layout;
  if (has_time_axis(value)) {
    const std::string name = file.unused_name("time");
    layout.dimensions.push_back(file.dimension(name, value.times.size()));
    layout.time = file.variable(name, {layout.dimensions.back()});
    describe(file, layout.time, "time", time_unit(value));
  }
  if (value.regimes > 1) {
    const std::string name = file.unused_name("regime");
    layout.dimensions.push_back(file.dimension(name, static_cast<std::size_t>(value.regimes)));
    layout.regime = file.variable(name, {layout.dimensions.back()});
    describe(file, layout.regime, "regime, from 1", "");
  }
  for (const Axis& axis : grid.axes) {
    const std::string name = file.unused_name(axis.name);
    layout.dimensions.push_back(file.dimension(name, axis.nodes.size()));
    const int id = file.variable(name, {layout.dimensions.back()});
    layout.axes.push_back(id);
    describe(file, id, axis.name, axis.unit);
    file.attribute(id, "boundary", boundary_name(axis.boundary));
    file.attribute(id, "domain_lower", axis.lo);
    file.attribute(id, "domain_upper", axis.hi);
    if (!axis.periodic()) continue;
    file.attribute(id, "period", axis.hi - axis.lo);
    file.attribute(id, "comment", "the first and the last node are the same point");
  }
  return layout;
}

std::string grid_text(const Grid& grid) {
  std::string text;
  for (const Axis& axis : grid.axes) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : " x ", axis.nodes.size(), axis.name);
  }
  return text;
}

/// A control at the nodes, NaN where V is infinite: there none is better than another.
std::vector<double> known_policy(const ValueFunction& value, std::size_t level, std::size_t k) {
  std::vector<double> known = value.policy[level][k];
  for (std::size_t u = 0; u < known.size(); ++u) {
    if (std::isinf(value.value[level][u])) known[u] = std::numeric_limits<double>::quiet_NaN();
  }
  return known;
}

/// Level after level, so that no second copy of a large answer is made, only of a level.
void write_levels(NetcdfFile& file, int variable, const GridLayout& layout,
                  const ValueFunction& value, const ClosedGrid& closed,
                  const std::function<std::vector<double>(std::size_t)>& level_data) {
  for (std::size_t level = 0; level < value.value.size(); ++level) {
    std::vector<std::size_t> start(layout.dimensions.size(), 0), count;
    if (layout.time >= 0) {
      start[0] = level;
      count.push_back(1);
    }
    if (layout.regime >= 0) count.push_back(static_cast<std::size_t>(value.regimes));
    for (const Axis& axis : closed.grid.axes) count.push_back(axis.nodes.size());
    file.write(variable, start, count, closed.spread(level_data(level)).data());
  }
}

std::vector<double> regime_numbers(const ValueFunction& value) {
  std::vector<double> numbers;
  for (int j = 1; j <= value.regimes; ++j) numbers.push_back(j);
  return numbers;
}

void write_coordinates(NetcdfFile& file, const GridLayout& layout, const ValueFunction& value,
                       const Grid& grid) {
  if (layout.time >= 0) file.write(layout.time, value.times);
  if (layout.regime >= 0) file.write(layout.regime, regime_numbers(value));
  for (std::size_t i = 0; i < layout.axes.size(); ++i)
    file.write(layout.axes[i], grid.axes[i].nodes);
}

const char* kind_of_set(const ValueFunction& value, std::size_t control) {
  if (value.period(control) > 0) return "circle";
  const auto& discrete = value.control_is_discrete;
  return control < discrete.size() && discrete[control] ? "finite" : "continuous";
}

void save_grid(NetcdfFile& file, const ValueFunction& value) {
  // The value's own name comes first: a state that is called V gives way.
  const std::string value_name = file.unused_name("V");
  const ClosedGrid closed(value.grid);
  const GridLayout layout = define_grid(file, value, closed.grid);
  const int V = file.variable(value_name, layout.dimensions);
  describe(file, V, value.reward ? "value function (reward)" : "value function (cost)",
           value.value_unit);
  int error = -1;
  if (!value.node_error.empty()) {
    error = file.variable(file.unused_name("V_error"), layout.dimensions);
    describe(file, error, "estimated error of V at the nodes", value.value_unit);
  }
  std::vector<int> controls;
  if (!value.policy.empty()) {
    for (std::size_t k = 0; k < value.controls.size(); ++k) {
      const NamedUnit& control = value.controls[k];
      controls.push_back(file.variable(file.unused_name(control.name), layout.dimensions));
      describe(file, controls.back(), "policy: control " + control.name, control.unit);
      file.attribute(controls.back(), "set", kind_of_set(value, k));
    }
  }
  file.global("grid", grid_text(closed.grid));
  file.end_definitions();

  write_coordinates(file, layout, value, closed.grid);
  write_levels(file, V, layout, value, closed,
               [&](std::size_t level) { return value.value[level]; });
  if (error >= 0) {
    write_levels(file, error, layout, value, closed,
                 [&](std::size_t level) { return value.node_error[level]; });
  }
  for (std::size_t k = 0; k < controls.size(); ++k) {
    write_levels(file, controls[k], layout, value, closed,
                 [&](std::size_t level) { return known_policy(value, level, k); });
  }
}

// ---- in closed form

std::vector<std::string> names_of(const std::vector<NamedUnit>& items) {
  std::vector<std::string> names;
  for (const NamedUnit& item : items) names.push_back(item.name);
  return names;
}

std::vector<std::string> units_of(const std::vector<NamedUnit>& items) {
  std::vector<std::string> units;
  for (const NamedUnit& item : items) units.push_back(unit_or_one(item.unit));
  return units;
}

/// All levels of one coefficient, one after the other.
template <class Entries>
std::vector<double> stacked(const ValueFunction& value, const Entries& entries) {
  std::vector<double> result;
  for (const QuadraticLevel& level : value.quadratic) {
    const std::vector<double> data = entries(level);
    result.insert(result.end(), data.begin(), data.end());
  }
  return result;
}

/// One coefficient of the closed form: its dimensions after time and regime, and where a level
/// keeps it.
struct Coefficient {
  const char* name;
  const char* long_name;
  std::vector<int> dimensions;
  std::vector<double> (*of)(const QuadraticLevel&);
  int variable = -1;
};

using Level = QuadraticLevel;

std::vector<Coefficient> coefficients(int row, int column, int control) {
  std::vector<Coefficient> list{
      {"P",
       "quadratic coefficient of V = 1/2 x'P x + p'x + c",
       {row, column},
       [](const Level& l) { return l.P; }},
      {"p", "linear coefficient of V", {row}, [](const Level& l) { return l.p; }},
      {"c", "constant of V", {}, [](const Level& l) { return std::vector{l.c}; }}};
  if (control < 0) return list;
  list.push_back(
      {"K", "gain of the policy u = K x + k", {control, row}, [](const Level& l) { return l.K; }});
  list.push_back({"k", "constant of the policy", {control}, [](const Level& l) { return l.k; }});
  return list;
}

/// Names along a dimension, with their units beside them.
struct NamedDimension {
  const std::vector<NamedUnit>& items;
  int dimension, names, units;

  NamedDimension(NetcdfFile& file, const std::string& name, const std::vector<NamedUnit>& all)
      : items(all),
        dimension(file.dimension(name, all.size())),
        names(file.text_variable(name, dimension)),
        units(file.text_variable(name + "_units", dimension)) {}
  void write(NetcdfFile& file) const {
    file.write(names, names_of(items));
    file.write(units, units_of(items));
  }
};

/// The dimensions that levels differ in: time, regime, neither.
struct LevelDimensions {
  std::vector<int> dimensions;
  int time = -1, regime = -1;  // variables

  LevelDimensions(NetcdfFile& file, const ValueFunction& value) {
    const auto regimes = static_cast<std::size_t>(value.regimes);
    if (has_time_axis(value)) {
      dimensions.push_back(file.dimension("time", value.quadratic.size() / regimes));
      time = file.variable("time", dimensions);
      describe(file, time, "time", time_unit(value));
    }
    if (regimes == 1) return;
    dimensions.push_back(file.dimension("regime", regimes));
    regime = file.variable("regime", {dimensions.back()});
    describe(file, regime, "regime, from 1", "");
  }
  void write(NetcdfFile& file, const ValueFunction& value) const {
    std::vector<double> times;
    for (std::size_t i = 0; i < value.quadratic.size();
         i += static_cast<std::size_t>(value.regimes))
      times.push_back(value.quadratic[i].t);
    if (time >= 0) file.write(time, times);
    if (regime >= 0) file.write(regime, regime_numbers(value));
  }
};

void save_quadratic(NetcdfFile& file, const ValueFunction& value) {
  const LevelDimensions levels(file, value);
  const NamedDimension row(file, "state", value.states), column(file, "state_column", value.states);
  std::optional<NamedDimension> control;
  if (!value.controls.empty()) control.emplace(file, "control", value.controls);
  auto list = coefficients(row.dimension, column.dimension, control ? control->dimension : -1);
  for (Coefficient& coefficient : list) {
    std::vector<int> dimensions = levels.dimensions;
    dimensions.insert(dimensions.end(), coefficient.dimensions.begin(),
                      coefficient.dimensions.end());
    coefficient.variable = file.variable(coefficient.name, dimensions);
    file.attribute(coefficient.variable, "long_name", coefficient.long_name);
  }
  if (!value.value_unit.empty()) file.global("value_units", value.value_unit);
  file.end_definitions();

  levels.write(file, value);
  row.write(file);
  column.write(file);
  if (control) control->write(file);
  for (const Coefficient& coefficient : list) {
    file.write(coefficient.variable, stacked(value, coefficient.of));
  }
}

// ---- ensembles

/// What is known of all paths: mean and deviation of each state over time, and its last values.
class EnsembleSummary {
 public:
  EnsembleSummary(NetcdfFile& file, const Ensemble& ensemble, int time, int all) {
    for (std::size_t i = 0; i < ensemble.states.size(); ++i) {
      const NamedUnit& state = ensemble.states[i];
      const bool round = ensemble.circle(i).round();
      const auto add = [&](std::vector<int>& list, const char* suffix, int over,
                           const std::string& long_name) {
        list.push_back(file.variable(file.unused_name(state.name + suffix), {over}));
        describe(file, list.back(), long_name, state.unit);
        if (round) file.attribute(list.back(), "period", ensemble.circle(i).period);
      };
      add(mean_, "_mean", time, (round ? "mean direction of " : "mean of ") + state.name);
      add(deviation_, "_std", time,
          (round ? "circular standard deviation of " : "standard deviation of ") + state.name);
      add(final_, "_final", all, "last value of " + state.name + " on every path");
    }
  }
  void write(NetcdfFile& file, const Ensemble& ensemble) const {
    for (std::size_t i = 0; i < mean_.size(); ++i) {
      std::vector<double> mean, deviation;
      for (std::size_t time = 0; time < ensemble.times.size(); ++time) {
        mean.push_back(ensemble.mean(i, time));
        deviation.push_back(std::sqrt(ensemble.variance(i, time)));
      }
      file.write(mean_[i], mean);
      file.write(deviation_[i], deviation);
      file.write(final_[i], ensemble.final_values[i]);
    }
  }

 private:
  std::vector<int> mean_, deviation_, final_;
};

}  // namespace

std::string save_netcdf(const ValueFunction& value, const Provenance& provenance,
                        const std::string& path, const Watch& watch) {
  NetcdfFile file(path, watch);
  write_provenance(file, provenance, value.model);
  write_report(file, value);
  if (value.on_grid()) {
    save_grid(file, value);
  } else {
    save_quadratic(file, value);
  }
  return file.close();
}

std::string save_netcdf(const Ensemble& ensemble, const Provenance& provenance,
                        const std::string& path, const Watch& watch) {
  NetcdfFile file(path, watch);
  write_provenance(file, provenance, ensemble.model);
  file.global("step", ensemble.step);
  file.global("seed", std::to_string(ensemble.seed));
  file.global("paths_that_left_the_domain", static_cast<double>(ensemble.left_domain));
  file.global("paths_that_stopped", static_cast<double>(ensemble.stopped));
  file.global("mean_cost", ensemble.mean_cost());
  file.global("mean_cost_standard_error", ensemble.cost_standard_error());
  file.global("mean_cost_bias", ensemble.cost_bias);
  file.global("paths", static_cast<double>(ensemble.paths));
  file.global("paths_that_failed", static_cast<double>(ensemble.failed));
  const std::string time_name = file.unused_name("time"), path_name = file.unused_name("path");
  const int time = file.dimension(time_name, ensemble.times.size());
  const int paths = file.dimension(path_name, static_cast<std::size_t>(ensemble.kept));
  const int all = file.dimension(file.unused_name("all_paths"), ensemble.cost.size());
  const int times = file.variable(time_name, {time});
  describe(file, times, "time", time_unit(ensemble));
  std::vector<int> states;
  for (const NamedUnit& state : ensemble.states) {
    states.push_back(file.variable(file.unused_name(state.name), {time, paths}));
    describe(file, states.back(), state.name, state.unit);
  }
  const EnsembleSummary summary(file, ensemble, time, all);
  const int cost = file.variable(file.unused_name(ensemble.reward ? "reward" : "cost"), {all});
  describe(file, cost,
           ensemble.reward ? "discounted reward of the path" : "discounted cost of the path",
           ensemble.cost_unit);
  file.end_definitions();
  file.write(times, ensemble.times);
  for (std::size_t i = 0; i < states.size(); ++i) file.write(states[i], ensemble.recorded[i]);
  file.write(cost, ensemble.cost);
  summary.write(file, ensemble);
  return file.close();
}

}  // namespace hopf::runtime
