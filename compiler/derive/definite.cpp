#include "derive/definite.hpp"

#include <algorithm>
#include <cmath>

namespace hopf::derive {

using expr::Store;

namespace {

constexpr int kSamples = 96;
constexpr double kReach = 3.0;  // how far samples reach where a symbol has no domain

/// A small linear congruential generator (Knuth's MMIX constants): the same samples in every run.
struct Samples {
  std::uint64_t state = 0x9e3779b97f4a7c15ull;
  double next() {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<double>(state >> 11) * 0x1.0p-53;
  }
};

/// A point of the symbol's range: random, or one of the places where weights tend to vanish (0,
/// ends).
double sample(Samples& random, const expr::Interval& range) {
  const double lo = std::max(range.lo, std::min(range.hi, 0.0) - kReach);
  const double hi = std::min(range.hi, std::max(range.lo, 0.0) + kReach);
  const double choice = random.next();
  if (choice < 0.25 && lo <= 0 && hi >= 0) return 0.0;
  if (choice < 0.35) return lo;
  if (choice < 0.45) return hi;
  return lo + (hi - lo) * random.next();
}

bool cholesky_succeeds(std::vector<double> Q, std::size_t m) {
  for (std::size_t k = 0; k < m; ++k) {
    if (!(Q[k * m + k] > 0)) return false;
    for (std::size_t i = k + 1; i < m; ++i) {
      const double factor = Q[i * m + k] / Q[k * m + k];
      for (std::size_t j = k + 1; j < m; ++j) Q[i * m + j] -= factor * Q[k * m + j];
    }
  }
  return true;
}

std::vector<double> values_at(const Store& store, const std::vector<ExprId>& Q,
                              const expr::Binding& point) {
  std::vector<double> values;
  for (ExprId e : Q) values.push_back(expr::evaluate(store, e, point));
  return values;
}

std::vector<SymbolId> symbols_of(const Store& store, const std::vector<ExprId>& expressions) {
  std::vector<SymbolId> symbols;
  for (ExprId e : expressions) {
    const auto more = expr::free_symbols(store, e);
    symbols.insert(symbols.end(), more.begin(), more.end());
  }
  std::sort(symbols.begin(), symbols.end());
  symbols.erase(std::unique(symbols.begin(), symbols.end()), symbols.end());
  return symbols;
}

/// Everything but states, controls, time, the regime and parameters is a derivative of V (or the
/// density).
bool known_symbol(const Context& context, SymbolId symbol) {
  if (context.box.contains(symbol)) return true;
  for (const auto& state : context.model.states)
    if (state.symbol == symbol) return true;
  return false;
}

bool definite_at_samples(const Context& context, const std::vector<ExprId>& Q, std::size_t m,
                         const std::vector<SymbolId>& symbols) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  Samples random;
  for (int k = 0; k < kSamples; ++k) {
    expr::Binding point;
    for (SymbolId symbol : symbols) {
      const auto range = context.box.find(symbol);
      double value =
          sample(random, range == context.box.end() ? expr::Interval{-inf, inf} : range->second);
      if (context.model.regime && symbol == context.model.regime->symbol) {
        value =
            std::clamp(std::round(value), 1.0, static_cast<double>(context.model.regime->count));
      }
      point[symbol] = value;
    }
    if (!cholesky_succeeds(values_at(context.store, Q, point), m)) return false;
  }
  return true;
}

bool proved_by_intervals(const Context& context, const std::vector<ExprId>& Q, std::size_t m) {
  if (m > 3) return false;
  for (ExprId pivot : pivots(context.store, Q, m)) {
    if (sign_of(context, pivot) != Sign::Positive) return false;
  }
  return true;
}

}  // namespace

std::vector<ExprId> pivots(Store& store, std::vector<ExprId> Q, std::size_t m) {
  std::vector<ExprId> result;
  for (std::size_t k = 0; k < m; ++k) {
    const ExprId pivot = Q[k * m + k];
    result.push_back(pivot);
    if (store.is_zero(pivot)) return result;
    for (std::size_t i = k + 1; i < m; ++i) {
      if (store.is_zero(Q[i * m + k])) continue;
      const ExprId factor = store.div(Q[i * m + k], pivot);
      for (std::size_t j = k + 1; j < m; ++j) {
        Q[i * m + j] = store.sub(Q[i * m + j], store.mul(factor, Q[k * m + j]));
      }
    }
  }
  return result;
}

ExprId all_positive(Store& store, const std::vector<ExprId>& values) {
  std::vector<ExprId> conditions;
  for (ExprId value : values) conditions.push_back(less(store, store.integer(0), value));
  return conditions.size() == 1 ? conditions[0] : store.apply(expr::Op::And, conditions);
}

Definite positive_definite(const Context& context, const std::vector<ExprId>& Q, std::size_t m) {
  const auto symbols = symbols_of(context.store, Q);
  const bool constant = std::all_of(symbols.begin(), symbols.end(),
                                    [&](SymbolId s) { return context.values.contains(s); });
  if (constant) {
    const auto values = values_at(context.store, Q, context.model.bindings());
    return cholesky_succeeds(values, m) ? Definite::Yes : Definite::No;
  }
  for (SymbolId symbol : symbols) {
    if (!known_symbol(context, symbol)) return Definite::ByValue;
  }
  if (proved_by_intervals(context, Q, m)) return Definite::Yes;
  return definite_at_samples(context, Q, m, symbols) ? Definite::Sampled : Definite::No;
}

Definite positive(const Context& context, ExprId q) {
  if (sign_of(context, q) == Sign::Positive) return Definite::Yes;
  return positive_definite(context, {q}, 1);
}

}  // namespace hopf::derive
