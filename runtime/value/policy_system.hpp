// The discrete HJB equation of a PointProblem: its coefficients at every node, their improvement,
// and the matrix.
//
// At node i in regime j, for the shift s of a time step (0 for a stationary problem; it may differ
// from node to node) and its source g (from earlier times):
//   (s + rho) V_i = min_u { L(u) + sum_k w_k(u) (V_k - V_i) } + sum_q r_jq (V_iq - V_ij) + g_i
// Unknown j*points + i; rows with a Dirichlet value (absorb, until, stop) say V_i = value.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/parallel.hpp"
#include "value/point_problem.hpp"
#include "value/policy_search.hpp"
#include "value/sparse.hpp"
#include "value/stencil.hpp"

namespace hopf::runtime {

/// What a step in time adds to the equation of every unknown: s and g above, empty for none.
struct TimeTerms {
  std::span<const double> shift, source;
  double s(std::size_t u) const { return shift.empty() ? 0.0 : shift[u]; }
  double g(std::size_t u) const { return source.empty() ? 0.0 : source[u]; }
};

class PolicySystem {
 public:
  /// `rules` are the boundaries to apply, normally those of the grid's axes; `degree` is that of
  /// the continuation beyond open ends.
  PolicySystem(const PointProblem&, std::vector<Boundary> rules, int threads = 1,
               int degree = kContinuation);

  std::size_t points() const { return points_; }
  std::size_t unknowns() const { return points_ * regimes_; }
  /// Evaluates what depends on time only (and, at first, everything that is fixed).
  void set_time(double t);

  /// Best controls and the coefficients that belong to them, given V; the old controls are
  /// candidates too.
  void improve(std::span<const double> V);
  /// Coefficients of the present controls.
  void apply(std::span<const double> V);
  /// Keeps the present controls within [-limit, limit].
  void restrain(std::span<const double> V, double limit);
  /// With `stop pays`: stops where that is better than going on, given V, s and g. Returns the
  /// nodes that changed.
  std::size_t choose_stops(std::span<const double> V, const TimeTerms&);
  /// From now on no node stops.
  void forget_stops();

  /// The matrix of the present chain that dies at rate `killing`, where fixed nodes and targets
  /// give paid(value) and others gain `source`: killing_i y_i = sum_k w_k (y_k - y_i) + source_i.
  void assemble_killed(std::span<const double> killing, std::span<const double> source,
                       const std::function<double(double)>& paid, SparseMatrix& A,
                       std::vector<double>& b) const;
  /// s, g -> matrix and right-hand side of the present policy.
  void assemble(const TimeTerms&, SparseMatrix& A, std::vector<double>& b) const;
  SparseMatrix pattern() const;
  /// H + coupling + g - (s + rho) V at every unknown; 0 on Dirichlet rows.
  void residual(std::span<const double> V, const TimeTerms&, std::span<double> out) const;
  /// The operator F(V) = H + coupling - rho V of the present coefficients.
  void rate_of_change(std::span<const double> V, std::span<double> out) const {
    residual(V, {}, out);
  }

