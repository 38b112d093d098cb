// Random numbers, fixed chunks, threads, sums, memory.
#include <atomic>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "core/memory.hpp"
#include "core/parallel.hpp"
#include "core/philox.hpp"
#include "core/sum.hpp"
#include "test.hpp"

using namespace hopf::runtime;

TEST_CASE("philox gives the published vectors", "[philox]") {
  // Known answers of the Random123 distribution (kat_vectors, philox4x32 10).
  CHECK(philox4x32({0, 0, 0, 0}, 0, 0) ==
        PhiloxWords{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, 0xffffffff, 0xffffffff) ==
        PhiloxWords{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0) ==
        PhiloxWords{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("normals have the moments of the normal law and do not repeat", "[philox]") {
  constexpr int kDraws = 200'000;
  double sum = 0, square = 0, fourth = 0, along_steps = 0, across_noises = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double z = standard_normal(7, static_cast<std::uint64_t>(i % 1000),
                                     static_cast<std::uint64_t>(i / 1000), 0);
    const double next = standard_normal(7, static_cast<std::uint64_t>(i % 1000),
                                        static_cast<std::uint64_t>(i / 1000) + 1, 0);
    const double other = standard_normal(7, static_cast<std::uint64_t>(i % 1000),
                                         static_cast<std::uint64_t>(i / 1000), 1);
    sum += z;
    square += z * z;
    fourth += z * z * z * z;
    along_steps += z * next;
    across_noises += z * other;
  }
  const double error = 4 / std::sqrt(kDraws);  // four standard errors
  CHECK(std::abs(sum / kDraws) < error);
  CHECK(std::abs(square / kDraws - 1) < error * std::sqrt(2));
  CHECK(std::abs(fourth / kDraws - 3) < error * std::sqrt(96));
  CHECK(std::abs(along_steps / kDraws) < error);
  CHECK(std::abs(across_noises / kDraws) < error);
}

TEST_CASE("chunks depend on the amount of work alone and cover it", "[parallel]") {
  const auto chunks = fixed_chunks(1000, 64);
  REQUIRE(chunks.size() == 16);
  std::int64_t next = 0;
  for (const Chunk& chunk : chunks) {
    CHECK(chunk.begin == next);
    next = chunk.end;
  }
  CHECK(next == 1000);
  CHECK(fixed_chunks(0, 64).empty());
}

TEST_CASE("every body of a loop runs once, on any number of threads and again", "[parallel]") {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    CHECK(pool.threads() == threads);
    for (int round = 0; round < 20; ++round) {
      std::vector<std::atomic<int>> counts(257);
      CHECK(pool.run(257, [&](std::int64_t i) { ++counts[static_cast<std::size_t>(i)]; }));
      for (const auto& count : counts) CHECK(count == 1);
    }
  }
}

TEST_CASE("a loop passes on an exception and can be stopped", "[parallel]") {
  ThreadPool pool(3);
  const auto fail = [](std::int64_t i) {
    if (i == 17) throw std::runtime_error("seventeen");
  };
  CHECK_THROWS_AS(pool.run(100, fail), std::runtime_error);
  CHECK(pool.run(100, [](std::int64_t) {}));
  std::atomic<int> done{0};
  CHECK_FALSE(parallel_for(
      1, 1000, [&](std::int64_t) { ++done; }, [](double fraction) { return fraction > 0.1; }));
  CHECK(done < 1000);
}

TEST_CASE("pairwise sums keep the digits that a running sum loses", "[sum]") {
  const double tenth = 0.1;
  constexpr std::size_t kCount = 10'000'000;
  CHECK(std::abs(pairwise_sum(0, kCount, [&](std::size_t) { return tenth; }) - 1e6) < 1e-8);
  CHECK(pairwise_sum(5, 5, [](std::size_t) { return 1.0; }) == 0);
}

TEST_CASE("memory is known and readable", "[memory]") {
  CHECK(available_memory() > 1'000'000);
  CHECK(format_bytes(12) == "12 B");
  CHECK(format_bytes(3'210'000'000) == "3.2 GB");
  CHECK(format_bytes(640e6) == "640 MB");
  CHECK(format_bytes(999.7e3) == "1.0 MB");
}
