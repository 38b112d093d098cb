// Which parts of a model depend on the time t, so that V does.
#pragma once

#include <string>
#include <vector>

#include "model/model.hpp"

namespace hopf::derive {

/// A part of a model in the user's words, "the drift of 'x'", and where it stands.
struct TimedPart {
  std::string what;
  source::Span span;
};

/// Every part that depends on t, but for what is paid at the horizon. Nothing for a model that is
/// autonomous: without a horizon its V is one function of the states.
std::vector<TimedPart> timed_parts(const model::Model&);

/// What to write instead of a model without a horizon that depends on t.
inline constexpr const char* kHelpWithTime =
    "write 'horizon T', or make the time a state, as in 'state s in [0, T]' with s' = 1";

}  // namespace hopf::derive
