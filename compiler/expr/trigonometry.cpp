#include "expr/trigonometry.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "expr/store_impl.hpp"

namespace hopf::expr {

namespace {

/// What a pair of terms is together.
struct Fold {
  ExprId partner, sum;
};

struct Square {
  Op square, partner;
  int sign;  // square^2 + sign*partner^2 = 1
};

constexpr Square kSquares[] = {
    {Op::Sin, Op::Cos, 1}, {Op::Cos, Op::Sin, 1}, {Op::Cosh, Op::Sinh, -1}};

constexpr std::size_t kMostCalls = 6;  // of a term that are paired: their pairs are its partners

class Folder {
 public:
  Folder(Store& store, ExprId sum)
      : store_(store),
        terms_(store.args(sum).begin(), store.args(sum).end()),
        present_(terms_.begin(), terms_.end()) {}

  /// Terms wait in line; what a pair becomes is a term again.
  ExprId operator()() {
    bool changed = false;
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      const ExprId term = terms_[i];
      if (!present_.contains(term)) continue;
      const auto fold = match(term);
      if (!fold) continue;
      changed = true;
      present_.erase(term);
      present_.erase(fold->partner);
      // A sum, or a multiple of what is there already, is for the next round of `simplify`.
      if (present_.contains(fold->sum))
        rest_.push_back(fold->sum);
      else
        present_.insert(fold->sum);
      terms_.push_back(fold->sum);
    }
    if (!changed) return ExprId();
    for (const ExprId term : terms_) {
      if (present_.erase(term) > 0) rest_.push_back(term);
    }
    return store_.add(rest_);
  }

 private:
  std::optional<Fold> match(ExprId term) {
    if (store_.op(term) != Op::Mul && store_.op(term) != Op::Pow) return std::nullopt;
    std::vector<ExprId> factors{term};
    if (store_.op(term) == Op::Mul)
      factors.assign(store_.args(term).begin(), store_.args(term).end());
    std::vector<ExprId> calls;
    for (const ExprId factor : factors) {
      const ExprId call = call_of(factor);
      if (!call.valid()) continue;
      if (factor != call) {
        if (const auto fold = squares(term, call)) return fold;
      }
      for (const ExprId other : calls) {
        if (const auto fold = angles(term, other, call)) return fold;
      }
      if (is_circular(call)) calls.push_back(call);
      if (calls.size() == kMostCalls) break;
    }
    return std::nullopt;
  }

  bool is_circular(ExprId call) const {
    return store_.op(call) == Op::Sin || store_.op(call) == Op::Cos;
  }

  /// sin(a) of sin(a) and of sin(a)^n with n a whole number above 1, likewise for the others.
  ExprId call_of(ExprId factor) const {
    ExprId base = factor;
    if (store_.op(factor) == Op::Pow) {
      const auto n = store_.rational_value(store_.args(factor)[1]);
      if (!n || n->den != 1 || n->num < 2) return ExprId();
      base = store_.args(factor)[0];
    }
    const bool known =
        is_circular(base) || store_.op(base) == Op::Cosh || store_.op(base) == Op::Sinh;
    return known ? base : ExprId();
  }

  /// rest*sin(a)^2 with rest*cos(a)^2, or with -rest.
  std::optional<Fold> squares(ExprId term, ExprId call) {
    for (const Square& identity : kSquares) {
      if (store_.op(call) != identity.square) continue;
      const ExprId two = store_.integer(2);
      const ExprId rest = store_.div(term, store_.pow(call, two));
      const ExprId other = store_.pow(store_.apply(identity.partner, {store_.args(call)[0]}), two);
      const ExprId partner = store_.mul(std::array{store_.integer(identity.sign), rest, other});
      if (present_.contains(partner)) return Fold{partner, rest};
      // rest - rest*sin^2 = rest*cos^2.
      const ExprId opposite = store_.neg(rest);
      if (present_.contains(opposite)) return Fold{opposite, store_.neg(partner)};
    }
    return std::nullopt;
  }

  /// rest*f(a)*g(b) with rest*f'(a)*g'(b), where ' changes sine and cosine.
  std::optional<Fold> angles(ExprId term, ExprId first, ExprId second) {
    if (!is_circular(first) || !is_circular(second)) return std::nullopt;
    const ExprId a = store_.args(first)[0], b = store_.args(second)[0];
    if (a == b) return std::nullopt;
    const ExprId rest = store_.div(term, store_.mul(first, second));
    const ExprId other = store_.mul(std::array{rest, changed(first, a), changed(second, b)});
    const bool alike = store_.op(first) == store_.op(second);
    for (const bool same_sign : {true, false}) {
      const ExprId partner = same_sign ? other : store_.neg(other);
      if (!present_.contains(partner)) continue;
      if (!alike) {  // sin a cos b + cos a sin b = sin(a + b)
        const bool sine_first = store_.op(first) == Op::Sin;
        const ExprId x = sine_first ? a : b, y = sine_first ? b : a;
        const ExprId angle = same_sign ? store_.add(x, y) : store_.sub(x, y);
        return Fold{partner, store_.mul(rest, store_.apply(Op::Sin, {angle}))};
      }
      // cos a cos b + sin a sin b = cos(a - b); sin a sin b - cos a cos b = -cos(a + b)
      const ExprId angle = same_sign ? store_.sub(a, b) : store_.add(a, b);
      const ExprId folded = store_.mul(rest, store_.apply(Op::Cos, {angle}));
      const bool turned = !same_sign && store_.op(first) == Op::Sin;
      return Fold{partner, turned ? store_.neg(folded) : folded};
    }
    return std::nullopt;
  }

  ExprId changed(ExprId call, ExprId angle) {
    return store_.apply(store_.op(call) == Op::Sin ? Op::Cos : Op::Sin, {angle});
  }

  Store& store_;
  std::vector<ExprId> terms_;
  std::unordered_set<ExprId> present_;
  std::vector<ExprId> rest_;
};

}  // namespace

ExprId fold_trigonometry(Store& store, ExprId sum) {
  if (store.op(sum) != Op::Add) return sum;
  const ExprId folded = Folder(store, sum)();
  return folded.valid() ? folded : sum;
}

}  // namespace hopf::expr
