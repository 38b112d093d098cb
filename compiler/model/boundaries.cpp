// A state can be kept inside its domain when at each end, for every value of the other states, some
// control has a drift that does not point outward and no noise across the boundary. The ranges of
// drift and noise are enclosed by interval arithmetic over cells of the face, so `constrain` is
// chosen only where that is proved (Soner 1986 states the condition for deterministic dynamics,
// Katsoulakis 1994 for degenerate noise).
#include "model/boundaries.hpp"

#include <algorithm>
#include <cmath>

#include "model/ranges.hpp"

namespace hopf::model {

namespace {

constexpr std::size_t kMaxChoices = 243;  // control values tried at one cell
constexpr std::size_t kMaxCells = 64;     // of one face

/// One row of the dynamics, with what is needed to test an end of its domain.
struct Face {
  Context& context;
  std::size_t row;
  bool upper;
  ExprId drift;  // at this end: exact, so that x*(1 - x) is 0 at 1
  std::vector<ExprId> noise;
  std::vector<const ControlGroup*> groups;  // the minimiser's that the row depends on
  std::vector<SymbolId> others;             // states with a domain that the row depends on
};

bool row_depends(Context& context, std::size_t row, SymbolId symbol) {
  const Model& model = context.model;
  std::size_t noises = model.noises.size();
  if (depends_on(context.store(), model.drift[row], symbol)) return true;
  for (std::size_t k = 0; k < noises; ++k)
    if (depends_on(context.store(), model.diffusion[row * noises + k], symbol)) return true;
  return false;
}

Face make_face(Context& context, std::size_t row, bool upper) {
  const Model& model = context.model;
  expr::Store& store = context.store();
  const State& state = model.states[row];
  expr::Substitution end{{state.symbol, store.number(upper ? *state.hi : *state.lo)}};
  Face face{context, row, upper, substitute(store, model.drift[row], end), {}, {}, {}};
  std::size_t noises = model.noises.size();
  for (std::size_t k = 0; k < noises; ++k)
    face.noise.push_back(substitute(store, model.diffusion[row * noises + k], end));
  for (const ControlGroup& group : model.groups) {
    if (group.disturbance) continue;
    for (int component : group.components) {
      if (!row_depends(context, row, model.controls[component].symbol)) continue;
      face.groups.push_back(&group);
      break;
    }
  }
  for (std::size_t i = 0; i < model.states.size(); ++i)
    if (i != row && model.states[i].lo && row_depends(context, row, model.states[i].symbol))
      face.others.push_back(model.states[i].symbol);
  return face;
}

bool kept_in(const Face& face, const expr::Box& box) {
  Context& context = face.context;
  for (ExprId across : face.noise) {
    expr::Interval noise = enclose(context.store(), across, box);
    if (noise.lo != 0 || noise.hi != 0) return false;
  }
  expr::Interval drift = enclose(context.store(), face.drift, box);
  double slack = 1e-12 * (std::abs(drift.lo) + std::abs(drift.hi));
  if (!std::isfinite(slack)) slack = 0;
  return face.upper ? drift.hi <= slack : drift.lo >= -slack;
}

/// Some candidate control keeps the state inside over the whole box.
bool some_control_keeps(const Face& face, expr::Box box) {
  std::vector<std::vector<std::vector<double>>> choices;
  std::size_t total = 1;
  for (const ControlGroup* group : face.groups) {
    choices.push_back(sample_controls(face.context.model, *group));
    total = std::min(total * choices.back().size(), kMaxChoices);
  }
  for (std::size_t choice = 0; choice < total; ++choice) {
    std::size_t rest = choice;
    for (std::size_t g = 0; g < face.groups.size(); ++g) {
      const auto& value = choices[g][rest % choices[g].size()];
      rest /= choices[g].size();
      for (std::size_t i = 0; i < value.size(); ++i) {
        SymbolId symbol = face.context.model.controls[face.groups[g]->components[i]].symbol;
        box[symbol] = {value[i], value[i]};
      }
    }
    if (kept_in(face, box)) return true;
  }
  return false;
}

/// Whatever the control, there is noise across the boundary.
bool always_noisy(const Face& face, const expr::Box& whole) {
  for (ExprId across : face.noise) {
    expr::Interval noise = enclose(face.context.store(), across, whole);
    if (noise.lo > 0 || noise.hi < 0) return true;
  }
  return false;
}

bool face_is_safe(const Face& face, const expr::Box& whole) {
  if (always_noisy(face, whole)) return false;
  expr::Box box = whole;
  if (some_control_keeps(face, box)) return true;
  if (face.others.empty() || face.groups.empty()) return false;
  // The control may depend on the other states: try again cell by cell.
  auto splits = static_cast<std::size_t>(
      std::pow(static_cast<double>(kMaxCells), 1.0 / static_cast<double>(face.others.size())));
  if (splits < 2) return false;
  auto cells = static_cast<std::size_t>(std::pow(splits, face.others.size()));
  for (std::size_t cell = 0; cell < cells; ++cell) {
    std::size_t rest = cell;
    for (SymbolId other : face.others) {
      expr::Interval range = whole.at(other);
      double width = (range.hi - range.lo) / static_cast<double>(splits);
      double lo = range.lo + width * static_cast<double>(rest % splits);
      box[other] = {lo, lo + width};
      rest /= splits;
    }
    if (!some_control_keeps(face, box)) return false;
  }
  return true;
}

bool jumps(Context& context, std::size_t row) {
  const Model& model = context.model;
  std::size_t count = model.jumps.size();
  for (std::size_t k = 0; k < count; ++k)
    if (!context.store().is_zero(model.jump_size[row * count + k])) return true;
  return false;
}

void warn(Context& context, const State& state, bool lower_safe) {
  double end = lower_safe ? *state.hi : *state.lo;
  std::string place = expr::print(context.store(), context.store().number(end));
  auto& diagnostic = report(context, Kind::DefaultedBoundary, state.span,
                            "'" + state.base + "' can leave its domain at " + place +
                                ", and no boundary condition is given");
  diagnostic.primary_label = "'extrapolate' is assumed";
  diagnostic.help = "write 'extrapolate' after the domain to accept this, or another boundary";
}

}  // namespace

void resolve_boundaries(Context& context) {
  Model& model = context.model;
  const expr::Box whole = whole_box(model);
  for (std::size_t row = 0; row < model.states.size(); ++row) {
    State& state = model.states[row];
    if (!state.lo || state.boundary != Boundary::Default) continue;
    state.boundary_defaulted = true;
    bool may_stay = !jumps(context, row);
    bool lower = may_stay && face_is_safe(make_face(context, row, false), whole);
    bool upper = lower && face_is_safe(make_face(context, row, true), whole);
    state.boundary = lower && upper ? Boundary::Constrain : Boundary::Extrapolate;
    bool told = row > 0 && model.states[row - 1].base == state.base &&
                model.states[row - 1].boundary == Boundary::Extrapolate;
    if (state.boundary == Boundary::Extrapolate && !told) warn(context, state, lower);
  }
}

}  // namespace hopf::model
