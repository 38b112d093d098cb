#include "codegen/vector_math.hpp"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <stdexcept>

namespace hopf::codegen {
namespace {

using kernel::Opcode;

using Routine1 = Lane (*)(MathLibrary&, Lane);
using Routine2 = Lane (*)(MathLibrary&, Lane, Lane);

Routine1 unary_routine(Opcode op) {
  switch (op) {
    case Opcode::Exp:
      return emit_exp;
    case Opcode::Log:
      return emit_log;
    case Opcode::Sin:
      return emit_sin;
    case Opcode::Cos:
      return emit_cos;
    case Opcode::Tan:
      return emit_tan;
    case Opcode::Asin:
      return emit_asin;
    case Opcode::Acos:
      return emit_acos;
    case Opcode::Atan:
      return emit_atan;
    case Opcode::Sinh:
      return emit_sinh;
    case Opcode::Cosh:
      return emit_cosh;
    case Opcode::Tanh:
      return emit_tanh;
    case Opcode::Erf:
      return emit_erf;
    case Opcode::NormalCdf:
      return emit_normal_cdf;
    default:
      return nullptr;
  }
}

Routine2 binary_routine(Opcode op) {
  return op == Opcode::Pow ? emit_pow : op == Opcode::Atan2 ? emit_atan2 : nullptr;
}

std::string_view text_of(Opcode op) {
  switch (op) {
#define HOPF_KERNEL_OP(id, text, operands) \
  case Opcode::id:                         \
    return text;
#include "kernel/opcodes.def"
#undef HOPF_KERNEL_OP
  }
  return {};
}

/// Functions of numbers only: calls may be merged, moved and dropped.
void mark_pure(llvm::Function& f) {
  f.setDoesNotAccessMemory();
  f.setDoesNotThrow();
  f.setWillReturn();
}

/// for each lane: if not |x| <= limit then x := name(x)
Lane apply_by_lane(Lanes& lanes, llvm::Function* scalar, Lane x, double limit) {
  llvm::IRBuilderBase& b = lanes.builder;
  llvm::Function* f = b.GetInsertBlock()->getParent();
  const auto block = [&](const char* name) {
    return llvm::BasicBlock::Create(b.getContext(), name, f);
  };
  llvm::BasicBlock *entry = b.GetInsertBlock(), *head = block("head"), *work = block("work");
  llvm::BasicBlock *next = block("next"), *done = block("done");
  const Lane rare = not_at_most(abs(x), limit);
  b.CreateBr(head);
  b.SetInsertPoint(head);
  llvm::PHINode* index = b.CreatePHI(b.getInt32Ty(), 2);
  llvm::PHINode* result = b.CreatePHI(x.value->getType(), 2);
  b.CreateCondBr(b.CreateExtractElement(rare.value, index), work, next);
  b.SetInsertPoint(work);
  llvm::Value* value = b.CreateCall(scalar, {b.CreateExtractElement(x.value, index)});
  llvm::Value* inserted = b.CreateInsertElement(result, value, index);
  b.CreateBr(next);
  b.SetInsertPoint(next);
  llvm::PHINode* updated = b.CreatePHI(x.value->getType(), 2);
  updated->addIncoming(result, head);
  updated->addIncoming(inserted, work);
  llvm::Value* following = b.CreateAdd(index, b.getInt32(1));
  b.CreateCondBr(b.CreateICmpULT(following, b.getInt32(lanes.width)), head, done);
  index->addIncoming(b.getInt32(0), entry);
  index->addIncoming(following, next);
  result->addIncoming(x.value, entry);
  result->addIncoming(updated, next);
  b.SetInsertPoint(done);
  return {&lanes, updated};
}

}  // namespace

bool is_elementary(Opcode op) { return unary_routine(op) || binary_routine(op); }

llvm::Function* MathLibrary::function(const std::string& name, unsigned arguments, bool cold,
                                      const Body& body) {
  const auto [found, fresh] = functions_.try_emplace(name, nullptr);
  if (!fresh) return found->second;
  llvm::LLVMContext& context = module_.getContext();
  llvm::Type* type = llvm::FixedVectorType::get(llvm::Type::getDoubleTy(context), width_);
  llvm::SmallVector<llvm::Type*, 2> parameters(arguments, type);
  llvm::Function* f = llvm::Function::Create(
      llvm::FunctionType::get(type, parameters, false), llvm::Function::InternalLinkage,
      "hopf." + name + ".v" + std::to_string(width_), module_);
  functions_[name] = f;
  mark_pure(*f);
  f->addFnAttr(llvm::Attribute::NoInline);
  if (cold) f->addFnAttr(llvm::Attribute::Cold);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "entry", f));
  Lanes lanes{builder, width_};
  llvm::SmallVector<Lane, 2> values;
  for (llvm::Argument& argument : f->args()) values.push_back({&lanes, &argument});
  builder.CreateRet(body(lanes, values).value);
  return f;
}

