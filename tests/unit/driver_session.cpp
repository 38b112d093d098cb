// Sessions as a program sees them: diagnostics are values, faults stop at the door, two sessions do
// not meet.
#include <filesystem>
#include <fstream>
#include <hopf/hopf.hpp>
#include <iterator>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "test.hpp"

namespace {

std::string model_text(double target) {
  return "model m { param target = " + std::to_string(target) +
         "  state x in [-2, 2] reflect  control u in [-1, 1];  x' = u"
         "  lagrangian (x - target)^2 + u^2  discount 1 }";
}

/// The value at 0 of steering to `target`, computed by a session of its own.
double value_at_zero(double target) {
  hopf::Session session;
  const auto model = session.compile(model_text(target));
  if (!model) return -1;
  hopf::SolveOptions options;
  options.grid = {101};
  const auto V = session.solve(*model, options);
  return V ? V->value({0}) : -2;
}

}  // namespace

TEST_CASE("a source with errors gives diagnostics with their places") {
  hopf::Session session;
  CHECK_FALSE(
      session.compile("model m {\n  state x in [-1, 1] reflect\n  control u in [-1, 1]\n"
                      "  dx = u*dt\n  lagrangian y^2\n  discount 1\n}"));
  const auto found = session.diagnostics();
  REQUIRE(found.size() == 1);
  CHECK(found[0].severity == hopf::Diagnostic::Severity::Error);
  CHECK(found[0].kind == "unknown-name");
  CHECK(found[0].code == "E0200");
  CHECK(found[0].location.line == 5);
  CHECK(found[0].location.column == 14);
  CHECK(found[0].location.end_column == 15);
  CHECK_FALSE(found[0].message.empty());
  CHECK(session.compile(model_text(0)));
  CHECK(session.diagnostics().empty());
}

TEST_CASE("ten mistakes are ten errors, and none of them hides another") {
  const std::string folder = std::string(HOPF_SOURCE_DIR) + "/tests/cli/";
  const auto kinds = [](const std::string& path) {
    hopf::Session session;
    CHECK_FALSE(session.check_file(path));
    std::set<std::string> kinds;
    for (const auto& d : session.diagnostics())
      if (d.severity == hopf::Diagnostic::Severity::Error)
        kinds.insert(d.kind + " " + std::to_string(d.location.line));
    return kinds;
  };
  const auto ten = kinds(folder + "fail_ten_mistakes.hopf");
  CHECK(ten.size() >= 10);
  for (const char* one :
       {"unknown-name 3", "empty-domain 5", "foreign-operator 7", "unknown-name 7",
        "hamiltonian-unbounded 12", "unknown-argument 16", "unknown-name 17", "no-such-field 18",
        "missing-operand 19", "unknown-argument 20"})
    CHECK(ten.count(one) == 1);
  CHECK(kinds(folder + "fail_before_work.hopf").size() == 4);
}

TEST_CASE("faults below a session become diagnostics, and the session goes on") {
  bool memory = false, armed = true;
  hopf::SessionOptions options;
  options.out = [&](std::string_view) {
    if (armed && memory) throw std::bad_alloc();
    if (armed) throw std::runtime_error("the pipe is closed");
  };
  hopf::Session session(options);
  for (const char* kind : {"internal-fault", "out-of-memory"}) {
    CHECK_FALSE(session.run_text("print(1)"));
    REQUIRE(session.diagnostics().size() == 1);
    CHECK(session.diagnostics()[0].kind == kind);
    CHECK(session.diagnostics()[0].code.substr(0, 3) == "E09");
    memory = true;
  }
  armed = false;
  CHECK(session.run_text("x = 1\nprint(x)"));
}

TEST_CASE("a slip in a second declaration leaves the first as it was") {
  std::string out;
  hopf::SessionOptions options;
  options.out = [&](std::string_view text) { out += text; };
  hopf::Session session(options);
  REQUIRE(session.run_text(model_text(0)));
  CHECK_FALSE(session.run_text("model m { state x in [-1, 1] reflct }"));
  CHECK(session.run_text("print(m.target)"));
  CHECK(out == "0\n");
}

