// What can be called by name in a script: one row a verb or function. The checker, the evaluator,
// the prompt's completion and did-you-mean all read the same table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hopf::driver {

struct Signature {
  enum class Group { Verb, Output, Elementary, Array, Statistics };
  std::string_view name;
  Group group;
  int required = 0;    // the first `required` parameters must be given
  int positional = 0;  // the first `positional` parameters may be given without a name
  std::vector<std::string_view>
      parameters;          // names; those of functions of numbers are never written
  bool built = true;       // false: part of the language that this version refuses
  bool any_count = false;  // any number of positional arguments
  bool any_name = false;   // any named argument

  bool takes(std::size_t arguments) const {
    const auto least = static_cast<std::size_t>(required),
               most = static_cast<std::size_t>(positional);
    return arguments >= least && (any_count || arguments <= most);
  }
};

std::span<const Signature> signatures();
/// Null when nothing has this name.
const Signature* find_signature(std::string_view name);
std::vector<std::string> signature_names();

}  // namespace hopf::driver
