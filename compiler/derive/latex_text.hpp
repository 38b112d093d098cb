// Words of a derivation as LaTeX text.
#pragma once

#include <string>

namespace hopf::derive {

/// Escapes what TeX reads as commands, and sets the mathematics that words quote in Unicode (σ²,
/// ∂V, ≤) as inline formulas, so that the text compiles with any engine and font encoding.
std::string latex_text(const std::string& words);

}  // namespace hopf::derive
