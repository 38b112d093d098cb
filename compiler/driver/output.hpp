// Files that a session writes: what they say of their origin, and the error where one cannot be
// written.
#pragma once

#include <string>

#include "driver/context.hpp"
#include "io/io.hpp"

namespace hopf::driver {

/// The command is the session's own, or `verb` where its host told none.
runtime::Provenance provenance(const Context&, const ModelHandle&, std::string verb);

/// True when `why`, the answer of runtime::save and runtime::plot, is empty; else false, after the
/// error.
bool written(Context&, source::Span, const std::string& path, const std::string& why);

}  // namespace hopf::driver
