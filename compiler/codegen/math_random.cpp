// Philox4x32-10 and Box and Muller's transform in lanes: the mapping that runtime/core/philox.hpp
// defines.
#include <llvm/IR/IRBuilder.h>

#include <numbers>

#include "codegen/vector_math.hpp"
#include "core/philox.hpp"

namespace hopf::codegen {
namespace {

constexpr std::uint64_t kLow32 = 0xffffffff;

/// The four counter words as 64-bit lanes, of which only the low halves are meant.
struct Words {
  Lane w[4];
};

struct Key {
  llvm::Value* low;
  llvm::Value* high;
};

Lane splat(Lanes& lanes, llvm::Value* scalar) {
  return {&lanes, lanes.builder.CreateVectorSplat(lanes.width, scalar)};
}

Lane product(Lane word, std::uint32_t multiplier) {
  Lanes& lanes = *word.lanes;
  return integer_mul(word & integer(lanes, kLow32), integer(lanes, multiplier));
}

Words round(const Words& c, const Key& key) {
  Lanes& lanes = *c.w[0].lanes;
  const Lane p0 = product(c.w[0], runtime::kPhiloxMultiplier0);
  const Lane p1 = product(c.w[2], runtime::kPhiloxMultiplier1);
  return {{shift_right(p1, 32) ^ c.w[1] ^ splat(lanes, key.low), p1,
           shift_right(p0, 32) ^ c.w[3] ^ splat(lanes, key.high), p0}};
}

/// The first round, where the step's words are the same in all lanes: their product is scalar work.
Words first_round(Lanes& lanes, const NoiseCounter& counter, const Key& key) {
  llvm::IRBuilderBase& b = lanes.builder;
  const Lane path_high = shift_right(counter.path, 32);
  const Lane p0 = product(counter.path, runtime::kPhiloxMultiplier0);
  llvm::Value* p1 = b.CreateMul(counter.step, b.getInt64(runtime::kPhiloxMultiplier1));
  llvm::Value* high = b.CreateXor(b.CreateLShr(p1, 32), key.low);
  llvm::Value* last = b.CreateXor(counter.last, key.high);
  return {{path_high ^ splat(lanes, high), splat(lanes, p1),
           shift_right(p0, 32) ^ splat(lanes, last), p0}};
}

/// The top 52 bits of (high:low), as an integer.
Lane fraction(Lane high, Lane low) {
  const Lane mask = integer(*high.lanes, kLow32);
  return shift_right(shift_left(high, 32) | (low & mask), 12);
}

/// 1 + fraction/2^52, by writing the fraction into the significand of one.
Lane one_plus(Lane fraction) {
  return from_bits(fraction | integer(*fraction.lanes, 0x3ff0000000000000));
}

NormalPair box_muller(Lane a, Lane b) {
  Lanes& lanes = *a.lanes;
  const Lane radius = sqrt(log_of_normal(2.0 - one_plus(a)) * -2.0);
  // The nearest quarter turn in two bits, 50 and 51: exact integer arithmetic, as floor(4 v + 1/2)
  // is.
  const Lane shifted = integer_add(b, integer(lanes, std::uint64_t{1} << 49));
  const Lane v = one_plus(b) - 1.0;
  const Lane quarter = floor(fma(v, 4.0, 0.5));
  const CosSin turn = cos_sin_of_small(fma(quarter, -0.25, v) * (2 * std::numbers::pi));
  const Lane half_bit = shift_right(shifted, 51), quarter_bit = shift_right(shifted, 50);
  const Lane swapped = flip_sign(real(lanes, 1), quarter_bit) < 0.0;
  const Lane c = radius * select(swapped, turn.sin, turn.cos);
  const Lane s = radius * select(swapped, turn.cos, turn.sin);
  return {flip_sign(c, half_bit ^ quarter_bit), flip_sign(s, half_bit)};
}

}  // namespace

NormalPair normal_pair(Lanes& lanes, const NoiseCounter& counter) {
  llvm::IRBuilderBase& b = lanes.builder;
  Key key{b.CreateAnd(counter.seed, kLow32), b.CreateLShr(counter.seed, 32)};
  Words words = first_round(lanes, counter, key);
  for (int n = 1; n < runtime::kPhiloxRounds; ++n) {
    key.low = b.CreateAnd(b.CreateAdd(key.low, b.getInt64(runtime::kPhiloxWeyl0)), kLow32);
    key.high = b.CreateAnd(b.CreateAdd(key.high, b.getInt64(runtime::kPhiloxWeyl1)), kLow32);
    words = round(words, key);
  }
  return box_muller(fraction(words.w[0], words.w[1]), fraction(words.w[2], words.w[3]));
}

}  // namespace hopf::codegen
