#include "derive/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace hopf::derive {

namespace {

/// As a reader sees it: phi and φ are one letter.
std::string seen(const std::string& name) {
  return expr::print_name(name.substr(0, name.find('[')), expr::Style::Unicode);
}

std::set<std::string> taken_names(const model::Model& model) {
  std::set<std::string> taken;
  auto add = [&taken](const std::string& name) { taken.insert(seen(name)); };
  if (model.time.valid()) add(model.store->name(model.time));
  for (const auto& param : model.params) add(param.name);
  for (const auto& state : model.states) add(state.name);
  for (const auto& group : model.groups) add(group.name);
  for (const auto& noise : model.noises) add(noise.name);
  for (const auto& jump : model.jumps) add(jump.name);
  for (const auto& mark : model.marks) add(mark.name);
  for (const auto& let : model.lets) add(let.name);
  if (model.regime) add(model.regime->name);
  if (model.density) add(*model.density);
  return taken;
}

/// The first wish that is free, else the first with an index; it is taken from then on.
std::string choose(std::set<std::string>& taken, std::initializer_list<const char*> wishes) {
  std::string name = *wishes.begin();
  const auto free = std::find_if(wishes.begin(), wishes.end(),
                                 [&](const char* wish) { return !taken.contains(seen(wish)); });
  if (free != wishes.end()) name = *free;
  for (int k = 0; taken.contains(seen(name)); ++k) name = fmt::format("{}_{}", *wishes.begin(), k);
  taken.insert(seen(name));
  return name;
}

}  // namespace

Names choose_names(const model::Model& model) {
  std::set<std::string> taken = taken_names(model);
  Names names;
  names.value = choose(taken, {"V", "W", "J"});
  names.hamiltonian = choose(taken, {"H", "F"});
  names.mechanical = choose(taken, {"H_mech"});
  names.function = choose(taken, {"phi", "f", "h"});
  names.density = model.density ? *model.density : choose(taken, {"m", "n", "mu"});
  names.score = choose(taken, {"score"});
  names.psi = choose(taken, {"psi", "zeta"});
  names.step = choose(taken, {"dt"});
  names.normal = choose(taken, {"xi", "zeta"});
  names.average = choose(taken, {"eta", "nu"});
  // Steps of their own: the costate's p is not the Riccati equation's.
  std::set<std::string> here = taken;
  names.costate = choose(here, {"p", "lambda", "y"});
  names.loading = choose(here, {"q", "z", "k"});
  here = taken;
  names.lambda = choose(here, {"lambda", "kappa"});
  here = taken;
  names.quadratic = choose(here, {"P", "K"});
  names.linear = choose(here, {"p", "s"});
  names.constant = choose(here, {"c", "k"});
  return names;
}

std::string fresh_name(const model::Model& model, const std::string& wanted) {
  std::set<std::string> taken = taken_names(model);
  return choose(taken, {wanted.c_str()});
}

}  // namespace hopf::derive