TEST_CASE("two sessions share no names and no settings") {
  std::string first_out, second_out;
  hopf::SessionOptions first_options, second_options;
  first_options.out = [&](std::string_view text) { first_out += text; };
  first_options.parameters["target"] = "1";
  second_options.out = [&](std::string_view text) { second_out += text; };
  hopf::Session first(first_options), second(second_options);
  CHECK(first.run_text("x = 1"));
  CHECK_FALSE(second.run_text("print(x)"));
  CHECK(first.run_text(model_text(0)));
  CHECK(second.run_text(model_text(0)));
  CHECK(first.run_text("print(m.target)"));
  CHECK(second.run_text("print(m.target)"));
  CHECK(first_out == "1\n");
  CHECK(second_out == "0\n");
}

TEST_CASE("sessions in two threads compute what each computes alone") {
  const double left = value_at_zero(-0.5), right = value_at_zero(1);
  CHECK(left > 0);
  CHECK(right > left);
  double left_again = 0, right_again = 0;
  std::thread one([&] { left_again = value_at_zero(-0.5); });
  std::thread two([&] { right_again = value_at_zero(1); });
  one.join();
  two.join();
  CHECK(left_again == left);
  CHECK(right_again == right);
}

TEST_CASE("points, regimes and names that a solution does not have") {
  hopf::Session session;
  const auto model = session.compile(model_text(0));
  REQUIRE(model);
  CHECK(model->states() == std::vector<std::string>{"x"});
  CHECK(model->controls() == std::vector<std::string>{"u"});
  CHECK(model->parameters() == std::vector<std::string>{"target"});
  hopf::SolveOptions options;
  options.grid = {41};
  const auto V = session.solve(*model, options);
  REQUIRE(V);
  CHECK(V->value({0.5}) == V->value({0.5}));
  CHECK(V->value({0.5, 1}) != V->value({0.5, 1}));
  CHECK(V->value({0.5}, 0, 2) != V->value({0.5}, 0, 2));
  CHECK(V->policy({}).empty());
  CHECK(V->gradient({0.5}).size() == 1);
  options.grid = {41, 41};
  CHECK_FALSE(session.solve(*model, options));
  REQUIRE(session.diagnostics().size() == 1);
  CHECK(session.diagnostics()[0].kind == "grid-count-mismatch");
}

TEST_CASE("parameters, policies and paths without a script") {
  hopf::Session session;
  const auto model = session.compile(
      "model ou { param a = 1, c = [1, 2]  state x in [-4, 4] extrapolate  control u  noise w;"
      "  dx = (u - a*x)*dt + 0.5*dw  lagrangian c[1]*x^2 + u^2  discount 1 }");
  REQUIRE(model);
  const auto steeper = session.with_parameters(*model, {{"a", "1 + 2"}, {"c", "[4, 0]"}});
  REQUIRE(steeper);
  CHECK(session.derive(*steeper, hopf::Style::Hopf, "hamiltonian") !=
        session.derive(*model, hopf::Style::Hopf, "hamiltonian"));
  CHECK_FALSE(session.with_parameters(*model, {{"b", "1"}}));
  CHECK(session.diagnostics()[0].kind == "unknown-parameter");
  CHECK_FALSE(session.with_parameters(*model, {{"a", "\"one\""}}));
  CHECK(session.diagnostics()[0].kind == "unknown-setting");
  CHECK_FALSE(session.derive(*model, hopf::Style::Unicode, "hamiltonan"));
  CHECK(session.diagnostics()[0].help == "did you mean 'hamiltonian'?");
  CHECK(session.bellman(*model, 0.1));
  CHECK_FALSE(session.bellman(*model, 0));

  hopf::SimulateOptions options;
  options.from = {1};
  options.until = 0.5;
  options.paths = 50;
  options.records = 6;
  const auto paths = session.simulate(*model, hopf::Policy{{"u", "-x"}}, options);
  REQUIRE(paths);
  CHECK(paths->times().size() == 6);
  CHECK(paths->values("x", 0) == std::vector<double>(50, 1));
  CHECK(paths->values("x", 5) == paths->final_values("x"));
  CHECK(paths->values("x", 6).empty());
  CHECK(paths->values("y", 0).empty());
  for (const hopf::Policy& wrong :
       {hopf::Policy{}, {{"v", "x"}}, {{"u", "x, u: 2"}}, {{"u", "x} y = {u: 1"}}, {{"u", "z"}}})
    CHECK_FALSE(session.simulate(*model, wrong, options));
  options.from = {1, 2};
  CHECK_FALSE(session.simulate(*model, hopf::Policy{{"u", "-x"}}, options));
}

