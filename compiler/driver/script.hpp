// Scripts: statements run from top to bottom over an environment of names. Every function here
// reports a user's mistake to the sink and then returns nothing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "driver/context.hpp"
#include "driver/signatures.hpp"
#include "driver/value.hpp"

namespace hopf::driver {

/// The environment of a session's scripts.
struct Script {
  explicit Script(Context& c) : context(c) {}

  Context& context;
  std::map<std::string, Value> globals;
  std::vector<std::pair<std::string, Value>>
      locals;                        // of the running function, loops and comprehensions
  const syntax::Ast* ast = nullptr;  // of the node being evaluated
  const Module* module = nullptr;    // being run
  std::set<const Module*> finished;  // imports run once
  int depth = 0;
  std::int64_t steps = 0;      // expressions evaluated by the running statement
  double unchecked_bytes = 0;  // of new values since the machine was asked for its memory
  bool interactive = false;    // at the prompt every expression's value is printed
  /// Models with parameters changed that were made when the script was checked.
  std::vector<std::shared_ptr<ModelHandle>> variants;
  bool checking = false;  // before the run

  const Value* find(const std::string& name) const;
  /// Names in scope, for did-you-mean and completion.
  std::vector<std::string> names() const;
  diagnostics::Diagnostic& error(diagnostics::Kind, source::Span, std::string message);
};

// ---- running (script_run.cpp)
/// Makes the module's functions and models visible, checks its statements and its models; true
/// without errors.
bool prepare(Script&, const Module&);
/// Derives every sound model of the file, so that what only the derivation finds is reported too.
void derive_models(Script&, const Module&);
/// Runs the statements; true when none failed.
bool run(Script&, const Module&);

// ---- checking before anything runs (script_check.cpp): names, verbs, names of arguments
void check_script(Script&, const Module&);

// ---- checking what needs no solution (script_infer.cpp): types, constants, arguments of verbs
void infer_script(Script&, const Module&);

// ---- limits (script_limits.cpp)
/// The number of steps after which a statement has so many left.
std::int64_t steps_before_limit(std::int64_t count);
/// Counts an expression that is evaluated; false after an error or when a stop was asked for.
bool take_step(Script&, source::Span);
/// False, with an error, when the machine has no memory for so many more values.
bool room_for(Script&, double values, source::Span);

// ---- expressions (script_eval.cpp)
std::optional<Value> eval(Script&, syntax::NodeId);
std::optional<bool> eval_condition(Script&, syntax::NodeId);
std::optional<std::vector<Value>> eval_items(Script&, syntax::NodeId);  // of a list or a range
std::optional<Value> eval_comprehension(Script&, const syntax::Comprehension&);
std::string source_text(const Script&, syntax::NodeId);

// ---- operators (script_operators.cpp)
std::optional<Value> arithmetic(Script&, syntax::ChainOp, const Value& left, const Value& right,
                                source::Span);
std::optional<Value> power(Script&, const Value& base, const Value& exponent, source::Span);
std::optional<Value> negate(Script&, const Value&, source::Span);
std::optional<bool> compare(Script&, syntax::CompareOp, const Value& left, const Value& right,
                            source::Span);

// ---- calls (script_calls.cpp)
std::optional<Value> eval_call(Script&, syntax::NodeId);
std::optional<Value> eval_field(Script&, const Value& object,
                                const syntax::Ident& name);  // script_fields.cpp
std::optional<Value> call_solution(Script&, const Solution&, const syntax::Call&, source::Span);
std::optional<Value> call_method(Script&, const Method&, const syntax::Call&, source::Span);
std::optional<Value> call_builtin(Script&, const Signature&, const syntax::Call&, source::Span);
std::optional<Value> call_elementary(Script&, std::string_view name, const std::vector<Value>&,
                                     source::Span);
std::optional<Value> call_array(Script&, std::string_view name, const std::vector<Value>&,
                                source::Span);
std::optional<Value> call_statistics(Script&, std::string_view name, const std::vector<Value>&,
                                     source::Span);
std::optional<std::vector<Value>> eval_positional(Script&, const syntax::Call&);

// ---- verbs (script_verbs.cpp) and output (script_output.cpp)
class Arguments;
std::optional<Value> call_verb(Script&, const Signature&, const Arguments&);
std::optional<Value> call_output(Script&, const Signature&, const syntax::Call&, source::Span);

/// Warns of each health check of a solution that gives reason to worry.
void warn_of_checks(Context&, const runtime::ValueFunction&, source::Span);
/// Are the states, controls and regimes of a solution those of the model? An error otherwise.
bool fits(Context&, const model::Model&, const runtime::ValueFunction&, source::Span);
/// The model's own names for an expression of a policy, script variables replaced by their values.
std::optional<Policy> policy_of(Script&, const model::Model&, syntax::NodeId record);

}  // namespace hopf::driver
