// Statistics of ensembles, and the runner of path kernels with a kernel written by hand.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/philox.hpp"
#include "path/run.hpp"
#include "test.hpp"

using namespace hopf::runtime;

namespace {

/// dx = -x dt + 0.5 dw with register 1 the sum of x dt: what generated code does, in plain loops.
void ornstein_uhlenbeck(const hopf_path_call& call) {
  auto* x = static_cast<double*>(call.carried[0]);
  auto* cost = static_cast<double*>(call.carried[1]);
  const double dt = call.uniforms[0];
  for (std::int64_t i = 0; i < call.count; ++i) {
    for (std::int64_t s = 0; s < call.step_count; ++s) {
      const double z = standard_normal(call.seed, static_cast<std::uint64_t>(call.first_path + i),
                                       static_cast<std::uint64_t>(call.first_step + s), 0);
      cost[i] += dt * x[i] * call.steps[s];
      x[i] += -x[i] * dt + 0.5 * std::sqrt(dt) * z;
    }
  }
}

PathRun ornstein_uhlenbeck_run(std::int64_t paths, int threads) {
  PathRun run;
  run.advance = ornstein_uhlenbeck;
  run.paths = paths;
  run.grid = TimeGrid(1.0, 100);
  run.seed = 11;
  run.threads = threads;
  run.initial = {1, 0};
  run.states = 1;
  run.cost = 1;
  run.uniforms = {{0.01}};
  run.per_step = 1;
  run.scalars = [](double t, double, double* row) { row[0] = std::exp(-t); };
  run.kept = paths;
  run.records = {0, 25, 50, 100};
  return run;
}

Ensemble run_with(const PathRun& run) {
  Ensemble ensemble;
  ensemble.states = {{"x", ""}};
  for (const std::int64_t step : run.records)
    ensemble.times.push_back(0.01 * static_cast<double>(step));
  const PathOutcome outcome = run_paths(run, ensemble);
  REQUIRE_FALSE(outcome.fault);
  REQUIRE_FALSE(outcome.cancelled);
  return ensemble;
}

}  // namespace

TEST_CASE("an ensemble is the same bits on 1, 2 and 7 threads and with other record times",
          "[ensemble]") {
  const Ensemble one = run_with(ornstein_uhlenbeck_run(777, 1));
  for (const int threads : {2, 7}) {
    const Ensemble many = run_with(ornstein_uhlenbeck_run(777, threads));
    CHECK(many.recorded == one.recorded);
    CHECK(many.cost == one.cost);
    CHECK(many.mean_cost() == one.mean_cost());
  }
  PathRun fewer = ornstein_uhlenbeck_run(777, 2);
  fewer.records = {0, 100};
  CHECK(run_with(fewer).cost == one.cost);
  // Paths are numbered: a larger ensemble begins with the same ones.
  const Ensemble more = run_with(ornstein_uhlenbeck_run(2000, 2));
  CHECK(std::equal(one.cost.begin(), one.cost.end(), more.cost.begin()));
}

