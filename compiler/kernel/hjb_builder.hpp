// What builds the kernels of one HJB equation: shared by the files hjb_*.cpp.
#pragma once

#include <string>
#include <vector>

#include "kernel/hjb_kernels.hpp"

namespace hopf::kernel {

inline constexpr double kLargest = 1e299;  // Hamiltonians beyond count as infinite

/// Symbols of one axis' block and differences.
struct AxisSymbols {
  expr::ExprId x, lower, upper, at_lower, at_upper, backward, forward, given;
};

struct Weights {
  std::vector<expr::ExprId> axis;  // w-, w+ per axis
  std::vector<expr::ExprId> pair;  // four per pair
};

class HjbBuilder {
 public:
  HjbBuilder(expr::Store& store, const HjbInput& input)
      : s_(store), in_(input), n_(input.axes.size()) {
    make_symbols();
  }

  HjbKernels build();

 private:
  using ExprId = expr::ExprId;
  using SymbolId = expr::SymbolId;
  using Substitution = expr::Substitution;
  using From = InputBinding::From;
  using Controls = std::vector<ExprId>;
  struct Best {
    Controls u;
    ExprId leaving, score;  // how far it violates the ends, and the Hamiltonian
  };

  ExprId named(const std::string& name, std::size_t k) {
    return s_.symbol("hjb." + name + "." + std::to_string(k));
  }
  ExprId num(double v) { return s_.number(v); }
  void make_symbols();
  void make_regime(int j);
  std::vector<InputBinding> bindings();
  void bind_block(std::vector<InputBinding>&, std::size_t axis, From from, std::uint32_t& slot);
  ExprId at(ExprId e, const Controls& u);
  ExprId axis_diffusion(std::size_t k, const Controls& u);
  Weights weights(const Controls& u);
  void pair_weights(const Controls& u, std::vector<ExprId>& reduction, Weights& out);
  ExprId hamiltonian(const Controls& u, const Weights& w);
  ExprId leaving(const Controls& u);
  ExprId penalised(const Controls& u);
  ExprId finite_or(const ExprId& total);
  ExprId score(const Controls& u);
  void offer(Best& best, const Controls& u, bool wins_ties = false);
  ExprId difference_at(std::size_t k, int side);
  Substitution differences(const std::vector<int>& choice);
  std::vector<std::vector<int>> law_points();
  void offer_laws(Best& best);
  void offer_parts(Best& best);
  void offer_binding(Best& best);
  bool ends_bind() const;
  void offer_switches(Best& best);
  std::optional<Controls> with_zero(const Controls& u, ExprId function, std::size_t control,
                                    ExprId target);
  void offer_rest(Best& best);
  void offer_zeros(Best& best, ExprId function, std::size_t control,
                   const std::vector<ExprId>& targets);
  void offer_finite(Best& best);
  void offer_balls(Best& best);
  std::vector<ExprId> switch_drifts(std::size_t k);
  Best minimise();
  bool depends_on_controls(ExprId e) const;
  Spec spec(const std::string& name, std::vector<ExprId> outputs);
  std::vector<ExprId> coefficients(const Controls& u);
  std::vector<ExprId> condition_outputs();
  Spec improvement(const std::string& name);
  void add_held(HjbKernels& result, const std::string& suffix);
  void add_tables(HjbKernels& result);

  expr::Store& s_;
  const HjbInput& in_;
  std::size_t n_;
  std::vector<AxisSymbols> axes_;
  std::vector<ExprId> pair_d_;
  Controls old_;
  AxisTables tables_;
  int regime_ = 1;
  bool holding_ = false;  // the ends that are `held`
  // The model in the present regime, with tables in place.
  std::vector<ExprId> drift_, diffusion_, covariance_, rates_;
  ExprId cost_, discount_;
  std::vector<HjbLaw> laws_;
  Controls policy_;
};

}  // namespace hopf::kernel
