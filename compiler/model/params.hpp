// Parameters: their values from defaults, from earlier parameters, from files, or from the caller.
#pragma once

#include "model/context.hpp"

namespace hopf::model {

/// All parameters, each evaluated when it is first needed.
void elaborate_params(Context&);
void elaborate_param(Context&, Entry&);

/// A count such as `n` in `state x[n]`.
std::optional<int> positive_count(Context&, NodeId);

/// Numbers that stand for a declared thing (an end of its domain, a value of its set): numerals are
/// in the declared unit, other expressions are checked against it and converted. A scalar stands
/// for all `count` components.
std::optional<std::vector<double>> declared_numbers(Context&, NodeId, const Entry&,
                                                    const std::string& what);

}  // namespace hopf::model
