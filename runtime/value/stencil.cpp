#include "value/stencil.hpp"

#include <algorithm>
#include <cmath>

namespace hopf::runtime {

namespace {

// The rule of one axis: index i may lie outside 0..count-1.
void place_on_axis(Boundary rule, int i, int count, std::array<std::pair<int, double>, 2>& out,
                   int& terms) {
  terms = 1;
  if (i >= 0 && i < count) {
    out[0] = {i, 1.0};
    return;
  }
  const int end = i < 0 ? 0 : count - 1, inward = i < 0 ? 1 : -1;
  const int beyond = i < 0 ? -i : i - (count - 1);
  switch (rule) {
    case Boundary::Periodic:
      out[0] = {((i % count) + count) % count, 1.0};
      return;
    case Boundary::Reflect:
      out[0] = {std::clamp(end + inward * beyond, 0, count - 1), 1.0};
      return;
    case Boundary::Extrapolate:
      out[0] = {end, 1.0 + beyond};
      out[1] = {end + inward, -static_cast<double>(beyond)};
      terms = 2;
      return;
    case Boundary::Absorb:
    case Boundary::Constrain:
      out[0] = {end, 1.0};
  }
}

}  // namespace

std::vector<Term> resolve(const Grid& grid, std::span<const Boundary> rules, std::size_t point,
                          const Offset& offset) {
  std::vector<Term> result{{0, 1.0}};
  for (std::size_t k = 0; k < grid.dimension(); ++k) {
    const int count = static_cast<int>(grid.axes[k].nodes.size());
    const auto stride = static_cast<std::int32_t>(grid.stride(k));
    const int i = static_cast<int>(point / stride) % count + offset[k];
    std::array<std::pair<int, double>, 2> places;
    int terms = 0;
    place_on_axis(rules[k], i, count, places, terms);
    std::vector<Term> next;
    for (const Term& term : result) {
      for (int m = 0; m < terms; ++m) {
        next.push_back({term.node + stride * places[m].first, term.coefficient * places[m].second});
      }
    }
    result = std::move(next);
  }
  return result;
}

Stencil::Stencil(const Grid& grid, std::span<const Boundary> rules, std::vector<Offset> offsets)
    : offsets_(std::move(offsets)) {
  const std::size_t points = grid.points();
  identity_.resize(points);
  for (std::size_t i = 0; i < points; ++i) identity_[i] = {static_cast<std::int32_t>(i), 1.0};
  targets_.resize(offsets_.size());
  for (std::size_t k = 0; k < offsets_.size(); ++k) {
    std::ptrdiff_t jump = 0;
    for (std::size_t a = 0; a < grid.dimension(); ++a)
      jump += offsets_[k][a] * static_cast<std::ptrdiff_t>(grid.stride(a));
    targets_[k].resize(points);
    for (std::size_t i = 0; i < points; ++i) {
      bool inside = true;
      for (std::size_t a = 0; a < grid.dimension(); ++a) {
        const auto count = static_cast<std::ptrdiff_t>(grid.axes[a].nodes.size());
        const auto at = static_cast<std::ptrdiff_t>(i / grid.stride(a)) % count + offsets_[k][a];
        inside = inside && at >= 0 && at < count;
      }
      if (inside) {
        targets_[k][i] = static_cast<std::int32_t>(static_cast<std::ptrdiff_t>(i) + jump);
        continue;
      }
      std::vector<Term> terms = resolve(grid, rules, i, offsets_[k]);
      if (terms.size() == 1) {
        targets_[k][i] = terms[0].node;
      } else {
        targets_[k][i] = -1 - static_cast<std::int32_t>(ghosts_.size());
        ghosts_.push_back(std::move(terms));
      }
    }
  }
}

std::span<const Term> Stencil::terms(std::size_t k, std::size_t point) const {
  const std::int32_t target = targets_[k][point];
  if (target >= 0) return {&identity_[target], 1};
  return ghosts_[-1 - target];
}

double Stencil::ghost_difference(std::span<const double> V, std::int32_t ghost,
                                 std::size_t point) const {
  double sum = -V[point];
  for (const Term& term : ghosts_[ghost]) sum += term.coefficient * V[term.node];
  return sum;
}

namespace {

double form(std::span<const double> D, int n, const Offset& a, const Offset& b) {
  double sum = 0;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) sum += a[i] * D[i * n + j] * b[j];
  }
  return sum;
}

int widest(const Offset& e) { return std::max({std::abs(e[0]), std::abs(e[1]), std::abs(e[2])}); }

Offset cross_product(const Offset& a, const Offset& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

// The direction dual to the pair (i, j) of a superbase: orthogonal to its other vectors.
Offset dual(const std::vector<Offset>& base, std::size_t i, std::size_t j) {
  std::vector<std::size_t> rest;
  for (std::size_t k = 0; k < base.size(); ++k) {
    if (k != i && k != j) rest.push_back(k);
  }
  if (rest.size() == 1) return {-base[rest[0]][1], base[rest[0]][0], 0};
  return cross_product(base[rest[0]], base[rest[1]]);
}

// One step of Selling's algorithm on the pair with the largest positive product; false when the
// base is obtuse.
bool reduce(std::vector<Offset>& base, std::span<const double> D, int n, double tiny) {
  std::size_t bi = 0, bj = 0;
  double largest = tiny;
  for (std::size_t i = 0; i < base.size(); ++i) {
    for (std::size_t j = i + 1; j < base.size(); ++j) {
      const double product = form(D, n, base[i], base[j]);
      if (product > largest) largest = product, bi = i, bj = j;
    }
  }
  if (bi == bj) return false;
  const Offset turned = base[bi];
  for (std::size_t k = 0; k < base.size(); ++k) {
    if (k == bi || k == bj) continue;
    // In 2-D the sum stays zero with b_k + 2 b_i taking both turns; in 3-D each of the others takes
    // one.
    const int times = n == 2 ? 2 : 1;
    for (int a = 0; a < 3; ++a) base[k][a] += times * turned[a];
  }
  for (int a = 0; a < 3; ++a) base[bi][a] = -turned[a];
  return true;
}

}  // namespace

Splitting split_covariance(std::span<const double> D, int n, int reach) {
  Splitting result;
  double trace = 0;
  for (int i = 0; i < n; ++i) trace += D[i * n + i];
  if (!(trace > 0)) return result;
  std::vector<Offset> base =
      n == 2 ? std::vector<Offset>{{1, 0, 0}, {0, 1, 0}, {-1, -1, 0}}
             : std::vector<Offset>{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {-1, -1, -1}};
  const double tiny = 1e-12 * trace;
  for (int step = 0; step < 60; ++step) {
    std::vector<Offset> next = base;
    if (!reduce(next, D, n, tiny)) break;
    int span = 0;
    for (std::size_t i = 0; i < next.size(); ++i) {
      for (std::size_t j = i + 1; j < next.size(); ++j)
        span = std::max(span, widest(dual(next, i, j)));
    }
    if (span > reach) {
      result.exact = false;
      break;
    }
    base = std::move(next);
  }
  for (std::size_t i = 0; i < base.size(); ++i) {
    for (std::size_t j = i + 1; j < base.size(); ++j) {
      const double weight = -form(D, n, base[i], base[j]);
      if (weight > tiny) result.directions.push_back({dual(base, i, j), weight});
    }
  }
  return result;
}

}  // namespace hopf::runtime
