// Models from text, for the tests of derive/.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "derive/equations.hpp"
#include "model/check.hpp"
#include "syntax/parser.hpp"

namespace derive_test {

struct Derived {
  hopf::source::SourceSet sources;
  hopf::diagnostics::Sink sink;
  std::optional<hopf::model::Model> model;
  std::optional<hopf::derive::Equations> equations;

  bool has(hopf::diagnostics::Kind kind) const {
    for (const auto& diagnostic : sink.sorted()) {
      if (diagnostic.kind == kind) return true;
    }
    return false;
  }
  std::string messages() const {
    std::string text;
    for (const auto& diagnostic : sink.sorted())
      text += hopf::diagnostics::render_text(diagnostic, sources);
    return text;
  }
};

/// Checks and derives every model of a text, in order.
inline std::vector<std::unique_ptr<Derived>> derive_all(const std::string& text) {
  std::vector<std::unique_ptr<Derived>> result;
  hopf::source::SourceSet sources;
  hopf::diagnostics::Sink sink;
  const auto file = sources.add("test.hopf", text);
  const auto ast = hopf::syntax::parse(sources, file, sink);
  for (const auto& item : ast.items) {
    const auto* model = std::get_if<hopf::syntax::ModelItem>(&item.value);
    if (!model) continue;
    auto derived = std::make_unique<Derived>();
    derived->sources = sources;
    derived->sink = sink;
    derived->model = hopf::model::check(std::make_shared<hopf::expr::Store>(), ast, *model, {}, {},
                                        derived->sink);
    if (derived->model)
      derived->equations = hopf::derive::equations(*derived->model, derived->sink);
    result.push_back(std::move(derived));
  }
  return result;
}

inline std::unique_ptr<Derived> derive_one(const std::string& text) {
  auto all = derive_all(text);
  if (all.empty()) return std::make_unique<Derived>();
  return std::move(all.front());
}

}  // namespace derive_test
