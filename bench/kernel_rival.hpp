// Hand-written C++ for the arithmetic of kernel_bench: explicit 8-lane vectors, the same
// algorithms.
#pragma once

#include <cstdint>

namespace rival {

/// acceleration = 9.81 s + (tau - 0.1 omega)/1, cost = 10 (1 - c) + 0.1 omega^2 + 0.01 tau^2
void drift(std::int64_t n, const double* s, const double* c, const double* omega, const double* tau,
           double* acceleration, double* cost);
/// out = sin x cos y + exp(-x^2)
void trigonometric(std::int64_t n, const double* x, const double* y, double* out);
/// x' = x + (sin x - x/2) dt + sd z0, y' = y + (cos y + x/5) dt + sd z1, counter-based normals,
/// `steps` steps.
void paths(std::int64_t n, std::int64_t steps, std::uint64_t seed, double dt, double sd, double* x,
           double* y);

}  // namespace rival
