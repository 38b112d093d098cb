// Expressions to kernel code. Each node of the DAG is visited once, operands first, so nothing
// recurses on depth.
//
// The DAG has no difference, quotient or square root: a - b is a + (-1)*b, a/b is a*b^-1. Here they
// come back:
// - sums: uniform terms first (one value, computed once), then what other sums have too;
// differences
//   where a coefficient is negative;
// - products: uniform factors make one; one division by the product of the denominators that vary;
// - powers: integers by repeated squaring, halves by a square root, up to kLargestPower.
// Min and Max of the language give NaN when any operand is NaN; the opcodes give their second
// operand then.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/id_map.hpp"
#include "expr/op_info.hpp"
#include "expr/traverse.hpp"
#include "kernel/builder.hpp"
#include "kernel/interpolate.hpp"
#include "kernel/opcode_info.hpp"

namespace hopf::kernel {
namespace {

using expr::ExprId;
using expr::Op;

constexpr std::int64_t kLargestPower = 16;

class Lowering {
 public:
  Lowering(const expr::Store& store, const Spec& spec, Kernel& kernel)
      : store_(store), spec_(spec), b_(kernel), interpolated_(spec.tables.size()) {
    for (const InputBinding& binding : spec.bindings)
      bound_.insert_or_assign(binding.symbol, &binding);
  }

  void run(Kernel& kernel) {
    for (std::size_t slot = 0; slot < spec_.tables.size(); ++slot) lower_table(slot);
    lower_all(spec_.outputs);
    for (const ExprId e : spec_.outputs) kernel.outputs.push_back(real(e));
  }

 private:
  void lower_table(std::size_t slot);
  void lower_all(std::span<const ExprId> roots);
  ValueId lower(ExprId);
  ValueId lower_call(Op, ExprId);
  ValueId symbol(ExprId);
  ValueId sum(ExprId);
  ValueId product(ExprId, bool negated);
  ValueId power(ExprId);
  ValueId integer_power(ValueId base, std::int64_t n);
  ValueId extremum(Opcode, ExprId);
  ValueId logic(Opcode, ExprId);
  ValueId choose(ExprId);
  ValueId sigmoid(ValueId);
  ValueId softplus(ValueId);
  ValueId normal_pdf(ValueId);

  /// A node's value as a number, or as a truth value; conditions are kept as the latter.
  ValueId real(ExprId);
  ValueId truth(ExprId);
  ValueId arg(ExprId e, std::size_t n) { return real(store_.args(e)[n]); }
  ValueId number(double value) { return b_.constant(value); }
  ValueId op(Opcode o, ValueId a, ValueId b = {}, ValueId c = {}) { return b_.emit(o, a, b, c); }
  bool is_negative_term(ExprId e) const;
  bool is_shared(ExprId e) const;
  bool is_denominator(ExprId e) const;

