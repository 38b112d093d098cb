// Scripts through the public interface: what they print, and which errors they end with.
#include <hopf/hopf.hpp>
#include <string>

#include "test.hpp"

namespace {

struct Outcome {
  bool good = false;
  std::string out;
  std::string kind;  // of the first error
};

Outcome run(const std::string& text) {
  Outcome outcome;
  hopf::SessionOptions options;
  options.out = [&](std::string_view words) { outcome.out += words; };
  hopf::Session session(options);
  outcome.good = session.run_text(text);
  for (const auto& d : session.diagnostics())
    if (outcome.kind.empty() && d.severity == hopf::Diagnostic::Severity::Error)
      outcome.kind = d.kind;
  return outcome;
}

std::string printed(const std::string& expression) { return run("print(" + expression + ")").out; }

}  // namespace

TEST_CASE("numbers print in the shortest form that reads well") {
  CHECK(printed("1/3") == "0.3333333333\n");
  CHECK(printed("10_000") == "10000\n");
  CHECK(printed("-0.5, inf, 2^0.5") == "-0.5 inf 1.414213562\n");
  CHECK(printed("true, \"text\", [1, 2]") == "true text [1, 2]\n");
}

TEST_CASE("arithmetic of numbers, vectors and matrices") {
  CHECK(printed("2 + 3*4 - 6/2") == "11\n");
  CHECK(printed("2^3^2") == "512\n");
  CHECK(printed("2*[1, 2] + [1, 1]") == "[3, 5]\n");
  CHECK(printed("[[1, 2], [3, 4]]*[1, 1]") == "[3, 7]\n");
  CHECK(printed("[[1, 2], [3, 4]]*eye(2)") == "[[1, 2], [3, 4]]\n");
  CHECK(printed("dot([1, 2], [3, 4]), norm([3, 4]), det([[2, 0], [0, 3]])") == "11 5 6\n");
  CHECK(run("print([1, 2]*[3, 4])").kind == "operand-mismatch");
  CHECK(run("print(1/0)").kind == "division-by-zero");
  CHECK(run("print(sqrt(-1))").kind == "outside-function-domain");
}

TEST_CASE("lists, ranges and comprehensions count from 1") {
  CHECK(printed("[i^2 for i in 1..4]") == "[1, 4, 9, 16]\n");
  CHECK(printed("sum(i for i in 1..100)") == "5050\n");
  CHECK(printed("[[1, 2], [3, 4]][2, 1]") == "3\n");
  CHECK(printed("max(3, 1, 2), min([4, 5])") == "3 4\n");
  CHECK(run("a = [1]\nprint(a[2])").kind == "index-out-of-range");
  CHECK(run("a = [1]\nprint(a[0])").kind == "index-out-of-range");
}

TEST_CASE("names, functions and loops") {
  CHECK(run("fn f(x, y) = x - y\nprint(f(3, 1), f(y = 3, x = 1))").out == "2 -2\n");
  CHECK(run("fn fact(n) = if n <= 1 then 1 else n*fact(n - 1)\nprint(fact(10))").out ==
        "3628800\n");
  CHECK(run("s = 0\nfor i in 1..3 {\n  s = s + i\n}\nprint(s)").out == "6\n");
  CHECK(run("fn f(x) = f(x)\nprint(f(1))").kind == "recursion-too-deep");
  CHECK(run("print(nothing)").kind == "unknown-name");
  CHECK(run("prnt(1)").kind == "unknown-verb");
  CHECK(run("print(a)\na = 1").kind == "unknown-name");
  CHECK(run("sin = 1").kind == "reserved-name");
}

TEST_CASE("asserts show the values of both sides") {
  CHECK(run("assert 1 < 2 and not (3 < 2)").good);
  hopf::Session session;
  CHECK_FALSE(session.run_text("a = 1.5\nassert a + 1 < 2*a - 1"));
  const std::string text = session.diagnostics_text();
  CHECK(text.find("a + 1 = 2.5") != std::string::npos);
  CHECK(text.find("2*a - 1 = 2") != std::string::npos);
  CHECK(run("assert 1").kind == "not-a-condition");
}

TEST_CASE("all errors of a script at once, before anything runs") {
  hopf::Session session;
  std::string out;
  CHECK_FALSE(session.run_text("print(1)\nprnt(2)\nprint(unknown)\ntransport(1)"));
  CHECK(session.diagnostics().size() == 3);
  CHECK(out.empty());
}

TEST_CASE("two sessions share nothing, and names stay in one") {
  hopf::SessionOptions options;
  std::string out;
  options.out = [&](std::string_view words) { out += words; };
  hopf::Session first(options), second;
  CHECK(first.run_text("a = 2"));
  CHECK(first.run_text("fn twice(x) = 2*x"));
  CHECK(first.run_text("twice(a)"));
  CHECK(out == "4\n");
  CHECK_FALSE(second.run_text("a"));
  CHECK(first.completions("tw") == std::vector<std::string>{"twice"});
}

TEST_CASE("tables align their columns") {
  CHECK(run("table(x = [1, 10], y = [0.5, 2])").out == " x    y\n 1  0.5\n10    2\n");
}

TEST_CASE("incomplete input is read on") {
  CHECK(hopf::Session::is_incomplete("model m {"));
  CHECK(hopf::Session::is_incomplete("print(1,"));
  CHECK_FALSE(hopf::Session::is_incomplete("print(1)"));
}
