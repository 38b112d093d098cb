// AST of one model -> Model: names, shapes, units, control sets, boundaries, completeness.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.hpp"
#include "model/model.hpp"

namespace hopf::model {

/// A parameter value given by the caller: `merton(gamma = 5)` or `--set gamma=5`.
struct Override {
  std::string name;
  std::vector<int> shape;
  std::vector<double> value;
  Span span;  // where it was given; may be invalid (command line)
};

/// What a model may refer to outside itself: `fn` definitions of its file and imports, and `load` for data files.
struct Scope {
  struct Function { const syntax::Ast* ast; const syntax::FunctionItem* item; };
  std::map<std::string, Function> functions;
  std::string directory;  // relative paths in load("...") start here
};

/// Returns nothing when errors were emitted. Warnings (a defaulted boundary) do not stop it.
std::optional<Model> check(std::shared_ptr<expr::Store>, const syntax::Ast&, const syntax::ModelItem&, const Scope&,
                           const std::vector<Override>&, diagnostics::Sink&);

/// An expression in a model's own names, e.g. one field of `policy = {k: 0.3, c: 0.06}`, as a scalar ExprId.
std::optional<ExprId> check_expression(const Model&, const syntax::Ast&, syntax::NodeId, const Scope&, diagnostics::Sink&);

}  // namespace hopf::model
