// The letters of derived equations: V, H, p, m and the others, chosen so that none is a name of the
// model.
#pragma once

#include <string>
#include <vector>

#include "model/model.hpp"

namespace hopf::derive {

/// One letter each for what a derivation speaks of. Each is the usual one where the model leaves it
/// free: a state V makes the value W, a mass m makes the density n.
struct Names {
  std::string value;        // V
  std::string hamiltonian;  // H
  std::string mechanical;   // H_mech, the Legendre transform of the Lagrangian
  std::string function;     // phi, what the generator acts on
  std::string density;      // m, or the model's own
  std::string costate;      // p
  std::string loading;      // q, the costate's noise
  std::string score;        // score
  std::string psi;          // the Hopf-Cole field
  std::string lambda;       // its temperature
  std::string average;      // eta, the long-run average
  std::string step;         // dt of the discrete problem
  std::string normal;       // xi, its standard normals
  std::string quadratic;    // P, with V = 1/2 x'P x + p'x + c
  std::string linear;       // p
  std::string constant;     // c
};

Names choose_names(const model::Model&);

/// A name that no symbol of the model has, starting from `wanted`.
std::string fresh_name(const model::Model&, const std::string& wanted);

}  // namespace hopf::derive
