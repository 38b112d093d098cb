#include "expr/op_info.hpp"
#include "expr/term.hpp"

namespace hopf::expr {

ExprId compose(Store& store, Op op, std::span<const ExprId> arguments) {
  if (arguments.empty()) return ExprId();
  [[maybe_unused]] const Term x{&store, arguments[0]};
#define opcode(name) ExprId()
#define folded ExprId()
#define composed(formula) (formula).id
  switch (op) {
#define HOPF_OP(id, arity, hopf, unicode, latex, parity, domain, derivative, interval, value, \
                lowering)                                                                     \
  case Op::id:                                                                                \
    return lowering;
#include "expr/ops.def"
#undef HOPF_OP
  }
#undef opcode
#undef folded
#undef composed
  return ExprId();
}

}  // namespace hopf::expr
