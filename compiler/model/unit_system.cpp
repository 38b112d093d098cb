#include "model/unit_system.hpp"

namespace hopf::model {

namespace {

/// a *= b^factor; an exponent beyond all reason is dropped, which can only accept more.
void accumulate(UnitTerm& a, const UnitTerm& b, Rational factor) {
  for (std::size_t i = 0; i < a.known.size(); ++i)
    if (auto scaled = product(b.known[i], factor))
      a.known[i] = sum(a.known[i], *scaled).value_or(a.known[i]);
  for (const auto& [index, exponent] : b.unknown) {
    auto scaled = product(exponent, factor);
    if (!scaled) continue;
    Rational total = sum(a.unknown[index], *scaled).value_or(Rational{});
    if (total.num == 0) {
      a.unknown.erase(index);
    } else {
      a.unknown[index] = total;
    }
  }
}

}  // namespace

UnitTerm term(const Unit& unit) { return {unit.exponents, {}}; }

UnitTerm times(const UnitTerm& a, const UnitTerm& b) {
  UnitTerm result = a;
  accumulate(result, b, {1, 1});
  return result;
}

UnitTerm over(const UnitTerm& a, const UnitTerm& b) {
  UnitTerm result = a;
  accumulate(result, b, {-1, 1});
  return result;
}

UnitTerm raised(const UnitTerm& a, Rational exponent) {
  UnitTerm result;
  accumulate(result, a, exponent);
  return result;
}

UnitTerm UnitSystem::fresh(std::string name, source::Span declared) {
  unknowns_.push_back({std::move(name), declared, {}, std::nullopt});
  UnitTerm result;
  result.unknown[static_cast<int>(unknowns_.size()) - 1] = {1, 1};
  return result;
}

UnitTerm UnitSystem::resolve(const UnitTerm& unresolved) const {
  UnitTerm current = unresolved;
  // A definition names only unknowns that were open when it was made, so this loop ends.
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [index, exponent] : UnitTerm(current).unknown) {
      const auto& definition = unknowns_[index].definition;
      if (!definition) continue;
      Rational factor = exponent;
      current.unknown.erase(index);
      accumulate(current, *definition, factor);
      changed = true;
      break;
    }
  }
  return current;
}

bool UnitSystem::equate(const UnitTerm& a, const UnitTerm& b, source::Span where) {
  UnitTerm difference = resolve(over(a, b));
  if (difference.unknown.empty()) return difference.is_one();
  auto [index, exponent] = *difference.unknown.begin();
  difference.unknown.erase(index);
  // u^e * rest = 1 gives u = rest^(-1/e).
  unknowns_[index].definition = raised(difference, *make_rational(-exponent.den, exponent.num));
  unknowns_[index].determined = where;
  return true;
}

Unit UnitSystem::settle(const UnitTerm& unresolved) const {
  Unit unit;
  unit.exponents = resolve(unresolved).known;
  return unit;
}

std::optional<std::string> UnitSystem::describe(const UnitTerm& unresolved) const {
  UnitTerm resolved = resolve(unresolved);
  if (!resolved.unknown.empty()) return std::nullopt;
  Unit unit;
  unit.exponents = resolved.known;
  return to_string(unit);
}

}  // namespace hopf::model
