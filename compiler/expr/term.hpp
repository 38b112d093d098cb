// Expressions as values with operators, so that rules read as mathematics: slope(1 - f*f).
#pragma once

#include "expr/expr.hpp"

namespace hopf::expr {

struct Term {
  Store* store;
  ExprId id;
};

inline Term constant(Term like, std::int64_t n) { return {like.store, like.store->integer(n)}; }
inline Term operator+(Term a, Term b) { return {a.store, a.store->add(a.id, b.id)}; }
inline Term operator-(Term a, Term b) { return {a.store, a.store->sub(a.id, b.id)}; }
inline Term operator*(Term a, Term b) { return {a.store, a.store->mul(a.id, b.id)}; }
inline Term operator/(Term a, Term b) { return {a.store, a.store->div(a.id, b.id)}; }
inline Term operator-(Term a) { return {a.store, a.store->neg(a.id)}; }
inline Term operator+(std::int64_t a, Term b) { return constant(b, a) + b; }
inline Term operator-(std::int64_t a, Term b) { return constant(b, a) - b; }
inline Term operator*(std::int64_t a, Term b) { return constant(b, a) * b; }
inline Term operator/(std::int64_t a, Term b) { return constant(b, a) / b; }
inline Term operator/(Term a, std::int64_t b) { return a / constant(a, b); }

inline Term call(Op op, Term x) { return {x.store, x.store->apply(op, {x.id})}; }
inline Term sin(Term x) { return call(Op::Sin, x); }
inline Term cos(Term x) { return call(Op::Cos, x); }
inline Term sinh(Term x) { return call(Op::Sinh, x); }
inline Term cosh(Term x) { return call(Op::Cosh, x); }
inline Term exp(Term x) { return call(Op::Exp, x); }
inline Term log(Term x) { return call(Op::Log, x); }
inline Term abs(Term x) { return call(Op::Abs, x); }
inline Term sign(Term x) { return call(Op::Sign, x); }
inline Term sigmoid(Term x) { return call(Op::Sigmoid, x); }
inline Term normal_pdf(Term x) { return call(Op::NormalPdf, x); }
inline Term sqrt(Term x) { return {x.store, x.store->sqrt(x.id)}; }
inline Term max(Term a, Term b) { return {a.store, a.store->max(a.id, b.id)}; }
/// pi in the store of x.
inline Term pi(Term x) { return {x.store, x.store->pi()}; }

}  // namespace hopf::expr
