// The text and JSON forms of diagnostics, compared with whole expected outputs.
#include <nlohmann/json.hpp>

#include "diagnostics/diagnostic.hpp"
#include "test.hpp"

using namespace hopf;
using diagnostics::Kind;
using diagnostics::Sink;
using source::Span;

namespace {

Span find(const source::SourceSet& sources, source::FileId file, std::string_view what) {
  const auto at = static_cast<std::uint32_t>(sources.file(file).text.find(what));
  return {file, at, at + static_cast<std::uint32_t>(what.size())};
}

}  // namespace

TEST_CASE("the form of the language page") {
  source::SourceSet sources;
  std::string text(8, '\n');
  text += "  x = (r + pi*(mu - r))*x*dt + pi*sigma*x*dw\n";
  const auto file = sources.add("merton.hopf", text);
  Sink sink;
  auto& d =
      sink.emit(Kind::NotADifferential, find(sources, file, "x"), "'x' is not a differential");
  d.primary_label = "a state's dynamics are written for its differential";
  d.help = "write 'dx = ...', or \"x' = ...\" for a noiseless state";
  CHECK(render_text(d, sources) ==
        "error[E0204]: 'x' is not a differential\n"
        "  --> merton.hopf:9:3\n"
        "   |\n"
        " 9 |   x = (r + pi*(mu - r))*x*dt + pi*sigma*x*dw\n"
        "   |   ^ a state's dynamics are written for its differential\n"
        "   = help: write 'dx = ...', or \"x' = ...\" for a noiseless state\n");
}

TEST_CASE("several labels in one line hang below it; columns count code points") {
  source::SourceSet sources;
  const auto file = sources.add("a.hopf", "let θ = alpha + beta\n");
  Sink sink;
  auto& d = sink.emit(Kind::UnknownName, find(sources, file, "beta"), "no 'beta'");
  d.primary_label = "here";
  d.labels.push_back({find(sources, file, "θ"), "first"});
  d.labels.push_back({find(sources, file, "alpha"), "second"});
  CHECK(render_text(d, sources) ==
        "error[E0200]: no 'beta'\n"
        "  --> a.hopf:1:17\n"
        "   |\n"
        " 1 | let θ = alpha + beta\n"
        "   |     -   -----   ^^^^ here\n"
        "   |     |   |\n"
        "   |     |   second\n"
        "   |     first\n");
}

TEST_CASE("spans over several lines, distant lines and several files") {
  source::SourceSet sources;
  const auto file = sources.add("a.hopf", "f(1,\n\n\n  2)\nend\n");
  const auto other = sources.add("b.hopf", "\tparam x\n");
  Sink sink;
  auto& d = sink.emit(Kind::UnknownName, {file, 0, 11}, "no f");
  d.primary_label = "this call";
  d.labels.push_back({find(sources, other, "x"), "declared here"});
  d.notes.push_back("two\nlines");
  CHECK(render_text(d, sources) ==
        "error[E0200]: no f\n"
        "  --> a.hopf:1:1\n"
        "   |\n"
        " 1 | f(1,\n"
        "   | ^^^^\n"
        "...\n"
        " 4 |   2)\n"
        "   |   ^^ this call\n"
        "  ::: b.hopf:1:8\n"
        "   |\n"
        " 1 |     param x\n"
        "   |           - declared here\n"
        "   = note: two\n"
        "           lines\n");
}

TEST_CASE("odd places: no place, end of file, a very long line, bytes that are not UTF-8") {
  source::SourceSet sources;
  Sink sink;
  CHECK(render_text(sink.emit(Kind::UnknownName, {}, "m"), sources) == "error[E0200]: m\n");
  const auto file = sources.add("a.hopf", "ab");
  CHECK(render_text(sink.emit(Kind::UnknownName, {file, 2, 2}, "m"), sources) ==
        "error[E0200]: m\n  --> a.hopf:1:3\n   |\n 1 | ab\n   |   ^\n");
  const auto wide =
      sources.add("w.hopf", std::string(1'000'000, 'x') + "!" + std::string(500, 'y'));
  const auto& d = sink.emit(Kind::UnknownName, {wide, 1'000'000, 1'000'001}, "m");
  const auto text = render_text(d, sources);
  CHECK(text.size() < 500);
  CHECK(text.find("!") != std::string::npos);
  const auto bytes = sources.add("b.hopf", "a\xff\x01 b");
  const auto& e = sink.emit(Kind::UnknownName, {bytes, 1, 2}, "m");
  CHECK(render_text(e, sources).find(" | a\xef\xbf\xbd\\x01 b\n   |  ^\n") != std::string::npos);
  CHECK_NOTHROW(render_json(e, sources));
}

