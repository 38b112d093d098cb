#include "path/run.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "path/lanes.hpp"
#include "path/ordinary.hpp"

namespace hopf::runtime {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kBuffer = 1 << 19;    // numbers that one chunk records at most, where it can
constexpr std::int64_t kBlocks = 256;  // whose moments are held until the end

/// At least 64 chunks for a large ensemble, whole vectors in each, and never more than fits the
/// first cache.
std::int64_t chunk_size(const PathRun& run) {
  const std::int64_t share = (run.paths + 63) / 64;
  const auto records = static_cast<double>(run.records.size() * run.states);
  const auto most = static_cast<std::int64_t>(std::clamp(kBuffer / records, 16.0, 1024.0));
  return std::clamp<std::int64_t>((share + 15) / 16 * 16, 16, most / 16 * 16);
}

/// Runs the failed path again, alone and one step at a time: counters make it the same path.
PathFault locate(const PathRun& run, std::int64_t path) {
  Lanes lanes(run, {path, path + 1});
  PathFault fault{path, run.grid.until(), true, run.cost, kNaN, std::vector<double>(run.states)};
  if (run.ordinary) return fault;  // its own solver knows of all but what V gives beyond the end
  const auto remember = [&](std::int64_t step) {
    fault.time = run.grid.time(step);
    for (std::size_t i = 0; i < run.states; ++i) fault.before[i] = lanes[i][0];
  };
  remember(0);
  fault.at_end = false;
  if (run.start) lanes.call(run.start, 0, 1);
  for (std::int64_t step = 0; step < run.grid.steps() && !lanes.not_finite(0); ++step) {
    remember(step);
    lanes.advance(step, step + 1);
  }
  if (!lanes.not_finite(0) && run.finish) {
    remember(run.grid.steps());
    fault.at_end = true;
    lanes.call(run.finish, run.grid.steps(), 1);
  }
  if (const auto bad = lanes.not_finite(0)) {
    fault.register_index = *bad;
    fault.value = lanes[*bad][0];
  }
  return fault;
}

/// The moments of the lanes that did not fail, added to `moments`.
void add_moments(const PathRun& run, const ChunkResult& chunk, const Ensemble& out,
                 std::vector<Moments>& moments) {
  const std::size_t lanes = chunk.failed.size();
  const bool whole =
      std::none_of(chunk.failed.begin(), chunk.failed.end(), [](char f) { return f; });
  std::vector<double> rest;
  for (std::size_t k = 0; k < moments.size(); ++k) {
    std::span<const double> row(chunk.records.data() + k * lanes, lanes);
    if (!whole) {
      rest.clear();
      for (std::size_t lane = 0; lane < lanes; ++lane)
        if (!chunk.failed[lane]) rest.push_back(row[lane]);
      row = rest;
    }
    moments[k].merge(moments_of(row, out.circle(k % run.states)));
  }
}

/// What is stored path by path: records of the first paths, last values and costs of all.
void store(const PathRun& run, Chunk chunk, ChunkResult& result, Ensemble& out) {
  const std::size_t lanes = result.failed.size();
  const auto place = [](std::int64_t i) { return static_cast<std::ptrdiff_t>(i); };
  const std::int64_t kept = std::clamp<std::int64_t>(run.kept - chunk.begin, 0, chunk.size());
  for (std::size_t k = 0; k < run.records.size() * run.states && kept > 0; ++k) {
    const auto from = result.records.begin() + place(static_cast<std::int64_t>(k * lanes));
    const auto time = static_cast<std::int64_t>(k / run.states);
    std::copy(from, from + place(kept),
              out.recorded[k % run.states].begin() + place(time * run.kept + chunk.begin));
  }
  if (run.settle) run.settle(result.last);
  for (std::size_t lane = 0; lane < lanes; ++lane)
    if (!std::isfinite(result.last[run.cost][lane])) result.failed[lane] = 1;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    const std::size_t path = static_cast<std::size_t>(chunk.begin) + lane;
    const bool good = !result.failed[lane];
    out.cost[path] = good ? result.last[run.cost][lane] : kNaN;
    for (std::size_t i = 0; i < run.states; ++i)
      out.final_values[i][path] = good ? result.last[i][lane] : kNaN;
    result.left += good && run.left && result.last[*run.left][lane] == 1;
    result.stopped += good && run.alive && result.last[*run.alive][lane] == 0;
  }
}

