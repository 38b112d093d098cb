#include "value/arrival.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hopf::runtime {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kFirstReach = 0.5;  // mu times the cost of crossing the grid, at the start
constexpr double kSlower = 0.25;     // mu from one stage to the next
constexpr double kSteep = 16;        // mu V of the answer: a large mu favours the paths that arrive
                               // early, and at the edge of what can be reached only those count
constexpr int kMostStages = 10;
constexpr std::size_t kFew = 100;      // one in so many nodes may be found later
constexpr int kMostIterations = 2000;  // the front may move by one node in each
constexpr int kStalled = 50;           // without a node more that arrives, or less that moves
constexpr double kSettled = 1e-8;      // change of y, relative to it and ...
constexpr double kFar = 1e-4;          // ... this
constexpr double kNone = 1e-13;        // y that is none
constexpr double kRests = 1e-10;  // of the chain's rate: of dying, where it may rest at no cost
constexpr double kNoneResting = 1e-6;
constexpr double kSteepResting = 10;  // so that e^-mu V is more than that
constexpr double kFaint = 1e-6;   // of mu, with which y tells who arrives and nothing of the cost
constexpr double kSurely = 1e-4;  // 1 minus the share of paths that arrive, where all do
constexpr double kEven = 0.5;     // the share at the edge of what can be reached
constexpr double kBeyond = 10;    // what stands in for infinity, in units of the largest V
constexpr double kAccuracy = 1e-13;

class Search {
 public:
  Search(PolicySystem& system, const PointProblem& problem, LinearSolver& solver,
         const std::function<bool()>& stop)
      : system_(system), problem_(problem), solver_(solver), stop_(stop), A_(system.pattern()) {}

  Arrival run(const Start& start);

 private:
  bool first_policy(const Start& start);
  bool stages(const Start& start);
  bool settle();
  bool improve();
  bool solve(std::span<const double> killing, std::span<const double> source,
             const std::function<double(double)>& paid, std::vector<double>& y);
  std::vector<double> killing(double mu) const;
  double steepest() const { return rest_ > 0 ? kSteepResting : kSteep; }
  void take_logarithms(const std::vector<double>& y);
  void count_missing();
  bool follow();
  bool never(std::size_t u) const {
    return !system_.fixed(u) && (!(end_[u] >= kEven) || system_.leaves(u));
  }
  void classify();
  double paid(double value) const { return std::exp(-mu_ * (value - base_)); }

  PolicySystem& system_;
  const PointProblem& problem_;
  LinearSolver& solver_;
  const std::function<bool()>& stop_;
  SparseMatrix A_;
  std::vector<double> b_, y_, V_;
  std::vector<double> arrive_, end_, mean_;  // shares that reach the target, that come to an end
  std::vector<std::size_t> unsure_;
  std::vector<char> lost_;  // known not to arrive
  Arrival answer_;
  double mu_ = 1, base_ = 0;
  double rest_ = 0;  // rate of dying, where the state may rest at no cost
  double highest_ = 0;
  std::size_t missing_ = 0;  // nodes that do not arrive
};

// Rows of the chain that dies; where a constraint cannot be kept it is lost at once.
bool Search::solve(std::span<const double> killing, std::span<const double> source,
                   const std::function<double(double)>& paid, std::vector<double>& y) {
  system_.assemble_killed(killing, source, paid, A_, b_);
  for (std::size_t u = 0; u < b_.size(); ++u) {
    if (system_.fixed(u) || !(system_.leaves(u) || (!lost_.empty() && lost_[u]))) continue;
    std::fill(A_.value.begin() + A_.start[u], A_.value.begin() + A_.start[u + 1], 0.0);
    A_.value[static_cast<std::size_t>(A_.start[u])] = 1;
    b_[u] = 0;
  }
  y.resize(b_.size(), 0.0);
  const LinearOutcome outcome = solver_.solve(A_, b_, y, kAccuracy, stop_);
  if (!outcome.ok) answer_.failure = Failure::Singular;
  return outcome.ok;
}

std::vector<double> Search::killing(double mu) const {
  std::vector<double> result(system_.unknowns());
  const auto L = system_.cost();
  for (std::size_t u = 0; u < result.size(); ++u) result[u] = mu * std::max(L[u], 0.0) + rest_;
  return result;
}

void Search::take_logarithms(const std::vector<double>& y) {
  V_.resize(y.size());
  const double none = rest_ > 0 ? kNoneResting : kNone;
  for (std::size_t u = 0; u < y.size(); ++u)
    V_[u] = y[u] > none ? base_ - std::log(y[u]) / mu_ : kInfinity;
}

void Search::count_missing() {
  missing_ = 0;
  for (std::size_t u = 0; u < V_.size(); ++u) missing_ += !std::isfinite(V_[u]);
}

// The share h of the chain's paths that arrive is 1 inside of what can be reached and 0 outside.
// The upwind chain spreads the edge over a width of the square root of h times the way, where the
// share at the edge itself is about 1/2. There V is not -log(y)/mu, which is large where few
// arrive, but the mean cost of those that do, z/h with -sum_k w_k (z_k - z) = L h.
bool Search::follow() {
  const std::size_t n = system_.unknowns();
  const auto L = system_.cost();
  const std::vector<double> faint = killing(kFaint * mu_);
  lost_.assign(n, 0);
  for (std::size_t u = 0; u < n; ++u) lost_[u] = !std::isfinite(V_[u]);
  const auto one = [](double) { return 1.0; };
  arrive_.resize(n, 1.0);
  if (!solve(faint, {}, one, arrive_)) return false;
  end_ = arrive_;
  const std::vector<double> resting(rest_ > 0 ? n : 0, rest_);
  if (rest_ > 0 && !solve(faint, resting, one, end_)) return false;
  std::vector<double> source(n);
  for (std::size_t u = 0; u < n; ++u) source[u] = L[u] * end_[u];
  std::vector<double> z(n, 0.0);
  if (!solve(faint, source, [](double value) { return value; }, z)) return false;
  mean_.resize(n);
  highest_ = 0;
  for (std::size_t u = 0; u < n; ++u) {
    mean_[u] = z[u] / end_[u];
    if (!never(u)) highest_ = std::max(highest_, mean_[u] - base_);
  }
  lost_.clear();
  return true;
}

