#include "syntax/format.hpp"

#include <algorithm>

#include "base/overloaded.hpp"
#include "syntax/layout.hpp"
#include "syntax/line_writer.hpp"

namespace hopf::syntax {

namespace {

class Formatter {
 public:
  Formatter(const source::SourceSet& sources, const Ast& ast) : ast_(ast), lines_(sources, ast) {}

  std::string run() {
    items(ast_.items, 0);
    return lines_.finish();
  }

 private:
  // ---- statements

  void items(const std::vector<Item>& items, int indent) {
    bool after_model = false;
    for (const auto& item : items) {
      const bool model = std::holds_alternative<ModelItem>(item.value);
      lines_.before(item.span.begin, indent, !item.doc.empty(), model || after_model,
                    has_block(item) ? block_start(item) : item.span.begin);
      lines_.doc(item.doc, indent);
      if (!has_block(item) && comment_inside(item.span)) {
        keep(item.span, "", indent);
      } else {
        statement(item, indent);
      }
      after_model = model;
    }
  }

  static bool has_block(const Item& item) {
    return std::holds_alternative<ModelItem>(item.value) ||
           std::holds_alternative<ForItem>(item.value);
  }
  std::uint32_t block_start(const Item& item) const {
    if (const auto* model = std::get_if<ModelItem>(&item.value)) return model->name.span.end;
    return ast_[std::get<ForItem>(item.value).list].span.end;
  }

  bool comment_inside(const Span& span) const {
    return lines_.comment_between(span.begin, span.end);
  }
  /// `keyword`, and the text of `span` as it stands.
  void keep(const Span& span, const std::string& keyword, int indent) {
    const int column = indent + source::count_code_points(keyword);
    const auto end = lines_.end_with_comment(span.end);
    lines_.code(keyword + lines_.original(span.begin, end, column, indent), indent, end);
  }

  void statement(const Item& item, int indent) {
    std::visit(base::Overloaded{
                   [&](const ModelItem& x) { model(item, x, indent); },
                   [&](const ForItem& x) { loop(item, x, indent); },
                   [&](const auto& x) { lines_.code(text(x, indent), indent, item.span.end); }},
               item.value);
  }

  std::string text(const ImportItem& x, int) const {
    return "import " + (x.quoted ? string_literal(x.path) : x.path);
  }
  std::string text(const FunctionItem& x, int indent) const {
    std::string head = "fn " + x.name.text + "(";
    for (std::size_t i = 0; i < x.parameters.size(); ++i) {
      head += (i == 0 ? "" : ", ") + x.parameters[i].text;
    }
    return after(head + ") = ", x.body, indent);
  }
  std::string text(const AssignItem& x, int indent) const {
    return after(x.name.text + " = ", x.value, indent);
  }
  std::string text(const ExpressionItem& x, int indent) const { return after("", x.value, indent); }
  std::string text(const AssertItem& x, int indent) const {
    return after("assert ", x.condition, indent);
  }

  void loop(const Item& item, const ForItem& x, int indent) {
    const auto head = after("for " + x.variable.text + " in ", x.list, indent);
    lines_.code(head + " {", indent, block_start(item));
    items(x.body, indent + 2);
    lines_.close(item.span.end, indent);
  }

  void model(const Item& item, const ModelItem& x, int indent) {
    lines_.code("model " + x.name.text + " {", indent, x.name.span.end);
    const auto& ds = x.declarations;
    for (std::size_t i = 0; i < ds.size();) {
      std::size_t end = i + 1;
      while (end < ds.size() && ds[end].continues && ds[end].doc.empty() &&
             !lines_.comment_between(ds[end - 1].span.begin, ds[end].span.end)) {
        ++end;
      }
      declarations(ds, i, end, indent + 2);
      i = end;
    }
    lines_.close(item.span.end, indent);
  }

  // ---- declarations

  /// One line: the items first..end-1 after their keyword.
  void declarations(const std::vector<Declaration>& ds, std::size_t first, std::size_t end,
                    int indent) {
    const Span whole{ds[first].span.file, ds[first].span.begin, ds[end - 1].span.end};
    lines_.before(whole.begin, indent, !ds[first].doc.empty(), false, whole.begin);
    lines_.doc(ds[first].doc, indent);
    std::string out = std::visit([&](const auto& x) { return keyword(x); }, ds[first].value);
    if (comment_inside(whole)) return keep(whole, ds[first].continues ? out : "", indent);
    const int hanging = indent + source::count_code_points(out);
    int column = hanging;
    for (std::size_t i = first; i < end; ++i) {
      const bool more = i + 1 < end;
      const int reserved = more ? 1 : 0;
      auto piece = std::visit([&](const auto& x) { return item(x, column, indent); }, ds[i].value);
      const int needed = source::count_code_points(piece) + reserved;
      if (i > first && (column + needed > kColumns || piece.find('\n') != std::string::npos)) {
        while (out.back() == ' ') out.pop_back();
        out += "\n" + std::string(static_cast<std::size_t>(hanging), ' ');
        column = hanging;
        piece = std::visit([&](const auto& x) { return item(x, column, indent); }, ds[i].value);
      }
      out += piece + (more ? ", " : "");
      const auto last = piece.rfind('\n');
      column = last == std::string::npos
                   ? column + source::count_code_points(piece) + 2
                   : source::count_code_points(std::string_view(piece).substr(last + 1)) + 2;
    }
    lines_.code(out, indent, whole.end);
  }

