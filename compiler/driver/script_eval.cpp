// Expressions of scripts, node by node. Models are not evaluated here: their bodies are symbolic.
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "diagnostics/name_help.hpp"
#include "driver/script.hpp"
#include "syntax/format.hpp"

namespace hopf::driver {
namespace {

using diagnostics::Kind;
using source::Span;

/// Deeper than any script that means well; far from the end of the stack.
constexpr int kMaximumDepth = 600;
constexpr double kMaximumRange = 1e7;

struct Deeper {
  explicit Deeper(Script& script) : script(script) { ++script.depth; }
  ~Deeper() { --script.depth; }
  Script& script;
};

std::optional<Value> eval_name(Script& s, const syntax::Name& name, Span span) {
  if (const Value* value = s.find(name.text)) return *value;
  if (name.text == "pi") return Value{std::numbers::pi};
  if (name.text == "inf") return Value{std::numeric_limits<double>::infinity()};
  if (find_signature(name.text)) return Value{Builtin{name.text}};
  auto& error =
      s.error(Kind::UnknownName, span, fmt::format("nothing has the name '{}'", name.text));
  error.help = diagnostics::name_help(name.text, s.names());
  return {};
}

bool is_logic(syntax::ChainOp op) {
  return op == syntax::ChainOp::And || op == syntax::ChainOp::Or;
}

/// `a and b and c` stops at the first false one, `or` at the first true one.
std::optional<Value> eval_logic(Script& s, const syntax::Chain& chain) {
  auto truth = eval_condition(s, chain.operands[0]);
  for (std::size_t i = 0; truth && i < chain.ops.size(); ++i) {
    const bool decided = chain.ops[i] == syntax::ChainOp::And ? !*truth : *truth;
    if (!decided) truth = eval_condition(s, chain.operands[i + 1]);
  }
  if (!truth) return {};
  return Value{*truth};
}

std::optional<Value> eval_chain(Script& s, const syntax::Chain& chain, Span span) {
  if (is_logic(chain.ops[0])) return eval_logic(s, chain);
  auto result = eval(s, chain.operands[0]);
  for (std::size_t i = 0; result && i < chain.ops.size(); ++i) {
    const auto right = eval(s, chain.operands[i + 1]);
    if (!right) return {};
    result = arithmetic(s, chain.ops[i], *result, *right, span);
  }
  return result;
}

/// a < b <= c holds when both do; the second is not looked at when the first fails.
std::optional<Value> eval_compare(Script& s, const syntax::Compare& node, Span span) {
  auto left = eval(s, node.operands[0]);
  for (std::size_t i = 0; left && i < node.ops.size(); ++i) {
    auto right = eval(s, node.operands[i + 1]);
    if (!right) return {};
    const auto holds = compare(s, node.ops[i], *left, *right, span);
    if (!holds) return {};
    if (!*holds) return Value{false};
    left = std::move(right);
  }
  if (!left) return {};
  return Value{true};
}

std::optional<Value> eval_unary(Script& s, const syntax::Unary& unary, Span span) {
  if (unary.op == syntax::UnaryOp::Not) {
    const auto truth = eval_condition(s, unary.operand);
    if (!truth) return {};
    return Value{!*truth};
  }
  const auto operand = eval(s, unary.operand);
  if (!operand) return {};
  if (unary.op == syntax::UnaryOp::Plus && operand->as<Estimate>()) return operand;
  return unary.op == syntax::UnaryOp::Negate
             ? negate(s, *operand, span)
             : arithmetic(s, syntax::ChainOp::Add, {0.0}, *operand, span);
}

std::optional<Value> eval_range(Script& s, const syntax::Range& range, Span span) {
  const auto first = eval(s, range.first);
  if (!first) return {};
  const auto last = eval(s, range.last);
  if (!last) return {};
  const auto from = number_of(*first), to = number_of(*last);
  if (!from || !to || std::floor(*from) != *from || std::floor(*to) != *to) {
    auto& error =
        s.error(Kind::OperandMismatch, span, "a range goes from one whole number to another");
    error.primary_label =
        fmt::format("this one goes from {} to {}", from ? number_text(*from) : describe(*first),
                    to ? number_text(*to) : describe(*last));
    return {};
  }
  if (*to - *from > kMaximumRange) {
    s.error(Kind::IndexOutOfRange, span,
            fmt::format("a range of {} numbers", number_text(*to - *from + 1)));
    return {};
  }
  if (!room_for(s, *to - *from + 1, span)) return {};
  std::vector<double> items;
  for (double i = *from; i <= *to; ++i) items.push_back(i);
  return make_list(items);
}

std::optional<Value> eval_list(Script& s, const std::vector<syntax::NodeId>& nodes) {
  std::vector<Value> items;
  for (syntax::NodeId node : nodes) {
    auto item = eval(s, node);
    if (!item) return {};
    items.push_back(std::move(*item));
  }
  return make_list(std::move(items));
}

std::optional<Value> eval_record(Script& s, const syntax::Record& record) {
  std::vector<std::pair<std::string, Value>> fields;
  for (const auto& field : record.fields) {
    auto value = eval(s, field.value);
    if (!value) return {};
    fields.emplace_back(field.name.text, std::move(*value));
  }
  return make_record(std::move(fields));
}

std::optional<std::size_t> position(Script& s, const Value& index, std::size_t count, Span span) {
  const auto number = number_of(index);
  if (number && *number >= 1 && *number <= static_cast<double>(count) &&
      std::floor(*number) == *number)
    return static_cast<std::size_t>(*number) - 1;
  const bool whole = number && std::floor(*number) == *number;
  auto& error = s.error(
      Kind::IndexOutOfRange, span,
      whole    ? fmt::format("index {} is outside 1..{}", number_text(*number), count)
      : number ? fmt::format("an index is a whole number, and this is {}", number_text(*number))
               : fmt::format("an index is a whole number, and this is {}", describe(index)));
  if (number && *number == 0) error.notes.push_back("indices start at 1, as in mathematics");
  return {};
}

std::optional<Value> eval_index(Script& s, const syntax::Index& node, Span span) {
  auto value = eval(s, node.base);
  for (std::size_t i = 0; value && i < node.indices.size(); ++i) {
    const auto index = eval(s, node.indices[i]);
    if (!index) return {};
    const auto* list = value->as<List>();
    const auto* record = value->as<Record>();
    if (!list && !record) {
      s.error(Kind::OperandMismatch, span,
              fmt::format("{} has no entries to index", describe(*value)));
      return {};
    }
    const std::size_t count = list ? list->items->size() : record->fields->size();
    const auto at = position(s, *index, count, (*s.ast)[node.indices[i]].span);
    if (!at) return {};
    value = list ? Value((*list->items)[*at]) : Value((*record->fields)[*at].second);
  }
  return value;
}

std::optional<Value> eval_if(Script& s, const syntax::If& node) {
  const auto condition = eval_condition(s, node.condition);
  if (!condition) return {};
  return eval(s, *condition ? node.then : node.otherwise);
}

std::optional<Value> eval_field_node(Script& s, const syntax::Field& node) {
  const auto object = eval(s, node.base);
  if (!object) return {};
  return eval_field(s, *object, node.name);
}

std::optional<Value> eval_node(Script& s, syntax::NodeId id) {
  const syntax::Node& node = (*s.ast)[id];
  return std::visit(
      [&](const auto& n) -> std::optional<Value> {
        using T = std::decay_t<decltype(n)>;
        if constexpr (std::is_same_v<T, syntax::Number>) return Value{n.value};
        if constexpr (std::is_same_v<T, syntax::String>) return Value{n.value};
        if constexpr (std::is_same_v<T, syntax::Boolean>) return Value{n.value};
        if constexpr (std::is_same_v<T, syntax::Name>) return eval_name(s, n, node.span);
        if constexpr (std::is_same_v<T, syntax::Chain>) return eval_chain(s, n, node.span);
        if constexpr (std::is_same_v<T, syntax::Compare>) return eval_compare(s, n, node.span);
        if constexpr (std::is_same_v<T, syntax::Unary>) return eval_unary(s, n, node.span);
        if constexpr (std::is_same_v<T, syntax::Power>) {
          const auto base = eval(s, n.base);
          if (!base) return {};
          const auto exponent = eval(s, n.exponent);
          if (!exponent) return {};
          return power(s, *base, *exponent, node.span);
        }
        if constexpr (std::is_same_v<T, syntax::If>) return eval_if(s, n);
        if constexpr (std::is_same_v<T, syntax::Call>) return eval_call(s, id);
        if constexpr (std::is_same_v<T, syntax::Index>) return eval_index(s, n, node.span);
        if constexpr (std::is_same_v<T, syntax::Field>) return eval_field_node(s, n);
        if constexpr (std::is_same_v<T, syntax::Range>) return eval_range(s, n, node.span);
        if constexpr (std::is_same_v<T, syntax::ListLiteral>) return eval_list(s, n.items);
        if constexpr (std::is_same_v<T, syntax::SetLiteral>) return eval_list(s, n.items);
        if constexpr (std::is_same_v<T, syntax::Record>) return eval_record(s, n);
        if constexpr (std::is_same_v<T, syntax::Comprehension>) return eval_comprehension(s, n);
      },
      node.value);
}

}  // namespace

std::optional<Value> eval(Script& s, syntax::NodeId id) {
  const Deeper deeper(s);
  if (s.depth > kMaximumDepth) {
    s.error(Kind::RecursionTooDeep, (*s.ast)[id].span, "calls are nested without an end in sight")
        .notes.push_back("a function that calls itself needs a case in which it does not");
    return {};
  }
  if (!take_step(s, (*s.ast)[id].span)) return {};
  return eval_node(s, id);
}

std::optional<bool> eval_condition(Script& s, syntax::NodeId id) {
  const auto value = eval(s, id);
  if (!value) return {};
  if (const bool* truth = value->as<bool>()) return *truth;
  auto& error = s.error(Kind::NotACondition, (*s.ast)[id].span, "a condition is true or false");
  error.primary_label = fmt::format("this is {}", describe(*value));
  return {};
}

std::optional<std::vector<Value>> eval_items(Script& s, syntax::NodeId id) {
  const auto value = eval(s, id);
  if (!value) return {};
  if (const auto* list = value->as<List>()) return *list->items;
  auto& error =
      s.error(Kind::OperandMismatch, (*s.ast)[id].span, "'for' goes through a list or a range");
  error.primary_label = fmt::format("this is {}", describe(*value));
  return {};
}

std::optional<Value> eval_comprehension(Script& s, const syntax::Comprehension& node) {
  const auto items = eval_items(s, node.range);
  if (!items) return {};
  if (!room_for(s, static_cast<double>(items->size()), (*s.ast)[node.range].span)) return {};
  std::vector<Value> results;
  results.reserve(items->size());
  const std::size_t slot = s.locals.size();
  for (const Value& item : *items) {
    s.locals.emplace_back(node.variable.text, item);
    auto result = eval(s, node.body);
    s.locals.resize(slot);
    if (!result) return {};
    results.push_back(std::move(*result));
  }
  return make_list(std::move(results));
}

std::string source_text(const Script& s, syntax::NodeId id) {
  return syntax::format_expression(*s.ast, id);
}

}  // namespace hopf::driver
