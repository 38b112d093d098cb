// The typed model as text, for `--dump=model`.
#pragma once

#include <string>

#include "model/model.hpp"

namespace hopf::model {

std::string print(const Model&);

}  // namespace hopf::model
