// The names of a model: collected from its declarations, then read in expressions.
#pragma once

#include <string>

#include "model/context.hpp"

namespace hopf::model {

/// Enters every declared name, and `t`; refuses duplicates and names of the language.
void collect_names(Context&, const syntax::ModelItem&);

/// The value of a name where it stands in an expression.
Value read_name(Context&, const Frame&, const std::string& name, Span);

/// The value of a `let` (under the rules of costs when the frame is one), evaluated when first
/// needed.
const Value& let_value(Context&, Entry&, const Frame&);

/// W0241 for what nothing uses.
void warn_unused(Context&);

}  // namespace hopf::model
