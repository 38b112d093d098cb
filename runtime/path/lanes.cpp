#include "path/lanes.hpp"

#include <algorithm>
#include <cmath>

namespace hopf::runtime {
namespace {

constexpr std::int64_t kBetweenLooks = 1 << 20;  // path-steps of one thread: milliseconds
constexpr std::int64_t kLongestCall = 1 << 12;   // steps whose scalars are written down at once

void record(const PathRun& run, Lanes& lanes, std::size_t index, ChunkResult& out) {
  for (std::size_t i = 0; i < run.states; ++i) {
    const std::size_t place = (index * run.states + i) * lanes.size();
    std::copy(lanes[i].begin(), lanes[i].end(),
              out.records.begin() + static_cast<std::ptrdiff_t>(place));
  }
}

/// A path that has failed once is out, whatever its numbers become.
void find_failed(const Lanes& lanes, std::vector<char>& failed) {
  for (std::size_t lane = 0; lane < failed.size(); ++lane)
    if (!failed[lane] && lanes.not_finite(lane)) failed[lane] = 1;
}

/// Stopped paths stay as they are, so a chunk without a running path needs no more steps.
bool any_running(const PathRun& run, Lanes& lanes, const std::vector<char>& failed) {
  for (std::size_t lane = 0; lane < failed.size(); ++lane)
    if (!failed[lane] && !(run.alive && lanes[*run.alive][lane] == 0)) return true;
  return false;
}

}  // namespace

bool RunWatch::stop(double done) {
  const double all = done_.fetch_add(done, std::memory_order_relaxed) + done;
  const bool host = std::this_thread::get_id() == host_;
  if (host && progress_ && progress_(std::min(1.0, all / total_))) stopped_ = true;
  return stopped_;
}

Lanes::Lanes(const PathRun& run, Chunk chunk, RunWatch* watch)
    : run_(run), chunk_(chunk), watch_(watch), values_(run.initial.size()) {
  for (std::size_t k = 0; k < values_.size(); ++k) values_[k].assign(size(), run.initial[k]);
  if (run.draw) {
    std::vector<double> x(run.states);
    for (std::size_t lane = 0; lane < size(); ++lane) {
      run.draw(chunk.begin + static_cast<std::int64_t>(lane), x.data());
      for (std::size_t i = 0; i < run.states; ++i) values_[i][lane] = x[i];
    }
  }
  for (auto& lane : values_) pointers_.push_back(lane.data());
}

void Lanes::call(const PathKernel& kernel, std::int64_t first, std::int64_t count) {
  const auto later = [](std::int64_t s, const PathRun::Level& level) {
    return s < level.first_step;
  };
  const PathRun::Level& level =
      *std::prev(std::upper_bound(run_.levels.begin(), run_.levels.end(), first, later));
  const TimeGrid::Piece& piece = run_.grid.piece_of(first);
  rows_.resize(static_cast<std::size_t>(count) * run_.per_step);
  for (std::int64_t k = 0; k < count && run_.scalars; ++k) {
    run_.scalars(run_.grid.time(first + k), run_.grid.time(first + k + 1),
                 rows_.data() + static_cast<std::size_t>(k) * run_.per_step);
  }
  hopf_path_call call{};
  call.count = chunk_.size();
  call.first_path = chunk_.begin;
  call.first_step = first;
  call.step_count = count;
  call.seed = run_.seed;
  call.uniforms =
      run_.uniforms[static_cast<std::size_t>(&piece - run_.grid.pieces().data())].data();
  call.steps = rows_.data();
  call.tables = level.tables.data();
  call.carried = pointers_.data();
  kernel(call);
}

bool Lanes::advance(std::int64_t first, std::int64_t last) {
  const std::int64_t most =
      std::clamp<std::int64_t>(kBetweenLooks / chunk_.size(), 1, kLongestCall);
  while (first < last) {
    std::int64_t end = std::min(first + most, last);
    const TimeGrid::Piece& piece = run_.grid.piece_of(first);
    end = std::min(end, piece.first + piece.count);
    for (const PathRun::Level& level : run_.levels)
      if (level.first_step > first) end = std::min(end, level.first_step);
    call(run_.advance, first, end - first);
    if (watch_ && watch_->stop(static_cast<double>((end - first) * chunk_.size()))) return false;
    first = end;
  }
  return true;
}

std::optional<std::size_t> Lanes::not_finite(std::size_t lane) const {
  for (std::size_t k = 0; k < values_.size(); ++k)
    if (!std::isfinite(values_[k][lane])) return k;
  return std::nullopt;
}

bool run_euler(const PathRun& run, Chunk chunk, ChunkResult& out, RunWatch& watch) {
  Lanes lanes(run, chunk, &watch);
  if (run.start) lanes.call(run.start, 0, 1);
  find_failed(lanes, out.failed);
  record(run, lanes, 0, out);
  for (std::size_t r = 1; r < run.records.size(); ++r) {
    if (any_running(run, lanes, out.failed) && !lanes.advance(run.records[r - 1], run.records[r]))
      return false;
    find_failed(lanes, out.failed);
    record(run, lanes, r, out);
  }
  if (run.finish) lanes.call(run.finish, run.grid.steps(), 1);
  find_failed(lanes, out.failed);
  out.last = std::move(lanes.registers());
  return true;
}

}  // namespace hopf::runtime
