// Prints the derivation of every model of a file, for check_derive.py: print_derivations FILE
// [unicode|latex|hopf].
#include <fstream>
#include <iostream>
#include <sstream>

#include "derive_models.hpp"

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::ifstream file(argv[1]);
  std::stringstream text;
  text << file.rdbuf();
  const std::string wanted = argc > 2 ? argv[2] : "hopf";
  using hopf::expr::Style;
  const Style style = wanted == "latex"     ? Style::Latex
                      : wanted == "unicode" ? Style::Unicode
                                            : Style::Hopf;
  int failures = 0;
  for (const auto& derived : derive_test::derive_all(text.str())) {
    if (!derived->sink.sorted().empty()) std::cerr << derived->messages();
    if (!derived->equations) {
      ++failures;
      continue;
    }
    std::cout << "@model " << derived->model->name << '\n';
    for (const auto& step : derived->equations->steps) {
      std::cout << "@step " << step.field << '\n'
                << hopf::derive::render(*derived->model, step, style);
    }
    const auto step = hopf::derive::bellman(*derived->model, *derived->equations, 0.1);
    std::cout << "@step bellman\n" << hopf::derive::render(*derived->model, step, style);
  }
  return failures;
}
