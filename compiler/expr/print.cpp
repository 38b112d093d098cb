// Expressions as Hopf source, Unicode mathematics or LaTeX, with an explicit stack instead of
// recursion.
//
// A node is laid out as a list of pieces: literal text, and operands with the precedence that they
// need to do without parentheses. Signs travel with the pieces, so that a - b*(c - d) never shows a
// "+ -".
#include <algorithm>
#include <cmath>

#include "expr/op_info.hpp"
#include "expr/print_parts.hpp"
#include "expr/store_impl.hpp"
#include "expr/traverse.hpp"

namespace hopf::expr {

namespace {

// How many levels of sums inside products are looked through for signs: a bound on the work.
constexpr int kTurnsWithin = 3;

enum Precedence : int { kLowest, kOr, kAnd, kNot, kCompare, kSum, kProduct, kPower, kAtom };

struct Piece {
  std::string text;  // when `e` is invalid
  ExprId e;
  int needs = kLowest;   // parentheses when the operand binds less tightly
  bool negated = false;  // print -e
  bool truth = false;    // a condition is wanted, not a number
};

struct Layout {
  std::vector<Piece> pieces;
  int precedence = kAtom;

  void text(std::string_view t) { pieces.push_back({std::string(t)}); }
  void operand(ExprId e, int needs, bool negated = false) {
    pieces.push_back({"", e, needs, negated});
  }
  void condition(ExprId e, int needs) { pieces.push_back({"", e, needs, false, true}); }
};

class Printer {
 public:
  Printer(const Store& store, Style style, const Names* names)
      : store_(store), impl_(StoreAccess::impl(store)), style_(style), names_(names) {}

  std::string operator()(ExprId root, bool whole = true) {
    std::string out;
    std::vector<Piece> stack{{"", root, kLowest, false, true}};
    skip_name_of_ = whole ? root : ExprId();
    while (!stack.empty()) {
      const Piece piece = std::move(stack.back());
      stack.pop_back();
      if (!piece.e.valid()) {
        out += piece.text;
        continue;
      }
      const bool counted = !piece.truth && is_truth(piece.e) && !named(piece.e);
      Layout layout = counted ? as_number(piece.e, piece.negated) : lay_out(piece.e, piece.negated);
      const bool wrap = layout.precedence < piece.needs;
      if (wrap) stack.push_back({style_ == Style::Latex ? "\\right)" : ")"});
      for (std::size_t i = layout.pieces.size(); i-- > 0;)
        stack.push_back(std::move(layout.pieces[i]));
      if (wrap) out += style_ == Style::Latex ? "\\left(" : "(";
    }
    return out;
  }

 private:
  bool hopf() const { return style_ == Style::Hopf; }
  bool latex() const { return style_ == Style::Latex; }
  bool named(ExprId e) const { return names_ && e != skip_name_of_ && names_->contains(e); }

  Layout lay_out(ExprId e, bool negated) const {
    if (named(e)) return leaf(print_name(*names_->find(e), style_), negated);
    switch (store_.op(e)) {
      case Op::Number:
        return number(*store_.rational_value(e), negated);
      case Op::Float:
      case Op::Infinity:
        return floating(*store_.constant_value(e) * (negated ? -1 : 1));
      case Op::Pi:
        return leaf(hopf() ? "pi" : latex() ? "\\pi" : "π", negated);
      case Op::Symbol:
        return symbol(e, negated);
      case Op::Add:
        return sum(e, negated);
      case Op::Mul:
      case Op::Pow:
        return product(e, negated);
      default:
        break;
    }
    if (negated) {
      Layout layout;
      layout.text("-");
      layout.operand(e, kProduct);
      layout.precedence = kSum;
      return layout;
    }
    return other(e);
  }

  bool is_truth(ExprId e) const {
    const Op op = store_.op(e);
    return op >= Op::Less && op <= Op::Not;
  }

  /// A condition where a number is wanted is 1 or 0.
  Layout as_number(ExprId e, bool negated) const {
    return cases(e, impl_.one, impl_.zero, negated);
  }

  Layout leaf(std::string text, bool negated) const {
    Layout layout;
    layout.text((negated ? "-" : "") + text);
    layout.precedence = negated ? kSum : kAtom;
    return layout;
  }

