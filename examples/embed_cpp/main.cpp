// Hopf inside a C++ program: compile a model from a string, solve it, ask for its value and its
// policy.
#include <cmath>
#include <hopf/hopf.hpp>
#include <iostream>

int main() {
  hopf::Session session;
  const auto model = session.compile(R"(
    /// Keep x near zero at the least effort.
    model regulator {
      state x in [-2, 2]
      control u
      noise w
      dx = u*dt + 0.3*dw
      lagrangian x^2 + u^2
      discount 0.1
    })");
  const auto V = model ? session.solve(*model) : std::nullopt;
  if (!V) {
    std::cerr << session.diagnostics_text();
    return 1;
  }
  std::cout << "V(0.5) = " << V->value({0.5}) << ", u(0.5) = " << V->policy({0.5})[0] << "\n"
            << V->report();

  // The Riccati equation P^2 + rho P - 1 = 0 gives V = P x^2 + 0.09 P/rho and u = -P x.
  const double P = (std::sqrt(0.1 * 0.1 + 4) - 0.1) / 2;
  const bool good = std::abs(V->value({0.5}) - (0.25 * P + 0.09 * P / 0.1)) < 1e-9 &&
                    std::abs(V->policy({0.5})[0] + 0.5 * P) < 1e-9;
  return good ? 0 : 1;
}
