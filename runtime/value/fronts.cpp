#include "value/fronts.hpp"

#include <amd.h>

#include <algorithm>

#include "value/dense_front.hpp"

namespace hopf::runtime {

namespace {

// Zeros that are stored for the sake of larger fronts: this share of a front's pivot rows, and
// always that many.
constexpr double kMostZeros = 0.15;
constexpr std::size_t kFewZeros = 24;

}  // namespace

bool FrontalFactor::analysed(const SparseMatrix& A) const {
  return !fronts_.empty() && A.start == start_ && A.column == column_;
}

bool FrontalFactor::factorise(const SparseMatrix& A) {
  if (!analysed(A) && !analyse(A)) return false;
  remainders_.assign(fronts_.size(), {});
  for (Front& front : fronts_) {
    if (!eliminate(front, A.value)) return false;
  }
  return true;
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

bool FrontalFactor::eliminate(Front& front, std::span<const double> value) {
  const std::size_t size = front.size(), others = front.others();
  const auto pivots = static_cast<std::size_t>(front.pivots);
  dense_.assign(size * size, 0.0);
  for (const Entry& entry : front.entries) dense_[entry.target] += value[entry.source];
  for (const std::int32_t c : front.children) {
    const auto& relative = fronts_[c].relative;
    const double* from = remainders_[c].data();
    for (const std::int32_t row : relative) {
      double* const target = dense_.data() + static_cast<std::size_t>(row) * size;
      for (const std::int32_t column : relative) target[column] += *from++;
    }
    remainders_[c] = {};
  }
  if (!eliminate_front(dense_.data(), size, pivots)) return false;
  front.upper.assign(dense_.begin(), dense_.begin() + static_cast<std::ptrdiff_t>(pivots * size));
  front.lower.resize(pivots * others);
  auto& remainder = remainders_[&front - fronts_.data()];
  remainder.resize(others * others);
  for (std::size_t i = 0; i < others; ++i) {
    const double* const row = dense_.data() + (pivots + i) * size;
    for (std::size_t p = 0; p < pivots; ++p) front.lower[p * others + i] = row[p];
    std::copy(row + pivots, row + size,
              remainder.begin() + static_cast<std::ptrdiff_t>(i * others));
  }
  return true;
}

void FrontalFactor::solve(std::span<const double> b, std::span<double> x) const {
  for (std::size_t k = 0; k < order_.size(); ++k) work_[k] = b[order_[k]];
  for (const Front& front : fronts_) {
    const std::size_t others = front.others();
    part_.assign(others, 0.0);
    solve_lower(front.upper.data(), front.lower.data(), work_.data() + front.first, part_.data(),
                static_cast<std::size_t>(front.pivots), others);
    const std::int32_t* const rows = front.rows.data() + front.pivots;
    for (std::size_t i = 0; i < others; ++i) work_[rows[i]] += part_[i];
  }
  for (auto front = fronts_.rbegin(); front != fronts_.rend(); ++front) {
    part_.resize(front->size());
    for (std::size_t i = 0; i < part_.size(); ++i) part_[i] = work_[front->rows[i]];
    solve_upper(front->upper.data(), part_.data(), static_cast<std::size_t>(front->pivots),
                front->size());
    std::copy_n(part_.begin(), front->pivots, work_.begin() + front->first);
  }
  for (std::size_t k = 0; k < order_.size(); ++k) x[order_[k]] = work_[k];
}

}  // namespace hopf::runtime
