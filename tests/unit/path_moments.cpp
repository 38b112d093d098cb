// Laws of simulated paths against exact moments, and determinism.
#include "path_support.hpp"

using namespace hopf;
using namespace hopf::test;

namespace {
constexpr std::int64_t kPaths = 20'000;
const char* const kOrnsteinUhlenbeck = "state x\nnoise w\ndx = -x*dt + 0.5*dw\n";
}  // namespace

TEST_CASE("Ornstein-Uhlenbeck has the mean and variance of its Euler recursion", "[path]") {
  const auto e = ensemble(kOrnsteinUhlenbeck,
                          {.from = {1}, .until = 2, .paths = kPaths, .seed = 3, .step = 0.01});
  REQUIRE(e.times.size() == 101);
  CHECK(e.times.back() == 2);
  const double mean = std::pow(0.99, 200);
  const double variance = 0.25 * 0.01 * (1 - std::pow(0.99, 400)) / (1 - 0.99 * 0.99);
  CHECK(std::abs(e.mean(100)[0] - mean) < 4 * standard_error(variance, kPaths));
  CHECK(std::abs(e.variance(100)[0] / variance - 1) < 4 * std::sqrt(2.0 / kPaths));
  // The law is normal: quantiles sit where they must.
  CHECK(std::abs(e.quantile(0, 100, 0.95) - (mean + 1.6449 * std::sqrt(variance))) < 0.02);
}

TEST_CASE("geometric Brownian motion grows as it must", "[path]") {
  const char* body = "param mu = 0.1, sigma = 0.3\nstate S\nnoise w\ndS = mu*S*dt + sigma*S*dw\n";
  const auto e =
      ensemble(body, {.from = {2}, .until = 1, .paths = kPaths, .seed = 5, .step = 0.005});
  const double mean = 2 * std::pow(1 + 0.1 * 0.005, 200);
  const double square = 4 * std::pow((1 + 0.1 * 0.005) * (1 + 0.1 * 0.005) + 0.09 * 0.005, 200);
  CHECK(std::abs(e.mean(100)[0] - mean) < 4 * standard_error(square - mean * mean, kPaths));
  CHECK(std::abs(e.variance(100)[0] / (square - mean * mean) - 1) < 0.06);
}

TEST_CASE("the weak error falls with order one over four steps", "[path]") {
  // Little noise, so that the bias of E x(1) = exp(-1) stands clear of the sampling error.
  std::vector<double> errors;
  for (const double step : {0.1, 0.05, 0.025, 0.0125}) {
    const auto e = ensemble("state x\nnoise w\ndx = -x*dt + 0.01*x*dw\n",
                            {.from = {1}, .until = 1, .paths = 4000, .seed = 1, .step = step});
    errors.push_back(std::abs(e.mean(e.times.size() - 1)[0] - std::exp(-1.0)));
  }
  for (std::size_t i = 1; i < errors.size(); ++i) {
    const double order = std::log2(errors[i - 1] / errors[i]);
    CHECK(order > 0.85);
    CHECK(order < 1.25);
  }
}

TEST_CASE("an ensemble is the same bits for 1, 2 and 3 threads and for other records", "[path]") {
  driver::SimulateOptions options{
      .from = {1}, .until = 1, .paths = 1001, .seed = 9, .step = 0.01, .threads = 1};
  const auto one = ensemble(kOrnsteinUhlenbeck, options);
  for (const int threads : {2, 3}) {
    options.threads = threads;
    CHECK(ensemble(kOrnsteinUhlenbeck, options).recorded == one.recorded);
  }
  options.records = 2;
  const auto ends = ensemble(kOrnsteinUhlenbeck, options);
  CHECK(std::equal(ends.values(0, 1).begin(), ends.values(0, 1).end(), one.values(0, 100).begin()));
  options.paths = 3;  // shorter than a vector of lanes
  const auto few = ensemble(kOrnsteinUhlenbeck, options);
  CHECK(std::equal(few.values(0, 1).begin(), few.values(0, 1).end(), one.values(0, 100).begin()));
  options.seed = 10;
  CHECK(ensemble(kOrnsteinUhlenbeck, options).recorded != few.recorded);
}

TEST_CASE("correlated noises have their correlation", "[path]") {
  const char* body =
      "state x, y\nnoise w[2] correlated [[1, -0.6], [-0.6, 1]]\ndx = 2*dw[1]\ndy = dw[2]\n";
  const auto e =
      ensemble(body, {.from = {0, 0}, .until = 1, .paths = kPaths, .seed = 2, .step = 0.1});
  const auto x = e.values(0, e.times.size() - 1), y = e.values(1, e.times.size() - 1);
  double xx = 0, xy = 0, yy = 0;
  const auto kept = static_cast<double>(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += x[i] * x[i] / kept;
    xy += x[i] * y[i] / kept;
    yy += y[i] * y[i] / kept;
  }
  CHECK(xx == Approx(4).epsilon(0.05));
  CHECK(yy == Approx(1).epsilon(0.05));
  CHECK(std::abs(xy + 1.2) < 0.07);
}

