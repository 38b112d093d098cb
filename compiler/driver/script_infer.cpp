// What is wrong with a script whatever its solutions turn out to be: found before the first of them
// is computed.
#include "driver/ast_walk.hpp"
#include "driver/inference.hpp"

namespace hopf::driver {

using Kind = diagnostics::Kind;

namespace {

/// A loop over more known items is read once, for any of them.
constexpr std::size_t kMostRounds = 32;

/// Names that statements of a block give a value.
void assigned(const std::vector<syntax::Item>& items, std::set<std::string>& names) {
  for (const syntax::Item& item : items) {
    if (const auto* one = std::get_if<syntax::AssignItem>(&item.value))
      names.insert(one->name.text);
    if (const auto* loop = std::get_if<syntax::ForItem>(&item.value)) assigned(loop->body, names);
  }
}

}  // namespace

Inference::Inference(Script& script) : s_(script), globals_(script.globals) {
  s_.checking = true;
  s_.variants.clear();
}

Inference::~Inference() {
  s_.globals = std::move(globals_);
  s_.locals.clear();
  s_.steps = 0;
  s_.checking = false;
}

void Inference::module(const Module& module) {
  const syntax::Ast* ast = std::exchange(s_.ast, &module.ast);
  const Module* before = std::exchange(s_.module, &module);
  for (const std::string& word : module.ast.left_out.words)
    if (look_up(word).is(Known::Kind::Anything)) assign(word, {});
  items(module, module.ast.items);
  s_.ast = ast;
  s_.module = before;
}

void Inference::items(const Module& module, const std::vector<syntax::Item>& items) {
  for (const syntax::Item& one : items) {
    if (s_.context.phases.stopped() || s_.context.cancelled) return;
    item(module, one);
  }
}

void Inference::item(const Module& module, const syntax::Item& item) {
  if (const auto* x = std::get_if<syntax::ImportItem>(&item.value)) {
    for (const Import& import : module.imports) {
      const bool meant = &module.ast.items[import.item] == &item;
      if (x && meant && !s_.finished.count(import.module)) this->module(*import.module);
    }
  }
  if (const auto* x = std::get_if<syntax::AssignItem>(&item.value))
    assign(x->name.text, infer(x->value));
  if (const auto* x = std::get_if<syntax::AssertItem>(&item.value)) infer(x->condition);
  if (const auto* x = std::get_if<syntax::ForItem>(&item.value)) loop(module, *x);
  if (const auto* x = std::get_if<syntax::ExpressionItem>(&item.value))
    check_effect(x->value, infer(x->value));
}

void Inference::assign(const std::string& name, Known known) {
  if (known.value) {
    later_.erase(name);
    s_.globals[name] = *known.value;
  } else {
    s_.globals.erase(name);
    later_[name] = std::move(known);
  }
}

void Inference::loop(const Module& module, const syntax::ForItem& item) {
  const Known list = infer(item.list);
  const auto body = [&](Known variable) {
    locals_.push_back({item.variable.text, std::move(variable)});
    items(module, item.body);
    locals_.pop_back();
    return Known{};
  };
  if (list.items && list.items->size() <= kMostRounds) {
    for (const Known& one : *list.items) body(one);
    return;
  }
  const auto* values = list.value ? list.value->as<List>() : nullptr;
  Known any;
  if (values && !values->items->empty()) any = known_kind(known_value(values->items->front()).kind);
  if (values) {
    body(any);
  } else {
    perhaps([&] { return body(any); });
  }
  std::set<std::string> changed;
  assigned(item.body, changed);
  for (const std::string& name : changed) assign(name, known_kind(look_up(name).kind));
}

/// A derivation and a plan print themselves; other values that are a whole statement are lost.
void Inference::check_effect(syntax::NodeId id, const Known& known) {
  const source::Span span = (*s_.ast)[id].span;
  const bool shown = known.is(Known::Kind::Derivation) || known.is(Known::Kind::Plan) ||
                     known.is(Known::Kind::Nothing) || known.is(Known::Kind::Anything);
  if (s_.interactive || s_.context.sink.has_error_in(span) || shown || has_effect(id)) return;
  s_.error(Kind::StatementWithoutEffect, span,
           "this statement has no effect: nothing uses its value")
      .help = "write 'print(...)' to see it, or indent the line to go on with the one before";
}

/// May evaluating this print, draw, write or solve?
bool Inference::has_effect(syntax::NodeId id) {
  const syntax::Node& node = (*s_.ast)[id];
  if (const auto* call = std::get_if<syntax::Call>(&node.value)) {
    const auto* name = std::get_if<syntax::Name>(&(*s_.ast)[call->callee].value);
    const Known callee = name ? look_up(name->text) : known_kind(Known::Kind::Number);
    if (callee.is(Known::Kind::Function) || callee.is(Known::Kind::Anything)) return true;
    const auto* builtin = callee.value ? callee.value->as<Builtin>() : nullptr;
    const Signature* signature = builtin ? find_signature(builtin->name) : nullptr;
    if (signature && (signature->group == Signature::Group::Verb ||
                      signature->group == Signature::Group::Output))
      return true;
  }
  bool found = false;
  for_each_child(node, [&](syntax::NodeId child) { found = found || has_effect(child); });
  return found;
}

void infer_script(Script& s, const Module& module) { Inference(s).module(module); }

}  // namespace hopf::driver
