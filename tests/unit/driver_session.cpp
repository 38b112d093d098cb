// Sessions as a program sees them: diagnostics are values, faults stop at the door, two sessions do
// not meet.
#include <hopf/hopf.hpp>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

#include "test.hpp"

namespace {

std::string model_text(double target) {
  return "model m { param target = " + std::to_string(target) +
         "  state x in [-2, 2] reflect  control u in [-1, 1]  x' = u"
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
