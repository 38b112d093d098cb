#include "syntax/print.hpp"

#include "base/overloaded.hpp"
#include "syntax/layout.hpp"

namespace hopf::syntax {

namespace {

const char* name(ChainOp op) {
  const char* names[] = {"+", "-", "*", "/", "and", "or"};
  return names[static_cast<int>(op)];
}

const char* name(CompareOp op) {
  const char* names[] = {"<", "<=", ">", ">=", "==", "!="};
  return names[static_cast<int>(op)];
}

class Dumper {
 public:
  explicit Dumper(const Ast& ast) : ast_(ast) {}

  std::string run() {
    for (const auto& item : ast_.items) statement(item, 0);
    return std::move(out_);
  }

  std::string text(NodeId id) const {
    return std::visit([&](const auto& node) { return text(node); }, ast_[id].value);
  }

 private:
  // ---- expressions; recursion is bounded by the parser's limit on depth

  std::string text(const Number& x) const { return x.text; }
  std::string text(const String& x) const { return string_literal(x.value); }
  std::string text(const Boolean& x) const { return x.value ? "true" : "false"; }
  std::string text(const Name& x) const { return x.text; }
  std::string text(const Chain& x) const { return operators(x.operands, x.ops); }
  std::string text(const Compare& x) const { return operators(x.operands, x.ops); }
  std::string text(const Unary& x) const {
    const char* names[] = {"-", "+", "not"};
    return std::string("(") + names[static_cast<int>(x.op)] + " " + text(x.operand) + ")";
  }
  std::string text(const Power& x) const {
    return "(^ " + text(x.base) + " " + text(x.exponent) + ")";
  }
  std::string text(const If& x) const {
    return "(if " + text(x.condition) + " " + text(x.then) + " " + text(x.otherwise) + ")";
  }
  std::string text(const Call& x) const {
    std::string out = "(call " + text(x.callee);
    for (const auto& a : x.arguments) {
      out += a.name ? " " + a.name->text + ":" + text(a.value) : " " + text(a.value);
    }
    return out + ")";
  }
  std::string text(const Index& x) const { return "(index " + text(x.base) + all(x.indices) + ")"; }
  std::string text(const Field& x) const {
    return "(field " + text(x.base) + " " + x.name.text + ")";
  }
  std::string text(const Range& x) const {
    return "(range " + text(x.first) + " " + text(x.last) + ")";
  }
  std::string text(const ListLiteral& x) const { return "(list" + all(x.items) + ")"; }
  std::string text(const SetLiteral& x) const { return "(set" + all(x.items) + ")"; }
  std::string text(const Record& x) const {
    std::string out = "(record";
    for (const auto& f : x.fields) out += " " + f.name.text + ":" + text(f.value);
    return out + ")";
  }
  std::string text(const Comprehension& x) const {
    return std::string(x.list ? "(list-for " : "(for ") + x.variable.text + " " + text(x.range) +
           " " + text(x.body) + ")";
  }
  std::string all(const std::vector<NodeId>& ids) const {
    std::string out;
    for (const auto id : ids) out += " " + text(id);
    return out;
  }
  /// `(a + b - c)`: operands and operators in turn, since one node may hold both + and -.
  template <class Op>
  std::string operators(const std::vector<NodeId>& operands, const std::vector<Op>& ops) const {
    std::string out = "(" + text(operands[0]);
    for (std::size_t i = 0; i < ops.size(); ++i) {
      out += std::string(" ") + name(ops[i]) + " " + text(operands[i + 1]);
    }
    return out + ")";
  }

  // ---- statements

  void line(int indent, const std::string& text) {
    out_ += std::string(static_cast<std::size_t>(indent), ' ') + text + "\n";
  }

