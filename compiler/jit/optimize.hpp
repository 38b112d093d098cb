// The passes that pay for code which is already in SSA form, already vector code and already
// inlined where it should be.
#pragma once

namespace llvm {
class Module;
class TargetMachine;
}  // namespace llvm

namespace hopf::jit {

void optimize(llvm::Module&, llvm::TargetMachine&);

}  // namespace hopf::jit
