// Probability laws: marks of jumps, and the state at the ends of the horizon.
#pragma once

#include "model/context.hpp"

namespace hopf::model {

/// `mark z = normal(0, 1)`, uniform(a, b), exponential(rate), lognormal(mu, sigma).
void elaborate_mark(Context&, Entry&, const syntax::MarkDecl&);

/// `initial gaussian(mean, covariance)`, `final dirac(point)`.
void elaborate_endpoint(Context&, const syntax::EndpointDecl&, Span);

}  // namespace hopf::model
