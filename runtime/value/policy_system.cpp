#include "value/policy_system.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace hopf::runtime {

namespace {

constexpr std::size_t kPiece = 4096;  // nodes of one call: what one thread takes at a time
constexpr double kEven = 1e-13;       // gains of stopping below this, relative to V, count as none
constexpr double kFlat = 2e-13;       // differences of V, relative to it, that are its rounding
constexpr unsigned kEager = 3;  // improvements of the policy that search all controls everywhere

std::vector<Offset> axis_offsets(std::size_t dimension) {
  std::vector<Offset> result;
  for (std::size_t k = 0; k < dimension; ++k) {
    for (const int side : {-1, 1}) {
      Offset offset{};
      offset[k] = side;
      result.push_back(offset);
    }
  }
  return result;
}

std::vector<Offset> pair_offsets(const std::vector<std::pair<int, int>>& pairs) {
  std::vector<Offset> result;
  for (const auto& [i, j] : pairs) {
    for (const auto& [a, b] : {std::pair{1, 1}, {-1, -1}, {1, -1}, {-1, 1}}) {
      Offset offset{};
      offset[i] = a;
      offset[j] = b;
      result.push_back(offset);
    }
  }
  return result;
}

}  // namespace

PolicySystem::PolicySystem(const PointProblem& problem, std::vector<Boundary> rules, int threads,
                           int degree)
    : problem_(problem),
      rules_(std::move(rules)),
      degree_(degree),
      pool_(std::make_unique<ThreadPool>(threads)),
      search_(problem.searched),
      points_(problem.grid.points()),
      regimes_(static_cast<std::size_t>(problem.regimes)),
      dimension_(problem.grid.dimension()),
      row_(problem.grid.axes.back().nodes.size()),
      rows_(points_ / row_),
      axes_stencil_(problem.grid, rules_, axis_offsets(dimension_), degree, regimes_),
      pair_stencil_(problem.grid, rules_, pair_offsets(problem.cross), degree, regimes_) {
  const auto fields = [&](std::size_t count, std::size_t size) {
    return std::vector<std::vector<double>>(count, std::vector<double>(size, 0.0));
  };
  controls_ = fields(problem.controls, unknowns());
  for (int c = 0; c < problem.controls; ++c) {
    if (!problem.first_control.empty())
      std::fill(controls_[c].begin(), controls_[c].end(), problem.first_control[c]);
  }
  w_ = fields(2 * dimension_, unknowns());
  pair_w_ = fields(4 * problem.cross.size(), unknowns());
  rates_ = fields(regimes_ > 1 ? regimes_ : 0, unknowns());
  p_ = fields(2 * dimension_, points_);
  pair_d_ = fields(4 * problem.cross.size(), points_);
  given_a_ = fields(problem.given_diffusion ? dimension_ : 0, points_);
  for (std::vector<double>* field : {&H_, &L_, &rho_, &terminal_, &fixed_value_})
    field->assign(unknowns(), 0.0);
  fixed_.assign(unknowns(), 0);
  stopped_.assign(unknowns(), 0);
  inside_.assign(unknowns(), 0);
  pinned_.assign(unknowns(), 0);
  spacings_ = fields(problem.cut ? 2 * dimension_ : 0, unknowns());
  split_.resize(problem.given_diffusion ? points_ : 0);
  prepare_axes();
  prepare_ends();
}

