#include "model/laws.hpp"

#include <cmath>

#include "model/arithmetic.hpp"
#include "model/evaluate.hpp"
#include "model/matrix.hpp"

namespace hopf::model {

namespace {

struct LawCall {
  std::string family;
  const syntax::Call* call = nullptr;
  Span span;
};

std::optional<LawCall> read_law(Context& context, NodeId id) {
  const syntax::Node& node = (*context.ast)[id];
  if (const auto* call = std::get_if<syntax::Call>(&node.value)) {
    const auto* name = std::get_if<syntax::Name>(&(*context.ast)[call->callee].value);
    if (name != nullptr) return LawCall{name->text, call, node.span};
  }
  poison(context, Kind::InvalidDistribution, node.span, "a distribution is needed here",
         "write e.g. 'gaussian(mean, covariance)'");
  return std::nullopt;
}

struct Numbers {
  Shape shape;
  std::vector<double> value;
  bool literal = true;
  Span span;
};

/// The arguments of a law as constants; named ones must come in the order of `names`.
std::optional<std::vector<Numbers>> law_arguments(Context& context, const LawCall& law,
                                                  const std::vector<std::string>& names) {
  if (law.call->arguments.size() != names.size()) {
    poison(context, Kind::InvalidDistribution, law.span,
           "'" + law.family + "' takes " + std::to_string(names.size()) + " arguments, not " +
               std::to_string(law.call->arguments.size()));
    return std::nullopt;
  }
  std::vector<Numbers> result;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const syntax::Argument& argument = law.call->arguments[i];
    if (argument.name && argument.name->text != names[i]) {
      poison(context, Kind::InvalidDistribution, argument.name->span,
             "'" + law.family + "' expects '" + names[i] + "' here");
      return std::nullopt;
    }
    Value value = evaluate(context, model_frame(context), argument.value);
    if (!require_number(context, value)) return std::nullopt;
    Numbers numbers{value.shape, {}, value.literal, value.span};
    for (ExprId entry : value.entries) {
      auto number = constant(context, entry);
      if (!number || !std::isfinite(*number)) {
        poison(context, Kind::NotConstant, value.span,
               "the parameters of a distribution must be finite constants");
        return std::nullopt;
      }
      numbers.value.push_back(*number);
    }
    result.push_back(std::move(numbers));
  }
  return result;
}

struct MarkFamily {
  const char* name;
  std::vector<std::string> parameters;
  bool (*valid)(const std::vector<double>&);
  const char* requirement;
};

const std::vector<MarkFamily>& mark_families() {
  static const std::vector<MarkFamily> kFamilies = {
      {"normal",
       {"mean", "deviation"},
       [](const auto& p) { return p[1] > 0; },
       "its standard deviation must be positive"},
      {"lognormal",
       {"mean", "deviation"},
       [](const auto& p) { return p[1] > 0; },
       "its standard deviation must be positive"},
      {"uniform",
       {"lower", "upper"},
       [](const auto& p) { return p[0] < p[1]; },
       "its lower end must be below its upper end"},
      {"exponential",
       {"rate"},
       [](const auto& p) { return p[0] > 0; },
       "its rate must be positive"},
  };
  return kFamilies;
}

}  // namespace

void elaborate_mark(Context& context, Entry& entry, const syntax::MarkDecl& mark) {
  auto law = read_law(context, mark.distribution);
  if (!law) return;
  for (const MarkFamily& family : mark_families()) {
    if (law->family != family.name) continue;
    auto arguments = law_arguments(context, *law, family.parameters);
    if (!arguments) return;
    std::vector<double> parameters;
    for (const Numbers& argument : *arguments) {
      if (!argument.shape.empty()) {
        poison(context, Kind::ScalarExpected, argument.span,
               "a parameter of a law must be a scalar");
        return;
      }
      parameters.push_back(argument.value[0]);
    }
    if (!family.valid(parameters)) {
      poison(context, Kind::InvalidDistribution, law->span,
             "this is no '" + law->family + "' law: " + family.requirement);
      return;
    }
    SymbolId symbol = context.store().symbol_id(entry.name);
    context.model.marks.push_back({entry.name, symbol, law->family, std::move(parameters)});
    return;
  }
  poison(context, Kind::InvalidDistribution, law->span, "'" + law->family + "' is no law of a mark",
         "known are normal, lognormal, uniform and exponential");
}

