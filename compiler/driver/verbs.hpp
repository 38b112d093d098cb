// The checks of verbs and of what they return, made before a script runs and again when it does.
#pragma once

#include <string>

#include "driver/arguments.hpp"
#include "driver/known.hpp"
#include "driver/simulate.hpp"
#include "plan/plan.hpp"

namespace hopf::driver {

// Each returns nothing, or false, after an error.
std::optional<plan::Options> solver_options(Script&, const Arguments&);
std::optional<SimulateOptions> simulate_options(Script&, const Arguments&, const model::Model&);
bool read_style(const Arguments&, Derivation&);
/// Has the start of a simulation one coordinate a state?
bool check_start(Script&, const Arguments&, const model::Model&, std::size_t coordinates);
/// A model with controls is not simulated without a policy.
bool require_policy(Script&, const Arguments&, const model::Model&);
/// A policy belongs to states, controls and regimes of the same names.
bool check_policy_model(Script&, const model::Model& of, const model::Model& with, source::Span);

// ---- points of solutions (script_calls.cpp)
bool check_coordinates(Script&, const model::Model&, std::size_t found, source::Span);
bool time_inside(Script&, std::optional<double> horizon, double t, source::Span);
bool regime_inside(Script&, int count, double j, source::Span);
void unknown_coordinate(Script&, const syntax::Ident&);

// ---- fields (script_fields.cpp)
/// Those that every object of this type has; states, controls and parameters come from its model.
std::vector<std::string> field_names(const Known&);
void no_such_field(Script&, const std::string& object, const syntax::Ident& name,
                   const std::vector<std::string>& known, std::string note = "");

}  // namespace hopf::driver