void PolicySystem::prepare_axes() {
  blocks_.resize(dimension_);
  for (std::size_t k = 0; k < dimension_; ++k) {
    const Axis& axis = problem_.grid.axes[k];
    const std::size_t n = axis.nodes.size();
    const std::size_t tables = problem_.table_counts.empty() ? 0 : problem_.table_counts[k];
    blocks_[k].assign(kFixedEntries + tables, std::vector<double>(n, 0.0));
    auto &x = blocks_[k][0], &lower = blocks_[k][1], &upper = blocks_[k][2];
    x = axis.nodes;
    for (std::size_t i = 0; i + 1 < n; ++i)
      upper[i] = lower[i + 1] = axis.nodes[i + 1] - axis.nodes[i];
    const double wrap = axis.nodes[0] + (axis.hi - axis.lo) - axis.nodes[n - 1];
    const bool open = rules_[k] == Boundary::Extrapolate;
    lower[0] = axis.periodic() ? wrap : open ? outer_spacing(axis, false) : upper[0];
    upper[n - 1] = axis.periodic() ? wrap : open ? outer_spacing(axis, true) : lower[n - 1];
    if (rules_[k] == Boundary::Constrain && axis.boundary == rules_[k])
      blocks_[k][3][0] = blocks_[k][4][n - 1] = 1;
    if (tables == 0) continue;
    const double t = 0;
    const void* in[] = {x.data()};
    std::vector<void*> out;
    for (std::size_t j = 0; j < tables; ++j) out.push_back(blocks_[k][kFixedEntries + j].data());
    problem_.tables[k]({static_cast<std::int64_t>(n), &t, in, out.data()});
  }
}

void PolicySystem::call(const PointFunction& function, const Piece& piece, std::size_t regime,
                        std::vector<void*>& out) const {
  std::vector<double> uniforms{t_};
  for (std::size_t k = 0; k + 1 < dimension_; ++k) {
    const std::size_t stride = problem_.grid.stride(k) / row_;
    const std::size_t node = (piece.row / stride) % problem_.grid.axes[k].nodes.size();
    for (const auto& entry : blocks_[k]) uniforms.push_back(entry[node]);
  }
  const std::size_t at = piece.row * row_ + piece.begin;
  std::vector<const void*> in;
  for (const auto& entry : blocks_[dimension_ - 1]) in.push_back(entry.data() + piece.begin);
  for (const auto& p : p_) in.push_back(p.data() + at);
  for (const auto& d : pair_d_) in.push_back(d.data() + at);
  for (const auto& u : controls_) in.push_back(u.data() + regime * points_ + at);
  for (const auto& a : given_a_) in.push_back(a.data() + at);
  for (const auto& h : spacings_) in.push_back(h.data() + regime * points_ + at);
  function({static_cast<std::int64_t>(piece.count), uniforms.data(), in.data(), out.data()});
}

void PolicySystem::for_pieces(const std::function<void(const Piece&)>& body) {
  const std::size_t pieces = (row_ + kPiece - 1) / kPiece;
  const std::size_t group =
      std::max<std::size_t>(1, kPiece / row_);  // short rows are taken several at a time
  const std::size_t groups = (rows_ * pieces + group - 1) / group;
  pool_->run(static_cast<std::int64_t>(groups), [&](std::int64_t job) {
    const std::size_t last = std::min(rows_ * pieces, (static_cast<std::size_t>(job) + 1) * group);
    for (std::size_t item = static_cast<std::size_t>(job) * group; item < last; ++item) {
      const std::size_t row = item / pieces, begin = item % pieces * kPiece;
      body({row, begin, std::min(kPiece, row_ - begin)});
    }
  });
}

void PolicySystem::call_everywhere(const PointFunction& function, std::size_t regime,
                                   const std::vector<std::vector<double>*>& outputs) {
  for_pieces([&](const Piece& piece) {
    std::vector<void*> out(outputs.size());
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      const std::size_t base = outputs[k]->size() == unknowns() ? regime * points_ : 0;
      out[k] = outputs[k]->data() + base + piece.row * row_ + piece.begin;
    }
    call(function, piece, regime, out);
  });
}

// The numerical minimisation starts from what the laws and the old controls gave. While V still
// moves much (the first improvements, and the first of every time step) the whole sets are
// searched, later only every so often: what another valley can then gain is less than V moves.
void PolicySystem::search(std::span<const double> V) {
  const bool everywhere = std::has_single_bit(searches_ + 1) || searches_ < kEager;
  ++searches_;
  for (std::size_t r = 0; r < regimes_; ++r) {
    gradients(V, r);
    for_pieces([&](const Piece& piece) {
      PolicySearch::Controls u;
      for (auto& control : controls_)
        u.emplace_back(control.data() + r * points_ + piece.row * row_ + piece.begin, piece.count);
      const auto score = [&](std::span<double> out) {
        std::vector<void*> outputs{out.data()};
        call(problem_.score[r], piece, r, outputs);
      };
      everywhere ? search_.minimise(u, score) : search_.improve(u, score);
    });
  }
}

