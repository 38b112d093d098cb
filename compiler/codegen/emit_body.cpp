#include "codegen/emit_body.hpp"

#include <llvm/IR/IRBuilder.h>

#include <stdexcept>

#include "kernel/opcode_info.hpp"

namespace hopf::codegen {

using kernel::Instruction;
using kernel::Opcode;
using kernel::Type;
using kernel::ValueId;

llvm::Type* element_type(const kernel::Kernel& k, llvm::IRBuilderBase& b) {
  return k.precision == kernel::Precision::F64 ? b.getDoubleTy() : b.getFloatTy();
}

BodyEmitter::BodyEmitter(const kernel::Kernel& k, Lanes& lanes, MathLibrary& math)
    : kernel_(k),
      lanes_(lanes),
      math_(math),
      stage_(k.body.size()),
      meets_lanes_(k.body.size()),
      scalar_(k.body.size()),
      vector_(k.body.size()) {
  find_stages();
}

void BodyEmitter::find_stages() {
  for (std::uint32_t index = 0; index < kernel_.body.size(); ++index) {
    const Instruction& i = kernel_.body[ValueId(index)];
    Stage stage = i.rate == kernel::Rate::Varying ? Stage::Lane
                  : i.op == Opcode::Step          ? Stage::Step
                                                  : Stage::Call;
    for (ValueId id : {i.a, i.b, i.c}) {
      if (id.valid()) stage = std::max(stage, stage_[id.index()]);
    }
    stage_[index] = stage;
    if (stage != Stage::Lane) continue;
    for (ValueId id : {i.a, i.b, i.c}) {
      if (id.valid()) meets_lanes_[id.index()] = true;
    }
  }
  for (ValueId id : kernel_.outputs) meets_lanes_[id.index()] = true;
}

void BodyEmitter::emit(Stage stage, const Leaf& leaf) {
  for (std::uint32_t index = 0; index < kernel_.body.size(); ++index) {
    if (stage_[index] != stage) continue;
    const Instruction& i = kernel_.body[ValueId(index)];
    if (stage == Stage::Lane) {
      vector_[index] = emit_one(i, true, leaf);
      continue;
    }
    scalar_[index] = emit_one(i, false, leaf);
    if (meets_lanes_[index]) vector_[index] = splat(scalar_[index]);
  }
}

llvm::Value* BodyEmitter::splat(llvm::Value* scalar) {
  return lanes_.builder.CreateVectorSplat(lanes_.width, scalar);
}

llvm::Value* BodyEmitter::vector(ValueId id) { return vector_[id.index()]; }

llvm::Value* BodyEmitter::operand(ValueId id, bool as_vector) {
  if (!id.valid()) return nullptr;
  return as_vector ? vector_[id.index()] : scalar_[id.index()];
}

llvm::Value* BodyEmitter::emit_constant(const Instruction& i) {
  llvm::IRBuilderBase& b = lanes_.builder;
  if (i.type == Type::Bool) return b.getInt1(i.constant != 0);
  if (i.type == Type::Int)
    return b.getInt32(static_cast<std::uint32_t>(static_cast<std::int32_t>(i.constant)));
  return llvm::ConstantFP::get(element_type(kernel_, b), i.constant);
}

llvm::Value* BodyEmitter::emit_one(const Instruction& i, bool as_vector, const Leaf& leaf) {
  if (i.op == Opcode::Const) return emit_constant(i);
  if (kernel::has_slot(i.op)) return leaf(i);
  llvm::Value* x = operand(i.a, as_vector);
  llvm::Value* y = operand(i.b, as_vector);
  llvm::Value* z = operand(i.c, as_vector);
  if (is_elementary(i.op)) return emit_elementary(i, x, y);
  const bool real = i.type == Type::Real && i.op != Opcode::Select && i.op != Opcode::ToReal;
  return real ? emit_real(i, x, y, z) : emit_other(i, x, y, z);
}

llvm::Value* BodyEmitter::emit_real(const Instruction& i, llvm::Value* x, llvm::Value* y,
                                    llvm::Value* z) {
  llvm::IRBuilderBase& b = lanes_.builder;
  llvm::Type* type = x->getType();
  const auto constant = [&](double value) { return llvm::ConstantFP::get(type, value); };
  switch (i.op) {
    case Opcode::Add:
      return b.CreateFAdd(x, y);
    case Opcode::Sub:
      return b.CreateFSub(x, y);
    case Opcode::Mul:
      return b.CreateFMul(x, y);
    case Opcode::Div:
      return b.CreateFDiv(x, y);
    case Opcode::Fma:
      return b.CreateIntrinsic(llvm::Intrinsic::fma, {type}, {x, y, z});
    case Opcode::Neg:
      return b.CreateFNeg(x);
    case Opcode::Min:
      return b.CreateSelect(b.CreateFCmpOLT(x, y), x, y);
    case Opcode::Max:
      return b.CreateSelect(b.CreateFCmpOGT(x, y), x, y);
    case Opcode::Abs:
      return b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x);
    case Opcode::Floor:
      return b.CreateUnaryIntrinsic(llvm::Intrinsic::floor, x);
    case Opcode::Sqrt:
      return b.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, x);
    case Opcode::Sign: {
      llvm::Value* negative = b.CreateSelect(b.CreateFCmpOLT(x, constant(0)), constant(-1), x);
      return b.CreateSelect(b.CreateFCmpOGT(x, constant(0)), constant(1), negative);
    }
    default:
      throw std::logic_error("an arithmetic opcode has no lowering");
  }
}

