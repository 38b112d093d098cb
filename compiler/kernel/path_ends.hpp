// What a step does to drift and time, and the ends of a state's domain to a path, as expressions.
#pragma once

#include "expr/expr.hpp"
#include "model/model.hpp"

namespace hopf::kernel {

expr::ExprId sum_of_squares(expr::Store&, const std::vector<expr::ExprId>& terms);

/// P(j -> k) over `dt`, from rates that vary: 1 - exp(-q_j dt) shared out in proportion to the
/// rates (exact for one switch in the step), cumulated up to `k`.
expr::ExprId switched_by(expr::Store&, const std::vector<expr::ExprId>& rates, std::size_t j,
                         std::size_t k, expr::ExprId dt);

/// lo + ((x - lo) mod period)
expr::ExprId wrapped(expr::Store&, expr::ExprId x, double lo, double period);

/// The end `at` of a step put back into the domain: round a circle, reflected, or held. NaN stays.
expr::ExprId bounded(expr::Store&, const model::State&, expr::ExprId at);

/// Is a path without noise held at both ends? Without noise reflection is the same as holding.
bool is_held(const model::State&);

/// The states that are held, clamped, and those that come round, in their domain.
expr::Substitution places_of(expr::Store&, const model::Model&);

/// The drift, without its part that leads out where the state is held.
expr::ExprId held(expr::Store&, const model::State&, expr::ExprId drift);

/// The middle of the step in place of t: what depends on time alone is so of second order.
expr::ExprId at_middle_of_step(expr::Store&, const model::Model&, expr::ExprId dt, expr::ExprId e);

/// The mean of the drift at a step's start and where the drift leads to.
std::vector<expr::ExprId> corrected(expr::Store&, const model::Model&, expr::ExprId dt,
                                    const std::vector<expr::ExprId>& drift);

}  // namespace hopf::kernel
