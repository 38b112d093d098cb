// The times of a run's steps: pieces of equal steps, so that a billion of them take no memory.
#pragma once

#include <cstdint>
#include <vector>

namespace hopf::runtime {

class TimeGrid {
 public:
  struct Piece {
    double begin = 0, end = 1;
    std::int64_t first = 0, count = 1;  // steps first .. first + count - 1
    double dt() const { return (end - begin) / static_cast<double>(count); }
    bool operator==(const Piece&) const = default;
  };

  /// Equal steps from 0 to `until`.
  TimeGrid(double until = 1, std::int64_t steps = 1);
  /// `counts[i]` steps in the i-th of equal parts of [0, until]; neighbours with the same count are
  /// one piece.
  TimeGrid(double until, const std::vector<std::int64_t>& counts);

  /// `counts[i]` steps from edges[i] to edges[i + 1]; the first edge is 0.
  TimeGrid(const std::vector<double>& edges, const std::vector<std::int64_t>& counts);

  const std::vector<Piece>& pieces() const { return pieces_; }
  double until() const { return pieces_.back().end; }
  std::int64_t steps() const { return pieces_.back().first + pieces_.back().count; }
  const Piece& piece_of(std::int64_t step) const;
  double time(std::int64_t step) const;
  double longest() const;  // dt
  double shortest() const;
  /// The first step that does not begin before t.
  std::int64_t first_from(double t) const;
  /// The step that begins nearest to t, or `steps()`.
  std::int64_t nearest(double t) const;
  /// Two steps of this grid in one; an odd step at the end of a piece stays alone.
  TimeGrid halved() const;

 private:
  std::vector<Piece> pieces_;
};

}  // namespace hopf::runtime
