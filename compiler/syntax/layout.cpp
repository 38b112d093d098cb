#include "syntax/layout.hpp"

#include <algorithm>

#include "base/overloaded.hpp"

namespace hopf::syntax {

namespace {

/// How tightly a node holds together; a child looser than its place needs parentheses.
enum Level { kIf, kOr, kAnd, kNot, kCompare, kRange, kSum, kProduct, kSign, kPower, kAtom };

Level level_of(ChainOp op) {
  switch (op) {
    case ChainOp::Or:
      return kOr;
    case ChainOp::And:
      return kAnd;
    case ChainOp::Add:
    case ChainOp::Sub:
      return kSum;
    default:
      return kProduct;
  }
}

Level level_of(const Node& node) {
  return std::visit(
      base::Overloaded{[](const Chain& x) { return level_of(x.ops[0]); },
                       [](const Compare&) { return kCompare; },
                       [](const Unary& x) { return x.op == UnaryOp::Not ? kNot : kSign; },
                       [](const Power&) { return kPower; }, [](const If&) { return kIf; },
                       [](const Range&) { return kRange; }, [](const auto&) { return kAtom; }},
      node.value);
}

const char* symbol(ChainOp op) {
  const char* symbols[] = {" + ", " - ", "*", "/", " and ", " or "};
  return symbols[static_cast<int>(op)];
}

const char* symbol(CompareOp op) {
  const char* symbols[] = {" < ", " <= ", " > ", " >= ", " == ", " != "};
  return symbols[static_cast<int>(op)];
}

int width(std::string_view text) { return source::count_code_points(text); }

/// Prints either on one line or with a break after each item of the outermost lists and at the
/// loosest operators. Recursion is bounded by the parser's limit on depth.
class Printer {
 public:
  Printer(const Ast& ast, int column, int indent) : ast_(ast), column_(column), indent_(indent) {}

  std::string run(NodeId id) {
    place(id, kIf);
    return std::move(out_);
  }

 private:
  void write(std::string_view text) {
    out_ += text;
    column_ += width(text);
  }
  void new_line(int indent) {
    while (!out_.empty() && out_.back() == ' ') out_.pop_back();
    out_ += "\n" + std::string(static_cast<std::size_t>(indent), ' ');
    column_ = indent;
  }

  void place(NodeId id, Level needed) {
    const bool parentheses = level_of(ast_[id]) < needed;
    if (parentheses) write("(");
    std::visit([&](const auto& node) { print(node); }, ast_[id].value);
    if (parentheses) write(")");
  }

  std::string flat(NodeId id) const { return one_line(ast_, id); }
  bool fits(int more) const { return indent_ < 0 || column_ + more <= kColumns; }

  void print(const Number& x) { write(x.written.empty() ? x.text : x.written); }
  void print(const String& x) { write(string_literal(x.value)); }
  void print(const Boolean& x) { write(x.value ? "true" : "false"); }
  void print(const Name& x) { write(x.text); }

  /// Operands of sums and conditions may begin a line, led by their operator.
  void print(const Chain& x) {
    const Level own = level_of(x.ops[0]);
    const Level inner = static_cast<Level>(own + 1);
    const bool breakable = own != kProduct && indent_ >= 0;
    place(x.operands[0], inner);
    for (std::size_t i = 0; i < x.ops.size(); ++i) {
      std::string_view op = symbol(x.ops[i]);
      if (breakable) {
        const int needed = width(op) + width(flat(x.operands[i + 1]));
        if (!fits(needed + 1)) {
          new_line(indent_ + 4);
          op.remove_prefix(1);
        }
      }
      write(op);
      place(x.operands[i + 1], inner);
    }
  }

  void print(const Compare& x) {
    place(x.operands[0], kRange);
    for (std::size_t i = 0; i < x.ops.size(); ++i) {
      write(symbol(x.ops[i]));
      place(x.operands[i + 1], kRange);
    }
  }

  void print(const Unary& x) {
    write(x.op == UnaryOp::Not ? "not " : x.op == UnaryOp::Negate ? "-" : "+");
    place(x.operand, x.op == UnaryOp::Not ? kNot : kSign);
  }

