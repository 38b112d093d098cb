#include "diagnostics/name_help.hpp"

#include "diagnostics/diagnostic.hpp"

namespace hopf::diagnostics {

namespace {

struct Habit {
  std::string_view name, write;
};

/// Names of other languages, and how Hopf writes what they mean.
constexpr Habit kHabits[] = {
    {"ln", "'log(x)' for the natural logarithm"},
    {"log10", "'log(x)/log(10)'"},
    {"log2", "'log(x)/log(2)'"},
    {"log1p", "'log(1 + x)'"},
    {"expm1", "'exp(x) - 1'"},
    {"e", "'exp(x)' for a power of e, 'exp(1)' for the number"},
    {"pow", "'x^y'"},
    {"power", "'x^y'"},
    {"square", "'x^2'"},
    {"sqr", "'x^2'"},
    {"cbrt", "'x^(1/3)'"},
    {"tg", "'tan(x)'"},
    {"cot", "'1/tan(x)'"},
    {"sec", "'1/cos(x)'"},
    {"csc", "'1/sin(x)'"},
    {"sgn", "'sign(x)'"},
    {"signum", "'sign(x)'"},
    {"heaviside", "'(if x > 0 then 1 else 0)'"},
    {"indicator", "'(if condition then 1 else 0)'"},
    {"where", "'(if condition then a else b)'"},
    {"ceil", "'-floor(-x)'"},
    {"round", "'floor(x + 0.5)'"},
    {"mod", "'x - n*floor(x/n)'"},
    {"fmod", "'x - n*floor(x/n)'"},
    {"relu", "'max(x, 0)'"},
    {"logistic", "'sigmoid(x)'"},
    {"erfc", "'1 - erf(x)'"},
    {"Phi", "'normal_cdf(x)'"},
    {"infinity", "'inf'"},
    {"oo", "'inf'"},
    {"range", "'1..n'"},
    {"arange", "'[a + h*i for i in 0..n]'"},
    {"linspace", "'[a + (b - a)*i/n for i in 0..n]'"},
    {"len", "'length(x)'"},
    {"size", "'length(x)'"},
    {"identity", "'eye(n)'"},
    {"disp", "'print(x)'"},
    {"display", "'print(x)'"},
    {"echo", "'print(x)'"},
    {"np", "the function alone, as in 'sin(x)'"},
    {"numpy", "the function alone, as in 'sin(x)'"},
    {"math", "the function alone, as in 'sin(x)'"},
    {"Math", "the function alone, as in 'sin(x)'"},
};

}  // namespace

std::string name_help(std::string_view name, std::span<const std::string> candidates) {
  for (const Habit& habit : kHabits)
    if (habit.name == name) return "write " + std::string(habit.write);
  const auto meant = did_you_mean(name, candidates);
  return meant ? "did you mean '" + *meant + "'?" : "";
}

}  // namespace hopf::diagnostics
