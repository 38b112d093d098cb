// Figures of a value function and its policy.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

#include "io/figure.hpp"
#include "io/formats.hpp"
#include "io/io.hpp"

namespace hopf::runtime {
namespace {

constexpr std::size_t kSamples = 241;  // per axis of a heat map
constexpr std::size_t kPoints = 601;   // along a curve
constexpr std::size_t kMaxPanels = 6;

Range domain(const ValueFunction& value, std::size_t state) {
  if (value.on_grid()) return {value.grid.axes[state].lo, value.grid.axes[state].hi};
  if (state < value.domain.size()) return {value.domain[state].first, value.domain[state].second};
  return {-1, 1};
}

std::vector<double> middle_of(const ValueFunction& value) {
  std::vector<double> x;
  for (std::size_t i = 0; i < value.states.size(); ++i) {
    x.push_back((domain(value, i).lo + domain(value, i).hi) / 2);
  }
  return x;
}

double between(const Range& range, std::size_t i, std::size_t n) {
  return range.lo + (range.hi - range.lo) * static_cast<double>(i) / static_cast<double>(n - 1);
}

std::string name_list(const ValueFunction& value) {
  std::string names;
  for (const NamedUnit& state : value.states) names += (names.empty() ? "" : ", ") + state.name;
  return names;
}

std::string subtitle(const ValueFunction& value) {
  std::string text = value.report.method;
  if (value.on_grid()) {
    std::string grid;
    for (const Axis& axis : value.grid.axes) {
      grid += (grid.empty() ? "" : " × ") + std::to_string(axis.asked_nodes());
    }
    text += fmt::format(", {} nodes, residual {:.1e}", grid, value.report.residual);
  }
  return text;
}

std::vector<Fact> report_facts(const ValueFunction& value) {
  const Report& report = value.report;
  std::vector<Fact> facts{{"method", report.method, report.scheme}};
  if (report.iterations > 0) facts.push_back({"iterations", std::to_string(report.iterations), ""});
  if (report.seconds > 0) facts.push_back({"time", fmt::format("{:.2f} s", report.seconds), ""});
  for (const Check& check : report.checks) {
    facts.push_back({check.warning ? "⚠ " + check.name : check.name, check.value, check.words});
  }
  return facts;
}

// ---- one state

/// A family of curves in one panel.
struct Curve {
  std::string label;
  std::function<double(double)> f;
  double place = 0;   // in the palette
  double period = 0;  // of values on a circle
};

/// One row a point, with a gap where the value is not finite; `empty` turns false at the first that
/// is.
std::string curve_rows(const Range& x, const Curve& curve, bool& empty) {
  std::string rows;
  double last = curve.f(x.lo);
  for (std::size_t i = 0; i < kPoints; ++i) {
    const double at = between(x, i, kPoints), value = curve.f(at);
    const bool across = curve.period > 0 && std::abs(value - last) > curve.period / 2;
    if (across) rows += '\n';  // the seam of a circle
    last = value;
    if (std::isfinite(value)) {
      fmt::format_to(std::back_inserter(rows), "{:.10g} {:.8g}\n", at, value);
      empty = false;
    } else {
      rows += '\n';
    }
  }
  return rows.find_first_not_of('\n') == std::string::npos ? "0 NaN\n" : rows;
}

void curves(Figure& figure, const Box& box, const Range& x, const std::string& y_label,
            const std::string& x_label, const std::vector<Curve>& family, const std::string& prefix,
            bool with_key) {
  figure.panel(box);
  figure.add(
      fmt::format("set xrange [{}:{}]\nset autoscale yfix\nset ylabel {}\nset offsets 0,0,graph "
                  "0.06,graph 0.06\n",
                  x.lo, x.hi, quoted(y_label)));
  figure.add(x_label.empty() ? std::string("set format x ''\n")
                             : "set xlabel " + quoted(x_label) + "\n");
  figure.add("set grid linecolor rgb '#e4e4e4' linewidth 0.6\n");
  if (family.size() > 1 && with_key) {
    figure.add(
        fmt::format("set key at graph 1, graph {} right bottom horizontal samplen 1.5 font ',9'\n",
                    1 + 4 / box.height));
  }
  std::string clauses;
  bool empty = true;
  for (std::size_t c = 0; c < family.size(); ++c) {
    const std::string rows = curve_rows(x, family[c], empty);
    figure.add(fmt::format("${}{} << EOD\n{}EOD\n", prefix, c, rows));
    const auto colour = palette_colour(Palette::Sequential, family[c].place);
    clauses += fmt::format(
        "{}${}{} using 1:2 with lines linewidth 2 linecolor rgb '#{:02x}{:02x}{:02x}' title {}",
        c ? ", " : "", prefix, c, colour[0], colour[1], colour[2], quoted(family[c].label));
  }
  if (empty) figure.add("set yrange [0:1]\n");
  figure.add("plot " + clauses + "\nset offsets 0,0,0,0\n");
}

/// One curve a regime, or one a time of a finite horizon.
std::vector<Curve> family_of(const ValueFunction& value,
                             const std::function<double(double, double, int)>& f) {
  std::vector<Curve> family;
  if (value.regimes > 1) {
    for (int j = 1; j <= value.regimes; ++j) {
      const double place = 0.15 + 0.65 * (j - 1) / (value.regimes - 1);
      family.push_back(
          {fmt::format("regime {}", j), [f, j](double x) { return f(x, 0, j); }, place});
    }
    return family;
  }
  if (!value.horizon) return {{"", [f](double x) { return f(x, 0, 1); }, 0.25}};
  for (const double part : {0.0, 0.25, 0.5, 0.75}) {
    const double t = part * *value.horizon;
    const std::string label =
        fmt::format("t = {:.3g}{}{}", t, time_unit(value).empty() ? "" : " ", time_unit(value));
    family.push_back({label, [f, t](double x) { return f(x, t, 1); }, 0.12 + 0.9 * part});
  }
  return family;
}

std::string plot_curves(const ValueFunction& value, const std::string& path, const Watch& watch) {
  const std::size_t panels = 1 + value.controls.size();
  const int each = panels == 1 ? 340 : 210;
  constexpr int kHead = 80;
  const int height = kHead + static_cast<int>(panels) * (each + 18) + 50;
  Figure figure(path, 760, height);
  figure.title(value.model, subtitle(value));
  const Range x = domain(value, 0);
  const std::string x_label = axis_label(value.states[0].name, value.states[0].unit);
  for (std::size_t k = 0; k < panels; ++k) {
    const double bottom =
        height - kHead - static_cast<double>(k + 1) * each - 18.0 * static_cast<double>(k);
    const Box box{90, bottom, 640, static_cast<double>(each)};
    const auto f = [&value, k](double at, double t, int j) {
      const std::vector<double> point{at};
      return k == 0 ? value(point, t, j) : value.control(point, t, j)[k - 1];
    };
    const NamedUnit named =
        k == 0 ? NamedUnit{value.quantity, value.value_unit} : value.controls[k - 1];
    std::vector<Curve> family = family_of(value, f);
    for (Curve& curve : family) curve.period = k == 0 ? 0 : value.period(k - 1);
    curves(figure, box, x, axis_label(named.name, named.unit), k + 1 == panels ? x_label : "",
           family, fmt::format("curve{}_", k), k == 0);
  }
  return figure.write(value.model, report_facts(value), watch);
}

// ---- two states and more

/// One panel: a quantity over the plane of two states, the others in the middle of their domains.
struct Plane {
  std::size_t first = 0, second = 1;
  int regime = 1;
  std::optional<std::size_t> control;  // V when there is none
};

HeatMap sampled(const ValueFunction& value, const Plane& plane) {
  HeatMap map;
  map.x = domain(value, plane.first);
  map.y = domain(value, plane.second);
  map.samples.nx = map.samples.ny = kSamples;
  std::vector<double> point = middle_of(value);
  for (std::size_t j = 0; j < kSamples; ++j) {
    for (std::size_t i = 0; i < kSamples; ++i) {
      point[plane.first] = between(map.x, i, kSamples);
      point[plane.second] = between(map.y, j, kSamples);
      map.samples.values.push_back(plane.control
                                       ? value.control(point, 0, plane.regime)[*plane.control]
                                       : value(point, 0, plane.regime));
    }
  }
  return map;
}

/// A range that axes and colours can show: between ends that differ by more than rounding errors,
/// and whose difference is finite.
Range widened(Range range) {
  constexpr double kResolved = 1e-9, kLargest = 1e300;
  range.lo = std::clamp(range.lo, -kLargest, kLargest);
  range.hi = std::clamp(range.hi, -kLargest, kLargest);
  const double size = std::max(std::abs(range.lo), std::abs(range.hi));
  if (range.hi - range.lo > kResolved * size) return range;
  const double around = size > 0 ? 0.05 * size : 0.5;
  return {range.lo - around, range.hi + around};
}

/// All values, unless a few tower over the rest: then the colours serve the central 98 %.
bool choose_colours(HeatMap& map) {
  std::vector<double> sorted;
  for (const double v : map.samples.values) {
    if (std::isfinite(v)) sorted.push_back(v);
  }
  if (sorted.empty()) return false;
  std::sort(sorted.begin(), sorted.end());
  const auto at = [&](double q) {
    return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))];
  };
  map.colour = {sorted.front(), sorted.back()};
  const bool clipped =
      at(0.99) - at(0.01) < 0.2 * (sorted.back() - sorted.front()) && at(0.99) > at(0.01);
  if (clipped) map.colour = {at(0.01), at(0.99)};
  map.colour = widened(map.colour);
  return clipped;
}