TEST_CASE("escape and bidirectional characters are shown, never sent") {
  source::SourceSet sources;
  Sink sink;
  const std::string line = "x = \"\x1b[2J\xe2\x80\xae\xc2\x9b\" + y";
  const auto file = sources.add("a\x1b.hopf", line);
  const auto at = static_cast<std::uint32_t>(line.find('y'));
  auto& d = sink.emit(Kind::UnknownName, {file, at, at + 1}, "no '\x1b]0;t\x07'\xe2\x81\xa6");
  d.primary_label = "\xe2\x80\x8f";
  d.help = "a\nb\x7f";
  d.notes.push_back("\xd8\x9c");
  CHECK(render_text(d, sources) ==
        "error[E0200]: no '\\x1b]0;t\\x07'\\u{2066}\n"
        "  --> a\\x1b.hopf:1:16\n"
        "   |\n"
        " 1 | x = \"\\x1b[2J\\u{202e}\\u{9b}\" + y\n"
        "   |                               ^ \\u{200f}\n"
        "   = note: \\u{61c}\n"
        "   = help: a\n           b\\x7f\n");
}

TEST_CASE("colour only on request") {
  source::SourceSet sources;
  const auto file = sources.add("a.hopf", "ab");
  Sink sink;
  const auto& d = sink.emit(Kind::UnknownName, {file, 0, 1}, "m");
  CHECK(render_text(d, sources).find('\x1b') == std::string::npos);
  CHECK(render_text(d, sources, {.color = true}).find("\x1b[1;31merror[E0200]") == 0);
}

TEST_CASE("JSON has every part") {
  source::SourceSet sources;
  const auto file = sources.add("a.hopf", "x\n  θy\n");
  Sink sink;
  auto& d = sink.emit(Kind::UnknownName, find(sources, file, "y"), "no 'y'");
  d.labels.push_back({find(sources, file, "x"), "like this"});
  d.help = "h";
  const auto line = render_json(d, sources);
  CHECK(line.find('\n') == std::string::npos);
  const auto j = nlohmann::json::parse(line);
  CHECK(j["kind"] == "unknown-name");
  CHECK(j["code"] == "E0200");
  CHECK(j["severity"] == "error");
  CHECK(j["file"] == "a.hopf");
  CHECK(j["line"] == 2);
  CHECK(j["column"] == 4);
  CHECK(j["end_column"] == 5);
  CHECK(j["labels"][0]["text"] == "like this");
  CHECK(j["help"] == "h");
}

TEST_CASE("a sink sorts by place and drops exact duplicates") {
  source::SourceSet sources;
  const auto file = sources.add("a.hopf", "abc");
  Sink sink;
  sink.emit(Kind::UnknownName, {file, 2, 3}, "late");
  sink.emit(Kind::UnknownName, {}, "nowhere");
  sink.emit(Kind::UnknownName, {file, 0, 1}, "early");
  sink.emit(Kind::UnknownName, {file, 2, 3}, "late");
  const auto all = sink.sorted();
  REQUIRE(all.size() == 3);
  CHECK(all[0].message == "early");
  CHECK(all[1].message == "late");
  CHECK(all[2].message == "nowhere");
  CHECK(sink.error_count() == 4);
  sink.clear();
  CHECK_FALSE(sink.has_errors());
}

TEST_CASE("did you mean") {
  const std::vector<std::string> names{"lagrangian", "sigma", "theta", "mu", "param"};
  using diagnostics::did_you_mean;
  CHECK(did_you_mean("lagrangain", names) == "lagrangian");
  CHECK(did_you_mean("thteta", names) == "theta");
  CHECK(did_you_mean("Sigma", names) == "sigma");
  CHECK(did_you_mean("MU", names) == "mu");
  CHECK_FALSE(did_you_mean("nu", names));
  CHECK_FALSE(did_you_mean("banana", names));
  CHECK_FALSE(did_you_mean("", names));
  const std::vector<std::string> greek{"θ₁", "velocity"};
  CHECK(did_you_mean("velocty", greek) == "velocity");
}

TEST_CASE("UTF-8 is checked as RFC 3629 says") {
  using source::find_invalid_utf8;
  CHECK_FALSE(find_invalid_utf8("θ₁ 𝜃 ascii"));
  CHECK(find_invalid_utf8("ab\xff") == 2u);
  CHECK(find_invalid_utf8("a\xc0\x80") == 1u);          // overlong
  CHECK(find_invalid_utf8("a\xed\xa0\x80") == 1u);      // surrogate
  CHECK(find_invalid_utf8("a\xf4\x90\x80\x80") == 1u);  // beyond U+10FFFF
  CHECK(find_invalid_utf8("a\xe2\x82") == 1u);          // cut short
}
