#include "path/time_grid.hpp"

#include <algorithm>
#include <cmath>

namespace hopf::runtime {

TimeGrid::TimeGrid(double until, std::int64_t steps) : pieces_{{0, until, 0, steps}} {}

TimeGrid::TimeGrid(double until, const std::vector<std::int64_t>& counts) {
  const auto parts = static_cast<double>(counts.size());
  for (std::size_t i = 0; i < counts.size();) {
    std::size_t end = i + 1;
    while (end < counts.size() && counts[end] == counts[i]) ++end;
    const auto at = [&](std::size_t part) { return until * static_cast<double>(part) / parts; };
    const std::int64_t first = pieces_.empty() ? 0 : steps();
    pieces_.push_back({at(i), at(end), first, counts[i] * static_cast<std::int64_t>(end - i)});
    i = end;
  }
}

TimeGrid::TimeGrid(const std::vector<double>& edges, const std::vector<std::int64_t>& counts) {
  for (std::size_t i = 0; i < counts.size(); ++i)
    pieces_.push_back({edges[i], edges[i + 1], pieces_.empty() ? 0 : steps(), counts[i]});
}

const TimeGrid::Piece& TimeGrid::piece_of(std::int64_t step) const {
  const auto later = [](std::int64_t s, const Piece& piece) { return s < piece.first; };
  const auto above = std::upper_bound(pieces_.begin() + 1, pieces_.end(), step, later);
  return *std::prev(above);
}

double TimeGrid::time(std::int64_t step) const {
  const Piece& p = piece_of(step);
  return p.begin +
         (p.end - p.begin) * static_cast<double>(step - p.first) / static_cast<double>(p.count);
}

double TimeGrid::longest() const {
  double dt = 0;
  for (const Piece& piece : pieces_) dt = std::max(dt, piece.dt());
  return dt;
}

double TimeGrid::shortest() const {
  double dt = longest();
  for (const Piece& piece : pieces_) dt = std::min(dt, piece.dt());
  return dt;
}

std::int64_t TimeGrid::first_from(double t) const {
  for (const Piece& piece : pieces_) {
    if (t > piece.end) continue;
    const double steps = (t - piece.begin) / piece.dt();
    return piece.first + static_cast<std::int64_t>(std::max(0.0, steps) + 1 - 1e-9);
  }
  return steps();
}

std::int64_t TimeGrid::nearest(double t) const {
  const std::int64_t above = first_from(t);
  return above > 0 && t - time(above - 1) < time(above) - t ? above - 1 : above;
}

TimeGrid TimeGrid::halved() const {
  TimeGrid result;
  result.pieces_.clear();
  for (const Piece& piece : pieces_) {
    const std::int64_t first = result.pieces_.empty() ? 0 : result.steps();
    const std::int64_t pairs = piece.count / 2;
    const double last = piece.end - (piece.count % 2 ? piece.dt() : 0);
    if (pairs > 0) result.pieces_.push_back({piece.begin, last, first, pairs});
    if (piece.count % 2) result.pieces_.push_back({last, piece.end, first + pairs, 1});
  }
  return result;
}

}  // namespace hopf::runtime
