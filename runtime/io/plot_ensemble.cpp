// Fan charts of an ensemble: median, 50 % and 90 % bands, a few paths, and the distribution of the
// cost.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "io/figure.hpp"
#include "io/formats.hpp"
#include "io/io.hpp"

namespace hopf::runtime {
namespace {

constexpr int kSamplePaths = 6;
constexpr int kBins = 60;

/// Of a periodic state the mean direction at every recorded time, without jumps; values are drawn
/// within half a turn of it.
std::vector<double> centres(const Ensemble& ensemble, std::size_t state) {
  std::vector<double> result;
  for (std::size_t time = 0; time < ensemble.times.size(); ++time) {
    const double mean = ensemble.mean(state, time);
    const Circle circle = ensemble.circle(state);
    result.push_back(result.empty() || !circle.round() ? mean : circle.near(mean, result.back()));
  }
  return result;
}

double placed(const Ensemble& ensemble, std::size_t state, double x, double centre) {
  const Circle circle = ensemble.circle(state);
  return circle.round() ? circle.near(x, centre) : x;
}

/// Quantiles 5, 25, 50, 75, 95 % of the kept paths at every recorded time, one row a time.
std::string band_rows(const Ensemble& ensemble, std::size_t state) {
  std::string rows;
  const std::vector<double> centre = centres(ensemble, state);
  for (std::size_t time = 0; time < ensemble.times.size(); ++time) {
    std::vector<double> sorted;
    for (const double x : ensemble.values(state, time))
      if (std::isfinite(x)) sorted.push_back(placed(ensemble, state, x, centre[time]));
    if (sorted.empty()) continue;
    std::sort(sorted.begin(), sorted.end());
    fmt::format_to(std::back_inserter(rows), "{:.8g}", ensemble.times[time]);
    for (const double q : {0.05, 0.25, 0.5, 0.75, 0.95}) {
      const double position = q * static_cast<double>(sorted.size() - 1);
      const auto below = static_cast<std::size_t>(position);
      const std::size_t above = std::min(below + 1, sorted.size() - 1);
      const double weight = position - static_cast<double>(below);
      fmt::format_to(std::back_inserter(rows), " {:.8g}",
                     (1 - weight) * sorted[below] + weight * sorted[above]);
    }
    rows += '\n';
  }
  return rows;
}

/// The first few paths; the line is broken where a periodic state comes round.
std::string path_rows(const Ensemble& ensemble, std::size_t state) {
  const Circle circle = ensemble.circle(state);
  const std::vector<double> centre = centres(ensemble, state);
  std::string rows;
  for (std::int64_t p = 0; p < std::min<std::int64_t>(kSamplePaths, ensemble.kept); ++p) {
    double last = std::nan("");
    for (std::size_t time = 0; time < ensemble.times.size(); ++time) {
      const double x = ensemble.values(state, time)[static_cast<std::size_t>(p)];
      if (!std::isfinite(x)) break;
      const double now = placed(ensemble, state, x, centre[time]);
      if (circle.round() && std::abs(now - last) > 0.5 * circle.period) rows += '\n';
      fmt::format_to(std::back_inserter(rows), "{:.8g} {:.8g}\n", ensemble.times[time], now);
      last = now;
    }
    rows += '\n';
  }
  return rows;
}

void fan(Figure& figure, const Box& box, const Ensemble& ensemble, std::size_t state, bool last) {
  figure.panel(box);
  const NamedUnit& named = ensemble.states[state];
  figure.add(fmt::format(
      "set xrange [{}:{}]\nset ylabel {}\nset grid linecolor rgb '#e4e4e4' linewidth 0.6\n",
      ensemble.times.front(), ensemble.times.back(), quoted(axis_label(named.name, named.unit))));
  const std::string time = quoted(axis_label("time", time_unit(ensemble)));
  figure.add(last ? fmt::format("set xlabel {}\n", time) : std::string("set format x ''\n"));
  if (state == 0) {
    figure.add(fmt::format(
        "set key at graph 1, graph {} right bottom horizontal samplen 2 width 1 font ',9'\n",
        1 + 4 / box.height));
  }
  figure.add(fmt::format("$bands{0} << EOD\n{1}EOD\n$paths{0} << EOD\n{2}EOD\n", state,
                         band_rows(ensemble, state), path_rows(ensemble, state)));
  figure.add(fmt::format(
      "plot $bands{0} using 1:2:6 with filledcurves fillcolor rgb '#cfe3ea' notitle, "
      "$bands{0} using 1:3:5 with filledcurves fillcolor rgb '#8fbccb' notitle, "
      "$paths{0} using 1:2 with lines linewidth 0.7 linecolor rgb '#7a6a55' notitle, "
      "$bands{0} using 1:4 with lines linewidth 2.2 linecolor rgb '#0d3b55' notitle, "
      "NaN with boxes fillstyle solid noborder linecolor rgb '#cfe3ea' title '90 % of paths', "
      "NaN with boxes fillstyle solid noborder linecolor rgb '#8fbccb' title '50 %', "
      "NaN with lines linewidth 2.2 linecolor rgb '#0d3b55' title 'median', "
      "NaN with lines linewidth 0.7 linecolor rgb '#7a6a55' title 'single paths'\n",
      state));
}

std::string step_text(const Ensemble& ensemble) {
  if (ensemble.ordinary) return "by error control";
  const std::string unit = time_unit(ensemble);
  return fmt::format("{:g}{}{}", ensemble.step, unit.empty() ? "" : " ", unit);
}

std::string cost_text(const Ensemble& ensemble) {
  const char* what = ensemble.reward ? "reward" : "cost";
  return fmt::format("mean {} {:.6g} ± {:.2g}", what, ensemble.mean_cost(), ensemble.cost_error());
}

void cost_histogram(Figure& figure, const Box& box, const Ensemble& ensemble) {
  // The central 99 %: one extreme path must not squeeze all others into one bar.
  const double lo = quantile(ensemble.cost, 0.005), hi = quantile(ensemble.cost, 0.995);
  std::vector<double> central;
  for (const double c : ensemble.cost) {
    if (c >= lo && c <= hi) central.push_back(c);
  }
  const Histogram bars = histogram(central, kBins);
  std::string rows;
  for (std::size_t i = 0; i < bars.counts.size(); ++i) {
    fmt::format_to(std::back_inserter(rows), "{:.8g} {} {:.8g}\n",
                   (bars.edges[i] + bars.edges[i + 1]) / 2, bars.counts[i],
                   bars.edges[i + 1] - bars.edges[i]);
  }
  figure.panel(box);
  figure.add(
      fmt::format("$cost << EOD\n{}EOD\nset xlabel {}\nset ylabel 'paths'\nset yrange [0:*]\n"
                  "set style fill solid noborder\nset title {} offset 0,-0.4\n",
                  rows, quoted(axis_label(ensemble.reward ? "reward" : "cost", ensemble.cost_unit)),
                  quoted(cost_text(ensemble))));
  figure.add("plot $cost using 1:2:3 with boxes fillcolor rgb '#8fbccb' notitle\n");
}

std::vector<Fact> facts_of(const Ensemble& ensemble) {
  std::vector<Fact> facts{
      {"paths", std::to_string(ensemble.paths), ""},
      {"step", step_text(ensemble),
       ensemble.ordinary ? "without noise: Dormand–Prince, order five"
                         : "Euler–Maruyama, weak order one"},
      {"seed", std::to_string(ensemble.seed),
       "the same seed gives the same paths on any number of threads"},
      {ensemble.reward ? "reward" : "cost",
       fmt::format("{:.6g} ± {:.2g}", ensemble.mean_cost(), ensemble.cost_error()),
       fmt::format("mean over paths; standard error {:.2g}, bias of the time step {:.2g}",
                   ensemble.cost_standard_error(), ensemble.cost_bias)},
      {"failed", std::to_string(ensemble.failed), "paths that became NaN or infinite; left out"},
      {"stopped", std::to_string(ensemble.stopped), "paths that ended before the last time"},
      {"left the domain", std::to_string(ensemble.left_domain),
       "paths that touched a bound of the grid"}};
  return facts;
}

}  // namespace

std::string plot(const Ensemble& ensemble, const std::string& path, const Watch& watch) {
  const auto panels = static_cast<int>(ensemble.states.size());
  const bool has_cost = std::any_of(ensemble.cost.begin(), ensemble.cost.end(),
                                    [&](double c) { return c != ensemble.cost.front(); });
  const int each = panels == 1 ? 300 : 190;
  const int height = 96 + panels * (each + 18) + 45 + (has_cost ? 235 : 0);
  Figure figure(path, 820, height);
  figure.title(ensemble.model, fmt::format("{} paths, step {}, seed {}", ensemble.paths,
                                           step_text(ensemble), ensemble.seed));
  double top = height - 96;
  for (int i = 0; i < panels; ++i) {
    const Box box{90, top - each, 700, static_cast<double>(each)};
    fan(figure, box, ensemble, static_cast<std::size_t>(i), i + 1 == panels);
    top -= each + 18;
  }
  if (has_cost) cost_histogram(figure, {90, 62, 700, 130}, ensemble);
  return figure.write(ensemble.model + ", simulated", facts_of(ensemble), watch);
}

}  // namespace hopf::runtime