/// Consecutive chunks whose moments are merged by one thread.
struct Block {
  std::vector<Moments> moments;
  std::int64_t left = 0, stopped = 0, failed = 0, forced = 0;
  std::optional<std::int64_t> first_failed;
  std::optional<PathFault> fault;
};

void run_chunk(const PathRun& run, Chunk chunk, Ensemble& out, Block& block, RunWatch& watch) {
  ChunkResult result(run, chunk);
  const bool done =
      run.ordinary ? run_ordinary(run, chunk, result, watch) : run_euler(run, chunk, result, watch);
  if (!done) return;
  store(run, chunk, result, out);
  add_moments(run, result, out, block.moments);
  block.left += result.left;
  block.stopped += result.stopped;
  block.forced += result.forced;
  for (std::size_t lane = 0; lane < result.failed.size(); ++lane) {
    if (!result.failed[lane]) continue;
    ++block.failed;
    if (block.first_failed) continue;
    block.first_failed = chunk.begin + static_cast<std::int64_t>(lane);
    block.fault = std::move(result.fault);
  }
}

void prepare(const PathRun& run, Ensemble& out) {
  const auto paths = static_cast<std::size_t>(run.paths);
  out.paths = run.paths;
  out.kept = run.kept;
  const std::size_t kept = run.records.size() * static_cast<std::size_t>(run.kept);
  out.recorded.assign(run.states, std::vector<double>(kept));
  out.final_values.assign(run.states, std::vector<double>(paths));
  out.cost.assign(paths, kNaN);
  out.moments.assign(run.records.size() * run.states, {});
  out.steps_done = run.paths * run.grid.steps();
}

PathOutcome gather(const PathRun& run, const std::vector<Block>& blocks, Ensemble& out) {
  PathOutcome outcome;
  for (const Block& block : blocks) {
    for (std::size_t k = 0; k < out.moments.size(); ++k) out.moments[k].merge(block.moments[k]);
    out.left_domain += block.left;
    out.stopped += block.stopped;
    out.failed += block.failed;
    outcome.forced_steps += block.forced;
    if (block.first_failed && !outcome.fault)
      outcome.fault = block.fault ? *block.fault : locate(run, *block.first_failed);
  }
  return outcome;
}

}  // namespace

PathOutcome run_paths(const PathRun& run, Ensemble& out, const PoolProgress& progress) {
  prepare(run, out);
  const std::vector<Chunk> chunks = fixed_chunks(run.paths, chunk_size(run));
  const auto count = static_cast<std::int64_t>(chunks.size());
  const std::vector<Chunk> parts = fixed_chunks(count, (count + kBlocks - 1) / kBlocks);
  std::vector<Block> blocks(parts.size());
  const double total = run.ordinary ? run.grid.until() : static_cast<double>(run.grid.steps());
  RunWatch watch(static_cast<double>(run.paths) * total, progress);
  const auto body = [&](std::int64_t index) {
    Block& block = blocks[static_cast<std::size_t>(index)];
    block.moments.resize(out.moments.size());
    const Chunk part = parts[static_cast<std::size_t>(index)];
    for (std::int64_t c = part.begin; c < part.end && !watch.stopped(); ++c)
      run_chunk(run, chunks[static_cast<std::size_t>(c)], out, block, watch);
  };
  parallel_for(run.threads, static_cast<std::int64_t>(parts.size()), body);
  if (watch.stopped()) return {.cancelled = true};
  return gather(run, blocks, out);
}

void without_failed(Ensemble& ensemble) {
  if (ensemble.failed == 0) return;
  std::vector<char> good;
  for (const double cost : ensemble.cost) {
    good.push_back(std::isfinite(cost));
    if (!good.back()) ensemble.failed_paths.push_back(static_cast<std::int64_t>(good.size()) - 1);
  }
  const auto keep = [&](std::vector<double>& values) {
    std::size_t next = 0;
    for (std::size_t path = 0; path < good.size(); ++path)
      if (good[path]) values[next++] = values[path];
    values.resize(next);
  };
  for (std::vector<double>& values : ensemble.final_values) keep(values);
  keep(ensemble.cost);
}

}  // namespace hopf::runtime
