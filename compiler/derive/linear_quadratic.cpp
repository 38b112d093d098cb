// Is the problem linear-quadratic? If so its data as numbers, for the Riccati solver; if not, every
// reason in words.
//
//   dx = (A x + B u + c) dt + (S + sum_i C_i x_i + sum_j D_j u_j) dw,  L = 1/2 x'Qx + x'Nu + 1/2
//   u'Ru + q'x + r'u + L0.
// A correlation of the noises is folded into S, C and D by its Cholesky factor, so dw is standard.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "derive/internal.hpp"
#include "expr/print_parts.hpp"

namespace hopf::derive {

using expr::Store;
using LQ = Equations::LinearQuadratic;

namespace {

using Reasons = std::vector<std::string>;

void add_set_reasons(const Context& context, Reasons& reasons) {
  for (const auto& group : context.model.groups) {
    if (group.disturbance) reasons.push_back(fmt::format("{} is a disturbance", group.name));
    if (group.set == model::ControlGroup::Set::Finite)
      reasons.push_back(fmt::format("{} takes finitely many values", group.name));
    else if (group.set != model::ControlGroup::Set::Free)
      reasons.push_back(fmt::format("{} is bounded", group.name));
  }
}

/// What stands beside the dynamics and the cost: ends, regimes, boundaries.
void add_structural_reasons(const Context& context, Reasons& reasons) {
  const auto& model = context.model;
  using Boundary = model::Boundary;
  auto add = [&reasons](bool holds, const char* reason) {
    if (holds) reasons.push_back(reason);
  };
  add(!model.jumps.empty(), "it jumps");
  add(model.initial && model.final_, "the law of the state at the horizon is prescribed");
  add(model.density.has_value(), "it depends on the population's density");
  add(model.until.has_value(), "it ends on entering a set");
  add(model.stop_pays.has_value(), "the player may stop it");
  add(!model.constraints.empty(), "the state is constrained");
  add(model.average, "its cost is a long-run average");
  for (const auto& state : model.states) {
    if (!state.lo || state.boundary_defaulted) continue;
    if (state.boundary == Boundary::Extrapolate || state.boundary == Boundary::Default) continue;
    reasons.push_back(fmt::format("{} has a boundary condition", state.name));
  }
}

/// Substitutes parameter values and the regime and reads constants, and with a horizon functions of
/// time; remembers what was neither.
struct Reader {
  Context& context;
  LQ& lq;
  expr::Substitution values;
  Reasons& reasons;

  /// Every reason once, though several regimes have it.
  void add(const std::string& reason) {
    if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end())
      reasons.push_back(reason);
  }
  void entry(std::vector<double> LQ::* part, std::size_t at, ExprId e, const std::string& what) {
    (lq.*part)[at] = read(e, what, {part, nullptr, at, ExprId()});
  }
  void number(double LQ::* part, ExprId e, const std::string& what) {
    lq.*part = read(e, what, {nullptr, part, 0, ExprId()});
  }
  ExprId numeric(ExprId e) { return expr::substitute(context.store, e, values); }

