#include "codegen/lanes.hpp"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/MDBuilder.h>

namespace hopf::codegen {
namespace {

llvm::IRBuilderBase& at(Lane a) { return a.lanes->builder; }

Lane unary(llvm::Intrinsic::ID id, Lane a) {
  return {a.lanes, at(a).CreateUnaryIntrinsic(id, a.value)};
}

llvm::Type* integer_type(const Lanes& lanes) {
  return llvm::FixedVectorType::get(lanes.builder.getInt64Ty(), lanes.width);
}

Lane same(Lane like, double value) { return real(*like.lanes, value); }

}  // namespace

llvm::Type* real_type(const Lanes& lanes) {
  return llvm::FixedVectorType::get(lanes.builder.getDoubleTy(), lanes.width);
}

Lane real(Lanes& lanes, double value) {
  return {&lanes, llvm::ConstantFP::get(real_type(lanes), value)};
}
Lane operator+(Lane a, Lane b) { return {a.lanes, at(a).CreateFAdd(a.value, b.value)}; }
Lane operator-(Lane a, Lane b) { return {a.lanes, at(a).CreateFSub(a.value, b.value)}; }
Lane operator*(Lane a, Lane b) { return {a.lanes, at(a).CreateFMul(a.value, b.value)}; }
Lane operator/(Lane a, Lane b) { return {a.lanes, at(a).CreateFDiv(a.value, b.value)}; }
Lane operator-(Lane a) { return {a.lanes, at(a).CreateFNeg(a.value)}; }
Lane operator+(Lane a, double b) { return a + same(a, b); }
Lane operator-(Lane a, double b) { return a - same(a, b); }
Lane operator-(double a, Lane b) { return same(b, a) - b; }
Lane operator*(Lane a, double b) { return a * same(a, b); }
Lane operator/(double a, Lane b) { return same(b, a) / b; }
Lane fma(Lane a, Lane b, Lane c) {
  return {a.lanes, at(a).CreateIntrinsic(llvm::Intrinsic::fma, {a.value->getType()},
                                         {a.value, b.value, c.value})};
}
Lane fma(Lane a, double b, Lane c) { return fma(a, same(a, b), c); }
Lane fma(Lane a, double b, double c) { return fma(a, same(a, b), same(a, c)); }
Lane sqrt(Lane a) { return unary(llvm::Intrinsic::sqrt, a); }
Lane abs(Lane a) { return unary(llvm::Intrinsic::fabs, a); }
Lane floor(Lane a) { return unary(llvm::Intrinsic::floor, a); }
Lane copysign(Lane magnitude, Lane sign) {
  return {sign.lanes, at(sign).CreateCopySign(magnitude.value, sign.value)};
}

Lane polynomial(Lane z, std::span<const double> c) {
  const auto horner = [&](Lane x, std::size_t first, std::size_t stride) {
    std::size_t last = first + (c.size() - 1 - first) / stride * stride;
    Lane sum = same(z, c[last]);
    while (last > first) sum = fma(sum, x, same(z, c[last -= stride]));
    return sum;
  };
  if (c.size() < 4) return horner(z, 0, 1);
  const Lane z2 = z * z;
  const Lane odd = horner(z2, 1, 2);
  return fma(odd, z, horner(z2, 0, 2));
}

Lane operator<(Lane a, Lane b) { return {a.lanes, at(a).CreateFCmpOLT(a.value, b.value)}; }
Lane operator>(Lane a, Lane b) { return {a.lanes, at(a).CreateFCmpOGT(a.value, b.value)}; }
Lane operator<(Lane a, double b) { return a < same(a, b); }
Lane operator>(Lane a, double b) { return a > same(a, b); }
Lane operator==(Lane a, double b) { return equal(a, same(a, b)); }
Lane equal(Lane a, Lane b) { return {a.lanes, at(a).CreateFCmpOEQ(a.value, b.value)}; }
Lane not_at_most(Lane a, double limit) {
  return {a.lanes, at(a).CreateFCmpUGT(a.value, same(a, limit).value)};
}
Lane is_nan(Lane a) { return {a.lanes, at(a).CreateFCmpUNO(a.value, a.value)}; }
Lane operator&(Lane a, Lane b) { return {a.lanes, at(a).CreateAnd(a.value, b.value)}; }
Lane operator|(Lane a, Lane b) { return {a.lanes, at(a).CreateOr(a.value, b.value)}; }
Lane operator^(Lane a, Lane b) { return {a.lanes, at(a).CreateXor(a.value, b.value)}; }
Lane operator!(Lane a) { return {a.lanes, at(a).CreateNot(a.value)}; }
Lane select(Lane c, Lane a, Lane b) {
  return {c.lanes, at(c).CreateSelect(c.value, a.value, b.value)};
}
Lane select(Lane c, double a, Lane b) { return select(c, same(c, a), b); }
Lane select(Lane c, double a, double b) { return select(c, same(c, a), same(c, b)); }
Lane at_most(Lane a, double limit) { return select(same(a, limit) < a, limit, a); }
Lane at_least(Lane a, double limit) { return select(same(a, limit) > a, limit, a); }

Lane integer(Lanes& lanes, std::uint64_t value) {
  return {&lanes, llvm::ConstantInt::get(integer_type(lanes), value)};
}
Lane bits(Lane a) { return {a.lanes, at(a).CreateBitCast(a.value, integer_type(*a.lanes))}; }
Lane from_bits(Lane a) { return {a.lanes, at(a).CreateBitCast(a.value, real_type(*a.lanes))}; }
Lane integer_add(Lane a, Lane b) { return {a.lanes, at(a).CreateAdd(a.value, b.value)}; }
Lane integer_sub(Lane a, Lane b) { return {a.lanes, at(a).CreateSub(a.value, b.value)}; }
Lane integer_mul(Lane a, Lane b) { return {a.lanes, at(a).CreateMul(a.value, b.value)}; }
Lane shift_left(Lane a, unsigned n) { return {a.lanes, at(a).CreateShl(a.value, n)}; }
Lane shift_right(Lane a, unsigned n) { return {a.lanes, at(a).CreateLShr(a.value, n)}; }
Lane shift_right_arithmetic(Lane a, unsigned n) { return {a.lanes, at(a).CreateAShr(a.value, n)}; }
Lane flip_sign(Lane a, Lane odd) { return from_bits(bits(a) ^ shift_left(odd, 63)); }

/// Bit 62, the top bit of the exponent, is set from 2 on, and in NaN and infinity.
Lane rare_lanes(Lanes& lanes, std::span<const Warning> warnings) {
  llvm::IRBuilderBase& b = lanes.builder;
  llvm::Value* all = b.CreateOr(llvm::ArrayRef(warnings.data(), warnings.size()));
  const Lane top = Lane{&lanes, all} & integer(lanes, std::uint64_t{1} << 62);
  return {&lanes, b.CreateICmpNE(top.value, integer(lanes, 0).value)};
}

Lane guarded(Lane measure, Lane fast, llvm::Function* slow, std::span<const Lane> arguments) {
  const Warning warning = bits(measure).value;
  if (measure.lanes->warnings) {
    measure.lanes->warnings->push_back(warning);
    return fast;
  }
  const Lane rare = rare_lanes(*measure.lanes, std::span(&warning, 1));
  llvm::IRBuilderBase& b = at(rare);
  llvm::Function* function = b.GetInsertBlock()->getParent();
  auto* cold = llvm::BasicBlock::Create(b.getContext(), "cold", function);
  auto* join = llvm::BasicBlock::Create(b.getContext(), "join", function);
  llvm::BasicBlock* hot = b.GetInsertBlock();
  b.CreateCondBr(b.CreateOrReduce(rare.value), cold, join,
                 llvm::MDBuilder(b.getContext()).createBranchWeights(1, 1u << 20));
  b.SetInsertPoint(cold);
  std::vector<llvm::Value*> values;
  for (Lane argument : arguments) values.push_back(argument.value);
  llvm::Value* exact = b.CreateSelect(rare.value, b.CreateCall(slow, values), fast.value);
  b.CreateBr(join);
  b.SetInsertPoint(join);
  llvm::PHINode* result = b.CreatePHI(fast.value->getType(), 2);
  result->addIncoming(fast.value, hot);
  result->addIncoming(exact, cold);
  return {rare.lanes, result};
}

}  // namespace hopf::codegen
