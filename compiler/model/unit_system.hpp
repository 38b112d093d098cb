// Unit inference: each name without an annotation is an unknown vector of exponents, each sum or
// comparison a linear equation between such vectors. Equations are eliminated as they arrive, so a
// contradiction is found at the expression that causes it.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/rational.hpp"
#include "model/units.hpp"
#include "source/source.hpp"

namespace hopf::model {

/// A product of known base units and powers of unknown units.
struct UnitTerm {
  std::array<Rational, 8> known{};
  std::map<int, Rational> unknown;  // exponents are never zero

  bool operator==(const UnitTerm&) const = default;
  bool is_one() const { return unknown.empty() && known == std::array<Rational, 8>{}; }
};

UnitTerm term(const Unit&);
UnitTerm times(const UnitTerm&, const UnitTerm&);
UnitTerm raised(const UnitTerm&, Rational exponent);
UnitTerm over(const UnitTerm&, const UnitTerm&);

class UnitSystem {
 public:
  struct Unknown {
    std::string name;                    // the declared name it belongs to
    source::Span declared, determined;   // where it was declared, and the expression that fixed it
    std::optional<UnitTerm> definition;  // in terms of unknowns that were open at the time
  };

  UnitTerm fresh(std::string name, source::Span declared);
  /// With every determined unknown replaced.
  UnitTerm resolve(const UnitTerm&) const;
  /// Adds the equation a = b, seen at `where`; false when it contradicts the earlier ones.
  bool equate(const UnitTerm& a, const UnitTerm& b, source::Span where);
  /// The unit of a term, with unknowns that nothing determines taken as dimensionless.
  Unit settle(const UnitTerm&) const;
  /// For messages: the unit, or nothing when open unknowns remain.
  std::optional<std::string> describe(const UnitTerm&) const;
  const Unknown& unknown(int index) const { return unknowns_[index]; }

 private:
  std::vector<Unknown> unknowns_;
};

}  // namespace hopf::model
