// The one canonical layout of a source file: `format(parse(format(parse(x)))) == format(parse(x))`,
// comments kept.
#pragma once

#include <string>

#include "syntax/ast.hpp"

namespace hopf::syntax {

std::string format(const source::SourceSet&, const Ast&);

/// One expression as Hopf source, e.g. for an assert that failed.
std::string format_expression(const Ast&, NodeId);

}  // namespace hopf::syntax