  Layout symbol(ExprId e, bool negated) const {
    const std::string& name = store_.name(store_.symbol_of(e));
    Layout layout = leaf(print_name(name, style_), negated);
    // ∂V/∂x is a quotient to the eye.
    if (!negated && !hopf() && is_derivative_name(name)) layout.precedence = kProduct;
    return layout;
  }

  Layout number(Rational r, bool negated) const {
    if (negated) r.num = -r.num;
    const bool minus = r.num < 0;
    Rational size{minus ? -r.num : r.num, r.den};
    Layout layout;
    std::string text = decimal_text(size, style_);
    if (!hopf() && size == Rational{1, 2}) text = latex() ? "\\frac{1}{2}" : "½";
    if (text.empty()) {
      const std::string num = std::to_string(size.num), den = std::to_string(size.den);
      text = latex() ? "\\frac{" + num + "}{" + den + "}" : num + "/" + den;
      if (!latex()) layout.precedence = kProduct;
    }
    layout.text((minus ? "-" : "") + text);
    if (minus) layout.precedence = kSum;
    return layout;
  }

  Layout floating(double value) const {
    Layout layout;
    layout.text(float_text(value, style_));
    layout.precedence = std::signbit(value) ? kSum : kAtom;
    return layout;
  }

  // ---- sums

  /// Whether -r*sum reads better as r*(-sum), with fewer minus signs.
  bool turns(ExprId sum, int depth) const {
    int kept = 1, turned = 0;
    for (const ExprId term : store_.args(sum)) {
      kept += shows_minus(term, false, depth);
      turned += shows_minus(term, true, depth);
    }
    return turned < kept;
  }

  double coefficient_of(ExprId e) const {
    if (const auto value = numeric_value(impl_, e)) return value->value();
    return coefficient(impl_, e).value();
  }

  /// The factor of -r*(S - K) that turns around to show r*(K - S), if there is one.
  ExprId turning_factor(ExprId product, int depth = kTurnsWithin) const {
    if (store_.op(product) != Op::Mul || named(product) || depth == 0) return ExprId();
    for (const ExprId factor : store_.args(product)) {
      if (store_.op(factor) == Op::Add && !named(factor) && turns(factor, depth - 1)) return factor;
    }
    return ExprId();
  }

  /// Whether e (or -e) is shown with a minus sign in front.
  bool shows_minus(ExprId e, bool negated, int depth = kTurnsWithin) const {
    if (named(e)) return negated;
    const bool negative = (coefficient_of(e) < 0) != negated;
    return negative && !turning_factor(e, depth).valid();
  }

  Layout sum(ExprId e, bool negated) const {
    const auto args = store_.args(e);
    std::vector<ExprId> terms(args.begin(), args.end());
    sort_terms(store_, terms);
    // -a + b reads b - a.
    if (shows_minus(terms[0], negated)) {
      std::stable_partition(terms.begin(), terms.end(),
                            [&](ExprId t) { return !shows_minus(t, negated); });
    }
    Layout layout;
    layout.precedence = kSum;
    bool first = true;
    for (const ExprId term : terms) {
      const bool minus = shows_minus(term, negated);
      layout.text(minus ? (first ? "-" : " - ") : (first ? "" : " + "));
      layout.operand(term, kProduct, negated != minus);
      first = false;
    }
    return layout;
  }

  // ---- products and powers

  struct Fraction {
    bool minus = false;
    std::string number;                // leading coefficient, empty for 1
    std::string below_number;          // integer under the bar, empty for 1
    std::vector<ExprId> above, below;  // `below` holds powers with a negative exponent
    ExprId turned;                     // this factor is shown negated
  };

  Fraction fraction(ExprId e, bool negated) const {
    Fraction result;
    Numeric scale = coefficient(impl_, e);
    if (negated) scale = -scale;
    std::vector<ExprId> factors{e};
    if (store_.op(e) == Op::Mul) {
      const auto args = store_.args(e);
      factors.assign(args.begin(), args.end());
      if (numeric_value(impl_, factors[0])) factors.erase(factors.begin());
    }
    if (scale.value() < 0) {
      scale = -scale;
      result.turned = turning_factor(e);
      result.minus = !result.turned.valid();
    }
    sort_factors(store_, factors);
    for (const ExprId factor : factors) {
      (is_divisor(factor) ? result.below : result.above).push_back(factor);
    }
    set_numbers(scale, result);
    return result;
  }

