#include "codegen/emit.hpp"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>
#include <cmath>
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

using Values = std::vector<llvm::Value*>;

/// One kernel's function: what point and path kernels share.
class FunctionEmitter {
 public:
  FunctionEmitter(llvm::Module& module, const Kernel& k, unsigned width, MathLibrary& math)
      : kernel_(k),
        module_(module),
        math_(math),
        builder_(module.getContext()),
        lanes_{builder_, width},
        body_(k, lanes_, math) {
    for (const Instruction& i : k.body) {
      if (i.op == Opcode::Input) used_.push_back(i.slot);
    }
  }

  /// The function that callers see.
  void emit() {
    exact_ = !kernel_.hot;
    begin(llvm::Function::ExternalLinkage, symbol_of(kernel_), {builder_.getPtrTy()});
    if (exact_) make_fast_to_compile();
    kernel_.path ? emit_path() : emit_point();
  }
  /// The same for lanes from the second argument on, and for arguments of any size.
  llvm::Function* emit_exact() {
    exact_ = true;
    begin(llvm::Function::InternalLinkage, "hopf.exact." + kernel_.name,
          {builder_.getPtrTy(), builder_.getInt64Ty()});
    function_->addFnAttr(llvm::Attribute::Cold);
    make_fast_to_compile();
    kernel_.path ? emit_path() : emit_point();
    return function_;
  }

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
  /// Takes a block's first lane and what was loaded, and leaves what is to be stored.
  using Block = std::function<void(llvm::Value* first, Values&)>;
  /// Lanes first .. last - 1 of these arrays.
  struct Pass {
    llvm::Value *first, *last;
    Values in, out;
  };
  llvm::Value* lane_mask(llvm::Value* first, llvm::Value* count);
  Values make_room(std::size_t count);
  void copy_in(const Values& arrays, const Values& copies, llvm::Value* first, llvm::Value* count);
  void copy_out(const Values& copies, const Values& arrays, llvm::Value* first, llvm::Value* count);
  Pass either(const Pass& a, llvm::BasicBlock* a_block, const Pass& b, llvm::BasicBlock* b_block);
  void emit_pass(const Pass&, const Block& body);
  void emit_blocks(llvm::Value* count, const Values& in, const Values& out, const Block& body);
  llvm::Align alignment() const {
    return llvm::Align(kernel_.precision == kernel::Precision::F64 ? 8 : 4);
  }
  llvm::Value* element_pointer(llvm::Value* array, llvm::Value* index) {
    return builder_.CreateInBoundsGEP(element(), array, index);
  }
  llvm::Value* gather(llvm::Value* table, llvm::Value* index);
  llvm::Value* narrowed(Lane value) {
    if (kernel_.precision == kernel::Precision::F64) return value.value;
    return builder_.CreateFPTrunc(value.value, vector_of(builder_.getFloatTy()));
  }

  /// What runs seldom is not worth the optimiser's time.
  void make_fast_to_compile() {
    function_->addFnAttr(llvm::Attribute::NoInline);
    function_->addFnAttr(llvm::Attribute::OptimizeNone);
  }
  void begin(llvm::Function::LinkageTypes, const std::string& name,
             std::vector<llvm::Type*> parameters);
  void emit_uniforms();
  void emit_point();
  Values emit_lanes(const Values& inputs);
  void emit_path();
  void emit_steps(llvm::Value* first_lane, Values& carried);
  Values emit_step(llvm::Value* first_lane, llvm::Value* step, const Values& carried);
  std::map<std::uint32_t, llvm::Value*> drawn(Lane path, llvm::Value* step);
  std::map<std::uint32_t, llvm::Value*> draw_normals(Lane path, llvm::Value* step);
  template <class Body>
  Values guarded(llvm::Value* first, const Body& body);

  const Kernel& kernel_;
  llvm::Module& module_;
  MathLibrary& math_;
  llvm::IRBuilder<> builder_;
  Lanes lanes_;
  BodyEmitter body_;
  llvm::Function* function_ = nullptr;
  bool exact_ = false;
  Values tables_;
  std::vector<std::uint32_t> used_;  // input slots that the body reads: other arrays may be null
};

