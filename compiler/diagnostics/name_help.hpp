// What to write instead of a name that nothing has.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hopf::diagnostics {

/// "did you mean 'x'?" for a near candidate; "write 'log(x)'" for a name that other languages have
/// for something; else empty.
std::string name_help(std::string_view name, std::span<const std::string> candidates);

}  // namespace hopf::diagnostics