  bool is_divisor(ExprId factor) const {
    if (store_.op(factor) != Op::Pow || named(factor)) return false;
    const auto exponent = store_.rational_value(store_.args(factor)[1]);
    return exponent && exponent->num < 0;
  }

  void set_numbers(const Numeric& scale, Fraction& result) const {
    if (!scale.exact) {
      result.number = float_text(scale.value(), style_);
      return;
    }
    const bool is_half = scale.r == Rational{1, 2};
    std::string decimal = decimal_text(scale.r, style_);
    if (latex() && is_half) decimal = result.below.empty() ? "\\frac{1}{2}" : "";
    if (style_ == Style::Unicode && is_half) decimal = "½";
    if (!decimal.empty()) {
      if (!scale.is(1)) result.number = decimal;
      return;
    }
    if (scale.r.num != 1) result.number = std::to_string(scale.r.num);
    result.below_number = std::to_string(scale.r.den);
  }

  Layout product(ExprId e, bool negated) const {
    const Fraction parts = fraction(e, negated);
    Layout layout;
    if (parts.minus) layout.text("-");
    const bool quotient = !parts.below.empty() || !parts.below_number.empty();
    if (!quotient && parts.number.empty() && parts.above.size() == 1) {
      power(layout, parts.above[0], false, kProduct, parts.turned);
      layout.precedence = parts.minus ? kSum : power_precedence(parts.above[0]);
      return layout;
    }
    if (latex() && quotient) layout.text("\\frac{");
    factors(layout, parts.number, parts.above, false, parts.turned);
    if (quotient) {
      const bool several = parts.below.size() + !parts.below_number.empty() > 1;
      layout.text(latex() ? "}{" : several ? "/(" : "/");
      factors(layout, parts.below_number, parts.below, true, ExprId());
      if (latex() || several) layout.text(latex() ? "}" : ")");
    }
    layout.precedence = parts.minus ? kSum : kProduct;
    return layout;
  }

  void factors(Layout& layout, const std::string& number, const std::vector<ExprId>& items,
               bool inverted, ExprId turned) const {
    if (!number.empty() || items.empty()) layout.text(number.empty() ? "1" : number);
    bool first = number.empty();
    std::vector<ExprId> roots;
    for (const ExprId item : items) {
      if (is_numeric_root(item)) roots.push_back(item);
    }
    const std::string radical = merged_root(roots);
    // Alone above or below a bar of LaTeX, a sum needs no parentheses.
    const int needs = latex() && number.empty() && items.size() == 1 ? kLowest : kPower;
    for (const ExprId item : items) {
      const bool merged = !radical.empty() && is_numeric_root(item);
      if (merged && item != roots[0]) continue;
      if (!first) layout.text(separator(item));
      first = false;
      if (merged)
        layout.text(radical);
      else
        power(layout, item, inverted, needs, turned);
    }
  }

  std::string separator(ExprId next) const {
    if (!latex()) return hopf() ? "*" : "·";
    const ExprId base = store_.op(next) == Op::Pow ? store_.args(next)[0] : next;
    return store_.constant_value(base) && store_.op(base) != Op::Pi ? " \\cdot " : " ";
  }

  // sqrt(2)*sqrt(3) is kept split into primes and shown as sqrt(6).
  bool is_numeric_root(ExprId e) const {
    if (store_.op(e) != Op::Pow) return false;
    const auto args = store_.args(e);
    const auto base = store_.rational_value(args[0]);
    return base && base->den == 1 && base->num > 0 && args[1] == impl_.half;
  }

  std::string merged_root(const std::vector<ExprId>& roots) const {
    if (roots.size() < 2) return "";
    std::optional<Rational> radicand = Rational{1, 1};
    for (const ExprId root : roots) {
      radicand = times(*radicand, *store_.rational_value(store_.args(root)[0]));
      if (!radicand) return "";
    }
    const std::string digits = std::to_string(radicand->num);
    return hopf() ? "sqrt(" + digits + ")" : latex() ? "\\sqrt{" + digits + "}" : "√" + digits;
  }

  int power_precedence(ExprId e) const {
    if (store_.op(e) != Op::Pow || named(e)) return kProduct;
    return store_.args(e)[1] == impl_.half ? kAtom : kPower;
  }