void FunctionEmitter::begin(llvm::Function::LinkageTypes linkage, const std::string& name,
                            std::vector<llvm::Type*> parameters) {
  auto* type = llvm::FunctionType::get(builder_.getVoidTy(), parameters, false);
  function_ = llvm::Function::Create(type, linkage, name, module_);
  function_->setDoesNotThrow();
  function_->addParamAttr(0, llvm::Attribute::ReadOnly);
  builder_.SetInsertPoint(block("entry"));
}

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

/// Which lanes of a partial block exist.
llvm::Value* FunctionEmitter::lane_mask(llvm::Value* first, llvm::Value* count) {
  llvm::Value* left = builder_.CreateVectorSplat(lanes_.width, builder_.CreateSub(count, first));
  return builder_.CreateICmpSLT(builder_.CreateStepVector(vector_of(builder_.getInt64Ty())), left);
}

/// Room for one block of each of `count` arrays, on the stack.
Values FunctionEmitter::make_room(std::size_t count) {
  llvm::BasicBlock& entry = function_->getEntryBlock();
  llvm::IRBuilder<> at(&entry, entry.begin());
  Values out;
  for (std::size_t n = 0; n < count; ++n) out.push_back(at.CreateAlloca(vector_of(element())));
  return out;
}

/// The partial block that begins at lane `first` into memory of our own, absent lanes zero.
void FunctionEmitter::copy_in(const Values& arrays, const Values& copies, llvm::Value* first,
                              llvm::Value* count) {
  llvm::Value* mask = lane_mask(first, count);
  llvm::Type* type = vector_of(element());
  for (std::size_t n = 0; n < arrays.size(); ++n) {
    llvm::Value* value =
        builder_.CreateMaskedLoad(type, element_pointer(arrays[n], first), alignment(), mask,
                                  llvm::Constant::getNullValue(type));
    builder_.CreateStore(value, copies[n]);
  }
}

void FunctionEmitter::copy_out(const Values& copies, const Values& arrays, llvm::Value* first,
                               llvm::Value* count) {
  llvm::Value* mask = lane_mask(first, count);
  for (std::size_t n = 0; n < arrays.size(); ++n) {
    llvm::Value* value = builder_.CreateLoad(vector_of(element()), copies[n]);
    builder_.CreateMaskedStore(value, element_pointer(arrays[n], first), alignment(), mask);
  }
}

/// A loop over whole blocks, from lane `first` to lane `last`.
void FunctionEmitter::emit_pass(const Pass& pass, const Block& body) {
  llvm::BasicBlock *before = builder_.GetInsertBlock(), *head = block("loop"),
                   *exit = block("done");
  builder_.CreateCondBr(builder_.CreateICmpSLT(pass.first, pass.last), head, exit);
  builder_.SetInsertPoint(head);
  llvm::PHINode* index = builder_.CreatePHI(builder_.getInt64Ty(), 2);
  index->addIncoming(pass.first, before);
  llvm::Type* type = vector_of(element());
  Values values;
  for (llvm::Value* array : pass.in)
    values.push_back(builder_.CreateAlignedLoad(type, element_pointer(array, index), alignment()));
  body(index, values);
  for (std::size_t n = 0; n < values.size(); ++n)
    builder_.CreateAlignedStore(values[n], element_pointer(pass.out[n], index), alignment());
  llvm::Value* next = builder_.CreateNSWAdd(index, builder_.getInt64(lanes_.width));
  index->addIncoming(next, builder_.GetInsertBlock());
  builder_.CreateCondBr(builder_.CreateICmpSLT(next, pass.last), head, exit);
  builder_.SetInsertPoint(exit);
}