  void statement(const Item& item, int indent) {
    if (!item.doc.empty()) line(indent, "doc " + string_literal(item.doc));
    std::visit(base::Overloaded{
                   [&](const ImportItem& x) {
                     line(indent, "import " + (x.quoted ? string_literal(x.path) : x.path));
                   },
                   [&](const FunctionItem& x) {
                     std::string head = "fn " + x.name.text + "(";
                     for (const auto& p : x.parameters) head += " " + p.text;
                     line(indent, head + " ) " + text(x.body));
                   },
                   [&](const ModelItem& x) {
                     line(indent, "model " + x.name.text);
                     for (const auto& d : x.declarations) declaration(d, indent + 2);
                   },
                   [&](const AssignItem& x) {
                     line(indent, "assign " + x.name.text + " " + text(x.value));
                   },
                   [&](const ExpressionItem& x) { line(indent, "expression " + text(x.value)); },
                   [&](const AssertItem& x) { line(indent, "assert " + text(x.condition)); },
                   [&](const ForItem& x) {
                     line(indent, "for " + x.variable.text + " " + text(x.list));
                     for (const auto& inner : x.body) statement(inner, indent + 2);
                   }},
               item.value);
  }

  void declaration(const Declaration& d, int indent) {
    if (!d.doc.empty()) line(indent, "doc " + string_literal(d.doc));
    line(indent, std::visit([&](const auto& x) { return describe(x); }, d.value));
  }

  std::string part(const char* tag, const std::optional<NodeId>& id) const {
    return id ? std::string(" ") + tag + " " + text(*id) : "";
  }
  std::string part(const std::optional<UnitExpr>& unit) const {
    return unit ? " unit " + unit_text(*unit) : "";
  }

  std::string describe(const ParamDecl& x) const {
    return "param " + x.name.text + part(x.unit) + " value " + text(x.value);
  }
  std::string describe(const StateDecl& x) const {
    const char* names[] = {"", " periodic", " reflect", " absorb", " constrain", " extrapolate"};
    return "state " + x.name.text + part("count", x.count) + part(x.unit) +
           part("domain", x.domain) + names[static_cast<int>(x.boundary)] +
           part("value", x.absorb_value);
  }
  std::string describe(const ControlDecl& x) const {
    return (x.disturbance ? "disturbance " : "control ") + x.name.text + part("count", x.count) +
           part(x.unit) + part("set", x.set);
  }
  std::string describe(const NoiseDecl& x) const {
    return "noise " + x.name.text + part("count", x.count) + part("correlated", x.correlation);
  }
  std::string describe(const JumpDecl& x) const {
    return "jump " + x.name.text + " " + text(x.rate);
  }
  std::string describe(const MarkDecl& x) const {
    return "mark " + x.name.text + " " + text(x.distribution);
  }
  std::string describe(const RegimeDecl& x) const {
    return "regime " + x.name.text + " " + text(x.range) + " rates " + text(x.rates);
  }
  std::string describe(const DensityDecl& x) const { return "density " + x.name.text; }
  std::string describe(const LetDecl& x) const {
    return "let " + x.name.text + " " + text(x.value);
  }
  std::string describe(const DynamicsDecl& x) const {
    return std::string(x.stratonovich ? "stratonovich " : "dynamics ") + x.target.text +
           (x.prime ? "'" : "") + (x.indices.empty() ? "" : " index" + all(x.indices)) + " value " +
           text(x.value) +
           (x.loop_variable ? " for " + x.loop_variable->text + part("in", x.loop_range) : "");
  }
  std::string describe(const CostDecl& x) const {
    const char* names[] = {"lagrangian ", "reward ", "terminal "};
    return names[static_cast<int>(x.kind)] + text(x.value);
  }
  std::string describe(const HorizonDecl& x) const { return "horizon " + text(x.value); }
  std::string describe(const DiscountDecl& x) const { return "discount " + text(x.value); }
  std::string describe(const UntilDecl& x) const {
    return "until " + text(x.condition) + part("pay", x.pay);
  }
  std::string describe(const StopDecl& x) const { return "stop " + text(x.pays); }
  std::string describe(const SubjectDecl& x) const { return "subject " + text(x.condition); }
  std::string describe(const AverageDecl&) const { return "average"; }
  std::string describe(const EndpointDecl& x) const {
    return (x.final ? "final " : "initial ") + text(x.distribution);
  }

  const Ast& ast_;
  std::string out_;
};

}  // namespace

std::string print(const Ast& ast) { return Dumper(ast).run(); }
std::string print(const Ast& ast, NodeId id) { return Dumper(ast).text(id); }

}  // namespace hopf::syntax