/// Symmetric colours for a control that takes both signs.
void choose_control_colours(HeatMap& map) {
  choose_colours(map);
  map.contours = false;
  if (map.colour.lo >= 0 || map.colour.hi <= 0) return;
  const double bound = std::max(-map.colour.lo, map.colour.hi);
  map.colour = {-bound, bound};
  map.palette = Palette::Diverging;
}

std::string where(const ValueFunction& value, const Plane& plane) {
  std::string text = value.regimes > 1 ? fmt::format(", regime {}", plane.regime) : "";
  const std::vector<double> middle = middle_of(value);
  for (std::size_t i = 0; i < value.states.size(); ++i) {
    if (i == plane.first || i == plane.second) continue;
    text += fmt::format(", {} = {:.3g}", value.states[i].name, middle[i]);
  }
  return text;
}

HeatMap panel_map(const ValueFunction& value, const Plane& plane) {
  HeatMap map = sampled(value, plane);
  const NamedUnit named =
      plane.control ? value.controls[*plane.control] : NamedUnit{value.quantity, value.value_unit};
  map.colour_label = axis_label(named.name, named.unit);
  if (plane.control && value.period(*plane.control) > 0) {
    const Circle& circle = value.control_circle[*plane.control];
    map.period = circle.period;
    map.colour = {circle.origin, circle.origin + circle.period};
    map.palette = Palette::Cyclic;
    map.contours = false;
  } else if (plane.control) {
    choose_control_colours(map);
  } else if (choose_colours(map)) {
    map.colour_label += ", ends clipped";
  }
  map.x_label = axis_label(value.states[plane.first].name, value.states[plane.first].unit);
  map.y_label = axis_label(value.states[plane.second].name, value.states[plane.second].unit);
  const auto& values = map.samples.values;
  if (std::any_of(values.begin(), values.end(), [](double v) { return !std::isfinite(v); }))
    map.colour_label +=
        fmt::format(", hatched: {} = {}", value.quantity, value.reward ? "-inf" : "inf");
  const std::string what = plane.control ? "policy " + named.name : named.name;
  map.title = what + where(value, plane);
  return map;
}