// ---- ends of the horizon

namespace {

/// The declared unit's factor to SI of each scalar state.
std::vector<double> state_scales(Context& context) {
  std::vector<double> scales;
  for (const State& state : context.model.states)
    scales.push_back(context.names.at(state.base).scale);
  return scales;
}

bool right_size(Context& context, const Numbers& numbers, std::size_t count, const char* what) {
  if (numbers.value.size() == count) return true;
  poison(context, Kind::InvalidDistribution, numbers.span,
         std::string("the ") + what + " has " + std::to_string(numbers.value.size()) +
             " entries, but the states need " + std::to_string(count));
  return false;
}

void to_declared_units(Context& context, Numbers& mean, Numbers* covariance) {
  std::vector<double> scales = state_scales(context);
  std::size_t n = scales.size();
  for (std::size_t i = 0; i < n; ++i) {
    if (!mean.literal) mean.value[i] /= scales[i];
    for (std::size_t j = 0; covariance != nullptr && !covariance->literal && j < n; ++j)
      covariance->value[i * n + j] /= scales[i] * scales[j];
  }
}

bool valid_covariance(Context& context, const Numbers& covariance, std::size_t n) {
  bool symmetric = true;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      symmetric = symmetric && covariance.value[i * n + j] == covariance.value[j * n + i];
  if (symmetric && positive_definite(covariance.value, static_cast<int>(n))) return true;
  poison(
      context, Kind::InvalidDistribution, covariance.span,
      symmetric ? "this covariance is not positive definite" : "this covariance is not symmetric");
  return false;
}

std::optional<Endpoint> read_endpoint(Context& context, const LawCall& law) {
  std::size_t n = context.model.states.size();
  Endpoint endpoint{.family = law.family, .span = law.span};
  if (law.family == "gaussian") {
    auto arguments = law_arguments(context, law, {"mean", "covariance"});
    if (!arguments) return std::nullopt;
    Numbers &mean = (*arguments)[0], &covariance = (*arguments)[1];
    if (!right_size(context, mean, n, "mean")) return std::nullopt;
    if (!right_size(context, covariance, n * n, "covariance")) return std::nullopt;
    if (!valid_covariance(context, covariance, n)) return std::nullopt;
    to_declared_units(context, mean, &covariance);
    endpoint.mean = mean.value;
    endpoint.covariance = covariance.value;
    return endpoint;
  }
  if (law.family == "dirac") {
    auto arguments = law_arguments(context, law, {"point"});
    if (!arguments || !right_size(context, (*arguments)[0], n, "point")) return std::nullopt;
    to_declared_units(context, (*arguments)[0], nullptr);
    endpoint.mean = (*arguments)[0].value;
    endpoint.covariance.assign(n * n, 0);
    return endpoint;
  }
  bool later = law.family == "samples" || law.family == "uniform";
  poison(context, later ? Kind::NotBuiltYet : Kind::InvalidDistribution, law.span,
         later ? "the law '" + law.family + "' of a state is not built yet"
               : "'" + law.family + "' is no law of a state",
         "known are gaussian(mean, covariance) and dirac(point)");
  return std::nullopt;
}

}  // namespace

void elaborate_endpoint(Context& context, const syntax::EndpointDecl& declaration, Span) {
  auto law = read_law(context, declaration.distribution);
  if (!law) return;
  auto endpoint = read_endpoint(context, *law);
  if (endpoint) (declaration.final ? context.model.final_ : context.model.initial) = *endpoint;
}

}  // namespace hopf::model
