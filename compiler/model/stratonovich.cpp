#include "model/stratonovich.hpp"

namespace hopf::model {

namespace {

/// A feedback control would have to be differentiated too, and is not known yet.
bool refuse_controls(Context& context, std::size_t row) {
  Model& model = context.model;
  std::size_t noises = model.noises.size();
  for (std::size_t k = 0; k < noises; ++k) {
    for (const Control& control : model.controls) {
      if (!depends_on(context.store(), model.diffusion[row * noises + k], control.symbol)) continue;
      poison(
          context, Kind::StratonovichControl, model.states[row].dynamics_span,
          "the noise of this Stratonovich equation depends on the control '" + control.name + "'",
          "write the Ito equation, without 'stratonovich'");
      return true;
    }
  }
  return false;
}

ExprId correction(Context& context, std::size_t row) {
  Model& model = context.model;
  expr::Store& store = context.store();
  std::size_t n = model.states.size(), noises = model.noises.size();
  std::vector<ExprId> terms = {store.integer(0)};
  for (std::size_t k = 0; k < noises; ++k) {
    for (std::size_t j = 0; j < n; ++j) {
      ExprId slope =
          differentiate(store, model.diffusion[row * noises + k], model.states[j].symbol);
      if (store.is_zero(slope)) continue;
      for (std::size_t l = 0; l < noises; ++l) {
        double c = model.correlation[k * noises + l];
        if (c == 0) continue;
        ExprId factors[] = {store.rational(1, 2), store.number(c), slope,
                            model.diffusion[j * noises + l]};
        terms.push_back(store.mul(factors));
      }
    }
  }
  return store.add(terms);
}

}  // namespace

void correct_stratonovich(Context& context, const std::vector<bool>& marked) {
  for (std::size_t row = 0; row < marked.size(); ++row) {
    if (!marked[row] || refuse_controls(context, row)) continue;
    ExprId& drift = context.model.drift[row];
    drift = context.store().add(drift, correction(context, row));
  }
}

}  // namespace hopf::model
