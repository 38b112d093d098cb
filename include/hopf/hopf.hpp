// Hopf in C++: compile a model from text, derive, plan, solve, simulate. This header is the whole
// interface; the `hopf` command is a program over it.
//
//   hopf::Session session;
//   auto model = session.compile(R"(model m { state x in [-1, 1] reflect  control u;  x' = u
//                                             lagrangian x^2 + u^2  discount 1 })");
//   if (!model) { std::cerr << session.diagnostics_text(); return 1; }
//   auto V = session.solve(*model, {.grid = {201}});
//   double v = V->value({0.5});
//
// Nothing here throws for a user's mistake: a function returns an empty optional or false, and the
// session holds the diagnostics of its last call. Two sessions in one process share nothing, so
// that each may run in a thread of its own. A session is used from one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hopf {

/// "0.1.0"
std::string version();

/// Removes the files that sessions of this process are in the middle of writing under temporary
/// names. Safe in a signal handler: call it in that of SIGTERM before the process ends.
void remove_unfinished_files() noexcept;

/// Lines and columns count from 1, columns in Unicode code points; the end is one past the last
/// column. `file` is empty for a mistake that is in no source, such as a wrong option.
struct Location {
  std::string file;
  int line = 0, column = 0, end_line = 0, end_column = 0;
};

/// `kind` ("unknown-name") and `code` ("E0200") stay the same from version to version;
/// `Session::explain` takes either. E07xx are numerical failures, E09xx files and the machine.
struct Diagnostic {
  enum class Severity { Error, Warning, Note };
  Severity severity;
  std::string kind, code, message, help;
  Location location;
};

enum class Style { Unicode, Latex, Hopf };

/// What is not given is chosen by the plan, which `Session::plan` prints.
struct SolveOptions {
  std::string method = "auto";       // "riccati", "fd" (finite differences)
  std::vector<int> grid = {};        // nodes a state; one number serves all states
  std::vector<double> stretch = {};  // one a state: 0 uniform, > 0 clusters at the lower end
  int steps = 0;                     // time steps of a problem with a horizon
  double tolerance = 0;              // on the relative residual of the discrete equations
  int threads = 0;                   // 0: those of the session
  double error = 0;             // solve on finer grids until V is known as well; 0: not asked for
  bool relative_error = false;  // `error` is a share of the size of V
  bool simulate = false;        // the report compares V with simulated paths
};

struct SimulateOptions {
  std::vector<double> from = {};  // one a state, in its declared unit; empty: the model's `initial`
  int regime = 1;                 // to start in, from 1
  double until = 0;               // seconds, or the model's unit of time; 0: its horizon
  std::int64_t paths = 1000;
  std::uint64_t seed = 0;  // the same seed gives the same paths, for any number of threads
  double step = 0;         // 0: chosen; of a model without noise the longest one
  double tolerance = 0;    // of a model without noise: of a step's error; 0: 1e-8
  bool keep = false;       // keep every path at the recorded times, however many there are
  int records = 101;       // times at which the states are kept, the first and the last included
  int threads = 0;         // 0: those of the session
};

/// A checked model. Cheap to copy; belongs to the session that made it. One made by its default
/// constructor is empty: it has no names, and every verb refuses it with an error.
class Model {
 public:
  std::string name() const;
  /// Names in declared order; the components of a vector are "x[1]", "x[2]".
  std::vector<std::string> states() const;
  std::vector<std::string> controls() const;
  std::vector<std::string> parameters() const;
  struct Impl;
  std::shared_ptr<const Impl> impl;
};

/// A value function with its policy. Cheap to copy, may outlive its session, and may be read from
/// several threads. Points are states in declared order, in declared units; `t` is between 0 and
/// the horizon and has no meaning without one; regimes count from 1. A point of the wrong size, or
/// a regime that the model does not have, gives NaN or an empty vector, and so does every question
/// to a default-constructed one.
class Solution {
 public:
  /// In the unit of the cost; of a model with `reward`, the maximised reward.
  double value(const std::vector<double>& x, double t = 0, int regime = 1) const;
  /// How far `value` is from the solution, estimated from coarser grids; 0 in closed form, NaN
  /// where the grid has no coarser ones.
  double error(const std::vector<double>& x, double t = 0, int regime = 1) const;
  /// One number a control, in declared order and units.
  std::vector<double> policy(const std::vector<double>& x, double t = 0, int regime = 1) const;
  /// dV/dx, one number a state.
  std::vector<double> gradient(const std::vector<double>& x, double t = 0, int regime = 1) const;
  /// The largest defect of the discrete equations, relative to 1 + max |V|.
  double residual() const;
  /// The method, its figures and the health checks, as `hopf solve` prints them.
  std::string report() const;
  /// Did a health check give reason to worry?
  bool has_warning() const;
  struct Impl;
  std::shared_ptr<const Impl> impl;
};

/// Simulated paths. Cheap to copy, may outlive its session, and may be read from several threads. A
/// default-constructed one holds none.
class Ensemble {
 public:
  /// The recorded times, `SimulateOptions::records` of them.
  std::vector<double> times() const;
  /// Of the final state, one number a state.
  std::vector<double> mean() const;
  /// The q-quantile of a final state by its name; NaN for another name, or q outside [0, 1].
  double quantile(const std::string& state, double q) const;
  /// The mean discounted cost of a path, or reward, and the standard error of that mean.
  double cost() const;
  double cost_standard_error() const;
  /// What the time step adds to the mean, estimated with twice the step; NaN where it is not known.
  double cost_bias() const;
  /// sqrt(cost_standard_error()^2 + cost_bias()^2)
  double cost_error() const;
  /// Paths that became NaN or infinite, and are in none of the figures.
  std::int64_t failed() const;
  /// One number a path: a state at the end (of all paths that did not fail), or at a recorded time
  /// (of the first 10,000 paths, or all with `keep`); empty for another name or time.
  std::vector<double> final_values(const std::string& state) const;
  std::vector<double> values(const std::string& state, std::size_t time) const;
  struct Impl;
  std::shared_ptr<const Impl> impl;
};