/// All lanes of a call: first the whole blocks where they are; then what is left, copied into a
/// block of our own, goes through the same loop, and is copied back. So the loop knows no masks and
/// its body is there once.
void FunctionEmitter::emit_blocks(llvm::Value* count, const Values& in, const Values& out,
                                  const Block& body) {
  const Values in_copies = make_room(in.size()), out_copies = make_room(out.size());
  llvm::Value* width = builder_.getInt64(lanes_.width);
  llvm::Value* whole = builder_.CreateAnd(count, builder_.CreateNeg(width));
  llvm::BasicBlock *entry = builder_.GetInsertBlock(), *begin = block("pass");
  llvm::BasicBlock *rest = block("rest"), *passed = block("passed");
  llvm::BasicBlock *back = block("copy_back"), *end = block("end");
  builder_.CreateBr(begin);
  builder_.SetInsertPoint(rest);
  copy_in(in, in_copies, whole, count);
  // Copies are addressed as the arrays are: by the number of the lane.
  const auto shifted = [&](const Values& copies) {
    Values out;
    for (llvm::Value* copy : copies)
      out.push_back(builder_.CreateGEP(element(), copy, builder_.CreateNeg(whole)));
    return out;
  };
  llvm::Value* start = builder_.getInt64(0);
  if (function_->arg_size() > 1) start = function_->getArg(1);
  const Pass first{start, whole, in, out};
  const Pass second{whole, builder_.CreateNSWAdd(whole, width), shifted(in_copies),
                    shifted(out_copies)};
  builder_.CreateBr(begin);
  builder_.SetInsertPoint(begin);
  const Pass pass = either(first, entry, second, rest);
  emit_pass(pass, body);
  builder_.CreateCondBr(builder_.CreateICmpSLT(pass.last, count), rest, passed);
  builder_.SetInsertPoint(passed);
  builder_.CreateCondBr(builder_.CreateICmpSGT(pass.last, count), back, end);
  builder_.SetInsertPoint(back);
  copy_out(out_copies, out, whole, count);
  builder_.CreateBr(end);
  builder_.SetInsertPoint(end);
}

/// Where control comes from `a_block`, a; where it comes from `b_block`, b.
FunctionEmitter::Pass FunctionEmitter::either(const Pass& a, llvm::BasicBlock* a_block,
                                              const Pass& b, llvm::BasicBlock* b_block) {
  const auto choice = [&](llvm::Value* x, llvm::Value* y) -> llvm::Value* {
    llvm::PHINode* phi = builder_.CreatePHI(x->getType(), 2);
    phi->addIncoming(x, a_block);
    phi->addIncoming(y, b_block);
    return phi;
  };
  const auto choices = [&](const Values& x, const Values& y) {
    Values out;
    for (std::size_t n = 0; n < x.size(); ++n) out.push_back(choice(x[n], y[n]));
    return out;
  };
  return {choice(a.first, b.first), choice(a.last, b.last), choices(a.in, b.in),
          choices(a.out, b.out)};
}

llvm::Value* FunctionEmitter::gather(llvm::Value* table, llvm::Value* index) {
  return builder_.CreateMaskedGather(vector_of(element()),
                                     builder_.CreateGEP(element(), table, index), alignment());
}

void FunctionEmitter::emit_uniforms() {
  const std::size_t offset =
      kernel_.path ? offsetof(hopf_path_call, uniforms) : offsetof(hopf_point_call, uniforms);
  llvm::Value* uniforms = field(builder_.getPtrTy(), offset);
  if (kernel_.path)
    tables_ = pointers(offsetof(hopf_path_call, tables), up_to(kernel_.table_count));
  body_.emit(Stage::Call, [&](const Instruction& i) { return host_scalar(uniforms, i.slot); });
}

void FunctionEmitter::emit_point() {
  llvm::Value* count = field(builder_.getInt64Ty(), offsetof(hopf_point_call, count));
  const Values in = pointers(offsetof(hopf_point_call, in), used_);
  const Values out = pointers(offsetof(hopf_point_call, out), up_to(kernel_.output_count));
  emit_uniforms();
  emit_blocks(count, in, out, [&](llvm::Value* first, Values& values) {
    values = guarded(first, [&] { return emit_lanes(values); });
  });
  builder_.CreateRetVoid();
}

/// The outputs of one block of points.
Values FunctionEmitter::emit_lanes(const Values& inputs) {
  body_.emit(Stage::Lane, [&](const Instruction& i) {
    return inputs[std::find(used_.begin(), used_.end(), i.slot) - used_.begin()];
  });
  Values out;
  for (kernel::ValueId id : kernel_.outputs) out.push_back(body_.vector(id));
  return out;
}

