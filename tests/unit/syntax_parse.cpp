// What parses, and into which tree.
#include "syntax_support.hpp"

namespace {

std::string tree(const std::string& expression) {
  const Parsed p("y = " + expression);
  INFO(p.messages());
  CHECK_FALSE(p.sink.has_errors());
  const auto text = p.printed();
  return text.substr(0, 9) == "assign y " ? text.substr(9, text.size() - 10) : text;
}

}  // namespace

TEST_CASE("every model of the language page, every example and every form parses") {
  const auto files = good_files();
  CHECK(files.size() >= 10);
  for (const auto& path : files) {
    const Parsed p(read_file(path));
    INFO(path << "\n" << p.messages());
    CHECK_FALSE(p.sink.has_errors());
    CHECK_FALSE(p.ast.items.empty());
  }
}

TEST_CASE("operators bind as in mathematics") {
  CHECK(tree("a + b*c - d") == "(a + (b * c) - d)");
  CHECK(tree("a/b*c") == "(a / b * c)");
  CHECK(tree("-x^2") == "(- (^ x 2))");
  CHECK(tree("2^-1") == "(^ 2 (- 1))");
  CHECK(tree("2^-x^2") == "(^ 2 (- (^ x 2)))");
  CHECK(tree("2^3^2") == "(^ 2 (^ 3 2))");
  CHECK(tree("-a*b") == "((- a) * b)");
  CHECK(tree("a*-b") == "(a * (- b))");
  CHECK(tree("--a") == "(- (- a))");
  CHECK(tree("(a - b) - c") == "((a - b) - c)");
  CHECK(tree("f(x)^2") == "(^ (call f x) 2)");
  CHECK(tree("1..n - 1") == "(range 1 (n - 1))");
  CHECK(tree("a < b <= c + 1") == "(a < b <= (c + 1))");
  CHECK(tree("not a < b and c or d") == "(((not (a < b)) and c) or d)");
  CHECK(tree("not not a") == "(not (not a))");
  CHECK(tree("if a then b else if c then d else e") == "(if a b (if c d e))");
  CHECK(tree("if a or b then 1 else x + 1") == "(if (a or b) 1 (x + 1))");
  CHECK(tree("if if a then b else c then d else e") == "(if (if a b c) d e)");
}

TEST_CASE("primary expressions") {
  CHECK(tree("10_000.5e-3") == "10000.5e-3");
  CHECK(tree("\"a\\n\\\"b\\\"\"") == "\"a\\n\\\"b\\\"\"");
  CHECK(tree("[[a, b], [c, d],]") == "(list (list a b) (list c d))");
  CHECK(tree("[]") == "(list)");
  CHECK(tree("[f(i) for i in 1..n]") == "(list-for i (range 1 n) (call f i))");
  CHECK(tree("sum(f(i) for i in 1..n)") == "(call sum (for i (range 1 n) (call f i)))");
  CHECK(tree("{1, 2}") == "(set 1 2)");
  CHECK(tree("{}") == "(set)");
  CHECK(tree("{k: 0.3, in: [1]}") == "(record k:0.3 in:(list 1))");
  CHECK(tree("V.policy.c(x, t = 0)[1, 2]") ==
        "(index (call (field (field V policy) c) x t:0) 1 2)");
  CHECK(tree("x.final + x.in") == "((field x final) + (field x in))");
  CHECK(tree("f(from = 1, until = 2, if = 3, state = 4)") ==
        "(call f from:1 until:2 if:3 state:4)");
  CHECK(tree("σ₁*θ + ẋ") == "((σ₁ * θ) + ẋ)");
}

TEST_CASE("keywords are reserved only where a declaration or statement may begin") {
  const Parsed p(R"(model m {
    param rate = 1, state = rate, pay = 2, to = 3, final = 4
    state until_ in [rate, final]
    discount rate
    jump N rate rate
    until state > pay pay to
    control periodic
    lagrangian state^2 + final*rates
    periodic' = rate
  }
  state = 1
  final = state + 1
  density(m, until = state)
  )");
  INFO(p.messages());
  CHECK_FALSE(p.sink.has_errors());
  CHECK(p.printed() ==
        "model m\n"
        "  param rate value 1\n  param state value rate\n  param pay value 2\n"
        "  param to value 3\n  param final value 4\n"
        "  state until_ domain (list rate final)\n"
        "  discount rate\n"
        "  jump N rate\n"
        "  until (state > pay) pay to\n"
        "  control periodic\n"
        "  lagrangian ((^ state 2) + (final * rates))\n"
        "  dynamics periodic' value rate\n"
        "assign state 1\n"
        "assign final (state + 1)\n"
        "expression (call density m until:state)\n");
}