llvm::Value* BodyEmitter::emit_other(const Instruction& i, llvm::Value* x, llvm::Value* y,
                                     llvm::Value* z) {
  llvm::IRBuilderBase& b = lanes_.builder;
  const auto with_lanes_of = [&](llvm::Type* element) -> llvm::Type* {
    return x->getType()->isVectorTy() ? llvm::FixedVectorType::get(element, lanes_.width) : element;
  };
  switch (i.op) {
    case Opcode::Less:
      return b.CreateFCmpOLT(x, y);
    case Opcode::LessEqual:
      return b.CreateFCmpOLE(x, y);
    case Opcode::Equal:
      return b.CreateFCmpOEQ(x, y);
    case Opcode::And:
      return b.CreateAnd(x, y);
    case Opcode::Or:
      return b.CreateOr(x, y);
    case Opcode::Not:
      return b.CreateNot(x);
    case Opcode::Select:
      return b.CreateSelect(x, y, z);
    case Opcode::ToInt:
      return b.CreateFPToSI(x, with_lanes_of(b.getInt32Ty()));
    case Opcode::ToReal:
      return b.CreateSIToFP(x, with_lanes_of(element_type(kernel_, b)));
    case Opcode::IAdd:
      return b.CreateAdd(x, y);
    case Opcode::IMul:
      return b.CreateMul(x, y);
    default:
      throw std::logic_error("an opcode has no lowering");
  }
}

/// Single precision is computed in double and rounded once. A uniform value goes through the vector
/// routine as well.
llvm::Value* BodyEmitter::emit_elementary(const Instruction& i, llvm::Value* x, llvm::Value* y) {
  llvm::IRBuilderBase& b = lanes_.builder;
  const bool scalar = !x->getType()->isVectorTy();
  const bool single = kernel_.precision == kernel::Precision::F32;
  llvm::SmallVector<Lane, 2> arguments;
  for (llvm::Value* value : {x, y}) {
    if (!value) continue;
    if (scalar) value = splat(value);
    if (single) value = b.CreateFPExt(value, real_type(lanes_));
    arguments.push_back({&lanes_, value});
  }
  llvm::Value* result = math_.apply(lanes_, i.op, arguments).value;
  if (single)
    result = b.CreateFPTrunc(result, llvm::FixedVectorType::get(b.getFloatTy(), lanes_.width));
  return scalar ? b.CreateExtractElement(result, std::uint64_t{0}) : result;
}

}  // namespace hopf::codegen