/// Expressions in the model's own names by control: {{"k", "0.3"}, {"c", "0.1*x"}}. A vector's is
/// a list: {{"u", "[0, -x]"}}.
using Policy = std::map<std::string, std::string>;

struct SessionOptions {
  /// Where print and derive write; default: standard output.
  std::function<void(std::string_view)> out = {};
  /// Called during long work, from one thread at a time, with what is done, the fraction of it in
  /// [0, 1] (negative: unknown) and an estimate of the seconds left (negative: unknown). True asks
  /// for a stop: the running call ends soon, without a result, and `cancelled` tells. Between
  /// statements `what` is empty: only the question whether to go on.
  std::function<bool(std::string_view what, double fraction, double seconds_left)> progress = {};
  /// name -> expression: the value of that parameter in every model that has it.
  std::map<std::string, std::string> parameters = {};
  int threads = 0;                    // 0: all of the machine's
  std::string dump = {};              // products to print: files ast model equations latex plan
                                      // kernel llvm asm report, with commas between them
  std::string stop_after = {};        // the last phase: load parse check derive plan lower codegen
                                      // solve simulate
  std::vector<std::string> off = {};  // passes switched off
  std::string sandbox = {};  // a folder: imports, load, save and plot touch files beneath it
                             // only, links followed (docs/security.md)
  std::string command = {};  // what files say that they were made by
  bool time_phases = false;
  bool quiet = false;  // no warnings in diagnostics_text
  bool color = false;  // ANSI colours in diagnostics_text
};

class Session {
 public:
  explicit Session(SessionOptions = {});
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  // ---- whole files and REPL inputs; true when no error was found
  /// Runs a file from top to bottom; "-" is the standard input, here and below.
  bool run_file(const std::string& path);
  /// Finds the errors of a file and derives its models; runs nothing.
  bool check_file(const std::string& path);
  /// One REPL input: statements run in order, an expression's value is printed. Names persist.
  bool run_text(std::string_view text, std::string_view display_name = "<input>");
  /// Would more lines complete this text, an open bracket for example?
  static bool is_incomplete(std::string_view text);
  /// The names in scope that begin with `prefix`, sorted.
  std::vector<std::string> completions(std::string_view prefix) const;

  // ---- models
  /// The model of that name in the text; without a name, the only one.
  std::optional<Model> compile(std::string_view text, std::string_view model_name = "");
  std::optional<Model> model_in_file(const std::string& path, std::string_view model_name = "");
  /// Every model that the file declares, in order; nothing in the file is run.
  std::optional<std::vector<Model>> models_in_file(const std::string& path);
  /// The model with other values of some parameters: name -> expression, such as "5" or
  /// "[[0, 1], [0, 0]]", in the parameter's declared unit.
  std::optional<Model> with_parameters(const Model&,
                                       const std::map<std::string, std::string>& values);

  // ---- the verbs
  /// The derivation as text; `field` chooses one result: hamiltonian, control_law, hjb, generator,
  /// fokker_planck, costate, canonical, euler_lagrange, riccati, hopf_cole, reverse,
  /// probability_flow.
  std::optional<std::string> derive(const Model&, Style = Style::Unicode,
                                    std::string_view field = "");
  /// The discrete-time Bellman equation for the time step dt > 0.
  std::optional<std::string> bellman(const Model&, double dt, Style = Style::Unicode);
  /// The structure found, the method that `solve` will use, and why each other one was refused.
  std::optional<std::string> plan(const Model&, const SolveOptions& = {});
  std::optional<Solution> solve(const Model&, const SolveOptions& = {});
  /// The value of a given policy.
  std::optional<Solution> evaluate(const Model&, const Policy&, const SolveOptions& = {});
  /// Paths under a solution's policy, or under a given one; {} where the model has no controls.
  std::optional<Ensemble> simulate(const Model&, const Solution&, const SimulateOptions&);
  std::optional<Ensemble> simulate(const Model&, const Policy&, const SimulateOptions&);

  // ---- files out: the whole file is written, or none and what was there stays
  /// .nc (netCDF-4), .npy or .csv
  bool save(const Solution&, const std::string& path);
  bool save(const Ensemble&, const std::string& path);
  /// .svg, .png or .html
  bool plot(const Solution&, const std::string& path);
  bool plot(const Ensemble&, const std::string& path);

  // ---- text services
  /// The file in the one canonical layout.
  std::optional<std::string> format_file(const std::string& path);
  /// Is the file in that layout already?
  std::optional<bool> is_formatted(const std::string& path);
  /// Gives the file that layout; one that has it is not touched.
  bool reformat_file(const std::string& path);
  /// The page of a kind or a code of diagnostics; empty for an unknown one. Without a kind: the
  /// list.
  static std::optional<std::string> explain(std::string_view kind);
  /// The kind that was probably meant; empty where none is near.
  static std::string nearest_kind(std::string_view kind);

  // ---- diagnostics of the last call, as values and as text
  std::vector<Diagnostic> diagnostics() const;
  std::string diagnostics_text() const;
  std::string diagnostics_json() const;  // one object a line
  /// Was the last call stopped by `progress`?
  bool cancelled() const;
  std::string phase_times() const;  // one line a phase, of all calls so far

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hopf
