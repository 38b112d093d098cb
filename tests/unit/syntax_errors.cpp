// Mistakes and the kinds they are reported as, one each and several at once.
#include "syntax/messages.hpp"
#include "syntax_support.hpp"

TEST_CASE("habits of other languages: one error each, and how Hopf writes it") {
  const struct {
    const char *text, *kind, *help;
  } cases[] = {
      {"model m { state x [-6, 6] reflect }", "incomplete-declaration", "write 'x in [a, b]'"},
      {"model m {\n state x = 0\n}", "unexpected-equals",
       "write 'x in [a, b]' here, and 'from = [...]' in 'simulate'"},
      {"model m { control u: [-1, 1] }", "malformed-unit", "write 'in' before the set"},
      {"model m { discount 0,5 }", "malformed-number", "write '.' instead of ','"},
      {"model m { lagrangian: x^2 }", "unexpected-equals", "write 'lagrangian ...' without ':'"},
      {"model m {\n x'' = u\n}", "syntax-error",
       "declare its velocity as a state: \"x' = v\" and \"v' = ...\""},
      {"model m {\n dx/dt = u\n}", "syntax-error",
       "write 'dx = ...*dt', or \"x' = ...\" for a noiseless state"},
      {"model m {\n dx = u*dt,\n discount 1 }", "syntax-error", "leave the ',' out"},
      {"model m {\n lagrangian sin x\n}", "missing-operator", "write 'sin(...)'"},
      {"model m { until x > 0 then 1 }", "incomplete-declaration",
       "write 'until condition pay expression'"},
      {"model m { state x in [0, 1] reflecting }", "unknown-declaration", "write 'reflect'"},
      {"model m {\n minimize x^2\n}", "unknown-declaration", "write 'lagrangian'"},
      {"model m {\n lagrangian lambda x: x^2\n}", "unknown-declaration",
       "write 'fn f(x) = expression' outside of models"},
      {"def f(x): return x^2", "unknown-declaration",
       "write 'fn f(x) = expression' outside of models"},
      {"function f(x) = x^2", "unknown-declaration",
       "write 'fn f(x) = expression' outside of models"},
      {"from std import units", "unknown-declaration",
       "write 'import std.units' or 'import \"file.hopf\"'"},
      {"y = if x > 1 then 2 elif x > 0 then 1 else 0", "missing-else",
       "write 'else if condition then value'"},
      {"y = x > 0 ? f(1, 2) : 0", "foreign-operator", "write 'if condition then value else value'"},
      {"y = f((x > 0 ? 1 : 0), 2)", "foreign-operator",
       "write 'if condition then value else value'"},
      {"assert V(0) = 1", "assignment-in-expression", "write '=='"},
      {"assert x <> 1", "foreign-operator", "write '!='"},
      {"assert x =< 1", "foreign-operator", "write '<=' for at most"},
      {"r = 5%", "foreign-operator",
       "write '0.01*' before the number, or \"1%\" where a share is asked for"},
      {"print('hello')", "unknown-character", "write \"...\""},
      {"y = |x| + |z|", "unknown-character",
       "write 'abs(x)' for an absolute value, 'or' between conditions"},
      {"print(\"V)", "unterminated-string", "write '\"' where it ends"},
      {"print V(0)", "missing-operator", "write 'print(...)'"},
      {"for (i = 0; i < 3) { print(i) }", "incomplete-declaration",
       "write 'for name in list { ... }'"},
      {"y = {\"u\": 0}", "missing-name", "write it without quotation marks"},
      {"model = 3", "missing-name", "choose another name"},
  };
  for (const auto& [text, kind, help] : cases) {
    const Parsed p(text);
    INFO(text << "\n" << p.messages());
    CHECK(p.kinds() == kind);
    if (p.sink.error_count() > 0) CHECK(p.sink.sorted()[0].help == help);
  }
  CHECK(Parsed("model m {\n state x\n x' = 1\n x[1]' = 2 }").kinds() == "");
}

