// All phases, in order. Each call runs one phase inside its frame (driver/phases.hpp) and returns
// nothing when an error was emitted, when the user asked for a stop, or when the phase was the last
// one wanted.
#pragma once

#include <optional>
#include <string>

#include "driver/context.hpp"
#include "driver/simulate.hpp"
#include "plan/plan.hpp"

namespace hopf::driver {

/// Reads a file into the source set. `from` is the import that named it, or invalid for the command
/// line.
std::optional<source::FileId> load(Context&, const std::string& path, source::Span from = {});
/// What could be read, also after errors: statements and declarations with one are left out.
std::optional<syntax::Ast> parse(Context&, source::FileId);

/// The typed model of a handle; checked once.
const model::Model* check(Context&, ModelHandle&);
/// The equations of a handle, derived once, without the steps that are read.
const derive::Equations* derive(Context&, ModelHandle&);
/// The same with its steps, written once.
const derive::Equations* derivation(Context&, ModelHandle&);
std::optional<plan::Plan> plan(Context&, ModelHandle&, const plan::Options&);

std::optional<runtime::ValueFunction> solve(Context&, ModelHandle&, const plan::Options&);
std::optional<runtime::ValueFunction> evaluate(Context&, ModelHandle&, const Policy&,
                                               const plan::Options&);
std::optional<runtime::Ensemble> simulate(Context&, ModelHandle&, const runtime::ValueFunction*,
                                          const Policy*, const SimulateOptions&);

}  // namespace hopf::driver