 private:
  double read(ExprId e, const std::string& what, LQ::Varying place) {
    if (auto value = constant_of(context, e)) return *value;
    const auto symbols = expr::free_symbols(context.store, e);
    const bool in_time = expr::depends_on(context.store, e, context.model.time);
    if (in_time && symbols.size() == 1 && context.model.horizon) {
      place.value = e;
      lq.varying.push_back(place);
      lq.time_varying = true;
      return 0;
    }
    add(fmt::format("{} {}", what, in_time ? "depends on t" : "is not constant"));
    return 0;
  }
};

/// The summands of e that are no polynomial of at most this degree in z: what to name in a reason.
std::string offending_terms(Reader& reader, ExprId e, const std::vector<SymbolId>& z, int degree) {
  Store& store = reader.context.store;
  std::vector<std::string> words;
  // Products of sums are named as they stand where writing them out would fill pages.
  constexpr double kMostToExpand = 2000;
  const bool small = expr::written_nodes(store, std::span(&e, 1)) <= kMostToExpand;
  for (ExprId term : summands(store, small ? expr::expand(store, e) : e)) {
    if (words.size() == 3) break;
    const ExprId numeric = reader.numeric(term);
    const bool fits = degree == 1 ? expr::as_affine(store, numeric, z).has_value()
                                  : expr::as_quadratic(store, numeric, z).has_value();
    if (!fits) words.push_back(text(reader.context, term));
  }
  return words.empty() ? "" : fmt::format(" ({})", join(words, ", "));
}

struct Sizes {
  std::size_t n, m, k;
};

Sizes sizes_of(const model::Model& model) {
  return {model.dimension(), model.controls.size(), model.noise_count()};
}

void read_dynamics(Reader& reader, const std::vector<SymbolId>& z, Sizes s) {
  const auto& model = reader.context.model;
  for (std::size_t i = 0; i < s.n; ++i) {
    const auto affine = expr::as_affine(reader.context.store, reader.numeric(model.drift[i]), z);
    if (!affine) {
      reader.add(fmt::format("the drift of {} is not linear in the states and controls{}",
                             model.states[i].name, offending_terms(reader, model.drift[i], z, 1)));
      continue;
    }
    const std::string what = fmt::format("a coefficient in the drift of {}", model.states[i].name);
    for (std::size_t j = 0; j < s.n; ++j)
      reader.entry(&LQ::A, i * s.n + j, affine->linear[j], what);
    for (std::size_t j = 0; j < s.m; ++j)
      reader.entry(&LQ::B, i * s.m + j, affine->linear[s.n + j], what);
    reader.entry(&LQ::c, i, affine->constant, what);
  }
}

void read_noise(Reader& reader, const std::vector<SymbolId>& z, Sizes s) {
  const auto& model = reader.context.model;
  for (std::size_t entry = 0; entry < s.n * s.k; ++entry) {
    const ExprId sigma = model.diffusion[entry];
    if (reader.context.store.is_zero(sigma)) continue;
    const std::string& name = model.states[entry / s.k].name;
    const auto affine = expr::as_affine(reader.context.store, reader.numeric(sigma), z);
    if (!affine) {
      reader.add(fmt::format("the noise of {} is not linear in the states and controls{}", name,
                             offending_terms(reader, sigma, z, 1)));
      continue;
    }
    const std::string what = fmt::format("a coefficient in the noise of {}", name);
    reader.entry(&LQ::S, entry, affine->constant, what);
    for (std::size_t j = 0; j < s.n + s.m; ++j) {
      if (reader.context.store.is_zero(affine->linear[j])) continue;
      const bool in_state = j < s.n;
      auto& blocks = in_state ? reader.lq.C : reader.lq.D;
      if (blocks.empty()) blocks.assign((in_state ? s.n : s.m) * s.n * s.k, 0.0);
      const std::size_t block = in_state ? j : j - s.n;
      reader.entry(in_state ? &LQ::C : &LQ::D, block * s.n * s.k + entry, affine->linear[j], what);
    }
  }
}

/// The lower Cholesky factor of the correlation; where it is singular, with zeros.
std::vector<double> correlation_factor(const model::Model& model, Sizes s) {
  std::vector<double> G(s.k * s.k, 0.0);
  for (std::size_t i = 0; i < s.k; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double rest = model.correlation[i * s.k + j];
      for (std::size_t l = 0; l < j; ++l) rest -= G[i * s.k + l] * G[j * s.k + l];
      G[i * s.k + j] = i == j               ? std::sqrt(std::max(rest, 0.0))
                       : G[j * s.k + j] > 0 ? rest / G[j * s.k + j]
                                            : 0.0;
    }
  }
  return G;
}

/// One n*K block of noise coefficients times G, or several of them one after the other.
void multiply_rows(const std::vector<double>& G, Sizes s, std::vector<double>& blocks) {
  for (std::size_t row = 0; row + s.k <= blocks.size(); row += s.k) {
    std::vector<double> folded(s.k, 0.0);
    for (std::size_t i = 0; i < s.k; ++i) {
      for (std::size_t j = 0; j < s.k; ++j) folded[j] += blocks[row + i] * G[i * s.k + j];
    }
    std::copy(folded.begin(), folded.end(), blocks.begin() + static_cast<std::ptrdiff_t>(row));
  }
}

void fold_correlation(const model::Model& model, Sizes s, LQ& lq) {
  if (!is_correlated(model)) return;
  const std::vector<double> G = correlation_factor(model, s);
  for (auto* blocks : {&lq.S, &lq.C, &lq.D}) multiply_rows(G, s, *blocks);
}

void read_cost(Reader& reader, const std::vector<SymbolId>& z, Sizes s) {
  const auto& model = reader.context.model;
  Store& store = reader.context.store;
  const ExprId L = model.lagrangian.value.valid() ? model.lagrangian.value : store.integer(0);
  const ExprId shown = model.reward ? store.neg(L) : L;
  const auto cost = expr::as_quadratic(store, reader.numeric(L), z);
  if (!cost) {
    reader.add(fmt::format("the {} is not quadratic in the states and controls{}",
                           model.reward ? "reward" : "running cost",
                           offending_terms(reader, shown, z, 2)));
    return;
  }
  const std::string what = "a weight of the running cost";
  const std::size_t size = s.n + s.m;
  auto weight = [&](std::size_t i, std::size_t j) { return cost->Q[i * size + j]; };
  for (std::size_t i = 0; i < s.n; ++i) {
    for (std::size_t j = 0; j < s.n; ++j) reader.entry(&LQ::Q, i * s.n + j, weight(i, j), what);
    for (std::size_t j = 0; j < s.m; ++j)
      reader.entry(&LQ::N, i * s.m + j, weight(i, s.n + j), what);
    reader.entry(&LQ::q, i, cost->linear[i], what);
  }
  for (std::size_t i = 0; i < s.m; ++i) {
    for (std::size_t j = 0; j < s.m; ++j)
      reader.entry(&LQ::R, i * s.m + j, weight(s.n + i, s.n + j), what);
    reader.entry(&LQ::r, i, cost->linear[s.n + i], what);
  }
  reader.number(&LQ::constant, cost->constant, what);
}

