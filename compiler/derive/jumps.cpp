// Jumps in equations: sum over the processes of rate times the mean change of a field.
#include <fmt/format.h>

#include "derive/internal.hpp"

namespace hopf::derive {

std::string after_jump(const Context& context, const std::string& field, std::size_t k) {
  return fmt::format("{}_after_{}", field, context.model.jumps[k].name);
}

// Jumps are not local: "V_after_N" stands for the mean of V after a jump, as a note says.
ExprId jump_terms(Context& context, const std::string& field, Step& step) {
  expr::Store& store = context.store;
  const auto& model = context.model;
  const ExprId here = store.symbol(unknown(store, field));
  std::vector<ExprId> terms;
  const std::size_t count = model.jumps.size();
  for (std::size_t k = 0; k < count; ++k) {
    const std::string after = after_jump(context, field, k);
    const ExprId there = store.symbol(unknown(store, after));
    terms.push_back(store.mul(model.jumps[k].rate, store.sub(there, here)));
    std::vector<std::string> moves;
    for (std::size_t i = 0; i < model.dimension(); ++i) {
      const ExprId size = model.jump_size[i * count + k];
      if (!size.valid() || store.is_zero(size)) continue;
      moves.push_back(
          fmt::format("{} to {}", model.states[i].name,
                      text(context, store.add(store.symbol(model.states[i].symbol), size))));
    }
    step.notes.push_back(fmt::format("{} is the mean of {} after a jump of {}, which moves {}{}",
                                     after, field, model.jumps[k].name, join(moves, " and "),
                                     model.marks.empty() ? "" : ", over the law of the marks"));
  }
  return store.add(terms);
}

}  // namespace hopf::derive
