// Specs of kernels to machine code, in the frames of their phases (lower, codegen).
#pragma once

#include <vector>

#include "driver/phases.hpp"
#include "jit/jit.hpp"
#include "kernel/kernel.hpp"

namespace hopf::driver {

/// Specs without outputs are skipped. `phases` may be null: then nothing is timed, dumped or
/// switched off.
/// `--off=cache` compiles anew, `--off=optimize` compiles at O0.
jit::Program compile_kernels(expr::Store&, const std::vector<const kernel::Spec*>&, Phases* phases);

}  // namespace hopf::driver
