// Calls: built-in functions, functions of the file inlined, and loops over a range.
#pragma once

#include <optional>
#include <vector>

#include "model/context.hpp"

namespace hopf::model {

Value evaluate_call(Context&, const Frame&, const syntax::Call&, Span);

/// The body for each value of the loop variable; nothing after an error.
std::optional<std::vector<Value>> evaluate_loop(Context&, const Frame&,
                                                const syntax::Comprehension&);

}  // namespace hopf::model
