// What messages and checks need to know of the unit table besides `find_unit`.
#pragma once

#include <string>
#include <vector>

namespace hopf::model {

/// Every name of the table, without prefixed forms.
std::vector<std::string> unit_names();

/// USD, EUR, ...: they share one dimension, so a model may use only one of them.
bool is_currency(const std::string& name);

}  // namespace hopf::model