llvm::Function* MathLibrary::scalar_fallback(const std::string& name, double limit) {
  llvm::Type* real = llvm::Type::getDoubleTy(module_.getContext());
  llvm::FunctionCallee callee =
      module_.getOrInsertFunction(name, llvm::FunctionType::get(real, {real}, false));
  llvm::Function* scalar = llvm::cast<llvm::Function>(callee.getCallee());
  mark_pure(*scalar);
  return function(name + ".huge", 1, true, [&](Lanes& lanes, std::span<const Lane> x) {
    return apply_by_lane(lanes, scalar, x[0], limit);
  });
}

llvm::Function* MathLibrary::routine(Opcode op) {
  const std::string name(text_of(op));
  if (const Routine1 emit = unary_routine(op)) {
    return function(name, 1, false,
                    [&](Lanes&, std::span<const Lane> x) { return emit(*this, x[0]); });
  }
  if (const Routine2 emit = binary_routine(op)) {
    return function(name, 2, false,
                    [&](Lanes&, std::span<const Lane> x) { return emit(*this, x[0], x[1]); });
  }
  throw std::logic_error("no vector routine for " + name);
}

Lane MathLibrary::apply(Lanes& lanes, Opcode op, std::span<const Lane> arguments) {
  constexpr unsigned kInlinedUses = 4;
  if (lanes.warnings && uses_[op] <= kInlinedUses) {
    const Routine1 unary = unary_routine(op);
    return unary ? unary(*this, arguments[0])
                 : binary_routine(op)(*this, arguments[0], arguments[1]);
  }
  llvm::SmallVector<llvm::Value*, 2> values;
  for (Lane argument : arguments) values.push_back(argument.value);
  return {&lanes, lanes.builder.CreateCall(routine(op), values)};
}

NormalPair MathLibrary::normals(Lanes& lanes, const NoiseCounter& counter, bool inlined) {
  if (inlined) return normal_pair(lanes, counter);
  llvm::IRBuilderBase& b = lanes.builder;
  llvm::Function*& f = functions_["normals"];
  if (!f) {
    llvm::Type *word = b.getInt64Ty(),
               *pair = llvm::StructType::get(real_type(lanes), real_type(lanes));
    f = llvm::Function::Create(
        llvm::FunctionType::get(pair, {counter.path.value->getType(), word, word, word}, false),
        llvm::Function::InternalLinkage, "hopf.normals.v" + std::to_string(width_), module_);
    mark_pure(*f);
    f->addFnAttr(llvm::Attribute::NoInline);
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(module_.getContext(), "entry", f));
    Lanes own{builder, width_};
    const NormalPair drawn =
        normal_pair(own, {{&own, f->getArg(0)}, f->getArg(1), f->getArg(2), f->getArg(3)});
    llvm::Value* const results[] = {drawn.even.value, drawn.odd.value};
    builder.CreateAggregateRet(results, 2);
  }
  llvm::Value* drawn =
      b.CreateCall(f, {counter.path.value, counter.step, counter.last, counter.seed});
  return {{&lanes, b.CreateExtractValue(drawn, 0)}, {&lanes, b.CreateExtractValue(drawn, 1)}};
}

}  // namespace hopf::codegen
