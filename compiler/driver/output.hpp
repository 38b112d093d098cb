// What a saved file says of its origin.
#pragma once

#include <string>

#include "driver/module.hpp"
#include "io/io.hpp"

namespace hopf::driver {

runtime::Provenance provenance(const ModelHandle&, std::string command);

}  // namespace hopf::driver
