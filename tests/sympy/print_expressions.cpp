// Prints random expressions with what the passes make of them, for check_expr.py: print_expressions
// COUNT. One a line, fields separated by tabs: the expression, its derivatives in x and y,
// simplified, expanded, and the expression with y replaced by x^2 - z.
#include <cstdlib>
#include <iostream>

#include "expr/expr.hpp"
#include "expr_random.hpp"

int main(int argc, char** argv) {
  using namespace hopf::expr;
  const int count = argc > 1 ? std::atoi(argv[1]) : 100;
  for (int seed = 0; seed < count; ++seed) {
    testing::Random random(static_cast<std::uint64_t>(seed) + 77777);
    Store s;
    const ExprId x = s.symbol("x"), y = s.symbol("y"), z = s.symbol("z");
    const ExprId e = testing::random_expression(s, random, {x, y, z}, 4, false);
    const ExprId inner = s.sub(s.pow(x, s.integer(2)), z);
    std::cout << print(s, e) << '\t' << print(s, differentiate(s, e, s.symbol_id("x"))) << '\t'
              << print(s, differentiate(s, e, s.symbol_id("y"))) << '\t' << print(s, simplify(s, e))
              << '\t' << print(s, expand(s, e)) << '\t'
              << print(s, substitute(s, e, {{s.symbol_id("y"), inner}})) << '\n';
  }
}
