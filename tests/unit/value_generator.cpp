// The matrix of a solved policy as the generator of a Markov chain, and its transpose as the
// Fokker-Planck operator: what leaves a node arrives at another.
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "derive_models.hpp"
#include "driver/solve_internal.hpp"
#include "test.hpp"

using namespace hopf;
using runtime::SparseMatrix;

namespace {

struct Chain {
  std::unique_ptr<derive_test::Derived> derived;
  plan::Options options;
  driver::Progress progress;
  std::optional<plan::Plan> plan;
  runtime::PointProblem problem;
  std::unique_ptr<runtime::PolicySystem> system;

  Chain(const std::string& text, std::vector<int> grid) : derived(derive_test::derive_one(text)) {
    INFO(derived->messages());
    REQUIRE(derived->equations);
    options.grid = std::move(grid);
    options.method = "fd";
    const driver::SolveTask task{*derived->model, *derived->equations, options, progress,
                                 derived->sink};
    plan = plan::choose(task.model, task.equations, options, task.sink);
    REQUIRE(plan);
    problem = driver::point_problem(task, *plan, driver::hjb_input(task, *plan));
    system = std::make_unique<runtime::PolicySystem>(problem, driver::boundary_rules(plan->grid));
    const auto solution = driver::solve_from_coarse(task, *system, problem, {});
    REQUIRE(solution.failure == runtime::Failure::None);
  }

  SparseMatrix matrix() const {
    SparseMatrix A = system->pattern();
    std::vector<double> b;
    system->assemble({}, A, b);
    return A;
  }
};

double entry(const SparseMatrix& A, std::size_t row, std::size_t column) {
  double sum = 0;
  for (std::int64_t k = A.start[row]; k < A.start[row + 1]; ++k)
    if (A.column[k] == static_cast<std::int32_t>(column)) sum += A.value[k];
  return sum;
}

double largest(const SparseMatrix& A) {
  double result = 0;
  for (const double v : A.value) result = std::max(result, std::abs(v));
  return result;
}

/// Rows of the generator sum to minus the discount; Dirichlet rows stand for absorbed paths.
void check_rows(const Chain& chain, const SparseMatrix& A) {
  for (std::size_t u = 0; u < A.rows(); ++u) {
    double sum = 0;
    for (std::int64_t k = A.start[u]; k < A.start[u + 1]; ++k) sum += A.value[k];
    const double expected = chain.system->fixed(u) ? 1 : chain.system->discount()[u];
    CHECK(std::abs(sum - expected) < 1e-12 * largest(A));
  }
}

/// -F p for the forward equation in conservative form, p' = F p: every weight of the scheme is a
/// flow along one axis from its node to a neighbour; mirrored ends send it back inside.
std::map<std::pair<std::size_t, std::size_t>, double> flows(const Chain& chain) {
  std::map<std::pair<std::size_t, std::size_t>, double> F;
  const runtime::Grid& grid = chain.plan->grid;
  const auto& system = *chain.system;
  for (std::size_t u = 0; u < system.unknowns(); ++u) {
    const std::size_t point = u % system.points(), base = u - point;
    F[{u, u}] += system.discount()[u];
    for (std::size_t k = 0; k < grid.dimension(); ++k) {
      const int count = static_cast<int>(grid.axes[k].nodes.size());
      const int i = static_cast<int>(point / grid.stride(k)) % count;
      for (const int side : {-1, 1}) {
        const double w = system.weight(k, side > 0)[u];
        int to = i + side;
        if (grid.axes[k].periodic()) to = (to + count) % count;
        if (to < 0 || to >= count) to = i - side;
        const std::size_t target = base + point + static_cast<std::size_t>(to) * grid.stride(k) -
                                   static_cast<std::size_t>(i) * grid.stride(k);
        F[{u, u}] += w;
        F[{target, u}] -= w;
      }
    }
  }
  return F;
}

void check_transpose(const Chain& chain, const SparseMatrix& A) {
  const SparseMatrix F = A.transposed();
  const double size = largest(A);
  std::size_t entries = 0;
  for (const auto& [at, value] : flows(chain)) {
    CHECK(std::abs(entry(F, at.first, at.second) - value) < 1e-12 * size);
    entries += value != 0;
  }
  std::size_t nonzero = 0;
  for (const double v : F.value) nonzero += v != 0;
  CHECK(entries == nonzero);
}

/// The stationary density of the chain: F p = 0 by inverse iteration, sum p = 1.
std::vector<double> stationary(const Chain& chain) {
  const double shift = 1e-3;
  SparseMatrix A = chain.matrix();
  for (std::size_t u = 0; u < A.rows(); ++u) {
    for (std::int64_t k = A.start[u]; k < A.start[u + 1]; ++k)
      if (A.column[k] == static_cast<std::int32_t>(u))
        A.value[k] += shift - chain.system->discount()[u];
  }
  const SparseMatrix F = A.transposed();
  std::vector<double> p(A.rows(), 1.0 / static_cast<double>(A.rows())), next = p, b(A.rows());
  runtime::LinearSolver solver = chain.system->linear_solver();
  for (int round = 0; round < 6; ++round) {
    for (std::size_t u = 0; u < b.size(); ++u) b[u] = shift * p[u];
    REQUIRE(solver.solve(F, b, next, 1e-12).ok);
    p = next;
  }
  return p;
}

}  // namespace

