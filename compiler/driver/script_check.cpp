// What can be said of a script before it runs: names, verbs and the names of arguments. All errors
// at once.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "diagnostics/name_help.hpp"
#include "driver/arguments.hpp"
#include "driver/ast_walk.hpp"
#include "driver/script.hpp"

namespace hopf::driver {
namespace {

using diagnostics::Kind;
using source::Span;

class Checker {
 public:
  Checker(Script& script, const Module& module) : s_(script), ast_(module.ast) {
    for (const auto& [name, value] : script.globals) known_.insert(name);
    collect(module.ast.items);
    known_.insert(module.ast.left_out.words.begin(), module.ast.left_out.words.end());
    for (const Import& import : module.imports) add_assigned(*import.module);
  }

  void items(const std::vector<syntax::Item>& items) {
    for (const syntax::Item& item : items) std::visit([&](const auto& i) { check(i); }, item.value);
  }

 private:
  // ---- names that statements define
  void collect(const std::vector<syntax::Item>& items) {
    for (const syntax::Item& item : items) {
      if (const auto* assign = std::get_if<syntax::AssignItem>(&item.value))
        later_.insert(assign->name.text);
      if (const auto* loop = std::get_if<syntax::ForItem>(&item.value)) collect(loop->body);
      if (const auto* model = std::get_if<syntax::ModelItem>(&item.value)) {
        for (const auto& declaration : model->declarations)
          if (const auto* regime = std::get_if<syntax::RegimeDecl>(&declaration.value))
            regimes_.push_back(regime->name.text);
      }
    }
  }

  void add_assigned(const Module& module) {
    for (const syntax::Item& item : module.ast.items)
      if (const auto* assign = std::get_if<syntax::AssignItem>(&item.value))
        known_.insert(assign->name.text);
    for (const Import& import : module.imports) add_assigned(*import.module);
  }

  // ---- statements
  void check(const syntax::ImportItem&) {}
  void check(const syntax::ModelItem& item) {
    reserved(item.name, "a model");
    once(item.name);
  }
  void check(const syntax::FunctionItem& item) {
    reserved(item.name, "a function");
    once(item.name);
    const std::size_t mark = locals_.size();
    for (const auto& parameter : item.parameters) locals_.push_back(parameter.text);
    in_function_ = true;
    node(item.body);
    in_function_ = false;
    locals_.resize(mark);
  }
  void check(const syntax::AssignItem& item) {
    node(item.value);
    reserved(item.name, "a value");
    known_.insert(item.name.text);
  }
  void check(const syntax::ExpressionItem& item) { node(item.value); }
  void check(const syntax::AssertItem& item) { node(item.condition); }
  void check(const syntax::ForItem& item) {
    node(item.list);
    locals_.push_back(item.variable.text);
    items(item.body);
    locals_.pop_back();
  }

  void reserved(const syntax::Ident& name, std::string_view what) {
    if (!find_signature(name.text) && name.text != "pi" && name.text != "inf") return;
    s_.context.sink.emit(
        Kind::ReservedName, name.span,
        fmt::format("'{}' is part of the language and cannot name {}", name.text, what));
  }

  /// Functions and models are visible in their whole file, so a second one of the same name would
  /// hide the first.
  void once(const syntax::Ident& name) {
    const auto [first, fresh] = declared_.emplace(name.text, name.span);
    if (fresh) return;
    s_.context.sink
        .emit(Kind::DuplicateName, name.span, fmt::format("'{}' is declared twice", name.text))
        .labels.push_back({first->second, "declared here first"});
  }

  // ---- expressions
  bool is_known(const std::string& name) const {
    return known_.count(name) || std::find(locals_.begin(), locals_.end(), name) != locals_.end() ||
           (in_function_ && later_.count(name));
  }

  void node(syntax::NodeId id) {
    const syntax::Node& n = ast_[id];
    if (const auto* name = std::get_if<syntax::Name>(&n.value))
      return check_name(name->text, n.span);
    if (const auto* call = std::get_if<syntax::Call>(&n.value)) return check_call(*call, n.span);
    if (const auto* loop = std::get_if<syntax::Comprehension>(&n.value)) {
      node(loop->range);
      locals_.push_back(loop->variable.text);
      node(loop->body);
      locals_.pop_back();
      return;
    }
    for_each_child(n, [&](syntax::NodeId child) { node(child); });
  }