bool Search::improve() {
  system_.set_bending(mu_);
  system_.improve(V_);
  const auto H = system_.hamiltonian();
  for (std::size_t u = 0; u < system_.unknowns(); ++u) {
    if (system_.fixed(u) || (!std::isnan(H[u]) && H[u] < kInfeasible)) continue;
    answer_.failure = Failure::Infeasible;
    answer_.where = u;
    return false;
  }
  return true;
}

// Howard's iteration for one mu.
bool Search::settle() {
  double least = kInfinity;
  std::size_t fewest = V_.size() + 1;
  int stalled = 0;
  for (int iteration = 0; iteration < kMostIterations; ++iteration) {
    std::vector<double> source(rest_ > 0 ? y_.size() : 0, rest_ * paid(0)), next = y_;
    if (!solve(killing(mu_), source, [&](double value) { return paid(value); }, next)) return false;
    double moved = 0;
    for (std::size_t u = 0; u < next.size(); ++u)
      moved = std::max(moved, std::abs(next[u] - y_[u]) / (next[u] + kFar));
    y_.swap(next);
    ++answer_.iterations;
    take_logarithms(y_);
    count_missing();
    if (problem_.fixed_policy) return true;
    if (!improve()) return false;
    stalled = moved < 0.5 * least || missing_ < fewest ? 0 : stalled + 1;
    least = std::min(least, moved);
    fewest = std::min(fewest, missing_);
    if (iteration > 0 && (moved < kSettled || stalled >= kStalled)) return true;
  }
  return true;
}

bool Search::first_policy(const Start& start) {
  base_ = kInfinity;
  for (const double payment : system_.payments()) base_ = std::min(base_, payment);
  V_.assign(system_.unknowns(), kInfinity);
  if (!start.value.empty()) V_ = start.value;
  for (std::size_t u = 0; u < V_.size(); ++u) {
    if (system_.fixed(u)) V_[u] = system_.fixed_value(u);
  }
  count_missing();
  for (const double v : V_) {
    if (std::isfinite(v)) highest_ = std::max(highest_, v - base_);
  }
  mu_ = start.value.empty() || !(highest_ > 0) ? 1 : kSteep / highest_;
  if (start.policy.size() == system_.controls().size() && !start.policy.empty()) {
    system_.controls() = start.policy;
    system_.set_bending(mu_);
    system_.apply(V_);
    return true;
  }
  if (!improve()) return false;
  if (!problem_.fixed_policy) system_.restrain(V_, start.limit);
  return true;
}

// A larger mu sees what is near and leads policies there from any start, a smaller one sees far.
bool Search::stages(const Start& start) {
  if (start.value.empty()) mu_ = kFirstReach / system_.crossing(system_.cost());
  y_.assign(system_.unknowns(), 0.0);
  const std::size_t few = system_.unknowns() / kFew;
  std::size_t before = start.value.empty() ? missing_ + few + 1 : missing_;
  for (int stage = 0; stage < kMostStages; ++stage) {
    if (!settle() || !follow()) return false;
    const bool mild = mu_ * highest_ <= 1.1 * steepest();
    if (mild && (missing_ == 0 || missing_ + few >= before)) return true;
    before = missing_;
    if (!mild) mu_ = std::max(kSlower * mu_, steepest() / highest_);
    for (std::size_t u = 0; u < y_.size(); ++u) y_[u] = std::isfinite(V_[u]) ? paid(V_[u]) : 0;
  }
  return true;
}

void Search::classify() {
  const double beyond = base_ + kBeyond * (highest_ > 0 ? highest_ : 1);
  answer_.never.assign(V_.size(), 0);
  for (std::size_t u = 0; u < V_.size(); ++u) {
    if (system_.fixed(u)) continue;
    answer_.never[u] = never(u);
    V_[u] = answer_.never[u] ? beyond : mean_[u];
    if (answer_.never[u] || arrive_[u] < 1 - kSurely) unsure_.push_back(u);
  }
  for (const std::size_t u : unsure_) system_.pin(u, V_[u]);
}

Arrival Search::run(const Start& start) {
  if (!first_policy(start)) return std::move(answer_);
  const auto L = system_.cost();
  double fastest = 0;
  bool rests = false;
  for (std::size_t u = 0; u < system_.unknowns(); ++u) {
    rests = rests || (!system_.fixed(u) && !(L[u] > 0));
    for (std::size_t side = 0; side < 2 * problem_.grid.dimension(); ++side)
      fastest = std::max(fastest, system_.weight(side / 2, side % 2 == 1)[u]);
  }
  if (rests) rest_ = kRests * fastest;
  if (highest_ > 0) mu_ = std::min(mu_, steepest() / highest_);
  if (stages(start)) classify();
  system_.set_bending(0);
  answer_.V = std::move(V_);
  return std::move(answer_);
}

}  // namespace

Arrival find_arrival(PolicySystem& system, const PointProblem& problem, LinearSolver& solver,
                     const Start& start, const std::function<bool()>& stop) {
  return Search(system, problem, solver, stop).run(start);
}

}  // namespace hopf::runtime
