// The models that the language was designed around; each must go on checking.
#pragma once

namespace hopf::test {

inline constexpr const char* kModels[][2] = {
    {"pendulum", R"hopf(/// Torque-limited swing-up of a noisy pendulum.
model pendulum {
  param   m: kg = 1, l: m = 1, g: m/s^2 = 9.81, b: kg*m^2/s = 0.1, sigma = 0.5
  state   theta: rad   in [-pi, pi] periodic
  state   omega: rad/s in [-8, 8]   extrapolate
  control tau: N*m     in [-2, 2]
  noise   w

  dtheta = omega*dt
  domega = (g/l*sin(theta) + (tau - b*omega)/(m*l^2))*dt + sigma*dw

  lagrangian 10*(1 - cos(theta)) + 0.1*omega^2 + 0.01*tau^2
  discount   0.5
}
)hopf"},
    {"merton", R"hopf(/// Merton: invest a fraction, consume a rate; CRRA utility.
model merton {
  param r = 0.03, mu = 0.08, sigma = 0.2, gamma = 2, rho = 0.05
  state x in [0.05, 20]
  control k in [0, 3]                 // fraction in the risky asset
  control c in [0.001, 5]             // consumption rate per unit of wealth
  noise w
  dx = x*(r + k*(mu - r) - c)*dt + k*sigma*x*dw
  reward (c*x)^(1 - gamma)/(1 - gamma)
  discount rho
}
)hopf"},
    {"lqr", R"hopf(/// Linear-quadratic regulator with matrices.
model lqr {
  param A = [[0, 1], [0, 0]], B = [[0], [1]], Q = eye(2), R = [[1]], S = 0.1*eye(2)
  state x[2] in [-2, 2]
  control u[1]
  noise w[2]
  dx = (A*x + B*u)*dt + S*dw
  lagrangian dot(x, Q*x) + dot(u, R*u)
  discount 0.1
}
)hopf"},
    {"dubins", R"hopf(/// Zermelo / minimum time to a disc.
model dubins {
  param v = 1, turn = 1
  state x in [-2, 2], y in [-2, 2]
  state theta in [-pi, pi] periodic
  control u in [-turn, turn]
  x' = v*cos(theta)
  y' = v*sin(theta)
  theta' = u
  lagrangian 1
  until x^2 + y^2 <= 0.25 pay 0
}
)hopf"},
    {"air3d", R"hopf(/// Air3D: pursuit-evasion in relative coordinates; V <= 0 is the capture tube.
model air3d {
  param ve = 5, vp = 5
  state x in [-6, 20], y in [-10, 10]
  state psi in [0, 2*pi] periodic
  control b in [-1, 1]                // pursuer: minimises the distance, and may stop the clock
  disturbance a in [-1, 1]            // evader: maximises it
  x'   = -ve + vp*cos(psi) + a*y
  y'   = vp*sin(psi) - a*x
  psi' = b - a
  lagrangian 0
  terminal   sqrt(x^2 + y^2) - 5
  stop pays  sqrt(x^2 + y^2) - 5
  horizon 2.8
}
)hopf"},
    {"oscillator", R"hopf(/// Classical mechanics: velocity is the control, the Lagrangian is T - U.
model oscillator {
  param m = 1, k = 1
  state q
  control v
  dq = v*dt
  lagrangian 0.5*m*v^2 - 0.5*k*q^2
  horizon 1
}
)hopf"},
    {"put", R"hopf(/// American put.
model put {
  param r = 0.05, sigma = 0.2, K = 100
  state S in [0, 400]
  noise w
  dS = r*S*dt + sigma*S*dw
  terminal max(K - S, 0)
  stop pays max(K - S, 0)
  reward 0
  discount r
  horizon 1
}
)hopf"},
    {"vp",
     R"hopf(/// Variance-preserving diffusion; the score is the optimal control of its reversal.
model vp {
  param beta0 = 0.1, beta1 = 20, n = 2
  state x[n]
  noise w[n]
  let beta = beta0 + t*(beta1 - beta0)
  dx = -0.5*beta*x*dt + sqrt(beta)*dw
  horizon 1
}
)hopf"},
    {"bridge",
     R"hopf(/// Schrödinger bridge (eps > 0) or Benamou–Brenier optimal transport (eps = 0).
model bridge {
  param eps = 0.1
  state x[2] in [-3, 3]
  control v[2]
  noise w[2]
  dx = v*dt + sqrt(eps)*dw
  lagrangian 0.5*norm2(v)
  initial gaussian([-1, 0], 0.1*eye(2))
  final   gaussian([1, 0], 0.2*eye(2))
  horizon 1
}
)hopf"},
};

}  // namespace hopf::test
