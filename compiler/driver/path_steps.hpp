// The time steps of a simulation, chosen from the rates of the model along its paths.
#pragma once

#include <vector>

#include "driver/simulate_job.hpp"

namespace hopf::driver {

/// A state that a path has been in, and when.
struct Visited {
  double t = 0;
  std::vector<double> x;
};

/// At least 200 steps, 0.01 at most, and at most
/// - 0.02 over the fastest rate of the drift (the spectral radius of its Jacobian in the closed
///   loop, which keeps Euler's bias of a stationary variance, rate*dt/2, at one per cent) plus that
///   of the noise (the squared spectral radii of the Jacobians of its columns);
/// - 0.1 over the rate at which drift and noise change in time.
/// They are measured at the start and at points of the domain over the whole time, and where paths
/// have been. Steps end at the job's breaks, and are graded in time where that saves half of them.
/// Never more than 100,000, unless a step would then exceed half of the fastest time scale.
runtime::TimeGrid chosen_times(const SimulationJob&, const std::vector<Visited>&);

/// Steps of the length that was asked for, some shorter where they are to end.
runtime::TimeGrid asked_times(const SimulationJob&);

/// Do Euler's steps of the length that would be chosen make a mode of the closed loop (at the start
/// and in the domain) grow by more than 1.5 % while it lasts, h |lambda|^2 min(T, 1/damping)/2?
bool needs_correction(const SimulationJob&);

}  // namespace hopf::driver