TEST_CASE("drift in time is taken in the middle of the step", "[path]") {
  const driver::SimulateOptions options{.from = {0}, .paths = 5, .step = 0.1, .method = "euler"};
  const auto e = ensemble("state x\ndx = t^2*dt\nhorizon 1\n", options);
  CHECK(e.mean(e.times.size() - 1)[0] == Approx(1.0 / 3 - 1.0 / 1200));
}

TEST_CASE("a step that stands for two draws what they draw", "[path]") {
  // Of additive noise without drift both runs end in the same place: the bias is zero to rounding.
  const auto e = ensemble("state x\nnoise w\ndx = dw\nterminal x^2\nhorizon 1\n",
                          {.from = {0}, .paths = 300, .step = 0.1});
  CHECK(std::abs(e.cost_bias) < 1e-14);
  const auto ou = ensemble("state x\nnoise w\ndx = -x*dt + dw\nterminal x^2\nhorizon 1\n",
                           {.from = {0}, .paths = 20'000, .step = 0.1});
  const double decay = 0.9, variance = 0.1 * (1 - std::pow(decay, 20)) / (1 - decay * decay);
  const double twice = 0.2 * (1 - std::pow(0.8, 10)) / (1 - 0.8 * 0.8);
  CHECK(ou.cost_bias == Approx(twice - variance).epsilon(0.15));
}

TEST_CASE("the bias of a step knows the order that longer steps show", "[path]") {
  const auto mean = [](std::span<const double> sample) { return runtime::moments_of(sample).mean; };
  const auto bias = [&](double order, double noise) {
    std::vector<std::vector<double>> samples(3);
    for (int rung = 0; rung < 3; ++rung)
      for (int path = 0; path < 640; ++path)
        samples[rung].push_back(std::sin(path) + 0.1 * std::pow(2, rung * order) +
                                noise * std::sin(7.0 * path * (rung + 1)));
    return runtime::step_bias({samples[0], samples[1], samples[2]}, mean).bias;
  };
  CHECK(bias(0.5, 0) == Approx(0.1));
  CHECK(bias(0.25, 1e-6) == Approx(0.1).epsilon(1e-3));
  CHECK(bias(1, 0) == Approx(0.1));
  CHECK(bias(2, 0) == Approx(0.3));  // the difference: never less than what twice the step shows
  CHECK(bias(0.5, 1) < 0.3);         // chance hides the order, and is what is told
}

TEST_CASE("regimes visit their states as the generator says", "[path]") {
  const char* body =
      "regime j in 1..2 rates [[-1.5, 1.5], [1, -1]]\nlet z = [1, 3]\nstate x\ndx = z[j]*dt\n";
  const auto e = ensemble(
      body, {.from = {0}, .regime = 1, .until = 8, .paths = 4000, .seed = 4, .step = 0.02});
  // E int z dt with P(j = 1) = 0.4 + 0.6 exp(-2.5 t): left-point sums of the exact law.
  double expected = 0;
  for (int k = 0; k < 400; ++k)
    expected += 0.02 * (3 - 2 * (0.4 + 0.6 * std::exp(-2.5 * 0.02 * k)));
  const std::size_t last = e.times.size() - 1;
  CHECK(std::abs(e.mean(last)[0] - expected) < 4 * standard_error(e.variance(last)[0], 4000));
}

TEST_CASE("switching rates may depend on the state", "[path]") {
  // From regime 1 at rate 1 + x with x = 1: the chance still to be there at t = 0.5 is exp(-1).
  const char* body =
      "state x\nregime j in 1..2 rates [[-1 - x, 1 + x], [0, 0]]\nlet z = [1, 0]\nstate y\ndx = "
      "0*dt\n"
      "dy = z[j]*dt\n";
  const auto e = ensemble(
      body, {.from = {1, 0}, .regime = 1, .until = 0.5, .paths = kPaths, .seed = 6, .step = 0.005});
  const auto y = e.values(1, e.times.size() - 1);
  const auto stayed = std::count_if(y.begin(), y.end(), [](double v) { return v > 0.4975; });
  CHECK(std::abs(static_cast<double>(stayed) / static_cast<double>(y.size()) - std::exp(-0.99)) <
        0.015);
}