  void print(const Power& x) {
    place(x.base, kAtom);
    write("^");
    place(x.exponent, kSign);
  }

  void print(const If& x) {
    write("if ");
    place(x.condition, kIf);
    branch("then ", x.then);
    branch("else ", x.otherwise);
  }

  void branch(const char* word, NodeId id) {
    if (indent_ >= 0 && !fits(width(flat(id)) + 6)) {
      new_line(indent_ + 4);
    } else {
      write(" ");
    }
    write(word);
    place(id, kIf);
  }

  void print(const Call& x) {
    place(x.callee, kAtom);
    const auto size = x.arguments.size();
    items(
        "(", ")", size,
        [&](std::size_t i) {
          const Argument& a = x.arguments[i];
          return (a.name ? width(a.name->text) + 3 : 0) + width(flat(a.value));
        },
        [&](std::size_t i) {
          const Argument& a = x.arguments[i];
          if (a.name) write(a.name->text + " = ");
          place(a.value, kIf);
        });
  }

  void print(const Index& x) {
    place(x.base, kAtom);
    nodes("[", "]", x.indices);
  }

  void print(const Field& x) {
    place(x.base, kAtom);
    write("." + x.name.text);
  }

  void print(const Range& x) {
    place(x.first, kSum);
    write("..");
    place(x.last, kSum);
  }

  void print(const ListLiteral& x) { nodes("[", "]", x.items); }
  void print(const SetLiteral& x) { nodes("{", "}", x.items); }

  void print(const Record& x) {
    items(
        "{", "}", x.fields.size(),
        [&](std::size_t i) {
          return width(x.fields[i].name.text) + 2 + width(flat(x.fields[i].value));
        },
        [&](std::size_t i) {
          write(x.fields[i].name.text + ": ");
          place(x.fields[i].value, kIf);
        });
  }

  void print(const Comprehension& x) {
    if (x.list) write("[");
    place(x.body, kIf);
    write(" for " + x.variable.text + " in ");
    place(x.range, kIf);
    if (x.list) write("]");
  }

  void nodes(const char* open, const char* close, const std::vector<NodeId>& ids) {
    items(
        open, close, ids.size(), [&](std::size_t i) { return width(flat(ids[i])); },
        [&](std::size_t i) { place(ids[i], kIf); });
  }

  /// Fills lines with the items; a line that is full is broken after a comma.
  template <class Width, class Print>
  void items(const char* open, const char* close, std::size_t size, Width width_of, Print print) {
    write(open);
    const int saved = indent_;
    const int inner = std::min(column_, kColumns / 2);
    for (std::size_t i = 0; i < size; ++i) {
      if (i > 0) write(",");
      if (i > 0 && saved >= 0 && !fits(width_of(i) + 2)) {
        new_line(inner);
      } else if (i > 0) {
        write(" ");
      }
      if (saved >= 0) indent_ = inner;
      print(i);
      indent_ = saved;
    }
    write(close);
  }

  const Ast& ast_;
  std::string out_;
  int column_;
  int indent_;  // negative: never break
};

}  // namespace

std::string one_line(const Ast& ast, NodeId id) { return Printer(ast, 0, -1).run(id); }

std::string fit(const Ast& ast, NodeId id, int column, int indent) {
  auto text = one_line(ast, id);
  if (column + width(text) <= kColumns) return text;
  return Printer(ast, column, indent).run(id);
}

std::string unit_text(const UnitExpr& unit) {
  std::string out;
  for (const auto& factor : unit.factors) {
    int p = factor.numerator;
    const int q = factor.denominator;
    const bool divided = p < 0;
    if (divided) p = -p;
    if (out.empty() && divided) out = "1";
    if (!out.empty()) out += divided ? "/" : "*";
    out += factor.name.text;
    const auto power = std::to_string(p);
    if (q != 1) {
      out += "^(" + power + "/" + std::to_string(q) + ")";
    } else if (p != 1) {
      out += "^" + power;
    }
  }
  return out.empty() ? "1" : out;
}

std::string string_literal(const std::string& value) {
  std::string out = "\"";
  for (const char c : value) {
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      default:
        out += c;
    }
  }
  return out + "\"";
}

}  // namespace hopf::syntax
