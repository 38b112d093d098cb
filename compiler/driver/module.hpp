// Source files of a session with their imports, and the definitions that each of them can see.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "derive/equations.hpp"
#include "model/check.hpp"
#include "syntax/ast.hpp"

namespace hopf::driver {

struct Module;

/// One resolved `import`: the item it came from and the module it names.
struct Import {
  std::size_t item;
  const Module* module;
};

/// One parsed file, or one input at the prompt. Addresses are stable for as long as the session
/// lives.
struct Module {
  syntax::Ast ast;
  std::string path;  // as shown to the user
  std::string key;   // canonical path; empty for text that came from no file
  std::vector<Import> imports;
  model::Scope
      scope;  // `fn`s of this file and its imports; paths in load("...") start at its directory
};

/// A model as a script sees it: its declaration with some parameters changed. Checked when first
/// needed.
struct ModelHandle {
  const Module* module = nullptr;
  const syntax::ModelItem* item = nullptr;
  source::Span span;
  std::string source;  // its text, for files that are saved
  std::vector<model::Override> overrides;
  std::optional<model::Model> model;
  std::optional<derive::Equations> equations;
};

}  // namespace hopf::driver
