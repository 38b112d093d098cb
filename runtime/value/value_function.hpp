// The answer of a solve: V and the controls, on a grid or in closed form, with its report.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/circle.hpp"
#include "grid/grid.hpp"

namespace hopf::runtime {

/// One line of the report: a named check, its figure, and whether it is a reason to worry.
struct Check {
  std::string name;   // "residual", "monotone", "boundary influence", "error", ...
  std::string value;  // as printed
  std::string words;  // what it means, one sentence
  double number = 0;  // the figure, NaN when there is none
  bool warning = false;
  /// To the error of V, of what the comparison of grids does not see; infinite where it is not
  /// known.
  double adds = 0;
};

struct Report {
  std::string method;  // "Howard iteration on monotone implicit finite differences"
  std::string scheme;  // "hybrid central/upwind, first order, monotone"
  int iterations = 0;
  double residual = 0;  // max over points of |discrete HJB|, relative to the size of V
  double seconds = 0;
  std::vector<Check> checks;
  bool has_warning() const;
};

struct NamedUnit {
  std::string name;
  std::string unit;
};

/// A quadratic value 1/2 x'P x + p'x + c with affine policy u = K x + k, constant or at a stored
/// time.
struct QuadraticLevel {
  double t = 0;
  std::vector<double> P, p;
  double c = 0;              // n*n, n
  std::vector<double> K, k;  // m*n, m
};

/// V and policy as the user sees them: a reward model's V is already the maximised reward (sign
/// flipped back).
struct ValueFunction {
  std::string model;
  std::vector<NamedUnit> states, controls;
  std::string value_unit;
  std::string quantity = "V";  // what `value` holds, for figures
  bool reward = false;         // stored V is the reward (sign already turned)
  int regimes = 1;
  std::vector<std::uint8_t>
      control_is_discrete;             // finite sets: nearest node instead of interpolation
  std::vector<Circle> control_circle;  // one a control, or empty
  double period(std::size_t control) const {
    return control < control_circle.size() ? control_circle[control].period : 0;
  }

  // On a grid (grid.axes not empty): levels in increasing time; one level for a stationary problem.
  Grid grid;
  std::vector<double> times;               // of the stored levels; {0} when stationary
  std::vector<std::vector<double>> value;  // [level][regime*points + point]
  std::vector<std::vector<std::vector<double>>> policy;  // [level][control][regime*points + point]
  std::vector<std::vector<double>> node_error;  // of `value`, like it; empty where it is not known

  // In closed form: levels in increasing time, of each time one a regime; between them
  // quadratic_levels.hpp knows the value to rounding.
  std::vector<QuadraticLevel> quadratic;
  std::vector<std::pair<double, double>>
      domain;  // declared box, one a state; empty unless every state has one

  std::optional<double> horizon;
  Report report;

  bool on_grid() const { return !grid.axes.empty(); }
  /// V(x, t, j); on a grid linear in t between levels; j is 1-based.
  double operator()(std::span<const double> x, double t = 0, int regime = 1) const;
  /// The estimated error of V(x, t, j), with that of the interpolation between nodes and levels: 0
  /// in closed form, infinite where it is not known.
  double error(std::span<const double> x, double t = 0, int regime = 1) const;
  /// The error at the nodes as a field of its own, to be drawn; nothing where it is not known.
  std::optional<ValueFunction> error_field() const;
  std::vector<double> gradient(std::span<const double> x, double t = 0, int regime = 1) const;
  /// NaN where V is infinite: no control is better than another.
  std::vector<double> control(std::span<const double> x, double t = 0, int regime = 1) const;
  /// The same everywhere, for paths: beside the edge of what is finite they need both sides.
  std::vector<double> law(std::span<const double> x, double t = 0, int regime = 1) const;
};

}  // namespace hopf::runtime
