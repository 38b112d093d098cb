// The command. It is the first program that embeds Hopf: it uses the public header and nothing else
// of the compiler.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <hopf/hopf.hpp>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "repl.hpp"
#include "signals.hpp"

namespace {

constexpr int kGood = 0, kErrors = 1, kUsage = 2, kNumerics = 3, kAssert = 4, kMachine = 5,
              kInterrupted = 130;

constexpr const char* kFooter =
    "Examples:\n"
    "  hopf pendulum.hopf                      run a file from top to bottom\n"
    "  hopf derive pendulum.hopf hamiltonian   one equation; --as=latex for a paper\n"
    "  hopf solve pendulum.hopf --grid=201,201 --save=V.nc --plot=V.svg\n"
    "  hopf run merton.hopf --set gamma=5      with another parameter\n"
    "  hopf explain unknown-name               what an error means and how it is mended\n"
    "  hopf                                    the prompt\n"
    "\n"
    "Exit codes:\n"
    "  0 good   1 errors in the source   2 wrong use of the command   3 numerical failure\n"
    "  4 an assert failed   5 a file or the machine   130 interrupted (Ctrl-C)\n"
    "  128 + n ended by signal n: 143 SIGTERM, 129 SIGHUP; nothing half written is left behind\n";

constexpr const char* kVerbFooter =
    "Options of all commands, such as --set, --threads, --quiet and --format: hopf --help\n";

/// One line on the terminal that is rewritten in place, ten times a second at most.
class ProgressLine {
 public:
  explicit ProgressLine(bool shown) : shown_(shown) {}
  ~ProgressLine() { clear(); }

  bool update(std::string_view what, double fraction, double seconds_left) {
    const auto now = std::chrono::steady_clock::now();
    if (shown_ && !what.empty() && now - last_ > std::chrono::milliseconds(100)) {
      last_ = now;
      std::string line(what);
      if (fraction >= 0) line += "  " + std::to_string(static_cast<int>(100 * fraction)) + " %";
      if (seconds_left >= 1) line += "  " + duration(seconds_left) + " left";
      progress_is_shown(drawn_ = true);
      std::fprintf(stderr, "\r\033[K%s", line.c_str());
      std::fflush(stderr);
    }
    return interrupted();
  }

  void clear() {
    if (drawn_) std::fputs("\r\033[K", stderr);
    progress_is_shown(drawn_ = false);
  }

 private:
  static std::string duration(double seconds) {
    const int whole = static_cast<int>(seconds);
    if (whole < 60) return std::to_string(whole) + " s";
    return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  }

  bool shown_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_{};
};

struct Arguments {
  std::vector<std::string> files;
  std::vector<std::string> settings;
  std::string file, field, model, kind, save, plot, method = "auto";
  std::string as = "unicode", format = "text", color = "auto", dump, stop_after;
  std::vector<std::string> off;
  std::vector<int> grid;
  std::string error;
  int steps = 0, threads = 0;
  bool quiet = false, time_phases = false, check = false, in_place = false;
  bool sandbox = false;
  std::string command_line;
};

/// The folder of the script that a sandboxed command may touch; the present one for a script that
/// comes from the standard input or the prompt.
std::string folder_of(const std::string& file) {
  const std::string folder = std::filesystem::path(file).parent_path().string();
  return folder.empty() ? "." : folder;
}

bool wants_color(const Arguments& arguments) {
  if (arguments.color != "auto") return arguments.color == "always";
  return isatty(STDERR_FILENO) && !std::getenv("NO_COLOR");
}

/// 130 when interrupted, else by the first error: its code says whose fault it is.
int exit_code(const hopf::Session& session) {
  if (session.cancelled()) return kInterrupted;
  for (const hopf::Diagnostic& d : session.diagnostics()) {
    if (d.severity != hopf::Diagnostic::Severity::Error) continue;
    if (d.kind == "assert-failed") return kAssert;
    if (d.code.compare(0, 3, "E07") == 0) return kNumerics;
    if (d.code.compare(0, 3, "E09") == 0) return kMachine;
    return kErrors;
  }
  return kGood;
}

/// The session of one command, and how its diagnostics are shown.
class Command {
 public:
  explicit Command(const Arguments& arguments)
      : arguments_(arguments),
        progress_(isatty(STDERR_FILENO) && !arguments.quiet),
        session_(options()) {}