TEST_CASE(
    "rows of a policy's generator sum to the discount, whatever the ends, noise and regimes") {
  const char* models[] = {
      R"(model m { state x in [-1, 1] extrapolate  control u  noise w
        dx = (u - x)*dt + 0.3*dw  lagrangian x^2 + u^2  discount 0.2 })",
      R"(model m { state x in [0.1, 10] extrapolate  control u in [0, 1]  noise w
        dx = 0.05*u*x*dt + 0.3*u*x*dw  reward sqrt(x)  discount 0.2 })",
      R"(model m { state x in [-1, 1] absorb(0), y in [-1, 1] extrapolate  control u in [-1, 1]
        noise w[2] correlated [[1, 0.6], [0.6, 1]];  dx = u*dt + 0.5*dw[1];  dy = -y*dt + 0.4*dw[2]
        lagrangian x^2 + y^2  discount 0.5 })",
      R"(model m { regime j in 1..2 rates [[-1, 1], [2, -2]]  param z = [0.1, 0.3]
        state x in [-1, 1] constrain  control u in [-1, 1];  dx = (u + z[j]*x)*dt
        lagrangian (x - 0.2)^2 + u^2  discount 0.3 })",
      R"(model m { state x in [-1, 1] extrapolate, y in [-1, 1] reflect, h in [-pi, pi] periodic
        control u in [-1, 1]  noise w;  dx = cos(h)*dt;  dy = sin(h)*dt;  dh = u*dt + 0.3*dw
        lagrangian x^2 + y^2  discount 1 })"};
  for (const char* model : models) {
    const Chain chain(model, {13});
    check_rows(chain, chain.matrix());
  }
}

TEST_CASE("the transpose of a solved policy's generator is the Fokker-Planck operator") {
  const char* models[] = {
      R"(model m { state x in [-1, 1] reflect  control u in [-1, 1]  noise w
        dx = (u - x)*dt + (0.3 + 0.1*x^2)*dw  lagrangian x^2 + u^2  discount 0.2 })",
      R"(model m { state x in [-1, 1] reflect, h in [-pi, pi] periodic  control u in [-1, 1]
        noise w[2];  dx = cos(h)*dt + 0.1*dw[1];  dh = u*dt + 0.3*dw[2]
        lagrangian x^2 + u^2  discount 0.5 })",
      R"(model m { state x in [-1, 1] reflect, y in [-1, 1] reflect, h in [-pi, pi] periodic
        control u in [-1, 1]  noise w;  dx = cos(h)*dt;  dy = sin(h)*dt;  dh = u*dt + 0.3*dw
        lagrangian x^2 + y^2  discount 1 })"};
  for (const char* model : models) {
    const Chain chain(model, {11});
    check_transpose(chain, chain.matrix());
  }
}

TEST_CASE("the stationary density of the regulated state has the exact variance, to second order") {
  const std::string text = R"(model s1 { state X in [-1, 1] extrapolate  control a  noise w
    dX = (-0.5*X + a)*dt + 0.3*dw  reward -(X^2 + 0.1*a^2)/2  discount 0.1 })";
  std::vector<double> errors;
  for (const int nodes : {101, 201, 401, 801}) {
    const Chain chain(text, {nodes});
    const std::vector<double> p = stationary(chain);
    double mass = 0, variance = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double x = chain.plan->grid.axes[0].nodes[i];
      mass += p[i];
      variance += p[i] * x * x;
      CHECK(p[i] > -1e-9);
    }
    CHECK(std::abs(mass - 1) < 1e-8);  // rounding over the shift
    errors.push_back(std::abs(variance / mass - 0.014241629573916));
  }
  CHECK(errors.back() < 1e-5);
  // Central differences in flux form give the variance of this linear drift exactly.
  if (errors.front() > 1e-9) CHECK(std::log2(errors.front() / errors.back()) / 3 > 1.8);
}
