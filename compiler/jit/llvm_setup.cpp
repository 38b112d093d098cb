#include "jit/llvm_setup.hpp"

#include <llvm/Support/TargetSelect.h>

namespace hopf::jit {

void set_up_llvm() {
  // A local constant is made once, whatever threads come here at the same time.
  static const bool done = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    return true;
  }();
  static_cast<void>(done);
}

}  // namespace hopf::jit
