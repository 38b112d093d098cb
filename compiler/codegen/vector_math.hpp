// Elementary functions on vectors of doubles, written as inline IR: no call to libm on the hot
// path.
//
// Every routine takes any argument: NaN, infinities, denormals and huge arguments included, and
// stays within 3 units in the last place of the true value, the normal integral within 5
// (docs/generated_code.md has the table). A lane's result depends on that lane alone, so results do
// not change with the width.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>

#include "codegen/lanes.hpp"
#include "kernel/kernel.hpp"

namespace llvm {
class Module;
}

namespace hopf::codegen {

// ---- random numbers (math_random.cpp), by the mapping of runtime/core/philox.hpp
/// The counter of one block of words: `path` is a lane of integers, `step` and `last` are 64-bit
/// scalars below 2^32.
struct NoiseCounter {
  Lane path;
  llvm::Value* step;
  llvm::Value* last;
  llvm::Value* seed;
};
struct NormalPair {
  Lane even, odd;
};
NormalPair normal_pair(Lanes&, const NoiseCounter&);

/// The routines of one module at one width.
class MathLibrary {
 public:
  MathLibrary(llvm::Module& module, unsigned width) : module_(module), width_(width) {}

  /// Counts one use of `op` to come.
  void expect(kernel::Opcode op) { ++uses_[op]; }
  /// The routine for `op`, which must be elementary (see is_elementary). On a path that collects
  /// warnings a routine of few uses is written where it is used, so that its work overlaps
  /// with its neighbours'; one of many uses is a function, so that compile time does not grow with
  /// their number.
  Lane apply(Lanes&, kernel::Opcode op, std::span<const Lane> arguments);
  /// A pair of normals, written where it is used or by a function of its own.
  NormalPair normals(Lanes&, const NoiseCounter&, bool inlined);
  using Body = std::function<Lane(Lanes&, std::span<const Lane> arguments)>;
  /// The internal function of this name, its body written when it is first asked for.
  llvm::Function* function(const std::string& name, unsigned arguments, bool cold,
                           const Body& body);
  /// A cold function that applies libm's `name` to each lane whose magnitude is above `limit` or
  /// that is NaN.
  llvm::Function* scalar_fallback(const std::string& name, double limit);

 private:
  llvm::Function* routine(kernel::Opcode op);

  llvm::Module& module_;
  unsigned width_;
  std::map<std::string, llvm::Function*> functions_;
  std::map<kernel::Opcode, unsigned> uses_;
};

/// True for opcodes that have a routine here.
bool is_elementary(kernel::Opcode op);

// ---- the routines' bodies (math_exp.cpp, math_trig.cpp)
Lane emit_exp(MathLibrary&, Lane x);
Lane emit_log(MathLibrary&, Lane x);
Lane emit_pow(MathLibrary&, Lane x, Lane y);
Lane emit_sinh(MathLibrary&, Lane x);
Lane emit_cosh(MathLibrary&, Lane x);
Lane emit_tanh(MathLibrary&, Lane x);
Lane emit_erf(MathLibrary&, Lane x);
Lane emit_normal_cdf(MathLibrary&, Lane x);
Lane emit_sin(MathLibrary&, Lane x);
Lane emit_cos(MathLibrary&, Lane x);
Lane emit_tan(MathLibrary&, Lane x);
Lane emit_asin(MathLibrary&, Lane x);
Lane emit_acos(MathLibrary&, Lane x);
Lane emit_atan(MathLibrary&, Lane x);
Lane emit_atan2(MathLibrary&, Lane y, Lane x);

// ---- pieces that other routines share
/// log u for normal positive u only.
Lane log_of_normal(Lane u);
/// cos and sin of angle, |angle| <= pi/4.
struct CosSin {
  Lane cos, sin;
};
CosSin cos_sin_of_small(Lane angle);

}  // namespace hopf::codegen
