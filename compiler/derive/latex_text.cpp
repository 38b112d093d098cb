#include "derive/latex_text.hpp"

#include <array>
#include <string_view>

#include "expr/expr.hpp"

namespace hopf::derive {

namespace {

struct Sign {
  std::string_view text, latex;
};

/// What is set in mathematics; < and > are other characters in TeX's oldest encoding.
constexpr std::array kSigns{Sign{"∂", "\\partial{}"},
                            Sign{"·", "\\cdot{}"},
                            Sign{"√", "\\surd{}"},
                            Sign{"∞", "\\infty{}"},
                            Sign{"≤", "\\le{}"},
                            Sign{"≥", "\\ge{}"},
                            Sign{"∧", "\\land{}"},
                            Sign{"∨", "\\lor{}"},
                            Sign{"¬", "\\lnot{}"},
                            Sign{"∈", "\\in{}"},
                            Sign{"𝓛", "\\mathcal{L}"},
                            Sign{"π", "\\pi{}"},
                            Sign{"⌊", "\\lfloor{}"},
                            Sign{"⌋", "\\rfloor{}"},
                            Sign{"½", "\\tfrac{1}{2}"},
                            Sign{"<", "<"},
                            Sign{">", ">"},
                            Sign{"|", "|"},
                            Sign{"⁰", "{}^{0}"},
                            Sign{"¹", "{}^{1}"},
                            Sign{"²", "{}^{2}"},
                            Sign{"³", "{}^{3}"},
                            Sign{"⁴", "{}^{4}"},
                            Sign{"⁵", "{}^{5}"},
                            Sign{"⁶", "{}^{6}"},
                            Sign{"⁷", "{}^{7}"},
                            Sign{"⁸", "{}^{8}"},
                            Sign{"⁹", "{}^{9}"},
                            Sign{"⁻", "{}^{-}"}};

/// The characters that mean something to TeX in text.
std::string escaped(char c) {
  switch (c) {
    case '_':
    case '%':
    case '&':
    case '#':
    case '$':
    case '{':
    case '}':
      return std::string("\\") + c;
    case '^':
      return "\\^{}";
    case '~':
      return "\\~{}";
    case '\\':
      return "\\textbackslash{}";
    default:
      return std::string(1, c);
  }
}

std::size_t character_size(unsigned char lead) {
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/// The formula of one character, or nothing where it is text.
std::string formula_of(std::string_view character) {
  for (const Sign& sign : kSigns) {
    if (sign.text == character) return std::string(sign.latex);
  }
  if (character.size() == 1) return "";
  const std::string letter = expr::print_name(character, expr::Style::Latex);
  return letter.starts_with("\\text{") ? "" : letter + (letter.starts_with('\\') ? "{}" : "");
}

}  // namespace

std::string latex_text(const std::string& words) {
  std::string text;
  bool formula = false;
  for (std::size_t i = 0; i < words.size();) {
    const auto character =
        std::string_view(words).substr(i, character_size(static_cast<unsigned char>(words[i])));
    i += character.size();
    const std::string math = formula_of(character);
    if (math.empty() == formula) text += '$';
    formula = !math.empty();
    text += formula ? math : character.size() == 1 ? escaped(character[0]) : std::string(character);
  }
  return formula ? text + '$' : text;
}

}  // namespace hopf::derive