  std::vector<std::vector<double>>& controls() { return controls_; }
  const std::vector<std::vector<double>>& controls() const { return controls_; }
  std::span<const double> hamiltonian() const { return H_; }
  std::span<const double> cost() const { return L_; }
  std::span<const double> discount() const { return rho_; }
  std::span<const double> weight(std::size_t axis, bool upper) const {
    return w_[2 * axis + (upper ? 1 : 0)];
  }
  std::span<const double> pair_weight(std::size_t pair, std::size_t k) const {
    return pair_w_[4 * pair + k];
  }
  const std::vector<double>& terminal() const { return terminal_; }
  /// V is given there at this time, by an absorbing end or the set of 'until'.
  bool given(std::size_t unknown) const { return fixed_[unknown] || lost(unknown); }
  /// What is paid at this time, at nodes where V is given and where edges enter the set of `until`.
  std::vector<double> payments() const;
  /// At some time so far the grid met the set of `until`.
  bool meets_target() const { return meets_target_; }
  /// Unknowns in it at this time.
  std::size_t target_nodes() const {
    return static_cast<std::size_t>(std::count(inside_.begin(), inside_.end(), 1));
  }
  /// What stopping costs at every unknown; empty without 'stop pays'.
  std::span<const double> stop_value() const { return stop_value_; }
  bool fixed(std::size_t unknown) const {
    return fixed_[unknown] || stopped_[unknown] || pinned_[unknown] || lost(unknown);
  }
  /// From now on V is `value` at this unknown, and its controls stay.
  void pin(std::size_t unknown, double value);
  void release_pins();
  /// From now on no path goes to these unknowns, from which no control keeps the state inside: rows
  /// drop what leads there, and controls avoid it as far as they can. V stays there as it is.
  /// `share`, or nothing for 1, is that of the chain's paths that stay inside: others are left out,
  /// and controls stay where there are some.
  void lose(const std::vector<char>& lost, std::span<const double> share,
            std::span<const double> V);
  /// Finds ends at which only a control of infinite cost stays, by the controls that the system has
  /// there, for good, and returns their unknowns. Without a horizon `improve` then knows what the
  /// nodes beside them are worth.
  std::vector<std::size_t> find_singular_ends();
  /// One control where it stays.
  void keep_controls(std::size_t control, const std::vector<double>& values) {
    for (const std::size_t u : kept_) controls_[control][u] = values[u];
  }
  bool lost(std::size_t unknown) const { return !lost_.empty() && lost_[unknown]; }
  /// The largest rate, relative to all of them, at which some path would still go there.
  double drawn(std::size_t unknown) const;
  /// Rate mu of Kruzkov's transform, in which `improve` compares: a difference d of V counts as
  /// (1 - e^(-mu d))/mu, so that V may be infinite. 0: none.
  void set_bending(double mu) { bending_ = mu; }
  /// Even the best control drifts out through an end where the model says that the state stays, and
  /// no noise, which is reflected, acts there.
  bool leaves(std::size_t unknown) const;
  double fixed_value(std::size_t unknown) const { return fixed_value_[unknown]; }
  /// Nodes where correlated noise was too degenerate for directions within reach.
  std::size_t inexact_splittings() const { return inexact_; }
  /// For the matrices of this system, with its order of elimination and its threads.
  LinearSolver linear_solver();
  /// Nodes along all axes.
  std::size_t steps_across() const;
  /// About what it costs to cross the grid, at `cost` for a unit of time: the median cost of a step
  /// of the chain, of those that cost, times the nodes along all axes; 1 where none costs.
  double crossing(std::span<const double> cost) const;
  /// How `improve` treats the continuation at open ends: while V is rough it keeps to powers on
  /// axes in geometric progression; then it chooses the kind by the cost; once settled it may only
  /// lose degrees, so that an iteration can come to rest.
  enum class Ends : std::uint8_t { Rough, Choosing, Settled };
  Ends ends_stage() const { return stage_; }
  void set_ends_stage(Ends stage) { stage_ = stage; }
  /// The time step's share of the discount, s above.
  void set_shift(double shift) { shift_ = shift; }
  bool has_open_ends() const { return !ends_.empty(); }
  /// Open ends where the state grows almost as fast as is discounted, so that the degree of the
  /// continuation was lowered.
  std::size_t lowered_ends() const;
  /// The row reaches beyond an open end.
  bool continues(std::size_t unknown) const;

 private:
  std::vector<std::int32_t> elimination_order() const;
  struct Neighbour {
    std::int32_t node;
    double weight;
  };  // a weight of the diffusion that was split beforehand
  void prepare_axes();
  void prepare_conditions();
  /// An edge that enters the set of `until`: it ends where the set begins, with the pay there.
  struct Cut {
    std::size_t unknown, neighbour;
    std::size_t side;  // 2 axis + 1 for the upper one
    double share;      // of the edge, up to the set
    double value;
  };
  struct Ending {
    bool inside;
    double pay;
  };
  Ending ending_on(const Cut&, double share) const;
  Ending ending_at(std::span<const double> x, std::size_t regime) const;
  std::optional<std::size_t> beside(std::size_t point, std::size_t side) const;
  void prepare_cuts();
  struct Bracket {  // of an edge, in shares of it
    double outside, inside;
  };
  using Brackets = std::vector<std::vector<std::array<unsigned char, 2>>>;
  Brackets sample_edges();
  Cut cut_edge(Cut, Bracket) const;
  void pay_cuts();
  bool find_cuts(const Brackets&);
  void cut_gradients(std::span<const double> field, std::size_t regime);
  void avoid_lost(double size, std::size_t regime);
  struct SingularEnd {
    std::size_t node, inner, second;  // unknowns, from the end inward
    std::size_t axis;
    bool upper;
    std::vector<double> stay;  // the controls that do
    std::vector<double> seen;  // direction of the second node's controls then
  };
  struct Along {
    double cost, discount, drift;
  };
  std::vector<Along> along(std::size_t unknown, std::size_t axis, std::span<const double> x,
                           const std::vector<std::vector<double>>& controls) const;
  std::vector<double> staying_controls(const SingularEnd&) const;
  double cost_of_rest(const std::vector<Along>& path, double k) const;
  double cost_toward(const SingularEnd&, double factor) const;
  void value_singular_end(SingularEnd&);
  void value_singular_ends();
  void list_kept();
  void bend_gradients();
  double spacing(std::size_t side, std::size_t point, std::size_t regime) const;
  template <class Diagonal, class Gain, class Paid>
  void fill(SparseMatrix& A, std::vector<double>& b, Diagonal diagonal, Gain gain, Paid paid) const;
  void prepare_diffusion();
  void split_point(std::size_t point, std::span<const double> covariance,
                   std::vector<Neighbour>& out);
  void prepare_pattern();
  struct Continued {  // beyond an open end
    bool power;
    int degree;
    double fading = 0;  // V is a constant plus a multiple of x to this power; 0: it is not
  };
  void prepare_weights(std::span<const double> V, const std::vector<PointFunction>&,
                       bool with_controls);
  /// Chooses how V continues at the open ends under the present policy; without V where there is
  /// none yet.
  void continue_ends(std::span<const double> V);
  struct Motion {  // drift and noise at the last nodes of an axis
    std::array<double, 3> x, f, a;
    bool central = true;
  };
  Motion motion(const OpenEnd&, std::size_t regime) const;
  std::array<double, 2> powers_of_value(const OpenEnd&, std::size_t regime,
                                        std::span<const double> V) const;
  std::array<double, 2> powers_of_cost(const OpenEnd&, std::size_t regime) const;
  void prepare_ends();
  static constexpr std::size_t kFixedEntries = 5;  // of a block: x, h-, h+, at_lower, at_upper
  static constexpr int kReach = 4;           // of the directions of correlated noise, in nodes
  static constexpr std::size_t kFitted = 4;  // nodes that tell a power from a parabola
  std::array<double, kFitted> last_values(const OpenEnd&, std::span<const double> field) const;
  bool parabolic(const OpenEnd&, std::size_t regime) const;
  int safe_degree(const OpenEnd&, std::size_t regime) const;
  double fading_power(const OpenEnd&, std::size_t regime) const;
  void write_end(const OpenEnd&, std::size_t regime, std::span<const double> V, const Continued&);
  void gradients(std::span<const double> V, std::size_t regime);
  /// Calls a point function on nodes begin .. begin+count-1 of one row; `out` are its outputs'
  /// arrays for the row.
  struct Piece {
    std::size_t row, begin, count;
  };
  void call(const PointFunction&, const Piece&, std::size_t regime, std::vector<void*>& out) const;
  /// Calls `body` for all pieces, several threads at a time.
  void for_pieces(const std::function<void(const Piece&)>& body);
  void call_everywhere(const PointFunction&, std::size_t regime,
                       const std::vector<std::vector<double>*>& outputs);
  std::vector<std::vector<double>*> coefficient_outputs(bool with_controls);
  void pass(std::span<const double> V, const std::vector<PointFunction>& functions,
            bool with_controls);
  template <class Visit>
  void for_weights(std::size_t unknown, Visit visit) const;
  void search(std::span<const double> V);
  double coupling(std::span<const double> V, std::size_t unknown) const;