TEST_CASE("each mistake has its kind") {
  const std::pair<const char*, const char*> cases[] = {
      {"a, b = 1", "syntax-error"},
      {"y = 2*(1 + 3", "unclosed-bracket"},
      {"f(a, [1, 2", "unclosed-bracket unclosed-bracket"},
      {"model m {\n  param a = sin(2\n  state x\n}\nprint(1)", "unclosed-bracket"},
      {"y = 1)", "unexpected-closing"},
      {"y = [1, 2)", "mismatched-bracket"},
      {"model m {\n state x\n", "unclosed-block"},
      {"for i in 1..2 {\n print(i)\n", "unclosed-block"},
      {"s = \"abc\nt = 1", "unterminated-string"},
      {"x = 1 /* abc", "unterminated-comment"},
      {"x = 1 @ 2", "unknown-character"},
      {"x = 2 × 3", "unknown-character"},
      {"s = “abc”", "unknown-character"},
      {"x = 1 # one", "unknown-character"},
      {"x = 1.", "malformed-number"},
      {"x = 1e", "malformed-number"},
      {"x = .5", "malformed-number"},
      {"x = 1.2.3", "malformed-number"},
      {"x = 0x1F", "malformed-number"},
      {"x = 1_", "malformed-number"},
      {"x = 1e999", "malformed-number"},
      {"x = 2**3", "foreign-operator"},
      {"x = a && b || !c", "foreign-operator foreign-operator foreign-operator"},
      {"x := 1", "foreign-operator"},
      {"model m { param x 3 }", "missing-equals"},
      {"model m { let r == 3 }", "missing-equals"},
      {"fn f(x) x^2", "missing-equals"},
      {"assert x = 1", "assignment-in-expression"},
      {"y = if x = 1 then 2 else 3", "assignment-in-expression"},
      {"f(x) = x^2", "assignment-in-expression"},
      {"y = 2 x", "missing-operator"},
      {"y = 2x", "missing-operator"},
      {"y = 2 sin(x)", "missing-operator"},
      {"y = 2(x + 1)", "missing-operator"},
      {"y = f(2 x)", "missing-operator"},
      {"model m { lagrangian 2 x }", "missing-operator"},
      {"y = (1 + )", "missing-operand"},
      {"y = 1 + * 2", "missing-operand"},
      {"f(1,,2)", "missing-operand"},
      {"model m {\n state x in\n control u\n}", "missing-operand"},
      {"model { state x }", "missing-name"},
      {"model m { state in [0, 1] }", "missing-name"},
      {"y = x.", "missing-name"},
      {"import", "missing-name"},
      {"y = {k: 1, 2}", "missing-name"},
      {"model m { lagrangain 1 }", "unknown-declaration"},
      {"model m {\n print(1)\n}", "unknown-declaration"},
      {"modle m {\n state x\n}", "unknown-declaration"},
      {"state x in [0, 1]", "misplaced-declaration"},
      {"x' = 1", "misplaced-declaration"},
      {"model m { import std.units }", "misplaced-declaration"},
      {"model m { control u periodic }", "misplaced-declaration"},
      {"y = [1 2]", "missing-comma"},
      {"y = (1, 2)", "missing-comma"},
      {"y = if a then b", "missing-else"},
      {"y = if a else b", "missing-else"},
      {"model m { stop x }", "incomplete-declaration"},
      {"model m { subject x > 0 }", "incomplete-declaration"},
      {"model m { jump N 2 }", "incomplete-declaration"},
      {"model m { regime j 1..2 }", "incomplete-declaration"},
      {"model m { state x absorb }", "incomplete-declaration"},
      {"for i 1..3 { print(i) }", "incomplete-declaration"},
      {"fn f = 3", "incomplete-declaration"},
      {"model m\n state x", "incomplete-declaration"},
      {"model m { param a: kg^n = 1 }", "malformed-unit"},
      {"model m { param a: 60*s = 1 }", "malformed-unit"},
      {"model m { param a: kg^0.3333 = 1 }", "malformed-unit"},
      {"s = \"a\\q\"", "unknown-escape"},
      {"f(a = 1, 2)", "positional-after-named"},
      {"model m { lagrangian = 1 }", "unexpected-equals"},
      {"y = 1 + if a then b else c", "bare-if"},
  };
  for (const auto& [text, kinds] : cases) {
    const Parsed p(text);
    INFO(text << "\n" << p.messages());
    CHECK(p.kinds() == kinds);
  }
}

TEST_CASE("one run reports the mistakes of a whole file, each once") {
  const Parsed p(R"(model one {
  param x 3
  state q in [0, 1
  control u
  lagrangain q^2
  q' = 2 u
}
fn f(x = 3
model two { horizon = 1 }
y = "open
print(1 + )
)");
  INFO(p.messages());
  const auto kinds = p.kinds();
  for (const char* kind : {"missing-equals", "unclosed-bracket", "unknown-declaration",
                           "missing-operator", "unterminated-string", "missing-operand"}) {
    INFO(kind);
    CHECK(kinds.find(kind) != std::string::npos);
  }
}

TEST_CASE("what is right beside an error is still read") {
  const Parsed p("model m {\n  param a = 1\n  param b 2\n  state x\n}\ny = (\nprint(1)\n");
  const auto& model = std::get<hopf::syntax::ModelItem>(p.ast.items.at(0).value);
  CHECK(model.declarations.size() == 2);
}

TEST_CASE("errors name and underline the right words") {
  const Parsed p("model m {\n  lagrangain 1\n}\n");
  CHECK(p.messages() ==
        "error[E0115]: 'lagrangain' begins no declaration\n"
        "  --> test.hopf:2:3\n"
        "   |\n"
        " 2 |   lagrangain 1\n"
        "   |   ^^^^^^^^^^ not a keyword of models\n"
        "   = help: write 'lagrangian'\n");
  const Parsed q("y = 2*(1 +\n  [2, 3)\n");
  CHECK(q.messages().find("opened here") != std::string::npos);
}

TEST_CASE("every sentence of messages.txt has a kind and says something") {
  const auto rows = hopf::syntax::all_messages();
  CHECK(rows.size() > 40);
  for (const auto& row : rows) {
    CHECK_FALSE(row.where.empty());
    CHECK_FALSE(row.found.empty());
    CHECK_FALSE(row.text.empty());
    CHECK(hopf::diagnostics::info(row.kind).code.substr(0, 3) == "E01");
  }
}
