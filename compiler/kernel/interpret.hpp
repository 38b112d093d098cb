// The reference interpreter: runs a kernel exactly as generated code must, one lane at a time.
#pragma once

#include "abi/hopf_runtime.h"
#include "kernel/kernel.hpp"

namespace hopf::kernel {

void interpret(const Kernel&, const hopf_point_call&);
void interpret(const Kernel&, const hopf_path_call&);

}  // namespace hopf::kernel
