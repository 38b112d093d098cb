// The random number generator: known answers, and the mapping to normals in all engines.
#include "core/philox.hpp"
#include "kernel_support.hpp"
#include "test.hpp"

using namespace hopf;
using namespace hopf::kernel_test;

TEST_CASE("Philox4x32-10 gives the published answers", "[kernel]") {
  using Words = runtime::PhiloxWords;
  CHECK(runtime::philox4x32({0, 0, 0, 0}, 0, 0) ==
        Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint32_t kOnes = 0xffffffff;
  CHECK(runtime::philox4x32({kOnes, kOnes, kOnes, kOnes}, kOnes, kOnes) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(runtime::philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822,
                            0x299f31d0) == Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

namespace {

/// Sums of five normals over the steps, so that every draw is seen.
Kernel draws() {
  Kernel k;
  k.name = "draws";
  k.path = true;
  k.normals = {0, 1, 2, 5, 7};
  k.carried_count = 5;
  Builder b(k);
  for (std::uint32_t n = 0; n < 5; ++n) {
    const ValueId sum = b.read(Opcode::Carried, n);
    k.outputs.push_back(b.emit(Opcode::Add, sum, b.read(Opcode::Normal, k.normals[n])));
  }
  return k;
}

Columns run_draws(const Kernel& k, std::int64_t first_path, std::int64_t paths,
                  std::int64_t first_step, std::int64_t steps, hopf_path_kernel native,
                  Columns state = {}) {
  if (state.empty())
    state.assign(k.carried_count, std::vector<double>(static_cast<std::size_t>(paths)));
  std::vector<void*> carried;
  for (auto& column : state) carried.push_back(column.data());
  const hopf_path_call call{paths,   first_path, first_step, steps,         0x123456789abcdef0,
                            nullptr, nullptr,    nullptr,    carried.data()};
  native ? native(&call) : kernel::interpret(k, call);
  return state;
}

}  // namespace

TEST_CASE("compiled normals are those of the shared mapping", "[kernel]") {
  const Kernel k = draws();
  REQUIRE(kernel::verify(k) == "");
  const auto o3 = compile(k, jit::Level::O3), o0 = compile(k, jit::Level::O0);
  const std::int64_t far_path = (std::int64_t{1} << 33) + 5, far_step = (std::int64_t{3} << 32) - 2;
  for (const auto& [path, step] :
       {std::pair<std::int64_t, std::int64_t>{0, 0}, {far_path, far_step}}) {
    // One step: the normals themselves. They are as good as log, sqrt, cos and sin together.
    const auto expected = run_draws(k, path, 101, step, 1, nullptr);
    const auto got = run_draws(k, path, 101, step, 1, o3.path("draws"));
    CHECK(run_draws(k, path, 101, step, 1, o0.path("draws")) == got);
    double worst = 0;
    for (std::size_t c = 0; c < 5; ++c) {
      for (std::size_t n = 0; n < 101; ++n)
        worst = std::max(worst, ulps(expected[c][n], got[c][n]));
    }
    CHECK(worst <= 6);
    CHECK(expected[3][7] == runtime::standard_normal(0x123456789abcdef0,
                                                     static_cast<std::uint64_t>(path) + 7,
                                                     static_cast<std::uint64_t>(step), 5));
  }
}

TEST_CASE("paths do not depend on how they are split over calls", "[kernel]") {
  const Kernel k = draws();
  const auto program = compile(k, jit::Level::O3);
  const auto whole = run_draws(k, 1000, 53, 10, 9, program.path("draws"));
  const auto early = run_draws(k, 1000, 53, 10, 4, program.path("draws"));
  CHECK(run_draws(k, 1000, 53, 14, 5, program.path("draws"), early) == whole);
  CHECK(run_draws(k, 1000, 53, 19, 0, program.path("draws"), whole) == whole);
  for (std::int64_t first = 0; first < 53; first += 7) {
    const std::int64_t count = std::min<std::int64_t>(7, 53 - first);
    const auto part = run_draws(k, 1000 + first, count, 10, 9, program.path("draws"));
    for (std::size_t c = 0; c < 5; ++c) {
      for (std::int64_t n = 0; n < count; ++n) {
        CHECK(part[c][static_cast<std::size_t>(n)] ==
              whole[c][static_cast<std::size_t>(first + n)]);
      }
    }
  }
}

TEST_CASE("normals have the moments of normals and do not repeat", "[kernel]") {
  const Kernel k = draws();
  const auto program = compile(k, jit::Level::O3);
  constexpr std::size_t kPaths = 40000;
  const auto z = run_draws(k, 0, kPaths, 0, 1, program.path("draws"));
  for (std::size_t c = 0; c < 5; ++c) {
    double mean = 0, square = 0, fourth = 0, cross = 0;
    for (std::size_t n = 0; n < kPaths; ++n) {
      const double x = z[c][n];
      mean += x / kPaths;
      square += x * x / kPaths;
      fourth += x * x * x * x / kPaths;
      cross += x * z[(c + 1) % 5][n] / kPaths;
    }
    CHECK(std::fabs(mean) < 4 / std::sqrt(double(kPaths)));
    CHECK(std::fabs(square - 1) < 4 * std::sqrt(2.0 / kPaths));
    CHECK(std::fabs(fourth - 3) < 4 * std::sqrt(96.0 / kPaths));
    CHECK(std::fabs(cross) < 4 / std::sqrt(double(kPaths)));
  }
}
