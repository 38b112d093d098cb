// Every kind has a code of its own, a page that explains it, and an input that causes it.
#include <filesystem>
#include <set>

#include "diagnostics/diagnostic.hpp"
#include "test.hpp"

using namespace hopf::diagnostics;

TEST_CASE("names and codes are unique and well-formed") {
  std::set<std::string_view> names, codes;
  for (const auto& kind : all_kinds()) {
    INFO(kind.kebab << " " << kind.code);
    CHECK(names.insert(kind.kebab).second);
    CHECK(codes.insert(kind.code).second);
    CHECK(kind.code.size() == 5);
    CHECK(kind.code[0] == (kind.severity == Severity::Error ? 'E' : 'W'));
    CHECK(kind.kebab.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
          std::string::npos);
    CHECK_FALSE(kind.summary.empty());
    CHECK(find_kind(kind.kebab) == kind.kind);
    CHECK(find_kind(kind.code) == kind.kind);
  }
  CHECK(all_kinds().size() >= 60);
  CHECK_FALSE(find_kind("no-such-kind"));
}

TEST_CASE("every kind has its page and its input") {
  const std::filesystem::path root = HOPF_SOURCE_DIR;
  // Its input has four million bytes: unit/syntax_robustness.cpp makes one.
  // No input causes the other two: unit/driver_session.cpp does it through the program's own
  // functions.
  // What stands around the command causes the last two: tests/security.py.
  const std::set<std::string_view> without_input{
      "file-too-large", "out-of-memory", "internal-fault", "unknown-processor", "untrusted-cache"};
  for (const auto& kind : all_kinds()) {
    const std::string name(kind.kebab);
    INFO(name);
    CHECK(std::filesystem::exists(root / "docs/errors" / (name + ".md")));
    if (without_input.count(kind.kebab) > 0) continue;
    // A warning alone does not make a file fail, so its input may be called warn_.
    const auto input = [&](const char* prefix) {
      return std::filesystem::exists(root / "tests/diagnostics" / (prefix + name + ".hopf"));
    };
    CHECK((input("fail_") || (kind.severity == Severity::Warning && input("warn_"))));
  }
}
