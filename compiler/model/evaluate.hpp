// Expressions of the syntax tree -> shaped values: names resolved, functions inlined, loops written
// out.
#pragma once

#include "model/context.hpp"

namespace hopf::model {

Value evaluate(Context&, const Frame&, NodeId);

/// The value of `lo..hi`, or a poison.
Value evaluate_range(Context&, const Frame&, NodeId);

/// A frame for the model's own text.
Frame model_frame(const Context&);

}  // namespace hopf::model