void FunctionEmitter::emit_path() {
  llvm::Value* count = field(builder_.getInt64Ty(), offsetof(hopf_path_call, count));
  const Values state = pointers(offsetof(hopf_path_call, carried), up_to(kernel_.carried_count));
  emit_uniforms();
  emit_blocks(count, state, state,
              [&](llvm::Value* first, Values& carried) { emit_steps(first, carried); });
  builder_.CreateRetVoid();
}

/// The step loop of one block of paths; `carried` goes in with the state before and out with the
/// state after.
void FunctionEmitter::emit_steps(llvm::Value* first_lane, Values& carried) {
  llvm::Value* step_count = field(builder_.getInt64Ty(), offsetof(hopf_path_call, step_count));
  llvm::BasicBlock* before = builder_.GetInsertBlock();
  const Loop loop = begin_loop(step_count);
  std::vector<llvm::PHINode*> registers;
  for (llvm::Value* value : carried) {
    registers.push_back(builder_.CreatePHI(value->getType(), 2));
    registers.back()->addIncoming(value, before);
  }
  const Values state(registers.begin(), registers.end());
  const Values next = guarded(first_lane, [&] { return emit_step(first_lane, loop.index, state); });
  llvm::BasicBlock* last = builder_.GetInsertBlock();
  end_loop(loop, step_count, 1);
  for (std::size_t n = 0; n < carried.size(); ++n) {
    registers[n]->addIncoming(next[n], last);
    llvm::PHINode* after = builder_.CreatePHI(next[n]->getType(), 2);
    after->addIncoming(carried[n], before);
    after->addIncoming(next[n], last);
    carried[n] = after;
  }
}

/// The state of one block of paths after a step, which is the call's first plus `step`.
Values FunctionEmitter::emit_step(llvm::Value* first_lane, llvm::Value* step,
                                  const Values& carried) {
  llvm::Type* i64 = builder_.getInt64Ty();
  llvm::Value* first =
      builder_.CreateAdd(field(i64, offsetof(hopf_path_call, first_path)), first_lane);
  const Lane path{&lanes_, builder_.CreateAdd(builder_.CreateVectorSplat(lanes_.width, first),
                                              builder_.CreateStepVector(vector_of(i64)))};
  llvm::Value* row = builder_.CreateInBoundsGEP(
      builder_.getDoubleTy(), field(builder_.getPtrTy(), offsetof(hopf_path_call, steps)),
      builder_.CreateMul(step, builder_.getInt64(kernel_.step_count)));
  body_.emit(Stage::Step, [&](const Instruction& i) { return host_scalar(row, i.slot); });
  llvm::Value* first_step = field(i64, offsetof(hopf_path_call, first_step));
  const auto normals = drawn(path, builder_.CreateAdd(first_step, step));
  body_.emit(Stage::Lane, [&](const Instruction& i) -> llvm::Value* {
    if (i.op == Opcode::Carried) return carried[i.slot];
    if (i.op == Opcode::Normal) return normals.at(i.slot);
    return gather(tables_[i.slot], body_.vector(i.a));
  });
  Values out;
  for (kernel::ValueId id : kernel_.outputs) out.push_back(body_.vector(id));
  return out;
}

/// The outputs of the block at `first`. Routines that are good for ordinary arguments only do not
/// branch each for itself. Where any lane has met any other argument, this block and all that
/// follow are left to a function of their own, whose routines take all arguments: so the hot path
/// has no calls, and constants stay in registers on it.
template <class Body>
Values FunctionEmitter::guarded(llvm::Value* first, const Body& body) {
  if (exact_) return body();
  std::vector<Warning> warnings;
  lanes_.warnings = &warnings;
  const Values out = body();
  lanes_.warnings = nullptr;
  if (warnings.empty()) return out;
  llvm::BasicBlock *leave = block("leave"), *stay = block("stay");
  builder_.CreateCondBr(builder_.CreateOrReduce(rare_lanes(lanes_, warnings).value), leave, stay,
                        llvm::MDBuilder(module_.getContext()).createBranchWeights(1, 1u << 20));
  builder_.SetInsertPoint(leave);
  FunctionEmitter other(module_, kernel_, lanes_.width, math_);
  builder_.CreateCall(other.emit_exact(), {function_->getArg(0), first});
  builder_.CreateRetVoid();
  builder_.SetInsertPoint(stay);
  return out;
}