void PolicySystem::set_time(double t) {
  t_ = t;
  searches_ = prepared_ ? kEager : 0;
  if (prepared_ && !problem_.time_dependent) return;
  prepare_conditions();
  if (!prepared_) {
    if (problem_.given_diffusion) prepare_diffusion();  // which does not depend on time
    prepare_pattern();
  }
  prepared_ = true;
}

void PolicySystem::prepare_conditions() {
  std::vector<double> inside(unknowns()), pay(unknowns()), stop(unknowns());
  std::vector<std::vector<double>> ends(2 * dimension_, std::vector<double>(unknowns()));
  std::vector<std::vector<double>*> outputs{&inside, &pay, &terminal_};
  for (auto& end : ends) outputs.push_back(&end);
  outputs.push_back(&stop);
  for (std::size_t r = 0; r < regimes_; ++r) call_everywhere(problem_.conditions[r], r, outputs);
  if (problem_.has_stop) stop_value_ = stop;
  for (std::size_t u = 0; u < unknowns(); ++u) {
    inside_[u] = problem_.has_until && inside[u] != 0;
    fixed_[u] = inside_[u];
    if (fixed_[u]) fixed_value_[u] = pay[u];
    for (std::size_t k = 0; k < dimension_ && !fixed_[u]; ++k) {
      const std::size_t count = problem_.grid.axes[k].nodes.size();
      const std::size_t i = (u % points_) / problem_.grid.stride(k) % count;
      if (i != 0 && i + 1 != count) continue;
      const std::size_t side = 2 * k + (i == 0 ? 0 : 1);
      const bool escapes = !problem_.escapes.empty() && problem_.escapes[side];
      if (!escapes && rules_[k] != Boundary::Absorb) continue;
      fixed_[u] = 1;
      fixed_value_[u] = escapes ? 0 : ends[side][u];
    }
  }
  if (problem_.cut) prepare_cuts();
}

void PolicySystem::prepare_diffusion() {
  const std::size_t entries = dimension_ * (dimension_ + 1) / 2;
  std::vector<std::vector<double>> upper(entries, std::vector<double>(points_));
  std::vector<std::vector<double>*> outputs;
  for (auto& field : upper) outputs.push_back(&field);
  call_everywhere(problem_.covariance, 0, outputs);
  std::vector<double> D(dimension_ * dimension_);
  inexact_ = 0;
  for (std::size_t i = 0; i < points_; ++i) {
    std::size_t entry = 0;
    for (std::size_t a = 0; a < dimension_; ++a) {
      for (std::size_t b = a; b < dimension_; ++b, ++entry) {
        const double ha = blocks_[a][2][0], hb = blocks_[b][2][0];  // such axes are uniform
        D[a * dimension_ + b] = D[b * dimension_ + a] = upper[entry][i] / (ha * hb);
      }
    }
    split_[i].clear();
    split_point(i, D, split_[i]);
  }
}

// In index space 1/2 tr(a Hess V) = 1/2 sum_e w_e (V(+e) + V(-e) - 2V); directions along an axis
// stay with that axis, where they are combined with its drift.
void PolicySystem::split_point(std::size_t point, std::span<const double> D,
                               std::vector<Neighbour>& out) {
  const Splitting splitting = split_covariance(D, static_cast<int>(dimension_), kReach);
  if (!splitting.exact) ++inexact_;
  for (std::size_t k = 0; k < dimension_; ++k) given_a_[k][point] = 0;
  for (const auto& [offset, weight] : splitting.directions) {
    int axes = 0, axis = 0;
    for (int k = 0; k < 3; ++k) {
      if (offset[k] != 0) ++axes, axis = k;
    }
    const double h = blocks_[axis][2][0];
    if (axes == 1 && std::abs(offset[axis]) == 1) {
      given_a_[axis][point] += weight * h * h;
      continue;
    }
    const Offset opposite{-offset[0], -offset[1], -offset[2]};
    for (const Offset& side : {offset, opposite}) {
      for (const Term& term : resolve(problem_.grid, rules_, point, side, degree_, regimes_)) {
        if (term.node == static_cast<std::int32_t>(point)) continue;
        out.push_back({term.node, 0.5 * weight * term.coefficient});
      }
    }
  }
}

