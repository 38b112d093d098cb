#include "driver/signatures.hpp"

namespace hopf::driver {
namespace {

using Group = Signature::Group;
using Names = std::vector<std::string_view>;

Names solver_parameters(std::initializer_list<std::string_view> first) {
  Names names(first);
  for (std::string_view name : {"method", "grid", "stretch", "steps", "tolerance", "threads",
                                "error", "precision", "seed", "checkpoint"})
    names.push_back(name);
  return names;
}

Signature function(std::string_view name, Group group, int arity) {
  return {name, group, arity, arity, Names(static_cast<std::size_t>(arity))};
}

Signature variadic(std::string_view name, Group group) {
  return {.name = name, .group = group, .required = 1, .parameters = {""}, .any_count = true};
}

Signature later(std::string_view name) {
  return {.name = name, .group = Group::Verb, .built = false, .any_count = true, .any_name = true};
}

std::vector<Signature> make_table() {
  std::vector<Signature> table = {
      {"derive", Group::Verb, 1, 1, {"model", "as"}},
      {"plan", Group::Verb, 1, 1, solver_parameters({"model"})},
      {"solve", Group::Verb, 1, 1, solver_parameters({"model"})},
      {"evaluate", Group::Verb, 2, 2, solver_parameters({"model", "policy"})},
      {"simulate",
       Group::Verb,
       1,
       1,
       {"model", "policy", "from", "until", "paths", "seed", "method", "step", "records", "regime",
        "threads", "precision", "tolerance", "checkpoint", "keep"}},
      {"plot", Group::Output, 2, 2, {"value", "file"}},
      {"save", Group::Output, 2, 2, {"value", "file"}},
      {"load", Group::Output, 1, 1, {"file"}},
      {.name = "print", .group = Group::Output, .any_count = true},
      {.name = "table", .group = Group::Output, .any_count = true, .any_name = true},
  };
  for (std::string_view name :
       {"density", "trajectory", "sample", "fit", "learn", "transport", "bound"})
    table.push_back(later(name));
  for (std::string_view name :
       {"sin",   "cos",  "tan",        "asin",       "acos",    "atan",    "sinh",
        "cosh",  "tanh", "exp",        "log",        "sqrt",    "abs",     "sign",
        "floor", "erf",  "normal_pdf", "normal_cdf", "sigmoid", "softplus"})
    table.push_back(function(name, Group::Elementary, 1));
  table.push_back(function("atan2", Group::Elementary, 2));
  table.push_back(function("clamp", Group::Elementary, 3));
  for (std::string_view name : {"sum", "min", "max"})
    table.push_back(variadic(name, Group::Statistics));
  for (std::string_view name : {"mean", "std", "length"})
    table.push_back(function(name, Group::Statistics, 1));
  for (std::string_view name : {"norm", "norm2", "transpose", "trace", "det", "inv", "eye", "diag"})
    table.push_back(function(name, Group::Array, 1));
  table.push_back(function("dot", Group::Array, 2));
  for (std::string_view name : {"zeros", "ones"})
    table.push_back({.name = name,
                     .group = Group::Array,
                     .required = 1,
                     .positional = 2,
                     .parameters = {"", ""}});
  return table;
}

}  // namespace

std::span<const Signature> signatures() {
  static const std::vector<Signature> table = make_table();
  return table;
}

const Signature* find_signature(std::string_view name) {
  for (const Signature& signature : signatures())
    if (signature.name == name) return &signature;
  return nullptr;
}

std::vector<std::string> signature_names() {
  std::vector<std::string> names;
  for (const Signature& signature : signatures()) names.emplace_back(signature.name);
  return names;
}

}  // namespace hopf::driver
