// Declarations that exclude each other, that need each other, or that may stand only once.
#include <array>

#include "model/costs.hpp"

namespace hopf::model {

namespace {

/// What a declaration is for this check.
enum Item {
  kLagrangian,
  kReward,
  kTerminal,
  kHorizon,
  kDiscount,
  kUntil,
  kStop,
  kAverage,
  kInitial,
  kFinal,
  kRegime,
  kDensity,
  kJump,
  kMark,
  kItems,
  kOther = kItems
};

constexpr const char* kWords[kItems] = {"lagrangian", "reward",  "terminal", "horizon", "discount",
                                        "until",      "stop",    "average",  "initial", "final",
                                        "regime",     "density", "jump",     "mark"};

Item kind_of(const syntax::CostDecl& cost) {
  switch (cost.kind) {
    case syntax::CostKind::Lagrangian:
      return kLagrangian;
    case syntax::CostKind::Reward:
      return kReward;
    case syntax::CostKind::Terminal:
      break;
  }
  return kTerminal;
}
Item kind_of(const syntax::HorizonDecl&) { return kHorizon; }
Item kind_of(const syntax::DiscountDecl&) { return kDiscount; }
Item kind_of(const syntax::UntilDecl&) { return kUntil; }
Item kind_of(const syntax::StopDecl&) { return kStop; }
Item kind_of(const syntax::AverageDecl&) { return kAverage; }
Item kind_of(const syntax::EndpointDecl& end) { return end.final ? kFinal : kInitial; }
Item kind_of(const syntax::RegimeDecl&) { return kRegime; }
Item kind_of(const syntax::DensityDecl&) { return kDensity; }
Item kind_of(const syntax::JumpDecl&) { return kJump; }
Item kind_of(const syntax::MarkDecl&) { return kMark; }
template <class Other>
Item kind_of(const Other&) {
  return kOther;
}

using Places = std::array<Span, kItems>;

struct Conflict {
  Item a, b;
  const char* why;
};

constexpr Conflict kConflicts[] = {
    {kLagrangian, kReward, "'reward r' is 'lagrangian -r': a model has one of them"},
    {kHorizon, kAverage, "a long-run average has no horizon"},
    {kDiscount, kAverage, "a long-run average is not discounted"},
    {kTerminal, kAverage, "a long-run average has no terminal cost"},
    {kUntil, kAverage, "a long-run average does not end"},
    {kStop, kAverage, "a long-run average does not end"},
};

void refuse_second(Context& context, Item item, Span first, Span second) {
  auto& diagnostic =
      report(context, Kind::DuplicateDeclaration, second,
             std::string("a model has one '") + kWords[item] + "', but this is the second");
  diagnostic.labels.push_back({first, "the first"});
  if (item == kUntil) diagnostic.help = "join the conditions with 'or'";
  if (item == kLagrangian || item == kReward) diagnostic.help = "add the two amounts";
}

void check_pairs(Context& context, const Places& places) {
  for (const Conflict& conflict : kConflicts) {
    if (!places[conflict.a].valid() || !places[conflict.b].valid()) continue;
    auto& diagnostic = report(context, Kind::ConflictingDeclarations, places[conflict.b],
                              std::string("'") + kWords[conflict.a] + "' and '" +
                                  kWords[conflict.b] + "' exclude each other: " + conflict.why);
    diagnostic.labels.push_back(
        {places[conflict.a], std::string("the '") + kWords[conflict.a] + "'"});
  }
}

void check_needs(Context& context, const Places& places) {
  if (incomplete(context)) return;
  bool ends = places[kHorizon].valid() || places[kStop].valid() || places[kAverage].valid();
  if (places[kTerminal].valid() && !ends)
    poison(context, Kind::TerminalWithoutHorizon, places[kTerminal],
           "a terminal cost needs a horizon, and this model has none", "add 'horizon T'");
  if (places[kFinal].valid() && !(places[kInitial].valid() && places[kHorizon].valid()))
    poison(
        context, Kind::FinalWithoutInitial, places[kFinal],
        places[kInitial].valid() ? "a final law needs a horizon, and this model has none"
                                 : "a final law needs an initial law, and this model has none",
        places[kInitial].valid() ? "add 'horizon T'" : "add 'initial gaussian(mean, covariance)'");
  if (places[kMark].valid() && !places[kJump].valid())
    poison(context, Kind::MarkWithoutJump, places[kMark],
           "a mark belongs to a jump, and this model has none", "add 'jump N rate lambda'");
}

}  // namespace

void check_conflicts(Context& context, const syntax::ModelItem& item) {
  Places places{};
  for (const syntax::Declaration& declaration : item.declarations) {
    Item what = std::visit([](const auto& d) { return kind_of(d); }, declaration.value);
    if (what == kOther) continue;
    bool several = what == kJump || what == kMark;
    if (places[what].valid() && !several)
      refuse_second(context, what, places[what], declaration.span);
    if (!places[what].valid()) places[what] = declaration.span;
  }
  check_pairs(context, places);
  check_needs(context, places);
}

}  // namespace hopf::model