TEST_CASE("a statement ends with its line; operators, commas, brackets and depth carry it on") {
  const auto printed = [](const std::string& text) {
    const Parsed p(text);
    INFO(text << "\n" << p.messages());
    CHECK_FALSE(p.sink.has_errors());
    return p.printed();
  };
  CHECK(printed("x = 3\n-1\n") == "assign x 3\nexpression (- 1)\n");
  CHECK(printed("x = 3\n  -1\n") == "assign x (3 - 1)\n");
  CHECK(printed("x = 3 -\n1\n") == "assign x (3 - 1)\n");
  CHECK(printed("x = [1,\n2\n]\n") == "assign x (list 1 2)\n");
  CHECK(printed("y = [1, 2]\n[1]\n") == "assign y (list 1 2)\nexpression (list 1)\n");
  CHECK(printed("y = f\n(2)\n") == "assign y f\nexpression 2\n");
  CHECK(printed("y = f\n (2)\n") == "assign y (call f 2)\n");
  CHECK(printed("y = f\n\n  // far\n\n (2)\n") == "assign y (call f 2)\n");
  CHECK(printed("x =\n3\n") == "assign x 3\n");
  CHECK(printed("x = a and\nb") == "assign x (a and b)\n");
  CHECK(printed("x = if a then b\nelse c\n") == "assign x (if a b c)\n");
  CHECK(printed("x = 1; -1; y = 2") == "assign x 1\nexpression (- 1)\nassign y 2\n");
  CHECK(printed("for i in 1..2 {\n  print(i)\n  -i\n}\n") ==
        "for i (range 1 2)\n  expression (call print i)\n  expression (- i)\n");
  CHECK(printed("\tx = 3\n        -1\n") == "assign x 3\nexpression (- 1)\n");
  CHECK(printed("/* a\n   b */ x = 3\n-1\n") == "assign x 3\nexpression (- 1)\n");
  CHECK(printed("model m { lagrangian x^2\n            - 1 }") ==
        "model m\n  lagrangian ((^ x 2) - 1)\n");
}

TEST_CASE("what is out of line is an error, read as what was meant") {
  const std::pair<const char*, const char*> cases[] = {
      {"y = 3 f(2)", "missing-operator"},
      {"z = 3 sum([1, 2])", "missing-operator"},
      {"y = 2\n  z", "missing-operator"},
      {"y = 2 z = 3", "statement-not-parted"},
      {"y = 2\n  z = 3", "statement-not-parted"},
      {"V = solve(m) print(V(0))", "missing-operator"},
      {"y = 2\n* 3", "continuation-not-indented"},
      {"y = a\nand b", "continuation-not-indented"},
      {"model m {\n lagrangian x^2\n + u^2\n}", "continuation-not-indented"},
      {"model m {\n state x in [0, 1]\n reflect\n}", "continuation-not-indented"},
      {"model m { control u  x' = u }", "statement-not-parted"},
      {"model m { control u  dx = u*dt }", "statement-not-parted"},
      {"model m { state x[2]  x[1]' = u }", "statement-not-parted"},
      {"model m {\n  state x\n    x' = 1\n}", "statement-not-parted"},
      {"x = 3 +\ny = 4\n", "missing-operand"},
      {"model m {\n  lagrangian x^2 +\n  x' = 1\n}", "missing-operand"},
      {"model m { state x in [-1,1]  control u; x' = u  lagrangian x^2 + u^2  discount 1 } "
       "V = solve(m); print(V(0)) for i in 1..2 { print(i) } assert V(0) < 1; derive(m);",
       ""},
      {"model m {\n let a = 1,\n b = 2\n  param c = 1,\n  d = 3\n}", ""},
      {"model m\n{\n  state x\n}\nfor i in 1..2\n{\n  print(i)\n}", ""},
      {"model m { state x in [-1, 1] reflect\n control u in [-1, 1]\n x' = u }", ""},
      {"model m { dx[i] = x[i]*dt\n            for i in 1..2 }", ""},
  };
  for (const auto& [text, kinds] : cases) {
    const Parsed p(text);
    INFO(text << "\n" << p.messages());
    CHECK(p.kinds() == kinds);
  }
  const Parsed read("y = 2 z = 3\nmodel m {\n  control u  x' = u\n}");
  CHECK(read.printed() == "assign y 2\nassign z 3\nmodel m\n  control u\n  dynamics x' value u\n");
}

TEST_CASE("documentation belongs to what follows; units are flat products") {
  const Parsed p(
      "/// One.\n/// Two.\nmodel m {\n  /// A speed.\n  param v: kg*m^2/(s^2*K^(1/2)) = 1\n}\n");
  CHECK(p.printed() ==
        "doc \"One.\\nTwo.\"\nmodel m\n  doc \"A speed.\"\n"
        "  param v unit kg*m^2/s^2/K^(1/2) value 1\n");
  CHECK(p.ast.comments.empty());
}

TEST_CASE("spans are bytes of the source") {
  const std::string text = "θ = 1\ny = (θ + 2)*f(θ)\n";
  const Parsed p(text);
  REQUIRE(p.ast.items.size() == 2);
  const auto& item = std::get<hopf::syntax::AssignItem>(p.ast.items[1].value);
  CHECK(p.sources.text(p.ast.items[1].span) == "y = (θ + 2)*f(θ)");
  CHECK(p.sources.text(item.name.span) == "y");
  CHECK(p.sources.text(p.ast[item.value].span) == "(θ + 2)*f(θ)");
}

TEST_CASE("the prompt knows when to read on") {
  using hopf::syntax::is_incomplete;
  for (const char* text :
       {"model m {", "f(1,", "x = ", "x = 1 +", "a = [1, 2", "model m", "/* abc", "if a then b",
        "for i in 1..3 {\n print(i)", "fn f(x) =", "model m {\n state x in ["}) {
    INFO(text);
    CHECK(is_incomplete(text));
  }
  for (const char* text : {"", "1 + 2", "x = 1", "derive(m)", "x = )", "a = \"abc", "model m { }",
                           "f(1 2)", "x = 1 + + )", "model m { foo }"}) {
    INFO(text);
    CHECK_FALSE(is_incomplete(text));
  }
}