// Visits (node, weight) of every term of an unknown's operator inside its regime; a term may name
// the node itself.
template <class Visit>
void PolicySystem::for_weights(std::size_t unknown, Visit visit) const {
  const std::size_t point = unknown % points_, regime = unknown / points_;
  for (std::size_t k = 0; k < w_.size(); ++k) {
    for (const Term& term : axes_stencil_.terms(k, point, regime))
      visit(term.node, w_[k][unknown] * term.coefficient);
  }
  for (std::size_t k = 0; k < pair_w_.size(); ++k) {
    for (const Term& term : pair_stencil_.terms(k, point, regime))
      visit(term.node, pair_w_[k][unknown] * term.coefficient);
  }
  if (split_.empty()) return;
  for (const Neighbour& neighbour : split_[point]) visit(neighbour.node, neighbour.weight);
}

void PolicySystem::prepare_pattern() {
  pattern_ = {};
  slots_.clear();
  slot_start_.assign(1, 0);
  pattern_.start.push_back(0);
  std::vector<std::int32_t> nodes;
  for (std::size_t u = 0; u < unknowns(); ++u) {
    const std::size_t point = u % points_, regime = u / points_;
    nodes.assign(1, static_cast<std::int32_t>(point));
    for_weights(u, [&](std::int32_t node, double) {
      const auto found = std::find(nodes.begin(), nodes.end(), node);
      if (regime == 0) slots_.push_back(static_cast<std::int32_t>(found - nodes.begin()));
      if (found == nodes.end()) nodes.push_back(node);
    });
    if (regime == 0) slot_start_.push_back(static_cast<std::int64_t>(slots_.size()));
    for (const std::int32_t node : nodes)
      pattern_.column.push_back(static_cast<std::int32_t>(regime * points_) + node);
    for (std::size_t q = 0; q < regimes_; ++q) {
      if (q != regime) pattern_.column.push_back(static_cast<std::int32_t>(q * points_ + point));
    }
    pattern_.start.push_back(static_cast<std::int64_t>(pattern_.column.size()));
  }
  pattern_.value.assign(pattern_.column.size(), 0.0);
}

SparseMatrix PolicySystem::pattern() const { return pattern_; }

namespace {

double largest_finite(std::span<const double> field) {
  double size = 0;
  for (const double v : field) size = std::isfinite(v) ? std::max(size, std::abs(v)) : size;
  return size;
}

}  // namespace

void PolicySystem::gradients(std::span<const double> V, std::size_t regime) {
  const std::span<const double> field = V.subspan(regime * points_, points_);
  // Where V is flat but for rounding every control is as good, and none may win by chance.
  const auto told = [&](double d, std::size_t i) {
    const double flat = kFlat * std::abs(field[i]);
    return std::abs(d) <= flat && std::isfinite(flat) ? 0.0 : d;
  };
  for (std::size_t k = 0; k < dimension_; ++k) {
    const std::size_t stride = problem_.grid.stride(k), count = problem_.grid.axes[k].nodes.size();
    const auto &lower = blocks_[k][1], &upper = blocks_[k][2];
    auto &backward = p_[2 * k], &forward = p_[2 * k + 1];
    for (std::size_t i = 0; i < points_; ++i) {
      const std::size_t node = i / stride % count;
      backward[i] = -told(axes_stencil_.difference(field, 2 * k, i, regime), i) / lower[node];
      forward[i] = told(axes_stencil_.difference(field, 2 * k + 1, i, regime), i) / upper[node];
    }
  }
  for (std::size_t k = 0; k < pair_d_.size(); ++k) {
    for (std::size_t i = 0; i < points_; ++i)
      pair_d_[k][i] = told(pair_stencil_.difference(field, k, i, regime), i);
  }
  cut_gradients(field, regime);
  avoid_lost(largest_finite(field), regime);
  if (bending_ > 0) bend_gradients();
}