  /// One factor: base^exponent, or base^-exponent below a bar.
  void power(Layout& layout, ExprId e, bool inverted, int needs, ExprId turned) const {
    if (store_.op(e) != Op::Pow || named(e)) {
      const bool derivative =
          (store_.op(e) == Op::Symbol || store_.op(e) == Op::Derivative) && !inverted;
      layout.operand(e, derivative ? std::min<int>(needs, kProduct) : needs, e == turned);
      return;
    }
    const ExprId base = store_.args(e)[0], exponent = store_.args(e)[1];
    auto r = store_.rational_value(exponent);
    if (r && inverted) r->num = -r->num;
    if (r && *r == Rational{1, 1}) return layout.operand(base, needs);
    if (r && *r == Rational{1, 2}) return root(layout, base);
    if (r && r->den == 1 && r->num > 0 && !hopf() && is_call(base))
      return power_of_call(layout, base, r->num);
    layout.operand(base, kAtom);
    if (r)
      fixed_exponent(layout, *r);
    else
      general_exponent(layout, exponent);
  }

  void root(Layout& layout, ExprId base) const {
    if (latex()) {
      layout.text("\\sqrt{");
      layout.operand(base, kLowest);
      return layout.text("}");
    }
    if (style_ == Style::Unicode) {
      layout.text("√");
      return layout.operand(base, kAtom);
    }
    layout.text("sqrt(");
    layout.operand(base, kLowest);
    layout.text(")");
  }

  void fixed_exponent(Layout& layout, Rational r) const {
    const std::string plain =
        std::to_string(r.num) + (r.den == 1 ? "" : "/" + std::to_string(r.den));
    if (latex()) return layout.text("^{" + plain + "}");
    if (style_ == Style::Unicode && r.den == 1) return layout.text(superscript(r.num));
    const std::string decimal = hopf() ? decimal_text(r, style_) : r.den == 1 ? plain : "";
    const bool bare = !decimal.empty() && decimal[0] != '-';
    layout.text(bare ? "^" + decimal : "^(" + plain + ")");
  }

  void general_exponent(Layout& layout, ExprId exponent) const {
    layout.text(latex() ? "^{" : "^");
    layout.operand(exponent, latex() ? kLowest : kAtom);
    if (latex()) layout.text("}");
  }

  bool is_call(ExprId e) const {
    const Op op = store_.op(e);
    return !named(e) && op >= Op::Sin && op <= Op::Log && op != Op::Atan2 && op != Op::Exp;
  }

  /// sin²(x).
  void power_of_call(Layout& layout, ExprId call, std::int64_t n) const {
    const OpInfo& row = info(store_.op(call));
    layout.text(latex() ? row.latex : row.unicode);
    layout.text(latex() ? "^{" + std::to_string(n) + "}\\left(" : superscript(n) + "(");
    layout.operand(store_.args(call)[0], kLowest);
    layout.text(latex() ? "\\right)" : ")");
  }

  // ---- calls and conditions

  Layout other(ExprId e) const {
    switch (store_.op(e)) {
      case Op::Less:
      case Op::LessEqual:
      case Op::Equal:
        return infix(e, kCompare);
      case Op::And:
        return infix(e, kAnd);
      case Op::Or:
        return infix(e, kOr);
      case Op::Not:
        return negation(e);
      case Op::Select:
        return cases(store_.args(e)[0], store_.args(e)[1], store_.args(e)[2], false);
      case Op::Choose:
        return entry(e);
      case Op::Derivative:
        return derivative(e);
      case Op::Abs:
        if (!hopf()) return bracketed(e, latex() ? "\\left|" : "|", latex() ? "\\right|" : "|");
        break;
      case Op::Floor:
        if (latex()) return bracketed(e, "\\lfloor ", "\\rfloor ");
        if (!hopf()) return bracketed(e, "⌊", "⌋");
        break;
      case Op::Exp:
        if (latex()) return bracketed(e, "e^{", "}");
        break;
      default:
        break;
    }
    return call(e);
  }

  std::string_view text_of(Op op) const {
    const OpInfo& row = info(op);
    return hopf() ? row.hopf : latex() ? row.latex : row.unicode;
  }

