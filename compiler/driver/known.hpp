// What is known of a script's value before anything is solved: its type, often the value itself.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "driver/value.hpp"

namespace hopf::driver {

struct Known {
  enum class Kind {
    Anything,
    Nothing,
    Number,  // also an estimate
    Truth,
    Text,
    List,
    Record,
    Function,
    Builtin,
    Model,
    Derivation,
    Plan,
    Solution,
    Policy,
    Gradient,
    Error,
    Ensemble,
    Series,
    Quantile,
    Bellman
  };

  Kind kind = Kind::Anything;
  std::optional<Value> value;          // where nothing has to be solved for it
  std::shared_ptr<ModelHandle> model;  // whose solution, policy, ensemble ...; null: not known
  std::shared_ptr<const std::vector<Known>> items;  // of a list whose length is known
  std::shared_ptr<const std::vector<std::pair<std::string, Known>>> fields;  // of a record
  std::size_t components = 0;  // of a policy: those asked for; 0: all

  bool is(Kind one) const { return kind == one; }
  /// A number, or something that may be one.
};

Known known_value(const Value&);
Known known_kind(Known::Kind, std::shared_ptr<ModelHandle> model = nullptr);

/// "a number", "a solution": what a message says was found.
std::string describe(const Known&);

/// The checked model of something known; null when it is not known or has mistakes.
const model::Model* model_of(const Known&);

}  // namespace hopf::driver