  void check_name(const std::string& name, Span span) {
    if (is_known(name) || name == "pi" || name == "inf" || find_signature(name)) return;
    auto& error = s_.error(Kind::UnknownName, span, fmt::format("nothing has the name '{}'", name));
    if (later_.count(name)) {
      error.primary_label = "it is given a value only further down";
    } else {
      error.help = diagnostics::name_help(name, candidates());
    }
  }

  void check_call(const syntax::Call& call, Span span) {
    const auto* name = std::get_if<syntax::Name>(&ast_[call.callee].value);
    const Signature* signature =
        name && !is_known(name->text) ? find_signature(name->text) : nullptr;
    if (!name) node(call.callee);
    if (name && !signature && !is_known(name->text))
      unknown_verb(name->text, ast_[call.callee].span);
    if (signature && !signature->built) {
      s_.error(Kind::NotBuiltYet, span, fmt::format("'{}' is not built yet", signature->name))
          .primary_label = "this verb belongs to the language, and this version does not have it";
      return;
    }
    if (signature) {
      const std::vector<std::string> extra =
          signature->name == "simulate" ? regime_names() : std::vector<std::string>();
      check_arguments(s_.context, *signature, call, span, extra);
    }
    for (const syntax::Argument& argument : call.arguments) check_argument(argument, signature);
  }

  /// A policy is written in the model's names, which are looked up when it is used; `auto` stands
  /// for itself.
  void check_argument(const syntax::Argument& argument, const Signature* signature) {
    const syntax::Node& value = ast_[argument.value];
    const bool verb = signature && signature->group == Signature::Group::Verb;
    if (verb && std::holds_alternative<syntax::Record>(value.value)) return;
    const auto* word = std::get_if<syntax::Name>(&value.value);
    if (verb && word && word->text == "auto" && argument.name && argument.name->text == "method")
      return;
    if (verb && argument.name && argument.name->text == "policy" && is_formula(value))
      return formula_as_policy(value.span);
    node(argument.value);
  }

  static bool is_formula(const syntax::Node& value) {
    return std::holds_alternative<syntax::Chain>(value.value) ||
           std::holds_alternative<syntax::Unary>(value.value) ||
           std::holds_alternative<syntax::Power>(value.value);
  }

  void formula_as_policy(Span span) {
    s_.error(Kind::WrongArgumentType, span,
             "'policy' takes a solution's policy or a record of expressions")
        .help = "name the control that it is for, as in 'policy = {u: -x}'";
  }

  void unknown_verb(const std::string& name, Span span) {
    auto& error =
        s_.error(Kind::UnknownVerb, span, fmt::format("there is no verb or function '{}'", name));
    if (later_.count(name)) {
      error.primary_label = "it is given a value only further down";
    } else {
      error.help = diagnostics::name_help(name, candidates());
    }
  }

  std::vector<std::string> candidates() const {
    std::vector<std::string> names = signature_names();
    for (const char* word : {"true", "false", "pi", "inf"}) names.emplace_back(word);
    names.insert(names.end(), known_.begin(), known_.end());
    names.insert(names.end(), locals_.begin(), locals_.end());
    return names;
  }

  std::vector<std::string> regime_names() const {
    std::vector<std::string> names = regimes_;
    for (const auto& [name, value] : s_.globals)
      if (const auto* model = value.as<ModelValue>())
        for (const auto& declaration : model->handle->item->declarations)
          if (const auto* regime = std::get_if<syntax::RegimeDecl>(&declaration.value))
            names.push_back(regime->name.text);
    return names;
  }

  Script& s_;
  const syntax::Ast& ast_;
  std::set<std::string> known_;  // has a value when the statement runs
  std::set<std::string> later_;  // gets one somewhere in the file
  std::vector<std::string> locals_;
  std::vector<std::string> regimes_;
  std::map<std::string, Span> declared_;
  bool in_function_ = false;
};

}  // namespace

void check_script(Script& s, const Module& module) { Checker(s, module).items(module.ast.items); }

}  // namespace hopf::driver