void read_terminal(Reader& reader, const std::vector<SymbolId>& x, Sizes s) {
  const auto& model = reader.context.model;
  if (!model.terminal) return;
  const auto cost =
      expr::as_quadratic(reader.context.store, reader.numeric(model.terminal->value), x);
  if (!cost) {
    const ExprId value = model.terminal->value;
    const ExprId shown = model.reward ? reader.context.store.neg(value) : value;
    reader.add(fmt::format("the terminal {} is not quadratic in the states{}",
                           model.reward ? "reward" : "cost", offending_terms(reader, shown, x, 2)));
    return;
  }
  for (std::size_t i = 0; i < s.n * s.n; ++i)
    reader.entry(&LQ::P_T, i, cost->Q[i], "a weight of the terminal cost");
  for (std::size_t i = 0; i < s.n; ++i)
    reader.entry(&LQ::p_T, i, cost->linear[i], "a weight of the terminal cost");
  reader.number(&LQ::c_T, cost->constant, "the terminal cost");
}

void read_rates(Reader& reader, int regime) {
  const auto& model = reader.context.model;
  if (model.discount)
    reader.number(&LQ::rho, reader.numeric(model.discount->value), "the discount rate");
  if (!model.regime) return;
  for (int to = 1; to <= model.regime->count; ++to) {
    reader.entry(&LQ::rates, static_cast<std::size_t>(to - 1),
                 reader.numeric(rate(reader.context, regime, to)), "a switching rate");
  }
}

LQ sized(Sizes s) {
  LQ lq;
  lq.A.assign(s.n * s.n, 0.0);
  lq.B.assign(s.n * s.m, 0.0);
  lq.c.assign(s.n, 0.0);
  lq.S.assign(s.n * s.k, 0.0);
  lq.Q.assign(s.n * s.n, 0.0);
  lq.N.assign(s.n * s.m, 0.0);
  lq.R.assign(s.m * s.m, 0.0);
  lq.q.assign(s.n, 0.0);
  lq.r.assign(s.m, 0.0);
  lq.P_T.assign(s.n * s.n, 0.0);
  lq.p_T.assign(s.n, 0.0);
  return lq;
}

void read_regime(Context& context, int j, LQ& lq, Reasons& reasons) {
  const auto& model = context.model;
  const Sizes sizes = sizes_of(model);
  Reader reader{context, lq, context.values, reasons};
  if (model.regime) {
    reader.values[model.regime->symbol] = context.store.integer(j);
    lq.rates.assign(static_cast<std::size_t>(model.regime->count), 0.0);
  }
  const auto x = state_symbols(model);
  auto z = x;
  for (SymbolId u : control_symbols(model)) z.push_back(u);
  read_dynamics(reader, z, sizes);
  read_noise(reader, z, sizes);
  read_cost(reader, z, sizes);
  read_terminal(reader, x, sizes);
  read_rates(reader, j);
}

}  // namespace

void detect_linear_quadratic(Context& context, Equations& eqs) {
  const auto& model = context.model;
  const Sizes sizes = sizes_of(model);
  std::vector<LQ> regimes(static_cast<std::size_t>(model.regime ? model.regime->count : 1),
                          sized(sizes));
  Reasons reasons, sets;
  for (std::size_t j = 0; j < regimes.size(); ++j)
    read_regime(context, static_cast<int>(j) + 1, regimes[j], reasons);
  add_set_reasons(context, sets);
  add_structural_reasons(context, reasons);
  const bool game = std::any_of(model.groups.begin(), model.groups.end(), [](const auto& group) {
    return group.disturbance || group.set == model::ControlGroup::Set::Finite;
  });
  const bool found = reasons.empty() && !game;
  reasons.insert(reasons.end(), sets.begin(), sets.end());
  eqs.lq_refusal = join(reasons, "; ");
  if (!found) return;
  for (LQ& lq : regimes) {
    if (!lq.time_varying) fold_correlation(model, sizes, lq);
    lq.unconstrained = sets.empty();
  }
  eqs.lq = std::move(regimes);
}

LQ linear_quadratic_at(const model::Model& model, const LQ& data, double t) {
  LQ lq = data;
  const expr::Binding at{{model.time, t}};
  for (const LQ::Varying& each : data.varying) {
    double& place = each.part ? (lq.*each.part)[each.entry] : lq.*each.number;
    place = expr::evaluate(*model.store, each.value, at);
  }
  if (!data.time_varying) return lq;
  fold_correlation(model, sizes_of(model), lq);
  return lq;
}

}  // namespace hopf::derive