TEST_CASE("mean and variance of Ornstein-Uhlenbeck are those of its Euler recursion",
          "[ensemble]") {
  const Ensemble e = run_with(ornstein_uhlenbeck_run(20'000, 2));
  const double decay = std::pow(0.99, 100);
  double variance = 0;
  for (int k = 0; k < 100; ++k) variance = 0.99 * 0.99 * variance + 0.25 * 0.01;
  CHECK(std::abs(e.mean(3)[0] - decay) < 4 * std::sqrt(variance / 20'000));
  CHECK(std::abs(e.variance(3)[0] - variance) < 4 * variance * std::sqrt(2.0 / 20'000));
  CHECK(e.mean(0)[0] == 1);
  CHECK(e.steps_done == 2'000'000);
}

TEST_CASE("tables change at their step, whatever the record times", "[ensemble]") {
  PathRun run = ornstein_uhlenbeck_run(40, 2);
  run.advance = [](const hopf_path_call& call) {
    const auto* table = static_cast<const double*>(call.tables[0]);
    for (std::int64_t i = 0; i < call.count; ++i) {
      static_cast<double*>(call.carried[1])[i] += table[0] * static_cast<double>(call.step_count);
    }
  };
  const std::vector<double> first{1}, second{1000};
  run.levels = {{0, {first.data()}}, {30, {second.data()}}};
  CHECK(run_with(run).cost[39] == 30 + 70 * 1000);
}

TEST_CASE("paths that are not finite are left out, and the first is named", "[ensemble]") {
  PathRun run = ornstein_uhlenbeck_run(3000, 2);
  run.advance = [](const hopf_path_call& call) {
    ornstein_uhlenbeck(call);
    for (std::int64_t i = 0; i < call.count; ++i) {
      const bool hit =
          call.first_step + call.step_count > 42 && (call.first_path + i) % 1000 == 345;
      if (hit) static_cast<double*>(call.carried[0])[i] = std::numeric_limits<double>::quiet_NaN();
    }
  };
  Ensemble ensemble;
  ensemble.states = {{"x", ""}};
  for (const std::int64_t step : run.records) ensemble.times.push_back(run.grid.time(step));
  const PathOutcome outcome = run_paths(run, ensemble);
  REQUIRE(outcome.fault);
  CHECK(outcome.fault->path == 345);
  CHECK(outcome.fault->time == Approx(0.42));
  CHECK(outcome.fault->register_index == 0);
  CHECK(std::isnan(outcome.fault->value));
  REQUIRE(outcome.fault->before.size() == 1);
  CHECK(std::isfinite(outcome.fault->before[0]));
  CHECK(ensemble.failed == 3);
  without_failed(ensemble);
  CHECK(ensemble.failed_paths == std::vector<std::int64_t>{345, 1345, 2345});
  // What is left is what the run without failures has at the other places.
  Ensemble whole = run_with(ornstein_uhlenbeck_run(3000, 1));
  for (const std::ptrdiff_t path : {2345, 1345, 345}) {
    whole.cost.erase(whole.cost.begin() + path);
    whole.final_values[0].erase(whole.final_values[0].begin() + path);
  }
  CHECK(ensemble.cost == whole.cost);
  CHECK(ensemble.final_values == whole.final_values);
}

TEST_CASE("moments of a stream are those of the stored paths", "[ensemble]") {
  const Ensemble all = run_with(ornstein_uhlenbeck_run(5000, 2));
  for (std::size_t time = 0; time < 3; ++time) {
    const auto stored = all.values(0, time);
    const Moments direct = moments_of(stored);
    CHECK(all.mean(0, time) == Approx(direct.mean).epsilon(1e-13));
    CHECK(all.variance(0, time) == Approx(direct.variance({})).margin(1e-30).epsilon(1e-12));
    CHECK(all.moments[time].least == *std::min_element(stored.begin(), stored.end()));
  }
  PathRun few = ornstein_uhlenbeck_run(5000, 2);
  few.kept = 10;
  const Ensemble kept = run_with(few);
  CHECK(kept.recorded[0].size() == 40);
  CHECK(kept.mean(0, 1) == all.mean(0, 1));
  CHECK(kept.final_values == all.final_values);
}

TEST_CASE("statistics of a circle do not see where it is cut", "[ensemble]") {
  const Circle circle{0, 10};
  const std::vector<double> sample{9.5, 9.9, 0.1, 0.5};
  const double mean = moments_of(sample, circle).average(circle);
  CHECK(std::min(mean, 10 - mean) < 1e-12);
  CHECK(quantile(sample, 1, circle) - quantile(sample, 0, circle) == Approx(1));
  const std::vector<double> turned{4.5, 4.9, 5.1, 5.5};
  CHECK(moments_of(turned, circle).variance(circle) ==
        Approx(moments_of(sample, circle).variance(circle)));
}

TEST_CASE("times of graded steps", "[ensemble]") {
  const TimeGrid grid(1.0, std::vector<std::int64_t>{2, 2, 4, 4});
  CHECK(grid.pieces().size() == 2);
  CHECK(grid.steps() == 12);
  CHECK(grid.time(0) == 0);
  CHECK(grid.time(4) == 0.5);
  CHECK(grid.time(12) == 1);
  CHECK(grid.first_from(0.5) == 4);
  CHECK(grid.first_from(0.51) == 5);
  CHECK(grid.nearest(0.51) == 4);
  CHECK(grid.halved().steps() == 6);
  CHECK(grid.halved().time(2) == 0.5);
  CHECK(TimeGrid(1.0, 5).halved().steps() == 3);
}

TEST_CASE("a stopped run says so", "[ensemble]") {
  Ensemble ensemble;
  CHECK(
      run_paths(ornstein_uhlenbeck_run(3000, 1), ensemble, [](double) { return true; }).cancelled);
}

TEST_CASE("quantiles interpolate order statistics", "[ensemble]") {
  const std::vector<double> sample{4, 1, 3, 2, 5};
  CHECK(quantile(sample, 0) == 1);
  CHECK(quantile(sample, 0.5) == 3);
  CHECK(quantile(sample, 1) == 5);
  CHECK(quantile(sample, 0.1) == Approx(1.4));
  CHECK(std::isnan(quantile(sample, 1.1)));
  CHECK(std::isnan(quantile({}, 0.5)));
}

TEST_CASE("a histogram counts every value once", "[ensemble]") {
  const Histogram h = histogram(std::vector<double>{0, 0.1, 0.5, 0.9, 1}, 2);
  CHECK(h.edges == std::vector<double>{0, 0.5, 1});
  CHECK(h.counts == std::vector<std::int64_t>{2, 3});
  CHECK(histogram(std::vector<double>{3, 3}, 4).counts[0] == 2);
}

TEST_CASE("the standard error of the cost is the sample deviation over root n", "[ensemble]") {
  Ensemble e;
  e.cost = {1, 2, 3, 4};
  e.cost_bias = 0;
  CHECK(e.mean_cost() == 2.5);
  CHECK(e.cost_standard_error() == Approx(std::sqrt(5.0 / 3 / 4)));
}
