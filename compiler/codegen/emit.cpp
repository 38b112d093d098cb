#include "codegen/emit.hpp"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <numeric>
#include <stdexcept>

#include "abi/hopf_runtime.h"
#include "codegen/emit_body.hpp"
#include "codegen/vector_math.hpp"

namespace hopf::codegen {
namespace {

using kernel::Instruction;
using kernel::Kernel;
using kernel::Opcode;

/// A loop counter that starts at 0 and grows by `by` while below `limit`; the body is emitted in
/// between.
struct Loop {
  llvm::BasicBlock* head;
  llvm::BasicBlock* exit;
  llvm::PHINode* index;
};

/// One kernel's function: what point and path kernels share.
class FunctionEmitter {
 public:
  FunctionEmitter(llvm::Module& module, const Kernel& k, unsigned width, MathLibrary& math)
      : kernel_(k),
        module_(module),
        builder_(module.getContext()),
        lanes_{builder_, width},
        body_(k, lanes_, math) {
    auto* type = llvm::FunctionType::get(builder_.getVoidTy(), {builder_.getPtrTy()}, false);
    function_ = llvm::Function::Create(type, llvm::Function::ExternalLinkage, symbol_of(k), module);
    function_->setDoesNotThrow();
    function_->addParamAttr(0, llvm::Attribute::ReadOnly);
    builder_.SetInsertPoint(block("entry"));
  }

  void emit() { kernel_.path ? emit_path() : emit_point(); }

 private:
  llvm::BasicBlock* block(const char* name) {
    return llvm::BasicBlock::Create(module_.getContext(), name, function_);
  }
  llvm::Type* element() { return element_type(kernel_, builder_); }
  llvm::Type* vector_of(llvm::Type* type) { return llvm::FixedVectorType::get(type, lanes_.width); }

  llvm::Value* field(llvm::Type* type, std::size_t offset) {
    return builder_.CreateLoad(type, builder_.CreateConstInBoundsGEP1_64(
                                         builder_.getInt8Ty(), function_->getArg(0), offset));
  }
  /// table[index], where table holds pointers or doubles.
  llvm::Value* entry(llvm::Type* type, llvm::Value* table, std::uint32_t index) {
    return builder_.CreateLoad(type, builder_.CreateConstInBoundsGEP1_64(type, table, index));
  }
  /// The pointers at these slots of a table of pointers.
  std::vector<llvm::Value*> pointers(std::size_t offset, const std::vector<std::uint32_t>& slots) {
    std::vector<llvm::Value*> out;
    if (slots.empty()) return out;
    llvm::Value* table = field(builder_.getPtrTy(), offset);
    for (const std::uint32_t slot : slots) out.push_back(entry(builder_.getPtrTy(), table, slot));
    return out;
  }
  static std::vector<std::uint32_t> up_to(std::uint32_t count) {
    std::vector<std::uint32_t> slots(count);
    std::iota(slots.begin(), slots.end(), 0u);
    return slots;
  }
  /// A double of the host's tables in the kernel's precision.
  llvm::Value* host_scalar(llvm::Value* table, std::uint32_t index) {
    llvm::Value* value = entry(builder_.getDoubleTy(), table, index);
    return kernel_.precision == kernel::Precision::F64 ? value
                                                       : builder_.CreateFPTrunc(value, element());
  }

  Loop begin_loop(llvm::Value* limit);
  void end_loop(const Loop&, llvm::Value* limit, std::uint64_t by);
  llvm::Value* lane_mask(llvm::Value* first, llvm::Value* count, llvm::Type* counter);
  std::vector<llvm::Value*> load_block(const std::vector<llvm::Value*>& arrays, llvm::Value* first,
                                       llvm::Value* count);
  void store_block(const std::vector<llvm::Value*>& arrays, const std::vector<llvm::Value*>& values,
                   llvm::Value* first, llvm::Value* count);
  llvm::Value* element_pointer(llvm::Value* array, llvm::Value* index) {
    return builder_.CreateInBoundsGEP(element(), array, index);
  }
  llvm::Value* gather(llvm::Value* table, llvm::Value* index);
  llvm::Value* narrowed(Lane value) {
    if (kernel_.precision == kernel::Precision::F64) return value.value;
    return builder_.CreateFPTrunc(value.value, vector_of(builder_.getFloatTy()));
  }

