// Hopf in C++: compile a model from text, derive, plan, solve, simulate. This header is the whole
// interface.
//
//   hopf::Session session;
//   auto model = session.compile("model m { state x in [-1, 1]  control u  x' = u"
//                                "  lagrangian x^2 + u^2  discount 1 }");
//   if (!model) { std::cerr << session.diagnostics_text(); return 1; }
//   auto V = session.solve(*model);
//   double v = V->value({0.5});
//
// Nothing here throws for a user's mistake: functions return an empty optional and the session
// holds the diagnostics. Two sessions in one process share nothing. A session is used from one
// thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hopf {

/// "0.1.0"
std::string version();

struct Location {
  std::string file;
  int line = 0, column = 0, end_line = 0, end_column = 0;
};

struct Diagnostic {
  enum class Severity { Error, Warning, Note };
  Severity severity;
  std::string kind, code, message, help;
  Location location;
};

enum class Style { Unicode, Latex, Hopf };

struct SolveOptions {
  std::string method = "auto";
  std::vector<int> grid;        // nodes per axis; one number serves all axes; empty: chosen
  std::vector<double> stretch;  // per axis: 0 uniform, > 0 clusters nodes toward the lower end
  int steps = 0;
  double tolerance = 0;
  int threads = 0;
  bool halve = false;
};

struct SimulateOptions {
  std::vector<double> from;
  int regime = 1;
  double until = 0;
  std::int64_t paths = 1000;
  std::uint64_t seed = 0;
  double step = 0;
  int threads = 0;
};

/// Points are states in declared order, in declared units. Cheap to copy; thread-safe to read.
class Model {
 public:
  std::string name() const;
  std::vector<std::string> states() const;
  std::vector<std::string> controls() const;
  std::vector<std::string> parameters() const;
  struct Impl;
  std::shared_ptr<const Impl> impl;
};

/// A point of the wrong size, or a regime that the model does not have, gives NaN or an empty
/// vector.
class Solution {
 public:
  double value(const std::vector<double>& x, double t = 0, int regime = 1) const;
  std::vector<double> policy(const std::vector<double>& x, double t = 0, int regime = 1) const;
  std::vector<double> gradient(const std::vector<double>& x, double t = 0, int regime = 1) const;
  double residual() const;
  std::string report() const;
  bool has_warning() const;
  struct Impl;
  std::shared_ptr<const Impl> impl;
};

class Ensemble {
 public:
  std::vector<double> mean() const;  // of the final state
  double quantile(const std::string& state, double q) const;
  double cost() const;
  double cost_standard_error() const;
  std::vector<double> final_values(const std::string& state) const;
  struct Impl;
  std::shared_ptr<const Impl> impl;
};

struct SessionOptions {
  std::function<void(std::string_view)>
      out;  // where print and derive write; default: standard output
  /// what, fraction in [0,1] (negative: unknown), estimate of seconds left (negative: unknown);
  /// true asks for a stop. Between statements it is called with an empty `what`, only to ask
  /// whether to go on.
  std::function<bool(std::string_view what, double fraction, double seconds_left)> progress;
  std::map<std::string, std::string>
      parameters;  // --set name=value, applied to every model that has the name
  int threads = 0;
  std::string dump, stop_after;  // phase names
  std::vector<std::string> off;  // passes switched off
  bool time_phases = false;
  bool quiet = false;
  bool color = false;
};

class Session {
 public:
  explicit Session(SessionOptions = {});
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  // ---- whole files and REPL inputs; true when no error was found
  bool run_file(const std::string& path);
  bool check_file(const std::string& path);
  /// One REPL input: statements run in order, an expression's value is printed. Names persist.
  bool run_text(std::string_view text, std::string_view display_name = "<input>");
  static bool is_incomplete(std::string_view text);
  std::vector<std::string> completions(std::string_view prefix) const;

  // ---- the verbs
  std::optional<Model> compile(std::string_view text, std::string_view model_name = "");
  std::optional<Model> model_in_file(const std::string& path, std::string_view model_name = "");
  /// Every model that the file declares, in order; nothing in the file is run.
  std::optional<std::vector<Model>> models_in_file(const std::string& path);
  std::optional<std::string> derive(const Model&, Style = Style::Unicode,
                                    std::string_view field = "");
  std::optional<std::string> plan(const Model&, const SolveOptions& = {});
  std::optional<Solution> solve(const Model&, const SolveOptions& = {});
  std::optional<Solution> evaluate(const Model&, const std::map<std::string, std::string>& policy,
                                   const SolveOptions& = {});
  std::optional<Ensemble> simulate(const Model&, const Solution& policy, const SimulateOptions&);
  bool save(const Solution&, const std::string& path);
  bool plot(const Solution&, const std::string& path);

  // ---- text services
  std::optional<std::string> format_file(const std::string& path);
  static std::optional<std::string> explain(std::string_view kind);  // empty kind: the list

  // ---- diagnostics of the last call, as values and as text
  std::vector<Diagnostic> diagnostics() const;
  std::string diagnostics_text() const;
  std::string diagnostics_json() const;  // one object a line
  bool cancelled() const;
  std::string phase_times() const;  // one line a phase, with time_phases

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hopf
