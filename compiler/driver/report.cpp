#include "driver/report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hopf::driver {

std::string summary(const runtime::ValueFunction& value) {
  std::string states;
  for (const auto& state : value.states) states += (states.empty() ? "" : ", ") + state.name;
  std::string text = fmt::format("value function of {}({})", value.model, states);
  std::string nodes;
  for (const auto& axis : value.grid.axes)
    nodes += fmt::format("{}{}", nodes.empty() ? "" : " x ", axis.asked_nodes());
  text += value.on_grid() ? fmt::format(", {} nodes", nodes) : ", in closed form";
  if (value.regimes > 1) text += fmt::format(", {} regimes", value.regimes);
  if (value.times.size() > 1) text += fmt::format(", {} times", value.times.size());
  return text;
}

namespace {

std::string check_text(const runtime::Check& check) {
  std::string text = fmt::format("  {:<20} {}{}\n", check.name, check.value,
                                 check.warning ? "   <- look at this" : "");
  if (!check.words.empty()) text += fmt::format("  {:<20} {}\n", "", check.words);
  return text;
}

}  // namespace

std::string report_text(const runtime::ValueFunction& value) {
  const runtime::Report& report = value.report;
  std::string text = summary(value) + "\n";
  const auto line = [&](std::string_view name, std::string_view what) {
    text += fmt::format("  {:<20} {}\n", name, what);
  };
  line("method", report.method);
  if (!report.scheme.empty()) line("scheme", report.scheme);
  if (report.iterations > 0) line("iterations", fmt::format("{}", report.iterations));
  line("time", fmt::format("{:.3g} s", report.seconds));
  for (const runtime::Check& check : report.checks) text += check_text(check);
  return text;
}

std::string report_text(const model::Model& model, const runtime::ValueFunction& value,
                        const PathRun& run) {
  std::string text = report_text(value);
  const auto& checks = value.report.checks;
  if (std::any_of(checks.begin(), checks.end(),
                  [](const auto& c) { return c.name == "simulated"; }))
    return text;
  if (const auto check = simulated_check(model, value, run)) text += check_text(*check);
  return text;
}

}  // namespace hopf::driver
