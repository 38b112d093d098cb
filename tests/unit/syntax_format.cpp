// The canonical layout: same tree, all comments, stable, within the columns.
#include "syntax_support.hpp"

namespace {

/// Compares with a file, or rewrites it when HOPF_ACCEPT is set.
void check_golden(const std::string& name, const std::string& text) {
  const auto path = std::filesystem::path(HOPF_SOURCE_DIR) / "tests/syntax" / name;
  if (std::getenv("HOPF_ACCEPT") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
  }
  CHECK(text == read_file(path));
}

int longest_line(const std::string& text) {
  int longest = 0;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    longest = std::max(longest, hopf::source::count_code_points(line));
  }
  return longest;
}

void check_properties(const std::string& name, const std::string& text) {
  const Parsed before(text);
  const auto formatted = before.formatted();
  const Parsed after(formatted);
  INFO(name << "\n" << formatted << after.messages());
  CHECK_FALSE(after.sink.has_errors());
  CHECK(after.printed() == before.printed());
  CHECK(after.formatted() == formatted);
  REQUIRE(after.ast.comments.size() == before.ast.comments.size());
  for (std::size_t i = 0; i < before.ast.comments.size(); ++i) {
    CHECK(after.ast.comments[i].text == before.ast.comments[i].text);
  }
}

}  // namespace

TEST_CASE("formatting keeps the tree and the comments, and is stable") {
  for (const auto& path : good_files()) {
    const auto text = read_file(path);
    check_properties(path, text);
    auto wide = text;  // the same on few lines
    for (std::size_t i = 0; i + 1 < wide.size(); ++i) {
      const bool comment =
          wide.rfind("//", i) != std::string::npos && wide.rfind("//", i) > wide.rfind('\n', i);
      if (wide[i] == '\n' && !comment && i % 3 != 0) wide[i] = ' ';
    }
    if (Parsed(wide).sink.has_errors()) continue;  // a comment that swallowed its neighbour
    check_properties(path.string() + " joined", wide);
  }
}

TEST_CASE("the layout and the tree of every form") {
  const auto text =
      read_file(std::filesystem::path(HOPF_SOURCE_DIR) / "tests/syntax/everything.hopf");
  const Parsed p(text);
  check_golden("everything.formatted", p.formatted());
  check_golden("everything.ast", p.printed());
}

TEST_CASE("comments stay where they are, blank lines are single") {
  const Parsed p(
      "// first\n\n\n\nx=1 // behind\n/* own line */ y=2;z=3\n\n// before model\n"
      "model m{ // opens\n\n  // inside\n  state x in [0,1], // first item\n   y\n\n\n"
      "  x'=1   // short\n  y'=x*y // longer\n  // last\n}\n// end\n");
  CHECK_FALSE(p.sink.has_errors());
  CHECK(p.formatted() ==
        "// first\n\nx = 1  // behind\n/* own line */\ny = 2\nz = 3\n\n// before model\n"
        "model m {  // opens\n  // inside\n  state x in [0, 1]  // first item\n  state y\n\n"
        "  x' = 1    // short\n  y' = x*y  // longer\n  // last\n}\n// end\n");
}

TEST_CASE("a statement with comments inside keeps its author's layout") {
  const Parsed p(
      "fn f(x,y) =   // first\n"
      "      x /* plus */ + y\n"
      "model m {\n"
      "      param A = [[0, 1],   // position  \n"
      "                 [0, 0]],  // velocity\n"
      "            b=2,           /// The third.\n"
      "            c=3\n"
      "  lagrangian x^2 // running\n"
      "     + u^2\r\n"
      "}\n"
      "V=solve(m,\n"
      "  grid=[11]   // coarse\n"
      ")  // done\n");
  CHECK_FALSE(p.sink.has_errors());
  const std::string expected =
      "fn f(x,y) =   // first\n"
      "      x /* plus */ + y\n\n"
      "model m {\n"
      "  param A = [[0, 1],   // position\n"
      "             [0, 0]]  // velocity\n"
      "  param b = 2\n"
      "  /// The third.\n"
      "  param c = 3\n"
      "  lagrangian x^2 // running\n"
      "     + u^2\n"
      "}\n\n"
      "V=solve(m,\n"
      "  grid=[11]   // coarse\n"
      ")  // done\n";
  CHECK(p.formatted() == expected);
  CHECK(Parsed(expected).formatted() == expected);
  CHECK(Parsed(expected).printed() == p.printed());
}

TEST_CASE("line ends of other systems, byte order marks and missing last line ends") {
  CHECK(Parsed("\xef\xbb\xbfx=1\r\n/* a \r\n b */\r\n\ty=2").formatted() ==
        "x = 1\n/* a\n b */\ny = 2\n");
  CHECK(Parsed("\xef\xbb\xbfx = f(1, // a\n      2)").formatted() == "x = f(1, // a\n      2)\n");
  CHECK(Parsed("").formatted() == "");
  CHECK(Parsed("\n\n").formatted() == "");
  CHECK(Parsed("// only").formatted() == "// only\n");
}

TEST_CASE("long lines are broken") {
  std::string sum = "y = alpha";
  for (int i = 0; i < 40; ++i) sum += " + beta" + std::to_string(i) + "*gamma";
  std::string list = "y = f([1";
  for (int i = 0; i < 60; ++i) list += ", " + std::to_string(1000 + i);
  const std::string texts[] = {
      sum, list + "], name = 3)",
      "model m { param a = 1, bbbbbbbbbbbbbbbbbbbbbbb = 2, cccccccccccccccccccccccccc = 3, "
      "dddddddddddddddddddddddd = 4, eeeeeeeeeeeeee = 5 }",
      "assert if aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa > bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb then "
      "cccccccccccccccccccccccccccc else dddddddddddddddddddddddd"};
  for (const auto& text : texts) {
    check_properties("long", text);
    const auto formatted = Parsed(text).formatted();
    INFO(formatted);
    CHECK(longest_line(formatted) <= 100);
    CHECK(formatted.find('\n') < formatted.size() - 1);
  }
}

TEST_CASE("one expression as source") {
  const Parsed p("assert V(0,0)<V(pi,0) and -(2+x)^2 != {k:1}.k");
  const auto& item = std::get<hopf::syntax::AssertItem>(p.ast.items[0].value);
  CHECK(format_expression(p.ast, item.condition) ==
        "V(0, 0) < V(pi, 0) and -(2 + x)^2 != {k: 1}.k");
}
