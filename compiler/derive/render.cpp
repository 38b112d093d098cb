// Steps as text: a title, words, indented equations, notes and the source; Unicode, LaTeX (align)
// or Hopf style.
#include <fmt/format.h>

#include "derive/internal.hpp"
#include "derive/latex_text.hpp"
#include "expr/print_parts.hpp"

namespace hopf::derive {

using expr::Store;
using expr::Style;

namespace {

constexpr std::size_t kWidth = 96;
// A step that is longer than this, in nodes of its expressions, names what stands in it twice.
constexpr double kLongStep = 1500;
constexpr std::size_t kWorthAName = 6;  // nodes of a part that gets a name

class Renderer {
 public:
  Renderer(const model::Model& model, Style style)
      : model_(model), store_(*model.store), style_(style) {}

  void add(const Step& step) {
    if (!out_.empty()) out_ += '\n';
    title(step);
    paragraph(step.words, indent());
    parts_ = parts_of(step);
    if (style_ == Style::Hopf) definitions();
    if (!step.equations.empty()) equations(step.equations);
    if (style_ != Style::Hopf) definitions();
    parts_ = expr::SharedParts();
    for (const auto& matrix : step.matrices) add_matrix(matrix);
    for (const auto& note : step.notes) paragraph(note + ".", indent() + bullet());
    if (!step.source.empty()) source(step.source);
  }

  std::string take() { return std::move(out_); }

 private:
  std::string print(ExprId e) const {
    if (parts_.order.empty()) return expr::print(store_, e, style_);
    return expr::print_tree(store_, e, style_, &parts_.names, false);
  }

  /// What stands more than once in a step that would fill pages.
  expr::SharedParts parts_of(const Step& step) const {
    std::vector<ExprId> roots;
    for (const Equation& equation : step.equations) {
      roots.push_back(equation.right);
      if (equation.condition.valid()) roots.push_back(equation.condition);
      for (const NoiseTerm& term : equation.noise) roots.push_back(term.coefficient);
    }
    if (expr::written_nodes(store_, roots) <= kLongStep) return expr::SharedParts();
    return expr::shared_parts(store_, roots, kWorthAName);
  }

  /// The names of shared parts, each after those that it uses.
  void definitions() {
    if (parts_.order.empty()) return;
    std::vector<std::string> lines;
    for (const ExprId part : parts_.order)
      lines.push_back(expr::print_name(*parts_.names.find(part), style_) +
                      (style_ == Style::Latex ? " &= " : " = ") +
                      expr::print_tree(store_, part, style_, &parts_.names));
    if (style_ == Style::Hopf) {
      for (const std::string& line : lines) out_ += "let " + line + '\n';
      return;
    }
    paragraph("Here, for what occurs more than once:", indent());
    if (style_ == Style::Latex)
      out_ += "\\begin{align*}\n  " + join(lines, " \\\\\n  ") + "\n\\end{align*}\n";
    else
      for (const std::string& line : lines) out_ += "      " + line + '\n';
  }

  /// A number, also where its expression is a condition: 1 where that holds.
  std::string print_amount(ExprId e) const {
    const expr::Op op = store_.op(e);
    if (op < expr::Op::Less || op > expr::Op::Not) return print(e);
    if (style_ != Style::Latex) return "if " + print(e) + " then 1 else 0";
    return "\\begin{cases} 1 & \\text{if } " + print(e) +
           " \\\\ 0 & \\text{otherwise} \\end{cases}";
  }
  std::string name(const std::string& text) const { return print(store_.symbol(text)); }

  std::string indent() const {
    return style_ == Style::Hopf ? "// " : style_ == Style::Latex ? "" : "  ";
  }
  std::string bullet() const { return style_ == Style::Unicode ? "· " : ""; }

  void title(const Step& step) {
    if (style_ == Style::Latex)
      out_ += fmt::format("\\subsection*{{{}}}\n", latex_text(step.title));
    else if (style_ == Style::Hopf)
      out_ += fmt::format("// {}\n", step.title);
    else
      out_ += step.title + '\n';
  }

  void source(const std::string& source) {
    if (style_ == Style::Latex)
      out_ += fmt::format("\\emph{{{}}}\n", latex_text(source));
    else
      out_ += fmt::format("{}[{}]\n", indent(), source);
  }

