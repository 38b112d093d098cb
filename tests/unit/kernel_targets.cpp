// The same bits from every processor and level, and each instruction what the interpreter makes of
// its operands.
#include <algorithm>
#include <set>

#include "expr/op_info.hpp"
#include "jit/host.hpp"
#include "kernel_support.hpp"
#include "test.hpp"

using namespace hopf;
using namespace hopf::kernel_test;
using expr::ExprId;
using expr::Op;
using kernel::Instruction;
using From = kernel::InputBinding::From;

namespace {

constexpr int kInputs = 3;

/// Rows of ops.def that are functions of values.
std::vector<Op> operations() {
  std::vector<Op> out;
  for (std::size_t n = 0; n < expr::kOpCount; ++n) {
    const Op op = static_cast<Op>(n);
    if (expr::info(op).arity != 0 && op != Op::Derivative) out.push_back(op);
  }
  return out;
}

/// Random expressions whose operations are rows of ops.def.
class Expressions {
 public:
  explicit Expressions(std::uint64_t seed) : random_(seed) {
    for (const char* name : {"x", "y", "z"}) leaves_.push_back(store.symbol(name));
    leaves_.push_back(store.symbol("p"));
  }

  const std::vector<ExprId>& leaves() const { return leaves_; }
  ExprId apply(Op op, int depth) {
    const int arity = expr::info(op).arity;
    const std::size_t count = op == Op::Choose ? 4
                              : arity > 0      ? static_cast<std::size_t>(arity)
                                               : 2 + random_.below(2);
    std::vector<ExprId> args;
    for (std::size_t n = 0; n < count; ++n) args.push_back(any(depth - 1));
    return store.apply(op, args);
  }

  kernel::Spec spec(std::string name, std::vector<ExprId> outputs) {
    kernel::Spec out;
    out.name = std::move(name);
    for (std::uint32_t n = 0; n < kInputs; ++n)
      out.bindings.push_back({store.symbol_of(leaves_[n]), From::Input, n});
    out.bindings.push_back({store.symbol_of(leaves_[kInputs]), From::Uniform, 0});
    out.outputs = std::move(outputs);
    return out;
  }

  expr::Store store;

 private:
  ExprId any(int depth) {
    if (depth <= 0 || random_.below(6) == 0) {
      if (random_.below(5) == 0) {
        return store.rational(static_cast<std::int64_t>(random_.below(9)) - 4,
                              static_cast<std::int64_t>(1 + random_.below(3)));
      }
      return leaves_[random_.below(leaves_.size())];
    }
    static const std::vector<Op> all = operations();
    return apply(all[random_.below(all.size())], depth);
  }

  Random random_;
  std::vector<ExprId> leaves_;
};

/// One kernel for each row of ops.def, with random arguments, and one for each kind of power.
std::vector<Kernel> kernels_of_all_operations(std::uint64_t seed) {
  Expressions e(seed);
  std::vector<ExprId> roots;
  for (const Op op : operations()) roots.push_back(e.apply(op, 3));
  for (const auto& [num, den] : {std::pair{1, 2}, {-3, 2}, {7, 1}, {-1, 1}, {2, 3}})
    roots.push_back(e.store.pow(e.leaves()[0], e.store.rational(num, den)));
  std::vector<Kernel> out;
  for (const ExprId root : roots)
    out.push_back(kernel::lower(e.store, e.spec("k" + std::to_string(out.size()), {root})));
  return out;
}

/// Numbers as they come, with every kind of special one among them.
double any_number(Random& random) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double special[] = {0.0,     -0.0, kInfinity, -kInfinity, std::nan(""), 0x1p-1074,
                            -1e-310, 1e22, -1e300,    710.0,      -746.0,       0.5};
  switch (random.below(8)) {
    case 0:
      return special[random.below(std::size(special))];
    case 1:
      return std::bit_cast<double>(random.bits());
    case 2:
      return std::floor(random.uniform(-6, 6));
    default:
      return random.uniform(-4, 4);
  }
}

Columns any_columns(Random& random, std::size_t columns, std::size_t rows) {
  Columns out(columns, std::vector<double>(rows));
  for (auto& column : out) {
    for (double& x : column) x = any_number(random);
  }
  return out;
}

