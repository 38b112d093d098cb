// Kernels to LLVM IR with explicit SIMD lanes.
//
// A point kernel is one loop over blocks of lanes; a last, partial block goes through it as a copy.
// Uniform values are scalars computed before the loop. A path kernel keeps a block of paths in
// registers over all steps of a call; its block is twice as wide as the machine's vectors, so that
// two independent chains are in flight.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "kernel/kernel.hpp"

namespace llvm {
class LLVMContext;
class Module;
}  // namespace llvm

namespace hopf::codegen {

struct Target {
  unsigned vector_bits = 128;  // 512, 256 or 128
};

/// The name of a kernel's function: apart from libm's and our own routines, whatever the kernel is
/// called.
std::string symbol_of(const kernel::Kernel&);

/// One function a kernel, of type hopf_point_kernel or hopf_path_kernel.
/// Throws std::logic_error on a kernel that does not verify or IR that LLVM refuses.
std::unique_ptr<llvm::Module> emit(llvm::LLVMContext&, std::span<const kernel::Kernel>,
                                   const Target&);

/// Raised whenever emitted code changes, so that older cached objects are not used.
inline constexpr unsigned kCodegenVersion = 4;

}  // namespace hopf::codegen
