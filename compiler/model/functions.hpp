// The functions of the language on shaped values.
#pragma once

#include <string>
#include <vector>

#include "model/context.hpp"

namespace hopf::model {

std::vector<std::string> builtin_names();
bool is_builtin(const std::string& name);
/// Words that name no function of expressions but have a meaning elsewhere: ball, simplex, load,
/// gaussian, ...
bool is_declaration_word(const std::string& name);

/// Calls a built-in function. `frame` tells whether the call stands in a cost.
Value call_builtin(Context&, const Frame&, const std::string& name,
                   const std::vector<Value>& arguments, Span);

}  // namespace hopf::model
