// What a script may touch: with a sandbox, files beneath one folder only.
#pragma once

#include <string>

#include "driver/context.hpp"

namespace hopf::driver {

/// True when the file at `path`, links followed, lies beneath the session's sandbox, or when the
/// session has none; else false, after an error at `span`. A file need not be there yet.
bool allowed(Context&, const std::string& path, source::Span span);

/// The same as a reason in words, empty where the file is allowed.
std::string why_forbidden(const Context&, const std::string& path);

}  // namespace hopf::driver
