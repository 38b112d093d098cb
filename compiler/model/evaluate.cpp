#include "model/evaluate.hpp"

#include <cmath>

#include "model/arithmetic.hpp"
#include "model/calls.hpp"
#include "model/names.hpp"

namespace hopf::model {

namespace {

constexpr int kMaxDepth = 2000;             // nested evaluations, over inlined functions
constexpr std::size_t kMaxSteps = 5000000;  // evaluated nodes of one model
constexpr int kMaxRange = 1000000;

const syntax::Node& node_at(const Frame& frame, NodeId id) { return (*frame.ast)[id]; }

// ---- leaves

Value from(Context& context, const Frame&, const syntax::Number& number, Span span) {
  Value value = number_value(context.store().decimal(number.text), span);
  value.literal = true;
  value.any_unit = number.value == 0;
  return value;
}

Value from(Context&, const Frame&, const syntax::String& text, Span span) {
  Value value;
  value.kind = Value::Kind::Text;
  value.text = text.value;
  value.span = span;
  return value;
}

Value condition_value(ExprId entry, Span span) {
  Value value = number_value(entry, span);
  value.kind = Value::Kind::Condition;
  return value;
}

Value from(Context& context, const Frame&, const syntax::Boolean& boolean, Span span) {
  return condition_value(context.store().integer(boolean.value ? 1 : 0), span);
}

Value from(Context& context, const Frame& frame, const syntax::Name& name, Span span) {
  return read_name(context, frame, name.text, span);
}

// ---- arithmetic

Value logic(Context& context, const syntax::Chain& chain, const std::vector<Value>& operands,
            Span span) {
  ExprId result = operands[0].entries.empty() ? ExprId() : operands[0].entries[0];
  for (std::size_t i = 0; i < operands.size(); ++i) {
    bool is_and = chain.ops[i == 0 ? 0 : i - 1] == syntax::ChainOp::And;
    if (!require_condition(context, operands[i], is_and ? "a side of 'and'" : "a side of 'or'"))
      return Value{.span = span};
    if (i > 0)
      result = context.store().apply(is_and ? expr::Op::And : expr::Op::Or,
                                     {result, operands[i].entries[0]});
  }
  return condition_value(result, span);
}

Value from(Context& context, const Frame& frame, const syntax::Chain& chain, Span span) {
  std::vector<Value> operands;
  for (NodeId operand : chain.operands) operands.push_back(evaluate(context, frame, operand));
  if (chain.ops.empty()) return operands[0];
  syntax::ChainOp first = chain.ops[0];
  if (first == syntax::ChainOp::And || first == syntax::ChainOp::Or)
    return logic(context, chain, operands, span);
  if (first == syntax::ChainOp::Add || first == syntax::ChainOp::Sub) {
    std::vector<bool> negative = {false};
    for (syntax::ChainOp op : chain.ops) negative.push_back(op == syntax::ChainOp::Sub);
    return add(context, frame, operands, negative, span);
  }
  Value result = operands[0];
  for (std::size_t i = 0; i < chain.ops.size(); ++i) {
    Span so_far = source::join(operands[0].span, operands[i + 1].span);
    if (operands[0].span.file != span.file) so_far = span;
    result = chain.ops[i] == syntax::ChainOp::Mul
                 ? multiply(context, result, operands[i + 1], so_far)
                 : divide(context, result, operands[i + 1], so_far);
    if (result.poison()) return result;
  }
  return result;
}

Value from(Context& context, const Frame& frame, const syntax::Unary& unary, Span span) {
  Value operand = evaluate(context, frame, unary.operand);
  if (unary.op == syntax::UnaryOp::Negate) return negate(context, operand, span);
  if (unary.op == syntax::UnaryOp::Plus)
    return require_number(context, operand) ? operand : Value{.span = span};
  if (!require_condition(context, operand, "the operand of 'not'")) return Value{.span = span};
  return condition_value(context.store().apply(expr::Op::Not, {operand.entries[0]}), span);
}

Value from(Context& context, const Frame& frame, const syntax::Power& power, Span span) {
  Value base = evaluate(context, frame, power.base);
  return raise(context, base, evaluate(context, frame, power.exponent), span);
}

// ---- conditions

ExprId comparison(expr::Store& store, syntax::CompareOp op, ExprId a, ExprId b) {
  using syntax::CompareOp;
  switch (op) {
    case CompareOp::Less:
      return store.apply(expr::Op::Less, {a, b});
    case CompareOp::LessEqual:
      return store.apply(expr::Op::LessEqual, {a, b});
    case CompareOp::Greater:
      return store.apply(expr::Op::Less, {b, a});
    case CompareOp::GreaterEqual:
      return store.apply(expr::Op::LessEqual, {b, a});
    case CompareOp::Equal:
      return store.apply(expr::Op::Equal, {a, b});
    case CompareOp::NotEqual:
      break;
  }
  return store.apply(expr::Op::Not, {store.apply(expr::Op::Equal, {a, b})});
}

/// A bare number compared with a quantity is in its unit: `until x^2 + y^2 <= 0.25`.
Value from(Context& context, const Frame& frame, const syntax::Compare& compare, Span span) {
  std::vector<Value> operands;
  for (NodeId operand : compare.operands) {
    operands.push_back(evaluate(context, frame, operand));
    if (!require_scalar(context, operands.back(), "a side of a comparison"))
      return Value{.span = span};
  }
  ExprId result = context.store().integer(1);
  for (std::size_t i = 0; i < compare.ops.size(); ++i) {
    const Value &a = operands[i], &b = operands[i + 1];
    if (!a.literal && !b.literal && !require_same(context, a, b, "cannot compare", span))
      return Value{.span = span};
    ExprId one = comparison(context.store(), compare.ops[i], a.entries[0], b.entries[0]);
    result = i == 0 ? one : context.store().apply(expr::Op::And, {result, one});
  }
  return condition_value(result, span);
}

Value from(Context& context, const Frame& frame, const syntax::If& choice, Span span) {
  Value condition = evaluate(context, frame, choice.condition);
  Value then = evaluate(context, frame, choice.then);
  Value otherwise = evaluate(context, frame, choice.otherwise);
  Value failed{.span = span};
  if (!require_condition(context, condition, "what follows 'if'")) return failed;
  if (!require_number(context, then) || !require_number(context, otherwise)) return failed;
  if (then.shape != otherwise.shape) {
    auto& diagnostic = report(
        context, Kind::ShapeMismatch, otherwise.span,
        "the two branches are " + describe(then.shape) + " and " + describe(otherwise.shape));
    diagnostic.labels.push_back({then.span, "this is " + describe(then.shape)});
    return failed;
  }
  bool adapts = frame.cost && (then.literal || otherwise.literal);
  if (!adapts && !require_same(context, then, otherwise, "branches of", span)) return failed;
  bool keep_other = then.any_unit || (adapts && then.literal);
  Value result = keep_other ? otherwise : then;
  result.span = span;
  result.literal = then.literal && otherwise.literal;
  result.any_unit = then.any_unit && otherwise.any_unit;
  result.weighted = then.weighted || otherwise.weighted;
  for (std::size_t i = 0; i < result.entries.size(); ++i)
    result.entries[i] =
        context.store().select(condition.entries[0], then.entries[i], otherwise.entries[i]);
  return result;
}

// ---- indices

/// The entries base[i] of the first dimension.
Value slice(const Value& base, int index, Span span) {
  Value result = base;
  result.span = span;
  result.shape.erase(result.shape.begin());
  auto size = static_cast<std::ptrdiff_t>(entry_count(result.shape));
  result.entries.assign(base.entries.begin() + (index - 1) * size,
                        base.entries.begin() + index * size);
  return result;
}

/// z[j] with the regime j: choose(j, z[1], ..., z[n]).
Value choose(Context& context, const Value& base, ExprId regime, Span span) {
  Value result = slice(base, 1, span);
  for (std::size_t entry = 0; entry < result.entries.size(); ++entry) {
    std::vector<ExprId> args = {regime};
    for (int i = 0; i < base.rows(); ++i)
      args.push_back(base.entries[i * result.entries.size() + entry]);
    result.entries[entry] = context.store().apply(expr::Op::Choose, args);
  }
  return result;
}

Value index_once(Context& context, const Value& base, const Value& index, Span span) {
  Value failed{.span = span};
  if (base.scalar())
    return poison(context, Kind::NotIndexable, span, "a scalar has no components to index");
  if (!require_scalar(context, index, "an index")) return failed;
  if (!require_dimensionless(context, index, "an index")) return failed;
  const auto& regime = context.model.regime;
  if (regime && index.entries[0] == context.store().symbol(regime->symbol)) {
    if (regime->count == base.rows()) return choose(context, base, index.entries[0], span);
    return poison(context, Kind::IndexOutOfRange, span,
                  "the regime '" + regime->name + "' has " + std::to_string(regime->count) +
                      " values, but this has " + std::to_string(base.rows()) + " components");
  }
  auto number = constant(context, index.entries[0]);
  if (!number || *number != std::floor(*number))
    return poison(context, Kind::IndexNotConstant, index.span,
                  "an index must be a whole constant, a loop variable, or the regime");
  if (*number < 1 || *number > base.rows()) {
    auto shown = std::to_string(static_cast<long long>(*number));
    return poison(context, Kind::IndexOutOfRange, index.span,
                  "index " + shown + " is outside 1.." + std::to_string(base.rows()),
                  *number == 0 ? "indices start at 1" : "");
  }
  return slice(base, static_cast<int>(*number), span);
}

Value from(Context& context, const Frame& frame, const syntax::Index& index, Span span) {
  Value value = evaluate(context, frame, index.base);
  if (!require_number(context, value)) return Value{.span = span};
  if (index.indices.size() > value.shape.size())
    return poison(context, Kind::NotIndexable, span,
                  "too many indices: this is " + describe(value.shape));
  for (NodeId position : index.indices) {
    value = index_once(context, value, evaluate(context, frame, position), span);
    if (value.poison()) return value;
  }
  return value;
}

// ---- lists and loops

/// Scalars stack to a vector, vectors to the rows of a matrix.
Value stack(Context& context, const Frame& frame, const std::vector<Value>& items, Span span) {
  Value failed{.span = span};
  if (items.empty())
    return poison(context, Kind::EmptyList, span, "a vector needs at least one component");
  Shape shape = {static_cast<int>(items.size())};
  Value result = shaped_value(shape, {}, span);
  result.literal = result.any_unit = true;
  const Value* anchor = nullptr;
  for (const Value& item : items) {
    if (!require_number(context, item)) return failed;
    if (item.shape != items[0].shape || item.matrix())
      return poison(
          context, Kind::RaggedMatrix, item.span,
          "this row is " + describe(item.shape) + ", the first is " + describe(items[0].shape));
    if (!item.any_unit && !(frame.cost && item.literal)) {
      if (anchor && !require_same(context, *anchor, item, "a vector of", span)) return failed;
      anchor = &item;
    }
    result.literal = result.literal && item.literal;
    result.any_unit = result.any_unit && item.any_unit;
    result.entries.insert(result.entries.end(), item.entries.begin(), item.entries.end());
  }
  if (anchor) result.unit = anchor->unit;
  if (items[0].vector()) result.shape.push_back(items[0].rows());
  return result;
}

Value from(Context& context, const Frame& frame, const syntax::ListLiteral& list, Span span) {
  std::vector<Value> items;
  for (NodeId item : list.items) items.push_back(evaluate(context, frame, item));
  return stack(context, frame, items, span);
}

Value from(Context& context, const Frame& frame, const syntax::Range& range, Span span) {
  int ends[2] = {};
  NodeId nodes[2] = {range.first, range.last};
  for (int i = 0; i < 2; ++i) {
    Value end = evaluate(context, frame, nodes[i]);
    if (!require_scalar(context, end, "an end of a range")) return Value{.span = span};
    auto number = constant(context, end.entries[0]);
    if (!number || *number != std::floor(*number) || std::abs(*number) > kMaxRange)
      return poison(context, Kind::InvalidCount, end.span,
                    "an end of a range must be a whole constant");
    ends[i] = static_cast<int>(*number);
  }
  Value value;
  value.kind = Value::Kind::Range;
  value.first = ends[0];
  value.last = ends[1];
  value.span = span;
  return value;
}

Value from(Context& context, const Frame& frame, const syntax::Comprehension& loop, Span span) {
  if (!loop.list)
    return poison(context, Kind::WrongArguments, span, "a bare 'for' belongs inside 'sum(...)'",
                  "write '[... for i in 1..n]' for a vector");
  auto items = evaluate_loop(context, frame, loop);
  return items ? stack(context, frame, *items, span) : Value{.span = span};
}

// ---- what is no expression of a model

Value from(Context& context, const Frame& frame, const syntax::Call& call, Span span) {
  return evaluate_call(context, frame, call, span);
}

Value from(Context& context, const Frame&, const syntax::Field&, Span span) {
  return poison(context, Kind::NumberExpected, span, "values of a model have no fields");
}

Value from(Context& context, const Frame&, const syntax::SetLiteral&, Span span) {
  return poison(context, Kind::NumberExpected, span, "a set in braces is no number",
                "write a vector in brackets, '[a, b]'");
}

Value from(Context& context, const Frame&, const syntax::Record&, Span span) {
  return poison(context, Kind::NumberExpected, span, "a record is no number");
}

}  // namespace

Frame model_frame(const Context& context) { return Frame{.ast = context.ast}; }

Value evaluate(Context& context, const Frame& frame, NodeId id) {
  const syntax::Node& node = node_at(frame, id);
  if (++context.steps > kMaxSteps || context.depth >= kMaxDepth) {
    // Said once: the budget stays exceeded, and everything that follows is silent.
    if (context.steps != SIZE_MAX)
      report(context, Kind::TooLarge, node.span,
             "this model is too large once its functions and loops are written out");
    context.steps = SIZE_MAX - 1;
    return Value{.span = node.span};
  }
  ++context.depth;
  Value value = std::visit(
      [&](const auto& syntax) { return from(context, frame, syntax, node.span); }, node.value);
  --context.depth;
  return value;
}

Value evaluate_range(Context& context, const Frame& frame, NodeId id) {
  Value value = evaluate(context, frame, id);
  if (value.poison() || value.kind == Value::Kind::Range) return value;
  return poison(context, Kind::InvalidCount, value.span, "a range such as '1..n' is needed here");
}

}  // namespace hopf::model
