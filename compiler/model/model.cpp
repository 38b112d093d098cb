#include "model/model.hpp"

namespace hopf::model {

expr::Binding Model::bindings() const {
  expr::Binding result;
  for (const Param& param : params)
    if (param.shape.empty()) result[param.symbol] = param.value[0];
  return result;
}

expr::Substitution Model::parameter_values() const {
  expr::Substitution result;
  for (const Param& param : params)
    if (param.shape.empty()) result[param.symbol] = store->number(param.value[0]);
  return result;
}

}  // namespace hopf::model
