// Expressions of a script before it runs: constants by the evaluator itself, types for the rest.
#include <algorithm>

#include "driver/ast_walk.hpp"
#include "driver/inference.hpp"
#include "driver/verbs.hpp"

namespace hopf::driver {
namespace {

using Kind = Known::Kind;

constexpr int kMostWork = 200'000;        // nodes looked at in one script
constexpr std::int64_t kSteps = 200'000;  // of the evaluator, for one constant
constexpr double kMostConstants = 1e5;    // of a range that is written out

bool is_object(const Known& known) {
  return known.is(Kind::Model) || known.is(Kind::Solution) || known.is(Kind::Policy) ||
         known.is(Kind::Gradient) || known.is(Kind::Error) || known.is(Kind::Ensemble) ||
         known.is(Kind::Derivation) || known.is(Kind::Plan) || known.is(Kind::Record) ||
         known.is(Kind::Series) || known.is(Kind::Truth);
}

bool is_arithmetic(const syntax::Chain& chain) {
  return chain.ops[0] != syntax::ChainOp::And && chain.ops[0] != syntax::ChainOp::Or;
}

const char* symbol(syntax::ChainOp op) {
  constexpr const char* kSymbols[] = {"+", "-", "*", "/", "and", "or"};
  return kSymbols[static_cast<int>(op)];
}

}  // namespace

Known Inference::look_up(const std::string& name) {
  for (std::size_t i = locals_.size(); i-- > frame_;)
    if (locals_[i].name == name) return locals_[i].known;
  if (const auto found = later_.find(name); found != later_.end()) return found->second;
  if (const auto found = s_.globals.find(name); found != s_.globals.end())
    return known_value(found->second);
  if (find_signature(name)) return known_value({Builtin{name}});
  return known_kind(name == "pi" || name == "inf" ? Kind::Number : Kind::Anything);
}

Known Inference::infer(syntax::NodeId id) {
  if (!id.valid() || ++work_ > kMostWork) return {};  // an argument that is missing was told
  if (is_constant(id)) {
    const auto value = evaluate(id);
    return value ? known_value(*value) : Known{};
  }
  return infer_node(id);
}

Known Inference::infer_node(syntax::NodeId id) {
  const syntax::Node& node = (*s_.ast)[id];
  if (const auto* x = std::get_if<syntax::Name>(&node.value)) return look_up(x->text);
  if (const auto* x = std::get_if<syntax::Call>(&node.value)) return call(id, *x);
  if (const auto* x = std::get_if<syntax::If>(&node.value)) return choice(*x);
  if (const auto* x = std::get_if<syntax::Chain>(&node.value)) return chain(*x);
  if (const auto* x = std::get_if<syntax::Index>(&node.value)) return index(*x);
  if (const auto* x = std::get_if<syntax::Field>(&node.value))
    return field(infer(x->base), x->name);
  if (const auto* x = std::get_if<syntax::Comprehension>(&node.value)) return comprehension(*x);
  if (const auto* x = std::get_if<syntax::ListLiteral>(&node.value)) {
    std::vector<Known> items;
    for (const syntax::NodeId part : x->items) items.push_back(infer(part));
    Known list = known_kind(Kind::List);
    list.items = std::make_shared<const std::vector<Known>>(std::move(items));
    return list;
  }
  if (const auto* x = std::get_if<syntax::Record>(&node.value)) {
    std::vector<std::pair<std::string, Known>> fields;
    for (const auto& part : x->fields) fields.emplace_back(part.name.text, infer(part.value));
    Known record = known_kind(Kind::Record);
    record.fields =
        std::make_shared<const std::vector<std::pair<std::string, Known>>>(std::move(fields));
    return record;
  }
  bool numbers = true;
  for_each_child(node,
                 [&](syntax::NodeId child) { numbers = infer(child).is(Kind::Number) && numbers; });
  if (std::holds_alternative<syntax::Compare>(node.value)) return known_kind(Kind::Truth);
  const auto* unary = std::get_if<syntax::Unary>(&node.value);
  if (unary && unary->op == syntax::UnaryOp::Not) return known_kind(Kind::Truth);
  const bool number = unary || std::holds_alternative<syntax::Power>(node.value);
  return known_kind(number && numbers ? Kind::Number : Kind::Anything);
}

Known Inference::choice(const syntax::If& node) {
  const Known condition = infer(node.condition);
  const bool* truth = condition.value ? condition.value->as<bool>() : nullptr;
  if (truth) return infer(*truth ? node.then : node.otherwise);
  const Known a = perhaps([&] { return infer(node.then); });
  const Known b = perhaps([&] { return infer(node.otherwise); });
  return known_kind(a.kind == b.kind ? a.kind : Kind::Anything,
                    a.model == b.model ? a.model : nullptr);
}

Known Inference::chain(const syntax::Chain& node) {
  if (!is_arithmetic(node)) {
    infer(node.operands[0]);
    for (std::size_t i = 1; i < node.operands.size(); ++i)
      perhaps([&] { return infer(node.operands[i]); });
    return known_kind(Kind::Truth);
  }
  Known left = infer(node.operands[0]);
  for (std::size_t i = 0; i < node.ops.size(); ++i) {
    const Known right = infer(node.operands[i + 1]);
    if (is_object(left) || is_object(right)) {
      const auto span =
          source::join((*s_.ast)[node.operands[0]].span, (*s_.ast)[node.operands[i + 1]].span);
      s_.error(diagnostics::Kind::OperandMismatch, span,
               std::string("'") + symbol(node.ops[i]) + "' is not defined between " +
                   describe(left) + " and " + describe(right));
      return {};
    }
    left =
        known_kind(left.is(Kind::Number) && right.is(Kind::Number) ? Kind::Number : Kind::Anything);
  }
  return left;
}

Known Inference::index(const syntax::Index& node) {
  const Known base = infer(node.base);
  std::vector<Known> indices;
  for (const syntax::NodeId one : node.indices) indices.push_back(infer(one));
  const auto number = indices.size() == 1 && indices[0].value ? number_of(*indices[0].value)
                                                              : std::optional<double>();
  if (!base.items || !number) return {};
  const auto at = static_cast<std::size_t>(std::max(0.0, *number));
  return at >= 1 && at <= base.items->size() ? (*base.items)[at - 1] : Known{};
}

Known Inference::comprehension(const syntax::Comprehension& node) {
  const Known range = infer(node.range);
  const auto body = [&](Known variable) {
    locals_.push_back({node.variable.text, std::move(variable)});
    Known result = infer(node.body);
    locals_.pop_back();
    return result;
  };
  Known list = known_kind(Kind::List);
  if (!range.items || range.items->size() > 32) {
    perhaps([&] { return body(known_kind(range.value ? Kind::Number : Kind::Anything)); });
    return list;
  }
  std::vector<Known> items;
  for (const Known& one : *range.items) items.push_back(body(one));
  list.items = std::make_shared<const std::vector<Known>>(std::move(items));
  return list;
}

// ---- constants

/// Can it be computed now, without solving, printing or reading a file?
bool Inference::is_constant(syntax::NodeId id) {
  if (++work_ > kMostWork) return false;
  const syntax::Node& node = (*s_.ast)[id];
  if (const auto* name = std::get_if<syntax::Name>(&node.value)) {
    const Known known = look_up(name->text);
    return known.value.has_value() || name->text == "pi" || name->text == "inf";
  }
  if (const auto* one = std::get_if<syntax::Call>(&node.value)) return is_constant_call(*one);
  if (const auto* loop = std::get_if<syntax::Comprehension>(&node.value)) {
    if (!is_constant(loop->range)) return false;
    locals_.push_back({loop->variable.text, known_value({0.0})});
    const bool constant = is_constant(loop->body);
    locals_.pop_back();
    return constant;
  }
  bool constant = true;
  for_each_child(node, [&](syntax::NodeId child) { constant = constant && is_constant(child); });
  const auto* range = std::get_if<syntax::Range>(&node.value);
  if (!constant || !range) return constant;
  const auto first = evaluate(range->first), last = evaluate(range->last);
  const auto a = first ? number_of(*first) : std::nullopt,
             b = last ? number_of(*last) : std::nullopt;
  return !(a && b && *b - *a > kMostConstants);
}

bool Inference::is_constant_call(const syntax::Call& call) {
  const auto* name = std::get_if<syntax::Name>(&(*s_.ast)[call.callee].value);
  if (!name) return false;
  const Known callee = look_up(name->text);
  if (!callee.value) return false;
  for (const syntax::Argument& argument : call.arguments)
    if (!is_constant(argument.value)) return false;
  if (const auto* builtin = callee.value->as<Builtin>()) {
    const auto group = find_signature(builtin->name)->group;
    return group != Signature::Group::Verb && group != Signature::Group::Output;
  }
  if (const auto* function = callee.value->as<Function>()) return is_constant_body(*function);
  return callee.is(Kind::Model);
}

/// Of numbers alone: parameters are taken for constants that cannot be called.
bool Inference::is_constant_body(const Function& function) {
  if (std::find(reading_.begin(), reading_.end(), function.item) != reading_.end()) return true;
  reading_.push_back(function.item);
  const std::size_t frame = std::exchange(frame_, locals_.size());
  const syntax::Ast* ast = std::exchange(s_.ast, function.ast);
  for (const auto& parameter : function.item->parameters)
    locals_.push_back({parameter.text, known_value({0.0})});
  const bool constant = is_constant(function.item->body);
  locals_.resize(frame_);
  s_.ast = ast;
  frame_ = frame;
  reading_.pop_back();
  return constant;
}

std::optional<Value> Inference::evaluate(syntax::NodeId id) {
  const WithLocals bound(*this);
  diagnostics::Sink own;
  std::swap(own, s_.context.sink);
  s_.steps = steps_before_limit(kSteps);
  const auto value = eval(s_, id);
  std::swap(own, s_.context.sink);
  // What took too many steps is left to the run.
  for (const auto& d : own.sorted())
    if (certain_ && d.kind != diagnostics::Kind::RecursionTooDeep) s_.context.sink.add(d);
  return value;
}

// ---- fields

namespace {

std::vector<std::string> state_names(const model::Model& model) {
  std::vector<std::string> names;
  for (const auto& state : model.states)
    if (names.empty() || names.back() != state.base) names.push_back(state.base);
  return names;
}

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Kind kind_of_field(const Known& object, const std::string& name) {
  if (name == "policy") return Kind::Policy;
  if (name == "gradient") return Kind::Gradient;
  if (name == "error" && object.is(Kind::Solution)) return Kind::Error;
  if (name == "quantile") return Kind::Quantile;
  if (name == "bellman") return Kind::Bellman;
  if (object.is(Kind::Derivation)) return Kind::Derivation;
  if (name == "method" || name == "report" || name == "scheme") return Kind::Text;
  if (name == "times" || name == "final") return Kind::Anything;
  if ((name == "mean" || name == "std") && object.is(Kind::Ensemble)) return Kind::Anything;
  return Kind::Number;
}

}  // namespace

Known Inference::field(const Known& object, const syntax::Ident& name) {
  if (object.is(Kind::Anything)) return {};
  if (object.is(Kind::Record) && object.fields) {
    for (const auto& [field, known] : *object.fields)
      if (field == name.text) return known;
  }
  if (object.is(Kind::Record) && !object.fields) return {};
  const model::Model* model = model_of(object);
  std::vector<std::string> names = field_names(object);
  if (holds(names, name.text)) return known_kind(kind_of_field(object, name.text), object.model);
  const bool of_model =
      object.is(Kind::Ensemble) || object.is(Kind::Policy) || object.is(Kind::Model);
  if (of_model && !model) return {};
  if (object.is(Kind::Ensemble)) {
    const std::vector<std::string> states = state_names(*model);
    if (holds(states, name.text)) {
      const auto count = std::count_if(model->states.begin(), model->states.end(),
                                       [&](const auto& s) { return s.base == name.text; });
      return known_kind(count == 1 ? Kind::Series : Kind::Anything, object.model);
    }
    names.insert(names.end(), states.begin(), states.end());
  }
  if (object.is(Kind::Policy) && object.components == 0) {
    for (const auto& group : model->groups) {
      names.push_back(group.name);
      if (group.name != name.text) continue;
      Known one = known_kind(Kind::Policy, object.model);
      one.components = group.components.size();
      return one;
    }
  }
  if (object.is(Kind::Model)) {
    for (const auto& param : model->params) names.push_back(param.name);
    if (holds(names, name.text)) return {};
  }
  no_such_field(s_, describe(object), name, names);
  return {};
}

}  // namespace hopf::driver
