#include "jit/compile.hpp"

#include <llvm/CodeGen/Passes.h>
#include <llvm/CodeGen/RegAllocRegistry.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include <mutex>
#include <stdexcept>

#include "codegen/emit.hpp"
#include "jit/llvm_setup.hpp"
#include "jit/optimize.hpp"

namespace hopf::jit {
namespace {

std::unique_ptr<llvm::TargetMachine> target_machine(const Host& host, Level level) {
  set_up_llvm();
  std::string fault;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(host.triple, fault);
  if (!target) throw std::runtime_error("LLVM does not know this machine: " + fault);
  llvm::TargetOptions options;
  options.AllowFPOpFusion =
      llvm::FPOpFusion::Strict;  // an fma is where the kernel says so and nowhere else
  const auto effort =
      level == Level::O0 ? llvm::CodeGenOptLevel::None : llvm::CodeGenOptLevel::Aggressive;
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(host.triple, host.cpu, host.features, options, llvm::Reloc::PIC_,
                                  llvm::CodeModel::Small, effort, true));
}

std::string text_of(const llvm::Module& module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream, nullptr);
  return text;
}

/// Adds the passes from LLVM IR to `kind`. Registers are assigned by LLVM's basic allocator: the
/// greedy one, its own choice, cuts the live ranges of the many constants of a polynomial into
/// pieces and moves them about within the loop, which takes longer both to compile and to run than
/// reading a constant where it is used.
void add_passes(llvm::legacy::PassManager& passes, llvm::TargetMachine& machine,
                llvm::raw_pwrite_stream& stream, llvm::CodeGenFileType kind) {
  static std::mutex choosing;  // LLVM keeps the choice in one place for all of the process
  const std::lock_guard<std::mutex> lock(choosing);
  const bool fast = machine.getOptLevel() == llvm::CodeGenOptLevel::None;
  llvm::RegisterRegAlloc::setDefault(fast ? [] { return llvm::createFastRegisterAllocator(); }
                                          : [] { return llvm::createBasicRegisterAllocator(); });
  if (machine.addPassesToEmitFile(passes, stream, nullptr, kind))
    throw std::runtime_error("LLVM cannot write code for this machine");
}

std::string generate(llvm::Module& module, llvm::TargetMachine& machine,
                     llvm::CodeGenFileType kind) {
  llvm::SmallVector<char, 0> buffer;
  llvm::raw_svector_ostream stream(buffer);
  llvm::legacy::PassManager passes;
  add_passes(passes, machine, stream, kind);
  passes.run(module);
  return std::string(buffer.begin(), buffer.end());
}

}  // namespace

Compiled compile(std::span<const kernel::Kernel> kernels, const Options& options,
                 const Host& host) {
  llvm::LLVMContext context;
  const auto machine = target_machine(host, options.level);
  const auto module = codegen::emit(context, kernels, {host.vector_bits});
  module->setTargetTriple(host.triple);
  module->setDataLayout(machine->createDataLayout());
  if (options.level == Level::O3) optimize(*module, *machine);
  Compiled out;
  if (options.dump == "llvm") out.dump = text_of(*module);
  if (options.dump == "asm") {
    // Code generation consumes its module.
    const auto copy = llvm::CloneModule(*module);
    out.dump = generate(*copy, *machine, llvm::CodeGenFileType::AssemblyFile);
  }
  out.object = generate(*module, *machine, llvm::CodeGenFileType::ObjectFile);
  return out;
}

}  // namespace hopf::jit