std::vector<Plane> planes_of(const ValueFunction& value) {
  std::vector<Plane> planes;
  const std::size_t n = value.states.size();
  if (n == 2) {
    for (int j = 1; j <= value.regimes; ++j) {
      planes.push_back({0, 1, j, std::nullopt});
      for (std::size_t k = 0; k < value.controls.size(); ++k) planes.push_back({0, 1, j, k});
    }
  } else {
    for (std::size_t a = 0; a < n; ++a) {
      for (std::size_t b = a + 1; b < n; ++b) planes.push_back({a, b, 1, std::nullopt});
    }
  }
  if (planes.size() > kMaxPanels) planes.resize(kMaxPanels);
  return planes;
}

std::string plot_planes(const ValueFunction& value, const std::string& path, const Watch& watch) {
  const std::vector<Plane> planes = planes_of(value);
  const int columns = planes.size() == 1 ? 1 : planes.size() == 2 || planes.size() == 4 ? 2 : 3;
  const int rows = (static_cast<int>(planes.size()) + columns - 1) / columns;
  constexpr int kWide = 520, kTall = 470, kHead = 56;
  Figure figure(path, columns * kWide, kHead + rows * kTall);
  const std::string when =
      value.horizon ? fmt::format("{}({}) at t = 0", value.model, name_list(value)) : value.model;
  figure.title(when, subtitle(value));
  for (std::size_t p = 0; p < planes.size(); ++p) {
    const int column = static_cast<int>(p) % columns, row = static_cast<int>(p) / columns;
    const Box box{70.0 + column * kWide, 60.0 + (rows - 1 - row) * kTall, 360, 370};
    figure.heat_map(box, panel_map(value, planes[p]));
  }
  return figure.write(value.model, report_facts(value), watch);
}

}  // namespace

std::string plot(const ValueFunction& value, const std::string& path, const Watch& watch) {
  return value.states.size() == 1 ? plot_curves(value, path, watch)
                                  : plot_planes(value, path, watch);
}

}  // namespace hopf::runtime