TEST_CASE("a model belongs to its session, solutions and paths to nobody") {
  std::optional<hopf::Model> model;
  std::optional<hopf::Solution> V;
  {
    hopf::Session gone;
    model = gone.compile(model_text(0));
    REQUIRE(model);
    hopf::SolveOptions options;
    options.grid = {41};
    V = gone.solve(*model, options);
    REQUIRE(V);
  }
  CHECK(V->value({0}) >= 0);
  CHECK(model->name() == "m");
  hopf::Session other;
  CHECK_FALSE(other.solve(*model));
  REQUIRE(other.diagnostics().size() == 1);
  CHECK(other.diagnostics()[0].kind == "unknown-model");
  CHECK_FALSE(other.derive(hopf::Model()));
  // A solution of the same model serves as a policy there.
  const auto again = other.compile(model_text(0));
  REQUIRE(again);
  hopf::SimulateOptions options;
  options.from = {1};
  options.until = 1;
  options.paths = 3;
  CHECK(other.simulate(*again, *V, options));
  const auto different = other.compile(
      "model n { state y in [-1, 1] reflect  control v;  y' = v  lagrangian v^2 + y^2  discount 1 "
      "}",
      "n");
  REQUIRE(different);
  CHECK_FALSE(other.simulate(*different, *V, options));
  CHECK(other.diagnostics()[0].kind == "wrong-argument-type");
}

TEST_CASE("a stop asked for ends the call, and the session goes on") {
  bool stop = true;
  hopf::SessionOptions options;
  options.progress = [&](std::string_view, double, double) { return stop; };
  hopf::Session session(options);
  const auto model = session.compile(model_text(0));
  REQUIRE(model);
  hopf::SolveOptions grid;
  grid.grid = {201};
  CHECK_FALSE(session.solve(*model, grid));
  CHECK(session.cancelled());
  CHECK(session.diagnostics().empty());
  // No statement, comprehension or chain of functions works on.
  CHECK_FALSE(session.run_text("fn f(n) = if n < 2 then n else f(n - 1) + f(n - 2)\nf(80)"));
  CHECK(session.cancelled());
  CHECK_FALSE(session.run_text("sum(i for i in 1..10_000_000)"));
  CHECK(session.cancelled());
  stop = false;
  CHECK(session.solve(*model, grid));
  CHECK_FALSE(session.cancelled());
}

TEST_CASE("layout of files: asked for, checked, and written over the file") {
  const auto path = std::filesystem::temp_directory_path() / "hopf_session_layout.hopf";
  const auto write = [&](const char* text) { std::ofstream(path) << text; };
  const auto read = [&] {
    std::ifstream in(path);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  hopf::Session session;
  write("x=1 // one\n");
  CHECK(session.is_formatted(path.string()) == false);
  CHECK(session.format_file(path.string()) == "x = 1  // one\n");
  CHECK(read() == "x=1 // one\n");
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  CHECK(session.reformat_file(path.string()));
  CHECK(read() == "x = 1  // one\n");
  CHECK(std::filesystem::status(path).permissions() == std::filesystem::perms(0640));
  CHECK(session.is_formatted(path.string()) == true);
  write("x = (1\n");
  CHECK_FALSE(session.reformat_file(path.string()));
  CHECK_FALSE(session.is_formatted(path.string()));
  CHECK(read() == "x = (1\n");
  std::filesystem::remove(path);
}

TEST_CASE("files of solutions and paths") {
  const auto folder = std::filesystem::temp_directory_path() / "hopf_session_files";
  std::filesystem::create_directories(folder);
  const auto file = [&](const char* name) { return (folder / name).string(); };
  hopf::Session session;
  const auto model = session.compile(model_text(0));
  REQUIRE(model);
  hopf::SolveOptions grid;
  grid.grid = {41};
  const auto V = session.solve(*model, grid);
  REQUIRE(V);
  hopf::SimulateOptions options;
  options.from = {1};
  options.until = 1;
  options.paths = 3;
  const auto paths = session.simulate(*model, *V, options);
  REQUIRE(paths);
  CHECK(session.save(*V, file("V.csv")));
  CHECK(session.save(*paths, file("S.nc")));
  CHECK(session.plot(*paths, file("S.svg")));
  CHECK_FALSE(session.save(*paths, file("S.txt")));
  CHECK(session.diagnostics()[0].kind == "cannot-write");
  std::size_t left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) left += entry.exists();
  CHECK(left == 3);
  std::filesystem::remove_all(folder);
}