  hopf::Session& session() { return session_; }

  /// What a command prints itself.
  void print(const std::string& text) {
    progress_.clear();
    std::fputs(text.c_str(), stdout);
  }

  /// Shows the diagnostics of the last call and returns its exit code.
  int finish() { return show(session_); }

  int show(const hopf::Session& session) {
    progress_.clear();
    std::fflush(stdout);
    const std::string text =
        arguments_.format == "json" ? session.diagnostics_json() : session.diagnostics_text();
    std::fputs(text.c_str(), stderr);
    if (session.cancelled()) {
      has_stopped();
      std::fputs("stopped\n", stderr);
    }
    if (arguments_.time_phases) std::fputs(session.phase_times().c_str(), stderr);
    return exit_code(session);
  }

 private:
  hopf::SessionOptions options() {
    hopf::SessionOptions options;
    options.out = [this](std::string_view text) {
      progress_.clear();
      std::fwrite(text.data(), 1, text.size(), stdout);
      std::fflush(stdout);  // what a pipe or a log holds is all that is known so far
    };
    options.progress = [this](std::string_view what, double fraction, double left) {
      return progress_.update(what, fraction, left);
    };
    for (const std::string& setting : arguments_.settings) {
      const std::size_t equals = setting.find('=');
      options.parameters[setting.substr(0, equals)] = setting.substr(equals + 1);
    }
    options.threads = arguments_.threads;
    options.dump = arguments_.dump;
    options.stop_after = arguments_.stop_after;
    options.off = arguments_.off;
    options.time_phases = arguments_.time_phases;
    options.quiet = arguments_.quiet;
    options.color = wants_color(arguments_);
    options.command = arguments_.command_line;
    if (arguments_.sandbox) options.sandbox = folder_of(arguments_.file);
    return options;
  }

