// Bounds on V that follow from the model's amounts alone, whatever the policy: what costs at least
// l a unit of time and is discounted at rho costs at least l/rho.
//
// All amounts are costs; a reward model's user sees [-hi, -lo].
#pragma once

#include <string>
#include <vector>

#include "model/model.hpp"

namespace hopf::derive {

struct Bounds {
  expr::Interval running;   // of the cost rate under every admissible policy
  double running_most;      // under the best of a few constant controls: V is at most its cost
  expr::Interval discount;  // of the rate
  expr::Interval terminal;  // with a horizon
  expr::Interval leaving;   // what ends the problem before the horizon pays
  bool leaves = false;      // `until` or an absorbing end may
  double stopping = 0;      // the most that `stop pays` pays, where the player may always stop
  bool stops = false;
  double horizon = 0;                  // infinite without one
  std::vector<expr::Interval> states;  // where each may be; empty where that is not known

  /// Bounds on V at time t, over the whole domain; infinite where nothing is known.
  expr::Interval at(double t) const;
};

/// Of which V.
struct BoundsOf {
  bool given_policy = false;  // of a policy that need not be the best, nor stay where it is assumed
  bool everywhere = false;    // of a problem whose domain is no part of it (Riccati)
};
Bounds bounds(const model::Model&, const BoundsOf& = {});

/// "V >= 0", in the user's sign; empty where nothing is known.
std::string bounds_text(const model::Model&, expr::Interval);
/// The ranges of the amounts from which the bounds follow, in words.
std::string bounds_reason(const model::Model&, const Bounds&);

}  // namespace hopf::derive
