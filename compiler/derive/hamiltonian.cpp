// The Hamiltonian before minimisation: L + p.f + 1/2 tr(a M) with a = sigma C sigma' (Fleming &
// Soner 2006, IV.3).
#include <fmt/format.h>

#include "derive/internal.hpp"

namespace hopf::derive {

using expr::Store;

namespace {

/// (C sigma')_kj = sum_l C_kl sigma_jl, so that a = sigma (C sigma').
ExprId correlated_loading(Store& store, const model::Model& model, std::size_t k, std::size_t j) {
  const std::size_t count = model.noise_count();
  std::vector<ExprId> terms;
  for (std::size_t l = 0; l < count; ++l) {
    const ExprId sigma = model.diffusion[j * count + l];
    const double c = correlation(model, k, l);
    if (c == 0 || store.is_zero(sigma)) continue;
    terms.push_back(store.mul(store.number(c), sigma));
  }
  return store.add(terms);
}

void build_covariance(Context& context, Equations& eqs) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::size_t n = model.dimension(), count = model.noise_count();
  eqs.covariance.assign(n * n, store.integer(0));
  std::vector<ExprId> loading(count * n);
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t j = 0; j < n; ++j) loading[k * n + j] = correlated_loading(store, model, k, j);
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i; j < n; ++j) {
      std::vector<ExprId> terms;
      for (std::size_t k = 0; k < count; ++k) {
        const ExprId sigma = model.diffusion[i * count + k];
        if (store.is_zero(sigma) || store.is_zero(loading[k * n + j])) continue;
        terms.push_back(store.mul(sigma, loading[k * n + j]));
      }
      eqs.covariance[i * n + j] = eqs.covariance[j * n + i] = store.add(terms);
    }
  }
}

void name_symbols(Context& context, Equations& eqs) {
  Store& store = context.store;
  const auto& model = context.model;
  const std::size_t n = model.dimension();
  const std::string& V = context.names.value;
  eqs.V = unknown(store, V);
  eqs.V_t = store.symbol_id(fmt::format("D({},t)", V));
  eqs.p.clear();
  eqs.M.assign(n * n, SymbolId());
  for (const auto& state : model.states) {
    eqs.p.push_back(store.symbol_id(fmt::format("D({},{})", V, state.name)));
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i; j < n; ++j) {
      const auto& first = model.states[i].name;
      const SymbolId symbol =
          store.symbol_id(fmt::format("D({},{},{})", V, first, model.states[j].name));
      eqs.M[i * n + j] = eqs.M[j * n + i] = symbol;
    }
  }
}

std::vector<int> all_groups(const model::Model& model) {
  std::vector<int> groups;
  for (std::size_t g = 0; g < model.groups.size(); ++g) groups.push_back(static_cast<int>(g));
  return groups;
}

}  // namespace

void note_signs(Context& context, const Equations& eqs) {
  auto add = [&context](SymbolId symbol) {
    context.flip[symbol] = context.store.neg(context.store.symbol(symbol));
  };
  add(eqs.V);
  add(eqs.V_t);
  for (SymbolId p : eqs.p) add(p);
  for (SymbolId m : eqs.M) add(m);
}

void build_integrand(Context& context, Equations& eqs) {
  name_symbols(context, eqs);
  note_signs(context, eqs);
  build_covariance(context, eqs);
  Store& store = context.store;
  const auto& model = context.model;
  const std::size_t n = model.dimension();
  std::vector<ExprId> terms;
  if (model.lagrangian.value.valid()) terms.push_back(model.lagrangian.value);
  for (std::size_t i = 0; i < n; ++i) {
    terms.push_back(store.mul(model.drift[i], store.symbol(eqs.p[i])));
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i; j < n; ++j) {
      const ExprId a = eqs.covariance[i * n + j];
      if (store.is_zero(a)) continue;
      const ExprId term = store.mul(a, store.symbol(eqs.M[i * n + j]));
      terms.push_back(i == j ? half(store, term)
                             : term);  // a_ij M_ij occurs twice off the diagonal
    }
  }
  eqs.hamiltonian_integrand = store.add(terms);
}

void add_hamiltonian(Context& context, Equations& eqs) {
  const auto& model = context.model;
  Step step;
  step.field = "hamiltonian";
  step.title = "Hamiltonian";
  step.source = "Fleming & Soner 2006, I.6 and IV.3; Yong & Zhou 1999, ch. 4";
  const std::string what = model.reward ? "the reward rate" : "the running cost";
  step.words = fmt::format(
      "The sum of {}, the drift along the gradient of V{}, optimised over the controls.", what,
      model.noises.empty() ? "" : " and half the noise covariance against its Hessian");
  const ExprId H = context.store.symbol(context.names.hamiltonian);
  Equation definition{H, amount_in_user_terms(context, eqs.hamiltonian_integrand)};
  definition.over = all_groups(model);
  step.equations.push_back(definition);
  if (eqs.hamiltonian_shown.valid() && !model.controls.empty()) {
    Equation minimised{H, amount_in_user_terms(context, eqs.hamiltonian_shown)};
    minimised.where = "with the optimal controls put in";
    step.equations.push_back(minimised);
  }
  if (!model.jumps.empty()) step.notes.push_back("jumps add their own term to the HJB equation");
  eqs.steps.push_back(std::move(step));
}

}  // namespace hopf::derive