  const expr::Store& store_;
  const Spec& spec_;
  Builder b_;
  std::unordered_map<expr::SymbolId, const InputBinding*> bound_;
  std::vector<ValueId> interpolated_;
  base::IdMap<ExprId, ValueId> value_;
  base::IdMap<ExprId, std::uint32_t> uses_;
};

void Lowering::lower_table(std::size_t slot) {
  const Table& table = spec_.tables[slot];
  lower_all(table.at);
  std::vector<ValueId> at;
  for (const ExprId e : table.at) at.push_back(real(e));
  interpolated_[slot] = table.period > 0
                            ? interpolate_circular(b_, static_cast<std::uint32_t>(slot), at,
                                                   table.first_uniform, table.period)
                            : interpolate(b_, static_cast<std::uint32_t>(slot), at,
                                          table.first_uniform, table.nearest);
}

void Lowering::lower_all(std::span<const ExprId> roots) {
  const auto known = [&](ExprId e) { return value_.contains(e); };
  const std::vector<ExprId> order = expr::topological(store_, roots, known);
  for (const ExprId e : order) {
    for (const ExprId argument : store_.args(e)) ++uses_[argument];
  }
  for (const ExprId e : order) {
    if (!known(e)) value_.insert(e, lower(e));
  }
}

ValueId Lowering::real(ExprId e) {
  const ValueId value = *value_.find(e);
  return b_[value].type == Type::Bool ? op(Opcode::Select, value, number(1), number(0)) : value;
}

ValueId Lowering::truth(ExprId e) {
  const ValueId value = *value_.find(e);
  return b_[value].type == Type::Bool ? value
                                      : op(Opcode::Not, op(Opcode::Equal, value, number(0)));
}

ValueId Lowering::lower(ExprId e) {
  switch (store_.op(e)) {
    case Op::Number:
    case Op::Float:
    case Op::Pi:
    case Op::Infinity:
      return number(*store_.constant_value(e));
    case Op::Symbol:
      return symbol(e);
    case Op::Add:
      return sum(e);
    case Op::Mul:
      return product(e, false);
    case Op::Pow:
      return power(e);
    case Op::Min:
      return extremum(Opcode::Min, e);
    case Op::Max:
      return extremum(Opcode::Max, e);
    case Op::And:
      return logic(Opcode::And, e);
    case Op::Or:
      return logic(Opcode::Or, e);
    case Op::Not:
      return op(Opcode::Not, truth(store_.args(e)[0]));
    case Op::Select:
      return op(Opcode::Select, truth(store_.args(e)[0]), arg(e, 1), arg(e, 2));
    case Op::Choose:
      return choose(e);
    case Op::NormalPdf:
      return normal_pdf(arg(e, 0));
    case Op::Sigmoid:
      return sigmoid(arg(e, 0));
    case Op::Softplus:
      return softplus(arg(e, 0));
    default:
      return lower_call(store_.op(e), e);
  }
}

/// The opcode that a row of ops.def names; nothing for rows that are composed or folded.
std::optional<Opcode> opcode_of(Op operation) {
  static const auto table = [] {
    std::array<std::optional<Opcode>, expr::kOpCount> opcodes;
    const std::unordered_map<std::string_view, Opcode> named = {
#define HOPF_KERNEL_OP(id, text, operands) {#id, Opcode::id},
#include "kernel/opcodes.def"
#undef HOPF_KERNEL_OP
    };
    for (std::size_t i = 0; i < opcodes.size(); ++i) {
      const char* name = expr::info(static_cast<Op>(i)).opcode;
      if (name) opcodes[i] = named.at(name);
    }
    return opcodes;
  }();
  return table[static_cast<std::size_t>(operation)];
}

/// Operations that are one opcode of their operands.
ValueId Lowering::lower_call(Op operation, ExprId e) {
  const auto opcode = opcode_of(operation);
  if (!opcode) {
    throw std::logic_error("kernel '" + spec_.name + "': an expression that is for printing only");
  }
  return op(*opcode, arg(e, 0), info(*opcode).operands == 2 ? arg(e, 1) : ValueId());
}

ValueId Lowering::symbol(ExprId e) {
  const auto found = bound_.find(store_.symbol_of(e));
  if (found == bound_.end()) {
    throw std::logic_error("kernel '" + spec_.name + "': nothing is bound to '" +
                           store_.name(store_.symbol_of(e)) + "'");
  }
  const InputBinding& binding = *found->second;
  switch (binding.from) {
    case InputBinding::From::Uniform:
      return b_.read(Opcode::Uniform, binding.slot);
    case InputBinding::From::Input:
      return b_.read(Opcode::Input, binding.slot);
    case InputBinding::From::Carried:
      return b_.read(Opcode::Carried, binding.slot);
    case InputBinding::From::Step:
      return b_.read(Opcode::Step, binding.slot);
    case InputBinding::From::Normal:
      return b_.read(Opcode::Normal, binding.slot);
    case InputBinding::From::Interpolated:
      break;
  }
  if (binding.slot >= interpolated_.size() || !interpolated_[binding.slot].valid()) {
    throw std::logic_error("kernel '" + spec_.name + "': a table's coordinates need a later table");
  }
  return interpolated_[binding.slot];
}

/// True for a negative number and for a product with a negative coefficient.
bool Lowering::is_negative_term(ExprId e) const {
  const auto negative = [&](ExprId x) {
    const auto value = store_.constant_value(x);
    return value && *value < 0;
  };
  if (store_.op(e) != Op::Mul) return negative(e);
  int signs = 0;
  for (const ExprId factor : store_.args(e)) signs += negative(factor);
  return signs % 2 == 1;
}

/// Adds uniform terms first. Then come terms that other expressions use too, the earliest computed
/// first, so that sums which share terms share a partial sum as well; then what is used here only,
/// products last, for they can join in a fused multiply-add.
ValueId Lowering::sum(ExprId e) {
  struct Term {
    ValueId value;
    bool negative;
    int group;
  };
  std::vector<Term> terms;
  for (const ExprId term : store_.args(e)) {
    const bool negative = is_negative_term(term);
    const bool is_product = store_.op(term) == Op::Mul;
    const ValueId value = !negative    ? real(term)
                          : is_product ? product(term, true)
                                       : op(Opcode::Neg, real(term));
    const int group = b_.is_uniform(value)          ? 0
                      : is_shared(term)             ? 1
                      : b_[value].op != Opcode::Mul ? 2
                                                    : 3;
    terms.push_back({value, negative, group});
  }
  std::sort(terms.begin(), terms.end(), [](const Term& x, const Term& y) {
    return std::tuple(x.group, x.value.value) < std::tuple(y.group, y.value.value);
  });
  const auto positive =
      std::find_if(terms.begin(), terms.end(), [](const Term& t) { return !t.negative; });
  if (positive != terms.end()) std::rotate(terms.begin(), positive, positive + 1);
  ValueId total;
  for (const Term& term : terms) {
    if (!total.valid()) {
      total = term.negative ? op(Opcode::Neg, term.value) : term.value;
    } else {
      total = op(term.negative ? Opcode::Sub : Opcode::Add, total, term.value);
    }
  }
  return total;
}

bool Lowering::is_shared(ExprId e) const {
  const std::uint32_t* uses = uses_.find(e);
  return uses && *uses > 1;
}

/// A factor b^-k of one product only, whose base varies: worth a division. A reciprocal that is
/// uniform or shared is better multiplied with.
bool Lowering::is_denominator(ExprId e) const {
  if (store_.op(e) != Op::Pow) return false;
  const auto exponent = store_.rational_value(store_.args(e)[1]);
  if (!exponent || exponent->num >= 0 || is_shared(e)) return false;
  return b_[*value_.find(e)].op == Opcode::Div && !b_.is_uniform(*value_.find(e));
}

ValueId Lowering::product(ExprId e, bool negated) {
  double coefficient = negated ? -1 : 1;
  std::vector<ValueId> uniform, varying, below;
  for (const ExprId factor : store_.args(e)) {
    if (const auto value = store_.constant_value(factor)) {
      coefficient *= *value;
    } else if (is_denominator(factor)) {
      below.push_back(b_[*value_.find(factor)].b);
    } else {
      const ValueId value = real(factor);
      (b_.is_uniform(value) ? uniform : varying).push_back(value);
    }
  }
  const bool sign_only = coefficient == -1 && !(uniform.empty() && varying.empty());
  if (coefficient != 1 && !sign_only) uniform.insert(uniform.begin(), number(coefficient));
  // The earliest computed first: products that share factors share a partial product.
  const auto multiply = [&](std::vector<ValueId>& values) {
    std::sort(values.begin(), values.end(), [](ValueId x, ValueId y) { return x.value < y.value; });
    ValueId total;
    for (const ValueId value : values)
      total = total.valid() ? op(Opcode::Mul, total, value) : value;
    return total;
  };
  if (const ValueId scale = multiply(uniform); scale.valid()) varying.push_back(scale);
  ValueId above = varying.empty() ? number(1) : multiply(varying);
  if (sign_only) above = op(Opcode::Neg, above);
  return below.empty() ? above : op(Opcode::Div, above, multiply(below));
}

ValueId Lowering::integer_power(ValueId base, std::int64_t n) {
  ValueId result, square = base;
  for (; n > 0; n >>= 1) {
    if (n & 1) result = result.valid() ? op(Opcode::Mul, result, square) : square;
    if (n > 1) square = op(Opcode::Mul, square, square);
  }
  return result;
}

ValueId Lowering::power(ExprId e) {
  const ValueId base = arg(e, 0);
  const auto exponent = store_.rational_value(store_.args(e)[1]);
  const std::int64_t size = exponent ? std::abs(exponent->num) : 0;
  if (!exponent || exponent->den > 2 || size == 0 || size > kLargestPower * exponent->den) {
    return op(Opcode::Pow, base, arg(e, 1));
  }
  ValueId result = integer_power(base, size / exponent->den);
  if (exponent->den == 2) {
    const ValueId root = op(Opcode::Sqrt, base);
    result = result.valid() ? op(Opcode::Mul, result, root) : root;
  }
  return exponent->num > 0 ? result : op(Opcode::Div, number(1), result);
}

/// The opcodes give their second operand where either is NaN: enough when the first is a constant.
/// Otherwise a NaN first operand is put back. The earliest computed come first, so that a list that
/// grows by one shares what it had.
ValueId Lowering::extremum(Opcode o, ExprId e) {
  std::vector<ValueId> operands;
  for (std::size_t n = 0; n < store_.args(e).size(); ++n) operands.push_back(arg(e, n));
  std::sort(operands.begin(), operands.end(),
            [](ValueId x, ValueId y) { return x.value < y.value; });
  ValueId total = operands[0];
  for (std::size_t n = 1; n < operands.size(); ++n) {
    ValueId next = operands[n];
    if (b_.is_constant(next)) std::swap(total, next);
    const ValueId extreme = op(o, total, next);
    const bool safe = b_.is_constant(total) && !std::isnan(b_[total].constant);
    total = safe ? extreme : op(Opcode::Select, op(Opcode::Equal, total, total), extreme, total);
  }
  return total;
}

ValueId Lowering::logic(Opcode o, ExprId e) {
  ValueId total = truth(store_.args(e)[0]);
  for (std::size_t n = 1; n < store_.args(e).size(); ++n)
    total = op(o, total, truth(store_.args(e)[n]));
  return total;
}

/// choose(j, e1, ..., en): e1 for j < 1.5, e2 for j < 2.5, ..., en otherwise.
ValueId Lowering::choose(ExprId e) {
  const std::size_t n = store_.args(e).size() - 1;
  const ValueId index = arg(e, 0);
  ValueId chosen = arg(e, n);
  for (std::size_t k = n - 1; k > 0; --k) {
    const ValueId is_k = op(Opcode::Less, index, number(static_cast<double>(k) + 0.5));
    chosen = op(Opcode::Select, is_k, arg(e, k), chosen);
  }
  return chosen;
}

/// With e = exp(-|x|): 1/(1 + e) for x >= 0, e/(1 + e) below; nothing overflows.
ValueId Lowering::sigmoid(ValueId x) {
  const ValueId decay = op(Opcode::Exp, op(Opcode::Neg, op(Opcode::Abs, x)));
  const ValueId above = op(Opcode::Select, op(Opcode::Less, x, number(0)), decay, number(1));
  return op(Opcode::Div, above, op(Opcode::Add, number(1), decay));
}

/// max(x, 0) + log(1 + e), e = exp(-|x|). log(1 + e) as log(u) e/(u - 1) with u = 1 + e rounded,
/// where u > 1: the errors of u in both factors cancel (Kahan).
ValueId Lowering::softplus(ValueId x) {
  const ValueId decay = op(Opcode::Exp, op(Opcode::Neg, op(Opcode::Abs, x)));
  const ValueId u = op(Opcode::Add, number(1), decay), gained = op(Opcode::Sub, u, number(1));
  const ValueId scaled = op(Opcode::Div, op(Opcode::Mul, op(Opcode::Log, u), decay), gained);
  const ValueId log1p = op(Opcode::Select, op(Opcode::Equal, gained, number(0)), decay, scaled);
  return op(Opcode::Add, op(Opcode::Max, number(0), x), log1p);
}

/// exp(-x^2/2)/sqrt(2 pi); what x*x loses to rounding comes back to first order, or the tail would
/// be off by x^2 ulp.
ValueId Lowering::normal_pdf(ValueId x) {
  const ValueId square = op(Opcode::Mul, x, x);
  const ValueId lost = op(Opcode::Fma, x, x, op(Opcode::Neg, square));
  const ValueId main = op(Opcode::Exp, op(Opcode::Mul, number(-0.5), square));
  const ValueId scale = number(std::numbers::inv_sqrtpi / std::numbers::sqrt2);
  return op(Opcode::Mul, op(Opcode::Mul, scale, main),
            op(Opcode::Fma, number(-0.5), lost, number(1)));
}

/// Slots of each kind reach up to the highest one that is bound, used or not, as the caller's
/// arrays do.
void count_slots(const Spec& spec, Kernel& k) {
  const auto reach = [](std::uint32_t& count, std::uint32_t slot) {
    count = std::max(count, slot + 1);
  };
  for (const InputBinding& binding : spec.bindings) {
    switch (binding.from) {
      case InputBinding::From::Uniform:
        reach(k.uniform_count, binding.slot);
        break;
      case InputBinding::From::Input:
        reach(k.input_count, binding.slot);
        break;
      case InputBinding::From::Step:
        reach(k.step_count, binding.slot);
        break;
      default:
        break;
    }
  }
  for (const Table& table : spec.tables) {
    if (!table.at.empty()) {
      reach(k.uniform_count,
            table.first_uniform + 5 * static_cast<std::uint32_t>(table.at.size()) - 1);
    }
  }
  k.table_count = static_cast<std::uint32_t>(spec.tables.size());
  (spec.path ? k.carried_count : k.output_count) = static_cast<std::uint32_t>(spec.outputs.size());
}

}  // namespace

Kernel lower(expr::Store& store, const Spec& spec) {
  Kernel kernel;
  kernel.name = spec.name;
  kernel.path = spec.path;
  kernel.hot = spec.hot;
  kernel.summed = spec.summed;
  kernel.precision = spec.precision;
  count_slots(spec, kernel);
  Lowering(store, spec, kernel).run(kernel);
  Kernel result = without_dead_code(contract(without_dead_code(kernel)));
  if (const std::string fault = verify(result); !fault.empty()) throw std::logic_error(fault);
  return result;
}

}  // namespace hopf::kernel