std::vector<std::vector<double>*> PolicySystem::coefficient_outputs(bool with_controls) {
  std::vector<std::vector<double>*> outputs;
  if (with_controls) {
    for (auto& u : controls_) outputs.push_back(&u);
  }
  for (std::vector<double>* field : {&H_, &L_, &rho_}) outputs.push_back(field);
  for (auto* fields : {&w_, &pair_w_, &rates_}) {
    for (auto& field : *fields) outputs.push_back(&field);
  }
  return outputs;
}

void PolicySystem::pass(std::span<const double> V, const std::vector<PointFunction>& functions,
                        bool with_controls) {
  const auto outputs = coefficient_outputs(with_controls);
  for (std::size_t r = 0; r < regimes_; ++r) {
    gradients(V, r);
    call_everywhere(functions[r], r, outputs);
  }
}

// Open ends are continued as the weights ask, so that the first weights are needed before.
void PolicySystem::prepare_weights(std::span<const double> V,
                                   const std::vector<PointFunction>& functions,
                                   bool with_controls) {
  if (weighted_ || axes_stencil_.open_ends().empty()) return;
  pass(V, functions, with_controls);
  continue_ends({});
  weighted_ = true;
}

void PolicySystem::improve(std::span<const double> V) {
  prepare_weights(V, problem_.improve, true);
  continue_ends(V);
  std::vector<double> kept;
  for (const auto& control : controls_) {
    for (const std::size_t u : kept_) kept.push_back(control[u]);
  }
  avoiding_ = true;
  pass(V, problem_.improve, true);
  if (!search_.empty()) search(V);
  avoiding_ = false;
  auto next = kept.begin();
  for (auto& control : controls_) {
    for (const std::size_t u : kept_) control[u] = *next++;
  }
  value_singular_ends();
  if (!search_.empty() || !lost_.empty()) apply(V);
}

void PolicySystem::apply(std::span<const double> V) {
  prepare_weights(V, problem_.apply, false);
  pass(V, problem_.apply, false);
}

void PolicySystem::restrain(std::span<const double> V, double limit) {
  bool moved = false;
  for (auto& control : controls_) {
    for (double& u : control) {
      moved = moved || std::abs(u) > limit;
      u = std::clamp(u, -limit, limit);
    }
  }
  if (moved) apply(V);
}

double PolicySystem::coupling(std::span<const double> V, std::size_t unknown) const {
  const std::size_t point = unknown % points_, regime = unknown / points_;
  double sum = 0;
  for (std::size_t q = 0; q < rates_.size(); ++q) {
    const std::size_t other = q * points_ + point;
    if (q == regime) continue;
    sum += factor(unknown, other) * rates_[q][unknown] * (V[other] - V[unknown]);
  }
  if (split_.empty()) return sum;
  for (const Neighbour& neighbour : split_[point]) {
    const std::size_t other = regime * points_ + neighbour.node;
    sum += factor(unknown, other) * neighbour.weight * (V[other] - V[unknown]);
  }
  return sum;
}

void PolicySystem::residual(std::span<const double> V, const TimeTerms& step,
                            std::span<double> out) const {
  for (std::size_t u = 0; u < unknowns(); ++u) {
    out[u] = 0;
    if (fixed(u)) continue;
    out[u] = H_[u] + coupling(V, u) - (step.s(u) + rho_[u]) * V[u] + step.g(u);
  }
}