  const Arguments& arguments_;
  ProgressLine progress_;
  hopf::Session session_;
};

hopf::Style style(const std::string& name) {
  if (name == "latex") return hopf::Style::Latex;
  return name == "hopf" ? hopf::Style::Hopf : hopf::Style::Unicode;
}

hopf::SolveOptions solve_options(const Arguments& arguments) {
  hopf::SolveOptions options;
  options.method = arguments.method;
  options.grid = arguments.grid;
  options.steps = arguments.steps;
  options.relative_error = arguments.error.ends_with('%');
  options.error = std::strtod(arguments.error.c_str(), nullptr);
  if (options.relative_error) options.error /= 100;
  return options;
}

// ---- the commands

int run(const Arguments& arguments) {
  Command command(arguments);
  command.session().run_file(arguments.file);
  return command.finish();
}

int check(const Arguments& arguments) {
  Command command(arguments);
  command.session().check_file(arguments.file);
  return command.finish();
}

/// The model asked for, or all of the file.
std::optional<std::vector<hopf::Model>> chosen_models(hopf::Session& session,
                                                      const Arguments& arguments) {
  if (arguments.model.empty()) return session.models_in_file(arguments.file);
  const auto model = session.model_in_file(arguments.file, arguments.model);
  if (!model) return {};
  return std::vector<hopf::Model>{*model};
}

/// Prints what `text` says of each chosen model.
template <class Text>
int describe_models(const Arguments& arguments, Text&& text) {
  Command command(arguments);
  const auto models = chosen_models(command.session(), arguments);
  int code = command.finish();
  if (!models) return code;
  for (const hopf::Model& model : *models) {
    const std::optional<std::string> words = text(command.session(), model);
    if (words) command.print(*words);
    if (const int failed = command.finish()) code = failed;
  }
  return code;
}

int derive(const Arguments& arguments) {
  return describe_models(arguments, [&](hopf::Session& session, const hopf::Model& model) {
    return session.derive(model, style(arguments.as), arguments.field);
  });
}

int plan(const Arguments& arguments) {
  return describe_models(arguments, [&](hopf::Session& session, const hopf::Model& model) {
    return session.plan(model, solve_options(arguments));
  });
}

/// Why nothing can be written to `path`; empty when nothing is known against it.
std::string cannot_write(const std::string& path) {
  namespace fs = std::filesystem;
  const fs::path folder = path.empty() ? "" : fs::path(path).parent_path();
  std::error_code ignored;
  if (folder.empty()) return {};
  if (!fs::is_directory(folder, ignored)) return "there is no folder '" + folder.string() + "'";
  return access(folder.c_str(), W_OK) == 0 ? "" : "its folder may not be written to";
}

int solve(const Arguments& arguments) {
  for (const std::string& path : {arguments.save, arguments.plot}) {
    const std::string why = cannot_write(path);
    if (why.empty()) continue;
    std::fprintf(stderr, "hopf: '%s' is not written: %s\n", path.c_str(), why.c_str());
    return kMachine;
  }
  Command command(arguments);
  const auto model = command.session().model_in_file(arguments.file, arguments.model);
  if (const int code = command.finish(); !model) return code;
  hopf::SolveOptions options = solve_options(arguments);
  options.simulate = true;
  const auto solution = command.session().solve(*model, options);
  if (solution) command.print(solution->report());
  if (const int code = command.finish(); code != kGood || !solution) return code;
  if (!arguments.save.empty() && !command.session().save(*solution, arguments.save))
    return command.finish();
  if (!arguments.plot.empty() && !command.session().plot(*solution, arguments.plot))
    return command.finish();
  return kGood;
}

int format(const Arguments& arguments) {
  Command command(arguments);
  hopf::Session& session = command.session();
  int code = kGood;
  for (const std::string& file : arguments.files) {
    int outcome = kGood;
    if (arguments.check) {
      const auto good = session.is_formatted(file);
      if (good && !*good) std::printf("%s\n", file.c_str());
      outcome = good && !*good ? kErrors : kGood;
    } else if (arguments.in_place) {
      session.reformat_file(file);
    } else if (const auto text = session.format_file(file)) {
      command.print(*text);
    }
    if (const int failed = command.finish()) outcome = failed;
    code = std::max(code, outcome);
    if (outcome == kInterrupted) break;
  }
  return code;
}

int explain(const Arguments& arguments) {
  const auto page = hopf::Session::explain(arguments.kind);
  if (page) {
    std::fputs(page->c_str(), stdout);
    return kGood;
  }
  const std::string near = hopf::Session::nearest_kind(arguments.kind);
  std::fprintf(
      stderr, "hopf: there is no kind '%s'; %s\n", arguments.kind.c_str(),
      near.empty() ? "'hopf explain' lists all" : ("did you mean '" + near + "'?").c_str());
  return kUsage;
}

int repl(const Arguments& arguments) {
  if (!isatty(STDIN_FILENO)) end_when_interrupted();
  Command command(arguments);
  return run_repl(command.session(), take_interrupt,
                  [&](const hopf::Session& session) { return command.show(session); });
}

// ---- the command line

const std::vector<std::string> kPhases = {"load",  "parse",   "check", "derive",  "plan",
                                          "lower", "codegen", "solve", "simulate"};
const std::vector<std::string> kPasses = {"cache", "optimize", "tables"};
const std::vector<std::string> kDumps = {"files", "ast",    "model", "equations", "latex",
                                         "plan",  "kernel", "llvm",  "asm",       "report"};

void add_common(CLI::App& app, Arguments& a) {
  const auto is_setting = [](const std::string& text) {
    return text.find('=') == std::string::npos || text[0] == '='
               ? "'" + text + "' is not name=value"
               : std::string();
  };
  app.add_option("--set", a.settings,
                 "name=value: a parameter's value, for every model that has it")
      ->check(is_setting)
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--threads", a.threads, "threads to use (all of them unless given)")
      ->check(CLI::Range(1, 4096));
  app.add_flag("-q,--quiet", a.quiet, "no progress line and no warnings");
  app.add_option("--format", a.format, "diagnostics as text or as one JSON object a line")
      ->check(CLI::IsMember({"text", "json"}));
  app.add_option("--color", a.color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  app.add_flag("--sandbox", a.sandbox,
               "read and write files beneath the script's folder only (docs/security.md)");
  app.add_flag("--time-phases", a.time_phases, "the time of each phase, on standard error");
  app.add_option("--dump", a.dump,
                 "print a product: files ast model equations latex plan kernel llvm asm report")
      ->check(CLI::IsMember(kDumps));
  app.add_option("--stop-after", a.stop_after,
                 "the last phase: load parse check derive plan lower codegen solve")
      ->check(CLI::IsMember(kPhases));
  app.add_option("--off", a.off,
                 "work without a pass: cache (of compiled code), optimize or tables (by axis)")
      ->check(CLI::IsMember(kPasses))
      ->allow_extra_args(false);
}

void add_file(CLI::App* command, Arguments& a) {
  command->add_option("FILE", a.file, "a .hopf file; '-' is the standard input")->required();
}

void add_model_choice(CLI::App* command, Arguments& a) {
  command->add_option("--model", a.model, "the model meant, where the file declares several");
}

void add_solver(CLI::App* command, Arguments& a) {
  command->add_option("--grid", a.grid, "nodes per state, e.g. 201,201")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--method", a.method, "auto, riccati or fd (finite differences)");
  command->add_option("--steps", a.steps, "time steps of a problem with a horizon");
}

/// A long solve must not end in a file name that nothing can be written to.
CLI::Validator ends_in(std::vector<std::string> endings) {
  return CLI::Validator(
      [endings](std::string& path) {
        std::string ending = std::filesystem::path(path).extension().string();
        for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        const bool known = std::find(endings.begin(), endings.end(), ending) != endings.end();
        return known ? std::string()
                     : "'" + path + "' ends in none of " + CLI::detail::join(endings);
      },
      "FILE");
}

CLI::Validator positive() {
  return CLI::Validator(
      [](std::string& word) {
        double number = 0;
        const bool good = CLI::detail::lexical_cast(word, number) && number > 0;
        return good && number < HUGE_VAL ? std::string() : "'" + word + "' is no positive number";
      },
      "NUMBER");
}

/// "1e-3", or "1%" of the size of V.
CLI::Validator error_size() {
  return CLI::Validator(
      [](std::string& word) {
        std::string number = word;
        if (number.ends_with('%')) number.pop_back();
        if (positive()(number).empty()) return std::string();
        return std::string("'").append(word).append("' is no positive number or share as 1%");
      },
      "NUMBER|SHARE%");
}

struct Verb {
  CLI::App* app;
  int (*action)(const Arguments&);
};

std::vector<Verb> add_verbs(CLI::App& app, Arguments& a) {
  const auto verb = [&](const char* name, const char* words) {
    CLI::App* made = app.add_subcommand(name, words)->fallthrough();
    made->footer(kVerbFooter);
    return made;
  };
  CLI::App* run_app = verb("run", "run a file from top to bottom");
  CLI::App* check_app = verb("check", "find errors without running anything");
  CLI::App* derive_app =
      verb("derive", "print what follows from a model: H, the control law, the HJB equation, ...");
  CLI::App* plan_app = verb("plan", "print how a model would be solved, and why not otherwise");
  CLI::App* solve_app = verb("solve", "solve a model and print the report");
  CLI::App* fmt_app = verb("fmt", "print files in the one canonical layout");
  CLI::App* explain_app = verb("explain", "explain a kind of error; without KIND, list all");
  CLI::App* version_app = verb("version", "print the version");
  for (CLI::App* command : {run_app, check_app, derive_app, plan_app, solve_app})
    add_file(command, a);
  for (CLI::App* command : {derive_app, plan_app, solve_app}) add_model_choice(command, a);
  for (CLI::App* command : {plan_app, solve_app}) add_solver(command, a);
  derive_app->add_option(
      "FIELD", a.field, "one result: hamiltonian, control_law, hjb, generator, fokker_planck, ...");
  derive_app->add_option("--as", a.as, "unicode, latex or hopf")
      ->check(CLI::IsMember({"unicode", "latex", "hopf"}));
  solve_app->add_option("--error", a.error, "solve on finer grids until V is known as well")
      ->check(error_size());
  solve_app->add_option("--save", a.save, "write the solution: .nc, .npy or .csv")
      ->check(ends_in({".nc", ".npy", ".csv"}));
  solve_app->add_option("--plot", a.plot, "draw the solution: .svg, .png or .html")
      ->check(ends_in({".svg", ".png", ".html"}));
  fmt_app->add_option("FILES", a.files, "source files")->required();
  fmt_app->add_flag("--check", a.check,
                    "write nothing; list the files whose layout differs, exit code 1");
  fmt_app->add_flag("-i,--in-place", a.in_place, "rewrite the files");
  explain_app->add_option("KIND", a.kind, "for example unknown-name or E0200");
  const auto version = [](const Arguments&) {
    return std::printf("hopf %s\n", hopf::version().c_str()) > 0 ? 0 : 5;
  };
  return {{run_app, run},     {check_app, check}, {derive_app, derive},   {plan_app, plan},
          {solve_app, solve}, {fmt_app, format},  {explain_app, explain}, {version_app, version}};
}

/// The first word that is neither an option of all commands nor the value of one.
std::size_t first_word(const CLI::App& app, const std::vector<std::string>& arguments) {
  std::size_t at = 0;
  for (; at < arguments.size(); ++at) {
    const std::string& word = arguments[at];
    if (word.empty() || word[0] != '-' || word == "-") break;
    const CLI::Option* option =
        word.find('=') == std::string::npos ? app.get_option_no_throw(word) : nullptr;
    if (option != nullptr && option->get_items_expected_min() > 0) ++at;
  }
  return std::min(at, arguments.size());
}

/// `hopf FILE` is `hopf run FILE`: a first word that is no command but a file, or looks like one.
/// The command comes first, wherever among its options it stood.
std::vector<std::string> with_implied_run(int count, char** words, const CLI::App& app,
                                          const std::vector<Verb>& verbs) {
  std::vector<std::string> arguments(words + 1, words + count);
  const std::size_t at = first_word(app, arguments);
  if (at == arguments.size() || arguments[at].empty()) return arguments;
  const std::string word = arguments[at];
  for (const Verb& verb : verbs)
    if (verb.app->get_name() == word) {
      std::rotate(arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(at),
                  arguments.begin() + static_cast<std::ptrdiff_t>(at) + 1);
      return arguments;
    }
  std::error_code none;  // a word that can be no file's name is none
  if (word == "-" || word.find('.') != std::string::npos || std::filesystem::exists(word, none)) {
    arguments.insert(arguments.begin(), "run");
  } else {
    throw CLI::ExtrasError("'" + word + "' is neither a command nor a file",
                           CLI::ExitCodes::ExtrasError);
  }
  return arguments;
}

/// The command as it would be typed: words with anything but plain characters in quotes.
std::string typed(int count, char** words) {
  std::string line = "hopf";
  for (int k = 1; k < count; ++k) {
    const std::string word = words[k];
    const bool plain =
        !word.empty() && word.find_first_not_of(
                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             "%+,-./:=@_") == std::string::npos;
    std::string quoted = "'";
    for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += " " + (plain ? word : quoted + "'");
  }
  return line;
}

/// What was printed has to arrive: on a full disk a good ending would be a lie.
int flushed(int code) {
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return code;
  std::fprintf(stderr, "hopf: the output cannot be written: %s\n", std::strerror(errno));
  return code == kGood ? kMachine : code;
}

}  // namespace

int main(int count, char** words) try {
  Arguments arguments;
  CLI::App app(
      "Hopf: declare a control problem once; its equations, solver and simulator are derived.",
      "hopf");
  app.footer(kFooter);
  app.set_version_flag("--version", "hopf " + hopf::version());
  add_common(app, arguments);
  const std::vector<Verb> verbs = add_verbs(app, arguments);
  try {
    std::vector<std::string> given = with_implied_run(count, words, app, verbs);
    std::reverse(given.begin(), given.end());  // CLI11 takes the words last first
    app.parse(std::move(given));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kGood : kUsage;
  }
  arguments.command_line = typed(count, words);
  catch_signals();
  try {
    for (const Verb& verb : verbs) {
      if (!verb.app->parsed()) continue;
      end_when_interrupted();
      return flushed(verb.action(arguments));
    }
    return flushed(repl(arguments));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "hopf: %s; please report this\n", fault.what());
    return kMachine;
  }
} catch (const std::bad_alloc&) {
  std::fputs("error[E0904]: the machine has no memory left for this\n", stderr);
  return kMachine;
}
