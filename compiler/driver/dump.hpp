// Text of the first products for `--dump=ast` and `--dump=model`, for people who work on the compiler.
#pragma once

#include <string>

#include "model/model.hpp"
#include "syntax/ast.hpp"

namespace hopf::driver {

/// One line an item or declaration, expressions as canonical source.
std::string dump_ast(const syntax::Ast&);
std::string dump_model(const model::Model&);

}  // namespace hopf::driver
