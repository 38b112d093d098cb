// One self-contained HTML page: the picture inline and the facts in a table.
#pragma once

#include <string>
#include <vector>

#include "io/figure.hpp"

namespace hopf::runtime {

std::string html_page(const std::string& heading, const std::string& svg,
                      const std::vector<Fact>& facts);

}  // namespace hopf::runtime
