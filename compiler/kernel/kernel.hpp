// Kernel IR: straight-line SPMD code in SSA form, with an abstract lane width and precision.
//
// A kernel is a list of expressions over named inputs. `lower` turns the expression DAG into
// instructions once per id (so common subexpressions are shared), folds constants, contracts a*b +
// c to Fma, and gives every value a rate:
//   Uniform  the same for all lanes of a call: computed once before the lane loop, as scalars
//   Varying  one value per lane (grid point along the fastest axis, or path)
// Two forms share the IR:
//   Point kernels  out[k][i] = f(uniforms, in[.][i]) for i in 0..count
//   Path kernels   carried state updated over a run of steps, with counter-based normals and table
//   interpolation
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/store.hpp"
#include "expr/expr.hpp"

namespace hopf::kernel {

using ValueId = base::Id<struct ValueTag>;

enum class Type : std::uint8_t { Real, Int, Bool };
enum class Rate : std::uint8_t { Uniform, Varying };
enum class Precision : std::uint8_t { F64, F32 };

enum class Opcode : std::uint8_t {
#define HOPF_KERNEL_OP(id, ...) id,
#include "kernel/opcodes.def"
#undef HOPF_KERNEL_OP
};

struct Instruction {
  Opcode op;
  Type type = Type::Real;
  Rate rate = Rate::Varying;
  ValueId a, b, c;         // operands; unused ones are invalid
  double constant = 0;     // Const
  std::uint32_t slot = 0;  // Uniform/Input/Carried/Step/Normal/Gather: which one
};

struct Kernel {
  std::string name;
  bool path = false;
  bool hot = true;  // called again and again; otherwise its code is made in little time
  /// Path kernels: step s draws the sum of Z(s n) to Z(s n + n - 1), over sqrt n, for a normal. A
  /// power of two.
  std::uint32_t summed = 1;
  Precision precision = Precision::F64;
  std::uint32_t uniform_count = 0;  // scalars passed by value array
  std::uint32_t input_count = 0;    // arrays read at the lane's index (point kernels)
  std::uint32_t output_count = 0;   // arrays written at the lane's index (point kernels)
  std::uint32_t carried_count =
      0;  // path kernels: state registers, loaded before and stored after the step loop
  std::uint32_t step_count =
      0;  // path kernels: per-step scalars, read from a table at the step's index
  std::uint32_t table_count = 0;       // path kernels: gathered tables
  std::vector<std::uint32_t> normals;  // path kernels: noise indices drawn per step
  base::Store<ValueId, Instruction> body;
  std::vector<ValueId> outputs;  // point: one per output; path: next value of each carried register
};

/// Where a symbol of the expressions comes from.
struct InputBinding {
  enum class From : std::uint8_t { Uniform, Input, Carried, Step, Normal, Interpolated };
  expr::SymbolId symbol;
  From from;
  std::uint32_t slot =
      0;  // index of its kind; Normal: the noise index; Interpolated: index into Spec::tables
};

/// A table over a rectilinear grid, interpolated multilinearly at a lane's position (path kernels).
/// Axis k of the grid is uniform or not; its lower bound, inverse spacing, count, periodicity and
/// stride are uniforms.
struct Table {
  std::vector<expr::ExprId> at;  // the coordinate on each axis, over other bindings
  std::uint32_t first_uniform =
      0;  // per axis: origin, 1/spacing, count, period flag, stride (5 uniforms an axis)
  bool nearest = false;  // finite control sets take the nearest node
  double period = 0;     // of values on a circle; 0: none
};

struct Spec {
  std::string name;
  bool path = false;
  bool hot = true;
  std::uint32_t summed = 1;
  Precision precision = Precision::F64;
  std::vector<InputBinding> bindings;
  std::vector<Table> tables;
  std::vector<expr::ExprId>
      outputs;  // point: the outputs; path: the next carried values, in slot order
};

/// Parameters must have been substituted. Throws std::logic_error on a symbol without a binding (an
/// internal fault).
Kernel lower(expr::Store&, const Spec&);

/// Text for --dump=kernel.
std::string print(const Kernel&);
/// Definition before use, types, slots; returns a description of the first fault or an empty
/// string.
std::string verify(const Kernel&);

}  // namespace hopf::kernel