/// Processors of each width of vectors that this machine can stand in for.
std::vector<std::string> processors() {
  std::vector<std::string> out{""};
  for (const char* cpu : {"x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
    if (jit::runs_here(jit::find_host(cpu))) out.push_back(cpu);
  }
  return out;
}

jit::Program compile_for(const std::string& cpu, std::span<const Kernel> kernels,
                         jit::Level level) {
  jit::Options options;
  options.cache = false;
  options.level = level;
  options.cpu = cpu;
  return jit::load(kernels, options);
}

/// The same kernel, with every value of it as an output; truth values as 1 and 0.
Kernel transparent(Kernel k) {
  k.outputs.clear();
  const auto count = static_cast<std::uint32_t>(k.body.size());
  Builder b(k);
  const ValueId one = b.constant(1), zero = b.constant(0);
  for (std::uint32_t n = 0; n < count; ++n) {
    const bool truth = k.body[ValueId(n)].type == kernel::Type::Bool;
    Instruction shown{Opcode::Select};
    shown.a = ValueId(n), shown.b = one, shown.c = zero;
    k.outputs.push_back(truth ? k.body.add(shown) : ValueId(n));
  }
  k.output_count = count;
  return k;
}

/// How far an opcode may be from libm. The reference for the normal integral is itself composed,
/// and off by up to two units.
double limit_of(Opcode op) {
  if (op == Opcode::NormalCdf) return 6;
  return op >= Opcode::Pow && op <= Opcode::Tanh || op == Opcode::Erf ? 4 : 0;
}

/// Every value against what the interpreter makes of the operands that native code had.
void check_each_instruction(const Kernel& k, const Columns& values) {
  for (std::uint32_t n = 0; n < k.output_count; ++n) {
    const Instruction& i = k.body[ValueId(n)];
    if (i.op == Opcode::Const || kernel::has_slot(i.op)) continue;
    for (std::size_t row = 0; row < values[n].size(); ++row) {
      const auto at = [&](ValueId id) { return id.valid() ? values[id.index()][row] : 0.0; };
      const double expected = kernel::evaluate(i.op, at(i.a), at(i.b), at(i.c));
      const double got = values[n][row];
      if (same_bits(expected, got) || ulps(expected, got) <= limit_of(i.op)) continue;
      FAIL(kernel::info(i.op).text << " of " << at(i.a) << ", " << at(i.b) << ", " << at(i.c)
                                   << " is " << got << ", not " << expected);
    }
  }
}

}  // namespace

TEST_CASE("each value of random expressions is what the interpreter makes of its operands",
          "[kernel]") {
  Random random(21);
  std::set<Opcode> seen;
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    std::vector<Kernel> kernels;
    for (const Kernel& k : kernels_of_all_operations(seed)) kernels.push_back(transparent(k));
    const auto o3 = compile_for("", kernels, jit::Level::O3);
    const auto o0 = compile_for("", kernels, jit::Level::O0);
    for (const Kernel& k : kernels) {
      for (const Instruction& i : k.body) seen.insert(i.op);
      const Columns in = any_columns(random, kInputs, 101);
      const Columns values = run(k, in, {1.25}, o3.point(k.name));
      check_each_instruction(k, values);
      check_same(run(k, in, {1.25}, o0.point(k.name)), values);
    }
  }
  for (std::size_t n = 0; n <= static_cast<std::size_t>(Opcode::Select); ++n) {
    const Opcode op = static_cast<Opcode>(n);
    INFO(kernel::info(op).text);
    const bool of_paths = op == Opcode::Carried || op == Opcode::Step || op == Opcode::Normal;
    CHECK((of_paths || seen.count(op) == 1));
  }
}

TEST_CASE("code for every processor gives the same bits, whatever the count", "[kernel]") {
  Random random(22);
  const std::vector<Kernel> kernels = kernels_of_all_operations(5);
  const auto reference = compile_for("", kernels, jit::Level::O3);
  for (const std::string& cpu : processors()) {
    for (const jit::Level level : {jit::Level::O0, jit::Level::O3}) {
      const auto program = compile_for(cpu, kernels, level);
      INFO(cpu);
      for (const Kernel& k : kernels) {
        for (std::size_t count = 1; count <= 17; ++count) {
          const Columns in = any_columns(random, kInputs, count);
          check_same(run(k, in, {-0.75}, reference.point(k.name)),
                     run(k, in, {-0.75}, program.point(k.name)));
        }
      }
    }
  }
}

TEST_CASE("a processor that nobody knows, or that is not here, is refused", "[kernel]") {
  const Kernel k = one_opcode(Opcode::Sqrt);
  CHECK_THROWS_AS(compile_for("pentium-9", std::span(&k, 1), jit::Level::O3), std::runtime_error);
  jit::Host foreign = jit::find_host("x86-64-v4");
  CHECK(foreign.vector_bits == 512);
  CHECK(jit::find_host("x86-64-v3").vector_bits == 256);
  CHECK(jit::find_host("x86-64").vector_bits == 128);
  CHECK(jit::runs_here(jit::find_host("")));
  CHECK(jit::runs_here(jit::find_host("x86-64")));
}
