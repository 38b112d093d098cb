// Statements, from top to bottom.
#include <fmt/format.h>

#include "driver/pipeline.hpp"
#include "driver/script.hpp"
#include "expr/watched.hpp"

namespace hopf::driver {
namespace {

using diagnostics::Kind;
using source::Span;

/// Functions and models are visible in the whole of their file, and in files that import it.
void define(Script& s, const Module& module) {
  for (const Import& import : module.imports) define(s, *import.module);
  for (const syntax::Item& item : module.ast.items) {
    if (const auto* function = std::get_if<syntax::FunctionItem>(&item.value))
      s.globals[function->name.text] = {Function{&module.ast, function}};
    const auto* model = std::get_if<syntax::ModelItem>(&item.value);
    if (!model) continue;
    auto handle = std::make_shared<ModelHandle>();
    handle->module = &module;
    handle->item = model;
    handle->span = item.span;
    handle->source = std::string(s.context.sources.text(item.span));
    s.globals[model->name.text] = {ModelValue{handle}};
  }
}

void check_imports(Script& s, const Module& module) {
  for (const Import& import : module.imports) {
    if (s.finished.count(import.module)) continue;
    check_imports(s, *import.module);
    check_script(s, *import.module);
  }
}

/// Calls `use` with the handle of each model of the file, also of those that no statement uses.
template <class Use>
void for_each_model(Script& s, const Module& module, Use&& use) {
  for (const syntax::Item& item : module.ast.items) {
    const auto* model = std::get_if<syntax::ModelItem>(&item.value);
    if (!model) continue;
    const auto entry = s.globals.find(model->name.text);
    const auto* value = entry == s.globals.end() ? nullptr : entry->second.as<ModelValue>();
    const std::shared_ptr<ModelHandle> handle = value ? value->handle : nullptr;
    if (handle && handle->item == model) use(*handle);
  }
}

std::string value_note(const Script& s, syntax::NodeId id, const Value& value) {
  return fmt::format("{} = {}", source_text(s, id), to_text(value));
}

bool is_literal(const syntax::Node& node) {
  return std::holds_alternative<syntax::Number>(node.value) ||
         std::holds_alternative<syntax::Boolean>(node.value);
}

/// The values of both sides of a comparison that failed; of `a and b`, those of the part that is
/// false.
void explain(Script& s, syntax::NodeId id, std::vector<std::string>& notes) {
  const syntax::Node& node = (*s.ast)[id];
  std::vector<syntax::NodeId> parts;
  if (const auto* comparison = std::get_if<syntax::Compare>(&node.value))
    parts = comparison->operands;
  if (const auto* chain = std::get_if<syntax::Chain>(&node.value)) {
    for (syntax::NodeId part : chain->operands) {
      const auto truth = eval(s, part);
      if (truth && truth->as<bool>() && !*truth->as<bool>()) explain(s, part, notes);
    }
    return;
  }
  if (const auto* unary = std::get_if<syntax::Unary>(&node.value))
    return explain(s, unary->operand, notes);
  for (syntax::NodeId part : parts) {
    if (is_literal((*s.ast)[part])) continue;
    if (const auto value = eval(s, part)) notes.push_back(value_note(s, part, *value));
  }
}

bool run_item(Script& s, const syntax::AssertItem& item) {
  const auto holds = eval_condition(s, item.condition);
  if (!holds) return false;
  if (*holds) return true;
  std::vector<std::string> notes;
  explain(s, item.condition, notes);
  auto& error = s.error(Kind::AssertFailed, (*s.ast)[item.condition].span,
                        fmt::format("assert failed: {}", source_text(s, item.condition)));
  error.primary_label = "this is false";
  error.notes = std::move(notes);
  return false;
}

bool run_item(Script& s, const syntax::AssignItem& item) {
  auto value = eval(s, item.value);
  if (!value) return false;
  s.globals[item.name.text] = std::move(*value);
  return true;
}

/// In a file a derivation and a plan speak for themselves; at the prompt every value does.
bool run_item(Script& s, const syntax::ExpressionItem& item) {
  const auto value = eval(s, item.value);
  if (!value) return false;
  const bool speaks = value->as<Derivation>() || value->as<PlanValue>();
  if (!speaks && (!s.interactive || value->as<Nothing>())) return true;
  std::optional<expr::Watched> watched;  // a large derivation takes a while to write down
  if (const auto* derivation = value->as<Derivation>())
    watched.emplace(*derivation->handle->model->store, s.context.watch());
  std::string text = to_text(*value);
  if (text.empty() || text.back() != '\n') text += '\n';
  s.context.print(text);
  return true;
}

bool run_items(Script& s, const Module& module, const std::vector<syntax::Item>& items);

bool run_item(Script& s, const syntax::ForItem& item, const Module& module) {
  const auto values = eval_items(s, item.list);
  if (!values) return false;
  const std::size_t slot = s.locals.size();
  for (const Value& value : *values) {
    s.locals.emplace_back(item.variable.text, value);
    const bool good = run_items(s, module, item.body);
    s.locals.resize(slot);
    if (!good) return false;
  }
  return true;
}

bool run_import(Script& s, const Module& module, const syntax::Item* item) {
  for (const Import& import : module.imports) {
    if (&module.ast.items[import.item] != item || s.finished.count(import.module)) continue;
    s.finished.insert(import.module);
    const syntax::Ast* ast = s.ast;
    const Module* importer = s.module;
    const bool good = run(s, *import.module);
    s.ast = ast;
    s.module = importer;
    if (!good) return false;
  }
  return true;
}

bool run_items(Script& s, const Module& module, const std::vector<syntax::Item>& items) {
  for (const syntax::Item& item : items) {
    if (s.context.poll() || s.context.phases.stopped()) return false;
    if (&items == &module.ast.items) s.steps = 0;  // what a loop repeats is one statement
    const bool good = std::visit(
        [&](const auto& i) {
          using T = std::decay_t<decltype(i)>;
          if constexpr (std::is_same_v<T, syntax::ImportItem>)
            return run_import(s, module, &item);
          else if constexpr (std::is_same_v<T, syntax::ForItem>)
            return run_item(s, i, module);
          else if constexpr (std::is_same_v<T, syntax::FunctionItem> ||
                             std::is_same_v<T, syntax::ModelItem>)
            return true;
          else
            return run_item(s, i);
        },
        item.value);
    if (!good) return false;
  }
  return true;
}

}  // namespace

const Value* Script::find(const std::string& name) const {
  for (auto local = locals.rbegin(); local != locals.rend(); ++local)
    if (local->first == name) return &local->second;
  const auto global = globals.find(name);
  return global == globals.end() ? nullptr : &global->second;
}

std::vector<std::string> Script::names() const {
  std::vector<std::string> names = signature_names();
  for (const auto& [name, value] : globals) names.push_back(name);
  for (const auto& [name, value] : locals) names.push_back(name);
  return names;
}

diagnostics::Diagnostic& Script::error(diagnostics::Kind kind, source::Span span,
                                       std::string message) {
  return context.sink.emit(kind, span, std::move(message));
}

bool prepare(Script& s, const Module& module) {
  define(s, module);
  check_imports(s, module);
  check_script(s, module);
  for_each_model(s, module, [&](ModelHandle& handle) { check(s.context, handle); });
  if (!s.context.phases.stopped()) infer_script(s, module);
  if (!s.context.sink.has_errors()) return true;
  // Mistakes that only a derivation finds are told with the others.
  if (!s.context.phases.stopped()) derive_models(s, module);
  for_each_model(s, module, [&](ModelHandle& handle) {
    if (handle.item->left_out.any) s.globals.erase(handle.item->name.text);
  });
  return false;
}

void derive_models(Script& s, const Module& module) {
  for_each_model(s, module, [&](ModelHandle& handle) {
    if (handle.model) derive(s.context, handle);
  });
}

bool run(Script& s, const Module& module) {
  s.ast = &module.ast;
  s.module = &module;
  return run_items(s, module, module.ast.items);
}

}  // namespace hopf::driver
