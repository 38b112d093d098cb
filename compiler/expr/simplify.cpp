#include "expr/store_impl.hpp"
#include "expr/traverse.hpp"
namespace hopf::expr {
ExprId simplify(Store&, ExprId e) { return e; }
}