  /// Operands in source order, or in reading order where the order does not matter.
  std::vector<ExprId> operands(ExprId e) const {
    std::vector<ExprId> args(store_.args(e).begin(), store_.args(e).end());
    const Op op = store_.op(e);
    if (op == Op::Min || op == Op::Max || op == Op::And || op == Op::Or || op == Op::Equal) {
      sort_factors(store_, args);
    }
    return args;
  }

  Layout call(ExprId e) const {
    Layout layout;
    layout.text(text_of(store_.op(e)));
    layout.text(latex() ? "\\left(" : "(");
    bool first = true;
    for (const ExprId argument : operands(e)) {
      if (!first) layout.text(", ");
      first = false;
      layout.operand(argument, kLowest);
    }
    layout.text(latex() ? "\\right)" : ")");
    return layout;
  }

  Layout bracketed(ExprId e, std::string_view open, std::string_view close) const {
    Layout layout;
    layout.text(open);
    layout.operand(store_.args(e)[0], kLowest);
    layout.text(close);
    return layout;
  }

  Layout infix(ExprId e, int precedence) const {
    Layout layout;
    layout.precedence = precedence;
    const std::string glue = " " + std::string(text_of(store_.op(e))) + " ";
    bool first = true;
    for (const ExprId argument : operands(e)) {
      if (!first) layout.text(glue);
      first = false;
      const bool truth = precedence != kCompare;
      layout.pieces.push_back({"", argument, precedence + 1, false, truth});
    }
    return layout;
  }

  Layout negation(ExprId e) const {
    Layout layout;
    layout.precedence = kNot;
    layout.text(hopf() ? "not " : latex() ? "\\lnot " : "¬");
    layout.condition(store_.args(e)[0], hopf() ? kCompare : kAtom);
    return layout;
  }

  Layout cases(ExprId condition, ExprId then, ExprId otherwise, bool negated) const {
    Layout layout;
    layout.precedence = latex() ? kAtom : kLowest;
    layout.text(latex() ? "\\begin{cases} " : "if ");
    if (latex()) {
      layout.operand(then, kOr, negated);
      layout.text(" & \\text{if } ");
      layout.condition(condition, kOr);
    } else {
      layout.condition(condition, kOr);
      layout.text(" then ");
      layout.operand(then, kOr, negated);
    }
    layout.text(latex() ? " \\\\ " : " else ");
    layout.operand(otherwise, kLowest, negated);
    if (latex()) layout.text(" & \\text{otherwise} \\end{cases}");
    return layout;
  }

  /// choose(j, a, b), entry j of a list.
  Layout entry(ExprId e) const {
    const auto args = store_.args(e);
    Layout layout;
    layout.text(latex() ? "\\left[" : "[");
    for (std::size_t i = 1; i < args.size(); ++i) {
      if (i > 1) layout.text(", ");
      layout.operand(args[i], kLowest);
    }
    layout.text(latex() ? "\\right]_{" : hopf() ? "][" : "]_");
    layout.operand(args[0], hopf() || latex() ? kLowest : kAtom);
    if (!hopf() && !latex()) return layout;
    layout.text(latex() ? "}" : "]");
    return layout;
  }

  /// An unevaluated derivative of an expression: D(e, x), ∂(e)/∂x.
  Layout derivative(ExprId e) const {
    const auto args = store_.args(e);
    Layout layout;
    if (hopf()) return call(e);
    std::vector<std::string_view> variables;
    for (const ExprId variable : args.subspan(1)) {
      variables.push_back(store_.name(store_.symbol_of(variable)));
    }
    const std::string power = order_text(variables.size(), style_);
    const std::string below = differentials(variables, style_);
    if (latex()) {
      layout.text("\\frac{\\partial" + power + "}{" + below + "}\\left(");
      layout.operand(args[0], kLowest);
      layout.text("\\right)");
      return layout;
    }
    layout.precedence = kProduct;
    layout.text("∂" + power + "(");
    layout.operand(args[0], kLowest);
    layout.text(")/" + below);
    return layout;
  }

  const Store& store_;
  const Store::Impl& impl_;
  Style style_;
  const Names* names_;
  ExprId skip_name_of_;
};

}  // namespace

std::string print_tree(const Store& store, ExprId e, Style style, const Names* names,
                       bool defines) {
  if (const auto& watch = StoreAccess::impl(store).watch) watch();
  return Printer(store, style, names)(e, defines);
}

}  // namespace hopf::expr
