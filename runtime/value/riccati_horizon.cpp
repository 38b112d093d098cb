// The value of a linear-quadratic problem with a horizon, backward from the terminal cost.
//
// Time is cut into panels on which every entry of P, p, c, K and k is a polynomial of degree kPanel
// to rounding; a panel that is not resolved is halved. From node to node the equation is solved
// exactly where the coefficients are constant and noise is additive (scattering.hpp, stiff or not),
// else by extrapolated midpoint steps with error control (Gragg; Bulirsch & Stoer 1966). A panel
// cannot be passed, however short it is, only where the value really has no lower bound.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "core/memory.hpp"
#include "value/quadratic_levels.hpp"
#include "value/quadratic_panel.hpp"
#include "value/scattering.hpp"

namespace hopf::runtime {

namespace quadratic {
namespace {

constexpr int kFinest = 60;          // halvings of the horizon
constexpr double kResolved = 1e-12;  // of a panel's last coefficients
constexpr double kRounding = 1e-8;   // a tail below it that no halving improves is rounding
constexpr double kFlat = 1e-10;      // and one below this where coefficients do not fall any more
constexpr std::size_t kMostPanels = 100'000;
constexpr double kShare = 0.8;  // of the free memory that the times may take

// ---- values as one vector: P, p and c of every regime

Vector stacked(const Values& values) {
  const auto n = values[0].p.size();
  const auto size = n * n + n + 1;
  Vector y(size * static_cast<Eigen::Index>(values.size()));
  Eigen::Index at = 0;
  for (const Value& V : values) {
    y.segment(at, n * n) = V.P.reshaped();
    y.segment(at + n * n, n) = V.p;
    y(at + n * n + n) = V.c;
    at += size;
  }
  return y;
}

Values unstacked(const Vector& y, int n, std::size_t regimes) {
  Values values;
  Eigen::Index at = 0;
  for (std::size_t j = 0; j < regimes; ++j) {
    Value V{y.segment(at, n * n).reshaped(n, n), y.segment(at + n * n, n), y(at + n * n + n)};
    V.P = 0.5 * (V.P + V.P.transpose()).eval();
    at += n * n + n + 1;
    values.push_back(std::move(V));
  }
  return values;
}

/// What an error of each entry is measured against: its own size, and for P_ij that of the diagonal
/// entries i and j, as P_ij^2 <= P_ii P_jj.
Vector scales(const Vector& largest, int n, std::size_t regimes) {
  Vector result = largest;
  for (std::size_t j = 0; j < regimes; ++j) {
    const Eigen::Index at = static_cast<Eigen::Index>(j) * (n * n + n + 1);
    for (int a = 0; a < n; ++a) {
      for (int b = 0; b < n; ++b) {
        const double pair = std::sqrt(largest(at + a * n + a) * largest(at + b * n + b));
        result(at + b * n + a) = std::max(largest(at + b * n + a), pair);
      }
    }
  }
  return result;
}

class March {
 public:
  March(const QuadraticHorizon& in, const QuadraticStop& stop)
      : in_(in),
        stop_(stop),
        system_(in.end),
        exact_(!in.at && system_.plain() && definite(system_.modes[0])) {}

  QuadraticAnswer operator()();

 private:
  struct Panel {
    std::vector<Values> values;  // at the nodes, in increasing time to go
    std::vector<Policy> policy;
    Matrix slopes;  // one row a node
    double tail = 1, early_tail = 1, defect = 0;
  };
  static bool definite(const Mode& mode) {
    return mode.m == 0 || Eigen::LLT<Matrix>(mode.R).info() == Eigen::Success;
  }
  /// The coefficients; `varying` keeps those that are made for this time.
  const System& at(double to_go, System& varying) const {
    if (!in_.at) return system_;
    return varying = System(in_.at(in_.horizon - to_go));
  }
  double length(int halvings) const { return std::ldexp(in_.horizon, -halvings); }
  bool stopped() {
    cancelled_ = cancelled_ || (stop_ && stop_());
    return cancelled_;
  }