  void emit_point();
  void emit_path();
  void emit_steps(llvm::Value* first_lane, std::vector<llvm::Value*>& carried);
  std::map<std::uint32_t, llvm::Value*> draw_normals(Lane path, llvm::Value* step);

  const Kernel& kernel_;
  llvm::Module& module_;
  llvm::IRBuilder<> builder_;
  Lanes lanes_;
  BodyEmitter body_;
  llvm::Function* function_ = nullptr;
  std::vector<llvm::Value*> tables_;
};

Loop FunctionEmitter::begin_loop(llvm::Value* limit) {
  llvm::BasicBlock* before = builder_.GetInsertBlock();
  Loop loop{block("loop"), block("done"), nullptr};
  builder_.CreateCondBr(builder_.CreateICmpSGT(limit, builder_.getInt64(0)), loop.head, loop.exit);
  builder_.SetInsertPoint(loop.head);
  loop.index = builder_.CreatePHI(builder_.getInt64Ty(), 2);
  loop.index->addIncoming(builder_.getInt64(0), before);
  return loop;
}

void FunctionEmitter::end_loop(const Loop& loop, llvm::Value* limit, std::uint64_t by) {
  llvm::Value* next = builder_.CreateNSWAdd(loop.index, builder_.getInt64(by));
  loop.index->addIncoming(next, builder_.GetInsertBlock());
  builder_.CreateCondBr(builder_.CreateICmpSLT(next, limit), loop.head, loop.exit);
  builder_.SetInsertPoint(loop.exit);
}

/// Which lanes of a partial block exist. Loads and stores count in different types: a shared count
/// would be kept for whole blocks too, which have no use for it.
llvm::Value* FunctionEmitter::lane_mask(llvm::Value* first, llvm::Value* count,
                                        llvm::Type* counter) {
  llvm::Value* left = builder_.CreateTrunc(builder_.CreateSub(count, first), counter);
  llvm::Value* lanes = builder_.CreateStepVector(vector_of(counter));
  return builder_.CreateICmpSLT(lanes, builder_.CreateVectorSplat(lanes_.width, left));
}

/// A whole block is loaded plainly; the last, partial one under a mask, its absent lanes zero.
std::vector<llvm::Value*> FunctionEmitter::load_block(const std::vector<llvm::Value*>& arrays,
                                                      llvm::Value* first, llvm::Value* count) {
  if (arrays.empty()) return {};
  llvm::BasicBlock *whole = block("load"), *partial = block("load.partial"),
                   *join = block("loaded");
  llvm::Value* end = builder_.CreateNSWAdd(first, builder_.getInt64(lanes_.width));
  builder_.CreateCondBr(builder_.CreateICmpSLE(end, count), whole, partial);
  llvm::Type* type = vector_of(element());
  const llvm::Align align(kernel_.precision == kernel::Precision::F64 ? 8 : 4);
  std::vector<llvm::Value*> plain, masked, out;
  builder_.SetInsertPoint(whole);
  for (llvm::Value* array : arrays) {
    plain.push_back(builder_.CreateAlignedLoad(type, element_pointer(array, first), align));
  }
  builder_.CreateBr(join);
  builder_.SetInsertPoint(partial);
  llvm::Value* mask = lane_mask(first, count, builder_.getInt32Ty());
  for (llvm::Value* array : arrays) {
    masked.push_back(builder_.CreateMaskedLoad(type, element_pointer(array, first), align, mask,
                                               llvm::Constant::getNullValue(type)));
  }
  builder_.CreateBr(join);
  builder_.SetInsertPoint(join);
  for (std::size_t n = 0; n < arrays.size(); ++n) {
    llvm::PHINode* value = builder_.CreatePHI(type, 2);
    value->addIncoming(plain[n], whole);
    value->addIncoming(masked[n], partial);
    out.push_back(value);
  }
  return out;
}

void FunctionEmitter::store_block(const std::vector<llvm::Value*>& arrays,
                                  const std::vector<llvm::Value*>& values, llvm::Value* first,
                                  llvm::Value* count) {
  llvm::BasicBlock *whole = block("store"), *partial = block("store.partial"),
                   *join = block("stored");
  llvm::Value* end = builder_.CreateNSWAdd(first, builder_.getInt64(lanes_.width));
  builder_.CreateCondBr(builder_.CreateICmpSLE(end, count), whole, partial);
  const llvm::Align align(kernel_.precision == kernel::Precision::F64 ? 8 : 4);
  builder_.SetInsertPoint(whole);
  for (std::size_t n = 0; n < arrays.size(); ++n) {
    builder_.CreateAlignedStore(values[n], element_pointer(arrays[n], first), align);
  }
  builder_.CreateBr(join);
  builder_.SetInsertPoint(partial);
  llvm::Value* mask = lane_mask(first, count, builder_.getInt64Ty());
  for (std::size_t n = 0; n < arrays.size(); ++n) {
    builder_.CreateMaskedStore(values[n], element_pointer(arrays[n], first), align, mask);
  }
  builder_.CreateBr(join);
  builder_.SetInsertPoint(join);
}

llvm::Value* FunctionEmitter::gather(llvm::Value* table, llvm::Value* index) {
  const llvm::Align align(kernel_.precision == kernel::Precision::F64 ? 8 : 4);
  return builder_.CreateMaskedGather(vector_of(element()),
                                     builder_.CreateGEP(element(), table, index), align);
}

void FunctionEmitter::emit_point() {
  llvm::Value* count = field(builder_.getInt64Ty(), offsetof(hopf_point_call, count));
  llvm::Value* uniforms = field(builder_.getPtrTy(), offsetof(hopf_point_call, uniforms));
  // Only arrays that the body reads: the others may be null.
  std::vector<std::uint32_t> used;
  for (const Instruction& i : kernel_.body) {
    if (i.op == Opcode::Input) used.push_back(i.slot);
  }
  const auto in = pointers(offsetof(hopf_point_call, in), used);
  const auto out = pointers(offsetof(hopf_point_call, out), up_to(kernel_.output_count));
  body_.emit(Stage::Call, [&](const Instruction& i) { return host_scalar(uniforms, i.slot); });
  const Loop loop = begin_loop(count);
  const auto inputs = load_block(in, loop.index, count);
  body_.emit(Stage::Lane, [&](const Instruction& i) {
    return inputs[std::find(used.begin(), used.end(), i.slot) - used.begin()];
  });
  std::vector<llvm::Value*> results;
  for (kernel::ValueId id : kernel_.outputs) results.push_back(body_.vector(id));
  store_block(out, results, loop.index, count);
  end_loop(loop, count, lanes_.width);
  builder_.CreateRetVoid();
}

void FunctionEmitter::emit_path() {
  llvm::Value* count = field(builder_.getInt64Ty(), offsetof(hopf_path_call, count));
  llvm::Value* uniforms = field(builder_.getPtrTy(), offsetof(hopf_path_call, uniforms));
  const auto state = pointers(offsetof(hopf_path_call, carried), up_to(kernel_.carried_count));
  tables_ = pointers(offsetof(hopf_path_call, tables), up_to(kernel_.table_count));
  body_.emit(Stage::Call, [&](const Instruction& i) { return host_scalar(uniforms, i.slot); });
  const Loop paths = begin_loop(count);
  auto carried = load_block(state, paths.index, count);
  emit_steps(paths.index, carried);
  store_block(state, carried, paths.index, count);
  end_loop(paths, count, lanes_.width);
  builder_.CreateRetVoid();
}

/// The step loop of one block of paths; `carried` goes in with the state before and out with the
/// state after.
void FunctionEmitter::emit_steps(llvm::Value* first_lane, std::vector<llvm::Value*>& carried) {
  llvm::Type* i64 = builder_.getInt64Ty();
  llvm::Value* step_count = field(i64, offsetof(hopf_path_call, step_count));
  llvm::Value* first_step = field(i64, offsetof(hopf_path_call, first_step));
  llvm::Value* steps = field(builder_.getPtrTy(), offsetof(hopf_path_call, steps));
  llvm::Value* first =
      builder_.CreateAdd(field(i64, offsetof(hopf_path_call, first_path)), first_lane);
  const Lane path{&lanes_, builder_.CreateAdd(builder_.CreateVectorSplat(lanes_.width, first),
                                              builder_.CreateStepVector(vector_of(i64)))};
  llvm::BasicBlock* before = builder_.GetInsertBlock();
  const Loop loop = begin_loop(step_count);
  std::vector<llvm::PHINode*> registers;
  for (llvm::Value* value : carried) {
    registers.push_back(builder_.CreatePHI(value->getType(), 2));
    registers.back()->addIncoming(value, before);
  }
  llvm::Value* row = builder_.CreateInBoundsGEP(
      builder_.getDoubleTy(), steps,
      builder_.CreateMul(loop.index, builder_.getInt64(kernel_.step_count)));
  body_.emit(Stage::Step, [&](const Instruction& i) { return host_scalar(row, i.slot); });
  auto normals = draw_normals(path, builder_.CreateAdd(first_step, loop.index));
  body_.emit(Stage::Lane, [&](const Instruction& i) -> llvm::Value* {
    if (i.op == Opcode::Carried) return registers[i.slot];
    if (i.op == Opcode::Normal) return normals.at(i.slot);
    return gather(tables_[i.slot], body_.vector(i.a));
  });
  llvm::BasicBlock* last = builder_.GetInsertBlock();
  end_loop(loop, step_count, 1);
  for (std::size_t n = 0; n < carried.size(); ++n) {
    llvm::Value* next = body_.vector(kernel_.outputs[n]);
    registers[n]->addIncoming(next, last);
    llvm::PHINode* after = builder_.CreatePHI(next->getType(), 2);
    after->addIncoming(carried[n], before);
    after->addIncoming(next, last);
    carried[n] = after;
  }
}

/// Each pair of noise indices shares one block of Philox words.
std::map<std::uint32_t, llvm::Value*> FunctionEmitter::draw_normals(Lane path, llvm::Value* step) {
  std::map<std::uint32_t, llvm::Value*> drawn;
  if (kernel_.normals.empty()) return drawn;
  constexpr std::uint64_t kLow32 = 0xffffffff;
  llvm::Value* seed = field(builder_.getInt64Ty(), offsetof(hopf_path_call, seed));
  llvm::Value* step_high = builder_.CreateAnd(builder_.CreateLShr(step, 32), 0xffff);
  for (std::uint32_t index : kernel_.normals) {
    if (drawn.count(index)) continue;
    llvm::Value* last = builder_.CreateOr(builder_.CreateShl(step_high, 16), index / 2 & 0xffffu);
    const NoiseCounter counter{path & integer(lanes_, kLow32), shift_right(path, 32),
                               builder_.CreateAnd(step, kLow32), last, seed};
    const NormalPair pair = normal_pair(lanes_, counter);
    drawn[index / 2 * 2] = narrowed(pair.even);
    drawn[index / 2 * 2 + 1] = narrowed(pair.odd);
  }
  return drawn;
}

/// Point kernels fill one machine vector; path kernels two, whose chains of dependent instructions
/// overlap.
unsigned lanes_of(const Kernel& k, const Target& target) {
  const unsigned element_bits = k.precision == kernel::Precision::F64 ? 64 : 32;
  return target.vector_bits / element_bits * (k.path ? 2 : 1);
}

/// A routine that is used a few times is inlined where it is used, so that its work overlaps with
/// its neighbours'; one that is used often stays a function, so that compile time does not grow
/// with the number of uses.
void set_attributes(llvm::Module& module) {
  constexpr unsigned kInlinedUses = 4;
  for (llvm::Function& f : module) {
    f.addFnAttr("prefer-vector-width", "512");
    f.addFnAttr(
        "stackrealign");  // a spilled vector across two cache lines costs more than the spill
    if (!f.hasInternalLinkage() || f.hasFnAttribute(llvm::Attribute::NoInline)) continue;
    f.addFnAttr(f.getNumUses() <= kInlinedUses ? llvm::Attribute::AlwaysInline
                                               : llvm::Attribute::NoInline);
  }
}

}  // namespace

std::string symbol_of(const Kernel& k) { return "hopf_kernel_" + k.name; }

std::unique_ptr<llvm::Module> emit(llvm::LLVMContext& context, std::span<const Kernel> kernels,
                                   const Target& target) {
  auto module = std::make_unique<llvm::Module>("hopf", context);
  std::map<unsigned, MathLibrary> libraries;
  for (const Kernel& k : kernels) {
    if (const std::string fault = kernel::verify(k); !fault.empty()) throw std::logic_error(fault);
    const unsigned width = lanes_of(k, target);
    MathLibrary& math = libraries.try_emplace(width, *module, width).first->second;
    FunctionEmitter(*module, k, width, math).emit();
  }
  set_attributes(*module);
  std::string fault;
  llvm::raw_string_ostream text(fault);
  if (llvm::verifyModule(*module, &text))
    throw std::logic_error("LLVM refuses emitted code: " + fault);
  return module;
}

}  // namespace hopf::codegen
