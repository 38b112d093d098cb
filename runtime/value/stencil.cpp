#include "value/stencil.hpp"

#include <algorithm>
#include <cmath>

namespace hopf::runtime {

namespace {

using Places = std::vector<std::pair<int, double>>;

// The rule of one axis: index i may lie outside 0..count-1.
Places place_on_axis(Boundary rule, const Axis& axis, int i, int degree, std::size_t regimes) {
  const int count = static_cast<int>(axis.nodes.size());
  if (i >= 0 && i < count) return {{i, 1.0}};
  const int end = i < 0 ? 0 : count - 1, inward = i < 0 ? 1 : -1;
  const int beyond = i < 0 ? -i : i - (count - 1);
  switch (rule) {
    case Boundary::Periodic:
      return {{((i % count) + count) % count, 1.0}};
    case Boundary::Reflect:
      return {{std::clamp(end + inward * beyond, 0, count - 1), 1.0}};
    case Boundary::Extrapolate:
      return continue_polynomial(axis, i >= count, beyond, degree, nodes_apart(axis, regimes));
    case Boundary::Absorb:
    case Boundary::Constrain:
      break;
  }
  return {{end, 1.0}};
}

int index_on_axis(const Grid& grid, std::size_t k, std::size_t point, const Offset& offset) {
  const auto count = grid.axes[k].nodes.size();
  return static_cast<int>(point / grid.stride(k) % count) + offset[k];
}

}  // namespace

std::vector<Term> resolve(const Grid& grid, std::span<const Boundary> rules, std::size_t point,
                          const Offset& offset, int degree, std::size_t regimes) {
  std::vector<Term> result{{0, 1.0}};
  for (std::size_t k = 0; k < grid.dimension(); ++k) {
    const auto stride = static_cast<std::int32_t>(grid.stride(k));
    const int i = index_on_axis(grid, k, point, offset);
    const Places places = place_on_axis(rules[k], grid.axes[k], i, degree, regimes);
    std::vector<Term> next;
    for (const Term& term : result) {
      for (const auto& [node, coefficient] : places) {
        next.push_back({term.node + stride * node, term.coefficient * coefficient});
      }
    }
    result = std::move(next);
  }
  return result;
}

Stencil::Stencil(const Grid& grid, std::span<const Boundary> rules, std::vector<Offset> offsets,
                 int degree, std::size_t regimes)
    : offsets_(std::move(offsets)), ghosts_(1) {
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
        const int at = index_on_axis(grid, a, i, offsets_[k]);
        inside = inside && at >= 0 && at < static_cast<int>(grid.axes[a].nodes.size());
      }
      if (inside)
        targets_[k][i] = static_cast<std::int32_t>(static_cast<std::ptrdiff_t>(i) + jump);
      else
        add_ghost(grid, rules, k, i, degree, regimes);
    }
  }
  ghosts_.resize(regimes, ghosts_.front());
}

void Stencil::add_ghost(const Grid& grid, std::span<const Boundary> rules, std::size_t k,
                        std::size_t point, int degree, std::size_t regimes) {
  std::vector<Term> terms = resolve(grid, rules, point, offsets_[k], degree, regimes);
  if (terms.size() == 1) {
    targets_[k][point] = terms[0].node;
    return;
  }
  const std::size_t ghost = ghosts_.front().size();
  targets_[k][point] = -1 - static_cast<std::int32_t>(ghost);
  ghosts_.front().push_back(std::move(terms));
  std::size_t axes = 0, axis = 0;
  for (std::size_t a = 0; a < grid.dimension(); ++a) {
    if (offsets_[k][a] != 0) ++axes, axis = a;
  }
  if (axes == 1) ends_.push_back({ghost, point, axis, offsets_[k][axis] > 0});
}

std::span<const Term> Stencil::terms(std::size_t k, std::size_t point, std::size_t regime) const {
  const std::int32_t target = targets_[k][point];
  if (target >= 0) return {&identity_[target], 1};
  return ghosts_[regime][-1 - target];
}

double Stencil::ghost_difference(std::span<const double> V, const std::vector<Term>& ghost,
                                 std::size_t point) {
  double sum = 0;
  for (const Term& term : ghost) sum += term.coefficient * (V[term.node] - V[point]);
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