  const PointProblem& problem_;
  std::vector<Boundary> rules_;
  int degree_;
  std::unique_ptr<ThreadPool> pool_;
  PolicySearch search_;
  std::size_t points_, regimes_, dimension_, row_, rows_;
  double t_ = 0;
  unsigned searches_ = 0;  // since the time was set
  bool prepared_ = false;
  Stencil axes_stencil_, pair_stencil_;
  std::vector<std::vector<std::vector<double>>>
      blocks_;                                 // [axis][entry][node]: x, h-, h+, flags, tables
  std::vector<std::vector<double>> p_;         // p-, p+ of each axis for one regime
  std::vector<std::vector<double>> pair_d_;    // four differences of each pair, one regime
  std::vector<std::vector<double>> given_a_;   // a_kk left for the axes after splitting
  std::vector<std::vector<Neighbour>> split_;  // per point
  std::vector<std::vector<double>> controls_, w_, pair_w_, rates_;
  std::vector<double> H_, L_, rho_, terminal_, fixed_value_, stop_value_;
  std::vector<char> fixed_, stopped_, inside_, pinned_;
  std::vector<std::size_t> pins_, kept_;  // kept_: all whose controls stay
  std::vector<char> lost_;                // or empty
  std::vector<double> staying_;           // the share of paths that stay inside, or empty
  struct Toward {                         // a neighbour whose share is another
    std::size_t unknown, side;
    double factor;
  };
  std::vector<Toward> toward_, pair_toward_;
  /// Of a weight, in the chain of the paths that stay inside (Doob 1957): no path is held up.
  double factor(std::size_t unknown, std::size_t other) const {
    if (lost_.empty()) return 1;
    return lost_[other] ? 0 : staying_.empty() ? 1 : staying_[other] / staying_[unknown];
  }
  bool avoiding_ = false;
  std::vector<SingularEnd> singular_;
  std::vector<Cut> cuts_;                      // by unknown
  std::vector<Cut> on_edge_;                   // from nodes that lie on the target's edge
  std::vector<std::vector<double>> spacings_;  // h-, h+ of each axis at every unknown, where cut
  Brackets samples_;
  bool meets_target_ = false;
  double bending_ = 0;
  SparseMatrix pattern_;
  std::vector<std::int32_t> slots_;  // in the order in which for_weights visits
  std::vector<std::int64_t> slot_start_;
  std::size_t inexact_ = 0;
  std::vector<Continued> ends_;  // [regime * open ends + end]
  Ends stage_ = Ends::Rough;
  bool weighted_ = false;  // the weights are those of some policy
  double shift_ = 0;
};

}  // namespace hopf::runtime
