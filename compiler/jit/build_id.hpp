// What tells one build of this code from another.
#pragma once

#include <string>

namespace hopf::jit {

/// The identifier that the linker gave to the program or library which this code is in, in hex;
/// empty where it gave none.
std::string build_id();

}  // namespace hopf::jit
