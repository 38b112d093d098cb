// Source text -> checked model, with the diagnostics as values and as text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.hpp"
#include "model/check.hpp"
#include "syntax/parser.hpp"
#include "test.hpp"

namespace hopf::test {

struct Checked {
  source::SourceSet sources;
  syntax::Ast ast;
  diagnostics::Sink sink;
  std::shared_ptr<expr::Store> store = std::make_shared<expr::Store>();
  std::optional<model::Model> model;

  std::string text() const {
    std::string all;
    for (const auto& diagnostic : sink.sorted())
      all += diagnostics::render_text(diagnostic, sources) + "\n";
    return all;
  }
  /// Kebab names, errors and warnings, in order of position.
  std::vector<std::string> kinds() const {
    std::vector<std::string> all;
    for (const auto& diagnostic : sink.sorted())
      all.emplace_back(diagnostics::info(diagnostic.kind).kebab);
    return all;
  }
  std::string shown(expr::ExprId e) const { return expr::print(*store, e); }
  /// True when two expressions are equal after expansion.
  bool equal(expr::ExprId a, expr::ExprId b) const {
    return expr::expand(*store, a) == expr::expand(*store, b);
  }
  double at(expr::ExprId e, std::vector<std::pair<std::string, double>> point = {}) const {
    expr::Binding binding = model->bindings();
    for (const auto& [name, value] : point) binding[store->symbol_id(name)] = value;
    return expr::evaluate(*store, e, binding);
  }
};

inline model::Scope scope_of(const syntax::Ast& ast) {
  model::Scope scope;
  for (const auto& item : ast.items)
    if (const auto* function = std::get_if<syntax::FunctionItem>(&item.value))
      scope.functions[function->name.text] = {&ast, function};
  return scope;
}

/// Parses the text and checks its (only) model.
inline std::unique_ptr<Checked> check(const std::string& text,
                                      const std::vector<model::Override>& overrides = {},
                                      model::Scope extra = {}) {
  auto result = std::make_unique<Checked>();
  auto file = result->sources.add("test.hopf", text);
  result->ast = syntax::parse(result->sources, file, result->sink);
  if (result->sink.has_errors()) return result;
  model::Scope scope = scope_of(result->ast);
  scope.load = extra.load;
  for (const auto& item : result->ast.items)
    if (const auto* model = std::get_if<syntax::ModelItem>(&item.value))
      result->model =
          model::check(result->store, result->ast, *model, scope, overrides, result->sink);
  return result;
}

/// A model in one line.
inline std::unique_ptr<Checked> check_model(const std::string& body,
                                            const std::vector<model::Override>& overrides = {}) {
  return check("model m {\n        " + body + "\n}\n", overrides);
}

}  // namespace hopf::test
