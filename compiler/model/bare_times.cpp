#include "model/bare_times.hpp"

#include <fmt/format.h>

#include <cctype>

#include "model/units.hpp"

namespace hopf::model {
namespace {

constexpr std::size_t kTime = 2;  // its place among the exponents

/// The unit in which the model's declarations tell time, where none of them tells it in seconds.
class TimesOf {
 public:
  void add(const Unit& unit) {
    std::string name;
    for (const char c : unit.text + "*") {
      const bool letter = std::isalpha(static_cast<unsigned char>(c)) || (c & 0x80) != 0;
      if (letter) {
        name += c;
        continue;
      }
      if (!name.empty()) add_factor(name);
      name.clear();
    }
  }
  std::string other() const { return seconds_ ? "" : other_; }

 private:
  /// A newton has seconds in it, a kilowatt-hour neither seconds nor hours alone.
  void add_factor(const std::string& name) {
    const auto unit = find_unit(name);
    if (!unit || unit->exponents[kTime] == Rational{0, 1}) return;
    Unit second;
    second.exponents[kTime] = {1, 1};
    const bool time = unit->same_dimension(second);
    if (unit->scale == 1 || !time) {
      seconds_ = true;
    } else if (other_.empty()) {
      other_ = name;
    }
  }

  bool seconds_ = false;
  std::string other_;
};

}  // namespace

bool refuse_bare_time(Context& context, const Value& value, BareKind kind, const std::string& what,
                      const std::string& name, const std::string& use) {
  if (!context.check_units || !value.literal || value.any_unit || !value.scalar()) return false;
  TimesOf times;
  for (const auto& [declared, entry] : context.names)
    if (entry.declared) times.add(*entry.declared);
  const std::string unit = times.other();
  const auto number = constant(context, value.entries[0]);
  if (unit.empty() || !number || *number == 0) return false;
  const std::string per = kind == BareKind::Rate ? "1/" : "";
  auto& error =
      report(context, Kind::RateUnit, value.span,
             fmt::format("{} has no unit, and the times of this model are in {}", what, unit));
  error.primary_label = fmt::format("a number alone stands for {}s", per);
  error.help =
      fmt::format("write 'param {0}: {1}{2} = {3}' and '{4} {0}', or 'param {0}: {1}s = {3}'", name,
                  per, unit, *number, use);
  return true;
}

}  // namespace hopf::model
