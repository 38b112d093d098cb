// Names and numbers as a mathematician writes them.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "expr/print_parts.hpp"

namespace hopf::expr {

namespace {

struct Letter {
  std::string_view name, unicode;
};

constexpr std::array kGreek{
    Letter{"alpha", "α"},   Letter{"beta", "β"},  Letter{"gamma", "γ"},   Letter{"delta", "δ"},
    Letter{"epsilon", "ε"}, Letter{"eps", "ε"},   Letter{"zeta", "ζ"},    Letter{"eta", "η"},
    Letter{"theta", "θ"},   Letter{"iota", "ι"},  Letter{"kappa", "κ"},   Letter{"lambda", "λ"},
    Letter{"mu", "μ"},      Letter{"nu", "ν"},    Letter{"xi", "ξ"},      Letter{"rho", "ρ"},
    Letter{"sigma", "σ"},   Letter{"tau", "τ"},   Letter{"upsilon", "υ"}, Letter{"phi", "φ"},
    Letter{"chi", "χ"},     Letter{"psi", "ψ"},   Letter{"omega", "ω"},   Letter{"Gamma", "Γ"},
    Letter{"Delta", "Δ"},   Letter{"Theta", "Θ"}, Letter{"Lambda", "Λ"},  Letter{"Xi", "Ξ"},
    Letter{"Pi", "Π"},      Letter{"Sigma", "Σ"}, Letter{"Phi", "Φ"},     Letter{"Psi", "Ψ"},
    Letter{"Omega", "Ω"}};

constexpr std::array<std::string_view, 10> kSubscripts{"₀", "₁", "₂", "₃", "₄",
                                                       "₅", "₆", "₇", "₈", "₉"};
constexpr std::array<std::string_view, 10> kSuperscripts{"⁰", "¹", "²", "³", "⁴",
                                                         "⁵", "⁶", "⁷", "⁸", "⁹"};

const Letter* greek(std::string_view name) {
  for (const Letter& letter : kGreek) {
    if (letter.name == name || letter.unicode == name) return &letter;
  }
  return nullptr;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool all_digits(std::string_view text) {
  for (const char c : text) {
    if (!is_digit(c)) return false;
  }
  return !text.empty();
}

std::string subscript_digits(std::string_view digits) {
  std::string text;
  for (const char c : digits) text += kSubscripts[static_cast<std::size_t>(c - '0')];
  return text;
}

/// Pieces between commas that are not inside brackets.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> pieces;
  int depth = 0;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      pieces.push_back(text.substr(start, i - start));
      start = i + 1;
    } else if (text[i] == '[' || text[i] == '(') {
      ++depth;
    } else if (text[i] == ']' || text[i] == ')') {
      --depth;
    }
  }
  return pieces;
}

