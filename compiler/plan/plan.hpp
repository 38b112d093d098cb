// Structure -> method, scheme and grid, with the reasons for the choice and against each other one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "derive/bounds.hpp"
#include "derive/equations.hpp"
#include "grid/grid.hpp"

namespace hopf::plan {

enum class Method : std::uint8_t { Riccati, Howard, ImplicitStepping };

/// What the user asked of `solve`/`plan`. Names are those of the language's arguments.
struct Options {
  std::string method = "auto";  // "auto", "riccati", "fd" (finite differences)
  std::vector<int> grid;        // nodes per axis; one number serves all axes; empty: chosen
  std::vector<double> stretch;  // per axis: 0 uniform, > 0 clusters nodes toward the lower end
  int steps = 0;                // time steps of a finite-horizon problem; 0: chosen
  double tolerance = 0;         // 0: chosen
  int threads = 0;              // 0: all
  double error = 0;             // to be reached by finer grids; 0: none is asked for
  bool error_relative = false;  // to the size of V
  source::Span span;            // of the call, for diagnostics
  std::vector<source::Span> grid_spans;
};

struct Refusal {
  std::string method;  // "Hopf-Cole"
  std::string reason;
};

struct Plan {
  Method method;
  std::string name;            // "Riccati equation, exact"
  std::string scheme;          // for grids: how derivatives are taken and why that is monotone
  std::string expected_error;  // of a grid: a rough word before anything is solved
  std::vector<std::string> findings;  // structure found
  std::vector<Refusal> refusals;
  derive::Bounds bounds;      // on V, from the amounts alone
  runtime::Grid grid;         // empty for Riccati
  int steps = 0;              // that were asked for; 0: by the error in time
  double time_tolerance = 0;  // which may be so large in a step, relative to V's range
  double tolerance = 1e-10;
  bool cross_terms = false;  // a_ij with i != j somewhere: directional (Selling) splitting
};

std::optional<Plan> choose(const model::Model&, const derive::Equations&, const Options&,
                           diagnostics::Sink&);
std::string render(const model::Model&, const Plan&);

}  // namespace hopf::plan
