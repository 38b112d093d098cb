// What messages and checks need to know of the unit table besides `find_unit`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "expr/expr.hpp"

namespace hopf::model {

/// Every name of the table, without prefixed forms.
std::vector<std::string> unit_names();

/// "m^2", "s^(1/2)", "kg".
std::string factor_text(std::string_view name, expr::Rational exponent);

/// USD, EUR, ...: they share one dimension, so a model may use only one of them.
bool is_currency(const std::string& name);

}  // namespace hopf::model