  /// Words wrapped at the page width, later lines indented under the first.
  void paragraph(const std::string& words, const std::string& prefix) {
    if (words.empty()) return;
    const std::string text = style_ == Style::Latex ? latex_text(words) : words;
    const std::string hanging =
        style_ == Style::Hopf ? prefix : std::string(display_width(prefix), ' ');
    std::string line = prefix;
    bool empty = true;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find(' ', at), text.size());
      const std::string word = text.substr(at, end - at);
      if (!empty && display_width(line) + 1 + display_width(word) > kWidth) {
        out_ += line + '\n';
        line = hanging;
        empty = true;
      }
      line += (empty ? "" : " ") + word;
      empty = false;
      at = end + 1;
    }
    out_ += line + '\n';
  }

  static std::size_t display_width(const std::string& text) {
    std::size_t width = 0;
    for (unsigned char c : text) width += (c & 0xc0) != 0x80;
    return width;
  }

  void equations(const std::vector<Equation>& equations) {
    if (style_ == Style::Latex) {
      out_ += "\\begin{align*}\n";
      for (std::size_t i = 0; i < equations.size(); ++i) {
        out_ += "  " + one(equations[i], " &= ") + (i + 1 < equations.size() ? " \\\\\n" : "\n");
      }
      out_ += "\\end{align*}\n";
      return;
    }
    const std::string margin = style_ == Style::Unicode ? "      " : "";
    for (const auto& equation : equations) out_ += margin + one(equation, " = ") + '\n';
  }

  std::string one(const Equation& equation, const std::string& equals) const {
    return left(equation) + equals + right(equation) + where(equation);
  }

  std::string left(const Equation& equation) const {
    const std::string text = print(equation.left);
    const bool latex = style_ == Style::Latex;
    switch (equation.form) {
      case Equation::Form::Equals:
        return text;
      case Equation::Form::Rate:
        return latex ? "\\dot{" + text + "}" : text + "'";
      case Equation::Form::Differential:
        return latex ? "\\mathrm{d}" + text : "d" + text;
      case Equation::Form::Optimal:
        return latex ? text + "^{*}" : style_ == Style::Hopf ? text : text + "*";
      case Equation::Form::Generator:
        return latex                   ? "\\mathcal{L}" + text
               : style_ == Style::Hopf ? "L(" + text + ")"
                                       : "𝓛" + text;
    }
    return text;
  }

  std::string right(const Equation& equation) const {
    if (equation.form == Equation::Form::Differential) return differential(equation);
    if (style_ == Style::Hopf) return print_amount(equation.right);
    std::string prefix, suffix;
    for (int g : equation.over) {
      prefix += optimum(model_.groups[g]);
      suffix += style_ == Style::Latex ? " \\right\\}" : " }";
    }
    return prefix + print_amount(equation.right) + suffix;
  }

  static std::string kind_of(const model::Model& model, const model::ControlGroup& group) {
    return group.disturbance != model.reward ? "sup" : "inf";
  }

  /// "inf τ∈[-2, 2] { ", in Hopf source a comment: "inf over tau in [-2, 2]".
  std::string optimum(const model::ControlGroup& group) const {
    const std::string kind = kind_of(model_, group), set = set_of(group);
    if (style_ == Style::Hopf)
      return kind + " over " + group.name + (set.empty() ? "" : " in " + set);
    const std::string symbol = name(group.name);
    if (style_ == Style::Latex)
      return "\\" + kind + "_{" + symbol + (set.empty() ? "" : " \\in " + set) + "} \\left\\{ ";
    return kind + " " + symbol + (set.empty() ? "" : "∈" + set) + " { ";
  }

  std::string set_of(const model::ControlGroup& group) const {
    using Set = model::ControlGroup::Set;
    const bool latex = style_ == Style::Latex;
    switch (group.set) {
      case Set::Free:
        return "";
      case Set::Ball:
        return fmt::format(fmt::runtime(latex ? "\\mathrm{{ball}}({})" : "ball({})"),
                           number(group.radius));
      case Set::Simplex:
        return latex ? "\\mathrm{simplex}" : "simplex";
      case Set::Interval:
        return interval(model_.controls[group.components[0]]);
      case Set::Finite:
        break;
    }
    const std::string text = set_text(model_, group);
    return latex ? "\\{" + text.substr(1, text.size() - 2) + "\\}" : text;
  }