/// The normals of a step; of a step that stands for n, their sum over sqrt n.
std::map<std::uint32_t, llvm::Value*> FunctionEmitter::drawn(Lane path, llvm::Value* step) {
  const std::uint32_t count = kernel_.summed;
  if (count == 1) return draw_normals(path, step);
  llvm::Value* first = builder_.CreateMul(step, builder_.getInt64(count));
  auto normals = draw_normals(path, first);
  for (std::uint32_t i = 1; i < count; ++i) {
    const auto next = draw_normals(path, builder_.CreateAdd(first, builder_.getInt64(i)));
    for (auto& [index, value] : normals) value = builder_.CreateFAdd(value, next.at(index));
  }
  for (auto& [index, value] : normals)
    value =
        builder_.CreateFMul(value, llvm::ConstantFP::get(value->getType(), 1 / std::sqrt(count)));
  return normals;
}

/// Each pair of noise indices shares one block of Philox words.
std::map<std::uint32_t, llvm::Value*> FunctionEmitter::draw_normals(Lane path, llvm::Value* step) {
  std::map<std::uint32_t, llvm::Value*> drawn;
  if (kernel_.normals.empty()) return drawn;
  constexpr std::uint64_t kLow32 = 0xffffffff;
  constexpr std::size_t kInlinedNormals = 4;  // more of them are drawn by calls
  const bool inlined = !exact_ && kernel_.normals.size() <= kInlinedNormals;
  llvm::Value* seed = field(builder_.getInt64Ty(), offsetof(hopf_path_call, seed));
  llvm::Value* step_high = builder_.CreateAnd(builder_.CreateLShr(step, 32), 0xffff);
  for (std::uint32_t index : kernel_.normals) {
    if (drawn.count(index)) continue;
    llvm::Value* last = builder_.CreateOr(builder_.CreateShl(step_high, 16), index / 2 & 0xffffu);
    const NoiseCounter counter{path, builder_.CreateAnd(step, kLow32), last, seed};
    const NormalPair pair = math_.normals(lanes_, counter, inlined);
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

void set_attributes(llvm::Module& module) {
  for (llvm::Function& f : module) {
    f.addFnAttr("prefer-vector-width", "512");
    f.addFnAttr(
        "stackrealign");  // a spilled vector across two cache lines costs more than the spill
  }
}

/// One library a width, told how often each routine will be asked for.
std::map<unsigned, MathLibrary> libraries_for(llvm::Module& module, std::span<const Kernel> kernels,
                                              const Target& target) {
  std::map<unsigned, MathLibrary> libraries;
  for (const Kernel& k : kernels) {
    const unsigned width = lanes_of(k, target);
    MathLibrary& math = libraries.try_emplace(width, module, width).first->second;
    for (const Instruction& i : k.body) math.expect(i.op);
  }
  return libraries;
}

}  // namespace

std::string symbol_of(const Kernel& k) { return "hopf_kernel_" + k.name; }

std::unique_ptr<llvm::Module> emit(llvm::LLVMContext& context, std::span<const Kernel> kernels,
                                   const Target& target) {
  auto module = std::make_unique<llvm::Module>("hopf", context);
  auto libraries = libraries_for(*module, kernels, target);
  for (const Kernel& k : kernels) {
    if (const std::string fault = kernel::verify(k); !fault.empty()) throw std::logic_error(fault);
    const unsigned width = lanes_of(k, target);
    FunctionEmitter(*module, k, width, libraries.at(width)).emit();
  }
  set_attributes(*module);
  std::string fault;
  llvm::raw_string_ostream text(fault);
  if (llvm::verifyModule(*module, &text))
    throw std::logic_error("LLVM refuses emitted code: " + fault);
  return module;
}

}  // namespace hopf::codegen