  static std::string keyword(const ParamDecl&) { return "param "; }
  static std::string keyword(const StateDecl&) { return "state "; }
  static std::string keyword(const ControlDecl& x) {
    return x.disturbance ? "disturbance " : "control ";
  }
  static std::string keyword(const NoiseDecl&) { return "noise "; }
  static std::string keyword(const JumpDecl&) { return "jump "; }
  static std::string keyword(const MarkDecl&) { return "mark "; }
  static std::string keyword(const RegimeDecl&) { return "regime "; }
  static std::string keyword(const DensityDecl&) { return "density "; }
  static std::string keyword(const LetDecl&) { return "let "; }
  static std::string keyword(const DynamicsDecl& x) {
    return x.stratonovich ? "stratonovich " : "";
  }
  static std::string keyword(const CostDecl& x) {
    const char* words[] = {"lagrangian ", "reward ", "terminal "};
    return words[static_cast<int>(x.kind)];
  }
  static std::string keyword(const HorizonDecl&) { return "horizon "; }
  static std::string keyword(const DiscountDecl&) { return "discount "; }
  static std::string keyword(const UntilDecl&) { return "until "; }
  static std::string keyword(const StopDecl&) { return "stop pays "; }
  static std::string keyword(const SubjectDecl&) { return "subject to "; }
  static std::string keyword(const AverageDecl&) { return "average"; }
  static std::string keyword(const EndpointDecl& x) { return x.final ? "final " : "initial "; }

  std::string head(const Ident& name, const std::optional<NodeId>& count,
                   const std::optional<UnitExpr>& unit) const {
    return name.text + (count ? "[" + one_line(ast_, *count) + "]" : "") +
           (unit ? ": " + unit_text(*unit) : "");
  }
  /// `prefix` and an expression that may be broken; the prefix starts at `column`.
  std::string after(const std::string& prefix, NodeId id, int column, int indent) const {
    return prefix + fit(ast_, id, column + source::count_code_points(prefix), indent);
  }
  std::string after(const std::string& prefix, NodeId id, int indent) const {
    return after(prefix, id, indent, indent);
  }

  std::string item(const ParamDecl& x, int column, int indent) const {
    return after(head(x.name, {}, x.unit) + " = ", x.value, column, indent);
  }
  std::string item(const StateDecl& x, int column, int indent) const {
    auto out = head(x.name, x.count, x.unit);
    if (x.domain) out = after(out + " in ", *x.domain, column, indent);
    if (x.boundary != BoundaryKind::Default) out += std::string(" ") + word(x.boundary);
    if (x.absorb_value) out += "(" + one_line(ast_, *x.absorb_value) + ")";
    return out;
  }
  std::string item(const ControlDecl& x, int column, int indent) const {
    const auto out = head(x.name, x.count, x.unit);
    return x.set ? after(out + " in ", *x.set, column, indent) : out;
  }
  std::string item(const NoiseDecl& x, int column, int indent) const {
    const auto out = head(x.name, x.count, {});
    return x.correlation ? after(out + " correlated ", *x.correlation, column, indent) : out;
  }
  std::string item(const JumpDecl& x, int column, int indent) const {
    return after(x.name.text + " rate ", x.rate, column, indent);
  }
  std::string item(const MarkDecl& x, int column, int indent) const {
    return after(x.name.text + " = ", x.distribution, column, indent);
  }
  std::string item(const RegimeDecl& x, int column, int indent) const {
    return after(x.name.text + " in " + one_line(ast_, x.range) + " rates ", x.rates, column,
                 indent);
  }
  std::string item(const DensityDecl& x, int, int) const { return x.name.text; }
  std::string item(const LetDecl& x, int column, int indent) const {
    return after(x.name.text + " = ", x.value, column, indent);
  }
  std::string item(const DynamicsDecl& x, int column, int indent) const {
    std::string out = x.target.text + (x.prime ? "'" : "");
    for (std::size_t i = 0; i < x.indices.size(); ++i) {
      out += (i == 0 ? "[" : ", ") + one_line(ast_, x.indices[i]);
    }
    if (!x.indices.empty()) out += "]";
    out = after(out + " = ", x.value, column, indent);
    if (x.loop_variable) {
      out += " for " + x.loop_variable->text + " in " + one_line(ast_, *x.loop_range);
    }
    return out;
  }
  std::string item(const UntilDecl& x, int column, int indent) const {
    auto out = after("", x.condition, column, indent);
    return x.pay ? after(out + " pay ", *x.pay, column, indent) : out;
  }
  std::string item(const AverageDecl&, int, int) const { return ""; }
  std::string item(const CostDecl& x, int c, int i) const { return after("", x.value, c, i); }
  std::string item(const HorizonDecl& x, int c, int i) const { return after("", x.value, c, i); }
  std::string item(const DiscountDecl& x, int c, int i) const { return after("", x.value, c, i); }
  std::string item(const StopDecl& x, int c, int i) const { return after("", x.pays, c, i); }
  std::string item(const SubjectDecl& x, int c, int i) const {
    return after("", x.condition, c, i);
  }
  std::string item(const EndpointDecl& x, int c, int i) const {
    return after("", x.distribution, c, i);
  }

  const Ast& ast_;
  LineWriter lines_;
};

}  // namespace

std::string format(const source::SourceSet& sources, const Ast& ast) {
  return Formatter(sources, ast).run();
}

std::string format_expression(const Ast& ast, NodeId id) { return one_line(ast, id); }

}  // namespace hopf::syntax
