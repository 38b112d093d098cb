// The arguments of one call, matched with its signature and read as what the verb needs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "driver/script.hpp"

namespace hopf::driver {

/// Emits what is wrong with the names and the number of arguments; true when nothing is. `extra`
/// holds further names that are allowed, such as a model's regime.
bool check_arguments(Context&, const Signature&, const syntax::Call&, source::Span,
                     const std::vector<std::string>& extra);

class Arguments {
 public:
  /// The call has passed check_arguments (before the run); arguments are evaluated when they are
  /// read.
  Arguments(Script& script, const Signature& signature, const syntax::Call& call,
            source::Span span);

  source::Span span() const { return span_; }
  bool has(std::string_view name) const;
  syntax::NodeId node(std::string_view name) const;
  source::Span span_of(std::string_view name) const;
  std::optional<Value> value(std::string_view name) const;

  // Each reads an argument when it was given, and returns false after an error.
  bool read(std::string_view name, double& out) const;
  bool read(std::string_view name, bool& out) const;
  bool read(std::string_view name, std::string& out) const;
  bool read(std::string_view name,
            std::vector<double>& out) const;  // a number or a list of numbers
  /// A whole number of at least `least`.
  bool read_whole(std::string_view name, std::int64_t least, std::int64_t& out) const;
  bool read_whole(std::string_view name, int least, int& out) const;
  /// The model of the first argument, checked.
  std::shared_ptr<ModelHandle> model() const;

  /// "'grid' takes a list of numbers" with what was found under the argument.
  void wrong_type(std::string_view name, std::string_view wanted, const Value& found) const;

 private:
  Script& script_;
  source::Span span_;
  std::vector<std::pair<std::string_view, syntax::NodeId>> given_;
};

}  // namespace hopf::driver