std::size_t PolicySystem::choose_stops(std::span<const double> V, const TimeTerms& step) {
  if (!problem_.has_stop) return 0;
  std::size_t changed = 0;
  for (std::size_t u = 0; u < unknowns(); ++u) {
    if (fixed_[u]) continue;
    double diagonal = step.s(u) + rho_[u];
    for_weights(u, [&](std::int32_t, double weight) { diagonal += weight; });
    for (std::size_t q = 0; q < rates_.size(); ++q) {
      if (q != u / points_) diagonal += rates_[q][u];
    }
    const double going_on = H_[u] + coupling(V, u) - (step.s(u) + rho_[u]) * V[u] + step.g(u);
    // Between equals a node stays with what it does: where stopping pays as much as a flat V, all
    // would stop at first and come back one neighbour an iteration.
    const double gain = going_on / diagonal - (stop_value_[u] - V[u]);
    const double even = kEven * (std::abs(stop_value_[u]) + std::abs(V[u]));
    const bool stop = stopped_[u] ? gain >= -even : gain > even;
    changed += stop != static_cast<bool>(stopped_[u]);
    stopped_[u] = stop;
    if (stop) fixed_value_[u] = stop_value_[u];
  }
  return changed;
}

void PolicySystem::forget_stops() { std::fill(stopped_.begin(), stopped_.end(), 0); }

template <class Diagonal, class Gain, class Paid>
void PolicySystem::fill(SparseMatrix& A, std::vector<double>& b, Diagonal diagonal, Gain gain,
                        Paid paid) const {
  std::fill(A.value.begin(), A.value.end(), 0.0);
  b.resize(unknowns());
  for (std::size_t u = 0; u < unknowns(); ++u) {
    double* row = A.value.data() + A.start[u];
    if (fixed(u)) {
      row[0] = 1;
      b[u] = paid(fixed_value_[u]);
      continue;
    }
    const std::size_t point = u % points_, regime = u / points_;
    b[u] = gain(u);
    row[0] = diagonal(u);
    const std::int32_t* slot = slots_.data() + slot_start_[point];
    for_weights(u, [&](std::int32_t node, double weight) {
      if (*slot != 0) {
        const double w = weight * factor(u, regime * points_ + static_cast<std::size_t>(node));
        row[*slot] -= w, row[0] += w;
      }
      ++slot;
    });
    double* rate = A.value.data() + A.start[u + 1] - (regimes_ - 1);
    for (std::size_t q = 0; q < rates_.size(); ++q) {
      if (q == regime) continue;
      const double r = rates_[q][u] * factor(u, q * points_ + point);
      *rate++ = -r;
      row[0] += r;
    }
  }
  for (const Cut& cut : cuts_) {  // the target's edge stands in for the node beyond it
    if (fixed(cut.unknown)) continue;
    const double weight = w_[cut.side][cut.unknown] * factor(cut.unknown, cut.neighbour);
    std::int64_t entry = A.start[cut.unknown];
    while (static_cast<std::size_t>(A.column[entry]) != cut.neighbour) ++entry;
    A.value[entry] += weight;
    b[cut.unknown] += weight * paid(cut.value);
  }
}

void PolicySystem::assemble(const TimeTerms& step, SparseMatrix& A, std::vector<double>& b) const {
  fill(
      A, b, [&](std::size_t u) { return step.s(u) + rho_[u]; },
      [&](std::size_t u) { return L_[u] + step.g(u); }, [](double value) { return value; });
}

void PolicySystem::assemble_killed(std::span<const double> killing, std::span<const double> source,
                                   const std::function<double(double)>& paid, SparseMatrix& A,
                                   std::vector<double>& b) const {
  fill(
      A, b, [&](std::size_t u) { return killing[u]; },
      [&](std::size_t u) { return source.empty() ? 0.0 : source[u]; }, paid);
}

// Regimes of one node next to each other. A single periodic axis is folded (0, n-1, 1, n-2, ...),
// so that the ring's two ends meet within a band.
LinearSolver PolicySystem::linear_solver() {
  return LinearSolver(elimination_order(), dimension_ == 2, pool_.get());
}

std::vector<std::int32_t> PolicySystem::elimination_order() const {
  std::vector<std::int32_t> order;
  const bool ring = dimension_ == 1 && rules_[0] == Boundary::Periodic;
  for (std::size_t k = 0; k < points_; ++k) {
    const std::size_t point = !ring ? k : k % 2 == 0 ? k / 2 : points_ - 1 - k / 2;
    for (std::size_t r = 0; r < regimes_; ++r)
      order.push_back(static_cast<std::int32_t>(r * points_ + point));
  }
  return order;
}

}  // namespace hopf::runtime