  std::string interval(const model::Control& control) const {
    return fmt::format("[{}, {}]", end(control.lo), end(control.hi));
  }
  std::string end(double value) const {
    const std::string text = number(value);
    if (style_ == Style::Hopf) return text;
    const std::string infinity = style_ == Style::Latex ? "\\infty" : "∞";
    return text == "inf" ? infinity : text == "-inf" ? "-" + infinity : text;
  }

  /// "f dt + g dw", in Hopf "f*dt + g*dw".
  std::string differential(const Equation& equation) const {
    std::vector<std::string> words;
    auto add = [&](ExprId coefficient, const std::string& differential) {
      if (store_.is_zero(coefficient)) return;
      const bool one = store_.is_one(coefficient);
      const bool sum =
          store_.op(coefficient) == expr::Op::Add || store_.op(coefficient) == expr::Op::Select;
      std::string text = one ? "" : print(coefficient);
      if (sum) text = style_ == Style::Latex ? "\\left(" + text + "\\right)" : "(" + text + ")";
      const std::string between = one                      ? ""
                                  : style_ == Style::Hopf  ? "*"
                                  : style_ == Style::Latex ? "\\,"
                                                           : " ";
      words.push_back(text + between + differential);
    };
    const std::string d = style_ == Style::Latex ? "\\mathrm{d}" : "d";
    add(equation.right, d + "t");
    for (const auto& term : equation.noise) add(term.coefficient, d + name(term.noise));
    return words.empty() ? "0" : join(words, " + ");
  }

  std::string where(const Equation& equation) const {
    std::string text = equation.where;
    if (style_ == Style::Latex) {
      if (text.empty()) return "";
      text = "\\text{" + latex_text(text) + (equation.condition.valid() ? " }" : "}");
      return " && " + text + (equation.condition.valid() ? print(equation.condition) : "");
    }
    if (equation.condition.valid()) text += " " + print(equation.condition);
    for (int g : style_ == Style::Hopf ? equation.over : std::vector<int>())
      text += (text.empty() ? "" : ", ") + optimum(model_.groups[g]);
    if (text.empty()) return "";
    return (style_ == Style::Hopf ? "  // " : "    ") + text;
  }

  void add_matrix(const Matrix& matrix) {
    const std::string name = expr::print_name(matrix.name, style_);
    std::vector<std::string> rows;
    for (int i = 0; i < matrix.rows; ++i) {
      std::vector<std::string> row;
      for (int j = 0; j < matrix.columns; ++j)
        row.push_back(number(matrix.entries[static_cast<std::size_t>(i * matrix.columns + j)]));
      rows.push_back(style_ == Style::Latex ? join(row, " & ") : "[" + join(row, ", ") + "]");
    }
    if (style_ == Style::Latex) {
      out_ +=
          "\\[ " + name + " = \\begin{bmatrix} " + join(rows, " \\\\ ") + " \\end{bmatrix} \\]\n";
      return;
    }
    const std::string margin = style_ == Style::Unicode ? "      " : "";
    std::string text = margin + name + " = [" + join(rows, ", ") + "]";
    if (text.size() > kWidth) {
      const std::string hanging(margin.size() + display_width(name) + 4, ' ');
      text = margin + name + " = [" + join(rows, ",\n" + hanging) + "]";
    }
    out_ += text + '\n';
  }

  const model::Model& model_;
  Store& store_;
  Style style_;
  expr::SharedParts parts_;  // of the step that is being written
  std::string out_;
};

/// A step that stands alone brings the abbreviations that it mentions.
Step with_definitions(const Store& store, const Equations& eqs, Step step) {
  const Step* definitions = eqs.find("abbreviations");
  if (!definitions || definitions->field == step.field) return step;
  for (auto let = definitions->equations.rbegin(); let != definitions->equations.rend(); ++let) {
    if (mentions(store, step, store.symbol_of(let->left))) step.equations.push_back(*let);
  }
  return step;
}

}  // namespace

std::string render(const model::Model& model, const Equations& eqs, Style style,
                   const std::string& field) {
  Renderer renderer(model, style);
  for (const auto& step : eqs.steps) {
    if (field.empty())
      renderer.add(step);
    else if (step.field == field)
      renderer.add(with_definitions(*model.store, eqs, step));
  }
  return renderer.take();
}

std::string render(const model::Model& model, const Step& step, Style style) {
  Renderer renderer(model, style);
  renderer.add(step);
  return renderer.take();
}

}  // namespace hopf::derive