std::size_t letters(std::string_view word) {
  std::size_t count = 0;
  for (const char c : word) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

/// The command of a Greek letter.
std::string greek_command(const Letter& letter) {
  return letter.name == "eps" || letter.name == "epsilon" ? "\\varepsilon"
                                                          : "\\" + std::string(letter.name);
}

std::size_t character_size(unsigned char lead) {
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/// A word as LaTeX's mathematics takes it: θ̇ or é are no commands there, so what is neither ASCII,
/// Greek nor an index stands as text.
std::string latex_word(std::string_view word) {
  if (const Letter* letter = greek(word)) return greek_command(*letter);
  if (letters(word) == 1 && word.size() == 1) return word == "_" ? "\\_" : std::string(word);
  std::string text, upright;
  const auto flush = [&] {
    if (!upright.empty()) text += "\\mathrm{" + upright + "}";
    upright.clear();
  };
  for (std::size_t i = 0; i < word.size();) {
    const std::string_view c = word.substr(i, character_size(static_cast<unsigned char>(word[i])));
    i += c.size();
    const auto index = std::find(kSubscripts.begin(), kSubscripts.end(), c);
    if (c.size() == 1) {
      upright += c == "_" ? std::string("\\_") : std::string(c);
      continue;
    }
    flush();
    if (const Letter* letter = greek(c))
      text += greek_command(*letter);
    else if (index != kSubscripts.end())
      text += "{}_{" + std::to_string(index - kSubscripts.begin()) + "}";
    else
      text += "\\text{" + std::string(c) + "}";
  }
  flush();
  return text;
}

/// A word without indices: a Greek letter, a single letter, or an upright word in LaTeX.
std::string stem(std::string_view word, Style style) {
  if (style == Style::Latex) return latex_word(word);
  const Letter* letter = greek(word);
  return std::string(letter && style == Style::Unicode ? letter->unicode : word);
}

/// Indices in source form ("2", "1,2", "theta", "j=2") as one subscript.
std::string with_indices(const std::string& base, std::string_view indices, Style style) {
  const auto pieces = split(indices);
  if (style == Style::Latex) {
    std::string text;
    for (const auto piece : pieces) text += (text.empty() ? "" : ",") + print_name(piece, style);
    return base + "_{" + text + "}";
  }
  std::string text = base;
  bool wide = false, words = false;
  for (const auto piece : pieces) {
    const auto equals = piece.find('=');
    const auto value = equals == std::string_view::npos ? piece : piece.substr(equals + 1);
    wide = wide || value.size() > 1;
    words = words || !all_digits(value);
  }
  bool first = true;
  if (words) text += "_";
  for (const auto piece : pieces) {
    const auto equals = piece.find('=');
    const auto value = equals == std::string_view::npos ? piece : piece.substr(equals + 1);
    if (!first && (wide || words)) text += ",";
    first = false;
    text += words ? print_name(value, style) : subscript_digits(value);
  }
  return text;
}

std::string plain_name(std::string_view name, Style style) {
  if (all_digits(name)) return std::string(name);
  if (const auto open = name.find('['); open != std::string_view::npos && name.back() == ']') {
    const std::string base = print_name(name.substr(0, open), style);
    return with_indices(base, name.substr(open + 1, name.size() - open - 2), style);
  }
  if (const auto equals = name.find('='); equals != std::string_view::npos) {
    return print_name(name.substr(0, equals), style) + "=" + std::string(name.substr(equals + 1));
  }
  if (const auto bar = name.find('_');
      bar != std::string_view::npos && bar > 0 && bar + 1 < name.size()) {
    return with_indices(stem(name.substr(0, bar), style), name.substr(bar + 1), style);
  }
  std::size_t digits = name.size();
  while (digits > 0 && is_digit(name[digits - 1])) --digits;
  if (digits > 0 && digits < name.size()) {
    return with_indices(stem(name.substr(0, digits), style), name.substr(digits), style);
  }
  return stem(name, style);
}

/// d²q/dt² for d(q,t,t), a function of time alone.
std::string rate_name(const std::string& function, std::size_t order, Style style) {
  const std::string above = order_text(order, style);
  if (style != Style::Latex) return "d" + above + function + "/dt" + above;
  return "\\frac{\\mathrm{d}" + above + " " + function + "}{\\mathrm{d}t" + above + "}";
}

/// ∂²V/∂x∂y for D(V,x,y); repeated variables become powers: ∂²V/∂x².
std::string derivative_name(std::string_view name, Style style) {
  const auto pieces = split(name.substr(2, name.size() - 3));
  const std::size_t order = pieces.size() - 1;
  const std::string function = print_name(pieces[0], style);
  if (name[0] == 'd') return rate_name(function, order, style);
  const std::string below = differentials({pieces.begin() + 1, pieces.end()}, style);
  if (style != Style::Latex) return "∂" + order_text(order, style) + function + "/" + below;
  const std::string sign = "\\partial" + order_text(order, style) + " ";
  return "\\frac{" + sign + function + "}{" + below + "}";
}

}  // namespace

bool is_derivative_name(std::string_view name) {
  return (name.starts_with("D(") || name.starts_with("d(")) && name.ends_with(")") &&
         name.find(',') != std::string_view::npos;
}

std::string order_text(std::size_t order, Style style) {
  if (order == 1) return "";
  if (style == Style::Latex) return "^{" + std::to_string(order) + "}";
  return superscript(static_cast<std::int64_t>(order));
}

std::string differentials(const std::vector<std::string_view>& variables, Style style) {
  const bool latex = style == Style::Latex;
  std::string text;
  for (std::size_t i = 0; i < variables.size();) {
    std::size_t end = i;
    while (end < variables.size() && variables[end] == variables[i]) ++end;
    if (latex && i > 0) text += " ";
    text +=
        (latex ? "\\partial " : "∂") + print_name(variables[i], style) + order_text(end - i, style);
    i = end;
  }
  return text;
}

std::string print_name(std::string_view name, Style style) {
  if (style == Style::Hopf) return std::string(name);
  return is_derivative_name(name) ? derivative_name(name, style) : plain_name(name, style);
}

std::string superscript(std::int64_t n) {
  std::string text;
  for (const char c : std::to_string(n)) {
    text += c == '-' ? std::string_view("⁻") : kSuperscripts[static_cast<std::size_t>(c - '0')];
  }
  return text;
}

/// 2e-07 as 2·10⁻⁷ in mathematics.
static std::string power_of_ten(const std::string& text, Style style) {
  const auto e = text.find('e');
  if (style == Style::Hopf || e == std::string::npos) return text;
  const bool latex = style == Style::Latex;
  const std::int64_t exponent = std::stoll(text.substr(e + 1));
  const std::string mantissa = text.substr(0, e);
  const std::string power =
      latex ? "10^{" + std::to_string(exponent) + "}" : "10" + superscript(exponent);
  if (mantissa == "1") return power;
  return mantissa + (latex ? " \\cdot " : "·") + power;
}

std::string decimal_text(Rational r, Style style) {
  if (r.den == 1) return std::to_string(r.num);
  std::int64_t den = r.den;
  int twos = 0, fives = 0;
  for (; den % 2 == 0; den /= 2) ++twos;
  for (; den % 5 == 0; den /= 5) ++fives;
  // 1/1024 is clearer than 0.0009765625: a pure power of two is a decimal only while that is short.
  if (den != 1 || (fives == 0 && twos > 6)) return "";
  const double value = r.value();
  char text[64];
  const auto format =
      std::fabs(value) >= 1e-6 ? std::chars_format::fixed : std::chars_format::general;
  const std::string shortest(text, std::to_chars(text, text + sizeof text, value, format).ptr);
  const auto back = parse_decimal(shortest);
  return back && *back == r ? power_of_ten(shortest, style) : "";
}

std::string float_text(double value, Style style) {
  if (std::isnan(value)) return style == Style::Latex ? "\\mathrm{nan}" : "nan";
  if (std::isinf(value)) {
    const char* sign = value < 0 ? "-" : "";
    return sign + std::string(style == Style::Hopf      ? "inf"
                              : style == Style::Unicode ? "∞"
                                                        : "\\infty");
  }
  char buffer[64];
  std::string text(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
  // A large double must not read back as an integer literal.
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return power_of_ten(text, style);
}

}  // namespace hopf::expr
