// A stationary solve finds one V of the states, which is the value only where nothing depends on t.
#include <fmt/format.h>

#include "derive/autonomous.hpp"
#include "plan/internal.hpp"

namespace hopf::plan {

bool check_stationary(const model::Model& model, diagnostics::Sink& sink) {
  if (model.horizon) return true;
  const auto parts = derive::timed_parts(model);
  if (parts.empty()) return true;
  auto& d = sink.emit(
      diagnostics::Kind::MethodNotApplicable, parts.front().span,
      fmt::format("{} depends on t, and '{}' has no horizon", parts.front().what, model.name));
  d.primary_label = "a function of t";
  for (std::size_t k = 1; k < parts.size(); ++k)
    d.labels.push_back({parts[k].span, fmt::format("and so does {}", parts[k].what)});
  d.notes.push_back("V would depend on t too, and without a horizon one V for all times is solved");
  d.help = derive::kHelpWithTime;
  return false;
}

}  // namespace hopf::plan
