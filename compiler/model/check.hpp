// AST of one model -> Model: names, shapes, units, control sets, boundaries, completeness.
#pragma once

#include <functional>
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

/// Numbers read from a file, row-major.
struct LoadedArray {
  std::vector<int> shape;
  std::vector<double> data;
};

/// What a model may refer to outside itself: `fn` definitions of its file and imports, and `load`
/// for data files.
struct Scope {
  struct Function {
    const syntax::Ast* ast;
    const syntax::FunctionItem* item;
  };
  std::map<std::string, Function> functions;
  std::string directory;  // relative paths in load("...") start here
  /// Reads the file of `param A = load("file.csv")`; on failure sets `error`. Without it no file
  /// can be loaded.
  std::function<std::optional<LoadedArray>(const std::string& path, std::string& error)> load;
};

/// Returns nothing when errors were emitted. Warnings (a defaulted boundary) do not stop it.
std::optional<Model> check(std::shared_ptr<expr::Store>, const syntax::Ast&,
                           const syntax::ModelItem&, const Scope&, const std::vector<Override>&,
                           diagnostics::Sink&);

/// An expression in a model's own names, e.g. one field of `policy = {k: 0.3, c: 0.06}`, as a
/// scalar ExprId.
std::optional<ExprId> check_expression(const Model&, const syntax::Ast&, syntax::NodeId,
                                       const Scope&, diagnostics::Sink&);

/// The expressions of one control of a policy given by hand, one a component, in the control's
/// declared unit: shape and unit are checked against the control's.
std::optional<std::vector<ExprId>> check_policy(const Model&, const std::string& control,
                                                const syntax::Ast&, syntax::NodeId, const Scope&,
                                                diagnostics::Sink&);

}  // namespace hopf::model