  Vector slope(double to_go, const Vector& y) const;
  std::optional<Vector> integrate(double to_go, const Vector& y, double h, int depth);
  std::optional<Values> next(double to_go, const Values&, int halvings, int node);
  Flow flow();
  std::optional<Panel> panel(double to_go, const Values&, int halvings);
  bool add_policies(double to_go, double length, Panel&);
  void measure(double length, Panel&) const;
  bool accepted(const Panel&, double before);
  void add_noise_cost(double length, const Values& start, std::vector<Values>&) const;
  int missing_halvings(const Panel&) const;
  int first_halvings(const Values&) const;
  std::string failure(double to_go, const Values&) const;
  bool store(double to_go, double length, const Panel&, QuadraticAnswer&) const;
  QuadraticLevel level(double t, const Value&, const Gains&) const;

  const QuadraticHorizon& in_;
  const QuadraticStop& stop_;
  System system_;
  bool exact_;
  bool cancelled_ = false;
  double room_ = static_cast<double>(available_memory());
  double floor_ = kResolved;  // what rounding leaves of the last coefficients of panels so far
  PanelCalculus calculus_;
  std::optional<Flow> flow_;
};

// ---- one step between nodes

Vector March::slope(double to_go, const Vector& y) const {
  System varying;
  const System& now = at(to_go, varying);
  const Values values = unstacked(y, now.n(), now.size());
  Values result;
  for (std::size_t j = 0; j < now.size(); ++j) {
    const Hamiltonian H = hamiltonian(now, j, values);
    result.push_back(minimum(H, minimiser(H)));
  }
  return stacked(result);
}

/// Gragg's modified midpoint rule with Richardson extrapolation; halved where the last two columns
/// differ.
std::optional<Vector> March::integrate(double to_go, const Vector& start, double h, int depth) {
  constexpr int kColumns = 6;
  if (stopped()) return std::nullopt;
  const Vector first = slope(to_go, start);
  std::vector<Vector> row;
  double error = 1;
  for (int j = 0; j < kColumns; ++j) {
    const int steps = 2 * (j + 1);
    const double dt = h / steps;
    Vector before = start, now = start + dt * first;
    for (int k = 1; k < steps; ++k) {
      Vector after = before + 2 * dt * slope(to_go + k * dt, now);
      before = std::move(now);
      now = std::move(after);
    }
    std::vector<Vector> next_row{0.5 * (now + before + dt * slope(to_go + h, now))};
    for (int k = 1; k <= j; ++k) {
      const double ratio = static_cast<double>(j + 1) / (j + 1 - k);
      const Vector &fine = next_row[static_cast<std::size_t>(k - 1)],
                   &coarse = row[static_cast<std::size_t>(k - 1)];
      next_row.push_back(fine + (fine - coarse) / (ratio * ratio - 1));
    }
    if (j + 1 == kColumns) {
      const Vector scale = scales(start.cwiseAbs().cwiseMax(next_row.back().cwiseAbs()),
                                  system_.n(), system_.size());
      error =
          ((next_row.back() - row.back()).cwiseAbs().array() / (scale.array() + 1e-300)).maxCoeff();
    }
    row = std::move(next_row);
  }
  if (error <= 1e-13) return row.back();
  if (depth == 0 || !(h > 0)) return error <= 1e-5 ? std::optional(row.back()) : std::nullopt;
  const auto middle = integrate(to_go, start, 0.5 * h, depth - 1);
  if (!middle) return std::nullopt;
  return integrate(to_go + 0.5 * h, *middle, 0.5 * h, depth - 1);
}

/// The exact flow for the state and a last component that is 1; with the discount it is
/// e^(-rho t/2) times both.
Flow March::flow() {
  const Mode& mode = system_.modes[0];
  const int n = mode.n, m = mode.m;
  Matrix A = Matrix::Zero(n + 1, n + 1), Q = A, G = A, B(n + 1, m), N(n + 1, m);
  A.topLeftCorner(n, n) = mode.A;
  A.topRightCorner(n, 1) = mode.b;
  A -= 0.5 * mode.rho * Matrix::Identity(n + 1, n + 1);
  Q << mode.Q, mode.q, mode.q.transpose(), 2 * mode.constant;
  if (m > 0) {
    B << mode.B, Matrix::Zero(1, m);
    N << mode.N, mode.r.transpose();
    const Eigen::LLT<Matrix> R(mode.R);
    A -= B * R.solve(N.transpose());
    Q -= N * R.solve(N.transpose());
    G = B * R.solve(B.transpose());
  }
  return {A, G, Q, n, in_.horizon, [this] { return stopped(); }};
}

std::optional<Values> March::next(double to_go, const Values& V, int halvings, int node) {
  const int n = system_.n();
  const double whole = length(halvings);
  if (!exact_) {
    const double from = panel_node(node) * whole, to = panel_node(node + 1) * whole;
    const auto y = integrate(to_go + from, stacked(V), to - from, 12);
    if (!y) return std::nullopt;
    return unstacked(*y, n, system_.size());
  }
  const auto at_node = static_cast<std::size_t>(node);
  const auto& step = flow_->over(kPanelNodes[at_node + 1] - kPanelNodes[at_node],
                                 halvings + std::countr_zero(unsigned{kPanelUnits}));
  if (!step) return std::nullopt;
  Matrix P(n + 1, n + 1);
  P << V[0].P, V[0].p, V[0].p.transpose(), 2 * V[0].c;
  const auto result = propagated(*step, P, n);
  if (!result) return std::nullopt;
  return Values{{result->topLeftCorner(n, n), result->topRightCorner(n, 1), 0.5 * (*result)(n, n)}};
}

// ---- one panel

std::optional<March::Panel> March::panel(double to_go, const Values& start, int halvings) {
  Panel result;
  result.values.push_back(start);
  for (int node = 0; node < kPanel; ++node) {
    if (stopped()) return std::nullopt;
    auto value = next(to_go, result.values.back(), halvings, node);
    if (!value || !stacked(*value).allFinite()) return std::nullopt;
    result.values.push_back(std::move(*value));
  }
  const double whole = length(halvings);
  if (exact_) add_noise_cost(whole, start, result.values);
  if (!add_policies(to_go, whole, result)) return std::nullopt;
  measure(whole, result);
  return result;
}

/// The gains at all nodes and the slopes of the values; false where a control has no minimiser.
bool March::add_policies(double to_go, double length, Panel& panel) {
  panel.slopes.resize(kPanel + 1, stacked(panel.values[0]).size());
  System varying;
  for (int i = 0; i <= kPanel; ++i) {
    if (stopped()) return false;
    const System& now = at(to_go + panel_node(i) * length, varying);
    const Values& V = panel.values[static_cast<std::size_t>(i)];
    Policy policy;
    Values slopes;
    for (std::size_t j = 0; j < now.size(); ++j) {
      const Hamiltonian H = hamiltonian(now, j, V);
      policy.push_back(minimiser(H));
      if (!policy.back().K.allFinite()) return false;
      slopes.push_back(minimum(H, policy.back()));
    }
    panel.slopes.row(i) = stacked(slopes);
    panel.policy.push_back(std::move(policy));
  }
  return true;
}

/// Additive noise costs 1/2 tr(S'P S) a unit of time, which the flow without noise leaves out.
void March::add_noise_cost(double length, const Values& start, std::vector<Values>& values) const {
  const Mode& mode = system_.modes[0];
  if (mode.S.isZero(0)) return;
  Vector rate(kPanel + 1);
  const auto grown = [&](int i) { return std::exp(mode.rho * panel_node(i) * length); };
  for (int i = 0; i <= kPanel; ++i) {
    const Matrix& P = i == 0 ? start[0].P : values[static_cast<std::size_t>(i)][0].P;
    rate(i) = noise_cost(mode, P) * grown(i);
  }
  const Vector paid = length * (calculus_.integral * rate);
  for (int i = 1; i <= kPanel; ++i) values[static_cast<std::size_t>(i)][0].c += paid(i) / grown(i);
}

/// The tails of all entries, and how well the values satisfy the integrated equation.
void March::measure(double length, Panel& panel) const {
  const std::size_t regimes = system_.size();
  const auto size = stacked(panel.values[0]).size();
  const int n = system_.n(), m = system_.m();
  Matrix y(kPanel + 1, size);
  Matrix u(kPanel + 1, static_cast<Eigen::Index>(regimes) * (m * n + m));
  for (int i = 0; i <= kPanel; ++i) {
    const auto node = static_cast<std::size_t>(i);
    y.row(i) = stacked(panel.values[node]);
    for (std::size_t j = 0; j < regimes && m > 0; ++j) {
      const auto first = static_cast<Eigen::Index>(j) * (m * n + m);
      u.row(i).segment(first, m * n) = panel.policy[node][j].K.reshaped().transpose();
      u.row(i).segment(first + m * n, m) = panel.policy[node][j].k.transpose();
    }
  }
  const Vector scale = scales(y.cwiseAbs().colwise().maxCoeff().transpose(), n, regimes);
  const Vector gains = u.cwiseAbs().colwise().maxCoeff().transpose();
  const auto tail = [&](int count) {
    return std::max(panel_tail(calculus_, y, scale, count), panel_tail(calculus_, u, gains, count));
  };
  panel.tail = tail(2);
  panel.early_tail = tail(6);
  const Matrix left = (y.rowwise() - y.row(0)) - length * (calculus_.integral * panel.slopes);
  for (Eigen::Index k = 0; k < size; ++k) {
    if (scale(k) > 0)
      panel.defect = std::max(panel.defect, left.col(k).cwiseAbs().maxCoeff() / scale(k));
  }
}

// ---- all panels

/// The largest singular value, to about a tenth, by a power iteration.
double spectral_norm(const Matrix& M) {
  Vector v = Vector::LinSpaced(M.cols(), 1, 2);
  double norm = 0;
  for (int step = 0; step < 8 && v.norm() > 0; ++step) {
    v.normalize();
    const Vector next = M * v;
    norm = next.norm();
    v = M.transpose() * next;
  }
  return norm;
}

/// Whether a panel is resolved, up to rounding: coefficients that no halving makes smaller, or that
/// do not fall from one to the next. Then those of the panels to come need not be smaller.
bool March::accepted(const Panel& panel, double before) {
  if (panel.tail < floor_) return true;
  const bool stays = panel.tail < kRounding && panel.tail > 0.5 * before;
  const bool flat = panel.tail < kFlat && panel.tail > 0.1 * panel.early_tail;
  if (stays || flat) floor_ = std::min(4 * panel.tail, kRounding);
  return stays || flat;
}

/// As if the function had a pole beyond the panel's end, at a distance that the fall of its last
/// coefficients tells: they fall by z + sqrt(z^2 - 1) a degree, with the pole at z on [-1, 1].
int March::missing_halvings(const Panel& panel) const {
  const auto distance = [](double fall) { return 0.5 * (fall + 1 / fall) - 1; };
  const double fall = std::pow(panel.early_tail / panel.tail, 0.25);
  const double wanted = std::pow(kResolved, -1.0 / kPanel);
  const double ratio = distance(wanted) / std::max(distance(fall), 1e-3);
  return std::clamp(static_cast<int>(std::log2(ratio)), 1, 3);
}

/// A first panel of a few time constants of the closed loop.
int March::first_halvings(const Values& V) const {
  double rate = 0;
  for (std::size_t j = 0; j < system_.size(); ++j) {
    const Mode& mode = system_.modes[j];
    const Gains gains = minimiser(hamiltonian(system_, j, V));
    if (gains.K.allFinite()) rate = std::max(rate, spectral_norm(mode.A + mode.B * gains.K));
  }
  return std::clamp(static_cast<int>(std::ceil(std::log2(1 + rate * in_.horizon / 4))), 0, kFinest);
}

std::string March::failure(double to_go, const Values& V) const {
  const double t = in_.horizon - to_go;
  bool weight = false;
  for (std::size_t j = 0; j < system_.size(); ++j) {
    System varying;
    const System& now = at(to_go, varying);
    const Hamiltonian H = hamiltonian(now, j, V);
    const Eigen::LLT<Matrix> R(H.R);
    const Eigen::ArrayXd pivots = R.matrixLLT().diagonal().array().square();
    const bool positive =
        R.info() == Eigen::Success && (pivots >= 1e-9 * H.R.diagonal().array().abs()).all();
    weight = weight || (now.m() > 0 && !positive);
  }
  if (weight)
    return fmt::format(
        "at t = {:.10g}, {:.10g} before the horizon, the weight of the controls stops "
        "being positive, and the cost has no lower bound",
        t, to_go);
  return fmt::format(
      "before t = {:.10g}, {:.10g} before the horizon, the cost has no lower bound (a "
      "conjugate point)",
      t, to_go);
}

QuadraticLevel March::level(double t, const Value& V, const Gains& g) const {
  return {t, flat(V.P), {V.p.begin(), V.p.end()}, V.c, flat(g.K), {g.k.begin(), g.k.end()}};
}

/// Appends times in decreasing order; the first node is there already. False where the memory that
/// was free at first has no room for them.
bool March::store(double to_go, double length, const Panel& panel, QuadraticAnswer& answer) const {
  const double n = system_.n(), m = system_.m(), levels = static_cast<double>(answer.levels.size());
  const double more = kPanel * static_cast<double>(system_.size());
  const double bytes = sizeof(double) * (levels + more) * (n * n + n + 1 + m * n + m);
  if (bytes > kShare * room_) {
    answer.no_room = fmt::format("{:.0f} times from the horizon back to t = {:.6g} take {}",
                                 levels + more, in_.horizon - to_go - length, format_bytes(bytes));
    return false;
  }
  for (int i = answer.levels.empty() ? 0 : 1; i <= kPanel; ++i) {
    const double t = std::max(0.0, in_.horizon - (to_go + panel_node(i) * length));
    const auto node = static_cast<std::size_t>(i);
    for (std::size_t j = system_.size(); j-- > 0;)
      answer.levels.push_back(level(t, panel.values[node][j], panel.policy[node][j]));
  }
  return true;
}

QuadraticAnswer March::operator()() {
  QuadraticAnswer answer;
  Values V;
  for (const QuadraticProblem& regime : in_.end.regimes) {
    const Matrix P = matrix(regime.P_T, regime.n, regime.n);
    V.push_back({0.5 * (P + P.transpose()), matrix(regime.p_T, regime.n, 1), regime.c_T});
  }
  if (exact_) flow_.emplace(flow());
  std::uint64_t position = 0;  // in units of the finest panel
  const std::uint64_t end = std::uint64_t{1} << kFinest;
  int halvings = first_halvings(V);
  while (position < end) {
    const double to_go = std::ldexp(static_cast<double>(position), -kFinest) * in_.horizon;
    double before = 1;  // the tail at twice the length
    for (;; ++halvings) {
      const auto tried = panel(to_go, V, halvings);
      if (cancelled_) return {.failure = {}, .cancelled = true};
      if (tried && (accepted(*tried, before) || halvings == kFinest)) {
        if (!store(to_go, length(halvings), *tried, answer)) return answer;
        V = tried->values.back();
        answer.residual = std::max(answer.residual, tried->defect);
        position += end >> halvings;
        const bool aligned = halvings > 0 && position % (end >> (halvings - 1)) == 0;
        if (aligned && tried->early_tail < floor_) --halvings;
        break;
      }
      if (halvings == kFinest || answer.levels.size() > kMostPanels * kPanel) {
        answer.failure = failure(to_go, V);
        return answer;
      }
      before = tried ? tried->tail : 1;
      halvings = std::min(halvings + (tried ? missing_halvings(*tried) : 1), kFinest) - 1;
    }
    ++answer.iterations;
  }
  std::reverse(answer.levels.begin(), answer.levels.end());
  return answer;
}

}  // namespace
}  // namespace quadratic

QuadraticAnswer solve_riccati(const QuadraticHorizon& in, const QuadraticStop& stop) {
  return quadratic::March(in, stop)();
}

}  // namespace hopf::runtime
