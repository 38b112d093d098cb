// The algebra of units and the table of their names.
//
// SI base and derived units follow the SI Brochure (BIPM, 9th edition, 2019), tables 2, 4 and 8;
// the year is the Julian year of 365.25 days (IAU). A plane angle is dimensionless, as in the SI.
#include "model/units.hpp"

#include <cmath>
#include <numbers>
#include <string_view>
#include <vector>

#include "model/rational.hpp"
#include "model/unit_names.hpp"

namespace hopf::model {

namespace {

constexpr double kPi = std::numbers::pi;

/// Integer exponents of m, kg, s, A, K, mol, cd, currency.
struct Row {
  std::string_view name;
  std::array<signed char, 8> exponents;
  double scale;
  bool prefixed;  // takes SI prefixes
};

constexpr Row kRows[] = {
    // SI base units; the kilogram carries its prefix in its name, so the gram takes the prefixes.
    {"m", {1}, 1, true},
    {"kg", {0, 1}, 1, false},
    {"g", {0, 1}, 1e-3, true},
    {"s", {0, 0, 1}, 1, true},
    {"A", {0, 0, 0, 1}, 1, true},
    {"K", {0, 0, 0, 0, 1}, 1, true},
    {"mol", {0, 0, 0, 0, 0, 1}, 1, true},
    {"cd", {0, 0, 0, 0, 0, 0, 1}, 1, true},
    // SI derived units
    {"rad", {}, 1, true},
    {"sr", {}, 1, false},
    {"Hz", {0, 0, -1}, 1, true},
    {"N", {1, 1, -2}, 1, true},
    {"Pa", {-1, 1, -2}, 1, true},
    {"J", {2, 1, -2}, 1, true},
    {"W", {2, 1, -3}, 1, true},
    {"C", {0, 0, 1, 1}, 1, true},
    {"V", {2, 1, -3, -1}, 1, true},
    {"F", {-2, -1, 4, 2}, 1, true},
    {"ohm", {2, 1, -3, -2}, 1, true},
    {"S", {-2, -1, 3, 2}, 1, true},
    {"Wb", {2, 1, -2, -1}, 1, true},
    {"T", {0, 1, -2, -1}, 1, true},
    {"H", {2, 1, -2, -2}, 1, true},
    {"lm", {0, 0, 0, 0, 0, 0, 1}, 1, true},
    {"lx", {-2, 0, 0, 0, 0, 0, 1}, 1, true},
    {"Bq", {0, 0, -1}, 1, true},
    {"Gy", {2, 0, -2}, 1, true},
    {"kat", {0, 0, -1, 0, 0, 1}, 1, true},
    // Accepted for use with the SI
    {"min", {0, 0, 1}, 60, false},
    {"h", {0, 0, 1}, 3600, false},
    {"hour", {0, 0, 1}, 3600, false},
    {"day", {0, 0, 1}, 86400, false},
    {"week", {0, 0, 1}, 604800, false},
    {"year", {0, 0, 1}, 31557600, false},
    {"deg", {}, kPi / 180, false},
    {"turn", {}, 2 * kPi, false},
    {"rpm", {0, 0, -1}, 2 * kPi / 60, false},
    {"L", {3}, 1e-3, true},
    {"ha", {2}, 1e4, false},
    {"t", {0, 1}, 1e3, false},
    {"eV", {2, 1, -2}, 1.602176634e-19, true},
    {"Wh", {2, 1, -2}, 3600, true},
    {"bar", {-1, 1, -2}, 1e5, true},
    {"atm", {-1, 1, -2}, 101325, false},
    {"percent", {}, 0.01, false},
    {"bp", {}, 1e-4, false},
    // Money: one dimension; a model uses one currency.
    {"currency", {0, 0, 0, 0, 0, 0, 0, 1}, 1, false},
    {"USD", {0, 0, 0, 0, 0, 0, 0, 1}, 1, false},
    {"EUR", {0, 0, 0, 0, 0, 0, 0, 1}, 1, false},
    {"GBP", {0, 0, 0, 0, 0, 0, 0, 1}, 1, false},
    {"JPY", {0, 0, 0, 0, 0, 0, 0, 1}, 1, false},
    {"CHF", {0, 0, 0, 0, 0, 0, 0, 1}, 1, false},
    {"CNY", {0, 0, 0, 0, 0, 0, 0, 1}, 1, false},
    {"INR", {0, 0, 0, 0, 0, 0, 0, 1}, 1, false},
};

struct Prefix {
  std::string_view name;
  double scale;
};

constexpr Prefix kPrefixes[] = {
    {"p", 1e-12}, {"n", 1e-9}, {"u", 1e-6}, {"µ", 1e-6}, {"μ", 1e-6}, {"m", 1e-3}, {"c", 1e-2},
    {"d", 1e-1},  {"da", 1e1}, {"h", 1e2},  {"k", 1e3},  {"M", 1e6},  {"G", 1e9},  {"T", 1e12},
};

const Row* find_row(std::string_view name) {
  for (const Row& row : kRows)
    if (row.name == name) return &row;
  return nullptr;
}

Unit from_row(const Row& row, double prefix_scale, const std::string& text) {
  Unit unit;
  for (std::size_t i = 0; i < unit.exponents.size(); ++i) unit.exponents[i] = {row.exponents[i], 1};
  unit.scale = row.scale * prefix_scale;
  unit.text = text;
  return unit;
}

}  // namespace

std::string factor_text(std::string_view name, Rational exponent) {
  std::string text(name);
  if (exponent.den != 1)
    return text + "^(" + std::to_string(exponent.num) + "/" + std::to_string(exponent.den) + ")";
  return exponent.num == 1 ? text : text + "^" + std::to_string(exponent.num);
}

std::optional<Rational> small_rational(double value, std::int64_t max_denominator) {
  if (!std::isfinite(value) || std::abs(value) > 1e12) return std::nullopt;
  // Convergents of the continued fraction p/q, until one is the double up to rounding.
  double rest = value;
  std::int64_t p0 = 1, q0 = 0, p1 = 0, q1 = 0;
  p1 = static_cast<std::int64_t>(std::floor(rest));
  q1 = 1;
  for (int step = 0; step < 40; ++step) {
    double error = std::abs(static_cast<double>(p1) / static_cast<double>(q1) - value);
    if (error <= 4e-16 * std::abs(value)) return Rational{p1, q1};
    double fraction = rest - std::floor(rest);
    if (fraction == 0) return std::nullopt;
    rest = 1 / fraction;
    if (rest > 1e9) return std::nullopt;
    auto digit = static_cast<std::int64_t>(std::floor(rest));
    std::int64_t p2 = digit * p1 + p0, q2 = digit * q1 + q0;
    if (q2 > max_denominator) return std::nullopt;
    p0 = p1, q0 = q1, p1 = p2, q1 = q2;
  }
  return std::nullopt;
}

bool Unit::dimensionless() const {
  for (const Rational& exponent : exponents)
    if (exponent.num != 0) return false;
  return true;
}

bool Unit::same_dimension(const Unit& other) const { return exponents == other.exponents; }

Unit multiply(const Unit& a, const Unit& b) {
  Unit result;
  for (std::size_t i = 0; i < result.exponents.size(); ++i)
    result.exponents[i] = sum(a.exponents[i], b.exponents[i]).value_or(Rational{});
  result.scale = a.scale * b.scale;
  return result;
}

Unit power(const Unit& unit, Rational exponent) {
  Unit result;
  for (std::size_t i = 0; i < result.exponents.size(); ++i)
    result.exponents[i] = product(unit.exponents[i], exponent).value_or(Rational{});
  result.scale = std::pow(unit.scale, exponent.value());
  return result;
}

std::string to_string(const Unit& unit) {
  if (!unit.text.empty()) return unit.text;
  static constexpr std::string_view kNames[] = {"m", "kg", "s", "A", "K", "mol", "cd", "currency"};
  static constexpr int kOrder[] = {1, 0, 2, 3, 4, 5, 6, 7};  // kg first, as in kg*m^2/s
  std::string above, below;
  for (int i : kOrder) {
    Rational exponent = unit.exponents[i];
    if (exponent.num > 0) above += (above.empty() ? "" : "*") + factor_text(kNames[i], exponent);
    if (exponent.num < 0) below += "/" + factor_text(kNames[i], negated(exponent));
  }
  return (above.empty() ? "1" : above) + below;
}

std::optional<Unit> find_unit(const std::string& name) {
  if (name == "1") return Unit{.text = "1"};
  if (const Row* row = find_row(name)) return from_row(*row, 1, name);
  for (const Prefix& prefix : kPrefixes) {
    if (!std::string_view(name).starts_with(prefix.name)) continue;
    const Row* row = find_row(std::string_view(name).substr(prefix.name.size()));
    if (row != nullptr && row->prefixed) return from_row(*row, prefix.scale, name);
  }
  return std::nullopt;
}

std::vector<std::string> unit_names() {
  std::vector<std::string> names;
  for (const Row& row : kRows) names.emplace_back(row.name);
  return names;
}

bool is_currency(const std::string& name) {
  const Row* row = find_row(name);
  return row != nullptr && row->exponents[7] != 0 && name != "currency";
}

}  // namespace hopf::model
