// Numbers for times and rates beside parameters in hours or years.
#pragma once

#include <string>

#include "model/context.hpp"

namespace hopf::model {

enum class BareKind : std::uint8_t { Time, Rate };

/// A numeral stands for seconds (a rate for 1/s). Where the model has times in other units only,
/// that is hardly what was meant: an error with both ways to write it. 0 and inf are the same in
/// every unit. `what` is "the horizon"; `name` is for the parameter of the suggestion, and `use`
/// for where it stands.
bool refuse_bare_time(Context&, const Value&, BareKind, const std::string& what,
                      const std::string& name, const std::string& use);

}  // namespace hopf::model
