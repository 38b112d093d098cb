// How long work without a progress of its own is asked to stop.
#pragma once

#include <functional>

namespace hopf::runtime {

/// Called at least every twentieth of a second or so by work that may take long. Where a stop was
/// asked for it throws, and what it throws passes through the work, which leaves nothing behind. An
/// empty one never stops anything.
using Watch = std::function<void()>;

}  // namespace hopf::runtime
