// The Riccati equation -dP/dt = Q + A'P + P A - P G P with constant coefficients over an interval
// of any length, exactly: the Hamiltonian's flow in scattering form, by doubling.
//
// With state x and costate y over an interval of length s the flow of [A, -G; -Q, -A'] is written
// as
//   x(s) = Phi x(0) - Gamma y(s),   y(0) = Pi x(0) + Phi' y(s),
// so that P(0) = Pi + Phi' P(s) (I + Gamma P(s))^-1 Phi. All three stay bounded where the flow
// itself grows beyond all bounds (Davison & Maki 1973 and its doubling, Anderson 1978; Chu, Fan,
// Lin & Wang 2004).
#pragma once

#include <map>
#include <optional>
#include <utility>

#include "value/linear_quadratic.hpp"

namespace hopf::runtime::quadratic {

struct Scattering {
  Matrix Phi, Gamma, Pi;
};

/// First one interval, then the other.
std::optional<Scattering> compose(const Scattering& first, const Scattering& second,
                                  Eigen::Index moved);

/// P(0) from P(s).
std::optional<Matrix> propagated(const Scattering&, const Matrix& P, Eigen::Index moved);

/// The flow over whole parts of a span; each is found once, by doubling and joining shorter ones.
/// Only the first `moved` states are reached by a control.
class Flow {
 public:
  Flow(const Matrix& A, const Matrix& G, const Matrix& Q, Eigen::Index moved, double span,
       QuadraticStop stop);
  /// Over units/2^parts of the span; nothing where the value of ending freely has no bound within
  /// it (a conjugate point), or where a stop is asked for.
  const std::optional<Scattering>& over(int units, int parts);

 private:
  std::optional<Scattering> power(int parts);
  std::optional<Scattering> joined(const std::optional<Scattering>& first,
                                   const std::optional<Scattering>& second) const;

  double unit_;
  Matrix Z_;
  Eigen::Index moved_;
  double span_;
  QuadraticStop stop_;
  std::map<std::pair<int, int>, std::optional<Scattering>> known_;  // by odd units, and parts
  const std::optional<Scattering> stopped_;
};

/// P (I + Gamma P)^-1 for Gamma >= 0, of which only the first rows and columns differ from zero;
/// nothing where I + Gamma P has passed through a singular matrix.
std::optional<Matrix> contracted(const Matrix& Gamma, const Matrix& P, Eigen::Index moved);

/// The limit of Pi over ever longer intervals.
struct ScatteringLimit {
  enum class End { Found, Unbounded, NoLowerBound, Cancelled };
  End end = End::Unbounded;
  Matrix P;
  int doublings = 0;
};
ScatteringLimit scattering_limit(const Matrix& A, const Matrix& G, const Matrix& Q,
                                 const QuadraticStop&);

}  // namespace hopf::runtime::quadratic
