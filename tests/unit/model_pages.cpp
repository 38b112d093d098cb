// The pages of the kinds that this phase reports: the wrong example gives the kind, the repaired
// one gives nothing.
#include <fstream>
#include <sstream>

#include "model_support.hpp"

using namespace hopf;

namespace {

/// The texts of the ```hopf blocks of a page.
std::vector<std::string> blocks(const std::string& kebab) {
  std::ifstream in(std::string(HOPF_SOURCE_DIR) + "/docs/errors/" + kebab + ".md");
  std::vector<std::string> all;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```")) {
      inside = line.starts_with("```hopf");
      if (inside) all.emplace_back();
    } else if (inside) {
      all.back() += line + "\n";
    }
  }
  return all;
}

/// Those that need a script, not only a model.
bool needs_script(const std::string& kebab) {
  return kebab == "unknown-parameter" || kebab == "override-shape";
}

}  // namespace

TEST_CASE("the pages of names, shapes and units are right") {
  for (const auto& kind : diagnostics::all_kinds()) {
    char range = kind.code[2];
    std::string kebab(kind.kebab);
    if (range < '2' || range > '4' || needs_script(kebab)) continue;
    auto examples = blocks(kebab);
    INFO(kebab);
    REQUIRE(examples.size() == 2);
    auto wrong = test::check(examples[0]);
    INFO(wrong->text());
    CHECK(wrong->kinds() == std::vector<std::string>{kebab});
    auto right = test::check(examples[1]);
    INFO(right->text());
    CHECK(right->kinds().empty());
  }
}
