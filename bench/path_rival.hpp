// Hand-written C++ for the same ensemble; compiled apart, with every option that helps it.
#pragma once

#include <cstdint>

namespace bench {

void rival_paths(double* x, double* y, std::int64_t paths, std::int64_t steps, double dt,
                 std::uint64_t seed);

}  // namespace bench
