#include "jit/llvm_setup.hpp"

#include <llvm/Support/ErrorHandling.h>
#include <llvm/Support/TargetSelect.h>

#include <new>

namespace hopf::jit {

void set_up_llvm() {
  // A local constant is made once, whatever threads come here at the same time.
  static const bool done = [] {
    // LLVM's own answer to memory that ends is to end the process. Ours passes through it as what
    // the containers of the standard library throw does.
    llvm::install_bad_alloc_error_handler([](void*, const char*, bool) { throw std::bad_alloc(); });
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    return true;
  }();
  static_cast<void>(done);
}

}  // namespace hopf::jit
