#include "value/fronts.hpp"

#include <amd.h>

#include <algorithm>
#include <atomic>

#include "value/dense_front.hpp"

namespace hopf::runtime {

namespace {

// Zeros that are stored for the sake of larger fronts: this share of a front's pivot rows, and
// always that many.
constexpr double kMostZeros = 0.15;
constexpr std::size_t kFewZeros = 24;

constexpr double kLargestSubtree = 1.0 / 32;  // of all work
constexpr std::size_t kWorthThreads = 4000;   // rows

}  // namespace

bool FrontalFactor::analysed(const SparseMatrix& A) const {
  return !fronts_.empty() && A.start == start_ && A.column == column_;
}

bool FrontalFactor::factorise(const SparseMatrix& A) {
  if (!analysed(A) && !analyse(A)) return false;
  remainders_.assign(fronts_.size(), {});
  std::atomic<bool> good = true;
  const auto all = [&](const std::vector<std::int32_t>& list) {
    std::vector<double> dense;
    for (const std::int32_t f : list)
      if (!good || !eliminate(fronts_[f], A.value, dense)) good = false;
  };
  for_subtrees(all);
  all(top_);
  return good;
}

bool FrontalFactor::analyse(const SparseMatrix& A) {
  start_ = A.start;
  column_ = A.column;
  const std::size_t n = A.rows();
  const std::vector<int> start(A.start.begin(), A.start.end());
  order_.resize(n);
  place_.resize(n);
  if (amd_order(static_cast<int>(n), start.data(), A.column.data(), order_.data(), nullptr,
                nullptr) < AMD_OK)
    return false;
  for (std::size_t k = 0; k < n; ++k) place_[order_[k]] = static_cast<std::int32_t>(k);
  fronts_.clear();
  gather_columns(fill(A));
  link_parents();
  place_entries(A);
  cut_tree();
  work_.resize(n);
  return true;
}

// The rows below the diagonal of every column of the factors: those of the column in A + A', and
// those of its children in the elimination tree. A column's parent is the first of its rows.
FrontalFactor::Structure FrontalFactor::fill(const SparseMatrix& A) const {
  Structure below(A.rows());
  for (std::size_t row = 0; row < A.rows(); ++row) {
    for (std::int64_t k = A.start[row]; k < A.start[row + 1]; ++k) {
      const auto [first, last] = std::minmax(place_[row], place_[A.column[k]]);
      if (first != last) below[first].push_back(last);
    }
  }
  Structure children(A.rows());
  std::vector<std::int32_t> merged;
  for (std::size_t j = 0; j < below.size(); ++j) {
    auto& rows = below[j];
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    for (const std::int32_t child : children[j]) {
      merged.clear();
      std::set_union(rows.begin(), rows.end(), below[child].begin() + 1, below[child].end(),
                     std::back_inserter(merged));
      rows.swap(merged);
    }
    if (!rows.empty()) children[rows.front()].push_back(static_cast<std::int32_t>(j));
  }
  return below;
}

// Consecutive columns of one path of the tree share a front where that stores few zeros.
void FrontalFactor::gather_columns(const Structure& below) {
  const std::size_t n = below.size();
  front_of_.resize(n);
  for (std::size_t j = 0; j < n;) {
    Front front;
    front.first = static_cast<std::int32_t>(j);
    std::size_t last = j, zeros = 0;
    while (last + 1 < n && !below[last].empty() &&
           below[last].front() == static_cast<std::int32_t>(last + 1)) {
      const std::size_t pivots = last + 1 - j, more = below[last + 1].size() + 1;
      const std::size_t added = pivots * (more - below[last].size());
      const double room = kMostZeros * static_cast<double>((pivots + 1) * (more + pivots));
      if (zeros + added > kFewZeros && static_cast<double>(zeros + added) > room) break;
      zeros += added;
      ++last;
    }
    for (std::size_t c = j; c <= last; ++c) {
      front.rows.push_back(static_cast<std::int32_t>(c));
      front_of_[c] = static_cast<std::int32_t>(fronts_.size());
    }
    front.pivots = static_cast<std::int32_t>(front.rows.size());
    front.rows.insert(front.rows.end(), below[last].begin(), below[last].end());
    fronts_.push_back(std::move(front));
    j = last + 1;
  }
}

void FrontalFactor::link_parents() {
  for (std::size_t f = 0; f < fronts_.size(); ++f) {
    Front& front = fronts_[f];
    if (front.others() == 0) continue;
    front.parent = front_of_[front.rows[front.pivots]];
    Front& parent = fronts_[front.parent];
    parent.children.push_back(static_cast<std::int32_t>(f));
    std::size_t at = 0;
    for (auto row = front.rows.begin() + front.pivots; row != front.rows.end(); ++row) {
      while (parent.rows[at] != *row) ++at;
      front.relative.push_back(static_cast<std::int32_t>(at));
    }
  }
}

// An entry belongs to the front that eliminates the first of its row and column.
void FrontalFactor::place_entries(const SparseMatrix& A) {
  for (std::size_t row = 0; row < A.rows(); ++row) {
    for (std::int64_t k = A.start[row]; k < A.start[row + 1]; ++k) {
      const std::int32_t i = place_[row], j = place_[A.column[k]];
      Front& front = fronts_[front_of_[std::min(i, j)]];
      const auto local = [&](std::int32_t place) {
        return std::lower_bound(front.rows.begin(), front.rows.end(), place) - front.rows.begin();
      };
      front.entries.push_back({k, local(i) * static_cast<std::int64_t>(front.size()) + local(j)});
    }
  }
}

// A parent comes after its children in the list of fronts.
void FrontalFactor::cut_tree() {
  std::vector<double> work(fronts_.size(), 0.0);  // of the subtree below and with each front
  double all = 0;
  for (std::size_t f = 0; f < fronts_.size(); ++f) {
    const auto size = static_cast<double>(fronts_[f].size());
    const double own = fronts_[f].pivots * size * size;
    all += own;
    work[f] += own;
    if (fronts_[f].parent >= 0) work[fronts_[f].parent] += work[f];
  }
  subtrees_.clear();
  top_.clear();
  std::vector<std::int32_t> subtree(fronts_.size(), -1);
  for (std::size_t f = fronts_.size(); f-- > 0;) {
    if (work[f] > kLargestSubtree * all) {
      top_.push_back(static_cast<std::int32_t>(f));
      continue;
    }
    const std::int32_t parent = fronts_[f].parent;
    if (parent >= 0) subtree[f] = subtree[parent];
    if (subtree[f] < 0) {
      subtree[f] = static_cast<std::int32_t>(subtrees_.size());
      subtrees_.emplace_back();
    }
    subtrees_[subtree[f]].push_back(static_cast<std::int32_t>(f));
  }
  std::reverse(top_.begin(), top_.end());
  for (auto& list : subtrees_) std::reverse(list.begin(), list.end());
  passed_.assign(fronts_.size(), {});
}

void FrontalFactor::for_subtrees(
    const std::function<void(const std::vector<std::int32_t>&)>& body) const {
  if (pool_ && order_.size() >= kWorthThreads) {
    pool_->run(std::ssize(subtrees_), [&](std::int64_t i) { body(subtrees_[i]); });
    return;
  }
  for (const auto& list : subtrees_) body(list);
}

bool FrontalFactor::eliminate(Front& front, std::span<const double> value,
                              std::vector<double>& dense) {
  const std::size_t size = front.size(), others = front.others();
  const auto pivots = static_cast<std::size_t>(front.pivots);
  dense.assign(size * size, 0.0);
  for (const Entry& entry : front.entries) dense[entry.target] += value[entry.source];
  for (const std::int32_t c : front.children) {
    const auto& relative = fronts_[c].relative;
    const double* from = remainders_[c].data();
    for (const std::int32_t row : relative) {
      double* const target = dense.data() + static_cast<std::size_t>(row) * size;
      for (const std::int32_t column : relative) target[column] += *from++;
    }
    remainders_[c] = {};
  }
  if (!eliminate_front(dense.data(), size, pivots)) return false;
  front.upper.assign(dense.begin(), dense.begin() + static_cast<std::ptrdiff_t>(pivots * size));
  front.lower.resize(pivots * others);
  auto& remainder = remainders_[&front - fronts_.data()];
  remainder.resize(others * others);
  for (std::size_t i = 0; i < others; ++i) {
    const double* const row = dense.data() + (pivots + i) * size;
    for (std::size_t p = 0; p < pivots; ++p) front.lower[p * others + i] = row[p];
    std::copy(row + pivots, row + size,
              remainder.begin() + static_cast<std::ptrdiff_t>(i * others));
  }
  return true;
}

// What its children pass on is added to the front's rows, in the order of the children.
void FrontalFactor::solve_front_lower(std::size_t f) const {
  const Front& front = fronts_[f];
  const auto pivots = static_cast<std::size_t>(front.pivots);
  double* const own = work_.data() + front.first;
  std::vector<double>& passed = passed_[f];
  passed.assign(front.others(), 0.0);
  for (const std::int32_t c : front.children) {
    const auto& relative = fronts_[c].relative;
    for (std::size_t i = 0; i < relative.size(); ++i) {
      const auto row = static_cast<std::size_t>(relative[i]);
      (row < pivots ? own[row] : passed[row - pivots]) += passed_[c][i];
    }
  }
  solve_lower(front.upper.data(), front.lower.data(), own, passed.data(), pivots, passed.size());
}

void FrontalFactor::solve_front_upper(std::size_t f, std::vector<double>& x) const {
  const Front& front = fronts_[f];
  x.resize(front.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = work_[front.rows[i]];
  solve_upper(front.upper.data(), x.data(), static_cast<std::size_t>(front.pivots), front.size());
  std::copy_n(x.begin(), front.pivots, work_.begin() + front.first);
}

void FrontalFactor::solve(std::span<const double> b, std::span<double> x) const {
  for (std::size_t k = 0; k < order_.size(); ++k) work_[k] = b[order_[k]];
  const auto down = [&](const std::vector<std::int32_t>& list) {
    for (const std::int32_t f : list) solve_front_lower(static_cast<std::size_t>(f));
  };
  const auto up = [&](const std::vector<std::int32_t>& list) {
    std::vector<double> part;
    for (auto f = list.rbegin(); f != list.rend(); ++f)
      solve_front_upper(static_cast<std::size_t>(*f), part);
  };
  for_subtrees(down);
  down(top_);
  up(top_);
  for_subtrees(up);
  for (std::size_t k = 0; k < order_.size(); ++k) x[order_[k]] = work_[k];
}

}  // namespace hopf::runtime
