// The straight-line part of a kernel: instructions to IR, uniform values as scalars, varying ones
// as vectors.
#pragma once

#include <vector>

#include "codegen/vector_math.hpp"
#include "kernel/kernel.hpp"

namespace hopf::codegen {

/// How often a value has to be computed.
enum class Stage : std::uint8_t { Call, Step, Lane };

class BodyEmitter {
 public:
  BodyEmitter(const kernel::Kernel&, Lanes&, MathLibrary&);

  /// Gives the value of an instruction that reads a slot: a scalar for Uniform and Step, a vector
  /// otherwise.
  using Leaf = std::function<llvm::Value*(const kernel::Instruction&)>;
  /// Emits all instructions of a stage at the builder's position.
  void emit(Stage, const Leaf&);
  /// The vector of an instruction already emitted.
  llvm::Value* vector(kernel::ValueId);

 private:
  void find_stages();
  llvm::Value* operand(kernel::ValueId, bool as_vector);
  llvm::Value* emit_constant(const kernel::Instruction&);
  llvm::Value* emit_one(const kernel::Instruction&, bool as_vector, const Leaf&);
  llvm::Value* emit_real(const kernel::Instruction&, llvm::Value* a, llvm::Value* b,
                         llvm::Value* c);
  llvm::Value* emit_other(const kernel::Instruction&, llvm::Value* a, llvm::Value* b,
                          llvm::Value* c);
  llvm::Value* emit_elementary(const kernel::Instruction&, llvm::Value* a, llvm::Value* b);
  llvm::Value* splat(llvm::Value* scalar);

  const kernel::Kernel& kernel_;
  Lanes& lanes_;
  MathLibrary& math_;
  std::vector<Stage> stage_;
  std::vector<bool> meets_lanes_;  // a uniform value some varying instruction or output uses
  std::vector<llvm::Value*> scalar_, vector_;
};

/// double or float, as the kernel's arrays hold.
llvm::Type* element_type(const kernel::Kernel&, llvm::IRBuilderBase&);

}  // namespace hopf::codegen
