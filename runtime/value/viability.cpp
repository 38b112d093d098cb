#include "value/viability.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "value/iteration.hpp"

namespace hopf::runtime {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kFaint = 0.01;          // e times the time that it takes to cross the grid
constexpr double kDear = 1e3;            // S, of the cost without it
constexpr double kDearest = 1e6;         // what outweighs every running cost
constexpr double kLost = 0.5;            // w of the lost: the upwind chain smears the edge between
constexpr double kNone = 1e-12;          // w that is none
constexpr double kLeastShare = 1e-6;     // of paths that are lost
constexpr int kSteps = 192, kEvery = 3;  // of the horizon, and how many are kept
constexpr double kAccuracy = 1e-13;
constexpr double kDrawn = 1e-9;  // share of a row that leads to the lost

double share_of(double lost) { return lost > kLeastShare ? 1 - std::min(lost, 1.0) : 1; }

class Search {
 public:
  Search(PolicySystem& system, const PointProblem& problem, const SolveSettings& settings)
      : system_(system), problem_(problem), settings_(settings) {}
  Viability run();

 private:
  bool keep_away();
  bool measure();
  bool march();
  void propagate();

  PolicySystem& system_;
  const PointProblem& problem_;
  const SolveSettings& settings_;
  std::vector<std::size_t> expelled_;
  double rate_ = 1, dear_ = 0;
  Viability answer_;
};

// Howard's iteration with S at the lost, at the faint rate. A first solve without S tells what it
// has to be compared with.
bool Search::keep_away() {
  Iteration iteration(system_, problem_, settings_);
  std::vector<double> shift(system_.unknowns());
  for (const bool first : {true, false}) {
    for (const std::size_t u : expelled_) {
      system_.pin(u, dear_);
      iteration.V[u] = dear_;
    }
    if (!first) system_.improve(iteration.V);
    for (std::size_t u = 0; u < shift.size(); ++u) shift[u] = rate_ - system_.discount()[u];
    const bool settled = iteration.howard({shift, {}}, first ? 1 : settings_.max_iterations);
    answer_.iterations = iteration.answer.iterations;
    const bool soft = iteration.answer.failure == Failure::NotConverged;
    if (!settled && !soft) {
      answer_.failure = iteration.answer.failure;
      answer_.where = iteration.answer.where;
      return false;
    }
    iteration.answer.failure = Failure::None;
    if (first) dear_ = largest(iteration.V) > 0 ? kDear * largest(iteration.V) : 1;
  }
  return true;
}

// The share that is lost with ever more time to go, d' = A d, by implicit Euler steps.
bool Search::march() {
  const double h = problem_.horizon / kSteps;
  SparseMatrix A = system_.pattern();
  std::vector<double> b, d(system_.unknowns(), 0.0), source(d.size());
  const std::vector<double> killing(d.size(), 1 / h);
  LinearSolver solver = system_.linear_solver();
  for (int step = 0; step <= kSteps; ++step) {
    if (step % kEvery == 0) {
      answer_.shares.emplace_back();
      for (const double v : d) answer_.shares.back().push_back(share_of(v));
    }
    for (std::size_t u = 0; u < d.size(); ++u) source[u] = d[u] / h;
    system_.assemble_killed(
        killing, source, [&](double value) { return value == dear_ ? 1.0 : 0.0; }, A, b);
    const bool ok = step == 0 ? solver.solve(A, b, d, kAccuracy, [] { return false; }).ok
                              : solver.again(A, b, d, kAccuracy);
    if (ok) continue;
    answer_.failure = Failure::Singular;
    return false;
  }
  return true;
}

/// T of every unknown, from w.
bool Search::measure() {
  SparseMatrix A = system_.pattern();
  std::vector<double> b, w(system_.unknowns(), 0.0);
  const std::vector<double> killing(system_.unknowns(), rate_);
  system_.assemble_killed(
      killing, {}, [&](double value) { return value == dear_ ? 1.0 : 0.0; }, A, b);
  LinearSolver solver = system_.linear_solver();
  if (!solver.solve(A, b, w, kAccuracy, [] { return false; }).ok) {
    answer_.failure = Failure::Singular;
    return false;
  }
  const bool stationary = problem_.horizon <= 0;
  answer_.time.resize(w.size());
  for (std::size_t u = 0; u < w.size(); ++u)
    answer_.time[u] =
        w[u] >= (stationary ? kLost : kNone) ? std::max(0.0, -std::log(w[u]) / rate_) : kInfinity;
  if (problem_.grid.dimension() == 1) return true;
  answer_.policy = system_.controls();
  if (!stationary) return march();
  answer_.shares.emplace_back();
  for (const double v : w) answer_.shares.front().push_back(share_of(v));
  return true;
}

// On a line the chain moves only where its drift leads, and noise and regimes strike by chance: who
// may be led to the lost under every control is lost as well.
void Search::propagate() {
  if (problem_.grid.dimension() > 1 || problem_.horizon > 0) return;
  double dear = 0;
  for (const double cost : system_.cost())
    dear = std::isfinite(cost) ? std::max(dear, std::abs(cost)) : dear;
  const std::vector<double> nothing(system_.unknowns(), dear > 0 ? kDearest * dear : 1);
  const auto policy = system_.controls();
  for (bool more = true; more;) {
    std::vector<char> lost = answer_.lost_within(kInfinity);
    system_.lose(lost, {}, nothing);
    system_.improve(nothing);
    more = false;
    for (std::size_t u = 0; u < lost.size(); ++u) {
      if (system_.fixed(u) || !(system_.drawn(u) > kDrawn)) continue;
      answer_.time[u] = 0;
      more = true;
    }
  }
  system_.controls() = policy;
}

Viability Search::run() {
  const std::vector<std::size_t> singular = system_.find_singular_ends();
  for (std::size_t u = 0; u < system_.unknowns(); ++u) {
    if (system_.fixed(u) || !system_.leaves(u)) continue;
    if (!std::binary_search(singular.begin(), singular.end(), u)) expelled_.push_back(u);
  }
  // Of others the runtime has no value beside such ends: there the state is held.
  const bool alone =
      problem_.horizon <= 0 && problem_.grid.dimension() == 1 && problem_.regimes == 1;
  const bool known = alone && !singular.empty();
  if (expelled_.empty() && !known) return {};
  answer_.time.assign(system_.unknowns(), kInfinity);
  if (expelled_.empty()) {
    for (const std::size_t u : singular) answer_.time[u] = 0;
    return std::move(answer_);
  }
  const std::vector<double> time(system_.unknowns(), 1.0);
  rate_ = problem_.horizon > 0 ? 1 / problem_.horizon : kFaint / system_.crossing(time);
  const bool found = keep_away() && measure();
  system_.release_pins();
  if (!found) return std::move(answer_);
  for (std::size_t k = 0; known && k < singular.size(); ++k) {
    answer_.time[singular[k]] = 0;
    for (auto& share : answer_.shares) share[singular[k]] = 0;
  }
  propagate();
  for (std::size_t u = 0; u < answer_.time.size(); ++u) {
    if (!system_.fixed(u) && !(answer_.time[u] < kInfinity)) return std::move(answer_);
  }
  if (problem_.horizon > 0) return std::move(answer_);
  answer_.failure = Failure::NotViable;
  answer_.where = expelled_.front();
  return std::move(answer_);
}

}  // namespace

std::vector<char> Viability::lost_within(double limit) const {
  std::vector<char> lost(time.size());
  for (std::size_t u = 0; u < time.size(); ++u) lost[u] = time[u] < limit;
  return lost;
}

Viability::Kept Viability::with(double to_go, double horizon) const {
  if (shares.empty()) return {lost_within(to_go), {}};
  Kept result{{}, shares.front()};
  if (shares.size() > 1) {
    const double place = to_go / horizon * static_cast<double>(shares.size() - 1);
    const auto before = std::min(static_cast<std::size_t>(place), shares.size() - 2);
    const double weight = std::min(place - static_cast<double>(before), 1.0);
    for (std::size_t u = 0; u < result.share.size(); ++u)
      result.share[u] = std::lerp(shares[before][u], shares[before + 1][u], weight);
  }
  for (const double share : result.share) result.lost.push_back(to_go > 0 && share <= kLost);
  return result;
}

Viability find_viability(PolicySystem& system, const PointProblem& problem,
                         const SolveSettings& settings) {
  return Search(system, problem, settings).run();
}

}  // namespace hopf::runtime
