// Plan -> kernels -> machine code -> runtime -> value function: the last phases, for `solve` and
// `evaluate`.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "core/watch.hpp"
#include "diagnostics/diagnostic.hpp"
#include "driver/phases.hpp"
#include "plan/plan.hpp"
#include "value/value_function.hpp"

namespace hopf::driver {

/// Long work calls this; returning true asks it to stop (Ctrl-C). fraction < 0 when unknown.
/// `what` may have details behind a comma.
using Progress = std::function<bool(const char* what, double fraction)>;

/// Thrown by a watch where the user asked for a stop; Session's calls catch it.
struct Stopped {};

/// A watch for work that has no progress to tell: it throws Stopped.
runtime::Watch watch_of(const Progress&);

/// Solves; nothing when errors were emitted or the user stopped it.
std::optional<runtime::ValueFunction> solve(const model::Model&, const derive::Equations&,
                                            const plan::Options&, const Progress&,
                                            diagnostics::Sink&, Phases* = nullptr);

/// Values a given policy: control name -> expression in the model's symbols. Linear: one solve.
using Policy = std::map<std::string, expr::ExprId>;
std::optional<runtime::ValueFunction> evaluate(const model::Model&, const derive::Equations&,
                                               const Policy&, const plan::Options&, const Progress&,
                                               diagnostics::Sink&, Phases* = nullptr);

}  // namespace hopf::driver
