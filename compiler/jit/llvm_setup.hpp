// LLVM's tables of targets are one for the process, and filling them is no work for two threads.
#pragma once

namespace hopf::jit {

/// To be called before LLVM is asked for a target; the first call fills the tables.
void set_up_llvm();

}  // namespace hopf::jit
