// No text crashes or hangs the front end: it parses or ends in an error.
#include <random>

#include "syntax_support.hpp"

namespace {

void survives(const std::string& text) {
  const Parsed p(text);
  for (const auto& d : p.sink.sorted()) {
    render_text(d, p.sources);
    render_json(d, p.sources);
  }
  if (p.sink.has_errors()) return;
  const Parsed again(p.formatted());
  CHECK(again.printed() == p.printed());
}

std::string repeat(const std::string& piece, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += piece;
  return out;
}

std::string kinds_of(const std::string& text) { return Parsed(text).kinds(); }

}  // namespace

TEST_CASE("every prefix of every valid file") {
  for (const char* name : {"everything.hopf", "pendulum.hopf", "air3d.hopf"}) {
    const auto text = read_file(std::filesystem::path(HOPF_SOURCE_DIR) / "tests/syntax" / name);
    for (std::size_t n = 0; n < text.size(); n += 1 + n / 400) survives(text.substr(0, n));
  }
}

TEST_CASE("files with a piece removed, doubled or replaced") {
  std::mt19937 random(7);
  const auto text =
      read_file(std::filesystem::path(HOPF_SOURCE_DIR) / "tests/syntax/everything.hopf");
  const std::string symbols = "()[]{}=+-*/^.,:;'\"<>! \n\\a1";
  for (int round = 0; round < 300; ++round) {
    auto changed = text;
    for (int k = 0; k < 3; ++k) {
      const auto at = random() % changed.size();
      const auto length = random() % 5;
      switch (random() % 3) {
        case 0:
          changed.erase(at, length);
          break;
        case 1:
          changed.insert(at, changed.substr(random() % changed.size(), length));
          break;
        default:
          changed[at] = symbols[random() % symbols.size()];
      }
    }
    survives(changed);
  }
}

TEST_CASE("random bytes and random symbols") {
  std::mt19937 random(3);
  const std::string symbols = "()[]{}=+-*/^.,:;'\"<>!| \nabdx019_#&θ";
  for (int round = 0; round < 200; ++round) {
    std::string bytes, text;
    for (int i = 0; i < 200; ++i) {
      bytes += static_cast<char>(random());
      text += symbols[random() % symbols.size()];
    }
    survives(bytes);
    survives(text);
  }
  CHECK(kinds_of(std::string("x = 1\n\xff\xfe")) == "invalid-utf8");
  CHECK(kinds_of("\xef\xbb\xbfx = 1") == "");  // a byte order mark is no mistake
}

TEST_CASE("deep nesting is refused before anything recurses") {
  for (const char* open :
       {"(", "[", "{", "f(", "-(", "[x for x in [", "if (", "if x then ", "x[", "for i in j { "}) {
    INFO(open);
    CHECK(kinds_of("y = " + repeat(open, 10'000)).find("nesting-too-deep") != std::string::npos);
  }
  for (const char* prefix : {"-", "not ", "2^", "if x then 1 else "}) {
    INFO(prefix);
    CHECK(kinds_of("y = " + repeat(prefix, 10'000) + "1") == "nesting-too-deep");
  }
  CHECK(kinds_of("y = f" + repeat("(1)", 10'000)) == "nesting-too-deep");
  CHECK(kinds_of("y = f" + repeat(".a", 10'000)) == "nesting-too-deep");
  survives("y = " + repeat("(1 + ", 190) + "1" + repeat(")", 190));
}

TEST_CASE("long flat text is no problem") {
  CHECK(kinds_of("y = 1" + repeat(" + x", 100'000)) == "");
  CHECK(kinds_of("y = [" + repeat("1, ", 20'000) + "]") == "");
  CHECK(kinds_of(repeat("print(1)\n", 5'000)) == "");
}

TEST_CASE("large files") {
  CHECK(kinds_of(repeat("x = 1\n", 900'000)) == "file-too-large");
  CHECK(kinds_of(std::string(10'000'000, 'x')) == "file-too-large");
  CHECK(kinds_of(std::string(4'000'000, '+')) == "file-too-large");  // too many symbols
  CHECK(kinds_of(std::string(4'000'000, ' ')) == "");
}

TEST_CASE("a flood of errors is cut short") {
  CHECK(Parsed(repeat("a @ ", 10'000)).sink.error_count() <= 100);
  CHECK(Parsed("model m {" + repeat("\nfoo x", 10'000) + "}").sink.error_count() <= 100);
  CHECK(Parsed(repeat(")", 10'000)).sink.error_count() <= 100);
}
