// Levels, bins and labels of figures, where ranges have hardly any size, none, or too much.
#include <cmath>
#include <limits>

#include "io/contour.hpp"
#include "io/figure.hpp"
#include "path/ensemble.hpp"
#include "test.hpp"
#include "value/levels.hpp"

using namespace hopf::runtime;

TEST_CASE("levels end, whatever the range", "[io]") {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  constexpr double kMax = std::numeric_limits<double>::max();
  const std::vector<double> ends{-kInf,   -kMax, -1e300, -1e9,        -1.3, -1e-300,
                                 -5e-324, 0,     5e-324, 1e-300,      1.3,  1e9,
                                 1e300,   kMax,  kInf,   std::nan("")};
  for (const double lo : ends) {
    for (const double above : ends) {
      for (const double hi : {above, std::nextafter(lo, kInf), lo * (1 + 1e-15)}) {
        const auto levels = nice_levels(lo, hi, 9);
        CHECK(levels.size() <= 19);
        for (std::size_t k = 0; k < levels.size(); ++k) {
          CHECK((levels[k] > lo && levels[k] < hi));
          CHECK((k == 0 || levels[k] > levels[k - 1]));
        }
      }
    }
  }
  CHECK(nice_levels(0, 1, 9) == std::vector<double>{0.1, 0.2, 0.30000000000000004, 0.4, 0.5,
                                                    0.6000000000000001, 0.7000000000000001, 0.8,
                                                    0.9});
  CHECK(nice_levels(1.3, 1.3000000000000003, 9).empty());
}

TEST_CASE("a histogram of values that are constant up to rounding, or not finite", "[io]") {
  const auto count = [](const std::vector<double>& sample) {
    const Histogram bars = histogram(sample, 7);
    std::int64_t total = 0;
    for (const std::int64_t n : bars.counts) total += n;
    for (std::size_t k = 1; k < bars.edges.size(); ++k) CHECK(bars.edges[k] > bars.edges[k - 1]);
    return total;
  };
  CHECK(count({1.3, 1.3000000000000003, 1.3}) == 3);
  CHECK(count({1e20, 1e20, 1e20}) == 3);
  CHECK(count({-1e308, 0, 1e308}) == 3);
  CHECK(count({1, std::nan(""), 2, std::numeric_limits<double>::infinity()}) == 2);
  CHECK(count({std::nan("")}) == 0);
  CHECK(count({0, 1, 2, 3, 4, 5, 6, 7}) == 8);
}

TEST_CASE("labels are one quoted line", "[io]") {
  CHECK(quoted("it's") == "'it''s'");
  CHECK(quoted("a\n!touch x\r\t\x7f") == "'a !touch x   '");
  CHECK(quoted("`touch x` $(x) @x \\") == "'`touch x` $(x) @x \\'");
}

TEST_CASE("times that are kept take no room from others, and all are in order", "[value]") {
  Levels levels(21);
  double t = 60;
  levels.push(t, {0}, 1);
  for (int segment = 0; segment < 50; ++segment) {
    for (int step = 0; step < 10; ++step) {
      t -= 0.1;
      levels.push(t, {t * t}, 1);
    }
    levels.keep_last();
    CHECK_THROWS(levels.push(t, {t * t}, 1, true));
    t = std::nextafter(t, 0);
    levels.push(t, {t * t}, 1, true);
  }
  const auto& all = levels.all();
  for (std::size_t k = 1; k < all.size(); ++k) CHECK(all[k].t < all[k - 1].t);
  std::size_t free = 0, sides = 0;
  for (const auto& level : all) ++(level.kept ? sides : free);
  CHECK(sides == 100);
  CHECK(free >= 50);
  CHECK(free <= 51);
}
