// Units: a product of SI base units with rational exponents, and a scale to SI.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "expr/expr.hpp"

namespace hopf::model {

/// Exponents of m, kg, s, A, K, mol, cd, and one free dimension for currency; `scale` is the factor
/// to SI (km: 1000).
struct Unit {
  std::array<expr::Rational, 8> exponents{};
  double scale = 1.0;
  std::string
      text;  // as the user wrote it, for messages and axis labels; empty when inferred or none

  bool dimensionless() const;
  bool same_dimension(const Unit&) const;
};

Unit multiply(const Unit&, const Unit&);
Unit power(const Unit&, expr::Rational exponent);
/// `kg*m^2/s`; "1" when dimensionless.
std::string to_string(const Unit&);
/// A unit by name (m, km, N, J, W, Hz, rad, deg, min, h, ...), or nothing.
std::optional<Unit> find_unit(const std::string& name);

}  // namespace hopf::model
